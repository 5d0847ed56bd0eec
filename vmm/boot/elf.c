/*
 * ELF kernels: 64-bit (System V ABI, AMD64 supplement) and 32-bit.
 *
 * A 32-bit file's headers are read into the 64-bit structures, so everything after the readers is
 * one piece of code.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "vmm/boot/loader.h"
#include "vmm/layout.h"

#define MAX_SEGMENTS 64
#define MAX_NOTES    65536u /* bytes of one note segment */
#define NOTE_PVH     18 /* XEN_ELFNOTE_PHYS32_ENTRY, Xen public/elfnote.h */
#define CMDLINE_MAX  2047 /* of Linux on x86 */

bool elf_probe(const struct boot_image *image)
{
	unsigned char ident[EI_NIDENT];

	return !boot_image_read(image, 0, ident, sizeof(ident)) &&
	       !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_DATA] == ELFDATA2LSB &&
	       (ident[EI_CLASS] == ELFCLASS64 || ident[EI_CLASS] == ELFCLASS32);
}

static int read_header32(const struct boot_image *image, Elf64_Ehdr *to)
{
	Elf32_Ehdr from;
	int ret = boot_image_read(image, 0, &from, sizeof(from));

	memcpy(to->e_ident, from.e_ident, EI_NIDENT);
	to->e_machine = from.e_machine;
	to->e_entry = from.e_entry;
	to->e_phoff = from.e_phoff;
	to->e_phentsize = from.e_phentsize;
	to->e_phnum = from.e_phnum;
	return ret;
}

static int read_header(const struct boot_image *image, Elf64_Ehdr *header)
{
	int ret;

	*header = (Elf64_Ehdr){ 0 };
	ret = boot_image_read(image, 0, header->e_ident, EI_NIDENT);
	if (ret)
		return ret;
	if (header->e_ident[EI_CLASS] == ELFCLASS32)
		return read_header32(image, header);
	return boot_image_read(image, 0, header, sizeof(*header));
}

static int read_segment(const struct boot_image *image, const Elf64_Ehdr *header, unsigned int nr,
			Elf64_Phdr *to)
{
	uint64_t offset = (uint64_t)nr * header->e_phentsize;
	Elf32_Phdr from;
	int ret;

	if (header->e_phoff > image->len)
		return -ENODATA;
	offset += header->e_phoff;
	if (header->e_ident[EI_CLASS] == ELFCLASS64)
		return boot_image_read(image, offset, to, sizeof(*to));
	ret = boot_image_read(image, offset, &from, sizeof(from));
	if (!ret)
		*to = (Elf64_Phdr){ .p_type = from.p_type,
				    .p_offset = from.p_offset,
				    .p_vaddr = from.p_vaddr,
				    .p_paddr = from.p_paddr,
				    .p_filesz = from.p_filesz,
				    .p_memsz = from.p_memsz };
	return ret;
}

static uint64_t align4(uint64_t value)
{
	return (value + 3) & ~UINT64_C(3);
}

/* Looks for the PVH entry among the notes of one segment; 0: not there. */
static uint64_t find_pvh_note(const struct boot_image *image, const Elf64_Phdr *segment)
{
	uint64_t at = 0;

	if (segment->p_filesz > MAX_NOTES || segment->p_offset > image->len)
		return 0;
	while (at + sizeof(Elf64_Nhdr) <= segment->p_filesz) {
		uint64_t base = segment->p_offset + at;
		Elf64_Nhdr note;
		char name[4];
		uint64_t entry = 0;

		if (boot_image_read(image, base, &note, sizeof(note)))
			return 0;
		base += sizeof(note);
		if (note.n_type == NOTE_PVH && note.n_namesz == sizeof(name) &&
		    (note.n_descsz == 4 || note.n_descsz == 8) &&
		    !boot_image_read(image, base, name, sizeof(name)) && !memcmp(name, "Xen", 4) &&
		    !boot_image_read(image, base + 4, &entry, note.n_descsz))
			return entry;
		at += sizeof(note) + align4(note.n_namesz) + align4(note.n_descsz);
	}
	return 0;
}

static bool may_lie(uint64_t start, uint64_t end)
{
	return start >= LAYOUT_LOAD && start <= end && end <= LAYOUT_HOLE &&
	       (end <= LAYOUT_ACPI || start >= LAYOUT_ACPI_END);
}

/* The rest of a segment's memory needs no clearing: guest memory is new, hence zero. */
static int load_segment(struct boot_kernel *kernel, const struct boot_image *image,
			const Elf64_Phdr *segment, const struct gmem *gmem, struct err *err)
{
	uint64_t end = segment->p_paddr + segment->p_memsz;

	if (!segment->p_memsz)
		return 0;
	if (segment->p_filesz > segment->p_memsz || !may_lie(segment->p_paddr, end))
		return err_set(
			err, EXIT_INPUT, ENOEXEC,
			"%s: has a segment at 0x%llx to 0x%llx; kernels lie between 0x%x and "
			"3 GiB, and not from 0x%x to 0x%x",
			image->path, (unsigned long long)segment->p_paddr, (unsigned long long)end,
			LAYOUT_LOAD, LAYOUT_ACPI, LAYOUT_ACPI_END);
	if (boot_check_ram(gmem, segment->p_paddr, segment->p_memsz))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "%s: needs RAM up to 0x%llx; give the guest more memory",
			       image->path, (unsigned long long)end);
	if (end > kernel->end)
		kernel->end = end;
	return boot_image_load(image, segment->p_offset, segment->p_filesz, gmem, segment->p_paddr,
			       err);
}

static int load_segments(struct boot_kernel *kernel, const struct boot_image *image,
			 const Elf64_Ehdr *header, const struct gmem *gmem, struct err *err)
{
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		uint64_t pvh;
		int ret = read_segment(image, header, i, &segment);

		if (ret)
			return err_sys(err, EXIT_INPUT, -ret, "%s: cannot read program header %u",
				       image->path, i);
		if (segment.p_type == PT_NOTE) {
			pvh = find_pvh_note(image, &segment);
			if (pvh) {
				kernel->protocol = BOOT_PVH;
				kernel->entry = pvh;
			}
		}
		if (segment.p_type != PT_LOAD)
			continue;
		ret = load_segment(kernel, image, &segment, gmem, err);
		if (ret)
			return ret;
	}
	return 0;
}

int elf_load(struct boot_kernel *kernel, const struct boot_image *image, const struct gmem *gmem,
	     struct err *err)
{
	Elf64_Ehdr header;
	int ret = read_header(image, &header);

	if (ret || header.e_phnum > MAX_SEGMENTS ||
	    (header.e_machine != EM_X86_64 && header.e_machine != EM_386))
		return err_set(err, EXIT_INPUT, ENOEXEC,
			       "%s: is no ELF kernel for x86 (at most %d segments)", image->path,
			       MAX_SEGMENTS);
	*kernel = (struct boot_kernel){ .protocol = BOOT_LINUX64,
					.entry = header.e_entry,
					.cmdline_max = CMDLINE_MAX,
					.initramfs_end = LAYOUT_HOLE };
	ret = load_segments(kernel, image, &header, gmem, err);
	if (ret)
		return ret;
	if (kernel->entry < LAYOUT_LOAD || kernel->entry >= kernel->end)
		return err_set(err, EXIT_INPUT, ENOEXEC,
			       "%s: enters at 0x%llx, which it does not load", image->path,
			       (unsigned long long)kernel->entry);
	return 0;
}
