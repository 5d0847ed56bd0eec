#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/reserve_state.h"
#include "base/size.h"

Test(reserve_state, what_is_written_reads_back)
{
	struct reserve_memory memory[2] = { { 0, 4 * KIB, 3 * MIB }, { 7, GIB, 2 * GIB } };
	struct reserve_claim claim = { .name = "db", .pid = 812, .exclusive = true }, back;
	struct err err;
	char *text;

	claim.memory = memory;
	claim.nr_memory = 2;
	cpuset_add_range(&claim.cpus, 4, 7);
	cpuset_add(&claim.cpus, 2000);
	text = reserve_state_write(&claim);
	cr_assert_eq(reserve_state_read(&back, text, strlen(text), &err), 0, "%s", err.text);
	cr_assert_str_eq(back.name, "db");
	cr_assert_eq(back.pid, 812);
	cr_assert(back.exclusive && !back.populated);
	cr_assert(cpuset_equal(&back.cpus, &claim.cpus));
	cr_assert_eq(back.nr_memory, 2);
	cr_assert_eq(back.memory[1].node, 7);
	cr_assert_eq(back.memory[1].page_size, GIB);
	cr_assert_eq(back.memory[1].bytes, 2 * GIB);
	reserve_claim_fini(&back);
	cpuset_fini(&claim.cpus);
	free(text);
}

struct bad {
	char text[256], fault[48];
};

#define HEAD "{\"version\":1,\"name\":\"a\",\"pid\":1,\"exclusive\":true,\"populated\":false"

ParameterizedTestParameters(reserve_state, a_text_of_another_form_is_refused)
{
	static struct bad cases[] = {
		{ "", "is no JSON" },
		{ "[]", "another version" },
		{ "{\"version\":2}", "another version" },
		{ "{\"version\":\"1\"}", "another version" },
		{ "{\"version\":1}", "name and pid" },
		{ "{\"version\":1,\"name\":\"../a\",\"pid\":1}", "name and pid" },
		{ "{\"version\":1,\"name\":\"a\",\"pid\":-1}", "name and pid" },
		{ "{\"version\":1,\"name\":\"a\",\"pid\":1e3}", "name and pid" },
		{ "{\"version\":1,\"name\":\"a\",\"pid\":1,\"exclusive\":1,\"populated\":true}",
		  "whether it is exclusive" },
		{ HEAD "}", "no list of CPUs" },
		{ HEAD ",\"cpus\":[0]}", "no list of CPUs" },
		{ HEAD ",\"cpus\":\"3-1\"}", "malformed list of CPUs" },
		{ HEAD ",\"cpus\":\"0\"}", "no list of memory" },
		{ HEAD ",\"cpus\":\"0\",\"memory\":{}}", "no list of memory" },
		{ HEAD ",\"cpus\":\"0\",\"memory\":[1]}", "memory without node" },
		{ HEAD
		  ",\"cpus\":\"0\",\"memory\":[{\"node\":65536,\"page_size\":4096,\"bytes\":0}]}",
		  "memory without node" },
		{ HEAD ",\"cpus\":\"0\",\"memory\":[{\"node\":0,\"page_size\":8192,\"bytes\":0}]}",
		  "memory without node" },
		{ HEAD ",\"cpus\":\"0\",\"memory\":[{\"node\":0,\"page_size\":4096,\"bytes\":1}]}",
		  "memory without node" },
		{ HEAD ",\"pid\":2,\"cpus\":\"0\",\"memory\":[]}", "is no JSON" },
	};

	return cr_make_param_array(struct bad, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct bad *c, reserve_state, a_text_of_another_form_is_refused)
{
	struct reserve_claim claim;
	struct err err;

	cr_assert_eq(reserve_state_read(&claim, c->text, strlen(c->text), &err), -EINVAL, "%s",
		     c->text);
	cr_assert(strstr(err.text, c->fault), "%s: %s", c->text, err.text);
	cr_assert_null(claim.memory);
}

Test(reserve_state, what_is_too_long_is_refused_unread)
{
	struct reserve_claim claim;
	struct err err;

	cr_assert_eq(reserve_state_read(&claim, NULL, RESERVE_TEXT_MAX + 1, &err), -EINVAL);
	cr_assert(strstr(err.text, "too long"));
}
