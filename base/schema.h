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
	const char *help; /* one line, no full stop */
	const char *fallback; /* the default as text; NULL: none */
	int64_t min, max; /* UINT, INT, SIZE, and the number of items of a LIST */
	const char *const *names; /* ENUM: in the order of their values, then NULL */
	uint32_t names_later; /* ENUM: bit n: value n is not supported yet */
	enum schema_type items; /* LIST: UINT, STRING or OBJECT */
	const struct schema_table *table; /* OBJECT, and LIST of them */
	size_t offset; /* of the value in its struct */
	size_t nr_offset; /* LIST: of the number of items */
	const char *flag; /* "memory-zone": the row is an option of that name */
	const char *alias; /* a second name of the key, in flags only */
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

#endif
