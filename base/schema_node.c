#include "base/schema_node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct schema_node *node_new(enum node_kind kind, struct node_place place)
{
	struct schema_node *node = alloc_zeroed(1, sizeof(*node));

	node->kind = kind;
	node->place = place;
	return node;
}

struct schema_node *schema_node_new(void)
{
	return node_new(NODE_MAPPING, (struct node_place){ .source = "" });
}

/* Recursion is as deep as the tree, which SCHEMA_DEPTH_MAX bounds. */
void schema_node_free(struct schema_node *node)
{
	struct schema_node *child, *next;

	if (!node)
		return;
	for (child = node->first; child; child = next) {
		next = child->next;
		schema_node_free(child);
	}
	free(node->key);
	free(node->text);
	free(node);
}

void node_append(struct schema_node *parent, struct schema_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->nr++;
}

struct schema_node *node_child(const struct schema_node *node, const char *key)
{
	struct schema_node *child = node->first;

	while (child && strcmp(child->key, key) != 0)
		child = child->next;
	return child;
}

bool report_full(const struct schema_report *report)
{
	return report->nr >= SCHEMA_REPORT_MAX;
}

static void append_line(struct schema_report *report, const char *line)
{
	size_t len = strlen(line);

	report->text = alloc_resize(report->text, report->len + len + 2, 1);
	memcpy(report->text + report->len, line, len);
	report->len += len;
	report->text[report->len++] = '\n';
	report->text[report->len] = '\0';
}

void report_add(struct schema_report *report, struct node_place at, const char *fmt, ...)
{
	char line[1024];
	int used;
	va_list ap;

	if (report->nr++ >= SCHEMA_REPORT_MAX)
		return;
	if (at.line)
		used = snprintf(line, sizeof(line), "%.400s:%u:%u: ", at.source, at.line,
				at.column);
	else if (at.column)
		used = snprintf(line, sizeof(line), "--%.40s:%u: ", at.source, at.column);
	else
		used = snprintf(line, sizeof(line), "%.400s: ", at.source);
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof(line) - (size_t)used, fmt, ap);
	va_end(ap);
	append_line(report, line);
}

void schema_report_add(struct schema_report *report, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (report->nr++ >= SCHEMA_REPORT_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	append_line(report, line);
}

void schema_report_fini(struct schema_report *report)
{
	free(report->text);
	*report = (struct schema_report){ 0 };
}
