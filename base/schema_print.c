/* The values as YAML, on libyaml's emitter. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/schema_node.h"
#include "base/size.h"

struct printer {
	yaml_emitter_t emitter;
	char *text;
	size_t len;
};

static int append(void *data, unsigned char *bytes, size_t len)
{
	struct printer *p = data;

	p->text = alloc_resize(p->text, p->len + len + 1, 1);
	memcpy(p->text + p->len, bytes, len);
	p->len += len;
	p->text[p->len] = '\0';
	return 1;
}

/* Nothing can fail but memory: all text is UTF-8, and the events come in order. */
static void emit(struct printer *p, yaml_event_t *event)
{
	int ok = yaml_emitter_emit(&p->emitter, event);

	assert(ok);
}

static void print_scalar(struct printer *p, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;
	int ok = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
					      (int)strlen(text), 1, 1, style);

	assert(ok);
	emit(p, &event);
}

static void print_plain(struct printer *p, const char *text)
{
	print_scalar(p, text, YAML_PLAIN_SCALAR_STYLE);
}

static void print_text(struct printer *p, const char *text)
{
	print_scalar(p, text, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* Other readers take a plain Off for false. */
static void print_name(struct printer *p, const char *name)
{
	static const char *const truths[] = { "on", "off", "yes", "no", "true", "false", "null" };

	for (size_t i = 0; i < sizeof(truths) / sizeof(*truths); i++)
		if (!strcasecmp(name, truths[i])) {
			print_text(p, name);
			return;
		}
	print_plain(p, name);
}

static void print_number(struct printer *p, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	print_plain(p, text);
}

static void print_size(struct printer *p, uint64_t bytes)
{
	char text[SIZE_TEXT];

	print_plain(p, size_exact(bytes, text));
}

static void print_cpus(struct printer *p, const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	print_text(p, text);
}

/* A field of any scalar type, copied out of its struct. */
union value {
	bool truth;
	enum schema_tri tri;
	unsigned int number;
	int64_t wide;
	uint64_t size;
	char *text;
	int name;
	struct cpuset cpus;
};

static union value load(const struct schema_row *row, const void *base)
{
	static const size_t sizes[] = {
		[SCHEMA_BOOL] = sizeof(bool),	  [SCHEMA_TRI] = sizeof(enum schema_tri),
		[SCHEMA_UINT] = sizeof(unsigned), [SCHEMA_INT] = sizeof(int64_t),
		[SCHEMA_SIZE] = sizeof(uint64_t), [SCHEMA_STRING] = sizeof(char *),
		[SCHEMA_ENUM] = sizeof(int),	  [SCHEMA_CPUS] = sizeof(struct cpuset),
	};
	union value value;

	memcpy(&value, (const char *)base + row->offset, sizes[row->type]);
	return value;
}

static bool is_given(const struct schema_row *row, const void *base);

static bool any_given(const struct schema_table *table, const void *from)
{
	for (size_t i = 0; i < table->nr_rows; i++)
		if (!table->rows[i].later && is_given(&table->rows[i], from))
			return true;
	return false;
}

static bool is_given(const struct schema_row *row, const void *base)
{
	union value value;
	unsigned int nr;

	if (row->type == SCHEMA_OBJECT)
		return any_given(row->table, (const char *)base + row->offset);
	if (row->type == SCHEMA_LIST) {
		list_items(row, base, &nr);
		return nr > 0;
	}
	value = load(row, base);
	switch (row->type) {
	case SCHEMA_UINT:
		return value.number != SCHEMA_UNSET;
	case SCHEMA_SIZE:
		return value.size || row->fallback;
	case SCHEMA_STRING:
		return value.text;
	case SCHEMA_ENUM:
		return value.name != SCHEMA_NO_ENUM;
	case SCHEMA_CPUS:
		return !cpuset_empty(&value.cpus);
	default:
		return true;
	}
}

static void print_value(struct printer *p, const struct schema_row *row, const void *base);

static void print_list(struct printer *p, const struct schema_row *row, const void *base)
{
	const struct schema_row item = item_row(row);
	yaml_sequence_style_t style =
		row->items == SCHEMA_OBJECT ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	yaml_event_t event;
	unsigned int nr;
	const char *items = list_items(row, base, &nr);

	yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style);
	emit(p, &event);
	for (unsigned int i = 0; i < nr; i++)
		print_value(p, &item, items + i * item_size(row));
	yaml_sequence_end_event_initialize(&event);
	emit(p, &event);
}

static void print_object(struct printer *p, const struct schema_table *table, const void *from)
{
	yaml_event_t event;

	yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	emit(p, &event);
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];

		if (row->later || !is_given(row, from))
			continue;
		print_plain(p, row->key);
		print_value(p, row, from);
	}
	yaml_mapping_end_event_initialize(&event);
	emit(p, &event);
}

static void print_loaded(struct printer *p, const struct schema_row *row, union value value)
{
	static const char *const tris[] = { "false", "true", "auto" };

	switch (row->type) {
	case SCHEMA_BOOL:
		print_plain(p, tris[value.truth]);
		break;
	case SCHEMA_TRI:
		print_plain(p, tris[value.tri]);
		break;
	case SCHEMA_UINT:
		print_number(p, value.number);
		break;
	case SCHEMA_INT:
		print_number(p, value.wide);
		break;
	case SCHEMA_SIZE:
		print_size(p, value.size);
		break;
	case SCHEMA_STRING:
		print_text(p, value.text);
		break;
	case SCHEMA_ENUM:
		print_name(p, row->names[value.name]);
		break;
	default:
		assert(row->type == SCHEMA_CPUS);
		print_cpus(p, &value.cpus);
		break;
	}
}

static void print_value(struct printer *p, const struct schema_row *row, const void *base)
{
	if (row->type == SCHEMA_OBJECT)
		print_object(p, row->table, (const char *)base + row->offset);
	else if (row->type == SCHEMA_LIST)
		print_list(p, row, base);
	else
		print_loaded(p, row, load(row, base));
}

char *schema_print(const struct schema_table *table, const void *from)
{
	struct printer p = { 0 };
	yaml_event_t event;
	int ok = yaml_emitter_initialize(&p.emitter);

	assert(ok);
	yaml_emitter_set_output(&p.emitter, append, &p);
	yaml_emitter_set_width(&p.emitter, -1);
	yaml_emitter_set_unicode(&p.emitter, 1);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(&p, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	emit(&p, &event);
	print_object(&p, table, from);
	yaml_document_end_event_initialize(&event, 1);
	emit(&p, &event);
	yaml_stream_end_event_initialize(&event);
	emit(&p, &event);
	yaml_emitter_delete(&p.emitter);
	return p.text;
}
