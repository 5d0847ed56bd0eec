#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

#define PATH_LEN 512

int fs_open_host(struct fs_root *root, struct err *err)
{
	int ret = fs_open_tree(root, "/", err);

	root->is_host = !ret;
	return ret;
}

int fs_open_tree(struct fs_root *root, const char *path, struct err *err)
{
	root->is_host = 0;
	root->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return err_sys(err, EXIT_INPUT, errno, "cannot open folder %s", path);
	return 0;
}

void fs_close(struct fs_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

/* glibc 2.36 has no wrapper for openat2. */
static int open_in_root(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

int fs_open(const struct fs_root *root, const char *path, int flags)
{
	int fd;

	while (*path == '/')
		path++;
	if (root->is_host)
		fd = openat(root->fd, path, flags | O_CLOEXEC);
	else
		fd = open_in_root(root->fd, path, (uint64_t)flags);
	return fd < 0 ? -errno : fd;
}

int fs_exists(const struct fs_root *root, const char *path)
{
	int fd = fs_open(root, path, O_PATH);

	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

/* Reads until the end or until len bytes; a file in sysfs may come in pieces. */
static long read_full(int fd, char *buf, size_t len)
{
	size_t used = 0;

	while (used < len) {
		ssize_t got = read(fd, buf + used, len - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (long)used;
}

int fs_read(const struct fs_root *root, const char *path, char *buf, size_t len)
{
	int fd = fs_open(root, path, O_RDONLY);
	long used;

	if (len)
		*buf = '\0';
	if (fd < 0)
		return fd;
	used = read_full(fd, buf, len);
	close(fd);
	if (used < 0)
		return (int)used;
	if ((size_t)used == len)
		return -EFBIG;
	if (used && buf[used - 1] == '\n')
		used--;
	buf[used] = '\0';
	return (int)used;
}

static int format_path(char path[PATH_LEN], const char *fmt, va_list ap)
{
	int used = vsnprintf(path, PATH_LEN, fmt, ap);

	return used < 0 || used >= PATH_LEN ? -ENAMETOOLONG : 0;
}

int fs_readf(const struct fs_root *root, char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_LEN];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = format_path(path, fmt, ap);
	va_end(ap);
	return ret ? ret : fs_read(root, path, buf, len);
}

/* Reads to the end of the file and closes it. */
static long slurp(int fd, size_t limit, char **text)
{
	size_t room = 4096, used = 0;
	char *buf = alloc_zeroed(room, 1);
	long got;

	for (;;) {
		got = read_full(fd, buf + used, room - 1 - used);
		if (got < 0)
			break;
		used += (size_t)got;
		if (used > limit)
			got = -EFBIG;
		if (used > limit || used < room - 1)
			break;
		room *= 2;
		buf = alloc_resize(buf, room, 1);
	}
	close(fd);
	if (got < 0) {
		free(buf);
		return got;
	}
	buf[used] = '\0';
	*text = buf;
	return (long)used;
}

long fs_read_all(const struct fs_root *root, const char *path, size_t limit, char **text)
{
	int fd = fs_open(root, path, O_RDONLY);

	*text = NULL;
	return fd < 0 ? fd : slurp(fd, limit, text);
}

long fs_load(const char *path, size_t limit, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = NULL;
	return fd < 0 ? -errno : slurp(fd, limit, text);
}

int fs_read_u64f(const struct fs_root *root, uint64_t *value, const char *fmt, ...)
{
	char path[PATH_LEN], text[64], *end;
	unsigned long long number;
	va_list ap;
	int used;

	va_start(ap, fmt);
	used = format_path(path, fmt, ap);
	va_end(ap);
	if (!used)
		used = fs_read(root, path, text, sizeof(text));
	if (used < 0)
		return used;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end)
		return -EINVAL;
	*value = number;
	return 0;
}

int fs_read_listf(const struct fs_root *root, struct cpuset *set, const char *fmt, ...)
{
	char path[PATH_LEN];
	AUTO_FREE char *text = NULL;
	struct err err;
	va_list ap;
	long used;

	va_start(ap, fmt);
	used = format_path(path, fmt, ap);
	va_end(ap);
	if (!used)
		used = fs_read_all(root, path, 1 << 20, &text);
	if (used < 0)
		return (int)used;
	return cpuset_parse(set, text, &err);
}

int fs_write(const struct fs_root *root, const char *path, const char *text)
{
	int fd = fs_open(root, path, O_WRONLY);
	size_t len = strlen(text);
	ssize_t put;
	int ret = 0;

	if (fd < 0)
		return fd;
	put = write(fd, text, len);
	if (put < 0)
		ret = -errno;
	else if ((size_t)put != len)
		ret = -EIO;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

int fs_list(const struct fs_root *root, const char *path, int (*visit)(const char *name, void *arg),
	    void *arg)
{
	int fd = fs_open(root, path, O_RDONLY | O_DIRECTORY);
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	while (!ret && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ret = visit(entry->d_name, arg);
	closedir(dir);
	return ret;
}

int fs_read_link(const struct fs_root *root, const char *path, char *buf, size_t len)
{
	int fd = fs_open(root, path, O_PATH | O_NOFOLLOW);
	ssize_t used;

	if (len)
		*buf = '\0';
	if (fd < 0)
		return fd;
	used = readlinkat(fd, "", buf, len);
	close(fd);
	if (used < 0)
		return -errno;
	if ((size_t)used == len)
		return -ENAMETOOLONG;
	buf[used] = '\0';
	return (int)used;
}
