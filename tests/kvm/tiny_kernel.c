#include "tests/kvm/tiny_kernel.h"

#include <assert.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/layout.h"

void tiny_kernel_write(char path[TINY_KERNEL_PATH], const uint8_t *code, size_t len)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[2];
		struct {
			Elf64_Nhdr header;
			char name[4];
			uint32_t entry;
		} note;
		uint8_t code[128];
	} elf = { 0 };
	size_t put;
	FILE *file;

	assert(len <= sizeof(elf.code));
	memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
	elf.header.e_ident[EI_CLASS] = ELFCLASS64;
	elf.header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.header.e_machine = EM_X86_64;
	elf.header.e_phoff = (size_t)((char *)elf.segments - (char *)&elf);
	elf.header.e_phentsize = sizeof(Elf64_Phdr);
	elf.header.e_phnum = 2;
	elf.segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
					.p_offset = (size_t)((char *)elf.code - (char *)&elf),
					.p_paddr = LAYOUT_HIGH_RAM,
					.p_filesz = sizeof(elf.code),
					.p_memsz = sizeof(elf.code) };
	elf.segments[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
					.p_offset = (size_t)((char *)&elf.note - (char *)&elf),
					.p_filesz = sizeof(elf.note) };
	elf.note.header = (Elf64_Nhdr){ 4, 4, 18 };
	memcpy(elf.note.name, "Xen", 4);
	elf.note.entry = LAYOUT_HIGH_RAM;
	memcpy(elf.code, code, len);
	strcpy(path, "/tmp/situ-tiny-XXXXXX");
	file = fdopen(mkstemp(path), "wb");
	assert(file);
	put = fwrite(&elf, 1, sizeof(elf), file);
	assert(put == sizeof(elf)); /* no test framework here: races and soaks use this too */
	fclose(file);
}
