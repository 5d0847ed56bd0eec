#ifndef SITU_BASE_SCHEMA_H
#define SITU_BASE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * Configurations by one const table: the table drives the YAML and JSON reader, the flags, the
 * defaults, the printer, the help, the man page and the completion. Any thread, one per object.
 *
 * Text goes through two steps. A file (libyaml's events) or a flag becomes a tree of nodes that
 * know where they stand; then schema_apply() checks the tree against the table and stores the
 * values into a plain struct by offset. Both steps collect every error in a report, so that one run
 * names all of them. Nothing is guessed: a value that is not exactly of its type is an error.
 */
enum schema_type {
	SCHEMA_BOOL, /* bool: true false on off yes no */
	SCHEMA_TRI, /* enum schema_tri: those or auto */
	SCHEMA_UINT, /* unsigned int, SCHEMA_UNSET where not given and without default */
	SCHEMA_INT, /* int64_t */
	SCHEMA_SIZE, /* uint64_t bytes: 16G, 512M or bytes; 0 where not given */
	SCHEMA_STRING, /* char *, UTF-8, owned; NULL where not given */
	SCHEMA_ENUM, /* int or an enum; SCHEMA_NO_ENUM where not given and without default */
	SCHEMA_CPUS, /* struct cpuset: a number, "0-3,8", or a list of these */
	SCHEMA_OBJECT, /* a struct */
	SCHEMA_LIST, /* pointer to items, and their number in an unsigned int */
};

enum schema_tri { TRI_FALSE, TRI_TRUE, TRI_AUTO };

#define SCHEMA_UNSET   UINT32_MAX
#define SCHEMA_NO_ENUM (-1)

struct schema_table;

struct schema_row {
	const char *key;
	enum schema_type type;
	enum schema_type items; /* LIST: UINT, STRING or OBJECT */
	const char *help; /* one line, no full stop */
	const char *fallback; /* the default as text; NULL: none */
	int64_t min, max; /* UINT, INT, SIZE, and the number of items of a LIST */
	const char *const *names; /* ENUM: in the order of their values, then NULL */
	const struct schema_table *table; /* OBJECT, and LIST of them */
	size_t offset; /* of the value in its struct */
	size_t nr_offset; /* LIST: of the number of items */
	const char *flag; /* "memory-zone": the row is an option of that name */
	const char *alias; /* a second name of the key, in flags only */
	uint32_t names_later; /* ENUM: bit n: value n is not supported yet */
	bool required; /* wherever the object itself is given */
	bool relative; /* STRING: a path relative to the file it stands in; stored absolute */
	bool later; /* known by name, not supported yet; has no offset */
};

struct schema_table {
	const struct schema_row *rows;
	size_t nr_rows; /* at most 64 */
	size_t size; /* of the struct */
	const char *bare; /* the key that a scalar in the object's place sets; NULL: none */
	char separator; /* flags: values in the order of rows, as in 2:4:1:1; 0: no such form */
};

/* Every error of one run, a line each: "file:line:column: key.path: what; what is allowed". */
struct schema_report {
	char *text; /* NULL while there is none */
	size_t len;
	unsigned int nr; /* counts those beyond SCHEMA_REPORT_MAX too, which are not kept */
};

#define SCHEMA_REPORT_MAX 20u

/* Adds a line that is about no place in a text. */
void schema_report_add(struct schema_report *report, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void schema_report_fini(struct schema_report *report);

/* A parsed but unchecked document. The tree keeps pointers to the names of its sources. */
struct schema_node;
struct schema_node *schema_node_new(void); /* an empty mapping, for schema_take_flag() */
void schema_node_free(struct schema_node *node); /* NULL is fine */

/* Limits of what comes from a file, so that hostile input costs little. */
#define SCHEMA_FILE_MAX	 (1u << 20) /* bytes */
#define SCHEMA_NODES_MAX 65536u
#define SCHEMA_DEPTH_MAX 16u

/* One YAML or JSON document. NULL and a line in the report if it is not one, has more than one
 * document, anchors, aliases or tags, or is beyond the limits. An empty file is an empty mapping.
 * (YAML 1.2.2 chapter 3; libyaml reads 1.1, in which JSON is contained as far as we need it.) */
struct schema_node *schema_parse(const char *source, const char *text, size_t len,
				 struct schema_report *report);
struct schema_node *schema_parse_file(const char *path, struct schema_report *report);

/* A row that is a command line option, with the rows that lead to it. */
#define SCHEMA_FLAG_DEPTH 4u
struct schema_flag {
	const struct schema_row *path[SCHEMA_FLAG_DEPTH]; /* path[nr - 1] has the flag */
	unsigned int nr;
	bool later; /* one of them is not supported yet */
};

/* All flags of a table in its order; the caller frees. */
struct schema_flag *schema_flags(const struct schema_table *table, size_t *nr);

/* Adds what one "--flag text" says to a tree that schema_node_new() made. Forms of text: a value;
 * "8,key=value,other=[a,b]"; "2:4:1:1" where the table has a separator; double quotes keep commas.
 * Repeated list flags append. Errors name the flag and the position in text. */
void schema_take_flag(struct schema_node *root, const struct schema_flag *flag, const char *text,
		      struct schema_report *report);

/* Stores the table's defaults; what `into` held before is lost. */
void schema_defaults(const struct schema_table *table, void *into);
/* Frees what the values own; the struct is then all zero. */
void schema_fini(const struct schema_table *table, void *into);
/* Stores what the tree says over what is there: keys one by one, a list as a whole. Values at
 * fault are left as they were and reported; the caller looks at report->nr. */
void schema_apply(const struct schema_table *table, const struct schema_node *node, void *into,
		  struct schema_report *report);

/* The values as YAML, those not given left out. Reading it gives the same values. Caller frees. */
char *schema_print(const struct schema_table *table, const void *from);

/* What a row takes, in words: "a number from 1 to 1024". Returns buf. */
#define SCHEMA_WORDS 256
const char *schema_allowed(const struct schema_row *row, char buf[SCHEMA_WORDS]);
/* The same in one word for a flag: "SIZE", "N,KEY=VALUE,...". Returns buf. */
const char *schema_placeholder(const struct schema_row *row, char buf[SCHEMA_WORDS]);
/* The name nearest to a mistyped one, or NULL where none is near. */
const char *schema_nearest(const struct schema_table *table, const char *key);
const struct schema_row *schema_row(const struct schema_table *table,
				    const char *key); /* or NULL */

#endif
