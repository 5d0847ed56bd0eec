/* A tree against its table: what fits goes into the struct, what does not into the report. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/schema_node.h"

struct apply {
	struct schema_report *report;
	char path[256]; /* "memory.zones[1].size": what the errors are about */
};

static void apply_object(struct apply *a, const struct schema_table *table,
			 const struct schema_node *node, void *into);
static void apply_value(struct apply *a, const struct schema_row *row,
			const struct schema_node *node, void *into);

/* Returns the length to cut the path back to. Table keys are short and depth is bounded. */
static size_t path_push(struct apply *a, const char *key)
{
	size_t used = strlen(a->path);

	snprintf(a->path + used, sizeof(a->path) - used, "%s%.40s", used ? "." : "", key);
	return used;
}

static size_t path_push_index(struct apply *a, unsigned int index)
{
	size_t used = strlen(a->path);

	snprintf(a->path + used, sizeof(a->path) - used, "[%u]", index);
	return used;
}

static void complain(struct apply *a, struct node_place at, const char *what)
{
	report_add(a->report, at, "%s%s%s", a->path, *a->path ? ": " : "", what);
}

static const char *shown(const struct schema_node *node)
{
	static const char *const kinds[] = {
		[NODE_SEQUENCE] = "a list", [NODE_MAPPING] = "a mapping"
	};

	return node->kind == NODE_SCALAR ? node->text : kinds[node->kind];
}

static void complain_value(struct apply *a, const struct schema_row *row,
			   const struct schema_node *node, const char *why)
{
	const char *quote = node->kind == NODE_SCALAR ? "\"" : "";
	char allowed[SCHEMA_WORDS];

	report_add(a->report, node->place, "%s: %s%.60s%s %s; write %s%s", a->path, quote,
		   shown(node), quote, why, row->type == SCHEMA_ENUM ? "one of " : "",
		   schema_allowed(row, allowed));
}

/* A list of CPU sets is their union; a number listed twice is most likely a slip. */
static void apply_cpus(struct apply *a, const struct schema_row *row,
		       const struct schema_node *node, struct cpuset *field)
{
	AUTO_CPUSET struct cpuset all = { 0 };
	AUTO_CPUSET struct cpuset one = { 0 };
	char why[SCHEMA_WORDS];

	for (const struct schema_node *item = node->first; item; item = item->next) {
		snprintf(why, sizeof(why), "is not allowed here");
		if (item->kind != NODE_SCALAR || scalar_store(row, item, &one, why)) {
			complain_value(a, row, item, why);
			return;
		}
		if (cpuset_intersects(&all, &one)) {
			complain(a, item->place, "lists a number twice; list each once");
			return;
		}
		cpuset_or(&all, &one);
	}
	cpuset_copy(field, &all);
}

static void apply_scalar(struct apply *a, const struct schema_row *row,
			 const struct schema_node *node, void *field)
{
	char why[SCHEMA_WORDS];

	if (node->kind == NODE_SEQUENCE && row->type == SCHEMA_CPUS) {
		apply_cpus(a, row, node, field);
	} else if (node->kind != NODE_SCALAR) {
		complain_value(a, row, node, "is not allowed here");
	} else if (scalar_store(row, node, field, why)) {
		complain_value(a, row, node, why);
	}
}

static void apply_item(struct apply *a, const struct schema_row *item,
		       const struct schema_node *node, void *into)
{
	if (item->type == SCHEMA_OBJECT) {
		schema_defaults(item->table, into);
		apply_object(a, item->table, node, into);
	} else {
		apply_scalar(a, item, node, into);
	}
}

/* The new list takes the old one's place as a whole. */
static void apply_items(struct apply *a, const struct schema_row *row,
			const struct schema_node *first, unsigned int nr, void *into)
{
	const struct schema_row item = item_row(row);
	char *items = nr ? alloc_zeroed(nr, item_size(row)) : NULL;
	const struct schema_node *node = first;
	size_t cut;

	field_fini(row, into);
	memcpy((char *)into + row->offset, &items, sizeof(items));
	memcpy((char *)into + row->nr_offset, &nr, sizeof(nr));
	for (unsigned int i = 0; i < nr && !report_full(a->report); i++, node = node->next) {
		cut = path_push_index(a, i);
		apply_item(a, &item, node, items + i * item_size(row));
		a->path[cut] = '\0';
	}
}

/* A scalar stands for a list of one; a mapping does not, for it hides a forgotten dash. */
static void apply_list(struct apply *a, const struct schema_row *row,
		       const struct schema_node *node, void *into)
{
	bool one = node->kind == NODE_SCALAR && row->items != SCHEMA_OBJECT;
	unsigned int nr = one ? 1 : node->nr;
	char what[96];

	if (!one && node->kind != NODE_SEQUENCE) {
		complain_value(a, row, node, "is not allowed here");
		return;
	}
	if (nr < row->min || (row->max && nr > row->max)) {
		snprintf(what, sizeof(what), "has %u items; write %lld to %lld", nr,
			 (long long)row->min, (long long)row->max);
		complain(a, node->place, what);
		return;
	}
	apply_items(a, row, one ? node : node->first, nr, into);
}

static void apply_value(struct apply *a, const struct schema_row *row,
			const struct schema_node *node, void *into)
{
	void *field = (char *)into + row->offset;

	if (row->later)
		complain(a, node->key ? node->key_place : node->place,
			 "is not supported yet; remove it");
	else if (row->type == SCHEMA_OBJECT)
		apply_object(a, row->table, node, field);
	else if (row->type == SCHEMA_LIST)
		apply_list(a, row, node, into);
	else
		apply_scalar(a, row, node, field);
}

static void unknown_key(struct apply *a, const struct schema_table *table,
			const struct schema_node *node)
{
	const char *nearest = schema_nearest(table, node->key);

	if (nearest)
		report_add(a->report, node->key_place,
			   "%s: this key is not known; did you mean \"%s\"?", a->path, nearest);
	else
		complain(a, node->key_place, "this key is not known; remove it");
}

static void apply_pair(struct apply *a, const struct schema_table *table, uint64_t *seen,
		       const struct schema_node *node, void *into)
{
	const struct schema_row *row = schema_row(table, node->key);
	size_t cut = path_push(a, node->key);
	uint64_t bit = row ? UINT64_C(1) << (row - table->rows) : 0;

	if (!row)
		unknown_key(a, table, node);
	else if (*seen & bit)
		complain(a, node->key_place, "is given twice; give it once");
	else
		apply_value(a, row, node, into);
	*seen |= bit;
	a->path[cut] = '\0';
}

static void check_required(struct apply *a, const struct schema_table *table, uint64_t seen,
			   const struct schema_node *node)
{
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];
		size_t cut;

		if (!row->required || seen >> i & 1)
			continue;
		cut = path_push(a, row->key);
		complain(a, node->place, "is missing; add it");
		a->path[cut] = '\0';
	}
}

static void apply_object(struct apply *a, const struct schema_table *table,
			 const struct schema_node *node, void *into)
{
	const struct schema_row *bare = table->bare ? schema_row(table, table->bare) : NULL;
	uint64_t seen = 0;
	size_t cut;

	if (node->kind == NODE_SCALAR && bare) {
		cut = path_push(a, bare->key);
		apply_value(a, bare, node, into);
		a->path[cut] = '\0';
		return;
	}
	if (node->kind != NODE_MAPPING) {
		complain(a, node->place, "is not a mapping; write keys and values");
		return;
	}
	for (const struct schema_node *pair = node->first; pair && !report_full(a->report);
	     pair = pair->next)
		apply_pair(a, table, &seen, pair, into);
	if (!report_full(a->report))
		check_required(a, table, seen, node);
}

void schema_apply(const struct schema_table *table, const struct schema_node *node, void *into,
		  struct schema_report *report)
{
	struct apply a = { .report = report };

	apply_object(&a, table, node, into);
}
