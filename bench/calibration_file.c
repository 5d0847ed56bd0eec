#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/calibration.h"

/* Tenths are beyond what one run reproduces, so more digits would be noise in a file for people. */
static json_t *rounded(double value)
{
	return isnan(value) ? json_null() : json_real(round(value * 10) / 10);
}

/* Rows and columns of the file are the operating system's numbers, with null where there is none.
 */
static json_t *line_matrix(const struct calibration *calibration, const struct topology *topo,
			   unsigned int home)
{
	const float *table =
		calibration->c2c_ns + (size_t)home * calibration->nr_cpus * calibration->nr_cpus;
	json_t *rows = json_array();

	for (unsigned int a = 0; a < topo->cpu_index_len; a++) {
		json_t *row = json_array();

		for (unsigned int b = 0; b < topo->cpu_index_len; b++) {
			int i = topo->cpu_index[a], j = topo->cpu_index[b];
			double ns = i < 0 || j < 0
					    ? (double)NAN
					    : (double)table[(size_t)i * calibration->nr_cpus +
							    (size_t)j];

			json_array_append_new(row, rounded(ns));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *node_matrix(const double *cells, const struct topology *topo)
{
	json_t *rows = json_array();

	for (unsigned int from = 0; from < topo->node_index_len; from++) {
		json_t *row = json_array();

		for (unsigned int to = 0; to < topo->node_index_len; to++) {
			int i = topo->node_index[from], j = topo->node_index[to];
			double value = i < 0 || j < 0
					       ? (double)NAN
					       : cells[(size_t)i * topo->nr_nodes + (size_t)j];

			json_array_append_new(row, rounded(value));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *to_json(const struct calibration *calibration, const struct topology *topo,
		       const char *key)
{
	json_t *root = json_object(), *homes = json_object();

	for (unsigned int node = 0; node < topo->nr_nodes; node++) {
		char number[16];

		if (!topo->nodes[node].mem_total)
			continue;
		snprintf(number, sizeof(number), "%u", topo->nodes[node].os);
		json_object_set_new(homes, number, line_matrix(calibration, topo, node));
	}
	json_object_set_new(root, "key", json_string(key));
	json_object_set_new(root, "simulated", json_boolean(calibration->simulated));
	json_object_set_new(root, "hypervisor",
			    *calibration->hypervisor ? json_string(calibration->hypervisor)
						     : json_null());
	json_object_set_new(root, "steps", json_integer((json_int_t)calibration->nr_steps));
	json_object_set_new(root, "possible", json_integer((json_int_t)calibration->nr_possible));
	json_object_set_new(root, "unsteady", json_integer((json_int_t)calibration->nr_unsteady));
	json_object_set_new(root, "disturbed", json_integer((json_int_t)calibration->nr_disturbed));
	json_object_set_new(root, "failed", json_integer((json_int_t)calibration->nr_failed));
	json_object_set_new(root, "mem_ns", node_matrix(calibration->mem_ns, topo));
	json_object_set_new(root, "mem_loaded_ns", node_matrix(calibration->mem_loaded_ns, topo));
	json_object_set_new(root, "mem_bw", node_matrix(calibration->mem_bw, topo));
	json_object_set_new(root, "c2c", homes);
	return root;
}

static int write_text(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t put = write(fd, text, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text += put;
		len -= (size_t)put;
	}
	return fsync(fd) ? -errno : 0;
}

static int replace_file(const char *path, const char *text, struct err *err)
{
	AUTO_FREE char *temporary = alloc_printf("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC), ret;

	if (fd < 0)
		return err_sys(err, EXIT_HOST, errno, "calibration: cannot create a file beside %s",
			       path);
	ret = write_text(fd, text);
	if (!ret && fchmod(fd, 0644))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (!ret)
		return 0;
	unlink(temporary);
	return err_sys(err, EXIT_HOST, -ret, "calibration: cannot write %s", path);
}

int calibration_write(const struct calibration *calibration, const struct topology *topo,
		      const char *key, const char *path, struct err *err)
{
	json_t *root = to_json(calibration, topo, key);
	char *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
	int ret;

	json_decref(root);
	if (!text)
		return err_set(err, EXIT_HOST, ENOMEM, "calibration: cannot print the result");
	ret = replace_file(path, text, err);
	free(text);
	return ret;
}
