#include "numa/numa_maps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"
#include "base/size.h"

/* A word of a line: the kernel escapes blanks and '=' in file names, so none is mistaken. */
static const char *next_word(const char *at, const char *end)
{
	while (at < end && *at != ' ')
		at++;
	while (at < end && *at == ' ')
		at++;
	return at;
}

static bool read_number(const char **at, uint64_t *value)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*value = strtoull(*at, &end, 10);
	*at = end;
	return !errno;
}

/* "N<node>=<pages>" */
static bool read_count(const char *word, struct numa_count *count)
{
	uint64_t node;

	if (*word++ != 'N' || !read_number(&word, &node) || node >= CPUSET_MAX || *word++ != '=')
		return false;
	count->node = (unsigned int)node;
	return read_number(&word, &count->pages);
}

static uint64_t page_size(const char *at, const char *end)
{
	static const char key[] = "kernelpagesize_kB=";
	uint64_t kib;

	for (; at < end; at = next_word(at, end))
		if (!strncmp(at, key, sizeof(key) - 1)) {
			at += sizeof(key) - 1;
			return read_number(&at, &kib) && kib <= GIB ? kib * KIB : 0;
		}
	return 0;
}

static int read_line(const char *at, const char *end,
		     void (*visit)(const struct numa_count *count, void *arg), void *arg)
{
	struct numa_count count = { 0 };
	char *word;

	errno = 0;
	count.start = strtoull(at, &word, 16);
	if (errno || word == at || word > end)
		return -EINVAL;
	count.page_size = page_size(word, end);
	for (at = next_word(word, end); at < end; at = next_word(at, end)) {
		if (!read_count(at, &count))
			continue;
		if (!count.page_size)
			return -EINVAL;
		visit(&count, arg);
	}
	return 0;
}

int numa_maps_read(const char *text, void (*visit)(const struct numa_count *count, void *arg),
		   void *arg)
{
	int ret = 0;

	while (!ret && *text) {
		const char *end = strchrnul(text, '\n');

		ret = read_line(text, end, visit, arg);
		text = *end ? end + 1 : end;
	}
	return ret;
}
