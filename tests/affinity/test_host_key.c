#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/host_key.h"

static char folder[64];
static struct fs_root root;

static void put(const char *path, const char *text)
{
	char command[256], full[192];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", folder, path);
	snprintf(command, sizeof(command), "mkdir -p $(dirname %s)", full);
	cr_assert_eq(system(command), 0);
	file = fopen(full, "w");
	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

/* Two nodes of one CPU each. */
static void enter(void)
{
	struct err err;

	strcpy(folder, "/tmp/situ-key-XXXXXX");
	cr_assert(mkdtemp(folder));
	put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	put("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU; v2\n\nprocessor\t: 1\n");
	put("sys/devices/system/cpu/online", "0-1\n");
	put("sys/devices/system/node/online", "0-1\n");
	put("sys/devices/system/node/node0/cpulist", "0\n");
	put("sys/devices/system/node/node1/cpulist", "1\n");
	put("sys/devices/system/node/node0/distance", "10 20\n");
	cr_assert_eq(fs_open_tree(&root, folder, &err), 0);
}

static void leave(void)
{
	char command[128];

	fs_close(&root);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(host_key, .init = enter, .fini = leave);

Test(host_key, names_the_host_without_telling_its_machine_id)
{
	char *key = host_key_read(&root);

	cr_assert(strstr(key, ";model=Some CPU, v2;cpus=0-1;nodes=0-1;shape="), "%s", key);
	cr_assert_eq(strncmp(key, "machine=", 8), 0);
	cr_assert_null(strstr(key, "0123456789abcdef0123456789abcdef"));
	free(key);
}

Test(host_key, is_the_same_for_the_same_host_and_differs_by_field)
{
	char *before = host_key_read(&root), *same = host_key_read(&root), *after;
	char what[200];

	cr_assert_eq(host_key_compare(before, same, what, sizeof(what)), 0);
	put("sys/devices/system/node/node0/distance", "10 32\n");
	after = host_key_read(&root);
	cr_assert_eq(host_key_compare(before, after, what, sizeof(what)), 1);
	cr_assert(strstr(what, "measured with shape="), "%s", what);
	free(after);
	put("sys/devices/system/cpu/online", "0\n");
	after = host_key_read(&root);
	cr_assert_eq(host_key_compare(before, after, what, sizeof(what)), 1);
	cr_assert_str_eq(what, "measured with cpus=0-1, this host has cpus=0");
	free(before);
	free(same);
	free(after);
}

Test(host_key, of_a_host_that_tells_nothing_is_unknown)
{
	char command[128], *key;

	snprintf(command, sizeof(command), "cd %s && rm -r etc proc sys", folder);
	cr_assert_eq(system(command), 0);
	key = host_key_read(&root);
	cr_assert_eq(strncmp(key, "machine=unknown;model=unknown;cpus=unknown;nodes=unknown;", 57),
		     0, "%s", key);
	free(key);
}

Test(host_key, a_foreign_text_is_another_host)
{
	char what[200];

	cr_assert_eq(host_key_compare("", "machine=1", what, sizeof(what)), 1);
	cr_assert_eq(host_key_compare("machine=1;x=2", "machine=1", what, sizeof(what)), 1);
	cr_assert_eq(host_key_compare("machine=1", "machine=1", what, sizeof(what)), 0);
}
