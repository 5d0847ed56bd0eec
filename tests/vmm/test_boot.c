#include <asm/bootparam.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/boot/boot.h"
#include "vmm/boot/memmap.h"
#include "vmm/layout.h"

#define MIB UINT64_C(0x100000)

/* 64 MiB in two guest nodes, so that what is loaded may cross from one region into the next. */
struct guest {
	struct gmem gmem;
	struct ram_map ram;
	struct kvm_start start;
	struct err err;
	char kernel[32], initramfs[32];
};

static void setup(struct guest *g)
{
	struct guest_node nodes[2] = { { 17 * MIB, 0 }, { 47 * MIB, 0 } };
	struct gmem_spec specs[2] = { { .gpa = 0, .len = 17 * MIB },
				      { .gpa = 17 * MIB, .len = 47 * MIB } };

	*g = (struct guest){ .kernel = "/tmp/situ-kernel-XXXXXX",
			     .initramfs = "/tmp/situ-initrd-XXXXXX" };
	ram_map_init(&g->ram, nodes, 2);
	cr_assert_eq(gmem_init(&g->gmem, specs, 2, NULL, &g->err), 0, "%s", g->err.text);
	close(mkstemp(g->kernel));
	close(mkstemp(g->initramfs));
}

static void teardown(struct guest *g)
{
	unlink(g->kernel);
	unlink(g->initramfs);
	gmem_fini(&g->gmem);
	ram_map_fini(&g->ram);
}

static void put(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	cr_assert_eq(fwrite(data, 1, len, file), len);
	fclose(file);
}

static int boot(struct guest *g, const char *initramfs, const char *cmdline)
{
	const struct boot_request req = { g->kernel, initramfs, cmdline, &g->ram, NULL };

	g->err = (struct err){ 0 };
	return boot_load(&g->start, &req, &g->gmem, &g->err);
}

static void *at(struct guest *g, gpa_t gpa, uint64_t len)
{
	void *ptr = gmem_ptr(&g->gmem, gpa, len);

	cr_assert_not_null(ptr);
	return ptr;
}

/* A bzImage of one setup sector and 3 MiB of kernel that wants to lie at 16 MiB. */
#define BZIMAGE_LEN (1024 + 3 * MIB)
static uint8_t *make_bzimage(struct setup_header **header)
{
	uint8_t *image = calloc(1, BZIMAGE_LEN);

	*header = (struct setup_header *)(image + 0x1f1);
	(*header)->setup_sects = 1;
	(*header)->boot_flag = 0xaa55;
	(*header)->jump = 0x6aeb;
	(*header)->header = 0x53726448;
	(*header)->version = 0x20f;
	(*header)->loadflags = LOADED_HIGH;
	(*header)->xloadflags = XLF_KERNEL_64;
	(*header)->pref_address = 16 * MIB;
	(*header)->init_size = 8 * MIB;
	(*header)->cmdline_size = 2047;
	(*header)->initrd_addr_max = 0x7fffffff;
	for (size_t i = 0; i < 3 * MIB; i += 4096)
		image[1024 + i] = (uint8_t)(i / 4096);
	return image;
}

Test(boot, a_bzimage_starts_in_long_mode_with_its_zero_page_filled)
{
	struct setup_header *header;
	uint8_t *image = make_bzimage(&header);
	const struct boot_params *params;
	struct guest g;

	setup(&g);
	put(g.kernel, image, BZIMAGE_LEN);
	put(g.initramfs, "initial", 7);
	cr_assert_eq(boot(&g, g.initramfs, "console=ttyS0"), 0, "%s", g.err.text);
	cr_assert_eq(g.start.mode, START_LONG_KERNEL);
	cr_assert_eq(g.start.ip, 16 * MIB + 0x200);
	cr_assert_eq(g.start.rsi, LAYOUT_ZERO_PAGE);
	params = at(&g, LAYOUT_ZERO_PAGE, sizeof(*params));
	cr_assert_str_eq(at(&g, params->hdr.cmd_line_ptr, 64), "pci=off console=ttyS0");
	cr_assert_eq(params->hdr.ramdisk_size, 7);
	cr_assert_eq(params->hdr.ramdisk_image, 64 * MIB - 4096);
	cr_assert(!memcmp(at(&g, params->hdr.ramdisk_image, 7), "initial", 7));
	cr_assert_eq(params->e820_entries, 4);
	cr_assert_eq(params->e820_table[0].size, LAYOUT_LOW_RAM_END);
	cr_assert_eq(params->e820_table[3].addr, 17 * MIB);
	/* the kernel lies across the nodes' border at 17 MiB */
	cr_assert_eq(*(uint8_t *)at(&g, 17 * MIB - 4096, 1), 255);
	cr_assert_eq(*(uint8_t *)at(&g, 17 * MIB + 4096, 1), 1);
	teardown(&g);
	free(image);
}

Test(boot, a_command_line_that_speaks_of_pci_is_left_as_it_is)
{
	struct setup_header *header;
	uint8_t *image = make_bzimage(&header);
	struct guest g;

	setup(&g);
	put(g.kernel, image, BZIMAGE_LEN);
	cr_assert_eq(boot(&g, NULL, "pci=conf1 quiet"), 0, "%s", g.err.text);
	cr_assert_str_eq(at(&g, LAYOUT_CMDLINE, 64), "pci=conf1 quiet");
	teardown(&g);
	free(image);
}

struct bad_header {
	char what[32];
	size_t offset; /* of a 32-bit word in the header */
	uint32_t value;
	size_t len; /* of the file; 0: all */
};

#define AT(field) offsetof(struct setup_header, field)

ParameterizedTestParameters(boot, a_bzimage_that_cannot_be_loaded_is_refused)
{
	static struct bad_header cases[] = {
		{ "cut in the header", 0, 1, 0x200 },
		{ "cut before the kernel", 0, 255, 0x400 },
		{ "old protocol", AT(header) + 4, 0x0202, 0 },
		{ "no 64-bit entry", AT(xloadflags), 0, 0 },
		{ "below 1 MiB", AT(pref_address), 0x1000, 0 },
		{ "beyond RAM", AT(pref_address), 63 * MIB, 0 },
		{ "in the hole", AT(pref_address), 0xd0000000, 0 },
		{ "huge", AT(init_size), 0xffffffff, 0 },
	};

	return cr_make_param_array(struct bad_header, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct bad_header *c, boot, a_bzimage_that_cannot_be_loaded_is_refused)
{
	struct setup_header *header;
	uint8_t *image = make_bzimage(&header);
	struct guest g;

	setup(&g);
	memcpy((uint8_t *)header + c->offset, &c->value, c->offset ? 4 : 1);
	put(g.kernel, image, c->len ? c->len : BZIMAGE_LEN);
	cr_assert_lt(boot(&g, NULL, NULL), 0, "%s", c->what);
	cr_assert_eq(g.err.status, EXIT_INPUT);
	cr_assert(strstr(g.err.text, g.kernel), "%s", g.err.text);
	teardown(&g);
	free(image);
}

Test(boot, a_command_line_or_initramfs_that_is_too_long_is_refused)
{
	struct setup_header *header;
	uint8_t *image = make_bzimage(&header);
	char line[3000];
	struct guest g;

	setup(&g);
	memset(line, 'x', sizeof(line));
	line[2999] = '\0';
	put(g.kernel, image, BZIMAGE_LEN);
	cr_assert_eq(boot(&g, NULL, line), -E2BIG);
	cr_assert(strstr(g.err.text, "2047"));
	cr_assert_eq(truncate(g.initramfs, 41 * MIB), 0);
	cr_assert_eq(boot(&g, g.initramfs, NULL), -ENOMEM);
	cr_assert_eq(boot(&g, "/nonexistent", NULL), -ENOENT);
	teardown(&g);
	free(image);
}

/* An ELF file of one segment at 1 MiB, with a note segment where `pvh` is an entry. */
struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	struct {
		Elf64_Nhdr header;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t code[64];
};

static void make_elf(struct elf_file *elf, uint32_t pvh)
{
	*elf = (struct elf_file){ 0 };
	memcpy(elf->header.e_ident, ELFMAG, SELFMAG);
	elf->header.e_ident[EI_CLASS] = ELFCLASS64;
	elf->header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf->header.e_machine = EM_X86_64;
	elf->header.e_entry = MIB + 8;
	elf->header.e_phoff = offsetof(struct elf_file, segments);
	elf->header.e_phentsize = sizeof(Elf64_Phdr);
	elf->header.e_phnum = 2;
	elf->segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_offset = offsetof(struct elf_file, code),
					 .p_paddr = MIB,
					 .p_filesz = sizeof(elf->code),
					 .p_memsz = MIB };
	elf->segments[1] = (Elf64_Phdr){ .p_type = pvh ? PT_NOTE : PT_NULL,
					 .p_offset = offsetof(struct elf_file, note),
					 .p_filesz = sizeof(elf->note) };
	elf->note.header = (Elf64_Nhdr){ 4, 4, 18 };
	memcpy(elf->note.name, "Xen", 4);
	elf->note.entry = pvh;
	memset(elf->code, 0x90, sizeof(elf->code));
}

Test(boot, an_elf_kernel_starts_by_the_linux_protocol_and_by_pvh_where_it_has_the_note)
{
	struct elf_file elf;
	struct guest g;

	setup(&g);
	make_elf(&elf, 0);
	put(g.kernel, &elf, sizeof(elf));
	cr_assert_eq(boot(&g, NULL, "x"), 0, "%s", g.err.text);
	cr_assert_eq(g.start.mode, START_LONG_KERNEL);
	cr_assert_eq(g.start.ip, MIB + 8);
	cr_assert_eq(*(uint8_t *)at(&g, MIB + 63, 1), 0x90);

	make_elf(&elf, (uint32_t)MIB + 16);
	put(g.kernel, &elf, sizeof(elf));
	put(g.initramfs, "initial", 7);
	cr_assert_eq(boot(&g, g.initramfs, "x y"), 0, "%s", g.err.text);
	cr_assert_eq(g.start.mode, START_PROTECTED);
	cr_assert_eq(g.start.ip, MIB + 16);
	cr_assert_eq(g.start.rbx, LAYOUT_PVH_INFO);
	cr_assert_eq(*(uint32_t *)at(&g, LAYOUT_PVH_INFO, 4), 0x336ec578);
	cr_assert_str_eq(at(&g, LAYOUT_CMDLINE, 16), "x y", "not Linux: left alone");
	teardown(&g);
}

struct bad_elf {
	char what[32];
	size_t offset;
	uint64_t value;
	uint32_t size;
};

#define SEG(field) offsetof(struct elf_file, segments[0].field)

ParameterizedTestParameters(boot, an_elf_that_cannot_be_loaded_is_refused)
{
	static struct bad_elf cases[] = {
		{ "data behind the file", SEG(p_offset), UINT64_MAX - 8, 8 },
		{ "more in file than memory", SEG(p_filesz), 2 * MIB, 8 },
		{ "wraps around", SEG(p_memsz), UINT64_MAX, 8 },
		{ "over our tables", SEG(p_paddr), 0x8000, 8 },
		{ "over the ACPI tables", SEG(p_paddr), 0xdfff0, 8 },
		{ "no RAM there", SEG(p_memsz), 64 * MIB, 8 },
		{ "in the hole", SEG(p_paddr), 0xd0000000, 8 },
		{ "headers behind the file", offsetof(struct elf_file, header.e_phoff), UINT64_MAX,
		  8 },
		{ "too many segments", offsetof(struct elf_file, header.e_phnum), 0xffff, 2 },
		{ "another machine", offsetof(struct elf_file, header.e_machine), EM_AARCH64, 2 },
		{ "enters elsewhere", offsetof(struct elf_file, header.e_entry), 8 * MIB, 8 },
	};

	return cr_make_param_array(struct bad_elf, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct bad_elf *c, boot, an_elf_that_cannot_be_loaded_is_refused)
{
	struct elf_file elf;
	struct guest g;

	setup(&g);
	make_elf(&elf, 0);
	memcpy((uint8_t *)&elf + c->offset, &c->value, c->size);
	put(g.kernel, &elf, sizeof(elf));
	cr_assert_lt(boot(&g, NULL, NULL), 0, "%s", c->what);
	cr_assert_eq(g.err.status, EXIT_INPUT);
	teardown(&g);
}

static void make_multiboot(uint32_t words[32])
{
	const uint32_t header[] = { 0x1badb002, 0x10003, 0u - 0x1badb002 - 0x10003,
				    MIB + 16,	MIB,	 MIB + 128,
				    2 * MIB,	MIB + 64 };

	memset(words, 0, 32 * sizeof(*words));
	memcpy(words + 4, header, sizeof(header));
}

Test(boot, a_multiboot_image_is_loaded_by_its_address_fields)
{
	uint32_t words[32];
	const uint32_t *info;
	struct guest g;

	setup(&g);
	make_multiboot(words);
	put(g.kernel, words, sizeof(words));
	cr_assert_eq(boot(&g, NULL, "test 1"), 0, "%s", g.err.text);
	cr_assert_eq(g.start.mode, START_PROTECTED);
	cr_assert_eq(g.start.ip, MIB + 64);
	cr_assert_eq(g.start.rax, 0x2badb002);
	info = at(&g, g.start.rbx, 64);
	cr_assert_eq(info[1], 639, "KiB below 1 MiB");
	cr_assert_eq(info[2], 63 * 1024, "KiB above");
	cr_assert_str_eq(at(&g, info[4], 16), "test 1");
	cr_assert_eq(*(uint32_t *)at(&g, MIB + 16, 4), 0x1badb002);
	teardown(&g);
}

Test(boot, a_multiboot_image_that_contradicts_itself_or_wants_a_video_mode_is_refused)
{
	const uint32_t wrong[][2] = { { 7, MIB - 1 },  { 8, MIB + 32 }, { 9, 2 * MIB },
				      { 10, MIB + 1 }, { 11, 0 },	{ 9, 64 * MIB } };
	uint32_t words[32];
	struct guest g;

	setup(&g);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		make_multiboot(words);
		words[wrong[i][0]] = wrong[i][1];
		put(g.kernel, words, sizeof(words));
		cr_assert_lt(boot(&g, NULL, NULL), 0, "case %zu", i);
	}
	make_multiboot(words);
	words[5] |= 4;
	words[6] -= 4;
	put(g.kernel, words, sizeof(words));
	cr_assert_eq(boot(&g, NULL, NULL), -ENOTSUP);
	teardown(&g);
}

Test(boot, a_file_of_no_known_format_is_refused)
{
	struct guest g;

	setup(&g);
	put(g.kernel, "#!/bin/sh\n", 10);
	cr_assert_eq(boot(&g, NULL, NULL), -ENOEXEC);
	put(g.kernel, "", 0);
	cr_assert_eq(boot(&g, NULL, NULL), -EINVAL);
	unlink(g.kernel);
	cr_assert_eq(mkfifo(g.kernel, 0600), 0); /* nobody will write to it */
	cr_assert_eq(boot(&g, NULL, NULL), -EINVAL);
	cr_assert(strstr(g.err.text, "payload.kernel: /tmp/"), "%s", g.err.text);
	teardown(&g);
}
