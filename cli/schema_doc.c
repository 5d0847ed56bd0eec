#include "cli/schema_doc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Calls visit for every row that is not below one that is not supported, parents first. */
static void walk(const struct schema_table *table, const char *prefix,
		 void (*visit)(FILE *, const char *path, const struct schema_row *), FILE *out)
{
	for (size_t i = 0; i < table->nr_rows; i++) {
		const struct schema_row *row = &table->rows[i];
		const char *items = row->type == SCHEMA_LIST ? "[]" : "";
		AUTO_FREE char *path = alloc_printf("%s%s%s", prefix, row->key, items);
		AUTO_FREE char *below = alloc_printf("%s.", path);

		visit(out, path, row);
		if (row->table && !row->later)
			walk(row->table, below, visit, out);
	}
}

static void man_entry(FILE *out, const char *path, const struct schema_row *row)
{
	char words[SCHEMA_WORDS], first = row->help[0];

	if (row->later)
		return;
	if (islower((unsigned char)first) && !isupper((unsigned char)row->help[1])) /* not "vCPU" */
		first = (char)toupper((unsigned char)first);
	fprintf(out, ".It Cm %s\n%c%s.\n", path, first, row->help + 1);
	if (row->type != SCHEMA_OBJECT)
		fprintf(out, "Takes %s%s.\n", row->type == SCHEMA_ENUM ? "one of " : "",
			schema_allowed(row, words));
	if (row->table && row->table->bare)
		fprintf(out, "A value in its place is its\n.Cm %s .\n", row->table->bare);
	if (row->fallback)
		fprintf(out, "Default:\n.Cm %s .\n", row->fallback);
	if (row->required)
		fprintf(out, "Required.\n");
	if (row->flag)
		fprintf(out, "Flag:\n.Fl -%s .\n", row->flag);
}

static void man_later(FILE *out, const char *path, const struct schema_row *row)
{
	if (row->later)
		fprintf(out, ".It\n.Cm %s\n", path);
}

void schema_doc_man(FILE *out, const struct schema_table *table)
{
	fprintf(out, ".Sh KEYS\n.Bl -tag -width Ds\n");
	walk(table, "", man_entry, out);
	fprintf(out, ".El\n.Sh NOT SUPPORTED YET\n"
		     "These keys are known, and refused by name:\n.Pp\n"
		     ".Bl -item -compact -offset indent\n");
	walk(table, "", man_later, out);
	fprintf(out, ".El\n");
}

/* The words that may follow "key=", a blank between two; nothing where they are not countable. */
static void print_values(FILE *out, const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_TRI:
		fprintf(out, "auto ");
		/* fall through */
	case SCHEMA_BOOL:
		fprintf(out, "on off");
		break;
	case SCHEMA_ENUM:
		for (size_t i = 0; row->names[i]; i++)
			if (!(row->names_later >> i & 1))
				fprintf(out, "%s ", row->names[i]);
		break;
	default:
		break;
	}
}

static void keys_case(FILE *out, const struct schema_row *row)
{
	fprintf(out, "\t--%s) echo '", row->flag);
	for (size_t i = 0; row->table && i < row->table->nr_rows; i++)
		if (!row->table->rows[i].later)
			fprintf(out, "%s= ", row->table->rows[i].key);
	fprintf(out, "' ;;\n");
}

static void values_case(FILE *out, const struct schema_row *row)
{
	const struct schema_table *table = row->table;
	const struct schema_row *bare = table && table->bare ? schema_row(table, table->bare) : row;

	fprintf(out, "\t--%s) echo '", row->flag);
	print_values(out, bare);
	fprintf(out, "' ;;\n");
	for (size_t i = 0; table && i < table->nr_rows; i++) {
		if (table->rows[i].later)
			continue;
		fprintf(out, "\t--%s.%s) echo '", row->flag, table->rows[i].key);
		print_values(out, &table->rows[i]);
		fprintf(out, "' ;;\n");
	}
}

void schema_doc_completion(FILE *out, const struct schema_table *table)
{
	static void (*const cases[])(FILE *, const struct schema_row *) = { keys_case,
									    values_case };
	static const char *const names[] = { "_situ_keys", "_situ_values" };
	AUTO_FREE struct schema_flag *flags = NULL;
	size_t nr;

	flags = schema_flags(table, &nr);
	for (size_t f = 0; f < 2; f++) {
		fprintf(out, "%s()\n{\n\tcase $1 in\n", names[f]);
		for (size_t i = 0; i < nr; i++)
			if (!flags[i].later)
				cases[f](out, flags[i].path[flags[i].nr - 1]);
		fprintf(out, "\tesac\n}\n");
	}
}
