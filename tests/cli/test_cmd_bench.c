#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "affinity/topology.h"
#include "cli/cmd.h"

struct refusal {
	char args[3][24];
	int status;
	char names[24]; /* what the message must name */
};

ParameterizedTestParameters(cmd_bench, mistakes_are_refused_before_anything_runs)
{
	static struct refusal cases[] = {
		{ { "nonsense" }, EXIT_INPUT, "nonsense" },
		{ { "first-byte", "ring" }, EXIT_INPUT, "first-byte" },
		{ { "--ring", "square" }, EXIT_INPUT, "square" },
		{ { "--ring", "plain," }, EXIT_INPUT, "--ring" },
		{ { "--padding", "32" }, EXIT_INPUT, "32" },
		{ { "--batch", "7" }, EXIT_INPUT, "7" },
		{ { "--wait", "-1" }, EXIT_INPUT, "--wait" },
		{ { "--wait", "10000000" }, EXIT_INPUT, "--wait" },
		{ { "--ring-node", "here" }, EXIT_INPUT, "here" },
		{ { "--item", "12" }, EXIT_INPUT, "12 bytes" },
		{ { "--item", "8192" }, EXIT_INPUT, "8192" },
		{ { "--capacity", "9999999999" }, EXIT_INPUT, "slots" },
		{ { "--cpus", "1-" }, EXIT_INPUT, "--cpus" },
		{ { "--membind", "999" }, EXIT_INPUT, "node 999" },
		{ { "--pairs", "0:60000" }, EXIT_INPUT, "60000" },
		{ { "--json", "--csv", "-" }, EXIT_INPUT, "stdout" },
		{ { "--cpus", "60000" }, EXIT_HOST, "two CPUs" },
	};

	return cr_make_param_array(struct refusal, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct refusal *c, cmd_bench, mistakes_are_refused_before_anything_runs)
{
	char *argv[5] = { (char *)"bench" };
	struct err err = { 0 };
	int argc = 1;

	topology_setup();
	while (argc < 4 && c->args[argc - 1][0]) {
		argv[argc] = c->args[argc - 1];
		argc++;
	}
	cr_assert_neq(cmd_bench(argc, argv, &err), EXIT_OK);
	cr_assert_eq(err.status, c->status, "%s", err.text);
	cr_assert(strstr(err.text, c->names), "%s", err.text);
}
