#!/bin/sh
# From exec to the first byte of a guest: the floor program, situ with everything pinned, QEMU's
# microvm. ROUNDS=100.
set -eu
set -- "$1" floor "$1/bench/floor" "situ bench first-byte" "$1/situ bench first-byte --cpus 0"
if command -v qemu-system-x86_64 >/dev/null; then
	as --32 -o "$1/bench/pvh.o" bench/programs/pvh.S
	ld -m elf_i386 -e start -Ttext 0x100000 -o "$1/bench/pvh" "$1/bench/pvh.o"
	set -- "$@" "QEMU microvm" "qemu-system-x86_64 -M microvm -accel kvm -m 128M -nodefaults \
-no-user-config -display none -serial stdio -kernel $1/bench/pvh"
fi
build=$1
shift
"$build/bench/exec_time" "${ROUNDS:-100}" "$@"
