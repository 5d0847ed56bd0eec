#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

Test(err, set_fills_the_sentence_and_returns_the_negative_errno)
{
	struct err err = { 0 };

	cr_assert_eq(err_set(&err, EXIT_HOST, ENOMEM, "memory: node %d is full", 1), -ENOMEM);
	cr_assert_eq(err.status, EXIT_HOST);
	cr_assert_eq(err.errnum, ENOMEM);
	cr_assert_str_eq(err.text, "memory: node 1 is full");
}

Test(err, sys_adds_what_the_system_says)
{
	struct err err = { 0 };

	err_sys(&err, EXIT_INPUT, ENOENT, "cannot open %s", "a.yaml");
	cr_assert_str_eq(err.text, "cannot open a.yaml: No such file or directory");
}

Test(err, context_goes_in_front)
{
	struct err err = { 0 };

	err_set(&err, EXIT_INPUT, EINVAL, "no number");
	err_context(&err, "--%s", "cpus");
	cr_assert_str_eq(err.text, "--cpus: no number");
	cr_assert_eq(err.status, EXIT_INPUT);
}

Test(err, a_sentence_that_is_too_long_is_cut_and_stays_terminated)
{
	char longest[sizeof(((struct err *)0)->text)];
	struct err err = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	err_set(&err, EXIT_NO, EIO, "%s%s", longest, longest);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
	err_context(&err, "%s", longest);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
	err_set(&err, EXIT_NO, EIO, "%.*s", 505, longest);
	err_context(&err, "abc");
	cr_assert_eq(strlen(err.text), 510);
	err_sys(&err, EXIT_NO, EIO, "%s", longest);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
}
