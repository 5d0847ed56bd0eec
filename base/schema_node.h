#ifndef SITU_BASE_SCHEMA_NODE_H
#define SITU_BASE_SCHEMA_NODE_H

#include "base/schema.h"

/*
 * The tree between text and struct; inside base/schema*.c only. One thread at a time per tree.
 */
enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };
enum node_style { STYLE_PLAIN, STYLE_QUOTED, STYLE_FLAG };

struct node_place {
	const char *source; /* a file's name, or a flag's without its dashes */
	unsigned int line, column; /* from 1; line 0: a flag, column counts in its text */
};

struct schema_node {
	enum node_kind kind;
	enum node_style style;
	struct node_place place, key_place;
	char *key; /* in a mapping */
	char *text; /* of a scalar */
	struct schema_node *first, *last,
		*next; /* children in order; the next of the same parent */
	unsigned int nr; /* children */
};

struct schema_node *node_new(enum node_kind kind, struct node_place place);
/* Owns `child` from then on. */
void node_append(struct schema_node *parent, struct schema_node *child);
/* The child of that key, or NULL. */
struct schema_node *node_child(const struct schema_node *node, const char *key);

void report_add(struct schema_report *report, struct node_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool report_full(const struct schema_report *report);

/* One scalar into the field of its row. Returns 0, or -EINVAL with *why the reason: static text, or
 * in `buf`. The field is then unchanged. */
int scalar_store(const struct schema_row *row, const struct schema_node *node, void *field,
		 char buf[SCHEMA_WORDS]);
bool row_is_scalar(const struct schema_row *row);
/* Frees what one field owns and zeroes it. */
void field_fini(const struct schema_row *row, void *base);
/* Items of a list by address and number; sizes by row->items. */
size_t item_size(const struct schema_row *row);
void *list_items(const struct schema_row *row, const void *base, unsigned int *nr);
/* A list row's items seen as a row of their own. */
struct schema_row item_row(const struct schema_row *row);

#endif
