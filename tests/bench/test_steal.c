#include <criterion/criterion.h>

#include "bench/steal.h"

static const char stat_text[] = "cpu  10 0 10 100 0 0 0 77 0 0\n"
				"cpu0 5 0 5 50 0 0 0 70 0 0\n"
				"cpu11 5 0 5 50 0 0 0 7 0 0\n"
				"cpu12 short\n"
				"intr 12 3 4\n";

Test(steal, is_the_eighth_field_of_the_cpus_own_line)
{
	cr_assert_eq(steal_parse(stat_text, 0), 70);
	cr_assert_eq(steal_parse(stat_text, 11), 7);
}

Test(steal, of_a_cpu_without_a_line_is_zero)
{
	cr_assert_eq(steal_parse(stat_text, 1), 0);
	cr_assert_eq(steal_parse(stat_text, 12), 0);
	cr_assert_eq(steal_parse("", 0), 0);
}
