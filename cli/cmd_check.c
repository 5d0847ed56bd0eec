/* situ check: can this host run VMs? Each obstacle with its remedy. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/check.h"
#include "cli/cmd.h"
#include "cli/options.h"

/* In the order in which they are shown; ends with an entry that has no name. */
static const struct check checks[] = {
	{ "kvm", check_kvm_device },
	{ "kvm capabilities", check_kvm_capabilities },
	{ "guest kernel mode", check_kvm_speed },
	{ "memory", check_memory },
	{ "cpus and nodes", check_cpuset },
	{ "memory binding", check_mbind },
	{ "locked memory", check_memlock },
	{ "open files", check_files },
	{ "capabilities", check_sys_nice },
	{ "run folder", check_run_folder },
	{ "huge pages", check_huge_pages },
	{ "transparent pages", check_thp },
	{ "page merging", check_ksm },
	{ "swap", check_swap },
	{ "smt", check_smt },
	{ "numa balancing", check_numa_balancing },
	{ "clock governor", check_governor },
	{ 0 },
};

void check_set(struct check_result *result, enum check_state state, const char *fmt, ...)
{
	va_list ap;

	result->state = state;
	va_start(ap, fmt);
	vsnprintf(result->text, sizeof(result->text), fmt, ap);
	va_end(ap);
}

void check_remedy(struct check_result *result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result->remedy, sizeof(result->remedy), fmt, ap);
	va_end(ap);
}

static void print_result(const struct check *check, const struct check_result *result)
{
	static const char *const words[NR_CHECK_STATES] = {
		[CHECK_OK] = "ok",	 [CHECK_NOTE] = "note",	      [CHECK_WARNING] = "warning",
		[CHECK_ERROR] = "ERROR", [CHECK_UNKNOWN] = "unknown",
	};
	static const char *const colours[NR_CHECK_STATES] = {
		[CHECK_OK] = "\033[32m",      [CHECK_NOTE] = "\033[36m",
		[CHECK_WARNING] = "\033[33m", [CHECK_ERROR] = "\033[31m",
		[CHECK_UNKNOWN] = "\033[90m",
	};
	bool terminal = isatty(STDOUT_FILENO);

	printf("%s%-8s%s %-18s %s\n", terminal ? colours[result->state] : "", words[result->state],
	       terminal ? "\033[0m" : "", check->name, result->text);
	if (*result->remedy)
		printf("%27s -> %s\n", "", result->remedy);
}

static json_t *result_json(const struct check *check, const struct check_result *result)
{
	static const char *const words[NR_CHECK_STATES] = {
		[CHECK_OK] = "ok",	 [CHECK_NOTE] = "note",	      [CHECK_WARNING] = "warning",
		[CHECK_ERROR] = "error", [CHECK_UNKNOWN] = "unknown",
	};

	return json_pack("{s:s, s:s, s:s, s:o}", "name", check->name, "state", words[result->state],
			 "message", result->text, "remedy",
			 *result->remedy ? json_string(result->remedy) : json_null());
}

/* Runs all; adds each to the list, or prints it where there is none. Returns how many failed. */
static unsigned int run_checks(const struct check_env *env, json_t *list)
{
	unsigned int failed = 0;

	for (const struct check *check = checks; check->name; check++) {
		struct check_result result = { .state = CHECK_UNKNOWN };

		check->run(env, &result);
		failed += result.state == CHECK_ERROR;
		if (list)
			json_array_append_new(list, result_json(check, &result));
		else
			print_result(check, &result);
	}
	return failed;
}

static void print_json(json_t *list, unsigned int failed)
{
	json_t *document = json_pack("{s:b, s:o}", "can_run", !failed, "checks", list);

	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

static int parse(int argc, char **argv, bool *json, struct err *err)
{
	const struct option_spec specs[] = {
		{ "json", OPT_FLAG, json, NULL, "print JSON" },
	};
	const struct option_usage usage = {
		.synopsis = "situ check [--json]",
		.about = "Tells whether this host can run VMs, and what would let it run them "
			 "better.\nChanges nothing.",
		.specs = specs,
		.nr_specs = 1,
		.notes = "Exit status: 0 VMs can run, 3 something essential is missing.",
	};
	int ret = options_parse(argc, argv, &usage, err);

	if (ret >= 0 && ret < argc)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "check: operand \"%.60s\" is not wanted; see \"situ check --help\"",
			       argv[ret]);
	return ret < 0 ? ret : 0;
}

int cmd_check(int argc, char **argv, struct err *err)
{
	struct check_env env;
	struct fs_root root;
	unsigned int failed;
	json_t *list;
	bool json = false;
	int ret = parse(argc, argv, &json, err);

	if (ret == -1)
		return EXIT_OK;
	if (ret || fs_open_host(&root, err))
		return (int)err->status;
	env.root = &root;
	list = json ? json_array() : NULL;
	failed = run_checks(&env, list);
	fs_close(&root);
	if (json)
		print_json(list, failed);
	else
		printf("\n%s\n",
		       failed ? "VMs cannot run here; see the errors above." : "VMs can run here.");
	return failed ? EXIT_HOST : EXIT_OK;
}
