/* Maps of real machines: what we count in them is what hwloc's own tools count. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "affinity/topology.h"
#include "base/alloc.h"

#define FOLDER	  "../shared/data/topologies"
#define MAX_FILES 200

struct file_name {
	char name[120];
};

static size_t list_files(struct file_name *files)
{
	DIR *dir = opendir(FOLDER);
	const struct dirent *entry;
	size_t nr = 0;

	while (dir && (entry = readdir(dir)) && nr < MAX_FILES)
		if (strstr(entry->d_name, ".xml"))
			snprintf(files[nr++].name, sizeof(files->name), "%.119s", entry->d_name);
	if (dir)
		closedir(dir);
	if (!nr)
		snprintf(files[nr++].name, sizeof(files->name), "none");
	return nr;
}

ParameterizedTestParameters(topology_files, counts_are_those_of_hwloc_calc)
{
	static struct file_name files[MAX_FILES];
	size_t nr = list_files(files);

	return cr_make_param_array(struct file_name, files, nr);
}

/* What "hwloc-calc -N type location" prints; 0 for a type that the file lacks. */
static unsigned int hwloc_count(const char *path, const char *type, const char *location)
{
	char command[512];
	unsigned int nr = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "hwloc-calc -i '%s' -N %s %s 2>/dev/null", path, type,
		 location);
	pipe = popen(command, "r");
	cr_assert(pipe);
	if (fscanf(pipe, "%u", &nr) != 1)
		nr = 0;
	pclose(pipe);
	return nr;
}

static unsigned int count_level(const struct topology *topo, unsigned int level)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < topo->nr_caches; i++)
		nr += topo->caches[i].level == level;
	return nr;
}

ParameterizedTest(struct file_name *file, topology_files, counts_are_those_of_hwloc_calc)
{
	AUTO_FREE char *path = alloc_printf(FOLDER "/%s", file->name);
	struct topology topo;
	struct err err = { 0 };
	unsigned int cores;

	if (!strcmp(file->name, "none"))
		cr_skip_test("the files of real machines are not there (" FOLDER ")");
	topology_setup();
	cr_assert_eq(topology_load(&topo, path, &err), 0, "%s", err.text);
	cr_expect_eq(topo.nr_packages, hwloc_count(path, "package", "all"));
	cr_expect_eq(topo.nr_nodes, hwloc_count(path, "numa", "--nodeset root"));
	cr_expect_eq(count_level(&topo, 3), hwloc_count(path, "l3", "all"));
	cr_expect_eq(topo.nr_cpus, hwloc_count(path, "pu", "all"));
	/* A file without cores: every CPU is one. */
	cores = hwloc_count(path, "core", "all");
	cr_expect_eq(topo.nr_cores, cores ? cores : topo.nr_cpus);
	cr_expect_not(topo.is_host);
	topology_fini(&topo);
}
