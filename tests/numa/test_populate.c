#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"
#include "numa/memory.h"
#include "numa/populate.h"
#include "numa/residency.h"

static uint64_t present(const struct gmem *gmem)
{
	struct residency residency;
	uint64_t pages = 0;
	struct err err;

	cr_assert_eq(residency_read(&residency, gmem, NULL, &err), 0, "%s", err.text);
	for (unsigned int i = 0; i < residency.nr_regions; i++)
		pages += residency.regions[i].present;
	residency_fini(&residency);
	return pages;
}

/* Memory that wants to be prefaulted and is not yet. */
static void make(struct gmem *gmem, struct gmem_spec *specs, unsigned int nr)
{
	struct err err;

	for (unsigned int i = 0; i < nr; i++)
		specs[i].prefault = false;
	cr_assert_eq(gmem_init(gmem, specs, nr, NULL, &err), 0, "%s", err.text);
	for (unsigned int i = 0; i < nr; i++)
		gmem->regions[i].spec.prefault = true;
}

/* A CPU that this process may use, another than the first where there is one. */
static unsigned int last_cpu(void)
{
	cpu_set_t set;
	unsigned int cpu = CPU_SETSIZE - 1;

	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu--;
	return cpu;
}

struct method {
	bool touch;
	uint64_t len;
};

ParameterizedTestParameters(populate, every_page_is_present_afterwards)
{
	static struct method cases[] = {
		{ false, 4 * KIB },   { true, 4 * KIB },    { false, MIB + 4096 },
		{ true, MIB + 4096 }, { false, 130 * MIB }, { true, 130 * MIB },
	};

	return cr_make_param_array(struct method, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct method *c, populate, every_page_is_present_afterwards)
{
	struct populate_options options = { .touch = c->touch };
	struct gmem_spec spec = { .len = c->len };
	struct gmem gmem;
	struct err err;

	make(&gmem, &spec, 1);
	cr_assert_eq(present(&gmem), 0);
	cr_assert_eq(populate_regions(&gmem, &options, &err), 0, "%s", err.text);
	cr_assert_eq(present(&gmem), c->len / 4096);
	gmem_fini(&gmem);
}

Test(populate, threads_run_on_the_cpus_of_the_region_alone)
{
	struct gmem_spec specs[2] = { { .len = 200 * MIB }, { .gpa = GIB, .len = 70 * MIB } };
	struct cpuset ran_on = { 0 };
	struct populate_options options = { .ran_on = &ran_on };
	struct gmem gmem;
	struct err err;

	cpuset_add(&specs[0].prefault_cpus, last_cpu());
	cpuset_copy(&specs[1].prefault_cpus, &specs[0].prefault_cpus);
	make(&gmem, specs, 2);
	cr_assert_eq(populate_regions(&gmem, &options, &err), 0, "%s", err.text);
	cr_assert(cpuset_equal(&ran_on, &specs[0].prefault_cpus));
	cr_assert_eq(present(&gmem), 270 * MIB / 4096);
	gmem_fini(&gmem);
	cpuset_fini(&ran_on);
	cpuset_fini(&specs[0].prefault_cpus);
	cpuset_fini(&specs[1].prefault_cpus);
}

Test(populate, regions_of_several_crews_are_all_filled)
{
	struct gmem_spec specs[3] = { { .len = 70 * MIB },
				      { .gpa = GIB, .len = 70 * MIB },
				      { .gpa = 2 * GIB, .len = 3 * MIB } };
	struct populate_options options = { 0 };
	struct gmem gmem;
	struct err err;

	cpuset_add(&specs[1].prefault_cpus, last_cpu());
	make(&gmem, specs, 3);
	cr_assert_eq(populate_regions(&gmem, &options, &err), 0, "%s", err.text);
	cr_assert_eq(present(&gmem), 143 * MIB / 4096);
	gmem_fini(&gmem);
	cpuset_fini(&specs[1].prefault_cpus);
}

Test(populate, cpus_that_do_not_exist_are_named)
{
	struct gmem_spec spec = { .len = MIB };
	struct populate_options options = { 0 };
	struct gmem gmem;
	struct err err;

	cpuset_add(&spec.prefault_cpus, 50000);
	make(&gmem, &spec, 1);
	cr_assert_eq(populate_regions(&gmem, &options, &err), -EINVAL);
	cr_assert(strstr(err.text, "CPUs 50000"), "%s", err.text);
	gmem_fini(&gmem);
	cpuset_fini(&spec.prefault_cpus);
}

struct tally {
	unsigned int calls;
	uint64_t done, total;
};

static void count(void *arg, uint64_t done, uint64_t total)
{
	struct tally *tally = arg;

	cr_assert_geq(done, tally->done);
	*tally = (struct tally){ tally->calls + 1, done, total };
}

Test(populate, progress_grows_and_ends_with_all_of_it)
{
	struct gmem_spec spec = { .len = 300 * MIB };
	struct tally tally = { 0 };
	struct populate_options options = { .progress = count, .arg = &tally };
	struct gmem gmem;
	struct err err;

	make(&gmem, &spec, 1);
	cr_assert_eq(populate_regions(&gmem, &options, &err), 0);
	cr_assert_gt(tally.calls, 0);
	cr_assert_eq(tally.done, 300 * MIB);
	cr_assert_eq(tally.total, 300 * MIB);
	gmem_fini(&gmem);
}

/* Pages that cannot be written stand for pages that cannot be had: both end in EFAULT. */
ParameterizedTestParameters(populate, a_page_that_cannot_be_had_is_an_error_and_no_signal)
{
	static struct method cases[] = { { false, 130 * MIB }, { true, 130 * MIB } };

	return cr_make_param_array(struct method, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct method *c, populate, a_page_that_cannot_be_had_is_an_error_and_no_signal)
{
	struct populate_options options = { .touch = c->touch };
	struct gmem_spec spec = { .len = c->len };
	struct gmem gmem;
	struct err err;

	make(&gmem, &spec, 1);
	munmap((char *)gmem.regions[0].hva + 100 * MIB, 4096);
	cr_assert_eq(populate_regions(&gmem, &options, &err), -ENOMEM);
	cr_assert(strstr(err.text, "ran out of 4 KiB pages while 130 MiB were prefaulted"), "%s",
		  err.text);
	gmem_fini(&gmem);
}

Test(populate, what_memory_holds_is_kept)
{
	char *hva = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct gmem_spec spec = { .len = MIB, .prefault = true, .hva = hva };
	struct populate_options touch = { .touch = true };
	struct gmem gmem;
	struct err err;

	hva[0] = hva[8192] = 'x';
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(hva[0], 'x');
	cr_assert_eq(hva[8192], 'x');
	cr_assert_eq(populate_regions(&gmem, &touch, &err), -EOPNOTSUPP);
	cr_assert_eq(hva[0], 'x');
	gmem_fini(&gmem);
	munmap(hva, MIB);
}
