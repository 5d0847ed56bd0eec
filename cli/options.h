#ifndef SITU_CLI_OPTIONS_H
#define SITU_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/schema.h"

/*
 * The one option parser of all subcommands, on getopt_long. Main thread only.
 *
 * A subcommand states its options as a const table; --help is printed from the same table.
 * Long options only, besides -h. Values: "--name VALUE" and "--name=VALUE".
 */
enum option_type {
	OPT_FLAG, /* bool *            */
	OPT_STRING, /* const char **, points into argv */
	OPT_U64, /* uint64_t *, decimal             */
	OPT_SIZE, /* uint64_t *, "16G"               */
	OPT_LIST, /* struct option_list *, may be repeated */
};

struct option_list {
	const char **values; /* point into argv */
	size_t nr;
};

struct option_spec {
	const char *name;
	enum option_type type;
	void *value;
	const char *placeholder; /* "FILE"; NULL for flags */
	const char *help;
};

struct option_usage {
	const char *synopsis; /* "situ topo [--topology SRC] [--json|--svg FILE]" */
	const char *about; /* one or more lines */
	const struct option_spec *specs;
	size_t nr_specs;
	const char *notes; /* after the options; or NULL */
	const struct schema_table *schema; /* its flags are options too; or NULL */
	const char *schema_title; /* heads them in --help */
};

/* What a schema's flags said. */
struct option_flags {
	struct schema_node *values; /* for schema_apply() */
	struct schema_report report; /* what was wrong with them */
};

/* Returns the index of the first operand (operands are moved last), -1 after --help was printed
 * (the command returns EXIT_OK), or -EINVAL with err filled (EXIT_INPUT). */
int options_parse(int argc, char **argv, const struct option_usage *usage, struct err *err);
/* The same for a usage with a schema: its flags go to *flags, which is set up here and always the
 * caller's to finish. Errors inside a flag's text are in the report alone. */
int options_parse_flags(int argc, char **argv, const struct option_usage *usage,
			struct option_flags *flags, struct err *err);
void option_flags_fini(struct option_flags *flags);
void option_list_fini(struct option_list *list);

#endif
