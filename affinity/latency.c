#include "affinity/latency.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

#define MAX_NS	  1e7 /* ten milliseconds: nothing that is a latency takes longer */
#define CELL_LEN  40
#define MAX_HOMES 64u

static int bad_input(struct err *err, int errnum, const char *what)
{
	return err_set(err, EXIT_INPUT, errnum, "latency: %s", what);
}

static int check_size(size_t nr_cpus, size_t nr_homes, struct err *err)
{
	if (!nr_cpus)
		return bad_input(err, EINVAL, "the table is empty; give one line per CPU");
	if (nr_cpus > LATENCY_MAX_CPUS)
		return err_set(err, EXIT_INPUT, EFBIG, "latency: %zu CPUs, at most %u are read",
			       nr_cpus, LATENCY_MAX_CPUS);
	if (nr_homes > MAX_HOMES ||
	    (uint64_t)nr_cpus * nr_cpus * nr_homes * sizeof(float) > LATENCY_MAX_BYTES)
		return bad_input(err, EFBIG, "the tables are larger than 1 GiB together");
	return 0;
}

static float *new_table(size_t nr)
{
	float *ns = alloc_zeroed(nr, sizeof(*ns));

	for (size_t i = 0; i < nr; i++)
		ns[i] = NAN;
	return ns;
}

/* Averages both ways, or lets one way stand for both. */
static void make_symmetric(float *ns, size_t nr)
{
	for (size_t a = 0; a < nr; a++) {
		for (size_t b = 0; b < a; b++) {
			float *down = &ns[a * nr + b], *up = &ns[b * nr + a];

			if (isnan(*down))
				*down = *up;
			else if (!isnan(*up))
				*down = (*down + *up) / 2;
			*up = *down;
		}
		ns[a * nr + a] = 0;
	}
}

/* One CSV cell of len bytes; blanks around it are allowed. *ns is NAN where it is empty. */
static bool parse_cell(const char *text, size_t len, float *ns)
{
	char copy[CELL_LEN], *end;
	double value;

	while (len && (*text == ' ' || *text == '\t'))
		text++, len--;
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	*ns = NAN;
	if (!len)
		return true;
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len); /* the text need not end in a NUL */
	copy[len] = 0;
	value = strtod(copy, &end);
	*ns = (float)value;
	return end == copy + len && strspn(copy, "0123456789.eE+-") == len && value >= 0 &&
	       value <= MAX_NS;
}

/* Length of the line at text, without its newline. */
static size_t line_len(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) : len;
}

static size_t count_cells(const char *line, size_t len)
{
	size_t nr = 1;

	for (size_t i = 0; i < len; i++)
		nr += line[i] == ',';
	return nr;
}

static int parse_row(float *row, size_t nr, size_t line_nr, const char *line, size_t len,
		     struct err *err)
{
	if (count_cells(line, len) != nr)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "latency: line %zu has %zu cells, the first has %zu; "
			       "write one cell per CPU in every line",
			       line_nr + 1, count_cells(line, len), nr);
	for (size_t cell = 0; cell < nr; cell++) {
		const char *comma = memchr(line, ',', len);
		size_t cell_len = comma ? (size_t)(comma - line) : len;

		if (!parse_cell(line, cell_len, &row[cell]) ||
		    (row[cell] == 0 && cell != line_nr)) /* NAN is not 0 */
			return err_set(err, EXIT_INPUT, EINVAL,
				       "latency: line %zu, cell %zu: \"%.*s\" is no latency in ns",
				       line_nr + 1, cell + 1, (int)(cell_len < 20 ? cell_len : 20),
				       line);
		line += cell_len + (comma != NULL);
		len -= cell_len + (comma != NULL);
	}
	return 0;
}

static int parse_csv(struct latency *latency, const char *text, size_t len, struct err *err)
{
	size_t nr = count_cells(text, line_len(text, len)), rows = 0;
	int ret = check_size(len ? nr : 0, 1, err);

	if (ret)
		return ret;
	latency->c2c_ns = new_table(nr * nr);
	latency->nr_cpus = (unsigned int)nr;
	while (len && !(rows == nr && line_len(text, len) == 0)) {
		size_t got = line_len(text, len);

		if (rows == nr)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "latency: more lines than the %zu cells of the first line",
				       nr);
		ret = parse_row(latency->c2c_ns + rows * nr, nr, rows, text, got, err);
		if (ret)
			return ret;
		rows++;
		got += got < len;
		text += got;
		len -= got;
	}
	if (rows < nr)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "latency: %zu lines for %zu CPUs; write one line per CPU", rows, nr);
	make_symmetric(latency->c2c_ns, nr);
	return 0;
}

static bool json_ns(const json_t *cell, bool may_be_zero, double most, double *value)
{
	*value = NAN;
	if (!cell || json_is_null(cell))
		return true;
	*value = json_number_value(cell);
	return json_is_number(cell) && *value <= most && (*value > 0 || (may_be_zero && !*value));
}

static int parse_json_home(float *ns, size_t nr, const json_t *rows, const char *home,
			   struct err *err)
{
	double value;

	if (json_array_size(rows) != nr)
		return err_set(err, EXIT_INPUT, EINVAL, "latency: c2c.%s has %zu rows, not %zu",
			       home, json_array_size(rows), nr);
	for (size_t a = 0; a < nr; a++) {
		const json_t *row = json_array_get(rows, a);

		if (json_array_size(row) > nr)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "latency: c2c.%s row %zu has more than %zu cells", home, a,
				       nr);
		for (size_t b = 0; b < json_array_size(row); b++) {
			if (!json_ns(json_array_get(row, b), a == b, MAX_NS, &value))
				return err_set(err, EXIT_INPUT, EINVAL,
					       "latency: c2c.%s[%zu][%zu] is no latency in ns",
					       home, a, b);
			ns[a * nr + b] = (float)value;
		}
	}
	make_symmetric(ns, nr);
	return 0;
}

static bool parse_node_number(const char *text, unsigned int *node)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*node = (unsigned int)value;
	return *text >= '0' && *text <= '9' && !*end && value < LATENCY_MAX_NODES;
}

static int parse_json_c2c(struct latency *latency, json_t *c2c, struct err *err)
{
	size_t nr_homes = json_object_size(c2c), nr, home = 0;
	const char *name;
	json_t *rows;
	int ret;

	if (!nr_homes)
		return bad_input(err, EINVAL, "c2c is no object of tables by home node");
	nr = json_array_size(json_object_iter_value(json_object_iter(c2c)));
	ret = check_size(nr, nr_homes, err);
	if (ret)
		return ret;
	latency->c2c_ns = new_table(nr * nr * nr_homes);
	latency->homes = alloc_zeroed(nr_homes, sizeof(*latency->homes));
	latency->nr_cpus = (unsigned int)nr;
	latency->nr_homes = (unsigned int)nr_homes;
	json_object_foreach(c2c, name, rows)
	{
		if (!parse_node_number(name, &latency->homes[home]))
			return err_set(err, EXIT_INPUT, EINVAL,
				       "latency: c2c has the key \"%.20s\"; name a node's number",
				       name);
		ret = parse_json_home(latency->c2c_ns + home++ * nr * nr, nr, rows, name, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* A square table by node, or none. */
static int parse_json_nodes(double **table, unsigned int *nr_nodes, const json_t *rows,
			    const char *key, struct err *err)
{
	size_t nr = json_array_size(rows);

	if (!rows || json_is_null(rows))
		return 0;
	if (!nr || nr > LATENCY_MAX_NODES || (*nr_nodes && nr != *nr_nodes))
		return err_set(err, EXIT_INPUT, EINVAL, "latency: %s has %zu rows", key, nr);
	*nr_nodes = (unsigned int)nr;
	*table = alloc_zeroed(nr * nr, sizeof(**table));
	for (size_t from = 0; from < nr; from++) {
		const json_t *row = json_array_get(rows, from);

		if (json_array_size(row) != nr)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "latency: %s row %zu does not have %zu cells", key, from,
				       nr);
		for (size_t to = 0; to < nr; to++)
			if (!json_ns(json_array_get(row, to), false, 1e9,
				     &(*table)[from * nr + to]))
				return err_set(err, EXIT_INPUT, EINVAL,
					       "latency: %s[%zu][%zu] is no positive number", key,
					       from, to);
	}
	return 0;
}

static int parse_json(struct latency *latency, const char *text, size_t len, struct err *err)
{
	json_error_t where;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	const json_t *key;
	int ret;

	if (!root)
		return err_set(err, EXIT_INPUT, EINVAL, "latency: line %d, column %d: %.100s",
			       where.line, where.column, where.text);
	ret = parse_json_c2c(latency, json_object_get(root, "c2c"), err);
	if (!ret)
		ret = parse_json_nodes(&latency->mem_ns, &latency->nr_nodes,
				       json_object_get(root, "mem_ns"), "mem_ns", err);
	if (!ret)
		ret = parse_json_nodes(&latency->mem_bw, &latency->nr_nodes,
				       json_object_get(root, "mem_bw"), "mem_bw", err);
	key = json_object_get(root, "key");
	if (json_is_string(key))
		latency->key = alloc_string(json_string_value(key));
	else if (key)
		latency->key = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	json_decref(root);
	return ret;
}

int latency_parse(struct latency *latency, const char *text, size_t len, struct err *err)
{
	size_t blank = 0;
	int ret;

	memset(latency, 0, sizeof(*latency));
	while (blank < len && strchr(" \t\r\n", text[blank]) && text[blank])
		blank++;
	if (blank < len && text[blank] == '{')
		ret = parse_json(latency, text, len, err);
	else
		ret = parse_csv(latency, text, len, err);
	if (ret)
		latency_fini(latency);
	return ret;
}

static char *read_whole(const char *path, size_t *len, struct err *err)
{
	FILE *file = fopen(path, "rbe");
	char *text = NULL;
	size_t room = 0, got = 1;

	if (!file) {
		err_sys(err, EXIT_INPUT, errno, "latency: %s", path);
		return NULL;
	}
	for (*len = 0; got && *len < LATENCY_MAX_BYTES; *len += got) {
		if (room - *len < 65536)
			text = alloc_resize(text, room = room * 2 + 131072, 1);
		got = fread(text + *len, 1, 65536, file);
	}
	if (ferror(file) || *len >= LATENCY_MAX_BYTES) {
		err_sys(err, EXIT_INPUT, ferror(file) ? EIO : EFBIG, "latency: %s", path);
		free(text);
		text = NULL;
	}
	(void)fclose(file);
	return text;
}

int latency_load(struct latency *latency, const char *path, struct err *err)
{
	size_t len;
	char *text = read_whole(path, &len, err);
	int ret;

	memset(latency, 0, sizeof(*latency));
	if (!text)
		return -err->errnum;
	ret = latency_parse(latency, text, len, err);
	if (ret)
		err_context(err, "%s", path);
	free(text);
	return ret;
}

void latency_fini(struct latency *latency)
{
	free(latency->c2c_ns);
	free(latency->homes);
	free(latency->mem_ns);
	free(latency->mem_bw);
	free(latency->key);
	memset(latency, 0, sizeof(*latency));
}

double latency_c2c_ns(const struct latency *latency, unsigned int a, unsigned int b, int home)
{
	size_t nr = latency->nr_cpus, cell = (size_t)a * nr + b;
	double best = NAN;

	if (a >= nr || b >= nr)
		return NAN;
	if (!latency->nr_homes)
		return latency->c2c_ns[cell];
	for (unsigned int i = 0; i < latency->nr_homes; i++) {
		double ns = latency->c2c_ns[i * nr * nr + cell];

		if (home >= 0 && latency->homes[i] != (unsigned int)home)
			continue;
		best = fmin(best, ns); /* fmin lets the number win over NAN */
	}
	return best;
}
