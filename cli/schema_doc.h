#ifndef SITU_CLI_SCHEMA_DOC_H
#define SITU_CLI_SCHEMA_DOC_H

#include <stdio.h>

#include "base/schema.h"

/*
 * Documents made from a table, so that they name exactly what the reader takes. Any thread.
 */

/* The sections KEYS and NOT SUPPORTED YET of an mdoc(7) page. */
void schema_doc_man(FILE *out, const struct schema_table *table);

/* Two functions for bash: _situ_keys FLAG and _situ_values FLAG[.KEY] print what may follow. */
void schema_doc_completion(FILE *out, const struct schema_table *table);

#endif
