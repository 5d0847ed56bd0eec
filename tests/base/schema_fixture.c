#include "tests/base/schema_fixture.h"

#define ROWS(array)	  .rows = (array), .nr_rows = sizeof(array) / sizeof(*(array))
#define AT(owner, member) .key = #member, .offset = offsetof(struct owner, member)

static const char *const colors[] = { "Red", "Green", "Blue", NULL };

static const struct schema_row item_rows[] = {
	{ AT(fixture_item, id), .type = SCHEMA_STRING, .help = "name", .min = 1, .required = true },
	{ AT(fixture_item, weight), .type = SCHEMA_UINT, .help = "weight", .fallback = "1" },
};
static const struct schema_table item = { ROWS(item_rows), .size = sizeof(struct fixture_item),
					  .bare = "id" };

static const struct schema_row pair_rows[] = {
	{ AT(fixture_pair, first), .type = SCHEMA_UINT, .help = "first", .required = true },
	{ AT(fixture_pair, second), .type = SCHEMA_UINT, .help = "second", .required = true },
};
static const struct schema_table pair = { ROWS(pair_rows), .size = sizeof(struct fixture_pair),
					  .separator = ':' };

static const struct schema_row rows[] = {
	{ AT(fixture, truth), .type = SCHEMA_BOOL, .help = "a truth", .fallback = "false",
	  .flag = "truth" },
	{ AT(fixture, tri), .type = SCHEMA_TRI, .help = "a truth or auto", .fallback = "auto" },
	{ AT(fixture, number), .type = SCHEMA_UINT, .help = "a number", .min = 1, .max = 1024,
	  .fallback = "7", .flag = "number" },
	{ AT(fixture, optional), .type = SCHEMA_UINT, .help = "a number that may be absent" },
	{ AT(fixture, level), .type = SCHEMA_INT, .help = "a number with a sign", .min = -20,
	  .max = 19, .fallback = "0" },
	{ AT(fixture, size), .type = SCHEMA_SIZE, .help = "a size", .min = 4096, .flag = "size" },
	{ AT(fixture, text), .type = SCHEMA_STRING, .help = "a text", .flag = "text" },
	{ AT(fixture, path), .type = SCHEMA_STRING, .help = "a path", .relative = true },
	{ AT(fixture, color), .type = SCHEMA_ENUM, .help = "a color", .names = colors,
	  .names_later = 1 << 2, .flag = "color" },
	{ AT(fixture, cpus), .type = SCHEMA_CPUS, .help = "CPUs", .flag = "cpus" },
	{ AT(fixture, pair), .type = SCHEMA_OBJECT, .help = "two numbers", .table = &pair,
	  .flag = "pair" },
	{ AT(fixture, numbers), .nr_offset = offsetof(struct fixture, nr_numbers),
	  .type = SCHEMA_LIST, .items = SCHEMA_UINT, .help = "numbers", .max = 4,
	  .flag = "numbers" },
	{ AT(fixture, words), .nr_offset = offsetof(struct fixture, nr_words), .type = SCHEMA_LIST,
	  .items = SCHEMA_STRING, .help = "words" },
	{
		AT(fixture, items),
		.nr_offset = offsetof(struct fixture, nr_items),
		.type = SCHEMA_LIST,
		.items = SCHEMA_OBJECT,
		.help = "items",
		.table = &item,
		.flag = "item",
	},
	{ .key = "future",
	  .type = SCHEMA_STRING,
	  .help = "not yet",
	  .later = true,
	  .flag = "future" },
};

const struct schema_table fixture_table = { ROWS(rows), .size = sizeof(struct fixture) };
