#ifndef SITU_TESTS_TREE_H
#define SITU_TESTS_TREE_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/*
 * A small captured tree in a temporary folder, written by the test that needs it. One thread.
 */
struct tree {
	char path[64];
};

static inline void tree_init(struct tree *tree)
{
	snprintf(tree->path, sizeof(tree->path), "/tmp/situ-tree-XXXXXX");
	cr_assert(mkdtemp(tree->path));
}

static inline void tree_fini(struct tree *tree)
{
	char *command = alloc_printf("rm -rf -- '%s'", tree->path);

	cr_expect_eq(system(command), 0);
	free(command);
}

/* Makes the folders above the last part of a path. */
static inline void tree_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

/* tree_put(&tree, "cpulist", text, "sys/devices/system/node/node%u", 3) writes one file. */
static inline void __attribute__((format(printf, 4, 5)))
tree_put(const struct tree *tree, const char *name, const char *text, const char *folder, ...)
{
	char *within, *path;
	va_list ap;
	FILE *file;

	va_start(ap, folder);
	cr_assert_geq(vasprintf(&within, folder, ap), 0);
	va_end(ap);
	path = alloc_printf("%s/%s/%s", tree->path, within, name);
	tree_folders(path);
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	fputs(text, file);
	fclose(file);
	free(path);
	free(within);
}

#endif
