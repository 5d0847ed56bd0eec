#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "cli/vm_args.h"

static const struct option_usage usage = { .synopsis = "situ test [CONFIG] [vm flags]",
					   .about = "Tests." };

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

static int load(struct vm_config *config, const char **argv, int argc, struct err *err)
{
	struct vm_args args;
	int first = vm_args_parse(&args, argc, (char **)argv, &usage, err), ret = first;

	vm_config_init(config);
	if (first >= 0)
		ret = vm_args_load(&args, config, argv + first, (size_t)(argc - first), err);
	vm_args_fini(&args);
	return ret;
}

Test(vm_args, flags_override_files_and_files_override_earlier_files)
{
	const char *argv[] = { "test",
			       "tests/data/config/good-full.yaml",
			       "tests/data/config/good-cloud-hypervisor.json",
			       "--memory-zone",
			       "id=left,size=1G",
			       "--numa",
			       "guest_numa_id=0,cpus=[0-1],memory_zones=[left]",
			       "--cpus",
			       "2,topology=1:2:1:1,affinity=[0@[4]]",
			       NULL };
	struct vm_config config;
	struct err err = { 0 };

	cr_assert_eq(load(&config, argv, 9, &err), 0, "%s", err.text);
	cr_assert_str_eq(config.name, "db");
	cr_assert_str_eq(config.payload.kernel, "/k");
	cr_assert_eq(config.cpus.boot_vcpus, 2);
	cr_assert_eq(config.cpus.nr_affinity, 1);
	cr_assert(cpuset_has(&config.cpus.affinity[0].host_cpus, 4));
	cr_assert_eq(config.memory.nr_zones, 1);
	cr_assert_eq(config.nr_numa, 1);
	cr_assert_eq(config.serial.mode, VM_CONSOLE_FILE);
	vm_config_fini(&config);
}

Test(vm_args, print_config_prints_and_says_that_it_is_done, .init = redirect)
{
	const char *argv[] = { "test", "--print-config", "--cpus", "3", NULL };
	struct vm_config config;
	struct err err = { 0 };

	cr_assert_eq(load(&config, argv, 4, &err), 1);
	cr_assert_eq(err.status, EXIT_OK);
	vm_config_fini(&config);
	fflush(stdout);
	cr_assert_stdout_eq_str(
		"cpus:\n  boot_vcpus: 3\n  max_vcpus: 3\n  features:\n"
		"    amx: false\nmemory:\n  size: 512M\n  hugepages: false\n"
		"  prefault: false\n  thp: true\n  mlock: false\n  shared: false\n"
		"serial:\n  mode: Tty\nconsole:\n  mode: \"Off\"\npvpanic: true\n"
		"placement:\n  cpu: auto\n  memory: auto\n  smt: auto\n"
		"  exclusive: auto\n  traffic:\n    pattern: none\n  strict: false\n"
		"tune:\n  profile: none\n");
}

Test(vm_args, every_error_of_files_and_flags_is_told_in_one_run, .init = redirect)
{
	const char *argv[] = {
		"test",	    "--cpus", "4,topology=1:2:3:4:5", "--disk",		"path=x",
		"--kernel", "",	      "--placement",	      "nodes=[0,zero]", "/nonexistent.yaml",
		NULL
	};
	struct vm_config config;
	struct err err = { 0 };

	cr_assert_lt(load(&config, argv, 10, &err), 0);
	cr_assert_eq(err.status, EXIT_INPUT);
	cr_assert_str_eq(err.text, "configuration: 5 errors; correct them and try again");
	vm_config_fini(&config);
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"--cpus:20: there are too many values between \":\"; remove this one\n"
		"--disk:1: this is not supported yet; remove it\n"
		"/nonexistent.yaml: cannot be read: No such file or directory; name a YAML or JSON "
		"file\n"
		"--kernel:1: payload.kernel: \"\" is empty; write text\n"
		"--placement:10: placement.nodes[1]: \"zero\" is no number; write a decimal "
		"number\n");
}
