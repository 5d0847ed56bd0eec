#ifndef SITU_TESTS_NUMA_TREE_H
#define SITU_TESTS_NUMA_TREE_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

/* A folder that stands for a host's sysfs and procfs. */
struct tree {
	char path[32];
	struct fs_root root;
};

static inline void tree_init(struct tree *tree)
{
	struct err err;

	strcpy(tree->path, "/tmp/situ-numa-XXXXXX");
	cr_assert(mkdtemp(tree->path));
	cr_assert_eq(fs_open_tree(&tree->root, tree->path, &err), 0);
}

static inline void tree_fini(struct tree *tree)
{
	char command[64];

	fs_close(&tree->root);
	snprintf(command, sizeof(command), "rm -r %s", tree->path);
	cr_assert_eq(system(command), 0);
}

__attribute__((format(printf, 3, 4))) static inline void
tree_put(const struct tree *tree, const char *name, const char *fmt, ...)
{
	char command[512], path[256];
	va_list ap;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree->path, name);
	snprintf(command, sizeof(command), "mkdir -p $(dirname '%s')", path);
	cr_assert_eq(system(command), 0);
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fclose(file);
}

#endif
