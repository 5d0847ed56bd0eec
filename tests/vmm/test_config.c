#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "vmm/config.h"
#include "vmm/config_table.h"

/* Loads a file as the commands do; returns what --print-config prints or the errors. */
static char *outcome(const char *path)
{
	struct schema_report report = { 0 };
	struct vm_config config;
	char *text;

	vm_config_init(&config);
	if (vm_config_load(&config, &path, 1, NULL, &report))
		text = strdup(report.text);
	else
		text = vm_config_print(&config);
	vm_config_fini(&config);
	schema_report_fini(&report);
	return text;
}

static char *read_text(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *file = fopen(path, "r");

	if (file) {
		cr_assert_lt(fread(text, 1, 1 << 16, file), 1 << 16);
		fclose(file);
	}
	return text;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

/* Each input has its outcome beside it; GOLDEN=update writes them anew. */
Test(config, each_example_gives_its_golden_outcome)
{
	const char *update = getenv("GOLDEN");
	glob_t inputs;

	cr_assert_eq(glob("tests/data/config/*.{yaml,json}", GLOB_BRACE, NULL, &inputs), 0);
	cr_assert_geq(inputs.gl_pathc, 5);
	for (size_t i = 0; i < inputs.gl_pathc; i++) {
		char golden[256], *got = outcome(inputs.gl_pathv[i]), *expected;

		snprintf(golden, sizeof(golden), "%s.out", inputs.gl_pathv[i]);
		if (update && !strcmp(update, "update"))
			write_text(golden, got);
		expected = read_text(golden);
		cr_assert_str_eq(got, expected, "%s: got\n%s", golden, got);
		free(expected);
		free(got);
	}
	globfree(&inputs);
}

Test(config, what_init_gives_is_a_valid_vm)
{
	struct schema_report report = { 0 };
	struct vm_config config;
	struct err err = { 0 };

	vm_config_init(&config);
	cr_assert_eq(vm_config_check(&config, &report), 0, "%s", report.text);
	cr_assert_eq(config.cpus.boot_vcpus, 1);
	cr_assert_eq(config.cpus.max_vcpus, 1);
	cr_assert_eq(config.cpus.topology.packages, SCHEMA_UNSET);
	cr_assert_eq(config.memory.size, 512 * MIB);
	cr_assert_eq(config.memory.prefault, TRI_FALSE);
	cr_assert_eq(config.serial.mode, VM_CONSOLE_TTY);
	cr_assert_eq(vm_config_check_payload(&config, &err), -22);
	cr_assert_eq(err.status, EXIT_INPUT);
	vm_config_fini(&config);
}

struct prefault_case {
	char text[96];
	enum schema_tri expected;
};

ParameterizedTestParameters(config, prefault_follows_strict_huge_pages_and_an_explicit_word)
{
	static struct prefault_case cases[] = {
		{ "memory: 1G", TRI_FALSE },
		{ "placement: {strict: true}", TRI_TRUE },
		{ "memory: {hugepages: true}", TRI_TRUE },
		{ "memory: {hugepages: true, prefault: false}", TRI_FALSE },
		{ "memory: {prefault: true}", TRI_TRUE },
		{ "memory: {prefault: auto}", TRI_FALSE },
	};

	return cr_make_param_array(struct prefault_case, cases, sizeof(cases) / sizeof(*cases));
}

static void load_text(struct vm_config *config, const char *text, struct schema_report *report)
{
	struct schema_node *node = schema_parse("f", text, strlen(text), report);

	schema_defaults(&vm_config_table, config);
	if (node)
		schema_apply(&vm_config_table, node, config, report);
	schema_node_free(node);
	vm_config_resolve(config);
}

ParameterizedTest(struct prefault_case *c, config,
		  prefault_follows_strict_huge_pages_and_an_explicit_word)
{
	struct schema_report report = { 0 };
	struct vm_config config;

	load_text(&config, c->text, &report);
	cr_assert_eq(report.nr, 0, "%s", report.text);
	cr_assert_eq(config.memory.prefault, c->expected, "%s", c->text);
	vm_config_fini(&config);
}

Test(config, the_tune_profile_latency_would_prefault)
{
	struct vm_config config;

	schema_defaults(&vm_config_table, &config);
	config.tune.profile = VM_TUNE_LATENCY;
	vm_config_resolve(&config);
	cr_assert_eq(config.memory.prefault, TRI_TRUE);
	vm_config_fini(&config);
}

static unsigned int draw(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % below;
}

static void random_text(char *buf, size_t room, unsigned int *seed)
{
	static const char *const pieces[] = { "a",	  "0",	  " ",	"\"", "\\",  "#",
					      ": ",	  "\n",	  "\t", "~",  "-",   "[",
					      "\xc3\xa9", "\x01", "'",	"%",  "null" };
	size_t nr = draw(seed, 9) + 1;

	*buf = '\0';
	for (size_t i = 0; i < nr; i++)
		strncat(buf, pieces[draw(seed, 17)], room - strlen(buf) - 1);
}

/* Values that each row may have, drawn over the whole table, whatever they mean together. */
static void randomize(const struct schema_table *table, void *into, unsigned int *seed);

static void randomize_list(const struct schema_row *row, void *into, unsigned int *seed)
{
	unsigned int nr = draw(seed, 4);
	size_t size = row->items == SCHEMA_OBJECT   ? row->table->size
		      : row->items == SCHEMA_STRING ? sizeof(char *)
						    : sizeof(unsigned int);
	char *items = nr ? calloc(nr, size) : NULL;
	char text[64];

	for (unsigned int i = 0; i < nr; i++) {
		if (row->items == SCHEMA_OBJECT) {
			schema_defaults(row->table, items + i * size);
			randomize(row->table, items + i * size, seed);
		} else if (row->items == SCHEMA_STRING) {
			random_text(text, sizeof(text), seed);
			((char **)(void *)items)[i] = strdup(text);
		} else {
			((unsigned int *)(void *)items)[i] = draw(seed, 100000);
		}
	}
	memcpy((char *)into + row->offset, &items, sizeof(items));
	memcpy((char *)into + row->nr_offset, &nr, sizeof(nr));
}

static void randomize_row(const struct schema_row *row, void *into, unsigned int *seed)
{
	char *field = (char *)into + row->offset;
	unsigned int nr = 0;
	char text[64];

	switch (row->type) {
	case SCHEMA_BOOL:
		*(bool *)field = draw(seed, 2);
		break;
	case SCHEMA_TRI:
		*(enum schema_tri *)(void *)field = draw(seed, 3);
		break;
	case SCHEMA_UINT:
		*(unsigned int *)(void *)field =
			(unsigned int)(row->min +
				       draw(seed, (unsigned int)(row->max - row->min) + 1));
		break;
	case SCHEMA_SIZE:
		*(uint64_t *)(void *)field =
			(uint64_t)row->min + draw(seed, 1 << 20) * (1ull << draw(seed, 20));
		break;
	case SCHEMA_STRING:
		*text = '/'; /* an absolute path is printed as it is */
		random_text(text + row->relative, sizeof(text) - 1, seed);
		*(char **)(void *)field = strdup(text);
		break;
	case SCHEMA_ENUM:
		while (row->names[nr])
			nr++;
		do
			*(unsigned int *)(void *)field = draw(seed, nr);
		while (row->names_later >> *(unsigned int *)(void *)field & 1);
		break;
	case SCHEMA_CPUS:
		for (unsigned int i = 0; i < 5; i++)
			cpuset_add((struct cpuset *)(void *)field, draw(seed, 3000));
		break;
	case SCHEMA_OBJECT:
		randomize(row->table, field, seed);
		break;
	case SCHEMA_LIST:
		randomize_list(row, into, seed);
		break;
	default:
		break;
	}
}

static void randomize(const struct schema_table *table, void *into, unsigned int *seed)
{
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!table->rows[i].later &&
		    (table->rows[i].required || table->rows[i].type == SCHEMA_OBJECT ||
		     draw(seed, 2)))
			randomize_row(&table->rows[i], into, seed);
}

Test(config, printing_and_reading_random_values_gives_the_same_bytes)
{
	unsigned int seed = 42;

	for (int i = 0; i < 2000; i++) {
		struct schema_report report = { 0 };
		struct vm_config config, again;
		struct schema_node *node;
		char *printed, *reprinted;

		schema_defaults(&vm_config_table, &config);
		randomize(&vm_config_table, &config, &seed);
		printed = vm_config_print(&config);
		node = schema_parse("f", printed, strlen(printed), &report);
		schema_defaults(&vm_config_table, &again);
		cr_assert_not_null(node, "%s\n%s", report.text, printed);
		schema_apply(&vm_config_table, node, &again, &report);
		cr_assert_eq(report.nr, 0, "%s\n%s", report.text, printed);
		reprinted = vm_config_print(&again);
		cr_assert_str_eq(printed, reprinted);
		free(printed);
		free(reprinted);
		schema_node_free(node);
		vm_config_fini(&config);
		vm_config_fini(&again);
	}
}

/* Resolving what is resolved changes nothing, so printed files are fixed points. */
Test(config, an_effective_configuration_prints_itself)
{
	glob_t inputs;

	cr_assert_eq(glob("tests/data/config/good-*.out", 0, NULL, &inputs), 0);
	for (size_t i = 0; i < inputs.gl_pathc; i++) {
		char *got = outcome(inputs.gl_pathv[i]), *expected = read_text(inputs.gl_pathv[i]);

		cr_assert_str_eq(got, expected, "%s: got\n%s", inputs.gl_pathv[i], got);
		free(expected);
		free(got);
	}
	globfree(&inputs);
}

/* Every default in the table is one that its own row takes, at any depth, and every name is there.
 */
static void check_table(const struct schema_table *table, unsigned int depth)
{
	cr_assert_leq(table->nr_rows, 64);
	cr_assert_lt(depth, 6);
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];

		cr_assert(row->key && *row->help);
		cr_assert_eq(schema_row(table, row->key), row, "%s is there twice", row->key);
		if (row->type == SCHEMA_ENUM)
			cr_assert_not_null(row->names);
		if (row->table && depth < 5)
			check_table(row->table, depth + 1);
	}
}

Test(config, the_table_is_sound)
{
	check_table(&vm_config_table, 0);
}

/* The keys of VmConfig in Cloud Hypervisor's OpenAPI file; all must be known by name. */
Test(config, every_key_of_cloud_hypervisor_is_known)
{
	static const char *const keys[] = {
		"cpus",
		"memory",
		"payload",
		"rate_limit_groups",
		"disks",
		"net",
		"rng",
		"balloon",
		"fs",
		"generic-vhost-user",
		"pmem",
		"serial",
		"console",
		"debug_console",
		"devices",
		"user_devices",
		"vdpa",
		"vsock",
		"pvmemcontrol",
		"pvpanic",
		"iommu",
		"numa",
		"watchdog",
		"rtc",
		"gdb",
		"pci_segments",
		"platform",
		"tpm",
		"landlock_enable",
		"landlock_rules",
		"ivshmem",
		"sgx_epc",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_assert_not_null(schema_row(&vm_config_table, keys[i]), "%s", keys[i]);
}
