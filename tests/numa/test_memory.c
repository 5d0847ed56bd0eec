#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/size.h"
#include "numa/memory.h"

static struct gmem_spec region(gpa_t gpa, uint64_t len)
{
	return (struct gmem_spec){ .gpa = gpa, .len = len, .prefault = true };
}

/* Address space in use. A region that leaks shows, since each reserves more than 4 MiB; what the
 * heap and the sanitizers add in between does not. */
static uint64_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	cr_assert(file);
	cr_assert_eq(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages * 4096;
}

struct refusal {
	uint64_t gpa, len, page_size, gpa2;
	char fault[64];
};

ParameterizedTestParameters(memory, a_bad_region_is_refused_and_named)
{
	static struct refusal cases[] = {
		{ 0, 0, 0, 0, "is empty" },
		{ 1, 4096, 0, 0, "whole pages" },
		{ 0, 4097, 0, 0, "whole pages" },
		{ 4096, 2 * MIB, 2 * MIB, 0, "whole pages" },
		{ 0, 3 * MIB, 2 * MIB, 0, "whole pages" },
		{ 0, 512 * MIB, GIB, 0, "whole pages" },
		{ 0, 16 * MIB, 16 * MIB, 0, "page size" },
		{ UINT64_MAX - 4095, 4096, 0, 0, "beyond 52 bits" },
		{ UINT64_MAX - 4095, 8192, 0, 0, "beyond 52 bits" },
		{ 4096, UINT64_MAX - 4095, 0, 0, "beyond 52 bits" },
		{ 0, 8192, 0, 4096, "overlaps" },
		{ 4096, 4096, 0, 4096, "overlaps" },
	};

	return cr_make_param_array(struct refusal, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct refusal *c, memory, a_bad_region_is_refused_and_named)
{
	struct gmem_spec specs[2] = { region(c->gpa, c->len), region(c->gpa2, 4096) };
	struct gmem gmem;
	struct err err = { 0 };

	specs[0].page_size = c->page_size;
	cr_assert_eq(gmem_init(&gmem, specs, c->gpa2 ? 2 : 1, NULL, &err), -EINVAL);
	cr_assert_eq(err.status, EXIT_INPUT);
	cr_assert(strstr(err.text, c->fault), "%s", err.text);
	cr_assert_eq(gmem.nr_regions, 0);
	cr_assert_null(gmem_ptr(&gmem, 0, 1));
}

Test(memory, a_policy_without_a_node_is_refused)
{
	struct gmem_spec spec = region(0, 4096);
	struct gmem gmem;
	struct err err;

	spec.policy = MEM_POLICY_BIND;
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), -EINVAL);
	cr_assert(strstr(err.text, "names no node"));
}

Test(memory, a_region_that_cannot_be_bound_undoes_those_before_it)
{
	struct gmem_spec specs[2] = { region(0, MIB), region(MIB, MIB) };
	uint64_t before;
	struct gmem gmem;
	struct err err;

	specs[0].shared = true;
	specs[1].policy = MEM_POLICY_BIND;
	cpuset_add(&specs[1].nodes, 1023);
	before = address_space();
	cr_assert_lt(gmem_init(&gmem, specs, 2, NULL, &err), 0);
	cr_assert(strstr(err.text, "node 1023"), "%s", err.text);
	cr_assert_lt(address_space(), before + 4 * MIB);
	cpuset_fini(&specs[1].nodes);
}

Test(memory, pointers_come_from_one_region_alone)
{
	struct gmem_spec specs[3] = { region(4 * GIB, MIB), region(0, 640 * KIB),
				      region(640 * KIB, 64 * KIB) };
	struct gmem gmem;
	struct err err;

	cr_assert_eq(gmem_init(&gmem, specs, 3, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(gmem.regions[2].spec.gpa, 4 * GIB);
	cr_assert_eq(gmem_ptr(&gmem, 0, 640 * KIB), gmem.regions[0].hva);
	cr_assert_null(gmem_ptr(&gmem, 0, 640 * KIB + 1), "no access runs into the next region");
	cr_assert_eq(gmem_ptr(&gmem, 640 * KIB, 1), gmem.regions[1].hva);
	cr_assert_null(gmem_ptr(&gmem, 704 * KIB, 0));
	cr_assert_null(gmem_ptr(&gmem, 4 * GIB - 1, 2));
	cr_assert_eq((char *)gmem_ptr(&gmem, 4 * GIB + MIB - 1, 1),
		     (char *)gmem.regions[2].hva + MIB - 1);
	cr_assert_not_null(gmem_ptr(&gmem, 4 * GIB + MIB - 1, 0));
	cr_assert_null(gmem_ptr(&gmem, 4 * GIB + MIB, 0));
	cr_assert_null(gmem_ptr(&gmem, 4 * GIB, UINT64_MAX));
	cr_assert_null(gmem_ptr(&gmem, UINT64_MAX, UINT64_MAX));
	gmem_fini(&gmem);
	cr_assert_null(gmem_ptr(&gmem, 0, 1));
}

Test(memory, host_and_guest_addresses_agree_below_a_huge_page)
{
	struct gmem_spec specs[2] = { region(0, 640 * KIB), region(5 * MIB, 3 * MIB) };
	struct gmem gmem;
	struct err err;

	cr_assert_eq(gmem_init(&gmem, specs, 2, NULL, &err), 0, "%s", err.text);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(((uintptr_t)gmem.regions[i].hva - specs[i].gpa) % (2 * MIB), 0);
	gmem_fini(&gmem);
}

Test(memory, shared_memory_is_the_memfds_and_cannot_shrink)
{
	struct gmem_spec spec = region(0, MIB);
	struct gmem gmem;
	struct err err;
	char *other;

	spec.shared = true;
	cr_assert_eq(gmem_init(&gmem, &spec, 1, NULL, &err), 0, "%s", err.text);
	other = mmap(NULL, MIB, PROT_READ, MAP_SHARED, gmem.regions[0].memfd, 0);
	*(char *)gmem_ptr(&gmem, 4096, 1) = 'x';
	cr_assert_eq(other[4096], 'x');
	cr_assert_neq(ftruncate(gmem.regions[0].memfd, 0), 0);
	munmap(other, MIB);
	gmem_fini(&gmem);
}

Test(memory, a_batch_has_unique_addresses_and_fini_gives_everything_back)
{
	struct gmem_spec specs[32];
	uint64_t before = 0;
	struct gmem gmem;
	struct err err;

	for (unsigned int i = 0; i < 32; i++)
		specs[i] = region(i * MIB, MIB);
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(gmem_init(&gmem, specs, 32, NULL, &err), 0, "%s", err.text);
		for (unsigned int i = 0; i < 32; i++)
			memset(gmem_ptr(&gmem, i * MIB, MIB), (int)i, MIB);
		for (unsigned int i = 0; i < 32; i++)
			cr_assert_eq(*(char *)gmem_ptr(&gmem, i * MIB + MIB - 1, 1), (char)i);
		gmem_fini(&gmem);
		/* The first round leaves thread stacks and heap behind, for the next to use. */
		cr_assert(!round || address_space() < before + 4 * MIB);
		before = address_space();
	}
}
