#ifndef SITU_VMM_BOOT_ACPI_H
#define SITU_VMM_BOOT_ACPI_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/guest_topology.h"
#include "vmm/ram.h"

/*
 * The ACPI tables of one VM (ACPI 6.3, hardware-reduced): RSDP, XSDT, FADT, MADT, DSDT, SRAT, SLIT,
 * HMAT. Pure: bytes for LAYOUT_ACPI, not yet in guest memory.
 *
 * Hardware-reduced, because a guest then looks for no PIC, PIT, PM timer or keyboard controller,
 * each of which costs boot time; its clocks are kvmclock and the TSC deadline timer. There is no
 * PCI, hence no MCFG.
 */
struct acpi_tables {
	uint8_t *data; /* the RSDP is at the start */
	size_t len;
};

/* EXIT_NO where the tables do not fit below LAYOUT_ACPI_END (over about 1500 vCPUs). */
int acpi_build(struct acpi_tables *tables, const struct guest_topology *guest,
	       const struct ram_map *ram, struct err *err);
void acpi_tables_fini(struct acpi_tables *tables);

#endif
