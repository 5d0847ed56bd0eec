#include "affinity/weights.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

struct reader {
	const char *at, *line_start;
	unsigned int line; /* from 1 */
	unsigned int nr;
	struct err *err;
};

static const char *skip(const char *at)
{
	return at + strspn(at, " \t\r");
}

static unsigned int column(const struct reader *reader)
{
	return (unsigned int)(reader->at - reader->line_start) + 1;
}

static int read_number(struct reader *reader, double *value)
{
	char *end;

	/* strtod would take a sign, hexadecimal, "inf" and "nan" as well. */
	if (strchr("0123456789.", *reader->at) == NULL || !*reader->at)
		return err_set(reader->err, EXIT_INPUT, EINVAL,
			       "%u:%u: a number of at least 0 is expected", reader->line,
			       column(reader));
	*value = strtod(reader->at, &end);
	if (end == reader->at || !isfinite(*value) ||
	    strcspn(reader->at, "xX") < (size_t)(end - reader->at))
		return err_set(reader->err, EXIT_INPUT, EINVAL,
			       "%u:%u: this is no finite decimal number", reader->line,
			       column(reader));
	reader->at = skip(end);
	return 0;
}

static int read_row(struct reader *reader, double *row)
{
	int ret;

	for (unsigned int i = 0; i < reader->nr; i++) {
		if (i && *reader->at == ',')
			reader->at = skip(reader->at + 1);
		ret = read_number(reader, &row[i]);
		if (ret)
			return ret;
	}
	if (*reader->at && *reader->at != '\n' && *reader->at != '#')
		return err_set(reader->err, EXIT_INPUT, EINVAL,
			       "%u:%u: more than the %u numbers that %u vCPUs need", reader->line,
			       column(reader), reader->nr, reader->nr);
	return 0;
}

/* Moves to the next line that holds something; false at the end. */
static int next_line(struct reader *reader)
{
	for (;;) {
		reader->at = skip(reader->at);
		if (*reader->at == '#')
			reader->at += strcspn(reader->at, "\n");
		if (*reader->at != '\n')
			return *reader->at != '\0';
		reader->line_start = ++reader->at;
		reader->line++;
	}
}

static int read_rows(struct reader *reader, double *weights)
{
	unsigned int row = 0;
	int ret;

	while (next_line(reader)) {
		if (row == reader->nr)
			return err_set(reader->err, EXIT_INPUT, EINVAL,
				       "%u:1: more than the %u lines that %u vCPUs need",
				       reader->line, reader->nr, reader->nr);
		ret = read_row(reader, weights + (size_t)row++ * reader->nr);
		if (ret)
			return ret;
	}
	if (row < reader->nr)
		return err_set(reader->err, EXIT_INPUT, EINVAL,
			       "%u:1: %u lines are given, %u vCPUs need as many", reader->line, row,
			       reader->nr);
	return 0;
}

int weights_parse(const char *text, unsigned int nr, double **weights, struct err *err)
{
	struct reader reader = { text, text, 1, nr, err };
	double *cells = alloc_zeroed((size_t)nr * nr, sizeof(*cells));
	int ret = read_rows(&reader, cells);

	if (ret) {
		free(cells);
		cells = NULL;
	}
	*weights = cells;
	return ret;
}

int weights_load(const char *path, unsigned int nr, double **weights, struct err *err)
{
	AUTO_FREE char *text = NULL;
	long len = fs_load(path, WEIGHTS_MAX_BYTES, &text);
	int ret;

	*weights = NULL;
	if (len < 0)
		return err_sys(err, EXIT_INPUT, (int)-len, "cannot read traffic file %s", path);
	ret = weights_parse(text, nr, weights, err);
	if (ret)
		err_context(err, "%s", path);
	return ret;
}
