#ifndef SITU_VMM_BOOT_ACPI_TABLE_H
#define SITU_VMM_BOOT_ACPI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/guest_topology.h"
#include "vmm/ram.h"

/*
 * Writes tables one behind the other into a growing buffer. One thread per writer.
 *
 * Multi-byte fields are little-endian (ACPI 5.2) and this program runs on x86 only.
 */
struct acpi_writer {
	uint8_t *data;
	size_t len;
	size_t table; /* where the open table starts */
};

#define ACPI_HEADER_LEN 36

/* Opens a table at a 16-byte boundary with its header; close fills in length and checksum and
 * returns the table's guest address. */
void acpi_open(struct acpi_writer *w, const char *signature, uint8_t revision);
uint64_t acpi_close(struct acpi_writer *w);

void acpi_bytes(struct acpi_writer *w, const void *data, size_t len);
void acpi_zeros(struct acpi_writer *w, size_t len);
void acpi_u8(struct acpi_writer *w, uint8_t value);
void acpi_u16(struct acpi_writer *w, uint16_t value);
void acpi_u32(struct acpi_writer *w, uint32_t value);
void acpi_u64(struct acpi_writer *w, uint64_t value);
uint8_t acpi_checksum(const uint8_t *data, size_t len);

/* Whether the CPUs are announced by x2APIC structures: all are, or none. Linux ignores some where
 * a table holds both kinds. */
bool acpi_uses_x2apic(const struct guest_topology *guest);

/* acpi_numa.c. Each returns its table's address, hmat 0 where no values are known. */
uint64_t acpi_write_srat(struct acpi_writer *w, const struct guest_topology *guest,
			 const struct ram_map *ram);
uint64_t acpi_write_slit(struct acpi_writer *w, const struct guest_topology *guest);
uint64_t acpi_write_hmat(struct acpi_writer *w, const struct guest_topology *guest);

#endif
