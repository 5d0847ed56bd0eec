#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>

#include "base/size.h"

struct size_case {
	char text[32];
	uint64_t bytes;
	int ret;
};

ParameterizedTestParameters(size, is_read_strictly)
{
	static struct size_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 4096, 0 },
		{ "2048K", 2 * MIB, 0 },
		{ "512M", 512 * MIB, 0 },
		{ "16G", 16 * GIB, 0 },
		{ "1T", 1024 * GIB, 0 },
		{ "9223372036854775807", INT64_MAX, 0 },
		{ "9223372036854775808", 0, -ERANGE },
		{ "8388608T", 0, -ERANGE },
		{ "99999999999999999999", 0, -ERANGE },
		{ "", 0, -EINVAL },
		{ "-1", 0, -EINVAL },
		{ "8x", 0, -EINVAL },
		{ "010", 0, -EINVAL },
		{ "1.5G", 0, -EINVAL },
		{ "1GB", 0, -EINVAL },
		{ "1 G", 0, -EINVAL },
		{ "1g", 0, -EINVAL },
		{ "G", 0, -EINVAL },
	};

	return cr_make_param_array(struct size_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct size_case *c, size, is_read_strictly)
{
	uint64_t bytes = 0;
	struct err err = { 0 };

	cr_assert_eq(size_parse(c->text, &bytes, &err), c->ret, "%s", c->text);
	cr_assert_eq(bytes, c->bytes, "%s", c->text);
	cr_assert_eq(err.status, c->ret ? EXIT_INPUT : EXIT_OK);
}

Test(size, is_written_for_people)
{
	char text[SIZE_TEXT];

	cr_assert_str_eq(size_format(0, text), "0 B");
	cr_assert_str_eq(size_format(1023, text), "1023 B");
	cr_assert_str_eq(size_format(2 * MIB, text), "2 MiB");
	cr_assert_str_eq(size_format(3 * GIB / 2, text), "1.5 GiB");
	cr_assert_str_eq(size_format(UINT64_MAX, text), "16.0 EiB");
}
