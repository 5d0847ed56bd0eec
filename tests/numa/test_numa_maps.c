#include <criterion/criterion.h>
#include <errno.h>

#include "base/size.h"
#include "numa/numa_maps.h"

struct seen {
	struct numa_count counts[16];
	int nr;
};

static void see(const struct numa_count *count, void *arg)
{
	struct seen *seen = arg;

	cr_assert_lt(seen->nr, 16);
	seen->counts[seen->nr++] = *count;
}

static void expect(const struct seen *seen, int i, struct numa_count count)
{
	cr_assert_eq(seen->counts[i].start, count.start);
	cr_assert_eq(seen->counts[i].page_size, count.page_size);
	cr_assert_eq(seen->counts[i].pages, count.pages);
	cr_assert_eq(seen->counts[i].node, count.node);
}

Test(numa_maps, every_count_of_every_mapping_is_visited)
{
	struct seen seen = { 0 };

	cr_assert_eq(
		numa_maps_read(
			"55be5bc12000 default file=/usr/bin/cat mapped=2 N0=2 kernelpagesize_kB=4\n"
			"7f0000000000 bind:0-1 anon=30 dirty=30 N0=10 N1=20 kernelpagesize_kB=4\n"
			"7f1000000000 prefer (many):1 file=/anon_hugepage huge N1023=3 "
			"kernelpagesize_kB=2048\n"
			"7f2000000000 interleave:0,2\n"
			"7f3000000000 default file=/tmp/N0\\0757 N7=1 kernelpagesize_kB=4",
			see, &seen),
		0);
	cr_assert_eq(seen.nr, 5);
	expect(&seen, 1, (struct numa_count){ 0x7f0000000000, 4 * KIB, 10, 0 });
	expect(&seen, 2, (struct numa_count){ 0x7f0000000000, 4 * KIB, 20, 1 });
	expect(&seen, 3, (struct numa_count){ 0x7f1000000000, 2 * MIB, 3, 1023 });
	expect(&seen, 4, (struct numa_count){ 0x7f3000000000, 4 * KIB, 1, 7 });
}

Test(numa_maps, a_count_without_a_page_size_or_an_address_is_an_error)
{
	struct seen seen = { 0 };

	cr_assert_eq(numa_maps_read("7f0000000000 default N0=10\n", see, &seen), -EINVAL);
	cr_assert_eq(numa_maps_read("hello N0=10 kernelpagesize_kB=4\n", see, &seen), -EINVAL);
	cr_assert_eq(numa_maps_read("7f0000000000 default N0=10 kernelpagesize_kB=0\n", see, &seen),
		     -EINVAL);
	cr_assert_eq(seen.nr, 0);
	cr_assert_eq(numa_maps_read("", see, &seen), 0);
}
