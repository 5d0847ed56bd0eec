#include "affinity/topology_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"

/* Tags end at the first '>', as in hwloc's reader: what counts is how deep that one goes. */
int topology_check_xml(const char *text, struct err *err)
{
	unsigned int depth = 0;

	for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
		const char *end = strchr(++at, '>');

		if (!end)
			break;
		if (*at == '/') {
			if (depth)
				depth--;
		} else if (*at != '?' && *at != '!' && end[-1] != '/') {
			depth++;
		}
		if (depth > TOPOLOGY_XML_DEPTH)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "nested deeper than %d levels, which no machine is",
				       TOPOLOGY_XML_DEPTH);
		at = end;
	}
	return 0;
}

/* The end of the attributes that begin here: "(memory=1GB)". */
static const char *skip_attributes(const char *at)
{
	const char *end = strchr(at, ')');

	return end ? end : at + strlen(at) - 1;
}

/* Counts are the numbers that stand by themselves or after a colon; the 3 of "l3" is none. */
int topology_check_synthetic(const char *text, struct err *err)
{
	unsigned long long product = 1;
	char before = ' ';

	for (const char *at = text; *at; at++) {
		char *end;

		if (*at == '(')
			at = skip_attributes(at);
		if (*at >= '0' && *at <= '9' && strchr(" :[", before)) {
			unsigned long long count = strtoull(at, &end, 10);

			if (count > CPUSET_MAX || (product *= count ? count : 1) > CPUSET_MAX)
				return err_set(err, EXIT_INPUT, ERANGE,
					       "more than %u CPUs; lower the counts", CPUSET_MAX);
			at = end - 1;
		}
		before = *at;
	}
	return 0;
}

bool topology_meminfo(const char *text, const char *key, uint64_t *bytes)
{
	size_t len = strlen(key);
	const char *at = text;
	unsigned long long kib;
	char *end;

	while ((at = strstr(at, key)) && (at == text || at[-1] != ' ' || at[len] != ':'))
		at += len;
	if (!at)
		return false;
	at += len + 1;
	at += strspn(at, " \t");
	if (*at < '0' || *at > '9')
		return false;
	errno = 0;
	kib = strtoull(at, &end, 10);
	if (errno || strncmp(end, " kB", 3) != 0 || kib > UINT64_MAX / 1024)
		return false;
	*bytes = kib * 1024;
	return true;
}
