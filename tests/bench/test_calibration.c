#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/calibration.h"

static struct topology topo;
static struct calibration calibration;

static void enter(void)
{
	topology_setup();
}

static void leave(void)
{
	calibration_fini(&calibration);
	topology_fini(&topo);
}

TestSuite(calibration, .init = enter, .fini = leave);

/* Small, so that the test is quick; the figures themselves are not judged here. */
static const struct calibration_limits few = { .steps = 4, .samples = 5, .memory_bytes = 8 << 20 };

Test(calibration, refuses_a_host_that_was_read_from_a_description)
{
	struct err err;

	cr_assert_eq(topology_load(&topo, "synthetic:pack:1 [numa(memory=1GB)] core:2 pu:1", &err),
		     0);
	cr_assert_eq(calibration_run(&calibration, &topo, &few, NULL, NULL, &err), -EINVAL);
	cr_assert_eq(err.status, EXIT_NO);
}

struct stages {
	unsigned long lines, memory;
};

static void count_stage(const char *what, unsigned long done, unsigned long total, void *arg)
{
	struct stages *stages = arg;

	cr_assert_leq(done, total);
	if (done == total)
		++*(strcmp(what, "lines") ? &stages->memory : &stages->lines);
}

Test(calibration, of_this_host_gives_plausible_figures_and_a_file_that_holds_them)
{
	char path[] = "/tmp/situ-calibration-XXXXXX";
	struct stages stages = { 0 };
	struct err err;
	json_t *root, *cell;
	double ns;

	cr_assert_eq(topology_load(&topo, "host", &err), 0, "%s", err.text);
	if (topo.nr_cpus < 2)
		cr_skip_test("needs two CPUs");
	cr_assert_eq(calibration_run(&calibration, &topo, &few, count_stage, &stages, &err), 0,
		     "%s", err.text);
	cr_assert_eq(stages.lines, 1);
	cr_assert_eq(stages.memory, 1);
	cr_assert_gt(calibration.nr_steps + calibration.nr_failed, 0);
	ns = calibration.c2c_ns[1];
	cr_assert(isnan(ns) ? calibration.nr_failed > 0 : ns > 1, "%f", ns);
	cr_assert_gt(calibration.mem_bw[0], 0);

	close(mkstemp(path));
	cr_assert_eq(calibration_write(&calibration, &topo, "machine=x", path, &err), 0);
	root = json_load_file(path, 0, NULL);
	cr_assert(root);
	unlink(path);
	cr_assert_str_eq(json_string_value(json_object_get(root, "key")), "machine=x");
	cell = json_array_get(json_array_get(json_object_get(root, "mem_bw"), topo.nodes[0].os),
			      topo.nodes[0].os);
	cr_assert_float_eq(json_number_value(cell), calibration.mem_bw[0], 0.1);
	json_decref(root);
}

Test(calibration, a_file_that_cannot_be_written_is_named)
{
	struct err err;

	cr_assert_eq(topology_load(&topo, "synthetic:pack:1 [numa(memory=1GB)] core:2 pu:1", &err),
		     0);
	calibration_run(&calibration, &topo, &few, NULL, NULL, &err);
	cr_assert_eq(calibration_write(&calibration, &topo, "k", "/no/such/folder/file", &err),
		     -ENOENT);
	cr_assert(strstr(err.text, "/no/such/folder/file"));
}
