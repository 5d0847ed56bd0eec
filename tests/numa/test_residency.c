#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/size.h"
#include "numa/residency.h"
#include "tests/numa/tree.h"

/* A region of `len` on this host, whatever its nodes. */
static void make(struct gmem *gmem, uint64_t len, bool prefault)
{
	struct gmem_spec spec = { .len = len, .prefault = prefault };
	struct err err;

	cr_assert_eq(gmem_init(gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
}

Test(residency, prefaulted_memory_is_all_present_and_on_plan)
{
	struct residency residency;
	struct gmem gmem;
	struct err err;
	char *line, expected[128];

	make(&gmem, 8 * MIB, true);
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0, "%s", err.text);
	cr_assert(residency.on_plan);
	cr_assert_eq(residency.regions[0].present, 2048);
	line = residency_line(&residency.regions[0]);
	snprintf(expected, sizeof(expected),
		 "memory: 8 MiB on node %d, 2048 of 2048 pages present, all on plan",
		 cpuset_next(&gmem.regions[0].spec.nodes, 0));
	cr_assert_str_eq(line, expected);
	free(line);
	residency_fini(&residency);
	gmem_fini(&gmem);
}

Test(residency, counts_follow_the_pages_as_they_are_touched)
{
	struct residency residency;
	struct gmem gmem;
	struct err err;
	char *line;

	make(&gmem, MIB, false);
	for (uint64_t gpa = 0; gpa < 10 * 4096; gpa += 4096)
		*(volatile char *)gmem_ptr(&gmem, gpa, 1) = 1;
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0);
	line = residency_line(&residency.regions[0]);
	cr_assert_str_eq(line, "memory: 1 MiB on any node, 10 of 256 pages present, all on plan");
	free(line);
	residency_fini(&residency);
	gmem_fini(&gmem);
}

Test(residency, adjacent_regions_are_counted_apart)
{
	struct gmem_spec specs[2] = { { .len = MIB, .prefault = true },
				      { .gpa = MIB, .len = 2 * MIB } };
	struct residency residency;
	struct gmem gmem;
	struct err err;

	cr_assert_eq(gmem_init(&gmem, specs, 2, NULL, &err), 0);
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0);
	cr_assert_eq(residency.regions[0].present, 256);
	cr_assert_eq(residency.regions[1].present, 0);
	residency_fini(&residency);
	gmem_fini(&gmem);
}

Test(residency, strays_are_counted_and_the_first_are_named)
{
	struct residency residency;
	struct gmem gmem;
	struct err err;
	char *line;

	make(&gmem, 128 * MIB, false);
	/* Three pages, the last beyond the first batch; node 1000 is where none of them is. */
	*(volatile char *)gmem_ptr(&gmem, 0x5000, 1) = 1;
	*(volatile char *)gmem_ptr(&gmem, 0x6000, 1) = 1;
	*(volatile char *)gmem_ptr(&gmem, 100 * MIB, 1) = 1;
	cpuset_add(&gmem.regions[0].spec.nodes, 1000);
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0);
	cr_assert_not(residency.on_plan);
	cr_assert_eq(residency.regions[0].off_plan, 3);
	cr_assert_eq(residency.regions[0].nr_strays, 3);
	cr_assert_eq(residency.regions[0].strays[2].gpa, 100 * MIB);
	line = residency_line(&residency.regions[0]);
	cr_assert(strstr(line, "3 off plan, the first at 0x5000 on node "), "%s", line);
	free(line);
	residency_fini(&residency);
	gmem_fini(&gmem);
}

Test(residency, more_strays_than_can_be_named_are_still_counted)
{
	struct residency residency;
	struct gmem gmem;
	struct err err;

	make(&gmem, MIB, true);
	cpuset_clear(&gmem.regions[0].spec.nodes);
	cpuset_add(&gmem.regions[0].spec.nodes, 1000);
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0);
	cr_assert_eq(residency.regions[0].off_plan, 256);
	cr_assert_eq(residency.regions[0].nr_strays, RESIDENCY_NAMED);
	residency_fini(&residency);
	gmem_fini(&gmem);
}

Test(residency, memory_of_the_callers_is_counted_apart_from_its_neighbourhood)
{
	char *hva = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct gmem_spec spec = { .len = 2 * MIB, .prefault = true, .hva = hva + MIB };
	struct residency residency;
	struct gmem gmem;
	struct err err;

	madvise(hva, 4 * MIB, MADV_NOHUGEPAGE);
	hva[0] = 1;
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(residency_read(&residency, &gmem, NULL, &err), 0);
	cr_assert_eq(residency.regions[0].present, 512);
	residency_fini(&residency);
	gmem_fini(&gmem);
	munmap(hva, 4 * MIB);
}

struct balance {
	unsigned int pages[2];
	bool balanced;
};

ParameterizedTestParameters(residency, interleaved_pages_lie_within_5_percent_of_an_even_share)
{
	static struct balance cases[] = {
		{ { 1000, 1000 }, true }, { { 1049, 951 }, true }, { { 1051, 949 }, false },
		{ { 2000, 0 }, false },	  { { 1, 0 }, true },	   { { 0, 0 }, true },
	};

	return cr_make_param_array(struct balance, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct balance *c, residency,
		  interleaved_pages_lie_within_5_percent_of_an_even_share)
{
	struct residency residency;
	struct tree tree;
	struct gmem gmem;
	struct err err;
	char *line;

	make(&gmem, 16 * MIB, false);
	gmem.regions[0].spec.policy = MEM_POLICY_INTERLEAVE;
	cpuset_add_range(&gmem.regions[0].spec.nodes, 0, 1);
	tree_init(&tree);
	tree_put(&tree, "proc/self/numa_maps",
		 "1000 default N1=77 kernelpagesize_kB=4\n"
		 "%llx interleave:0-1 anon=1 N0=%u N1=%u kernelpagesize_kB=4\n",
		 (unsigned long long)(uintptr_t)gmem.regions[0].hva, c->pages[0], c->pages[1]);
	cr_assert_eq(residency_read(&residency, &gmem, &tree.root, &err), 0, "%s", err.text);
	cr_assert_eq(residency.on_plan, c->balanced);
	cr_assert_eq(residency.regions[0].present, c->pages[0] + c->pages[1]);
	line = residency_line(&residency.regions[0]);
	cr_assert(strstr(line, c->balanced ? "all on plan" : "not evenly interleaved"), "%s", line);
	free(line);
	residency_fini(&residency);
	tree_fini(&tree);
	gmem_fini(&gmem);
}

Test(residency, a_region_split_into_several_mappings_is_added_up_in_its_own_pages)
{
	struct residency residency;
	struct tree tree;
	struct gmem gmem;
	struct err err;
	char *line;

	make(&gmem, 16 * MIB, false);
	gmem.regions[0].spec.page_size = 2 * MIB;
	cpuset_add(&gmem.regions[0].spec.nodes, 1);
	tree_init(&tree);
	tree_put(&tree, "proc/self/numa_maps",
		 "%llx bind:1 huge anon=3 N1=3 kernelpagesize_kB=2048\n"
		 "%llx bind:1 huge anon=5 N1=5 kernelpagesize_kB=2048\n",
		 (unsigned long long)(uintptr_t)gmem.regions[0].hva,
		 (unsigned long long)(uintptr_t)gmem.regions[0].hva + 6 * MIB);
	cr_assert_eq(residency_read(&residency, &gmem, &tree.root, &err), 0, "%s", err.text);
	line = residency_line(&residency.regions[0]);
	cr_assert_str_eq(line, "memory: 16 MiB on node 1, 8 of 8 2 MiB pages present, all on plan");
	free(line);
	residency_fini(&residency);
	tree_fini(&tree);
	gmem_fini(&gmem);
}

Test(residency, a_kernel_that_does_not_tell_is_unverified_not_fine)
{
	struct residency residency;
	struct tree tree;
	struct gmem gmem;
	struct err err;

	make(&gmem, MIB, false);
	tree_init(&tree);
	cr_assert_eq(residency_read(&residency, &gmem, &tree.root, &err), -ENOENT);
	cr_assert_eq(err.status, EXIT_UNVERIFIED);
	tree_put(&tree, "proc/self/numa_maps", "garbage\n");
	cr_assert_eq(residency_read(&residency, &gmem, &tree.root, &err), -EINVAL);
	tree_fini(&tree);
	gmem_fini(&gmem);
}
