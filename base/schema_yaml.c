/*
 * YAML and JSON text into nodes, on libyaml's event parser.
 *
 * What makes YAML guess or grow is refused here: aliases and anchors (bombs), tags, more than one
 * document, NUL bytes inside scalars. Depth, size and the number of values are bounded, so hostile
 * input costs at most what SCHEMA_FILE_MAX bytes of honest input cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/schema_node.h"

struct reader {
	yaml_parser_t parser;
	const char *source;
	unsigned int nr_nodes;
	struct schema_report *report;
};

static struct node_place place(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct node_place){ r->source, (unsigned int)mark->line + 1,
				    (unsigned int)mark->column + 1 };
}

/* Returns false after reporting what is wrong with the text. */
static bool next_event(struct reader *r, yaml_event_t *event)
{
	const yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(&r->parser, event))
		return true;
	report_add(r->report, place(r, p->problem_mark.line ? &p->problem_mark : &p->mark),
		   "this is neither YAML nor JSON: %s%s%s",
		   p->problem ? p->problem : "out of memory", p->context ? ", " : "",
		   p->context ? p->context : "");
	return false;
}

static bool refuse(struct reader *r, const yaml_event_t *event, const char *what)
{
	report_add(r->report, place(r, &event->start_mark), "%s", what);
	return false;
}

static const unsigned char *anchor_of(const yaml_event_t *event, const unsigned char **tag)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		*tag = event->data.scalar.tag;
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		*tag = event->data.sequence_start.tag;
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		*tag = event->data.mapping_start.tag;
		return event->data.mapping_start.anchor;
	default:
		*tag = NULL;
		return NULL;
	}
}

static bool acceptable(struct reader *r, const yaml_event_t *event, unsigned int depth)
{
	const unsigned char *tag, *anchor = anchor_of(event, &tag);

	if (event->type == YAML_ALIAS_EVENT || anchor)
		return refuse(r, event, "anchors and aliases are not allowed; write the value out");
	if (tag)
		return refuse(r, event,
			      "tags are not allowed; the key alone says what type its value has");
	if (depth > SCHEMA_DEPTH_MAX)
		return refuse(r, event, "this is nested deeper than 16 levels; flatten it");
	if (++r->nr_nodes > SCHEMA_NODES_MAX)
		return refuse(r, event, "there are more than 65536 values; write fewer");
	if (event->type == YAML_SCALAR_EVENT &&
	    memchr(event->data.scalar.value, '\0', event->data.scalar.length))
		return refuse(r, event, "the text holds a NUL byte; remove it");
	return true;
}

static struct schema_node *read_node(struct reader *r, yaml_event_t *event, unsigned int depth);

static struct schema_node *read_sequence(struct reader *r, struct schema_node *node,
					 unsigned int depth)
{
	struct schema_node *item;
	yaml_event_t event;

	for (;;) {
		if (!next_event(r, &event))
			break;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return node;
		}
		item = read_node(r, &event, depth + 1);
		if (!item)
			break;
		node_append(node, item);
	}
	schema_node_free(node);
	return NULL;
}

/* Takes the key's text and place out of its event into the value that follows. */
static struct schema_node *read_pair(struct reader *r, yaml_event_t *key, unsigned int depth)
{
	struct node_place at = place(r, &key->start_mark);
	AUTO_FREE char *text = NULL;
	struct schema_node *value;
	yaml_event_t event;

	if (key->type != YAML_SCALAR_EVENT) {
		refuse(r, key, "a key must be a word");
		yaml_event_delete(key);
		return NULL;
	}
	if (acceptable(r, key, depth))
		text = alloc_string((const char *)key->data.scalar.value);
	yaml_event_delete(key);
	if (!text || !next_event(r, &event))
		return NULL;
	value = read_node(r, &event, depth);
	if (!value)
		return NULL;
	value->key_place = at;
	value->key = text;
	text = NULL;
	return value;
}

static struct schema_node *read_mapping(struct reader *r, struct schema_node *node,
					unsigned int depth)
{
	struct schema_node *value;
	yaml_event_t event;

	for (;;) {
		if (!next_event(r, &event))
			break;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return node;
		}
		value = read_pair(r, &event, depth + 1);
		if (!value)
			break;
		node_append(node, value);
	}
	schema_node_free(node);
	return NULL;
}

static struct schema_node *scalar_node(const struct reader *r, const yaml_event_t *event)
{
	struct schema_node *node = node_new(NODE_SCALAR, place(r, &event->start_mark));

	node->text = alloc_string((const char *)event->data.scalar.value);
	node->style =
		event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? STYLE_PLAIN : STYLE_QUOTED;
	return node;
}

/* Consumes the event. NULL after an error, which is reported. */
static struct schema_node *read_node(struct reader *r, yaml_event_t *event, unsigned int depth)
{
	bool ok = acceptable(r, event, depth);
	struct node_place at = place(r, &event->start_mark);
	yaml_event_type_t type = event->type;
	struct schema_node *node = NULL;

	if (ok && type == YAML_SCALAR_EVENT)
		node = scalar_node(r, event);
	yaml_event_delete(event);
	if (!ok || node)
		return node;
	if (type == YAML_SEQUENCE_START_EVENT)
		return read_sequence(r, node_new(NODE_SEQUENCE, at), depth);
	return read_mapping(r, node_new(NODE_MAPPING, at), depth);
}

/* Skips stream and document marks; leaves the first event that has something to say. */
static bool next_content(struct reader *r, yaml_event_t *event)
{
	for (;;) {
		if (!next_event(r, event))
			return false;
		if (event->type != YAML_STREAM_START_EVENT &&
		    event->type != YAML_DOCUMENT_START_EVENT &&
		    event->type != YAML_DOCUMENT_END_EVENT)
			return true;
		yaml_event_delete(event);
	}
}

static struct schema_node *read_document(struct reader *r)
{
	struct schema_node *node;
	yaml_event_t event;
	bool ended;

	if (!next_content(r, &event))
		return NULL;
	if (event.type == YAML_STREAM_END_EVENT) {
		struct node_place at = place(r, &event.start_mark);

		yaml_event_delete(&event);
		return node_new(NODE_MAPPING, at);
	}
	node = read_node(r, &event, 1);
	if (!node)
		return NULL;
	ended = next_content(r, &event);
	if (ended && event.type != YAML_STREAM_END_EVENT)
		ended = refuse(r, &event, "a second document begins here; use a file for each");
	yaml_event_delete(&event);
	if (ended)
		return node;
	schema_node_free(node);
	return NULL;
}

struct schema_node *schema_parse(const char *source, const char *text, size_t len,
				 struct schema_report *report)
{
	struct reader r = { .source = source, .report = report };
	struct node_place file = { .source = source };
	struct schema_node *node;

	if (len > SCHEMA_FILE_MAX) {
		report_add(report, file, "the file is larger than 1 MiB; make it smaller");
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser)) {
		report_add(report, file, "cannot be read: out of memory; free memory");
		return NULL;
	}
	/* Other encodings would let the same bytes mean two things. */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	node = read_document(&r);
	yaml_parser_delete(&r.parser);
	return node;
}

/* The whole file, or one byte beyond the limit of a longer one. Returns its length or -errno. */
static long read_file(const char *path, char *buf, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;
	int error;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + used, room - used);
		if (got > 0)
			used += (size_t)got;
	} while ((got > 0 && used < room) || (got < 0 && errno == EINTR));
	error = got < 0 ? errno : 0;
	close(fd);
	return error ? -error : (long)used;
}

struct schema_node *schema_parse_file(const char *path, struct schema_report *report)
{
	size_t room = SCHEMA_FILE_MAX + 1;
	AUTO_FREE char *text = alloc_zeroed(room, 1);
	long len = read_file(path, text, room);

	if (len < 0) {
		report_add(report, (struct node_place){ .source = path },
			   "cannot be read: %s; name a YAML or JSON file", strerror((int)-len));
		return NULL;
	}
	return schema_parse(path, text, (size_t)len, report);
}
