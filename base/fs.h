#ifndef SITU_BASE_FS_H
#define SITU_BASE_FS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * Small files below a root: "/" for this host, or a captured tree. Any thread.
 *
 * Every read of sysfs and procfs goes through a root, so that a recorded host can stand in for a
 * live one. Paths are relative to the root ("sys/devices/..."), and for a captured tree they cannot
 * leave it (openat2 RESOLVE_IN_ROOT, openat2(2)). Calls return -errno; -ENOENT is an answer, not an
 * event, so none of them logs.
 */
struct fs_root {
	int fd;
	int is_host; /* the root is "/": what is read is true of this machine */
};

int fs_open_host(struct fs_root *root, struct err *err);
int fs_open_tree(struct fs_root *root, const char *path, struct err *err);
void fs_close(struct fs_root *root);

/* O_CLOEXEC is added; the caller closes. */
int fs_open(const struct fs_root *root, const char *path, int flags);
int fs_exists(const struct fs_root *root, const char *path);

/* Reads the whole file, terminates it, strips one trailing newline. Returns the length, or -EFBIG
 * if it does not fit into len - 1 bytes. The f-variants take a printf path. */
int fs_read(const struct fs_root *root, const char *path, char *buf, size_t len);
int fs_readf(const struct fs_root *root, char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The whole file of any size up to limit, terminated; the caller frees *text. Returns its length.
 */
long fs_read_all(const struct fs_root *root, const char *path, size_t limit, char **text);
/* The same for a file that a person named: relative to the working directory, below no root. */
long fs_load(const char *path, size_t limit, char **text);
/* A file that holds one decimal number; -EINVAL if it holds anything else. */
int fs_read_u64f(const struct fs_root *root, uint64_t *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A file that holds a cpulist. */
int fs_read_listf(const struct fs_root *root, struct cpuset *set, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One write(2) of the text to an existing file (no O_CREAT): how sysfs and procfs want it. */
int fs_write(const struct fs_root *root, const char *path, const char *text);

/* Calls visit(name, arg) for each entry but . and .., in no order; stops on non-zero and returns
 * it. */
int fs_list(const struct fs_root *root, const char *path, int (*visit)(const char *name, void *arg),
	    void *arg);
/* The target of a symbolic link, terminated. Returns its length. */
int fs_read_link(const struct fs_root *root, const char *path, char *buf, size_t len);

#endif
