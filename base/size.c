#include "base/size.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int malformed(const char *text, struct err *err)
{
	return err_set(
		err, EXIT_INPUT, EINVAL,
		"\"%.40s\" is no size; write bytes or a number with K, M, G or T, as in 512M",
		text);
}

static int too_large(const char *text, struct err *err)
{
	return err_set(err, EXIT_INPUT, ERANGE, "size \"%.40s\" is beyond 8 EiB; use a smaller one",
		       text);
}

/* The power of two that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "KMGT";
	const char *at;

	if (!*unit)
		return 0;
	at = strchr(letters, *unit);
	if (!at || unit[1])
		return -1;
	return 10 * (int)(at - letters + 1);
}

int size_parse(const char *text, uint64_t *bytes, struct err *err)
{
	const char *at = text;
	uint64_t value = 0;
	int shift;

	if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
		return malformed(text, err);
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return too_large(text, err);
	}
	shift = unit_shift(at);
	if (shift < 0)
		return malformed(text, err);
	if (value > (uint64_t)INT64_MAX >> shift)
		return too_large(text, err);
	*bytes = value << shift;
	return 0;
}

const char *size_format(uint64_t bytes, char buf[SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (bytes / unit >= 1024 && i + 1 < sizeof(units) / sizeof(*units)) {
		unit *= 1024;
		i++;
	}
	if (bytes % unit == 0)
		snprintf(buf, SIZE_TEXT, "%llu %s", (unsigned long long)(bytes / unit), units[i]);
	else
		snprintf(buf, SIZE_TEXT, "%.1f %s", (double)bytes / (double)unit, units[i]);
	return buf;
}

const char *size_exact(uint64_t bytes, char buf[SIZE_TEXT])
{
	static const char units[] = "KMGT";
	int unit = -1;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(buf, SIZE_TEXT, "%llu%.1s", (unsigned long long)bytes,
		 unit < 0 ? "" : &units[unit]);
	return buf;
}
