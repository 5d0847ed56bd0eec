#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/host_key.h"
#include "tests/tree.h"

static struct tree tree;
static struct fs_root root;

/* Two nodes of one CPU each. */
static void enter(void)
{
	struct err err;

	tree_init(&tree);
	tree_put(&tree, "machine-id", "0123456789abcdef0123456789abcdef\n", "etc");
	tree_put(&tree, "cpuinfo", "processor\t: 0\nmodel name\t: Some CPU; v2\n\nprocessor\t: 1\n",
		 "proc");
	tree_put(&tree, "online", "0-1\n", "sys/devices/system/cpu");
	tree_put(&tree, "online", "0-1\n", "sys/devices/system/node");
	tree_put(&tree, "cpulist", "0\n", "sys/devices/system/node/node0");
	tree_put(&tree, "cpulist", "1\n", "sys/devices/system/node/node1");
	tree_put(&tree, "distance", "10 20\n", "sys/devices/system/node/node0");
	cr_assert_eq(fs_open_tree(&root, tree.path, &err), 0);
}

static void leave(void)
{
	fs_close(&root);
	tree_fini(&tree);
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
	tree_put(&tree, "distance", "10 32\n", "sys/devices/system/node/node0");
	after = host_key_read(&root);
	cr_assert_eq(host_key_compare(before, after, what, sizeof(what)), 1);
	cr_assert(strstr(what, "measured with shape="), "%s", what);
	free(after);
	tree_put(&tree, "online", "0\n", "sys/devices/system/cpu");
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

	snprintf(command, sizeof(command), "cd %s && rm -r etc proc sys", tree.path);
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
