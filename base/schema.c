#include "base/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/schema_node.h"

const struct schema_row *schema_row(const struct schema_table *table, const char *key)
{
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!strcmp(table->rows[i].key, key))
			return &table->rows[i];
	return NULL;
}

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

#define NAME_MAX_LEN 40u

/* Insertions, deletions and replacements that make b of a (Levenshtein); both are short. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1], above_left, above;
	size_t len = strlen(b);

	for (unsigned int j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		above_left = row[0];
		row[0] = i;
		for (unsigned int j = 1; j <= len; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
				       above_left + (a[i - 1] != b[j - 1]));
			above_left = above;
		}
	}
	return row[len];
}

const char *schema_nearest(const struct schema_table *table, const char *key)
{
	unsigned int best = 0, distance;
	const char *nearest = NULL;

	if (strlen(key) > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < table->nr_rows; i++) {
		const char *name = table->rows[i].key;

		if (strlen(name) > NAME_MAX_LEN)
			continue;
		distance = edit_distance(key, name);
		if (distance > (1 + strlen(key)) / 3 || (nearest && distance >= best))
			continue;
		best = distance;
		nearest = name;
	}
	return nearest;
}

bool row_is_scalar(const struct schema_row *row)
{
	return row->type != SCHEMA_OBJECT && row->type != SCHEMA_LIST;
}

struct schema_row item_row(const struct schema_row *row)
{
	return (struct schema_row){
		.key = row->key,
		.type = row->items,
		.table = row->table,
		.max = INT64_C(0),
	};
}

size_t item_size(const struct schema_row *row)
{
	switch (row->items) {
	case SCHEMA_OBJECT:
		return row->table->size;
	case SCHEMA_STRING:
		return sizeof(char *);
	default:
		assert(row->items == SCHEMA_UINT);
		return sizeof(unsigned int);
	}
}

/* Items live behind pointers of many types, so the pointer is copied as bytes. */
void *list_items(const struct schema_row *row, const void *base, unsigned int *nr)
{
	void *items;

	memcpy(&items, (const char *)base + row->offset, sizeof(items));
	memcpy(nr, (const char *)base + row->nr_offset, sizeof(*nr));
	return items;
}

static void list_fini(const struct schema_row *row, void *base)
{
	const struct schema_row item = item_row(row);
	unsigned int nr, none = 0;
	void *items = list_items(row, base, &nr), *gone = NULL;

	for (unsigned int i = 0; i < nr; i++)
		field_fini(&item, (char *)items + i * item_size(row));
	free(items);
	memcpy((char *)base + row->offset, &gone, sizeof(gone));
	memcpy((char *)base + row->nr_offset, &none, sizeof(none));
}

void field_fini(const struct schema_row *row, void *base)
{
	void *field = (char *)base + row->offset, *text;

	switch (row->type) {
	case SCHEMA_STRING:
		memcpy(&text, field, sizeof(text));
		free(text);
		memset(field, 0, sizeof(text));
		break;
	case SCHEMA_CPUS:
		cpuset_fini(field);
		break;
	case SCHEMA_OBJECT:
		schema_fini(row->table, field);
		break;
	case SCHEMA_LIST:
		list_fini(row, base);
		break;
	default:
		break;
	}
}

void schema_fini(const struct schema_table *table, void *into)
{
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!table->rows[i].later)
			field_fini(&table->rows[i], into);
	memset(into, 0, table->size);
}

/* A default that its own row refuses is a mistake in the table. */
static void store_fallback(const struct schema_row *row, void *field)
{
	struct schema_node node = { .kind = NODE_SCALAR, .style = STYLE_FLAG };
	char why[SCHEMA_WORDS];
	int ret;

	node.text = alloc_string(row->fallback);
	ret = scalar_store(row, &node, field, why);
	assert(!ret);
	free(node.text);
}

static void store_default(const struct schema_row *row, void *into)
{
	void *field = (char *)into + row->offset;
	const unsigned int unset = SCHEMA_UNSET;
	const int no_enum = SCHEMA_NO_ENUM;

	if (row->type == SCHEMA_OBJECT)
		schema_defaults(row->table, field);
	else if (row->fallback)
		store_fallback(row, field);
	else if (row->type == SCHEMA_UINT)
		memcpy(field, &unset, sizeof(unset));
	else if (row->type == SCHEMA_ENUM)
		memcpy(field, &no_enum, sizeof(no_enum));
}

void schema_defaults(const struct schema_table *table, void *into)
{
	assert(table->nr_rows <= 64);
	memset(into, 0, table->size);
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!table->rows[i].later)
			store_default(&table->rows[i], into);
}
