#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>

#include "affinity/topology.h"
#include "cli/cmd.h"
#include "tests/tree.h"

static int run(int (*cmd)(int argc, char **argv, struct err *err), struct err *err, ...)
{
	char name[] = "cmd", *argv[8] = { name };
	int argc = 1;
	va_list ap;

	*err = (struct err){ 0 };
	va_start(ap, err);
	while (argc < 7 && (argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	topology_setup();
	return cmd(argc, argv, err);
}

static json_t *printed_json(void)
{
	json_error_t error;
	json_t *document;
	FILE *out;

	fflush(stdout);
	out = cr_get_redirected_stdout();
	document = json_loadf(out, 0, &error);
	cr_assert(document, "%s", error.text);
	return document;
}

Test(cmd_topo, json_and_svg_together_are_refused)
{
	struct err err;

	cr_expect_eq(run(cmd_topo, &err, "--json", "--svg", "x", NULL), EXIT_INPUT);
	cr_expect(strstr(err.text, "one of"), "%s", err.text);
}

Test(cmd_topo, operands_are_refused)
{
	struct err err;

	cr_expect_eq(run(cmd_topo, &err, "host.xml", NULL), EXIT_INPUT);
	cr_expect(strstr(err.text, "host.xml"), "%s", err.text);
}

Test(cmd_topo, a_source_that_is_not_there_is_bad_input)
{
	struct err err;

	cr_expect_eq(run(cmd_topo, &err, "--topology", "/nothing/here", NULL), EXIT_INPUT);
	cr_expect(strstr(err.text, "/nothing/here"), "%s", err.text);
}

Test(cmd_topo, a_drawing_goes_to_its_file_or_the_error_names_it)
{
	struct tree tree;
	struct err err;
	char path[80], head[8] = "";
	FILE *file;

	tree_init(&tree);
	snprintf(path, sizeof(path), "%s/map.svg", tree.path);
	cr_expect_eq(run(cmd_topo, &err, "--topology", "synthetic:pu:2", "--svg", path, NULL),
		     EXIT_OK, "%s", err.text);
	file = fopen(path, "r");
	cr_assert(file);
	cr_expect(fgets(head, sizeof(head), file));
	cr_expect_str_eq(head, "<svg xm");
	fclose(file);
	cr_expect_eq(run(cmd_topo, &err, "--topology", "synthetic:pu:2", "--svg", tree.path, NULL),
		     EXIT_INPUT);
	cr_expect(strstr(err.text, tree.path), "%s", err.text);
	tree_fini(&tree);
}

Test(cmd_topo, json_is_one_document_on_standard_output, .init = cr_redirect_stdout)
{
	struct err err;
	json_t *document;

	cr_assert_eq(run(cmd_topo, &err, "--topology", "synthetic:numa:2 pu:2", "--json", NULL),
		     EXIT_OK, "%s", err.text);
	document = printed_json();
	cr_expect_str_eq(json_string_value(json_object_get(document, "source")),
			 "synthetic:numa:2 pu:2");
	cr_expect(json_is_false(json_object_get(document, "is_host")));
	json_decref(document);
}

Test(cmd_check, json_says_whether_vms_can_run_and_the_exit_status_agrees,
     .init = cr_redirect_stdout)
{
	struct err err;
	int status = run(cmd_check, &err, "--json", NULL);
	json_t *document = printed_json(), *list = json_object_get(document, "checks"), *check;
	size_t i, errors = 0;

	json_array_foreach(list, i, check)
	{
		const char *state = json_string_value(json_object_get(check, "state"));

		cr_assert(state);
		errors += !strcmp(state, "error");
		cr_expect(json_object_get(check, "message"));
		if (!strcmp(state, "error"))
			cr_expect(json_is_string(json_object_get(check, "remedy")),
				  "an obstacle has a remedy");
	}
	cr_expect_gt(i, 10);
	cr_expect_eq(json_is_true(json_object_get(document, "can_run")), !errors);
	cr_expect_eq(status, errors ? EXIT_HOST : EXIT_OK);
	json_decref(document);
}
