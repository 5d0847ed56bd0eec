#include "vmm/boot/acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/boot/acpi_table.h"
#include "vmm/boot/dsdt.h"
#include "vmm/layout.h"

/* ACPI 6.3, 5.2.5.3 */
struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, len;
	uint64_t xsdt;
	uint8_t ext_checksum, reserved[3];
} __attribute__((packed));

#define MAX_TABLES 8

/* FADT flags, ACPI 6.3 table 5-35. */
#define FADT_WBINVD	   (1u << 0)
#define FADT_SLEEP_BUTTON  (1u << 5) /* no fixed one: it would be a control method */
#define FADT_POWER_BUTTON  (1u << 4) /* the same */
#define FADT_RESET_REG	   (1u << 10)
#define FADT_HW_REDUCED	   (1u << 20)
#define FADT_BOOT_LEGACY   (1u << 0) /* there is a serial port */
#define FADT_BOOT_NO_VGA   (1u << 2)
#define FADT_BOOT_NO_ASPM  (1u << 4)
#define PROFILE_ENTERPRISE 4

#define MADT_ENABLED 1

static void write_io_register(struct acpi_writer *w, uint16_t port)
{
	acpi_u8(w, 1); /* system I/O */
	acpi_u8(w, 8); /* bits wide */
	acpi_u8(w, 0);
	acpi_u8(w, 1); /* byte access */
	acpi_u64(w, port);
}

/* Offsets are those of ACPI 6.3 table 5-33; hardware-reduced leaves the register blocks at 0. */
static uint64_t write_fadt(struct acpi_writer *w, uint64_t dsdt)
{
	acpi_open(w, "FACP", 6);
	acpi_u32(w, 0); /* 36: FACS */
	acpi_u32(w, (uint32_t)dsdt); /* 40 */
	acpi_u8(w, 0);
	acpi_u8(w, PROFILE_ENTERPRISE); /* 45 */
	acpi_zeros(w, 109 - 46);
	acpi_u16(w, FADT_BOOT_LEGACY | FADT_BOOT_NO_VGA | FADT_BOOT_NO_ASPM);
	acpi_u8(w, 0);
	acpi_u32(w, FADT_WBINVD | FADT_POWER_BUTTON | FADT_SLEEP_BUTTON | FADT_RESET_REG |
			    FADT_HW_REDUCED); /* 112 */
	write_io_register(w, PORT_RESET); /* 116 */
	acpi_u8(w, RESET_VALUE); /* 128 */
	acpi_u16(w, 0);
	acpi_u8(w, 3); /* 131: minor version, 6.3 */
	acpi_u64(w, 0); /* 132: FACS */
	acpi_u64(w, dsdt); /* 140 */
	acpi_zeros(w, 244 - 148);
	write_io_register(w, PORT_SLEEP_CTL); /* 244 */
	write_io_register(w, PORT_SLEEP_STATUS); /* 256 */
	acpi_bytes(w, "SITU\0\0\0", 8); /* 268: hypervisor vendor */
	return acpi_close(w);
}

static void write_local_apic(struct acpi_writer *w, const struct guest_cpu *cpu, unsigned int vcpu,
			     bool x2apic)
{
	acpi_u8(w, x2apic ? 9 : 0);
	acpi_u8(w, x2apic ? 16 : 8);
	if (x2apic) {
		acpi_u16(w, 0);
		acpi_u32(w, cpu->apic_id);
		acpi_u32(w, MADT_ENABLED);
		acpi_u32(w, vcpu);
		return;
	}
	acpi_u8(w, (uint8_t)vcpu);
	acpi_u8(w, (uint8_t)cpu->apic_id);
	acpi_u32(w, MADT_ENABLED);
}

/* Every local APIC's LINT1 is the non-maskable interrupt. */
static void write_nmi(struct acpi_writer *w, bool x2apic)
{
	acpi_u8(w, x2apic ? 0xa : 4);
	acpi_u8(w, x2apic ? 12 : 6);
	if (x2apic) {
		acpi_u16(w, 0);
		acpi_u32(w, 0xffffffff);
		acpi_u8(w, 1);
		acpi_zeros(w, 3);
		return;
	}
	acpi_u8(w, 0xff);
	acpi_u16(w, 0);
	acpi_u8(w, 1);
}

/* CPUs in the order of vCPUs: Linux numbers them so, and wants the boot CPU first. */
static uint64_t write_madt(struct acpi_writer *w, const struct guest_topology *guest)
{
	bool x2apic = acpi_uses_x2apic(guest);

	acpi_open(w, "APIC", 5);
	acpi_u32(w, LAYOUT_LAPIC);
	acpi_u32(w, 0); /* no PIC */
	for (unsigned int i = 0; i < guest->nr_cpus; i++)
		write_local_apic(w, &guest->cpus[i], i, x2apic);
	acpi_u8(w, 1); /* I/O APIC */
	acpi_u8(w, 12);
	acpi_u16(w, 0);
	acpi_u32(w, LAYOUT_IOAPIC);
	acpi_u32(w, 0);
	write_nmi(w, x2apic);
	return acpi_close(w);
}

/* The DSDT is a whole table already; only its place is chosen here. */
static uint64_t write_dsdt(struct acpi_writer *w)
{
	acpi_zeros(w, -w->len & 15);
	w->table = w->len;
	acpi_bytes(w, dsdt_aml, dsdt_aml_len);
	return LAYOUT_ACPI + w->table;
}

static uint64_t write_xsdt(struct acpi_writer *w, const uint64_t *tables, unsigned int nr)
{
	acpi_open(w, "XSDT", 1);
	for (unsigned int i = 0; i < nr; i++)
		acpi_u64(w, tables[i]);
	return acpi_close(w);
}

static void fill_rsdp(uint8_t *at, uint64_t xsdt)
{
	struct rsdp rsdp = { .signature = "RSD PTR ",
			     .oem = "SITU  ",
			     .revision = 2,
			     .len = sizeof(rsdp),
			     .xsdt = xsdt };

	rsdp.checksum = acpi_checksum((const uint8_t *)&rsdp, 20); /* what ACPI 1.0 knew */
	rsdp.ext_checksum = acpi_checksum((const uint8_t *)&rsdp, sizeof(rsdp));
	memcpy(at, &rsdp, sizeof(rsdp));
}

int acpi_build(struct acpi_tables *tables, const struct guest_topology *guest,
	       const struct ram_map *ram, struct err *err)
{
	struct acpi_writer w = { 0 };
	uint64_t list[MAX_TABLES], hmat, xsdt;
	unsigned int nr = 0;

	acpi_zeros(&w, sizeof(struct rsdp));
	list[nr++] = write_fadt(&w, write_dsdt(&w));
	list[nr++] = write_madt(&w, guest);
	list[nr++] = acpi_write_srat(&w, guest, ram);
	list[nr++] = acpi_write_slit(&w, guest);
	hmat = acpi_write_hmat(&w, guest);
	if (hmat)
		list[nr++] = hmat;
	xsdt = write_xsdt(&w, list, nr);
	fill_rsdp(w.data, xsdt);
	*tables = (struct acpi_tables){ w.data, w.len };
	if (w.len > LAYOUT_ACPI_END - LAYOUT_ACPI)
		return err_set(err, EXIT_NO, E2BIG,
			       "ACPI: tables for %u vCPUs take %zu bytes, %u are reserved; use "
			       "fewer vCPUs",
			       guest->nr_cpus, w.len, LAYOUT_ACPI_END - LAYOUT_ACPI);
	return 0;
}

void acpi_tables_fini(struct acpi_tables *tables)
{
	free(tables->data);
	*tables = (struct acpi_tables){ 0 };
}
