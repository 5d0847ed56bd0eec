/* situ run: plan, bind, boot, verify, and stay until the guest ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/vm_args.h"

#define DEFAULT_GRACE_S 60
#define MAX_GRACE_S	86400

static int check_options(struct run_options *options, const char *on_reboot, struct err *err)
{
	if (options->grace_s > MAX_GRACE_S)
		return err_set(err, EXIT_INPUT, ERANGE, "--grace: at most %d seconds can be given",
			       MAX_GRACE_S);
	options->exit_on_reboot = on_reboot && !strcmp(on_reboot, "exit");
	if (!on_reboot || options->exit_on_reboot || !strcmp(on_reboot, "restart"))
		return 0;
	return err_set(err, EXIT_INPUT, EINVAL,
		       "--on-reboot: \"%.40s\" is neither restart nor exit", on_reboot);
}

static int run_plan(const struct vm_config *config, const struct run_options *options,
		    struct err *err)
{
	struct vm_plan plan;
	struct run run = { .config = config, .plan = &plan, .options = options };
	bool again = true;
	int status;

	if (vm_plan_init(&plan, config, err)) {
		status = err->status;
	} else {
		vm_plan_print(&plan, stderr);
		do
			status = run_once(&run, &again, err);
		while (again);
	}
	vm_plan_fini(&plan);
	return status;
}

static int run_config(const struct vm_args *args, const char *const *files, size_t nr_files,
		      const struct run_options *options, struct err *err)
{
	struct vm_config config;
	int ret = vm_args_load(args, &config, files, nr_files, err);

	if (!ret && !config.payload.kernel)
		ret = err_set(err, EXIT_INPUT, EINVAL,
			      "payload.kernel: nothing to boot is given; use --kernel FILE");
	if (!ret)
		ret = run_plan(&config, options, err);
	else
		ret = ret < 0 ? (int)err->status : EXIT_OK;
	vm_config_fini(&config);
	return ret;
}

int cmd_run(int argc, char **argv, struct err *err)
{
	struct run_options options = { .grace_s = DEFAULT_GRACE_S };
	const char *on_reboot = NULL;
	const struct option_spec specs[] = {
		{ "on-reboot", OPT_STRING, &on_reboot, "WHAT", "restart (default) or exit" },
		{ "grace", OPT_U64, &options.grace_s, "SECONDS",
		  "from SIGTERM's power button to the kill (60)" },
		{ "debug-exit", OPT_FLAG, &options.debug_exit, NULL,
		  "a byte V written to port 0xf4 ends situ with status 2V+1" },
	};
	const struct option_usage usage = {
		.synopsis = "situ run [CONFIG...] [vm flags]",
		.about = "Plans where a VM's vCPUs and memory go, binds them, boots its kernel and "
			 "checks that they are there.\nThe guest's serial port is on standard "
			 "input and output; Ctrl-] leaves.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
		.notes = "Exit status: 0 the guest powered off, 5 it crashed.",
	};
	struct vm_args args;
	int first = vm_args_parse(&args, argc, argv, &usage, err), status = EXIT_OK;

	if (first < -1 || (first >= 0 && check_options(&options, on_reboot, err)))
		status = err->status;
	else if (first >= 0)
		status = run_config(&args, (const char *const *)argv + first,
				    (size_t)(argc - first), &options, err);
	vm_args_fini(&args);
	return status;
}
