#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/ctl/request.h"

struct sample {
	char text[64];
	int taken; /* as ctl_request_parse() */
	enum ctl_op op;
	char says[32];
};

ParameterizedTestParameters(ctl_request, a_request_is_taken_waited_for_or_refused)
{
	static struct sample samples[] = {
		{ "{\"op\": \"show\"}", 14, CTL_SHOW, "" },
		{ "{\"op\":\"restore\"}", 16, CTL_RESTORE, "" },
		{ "{\"op\":\"power-button\"}", 21, CTL_POWER_BUTTON, "" },
		{ "{\"op\":\"pause\"}{\"op\":\"resume\"}", 14, CTL_PAUSE, "" },
		{ "", 0, 0, "" },
		{ "{\"op\": \"sho", 0, 0, "" },
		{ "{\"op\": \"show\"", 0, 0, "" },
		{ "{\"op\": \"dance\"}", -EINVAL, 0, "dance" },
		{ "{\"op\": 1}", -EINVAL, 0, "one key" },
		{ "{\"op\": \"show\", \"vcpu\": 1}", -EINVAL, 0, "one key" },
		{ "{\"op\": \"show\", \"op\": \"show\"}", -EINVAL, 0, "no JSON" },
		{ "[\"op\"]", -EINVAL, 0, "one key" },
		{ "GET / HTTP/1.1", -EINVAL, 0, "no JSON" },
	};

	return cr_make_param_array(struct sample, samples, sizeof(samples) / sizeof(*samples));
}

ParameterizedTest(struct sample *s, ctl_request, a_request_is_taken_waited_for_or_refused)
{
	struct ctl_request request = { NR_CTL_OPS };
	struct err err = { 0 };
	int taken = ctl_request_parse(&request, s->text, strlen(s->text), &err);

	cr_assert_eq(taken, s->taken, "%s: %d, %s", s->text, taken, err.text);
	if (taken > 0)
		cr_assert_eq(request.op, s->op);
	if (taken < 0)
		cr_assert(strstr(err.text, s->says), "%s: %s", s->text, err.text);
}

Test(ctl_request, what_never_ends_is_refused_at_the_limit)
{
	static char text[CTL_REQUEST_MAX];
	struct ctl_request request;
	struct err err;

	memset(text, ' ', sizeof(text));
	cr_assert_eq(ctl_request_parse(&request, text, sizeof(text) - 1, &err), 0);
	cr_assert_eq(ctl_request_parse(&request, text, sizeof(text), &err), -EINVAL);
	cr_assert_eq(ctl_request_parse(&request, text, sizeof(text) + 1, &err), -EINVAL);
}
