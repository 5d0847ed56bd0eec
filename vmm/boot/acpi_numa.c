/*
 * SRAT, SLIT and HMAT (ACPI 6.3, 5.2.16, 5.2.17, 5.2.27).
 *
 * Linux numbers its nodes by the first proximity domain that it meets, CPUs before memory, so the
 * SRAT is sorted by domain and domains are the guest's node numbers.
 */
#include <math.h>

#include "base/alloc.h"
#include "vmm/boot/acpi_table.h"

#define AFFINITY_ENABLED 1

static void write_cpu_affinity(struct acpi_writer *w, const struct guest_cpu *cpu, bool x2apic)
{
	if (x2apic) {
		acpi_u8(w, 2);
		acpi_u8(w, 24);
		acpi_u16(w, 0);
		acpi_u32(w, cpu->node);
		acpi_u32(w, cpu->apic_id);
		acpi_u32(w, AFFINITY_ENABLED);
		acpi_zeros(w, 8); /* clock domain, reserved */
		return;
	}
	acpi_u8(w, 0);
	acpi_u8(w, 16);
	acpi_u8(w, (uint8_t)cpu->node);
	acpi_u8(w, (uint8_t)cpu->apic_id);
	acpi_u32(w, AFFINITY_ENABLED);
	acpi_u8(w, 0); /* local SAPIC */
	acpi_u8(w, (uint8_t)(cpu->node >> 8)); /* the domain's upper 24 bits */
	acpi_u16(w, (uint16_t)(cpu->node >> 16));
	acpi_u32(w, 0); /* clock domain */
}

static void write_memory_affinity(struct acpi_writer *w, const struct ram_range *range)
{
	acpi_u8(w, 1);
	acpi_u8(w, 40);
	acpi_u32(w, range->node);
	acpi_u16(w, 0);
	acpi_u64(w, range->gpa);
	acpi_u64(w, range->len);
	acpi_u32(w, 0);
	acpi_u32(w, AFFINITY_ENABLED);
	acpi_u64(w, 0);
}

uint64_t acpi_write_srat(struct acpi_writer *w, const struct guest_topology *guest,
			 const struct ram_map *ram)
{
	bool x2apic = acpi_uses_x2apic(guest);

	acpi_open(w, "SRAT", 3);
	acpi_u32(w, 1); /* reserved, must be 1 */
	acpi_u64(w, 0);
	for (unsigned int node = 0; node < guest->nr_nodes; node++)
		for (unsigned int i = 0; i < guest->nr_cpus; i++)
			if (guest->cpus[i].node == node)
				write_cpu_affinity(w, &guest->cpus[i], x2apic);
	/* RAM goes upwards node by node, so the ranges are sorted by domain as they are. */
	for (unsigned int i = 0; i < ram->nr_ranges; i++)
		write_memory_affinity(w, &ram->ranges[i]);
	return acpi_close(w);
}

uint64_t acpi_write_slit(struct acpi_writer *w, const struct guest_topology *guest)
{
	acpi_open(w, "SLIT", 1);
	acpi_u64(w, guest->nr_nodes);
	for (unsigned int i = 0; i < guest->nr_nodes * guest->nr_nodes; i++)
		acpi_u8(w, (uint8_t)guest->distances[i]);
	return acpi_close(w);
}

/* Nodes with CPUs: those from which memory is reached. */
static unsigned int list_initiators(const struct guest_topology *guest, uint32_t *nodes)
{
	unsigned int nr = 0;

	for (unsigned int node = 0; node < guest->nr_nodes; node++) {
		unsigned int i = 0;

		while (i < guest->nr_cpus && guest->cpus[i].node != node)
			i++;
		if (i < guest->nr_cpus)
			nodes[nr++] = node;
	}
	return nr;
}

static double largest(const double *values, unsigned int nr)
{
	double most = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (!isnan(values[i]) && values[i] > most)
			most = values[i];
	return most;
}

static void write_domain(struct acpi_writer *w, uint32_t node, bool has_cpus)
{
	acpi_u16(w, 0);
	acpi_u16(w, 0);
	acpi_u32(w, 40);
	acpi_u16(w, has_cpus); /* the initiator's domain below is valid */
	acpi_u16(w, 0);
	acpi_u32(w, has_cpus ? node : 0);
	acpi_u32(w, node);
	acpi_zeros(w, 20);
}

/* One "system locality latency and bandwidth" structure. Entries have 16 bits, so the base unit
 * grows until the largest value fits; 0 says "not given". */
static void write_locality(struct acpi_writer *w, const struct guest_topology *guest,
			   const uint32_t *initiators, unsigned int nr, enum mem_attr attr)
{
	const double *values = guest->mem_attr[attr];
	/* Entries are picoseconds or MB/s times the unit. */
	double scale = attr == MEM_ATTR_LATENCY_NS ? 1000 : 1;
	double most = largest(values, guest->nr_nodes * guest->nr_nodes) * scale;
	uint64_t unit = (uint64_t)ceil(most / 65534);

	if (attr == MEM_ATTR_LATENCY_NS && unit < 1000)
		unit = 100;
	if (!unit)
		unit = 1;
	while (most / (double)unit > 65534)
		unit *= 10;
	acpi_u16(w, 1);
	acpi_u16(w, 0);
	acpi_u32(w, 32 + 4 * (nr + guest->nr_nodes) + 2 * nr * guest->nr_nodes);
	acpi_u8(w, 0); /* memory, not a cache of it */
	acpi_u8(w, attr == MEM_ATTR_LATENCY_NS ? 0 : 3); /* access latency, access bandwidth */
	acpi_u16(w, 0);
	acpi_u32(w, nr);
	acpi_u32(w, guest->nr_nodes);
	acpi_u32(w, 0);
	acpi_u64(w, unit);
	for (unsigned int i = 0; i < nr; i++)
		acpi_u32(w, initiators[i]);
	for (unsigned int i = 0; i < guest->nr_nodes; i++)
		acpi_u32(w, i);
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < guest->nr_nodes; j++) {
			double value = values[initiators[i] * guest->nr_nodes + j];

			acpi_u16(w,
				 isnan(value) ? 0 : (uint16_t)lround(value * scale / (double)unit));
		}
}

uint64_t acpi_write_hmat(struct acpi_writer *w, const struct guest_topology *guest)
{
	AUTO_FREE uint32_t *initiators = alloc_zeroed(guest->nr_nodes, sizeof(*initiators));
	unsigned int nr = list_initiators(guest, initiators), next = 0;
	bool known = false;

	for (int attr = 0; attr < NR_MEM_ATTRS; attr++)
		known |= guest->mem_attr[attr] &&
			 largest(guest->mem_attr[attr], guest->nr_nodes * guest->nr_nodes) > 0;
	if (!known)
		return 0;
	acpi_open(w, "HMAT", 2);
	acpi_u32(w, 0);
	for (unsigned int node = 0; node < guest->nr_nodes; node++) {
		bool has_cpus = next < nr && initiators[next] == node;

		next += has_cpus;
		write_domain(w, node, has_cpus);
	}
	for (int attr = 0; attr < NR_MEM_ATTRS; attr++)
		if (guest->mem_attr[attr])
			write_locality(w, guest, initiators, nr, (enum mem_attr)attr);
	return acpi_close(w);
}
