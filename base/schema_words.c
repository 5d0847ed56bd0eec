/* What rows take, in words: for errors, --help, the manual and the completion. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/schema_node.h"
#include "base/size.h"

static void number_range(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	if (row->min || row->max)
		snprintf(buf, SCHEMA_WORDS, "a number from %" PRId64 " to %" PRId64, row->min,
			 row->max);
	else
		snprintf(buf, SCHEMA_WORDS, "a decimal number");
}

static void size_range(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	char min[SIZE_TEXT], max[SIZE_TEXT];

	size_exact((uint64_t)row->min, min);
	size_exact((uint64_t)row->max, max);
	snprintf(buf, SCHEMA_WORDS, "a size such as 16G, 512M or bytes%s%s%s%s",
		 row->min ? ", at least " : "", row->min ? min : "", row->max ? ", at most " : "",
		 row->max ? max : "");
}

static void enum_names(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; row->names[i] && used < SCHEMA_WORDS; i++)
		if (!(row->names_later >> i & 1))
			used += (size_t)snprintf(buf + used, SCHEMA_WORDS - used, "%s%s",
						 used ? ", " : "", row->names[i]);
}

const char *schema_allowed(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	static const char *const words[] = {
		[SCHEMA_BOOL] = "true or false (or on, off, yes, no)",
		[SCHEMA_TRI] = "auto, true or false (or on, off, yes, no)",
		[SCHEMA_STRING] = "text",
		[SCHEMA_CPUS] = "numbers: 4, \"0-3,8\" or a list of these",
		[SCHEMA_OBJECT] = "a mapping of keys to values",
		[SCHEMA_LIST] = "a list",
	};

	switch (row->type) {
	case SCHEMA_UINT:
	case SCHEMA_INT:
		number_range(row, buf);
		return buf;
	case SCHEMA_SIZE:
		size_range(row, buf);
		return buf;
	case SCHEMA_ENUM:
		enum_names(row, buf);
		return buf;
	default:
		return words[row->type];
	}
}

static const char *scalar_word(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	static const char *const words[] = {
		[SCHEMA_BOOL] = "on|off", [SCHEMA_TRI] = "auto|on|off", [SCHEMA_UINT] = "NUMBER",
		[SCHEMA_INT] = "NUMBER",  [SCHEMA_SIZE] = "SIZE",	[SCHEMA_STRING] = "TEXT",
		[SCHEMA_CPUS] = "[LIST]", [SCHEMA_LIST] = "[LIST]",	[SCHEMA_OBJECT] = "KEYS",
	};
	size_t used;

	if (row->type != SCHEMA_ENUM)
		return words[row->type];
	schema_allowed(row, buf);
	for (char *at = buf; (at = strstr(at, ", ")); at++) {
		*at = '|';
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
	}
	used = strlen(buf);
	return used < 24 ? buf : "NAME";
}

const char *schema_placeholder(const struct schema_row *row, char buf[SCHEMA_WORDS])
{
	const struct schema_row *bare;
	char word[SCHEMA_WORDS];

	if (!row->table)
		return scalar_word(row, buf);
	bare = row->table->bare ? schema_row(row->table, row->table->bare) : NULL;
	snprintf(buf, SCHEMA_WORDS, "%s%sKEY=VALUE,...", bare ? scalar_word(bare, word) : "",
		 bare ? "|" : "");
	return buf;
}
