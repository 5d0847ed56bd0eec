#include <criterion/criterion.h>

#include "cli/progress.h"

Test(progress, the_bar_tells_the_share_and_the_time_left)
{
	char text[96];

	progress_format(text, sizeof(text), 0, 10, 0);
	cr_assert_str_eq(text, "[..............................]   0 %");
	progress_format(text, sizeof(text), 5, 10, 4000000000u);
	cr_assert_str_eq(text, "[###############...............]  50 %  4 s left");
	progress_format(text, sizeof(text), 10, 10, 8000000000u);
	cr_assert_str_eq(text, "[##############################] 100 %");
	progress_format(text, sizeof(text), 0, 0, 0);
	cr_assert_str_eq(text, "[##############################] 100 %");
}
