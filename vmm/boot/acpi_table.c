#include "vmm/boot/acpi_table.h"

#include <string.h>

#include "base/alloc.h"
#include "vmm/layout.h"

void acpi_bytes(struct acpi_writer *w, const void *data, size_t len)
{
	w->data = alloc_resize(w->data, w->len + len, 1);
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

void acpi_zeros(struct acpi_writer *w, size_t len)
{
	w->data = alloc_resize(w->data, w->len + len, 1);
	memset(w->data + w->len, 0, len);
	w->len += len;
}

void acpi_u8(struct acpi_writer *w, uint8_t value)
{
	acpi_bytes(w, &value, sizeof(value));
}

void acpi_u16(struct acpi_writer *w, uint16_t value)
{
	acpi_bytes(w, &value, sizeof(value));
}

void acpi_u32(struct acpi_writer *w, uint32_t value)
{
	acpi_bytes(w, &value, sizeof(value));
}

void acpi_u64(struct acpi_writer *w, uint64_t value)
{
	acpi_bytes(w, &value, sizeof(value));
}

uint8_t acpi_checksum(const uint8_t *data, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + data[i]);
	return (uint8_t)-sum;
}

void acpi_open(struct acpi_writer *w, const char *signature, uint8_t revision)
{
	acpi_zeros(w, -w->len & 15);
	w->table = w->len;
	acpi_bytes(w, signature, 4);
	acpi_u32(w, 0); /* length: acpi_close */
	acpi_u8(w, revision);
	acpi_u8(w, 0); /* checksum: acpi_close */
	acpi_bytes(w, "SITU  ", 6);
	acpi_bytes(w, "SITU", 4);
	acpi_bytes(w, signature, 4);
	acpi_u32(w, 1);
	acpi_bytes(w, "SITU", 4);
	acpi_u32(w, 1);
}

uint64_t acpi_close(struct acpi_writer *w)
{
	uint8_t *table = w->data + w->table;
	uint32_t len = (uint32_t)(w->len - w->table);

	memcpy(table + 4, &len, sizeof(len));
	table[9] = acpi_checksum(table, len);
	return LAYOUT_ACPI + w->table;
}

bool acpi_uses_x2apic(const struct guest_topology *guest)
{
	/* 255 is the xAPIC's broadcast, and a processor's UID there has 8 bits as well. */
	return guest_topology_max_apic_id(guest) >= 255 || guest->nr_cpus > 255;
}
