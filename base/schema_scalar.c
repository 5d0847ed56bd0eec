/* One scalar into one field, exactly or not at all. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/schema_node.h"
#include "base/size.h"

#define CPU_LIST_MAX 4096u /* characters: bounds the work that one short text can ask for */
#define TEXT_MAX     65536u

static int refuse(char *why, const char *reason)
{
	snprintf(why, SCHEMA_WORDS, "%s", reason);
	return -EINVAL;
}

/* Decimal digits with an optional minus; no blank, plus or leading zero. */
static int parse_int(const char *text, int64_t *value)
{
	const char *digits = text + (*text == '-');
	char *end;

	if (*digits < '0' || *digits > '9' || (*digits == '0' && (digits[1] || digits != text)))
		return -EINVAL;
	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int store_number(const struct schema_row *row, const char *text, void *field, char *why)
{
	int64_t min = row->min, max = row->max, value;
	unsigned int narrow;

	if (!min && !max) {
		min = row->type == SCHEMA_UINT ? 0 : INT64_MIN;
		max = row->type == SCHEMA_UINT ? (int64_t)SCHEMA_UNSET - 1 : INT64_MAX;
	}
	if (parse_int(text, &value))
		return refuse(why, "is no number");
	if (value < min || value > max)
		return refuse(why, "is out of range");
	narrow = (unsigned int)value;
	if (row->type == SCHEMA_UINT)
		memcpy(field, &narrow, sizeof(narrow));
	else
		memcpy(field, &value, sizeof(value));
	return 0;
}

static int store_size(const struct schema_row *row, const char *text, void *field, char *why)
{
	struct err err;
	uint64_t bytes;

	if (size_parse(text, &bytes, &err))
		return refuse(why, "is no size");
	if (bytes < (uint64_t)row->min || (row->max && bytes > (uint64_t)row->max))
		return refuse(why, "is out of range");
	memcpy(field, &bytes, sizeof(bytes));
	return 0;
}

static int parse_bool(const char *text)
{
	static const char *const words[] = { "false", "true", "off", "on", "no", "yes" };

	for (int i = 0; i < 6; i++)
		if (!strcmp(text, words[i]))
			return i & 1;
	return -1;
}

static int store_bool(const struct schema_row *row, const char *text, void *field, char *why)
{
	int value = parse_bool(text);
	enum schema_tri tri = value == 1 ? TRI_TRUE : TRI_FALSE;
	bool truth = value == 1;

	if (row->type == SCHEMA_TRI && !strcmp(text, "auto"))
		tri = TRI_AUTO;
	else if (value < 0)
		return refuse(why, "is not allowed");
	if (row->type == SCHEMA_TRI)
		memcpy(field, &tri, sizeof(tri));
	else
		memcpy(field, &truth, sizeof(truth));
	return 0;
}

static int store_enum(const struct schema_row *row, const char *text, void *field, char *why)
{
	for (int i = 0; row->names[i]; i++) {
		if (strcasecmp(row->names[i], text) != 0)
			continue;
		if (row->names_later >> i & 1)
			return refuse(why, "is not supported yet");
		memcpy(field, &i, sizeof(i));
		return 0;
	}
	return refuse(why, "is not allowed");
}

static int store_cpus(const char *text, struct cpuset *field, char *why)
{
	struct cpuset set = { 0 };
	struct err err;

	if (strlen(text) > CPU_LIST_MAX || strchr(text, '\n'))
		return refuse(why, "is no list of numbers of at most 4096 characters");
	if (cpuset_parse(&set, text, &err)) {
		cpuset_fini(&set);
		return refuse(why, err.errnum == ERANGE ? "has a number beyond 65535"
							: "is no list of numbers");
	}
	cpuset_fini(field);
	*field = set;
	return 0;
}

/* A relative path stays valid wherever its configuration is printed to, once it is absolute. */
static char *absolute_path(const struct schema_node *node)
{
	const char *source = node->place.source, *slash;
	AUTO_FREE char *cwd = NULL;
	size_t folder;

	if (node->text[0] == '/')
		return alloc_string(node->text);
	slash = node->place.line ? strrchr(source, '/') : NULL;
	folder = slash ? (size_t)(slash - source) + 1 : 0;
	if (slash && *source == '/')
		return alloc_printf("%.*s%s", (int)folder, source, node->text);
	cwd = getcwd(NULL, 0);
	return alloc_printf("%s/%.*s%s", cwd ? cwd : ".", (int)folder, folder ? source : "",
			    node->text);
}

/* RFC 3629, without surrogates: what YAML can print and read again. */
static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		unsigned int len = *at < 0x80		       ? 1
				   : *at >= 0xc2 && *at < 0xe0 ? 2
				   : *at >= 0xe0 && *at < 0xf0 ? 3
				   : *at >= 0xf0 && *at < 0xf5 ? 4
							       : 0;

		if (!len || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
		    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
			return false;
		for (unsigned int i = 1; i < len; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		at += len;
	}
	return true;
}

static int store_string(const struct schema_row *row, const struct schema_node *node, void *field,
			char *why)
{
	size_t len = strlen(node->text);
	char *text, *old;

	if (len < (size_t)row->min)
		return refuse(why, "is empty");
	if (len > (row->max ? (size_t)row->max : TEXT_MAX))
		return refuse(why, "is too long");
	text = row->relative ? absolute_path(node) : alloc_string(node->text);
	if (!is_utf8(text)) {
		free(text);
		return refuse(why, "is not UTF-8");
	}
	memcpy(&old, field, sizeof(old));
	free(old);
	memcpy(field, &text, sizeof(text));
	return 0;
}

/* What YAML takes for null, and quotes around what must be a number or a truth value. */
static int check_style(const struct schema_row *row, const struct schema_node *node, char *why)
{
	const char *text = node->text;
	bool word = row->type == SCHEMA_BOOL || row->type == SCHEMA_UINT ||
		    row->type == SCHEMA_INT ||
		    (row->type == SCHEMA_TRI && strcmp(text, "auto") != 0);

	if (node->style == STYLE_PLAIN &&
	    (!*text || !strcmp(text, "~") || !strcasecmp(text, "null")))
		return refuse(why, "is no value");
	if (node->style == STYLE_QUOTED && word)
		return refuse(why, "is text in quotes");
	return 0;
}

int scalar_store(const struct schema_row *row, const struct schema_node *node, void *field,
		 char why[SCHEMA_WORDS])
{
	int ret = check_style(row, node, why);

	if (ret)
		return ret;
	switch (row->type) {
	case SCHEMA_BOOL:
	case SCHEMA_TRI:
		return store_bool(row, node->text, field, why);
	case SCHEMA_UINT:
	case SCHEMA_INT:
		return store_number(row, node->text, field, why);
	case SCHEMA_SIZE:
		return store_size(row, node->text, field, why);
	case SCHEMA_STRING:
		return store_string(row, node, field, why);
	case SCHEMA_ENUM:
		return store_enum(row, node->text, field, why);
	default:
		assert(row->type == SCHEMA_CPUS);
		return store_cpus(node->text, field, why);
	}
}
