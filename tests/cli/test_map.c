#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/map.h"
#include "cli/topo_json.h"

static struct topology topo;

static void load(const char *source)
{
	struct err err = { 0 };

	topology_setup();
	cr_assert_eq(topology_load(&topo, source, &err), 0, "%s", err.text);
}

static void unload(void)
{
	topology_fini(&topo);
}

static char *drawn(void (*print)(FILE *out, const struct map_view *view),
		   const struct map_view *view)
{
	char *text;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	print(memory, view);
	fclose(memory);
	return text;
}

static unsigned int occurrences(const char *text, const char *what)
{
	unsigned int nr = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		nr++;
	}
	return nr;
}

TestSuite(map, .fini = unload);

Test(map, text_nests_packages_nodes_l3_domains_and_cores)
{
	struct map_view view = { .topo = &topo, .columns = 80, .title = "two" };
	char *text;

	load("synthetic:package:2 [numa(memory=1GiB)] l3:2(size=16MiB) core:2 pu:2");
	text = drawn(map_print_text, &view);
	cr_expect_str_eq(text,
			 "two: 2 packages, 2 nodes, 8 cores, 16 CPUs, 2 GiB\n"
			 "\nPackage 0\n"
			 "  Node 0  DRAM 1 GiB\n"
			 "    L3 16 MiB\n"
			 "      [ 0  1] [ 2  3]\n"
			 "    L3 16 MiB\n"
			 "      [ 4  5] [ 6  7]\n"
			 "\nPackage 1\n"
			 "  Node 1  DRAM 1 GiB\n"
			 "    L3 16 MiB\n"
			 "      [ 8  9] [10 11]\n"
			 "    L3 16 MiB\n"
			 "      [12 13] [14 15]\n"
			 "\nNot told by this source: distances of the nodes, free memory, "
			 "huge pages, offline CPUs, isolated and tickless (nohz_full) CPUs\n");
	free(text);
}

Test(map, text_keeps_to_the_width_of_the_terminal)
{
	struct map_view view = { .topo = &topo, .columns = 60 };
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	load("synthetic:package:1 numa:1 core:40 pu:2");
	text = drawn(map_print_text, &view);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strchr(line, '['))
			cr_expect_leq(strlen(line), 60, "%s", line);
}

Test(map, marks_stand_beside_cpus_and_nodes_in_both_pictures)
{
	struct map_mark cpus[4] = { [2] = { "v0", MAP_VM }, [3] = { "v<1>", MAP_VM + 1 } };
	struct map_mark nodes[2] = { [1] = { "guest node 0, 1 GiB", MAP_VM } };
	struct map_view view = { .topo = &topo, .columns = 80, .cpus = cpus, .nodes = nodes };
	char *text;

	load("synthetic:numa:2 core:2 pu:1");
	topo.cpus[0].isolated = true;
	text = drawn(map_print_text, &view);
	cr_expect(strstr(text, "0*]"), "%s", text);
	cr_expect(strstr(text, "2:v0]"), "%s", text);
	cr_expect(strstr(text, "<- guest node 0, 1 GiB"), "%s", text);
	cr_expect(!strchr(text, '\033'), "no colours where they are not wanted");
	free(text);

	text = drawn(map_print_svg, &view);
	cr_expect(strstr(text, ">2 v0<"), "%s", text);
	cr_expect(strstr(text, ">3 v&lt;1&gt;<"), "labels are escaped");
	cr_expect(strstr(text, "guest node 0, 1 GiB"));
	free(text);
}

Test(map, drawing_shows_every_cpu_once_and_is_closed)
{
	struct map_view view = { .topo = &topo };
	char *text;

	load("synthetic:package:8 numa:2 l3:2 core:4 pu:2");
	text = drawn(map_print_svg, &view);
	cr_expect_eq(occurrences(text, "class=\"cpu\""), topo.nr_cpus);
	cr_expect_eq(occurrences(text, "class=\"package\""), 8);
	cr_expect_eq(strncmp(text, "<svg ", 5), 0);
	cr_expect_str_eq(text + strlen(text) - 7, "</svg>\n");
	free(text);
}

Test(map, json_has_the_keys_that_scripts_rely_on)
{
	static const char *const keys[] = { "source",  "is_host",  "packages",	"nodes",
					    "caches",  "cores",	   "cpus",	"disallowed",
					    "offline", "isolated", "nohz_full", "devices" };
	static const char *const node_keys[] = { "id",		"cpus",	    "memory_total",
						 "memory_free", "kind",	    "kind_source",
						 "hugepages",	"distances" };
	json_t *document, *node;

	load("synthetic:package:2 [numa(memory=1GiB)] l3:2 core:2 pu:2");
	document = topo_json(&topo);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_expect(json_object_get(document, keys[i]), "%s", keys[i]);
	node = json_array_get(json_object_get(document, "nodes"), 1);
	for (size_t i = 0; i < sizeof(node_keys) / sizeof(*node_keys); i++)
		cr_expect(json_object_get(node, node_keys[i]), "nodes[1].%s", node_keys[i]);
	cr_expect_str_eq(json_string_value(json_object_get(node, "cpus")), "8-15");
	cr_expect_eq(json_integer_value(json_object_get(node, "memory_total")), 1L << 30);
	json_decref(document);
}

Test(map, json_says_null_for_what_a_file_does_not_tell)
{
	json_t *document, *node;

	load("synthetic:numa:2 pu:2");
	document = topo_json(&topo);
	node = json_array_get(json_object_get(document, "nodes"), 0);
	cr_expect(json_is_null(json_object_get(node, "memory_free")));
	cr_expect(json_is_null(json_object_get(node, "distances")));
	cr_expect(json_is_null(json_object_get(document, "isolated")));
	json_decref(document);
}
