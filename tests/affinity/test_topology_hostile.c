/* Sources that are no map: one clear error, whatever is in them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <sys/stat.h>

#include "affinity/topology.h"
#include "affinity/topology_text.h"
#include "tests/tree.h"

/* hwloc 2.9 loses the objects of a file that it refuses half-way; the sanitizer asks for this by
 * name.
 */
const char *__lsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier) */
const char *__lsan_default_suppressions(void)
{
	return "leak:libhwloc\nleak:hwloc_\n";
}

static struct tree tree;

static void make_tree(void)
{
	tree_init(&tree);
	topology_setup();
}

static void remove_tree(void)
{
	tree_fini(&tree);
}

TestSuite(topology_hostile, .init = make_tree, .fini = remove_tree);

static void expect_refused(const char *source, const char *says)
{
	struct topology topo;
	struct err err = { 0 };

	cr_assert_neq(topology_load(&topo, source, &err), 0, "%s", source);
	cr_expect_eq(err.status, EXIT_INPUT, "%s", source);
	cr_expect(strstr(err.text, source), "the error names its object: %s", err.text);
	cr_expect(strstr(err.text, says), "\"%s\" in: %s", says, err.text);
	cr_expect_not(strchr(err.text, '\n'), "one sentence: %s", err.text);
	cr_expect_eq(topo.nr_cpus, 0);
	cr_expect_null(topo.source);
}

static void expect_file_refused(const char *bytes, size_t len, const char *says)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/map.xml", tree.path);
	file = fopen(path, "w");
	cr_assert(file);
	cr_assert_eq(fwrite(bytes, 1, len, file), len);
	fclose(file);
	expect_refused(path, says);
}

static void expect_repeated_refused(const char *piece, size_t nr, const char *says)
{
	size_t len = strlen(piece);
	char *text = alloc_zeroed(nr + 1, len);

	for (size_t i = 0; i < nr; i++)
		memcpy(text + i * len, piece, len);
	expect_file_refused(text, nr * len, says);
	free(text);
}

Test(topology_hostile, an_empty_file)
{
	expect_file_refused("", 0, "empty");
}

Test(topology_hostile, a_binary_file)
{
	expect_file_refused("\177ELF\2\1\1\0\0\0<\0>\0", 14, "XML");
}

Test(topology_hostile, ten_megabytes_of_brackets)
{
	expect_repeated_refused("[", 10 << 20, "XML");
	expect_repeated_refused("<", 10 << 20, "XML");
	expect_repeated_refused("<>", 5 << 20, "deeper");
}

Test(topology_hostile, objects_nested_without_end)
{
	expect_repeated_refused("<object type=\"Group\">", 200000, "deeper");
}

Test(topology_hostile, a_file_cut_anywhere)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"2.0\">\n"
		"<object type=\"Machine\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
		"allowed_cpuset=\"0x1\" nodeset=\"0x1\" complete_nodeset=\"0x1\" "
		"allowed_nodeset=\"0x1\">\n<object type=\"NUMANode\" os_index=\"0\" cpuset=\"0x1\" "
		"complete_cpuset=\"0x1\" nodeset=\"0x1\" complete_nodeset=\"0x1\" "
		"local_memory=\"4096\"/>\n<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" "
		"complete_cpuset=\"0x1\" nodeset=\"0x1\" complete_nodeset=\"0x1\"/>\n</object>\n";

	for (size_t len = 1; len < sizeof(text) - 1; len += 7)
		expect_file_refused(text, len, "XML");
}

Test(topology_hostile, things_that_are_no_files)
{
	char path[80];

	expect_refused(tree.path, "dir:");
	expect_refused("/dev/null", "regular file");
	snprintf(path, sizeof(path), "%s/fifo", tree.path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_refused(path, "regular file");
	snprintf(path, sizeof(path), "%s/nothing", tree.path);
	expect_refused(path, "No such file");
	snprintf(path, sizeof(path), "dir:%s/nothing", tree.path);
	expect_refused(path, "No such file");
}

ParameterizedTestParameters(topology_hostile, descriptions_that_describe_nothing)
{
	static char cases[][64] = {
		"synthetic:",
		"synthetic:x",
		"synthetic:pu:0",
		"synthetic:pu:99999999",
		"synthetic:package:1000 core:1000",
		"synthetic:4294967296 4294967296",
	};

	return cr_make_param_array(char[64], cases, 6);
}

ParameterizedTest(char (*source)[64], topology_hostile, descriptions_that_describe_nothing)
{
	expect_refused(*source, "");
}

Test(topology_hostile, synthetic_counts_are_multiplied_and_sizes_are_not)
{
	struct err err = { 0 };

	cr_expect_eq(topology_check_synthetic("package:8 l3:4(size=64MB) core:64 pu:4", &err), 0);
	cr_expect_eq(topology_check_synthetic("2 [numa(memory=999999999)] 4 l3:2 2", &err), 0);
	cr_expect_eq(topology_check_synthetic("package:8 l3:33 core:64 pu:4", &err), -ERANGE);
	cr_expect_eq(topology_check_synthetic("(", &err), 0, "an open bracket ends");
}

Test(topology_hostile, meminfo_takes_whole_keys_and_numbers_in_kb_alone)
{
	uint64_t bytes = 1;

	cr_expect(topology_meminfo("Node 0 MemFree:   12 kB\n", "MemFree", &bytes));
	cr_expect_eq(bytes, 12 * 1024);
	cr_expect_not(topology_meminfo("Node 0 MemFreeX: 12 kB\n", "MemFree", &bytes));
	cr_expect_not(topology_meminfo("Node 0 XMemFree: 12 kB\n", "MemFree", &bytes));
	cr_expect_not(topology_meminfo("Node 0 MemFree: -12 kB\n", "MemFree", &bytes));
	cr_expect_not(topology_meminfo("Node 0 MemFree: 12 MB\n", "MemFree", &bytes));
	cr_expect_not(
		topology_meminfo("Node 0 MemFree: 99999999999999999999 kB\n", "MemFree", &bytes));
	cr_expect_not(topology_meminfo("", "MemFree", &bytes));
}
