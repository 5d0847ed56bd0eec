#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/fake/host.h"
#include "vmm/boot/acpi.h"
#include "vmm/boot/acpi_table.h"
#include "vmm/layout.h"

#define GOLDEN "tests/vmm/golden/acpi.dsl"

struct machine {
	struct topology host;
	struct guest_topology guest;
	struct ram_map ram;
	struct acpi_tables tables;
	struct err err;
};

/* nr vCPUs on the first CPUs of a host of two packages, two nodes; one more node for memory. */
static void make_machine(struct machine *m, unsigned int nr, unsigned int l2s)
{
	AUTO_FREE int *cpus = alloc_zeroed(nr, sizeof(int));
	AUTO_FREE unsigned int *nodes = alloc_zeroed(nr, sizeof(int));
	struct guest_node guest_nodes[3] = { { 3ull << 30, 0 },
					     { 2ull << 30, 1 },
					     { 1u << 30, -1 } };
	double latency[4] = { 80, 140, 141, 81 };
	struct guest_request req = { .host = &m->host,
				     .nr_cpus = nr,
				     .nr_nodes = 3,
				     .host_cpus = cpus,
				     .cpu_nodes = nodes,
				     .nodes = guest_nodes,
				     .max_apic_id = 4095 };

	*m = (struct machine){ 0 };
	fake_host(&m->host, &(struct fake_host_shape){ 2, 1, 1, l2s, 1, 2, false, false });
	m->host.mem_attr[MEM_ATTR_LATENCY_NS] = alloc_zeroed(4, sizeof(double));
	memcpy(m->host.mem_attr[MEM_ATTR_LATENCY_NS], latency, sizeof(latency));
	for (unsigned int i = 0; i < nr; i++) {
		cpus[i] = (int)i;
		nodes[i] = (unsigned int)topology_cpu(&m->host, i)->node;
	}
	cr_assert_eq(guest_topology_init(&m->guest, &req, &m->err), 0, "%s", m->err.text);
	ram_map_init(&m->ram, m->guest.nodes, m->guest.nr_nodes);
	acpi_build(&m->tables, &m->guest, &m->ram, &m->err);
}

static void drop_machine(struct machine *m)
{
	acpi_tables_fini(&m->tables);
	ram_map_fini(&m->ram);
	guest_topology_fini(&m->guest);
	topology_fini(&m->host);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* The table at a guest address, its length and checksum tested. */
static const uint8_t *table_at(const struct acpi_tables *tables, uint64_t gpa)
{
	size_t offset = gpa - LAYOUT_ACPI;
	const uint8_t *table = tables->data + offset;

	cr_assert(gpa >= LAYOUT_ACPI && offset + ACPI_HEADER_LEN <= tables->len);
	cr_assert_leq(offset + get32(table + 4), tables->len);
	cr_assert_eq(acpi_checksum(table, get32(table + 4)), 0, "%.4s", table);
	return table;
}

/* Table number nr of the XSDT, NULL past the last. */
static const uint8_t *table_nr(const struct acpi_tables *tables, unsigned int nr)
{
	const uint8_t *xsdt = table_at(tables, get64(tables->data + 24));

	if (ACPI_HEADER_LEN + 8 * (nr + 1) > get32(xsdt + 4))
		return NULL;
	return table_at(tables, get64(xsdt + ACPI_HEADER_LEN + (size_t)8 * nr));
}

static const uint8_t *find_table(const struct acpi_tables *tables, const char *signature)
{
	const uint8_t *table;

	for (unsigned int i = 0; (table = table_nr(tables, i)); i++)
		if (!memcmp(table, signature, 4))
			return table;
	return NULL;
}

/* Steps over a table's structures, each {type, length}; first: where they begin. */
static const uint8_t *next_entry(const uint8_t *table, const uint8_t *entry, size_t first)
{
	entry = entry ? entry + entry[1] : table + first;
	return entry < table + get32(table + 4) ? entry : NULL;
}

Test(acpi, every_table_has_its_checksum_and_the_structures_fill_it_exactly)
{
	for (unsigned int nr = 1; nr <= 400; nr += 57) {
		struct machine m;
		const uint8_t *madt, *srat, *entry = NULL;
		unsigned int cpus = 0;

		make_machine(&m, nr, 101);
		cr_assert_eq(m.err.status, EXIT_OK, "%s", m.err.text);
		cr_assert_eq(acpi_checksum(m.tables.data, 20), 0);
		cr_assert_eq(acpi_checksum(m.tables.data, 36), 0);
		madt = find_table(&m.tables, "APIC");
		while ((entry = next_entry(madt, entry, 44)))
			cpus += entry[0] == 0 || entry[0] == 9;
		cr_assert_eq(cpus, nr);
		srat = find_table(&m.tables, "SRAT");
		for (entry = NULL, cpus = 0; (entry = next_entry(srat, entry, 48));)
			cpus += entry[0] == 0 || entry[0] == 2;
		cr_assert_eq(cpus, nr);
		cr_assert(table_at(&m.tables, get64(find_table(&m.tables, "FACP") + 140)));
		drop_machine(&m);
	}
}

Test(acpi, cpus_are_listed_in_vcpu_order_and_all_by_one_kind_of_structure)
{
	for (unsigned int nr = 12; nr <= 300; nr += 288) {
		struct machine m;
		const uint8_t *entry = NULL;
		unsigned int vcpu = 0;

		make_machine(&m, nr, 101);
		while ((entry = next_entry(find_table(&m.tables, "APIC"), entry, 44))) {
			uint32_t id = entry[0] == 9 ? get32(entry + 4) : entry[3];

			if (entry[0] != 0 && entry[0] != 9)
				continue;
			cr_assert_eq(entry[0], nr > 255 ? 9 : 0);
			cr_assert_eq(id, m.guest.cpus[vcpu++].apic_id);
		}
		drop_machine(&m);
	}
}

Test(acpi, the_srat_is_sorted_by_domain)
{
	struct machine m;
	const uint8_t *entry = NULL;
	uint32_t last_cpu = 0, last_memory = 0, node;

	make_machine(&m, 300, 101);
	while ((entry = next_entry(find_table(&m.tables, "SRAT"), entry, 48))) {
		uint32_t *last = entry[0] == 1 ? &last_memory : &last_cpu;

		node = get32(entry + (entry[0] == 1 ? 2 : 4));
		cr_assert_geq(node, *last);
		*last = node;
	}
	cr_assert_eq(last_memory, 2);
	cr_assert_eq(last_cpu, 1);
	drop_machine(&m);
}

Test(acpi, latencies_appear_where_the_host_states_them)
{
	struct machine m;
	const uint8_t *hmat, *locality;

	make_machine(&m, 12, 3);
	hmat = find_table(&m.tables, "HMAT");
	cr_assert_not_null(hmat);
	locality = hmat + 40 + 3 * 40;
	/* 2 initiators, 3 targets; entries in units of 100 ps behind the lists */
	cr_assert_eq(get32(locality + 12), 2);
	cr_assert_eq(get64(locality + 24), 100);
	cr_assert_eq(*(const uint16_t *)(locality + 32 + 20), 800);
	cr_assert_eq(*(const uint16_t *)(locality + 32 + 20 + 2), 1400);
	cr_assert_eq(*(const uint16_t *)(locality + 32 + 20 + 4), 0, "not known");
	drop_machine(&m);
}

Test(acpi, more_vcpus_than_the_tables_have_room_for_are_refused)
{
	struct machine m;

	make_machine(&m, 4000, 1000);
	cr_assert_eq(m.err.status, EXIT_NO);
	drop_machine(&m);
}

/* Runs the disassembler over one table and adds its text, without comments, to out. */
static void disassemble(const uint8_t *table, const char *folder, FILE *out)
{
	char path[128], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%.4s.dat", folder, table);
	file = fopen(path, "wb");
	fwrite(table, 1, get32(table + 4), file);
	fclose(file);
	snprintf(line, sizeof(line),
		 "cd %s && iasl -d %.4s.dat >iasl.log 2>&1 && "
		 "sed -e '1,/^ \\*\\//d' -e '/^Raw Table/,$d' -e '/Asl Compiler/d' "
		 "-e '/Checksum/d' -e '/Compiler [IVR]/d' -e '/^ \\*/d' -e '/^\\/\\*/d' %.4s.dsl",
		 folder, table, table);
	file = popen(line, "r");
	fprintf(out, "=== %.4s\n", table);
	while (fgets(line, sizeof(line), file))
		if (strspn(line, " \n") < strlen(line))
			fputs(line, out);
	cr_assert_eq(pclose(file), 0, "%.4s", table);
}

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	cr_assert_not_null(file, "%s", path);
	cr_assert_gt(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

Test(acpi, the_tables_of_six_vcpus_on_three_nodes_disassemble_to_the_golden_text)
{
	char folder[] = "/tmp/situ-acpi-XXXXXX", command[128], path[64];
	struct machine m;
	const uint8_t *table;
	char *text, *golden;
	FILE *out;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/all", folder);
	out = fopen(path, "w");
	make_machine(&m, 6, 2);
	for (unsigned int i = 0; (table = table_nr(&m.tables, i)); i++)
		disassemble(table, folder, out);
	disassemble(table_at(&m.tables, get64(find_table(&m.tables, "FACP") + 140)), folder, out);
	fclose(out);
	if (getenv("SITU_UPDATE_GOLDEN")) {
		snprintf(command, sizeof(command), "cp %s " GOLDEN, path);
		cr_assert_eq(system(command), 0);
	}
	text = slurp(path);
	golden = slurp(GOLDEN);
	cr_assert_str_eq(text, golden,
			 "differs from " GOLDEN "; SITU_UPDATE_GOLDEN=1 accepts the new text");
	free(text);
	free(golden);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
	drop_machine(&m);
}

Test(ram_map, nodes_lie_one_behind_the_other_around_the_hole)
{
	struct guest_node nodes[] = {
		{ 2ull << 30, 0 }, { 0, 1 }, { 2ull << 30, 2 }, { 1u << 20, 3 }
	};
	struct ram_range wanted[] = { { 0, 2ull << 30, 0 },
				      { 2ull << 30, 1ull << 30, 2 },
				      { 4ull << 30, 1ull << 30, 2 },
				      { 5ull << 30, 1u << 20, 3 } };
	struct ram_map map;

	ram_map_init(&map, nodes, 4);
	cr_assert_eq(map.nr_ranges, 4);
	for (unsigned int i = 0; i < 4; i++) {
		cr_assert_eq(map.ranges[i].gpa, wanted[i].gpa);
		cr_assert_eq(map.ranges[i].len, wanted[i].len);
		cr_assert_eq(map.ranges[i].node, wanted[i].node);
	}
	cr_assert_eq(ram_map_end(&map), (5ull << 30) + (1u << 20));
	ram_map_fini(&map);
}
