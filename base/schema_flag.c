/*
 * Flag text into nodes: the second way into a tree, so that a flag obeys the rules of a file.
 *
 *   object: [bare][,key=value]... or, where the table has a separator, values in the order of rows
 *   list:   [item,item] or one item      scalar: the text, double quotes taken off
 *
 * A key may be dotted ("topology.packages"). Commas and separators count only outside of brackets
 * and double quotes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/schema_node.h"

struct flag_reader {
	const char *name, *begin; /* the flag, its whole text */
	struct schema_report *report;
};

struct piece {
	const char *at, *end;
};

static struct node_place place(const struct flag_reader *r, const char *at)
{
	return (struct node_place){ r->name, 0, (unsigned int)(at - r->begin) + 1 };
}

static struct schema_node *read_value(const struct flag_reader *r, const struct schema_row *row,
				      struct piece piece);

/* The first of the wanted characters outside of brackets and quotes, or the end. */
static const char *find_outside(struct piece p, const char *wanted)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (; p.at < p.end; p.at++) {
		if (*p.at == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (!depth && strchr(wanted, *p.at))
			return p.at;
		if (*p.at == '[')
			depth++;
		else if (*p.at == ']' && depth)
			depth--;
	}
	return p.end;
}

/* Takes the text up to the next separator out of *rest; false when nothing is left. */
static bool next_piece(struct piece *rest, char separator, struct piece *piece)
{
	const char wanted[] = { separator, '\0' };

	if (!rest->at)
		return false;
	piece->at = rest->at;
	piece->end = find_outside(*rest, wanted);
	rest->at = piece->end < rest->end ? piece->end + 1 : NULL;
	return true;
}

static bool balanced(const struct flag_reader *r)
{
	const char *open = NULL;
	unsigned int depth = 0;
	bool quoted = false;

	for (const char *at = r->begin; *at; at++) {
		if (*at == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (*at == '[' && !depth++)
			open = at;
		if (*at != ']')
			continue;
		if (!depth || depth > SCHEMA_DEPTH_MAX) {
			report_add(r->report, place(r, at), "this ] has no [ within 16 levels");
			return false;
		}
		depth--;
	}
	if (depth || quoted)
		report_add(r->report, place(r, depth ? open : r->begin),
			   depth ? "this [ has no ]; close it" : "a double quote is not closed");
	return !depth && !quoted;
}

static char *cut_text(struct piece p)
{
	char *text;

	if (p.end - p.at >= 2 && *p.at == '"' && p.end[-1] == '"') {
		p.at++;
		p.end--;
	}
	text = alloc_zeroed((size_t)(p.end - p.at) + 1, 1);
	memcpy(text, p.at, (size_t)(p.end - p.at));
	return text;
}

static struct schema_node *scalar(const struct flag_reader *r, struct piece p)
{
	struct schema_node *node = node_new(NODE_SCALAR, place(r, p.at));

	node->style = STYLE_FLAG;
	node->text = cut_text(p);
	return node;
}

static struct schema_node *read_list(const struct flag_reader *r, const struct schema_row *row,
				     struct piece p)
{
	struct schema_node *list = node_new(NODE_SEQUENCE, place(r, p.at));
	const struct schema_row item =
		row->type == SCHEMA_LIST ? item_row(row) : (struct schema_row){ .type = row->type };
	struct piece piece;

	if (p.end - p.at >= 2 && *p.at == '[' && p.end[-1] == ']') {
		p.at++;
		p.end--;
		if (p.at == p.end)
			return list;
	}
	while (next_piece(&p, ',', &piece))
		node_append(list, item.type == SCHEMA_OBJECT ? read_value(r, &item, piece)
							     : scalar(r, piece));
	return list;
}

static const struct schema_row *find_key(const struct schema_table *table, const char *key)
{
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!strcmp(table->rows[i].key, key) ||
		    (table->rows[i].alias && !strcmp(table->rows[i].alias, key)))
			return &table->rows[i];
	return NULL;
}

static void append_pair(struct schema_node *object, char *key, struct node_place at,
			struct schema_node *value)
{
	value->key = key;
	value->key_place = at;
	node_append(object, value);
}

/* "key=value" or "key.key=value"; `eq` is the equals sign. */
static void read_pair(const struct flag_reader *r, const struct schema_table *table,
		      struct schema_node *object, struct piece p, const char *eq)
{
	struct piece key = { p.at, eq }, value = { eq + 1, p.end };
	const char *dot = memchr(p.at, '.', (size_t)(eq - p.at));
	const struct schema_row *row;
	struct schema_node *inner;
	char *name;

	if (dot)
		key.end = dot;
	name = cut_text(key);
	row = find_key(table, name);
	if (row && row->alias) {
		free(name);
		name = alloc_string(row->key);
	}
	if (dot && row && row->type == SCHEMA_OBJECT) {
		inner = node_child(object, name);
		if (!inner || inner->kind != NODE_MAPPING) {
			inner = node_new(NODE_MAPPING, place(r, p.at));
			append_pair(object, name, place(r, p.at), inner);
		} else {
			free(name);
		}
		read_pair(r, row->table, inner, (struct piece){ dot + 1, p.end }, eq);
		return;
	}
	append_pair(object, name, place(r, p.at),
		    row ? read_value(r, row, value) : scalar(r, value));
}

static void read_positions(const struct flag_reader *r, const struct schema_table *table,
			   struct schema_node *object, struct piece p)
{
	struct piece piece;
	size_t i = 0;

	while (next_piece(&p, table->separator, &piece)) {
		while (i < table->nr_rows && table->rows[i].later)
			i++;
		if (i == table->nr_rows) {
			report_add(r->report, place(r, piece.at),
				   "there are too many values between \"%c\"; remove this one",
				   table->separator);
			return;
		}
		append_pair(object, alloc_string(table->rows[i].key), place(r, piece.at),
			    read_value(r, &table->rows[i], piece));
		i++;
	}
}

static void complain_piece(const struct flag_reader *r, struct piece p, const char *remedy)
{
	report_add(r->report, place(r, p.at), "\"%.*s\" is no key=value; %s",
		   (int)(p.end - p.at > 40 ? 40 : p.end - p.at), p.at, remedy);
}

static void read_bare(const struct flag_reader *r, const struct schema_table *table,
		      struct schema_node *object, struct piece piece)
{
	if (table->bare)
		append_pair(object, alloc_string(table->bare), place(r, piece.at),
			    scalar(r, piece));
	else
		complain_piece(r, piece, "write keys and values, as --help shows them");
}

static void read_object(const struct flag_reader *r, const struct schema_table *table,
			struct schema_node *object, struct piece p)
{
	bool keyed = find_outside(p, "=") < p.end, first = true;
	struct piece piece;

	if (!keyed && table->separator) {
		read_positions(r, table, object, p);
		return;
	}
	for (; next_piece(&p, ',', &piece); first = false) {
		const char *eq = find_outside(piece, "=");

		if (eq < piece.end)
			read_pair(r, table, object, piece, eq);
		else if (first)
			read_bare(r, table, object, piece);
		else
			complain_piece(r, piece, "write one, or put lists in [ ]");
	}
}

static struct schema_node *read_value(const struct flag_reader *r, const struct schema_row *row,
				      struct piece piece)
{
	struct schema_node *object;
	bool list = row->type == SCHEMA_LIST || row->type == SCHEMA_CPUS;

	if (list && piece.at < piece.end && *piece.at == '[')
		return read_list(r, row, piece);
	if (row->type == SCHEMA_LIST && row->items == SCHEMA_OBJECT)
		return read_list(r, row, piece);
	if (row->type != SCHEMA_OBJECT)
		return scalar(r, piece);
	object = node_new(NODE_MAPPING, place(r, piece.at));
	read_object(r, row->table, object, piece);
	return object;
}

/* Finds or makes the mapping that holds the flag's row. */
static struct schema_node *parent_of(struct schema_node *root, const struct schema_flag *flag,
				     struct node_place at)
{
	struct schema_node *node = root, *child;

	for (unsigned int i = 0; i + 1 < flag->nr; i++) {
		child = node_child(node, flag->path[i]->key);
		if (!child) {
			child = node_new(NODE_MAPPING, at);
			append_pair(node, alloc_string(flag->path[i]->key), at, child);
		}
		node = child;
	}
	return node;
}

/* A list flag adds one item each time; an object flag adds keys; a scalar is given once. */
static void add_flag(const struct flag_reader *r, const struct schema_row *row,
		     struct schema_node *parent)
{
	struct schema_node *node = node_child(parent, row->key);
	struct piece all = { r->begin, r->begin + strlen(r->begin) };
	struct schema_row item;

	if (row->type == SCHEMA_LIST && row->items == SCHEMA_OBJECT) {
		if (!node) {
			node = node_new(NODE_SEQUENCE, place(r, r->begin));
			append_pair(parent, alloc_string(row->key), place(r, r->begin), node);
		}
		item = item_row(row);
		node_append(node, read_value(r, &item, all));
	} else if (row->type == SCHEMA_OBJECT && node) {
		read_object(r, row->table, node, all);
	} else {
		append_pair(parent, alloc_string(row->key), place(r, r->begin),
			    row->type == SCHEMA_STRING ? scalar(r, all) : read_value(r, row, all));
	}
}

void schema_take_flag(struct schema_node *root, const struct schema_flag *flag, const char *text,
		      struct schema_report *report)
{
	const struct schema_row *row = flag->path[flag->nr - 1];
	const struct flag_reader r = { row->flag, text, report };

	if (flag->later)
		report_add(report, place(&r, text), "this is not supported yet; remove it");
	else if (strlen(text) > SCHEMA_NODES_MAX)
		report_add(report, place(&r, text), "this is longer than 65536 bytes");
	else if (row->type == SCHEMA_STRING || balanced(&r))
		add_flag(&r, row, parent_of(root, flag, place(&r, text)));
}

static void collect(const struct schema_table *table, const struct schema_flag *above,
		    struct schema_flag **flags, size_t *nr)
{
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];
		struct schema_flag flag = *above;

		if (flag.nr == SCHEMA_FLAG_DEPTH)
			return;
		flag.path[flag.nr++] = row;
		flag.later |= row->later;
		if (row->flag) {
			*flags = alloc_resize(*flags, *nr + 1, sizeof(**flags));
			(*flags)[(*nr)++] = flag;
		}
		if (row->type == SCHEMA_OBJECT && row->table)
			collect(row->table, &flag, flags, nr);
	}
}

struct schema_flag *schema_flags(const struct schema_table *table, size_t *nr)
{
	struct schema_flag none = { 0 }, *flags = NULL;

	*nr = 0;
	collect(table, &none, &flags, nr);
	return flags;
}
