# make              build/situ
# make deps         installs what building and testing need (apt; names for dnf where known)
# make quickstart   deps, build, and the main job on this host
# make check        unit tests, KVM tests (skipped and counted without /dev/kvm), fuzz corpora
# make race         the threaded tests under ThreadSanitizer
# make lab          a shell on a simulated multi-socket host; TOPO=4n8c picks it, CMD="situ topo" runs that,
#                   IMAGE=bench adds QEMU at /bench
# make check-lab    the scenarios on all simulated hosts; TOPO= and SCENARIO= pick
# make capture-topology NAME=...  stores this machine's topology as a fixture of the tests
# make lint         format, clang-tidy, cppcheck, layers, shape, shellcheck, man pages
# make fuzz         runs every fuzzer for FUZZ_TIME seconds each
# make bench        runs the benchmarks, writes build/bench/
# make soak         the long runs: thousands of cycles
# make format       clang-format -i
# make docs         the manual page and completion that are made from the VM's table
# make install      DESTDIR, PREFIX; make uninstall
#
# SAN=address,undefined builds into a folder of its own, COV=1 the same for coverage; V=1 shows the
# commands; TEST='suite/name*' picks tests; CC=clang works everywhere.

PREFIX    ?= /usr/local
FUZZ_TIME ?= 60
PKGS      := hwloc yaml-0.1 jansson

CC       ?= cc
CSTD     := -std=gnu17
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wundef -Werror=return-type
CFLAGS   ?= -O2 -g
override CPPFLAGS += -I. -D_GNU_SOURCE
HARDEN   := -fstack-protector-strong -fPIE

comma := ,
B     := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COV),-cov)
ifdef SAN
  MODE := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifdef COV
  MODE := --coverage
endif
ALL_CFLAGS = $(CSTD) $(WARN) $(HARDEN) $(MODE) $(CFLAGS)

# A pipe fails where its first command does.
SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c

ifneq ($(V),1)
  Q := @
  say = @printf '  %-7s %s\n' $(1) $(2);
endif

# Every folder is one layer; a new .c file needs no line here. Of guest/ only what also runs between
# host threads is among them; the rest makes up the payload.
LAYERS := base accel affinity numa vmm tune bench cli
SHARED := $(wildcard guest/ring*.c) guest/work.c guest/memory.c
SRCS   := $(wildcard $(addsuffix /*.c,$(LAYERS)) vmm/*/*.c) $(SHARED)
OBJS   := $(SRCS:%.c=$(B)/%.o)
MAIN   := $(B)/cli/main.o
LIB    := $(B)/libsitu.a
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -lm
override CPPFLAGS += $(shell pkg-config --cflags $(PKGS) 2>/dev/null)

all: $(B)/situ

$(B)/situ: $(MAIN) $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(filter-out $(MAIN),$(OBJS)) $(B)/guest/blob.o
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What runs in the guest is freestanding, and compiled alike for both sides, so that what differs
# between them is where it runs. Only gcc makes calls of memset and memcpy out of freestanding loops.
NO_LIBC_LOOPS := $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
GUEST_CFLAGS := -std=c11 $(WARN) -ffreestanding -fPIE -O2 -g -mno-red-zone -fno-stack-protector \
                -fno-asynchronous-unwind-tables -fcf-protection=none $(NO_LIBC_LOOPS)
$(B)/guest/%.o: guest/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -I. $(GUEST_CFLAGS) $(MODE) -MMD -MP -c -o $@ $<

# The DSDT: preprocessed for the addresses in layout.h, compiled, and spelled out as bytes for dsdt.c.
DSDT := $(B)/vmm/boot/dsdt
override CPPFLAGS += -I$(B)
$(DSDT).inc: vmm/boot/dsdt.asl vmm/layout.h
	@mkdir -p $(@D)
	$(call say,IASL,$<)$(CC) -E -P -undef -x assembler-with-cpp -I. $< -o $(DSDT).pp.asl \
	  && { iasl -ve -p $(DSDT) $(DSDT).pp.asl >$(DSDT).log 2>&1 || { cat $(DSDT).log; exit 1; }; } \
	  && od -An -v -tx1 $(DSDT).aml | sed 's/ \([0-9a-f]*\)/0x\1,/g' >$@
$(DSDT).o $(B)/tidy/vmm/boot/dsdt.c.ok: $(DSDT).inc
lint-cppcheck: $(DSDT).inc

# The built-in guest: a flat image, which blob.S puts into the program.
PAYLOAD_OBJS := $(patsubst guest/%,$(B)/payload/%.o,$(SHARED) guest/payload.c guest/start.S)
$(B)/payload/%.o: guest/%
	@mkdir -p $(@D)
	$(call say,CC,"$< (guest)")$(CC) -I. $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/payload/payload.elf: $(PAYLOAD_OBJS) guest/payload.lds
	$(call say,LD,$@)$(LD) -nostdlib -static --no-warn-rwx-segments -T guest/payload.lds -o $@ $(PAYLOAD_OBJS)
$(B)/payload/payload.bin: $(B)/payload/payload.elf
	$(call say,OBJCOPY,$@)objcopy -O binary $< $@
$(B)/guest/blob.o: guest/blob.S $(B)/payload/payload.bin
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -DPAYLOAD='"$(B)/payload/payload.bin"' -c -o $@ $<

# Only main.o knows the version; it is rebuilt when the version changes, not with every build.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
$(B)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(MAIN): $(B)/version
$(MAIN): CPPFLAGS += -DVERSION='"$(VERSION)"'
FORCE:

# Unit tests: tests/<folder>/test_<file>.c, one Criterion program in which tests/fake/ stands in for
# accel/ (the fakes come first on the link line). tests/kvm/ is a program of its own on the real one.
UNIT_SRCS := $(wildcard tests/fake/*.c) bench/placement/oracle.c \
             $(filter-out tests/kvm/%,$(wildcard tests/*/test_*.c tests/*/*_fixture.c))
KVM_SRCS  := $(wildcard tests/kvm/*.c)
TEST_LIBS := -lcriterion -lnuma

$(B)/tests/unit: $(UNIT_SRCS:%.c=$(B)/%.o) $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(TEST_LIBS) $(LDLIBS)

# Examples: examples/NAME.c, one program each on the library; tests/kvm/test_examples.c runs them.
EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(wildcard examples/*.c))
$(B)/examples/%: $(B)/examples/%.o $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/kvm-tests: | $(EXAMPLES) $(B)/situ
$(B)/tests/kvm-tests: $(KVM_SRCS:%.c=$(B)/%.o) $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(TEST_LIBS) $(LDLIBS)

CRITERION := $(B)/tests/unit $(if $(KVM_SRCS),$(B)/tests/kvm-tests)

# Fuzzers: tests/fuzz/fuzz_<what>.c with a corpus in tests/fuzz/corpus/<what>/. "check" replays the
# corpora through a plain main(), so the targets are built and run by every compiler.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(FUZZERS:%=$(B)/tests/replay/%)

$(B)/tests/replay/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

build-fuzz/%: tests/fuzz/fuzz_%.c $(filter-out cli/main.c,$(SRCS)) $(B)/guest/blob.o | $(DSDT).inc
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)clang $(CPPFLAGS) $(CSTD) -O1 -g -fsanitize=fuzzer,address,undefined \
	  -o $@ $(filter %.c %.o,$^) $(LDLIBS)

check: deps-test
	$(Q)$(MAKE) --no-print-directory check-built

check-built: $(CRITERION) $(REPLAYS) $(B)/situ
	$(Q)tests/run.py $(B) $(if $(TEST),--filter '$(TEST)')

# Criterion cannot start under ThreadSanitizer (its arena needs a fixed address), so threaded tests
# are plain programs: tests/race/race_*.c.
RACES := $(patsubst tests/race/race_%.c,%,$(wildcard tests/race/race_*.c))

# The guests that KVM tests, races and soaks share.
GUESTS := $(patsubst %.c,$(B)/%.o,$(filter-out tests/kvm/test_%,$(wildcard tests/kvm/*.c)))

$(B)/tests/race/%: $(B)/tests/race/race_%.o $(GUESTS) $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

race: deps-test
	$(Q)$(MAKE) --no-print-directory SAN=thread run-race

run-race: $(RACES:%=$(B)/tests/race/%)
	$(Q)tests/run.py $(B) --race $(RACES)

fuzz: deps-test $(FUZZERS:%=build-fuzz/%)
	$(Q)for f in $(FUZZERS); do \
	  mkdir -p build-fuzz/corpus/$$f; \
	  build-fuzz/$$f -max_total_time=$(FUZZ_TIME) build-fuzz/corpus/$$f tests/fuzz/corpus/$$f || exit 1; \
	done

# The lab: simulated multi-socket hosts (docs/lab.md). The image is made of Debian packages and does not
# change with the tree; what the tree builds is handed to each host when it starts.
LAB          := build/lab
LAB_PROGRAMS := $(patsubst tests/lab/programs/%.c,$(B)/tests/lab/%,$(wildcard tests/lab/programs/*.c)) \
                $(B)/tests/lab/launches
TOPO         ?= 2n8c

$(B)/tests/lab/launches: $(B)/tests/soak/launches
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(B)/tests/lab/%: $(B)/tests/lab/programs/%.o $(GUESTS) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

$(LAB)/base.cpio: tests/lab/image.sh tests/lab/host/init.sh tests/lab/host/guest-init.sh
	$(call say,IMAGE,$@)tests/lab/image.sh $(LAB)

$(LAB)/bench.ext4: tests/lab/image.sh
	$(call say,IMAGE,$@)tests/lab/image.sh $(LAB) bench

lab: deps-lab
	$(Q)$(MAKE) --no-print-directory lab-built
lab-built: $(B)/situ $(LAB_PROGRAMS) $(LAB)/base.cpio $(if $(filter bench,$(IMAGE)),$(LAB)/bench.ext4)
	$(Q)tests/lab/lab.py --build $(B) $(if $(filter bench,$(IMAGE)),--bench) $(if $(CMD),run $(TOPO) '$(subst ','\'',$(value CMD))',shell $(TOPO))

check-lab: deps-test deps-lab
	$(Q)$(MAKE) --no-print-directory check-lab-built
check-lab-built: $(B)/situ $(CRITERION) $(LAB_PROGRAMS) $(LAB)/base.cpio
	$(Q)tests/lab/lab.py --build $(B) check $(if $(filter-out file,$(origin TOPO)),$(TOPO)) $(if $(SCENARIO),--scenario $(SCENARIO))

# NAME=... stores this machine's topology as a fixture of the tests, with TOPO=... a simulated host's.
capture-topology: deps-test
	$(Q)[ -n '$(NAME)' ] || { echo 'capture-topology: say NAME=...'; exit 2; }
	$(Q)$(if $(filter-out file,$(origin TOPO)),$(MAKE) --no-print-directory deps-lab $(B)/situ $(LAB_PROGRAMS) $(LAB)/base.cpio)
	$(Q)tests/lab/lab.py --build $(B) capture $(NAME) $(if $(filter-out file,$(origin TOPO)),$(TOPO))

# Long runs: tests/soak/soak_*.c are plain programs that CI runs with a small count.
SOAKS := $(patsubst tests/soak/soak_%.c,%,$(wildcard tests/soak/soak_*.c))

$(B)/tests/soak/%: $(B)/tests/soak/soak_%.o $(GUESTS) $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

soak: $(SOAKS:%=$(B)/tests/soak/%)
	$(Q)for t in $^; do echo "== $$t"; $$t || [ $$? = 77 ] || exit 1; done

# Benchmarks: bench/NAME.sh is one, run with the build folder as its argument; it prints its table
# and keeps it in build/bench/NAME.txt. Programs that they need: bench/programs/*.c, linked with the library.
BENCHES    := $(patsubst bench/%.sh,%,$(wildcard bench/*.sh))
BENCH_BINS := $(patsubst bench/programs/%.c,$(B)/bench/%,$(wildcard bench/programs/*.c))

$(B)/bench/%: $(B)/bench/programs/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

# Other people's queues, beside which our rings are measured; nothing else needs them.
PEERS := $(B)/bench/peers/ck.o $(B)/bench/peers/boost.o
$(B)/bench/ring_peers: $(PEERS)
$(B)/bench/ring_peers: LDLIBS += -lck -lstdc++
$(B)/bench/peers/%.o: bench/peers/%.c
	@mkdir -p $(@D) && .ci/deps bench
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/bench/peers/%.o: bench/peers/%.cc
	@mkdir -p $(@D) && .ci/deps bench
	$(call say,CXX,$<)$(CXX) -I. -std=gnu++17 -Wall -Wextra $(HARDEN) $(MODE) $(CFLAGS) -MMD -MP -c -o $@ $<

PLACEMENT := bench/programs/placement_quality.c $(wildcard bench/placement/*.c)
$(B)/bench/placement_quality: $(PLACEMENT:%.c=$(B)/%.o) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)

bench: $(BENCHES:%=bench-%)
bench-%: bench/%.sh $(B)/situ $(BENCH_BINS)
	@mkdir -p $(B)/bench
	$(Q)$< $(B) | tee $(B)/bench/$*.txt

C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
SH_FILES := $(shell git ls-files '*.sh' .ci 2>/dev/null)

lint: deps-test lint-format lint-tidy lint-cppcheck lint-shape lint-shell lint-man
lint-format:
	clang-format --dry-run -Werror $(C_FILES)
lint-tidy: $(SRCS:%=$(B)/tidy/%.ok)
$(B)/tidy/%.ok: % .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY,$<)clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) $(CSTD) -DVERSION='""' 2>/dev/null \
	  || { clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) $(CSTD) -DVERSION='""'; exit 1; }
	@touch $@
lint-cppcheck:
	cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,portability,performance \
	  --inline-suppr --suppress=missingIncludeSystem -I. $(SRCS)
lint-shape:
	tests/ccount.py --layers docs/layers.txt .
	tests/ccount.py --check docs/limits.txt --exclude '^tests/' .
lint-shell: $(B)/docs/situ.bash
	shellcheck $(SH_FILES) $(B)/docs/situ.bash
lint-man: $(B)/docs/situ.yaml.5
	mandoc -Tlint -Wwarning $(wildcard docs/man/*.[1-8]) $<

format:
	clang-format -i $(C_FILES)

deps:
	@.ci/deps build test
deps-build:
	@.ci/deps build
deps-test:
	@.ci/deps build test
deps-lab:
	@.ci/deps build lab

quickstart: deps-build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(B)/situ check; s=$$?; [ $$s -le 1 ] || [ $$s -eq 3 ] || exit $$s
	$(Q)$(B)/situ topo
	$(Q)if [ -e /dev/kvm ]; then \
	  $(B)/situ bench || [ $$? -eq 3 ]; \
	else \
	  echo 'This machine has no /dev/kvm: the benchmark runs on a simulated host instead (docs/lab.md).'; \
	  $(MAKE) --no-print-directory lab CMD='situ bench'; \
	fi

# The manual of the configuration and the completion are made from the VM's table.
PAGES := $(B)/docs/situ.yaml.5 $(B)/docs/situ.bash
$(B)/docs/generate: $(B)/docs/generate.o $(LIB)
	$(call say,LD,$@)$(CC) $(MODE) -pie -o $@ $^ $(LDLIBS)
$(B)/docs/situ.yaml.5: $(B)/docs/generate
	$(call say,GEN,$@)$< man >$@
$(B)/docs/situ.bash: $(B)/docs/generate
	$(call say,GEN,$@)$< completion >$@
docs: $(PAGES)

MANS := $(wildcard docs/man/*.[1-8]) $(B)/docs/situ.yaml.5
COMPLETIONS := share/bash-completion/completions
install: all docs
	install -D -m 644 $(B)/docs/situ.bash $(DESTDIR)$(PREFIX)/$(COMPLETIONS)/situ
	install -D -m 755 $(B)/situ $(DESTDIR)$(PREFIX)/bin/situ
	for m in $(MANS); do \
	  install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/situ $(DESTDIR)$(PREFIX)/$(COMPLETIONS)/situ
	for m in $(MANS); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

clean:
	rm -rf build build-*

.PHONY: all docs check check-built race run-race fuzz soak bench lab lab-built check-lab \
  check-lab-built capture-topology lint lint-format lint-tidy lint-cppcheck lint-shape \
  lint-shell lint-man format deps deps-build deps-test deps-lab \
  quickstart install uninstall clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find build* -name '*.d' 2>/dev/null)
