#include "cli/vm_args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "vmm/config_table.h"

int vm_args_parse(struct vm_args *args, int argc, char **argv, const struct option_usage *usage,
		  struct err *err)
{
	AUTO_FREE struct option_spec *specs = alloc_zeroed(usage->nr_specs + 1, sizeof(*specs));
	struct option_usage with_vm = *usage;

	args->print_config = false;
	if (usage->nr_specs)
		memcpy(specs, usage->specs, usage->nr_specs * sizeof(*specs));
	specs[usage->nr_specs] = (struct option_spec){
		"print-config",
		OPT_FLAG,
		&args->print_config,
		NULL,
		"print the effective configuration and exit",
	};
	with_vm.specs = specs;
	with_vm.nr_specs++;
	with_vm.schema = &vm_config_table;
	with_vm.schema_title = "The VM, over what files say (situ.yaml(5) describes the keys)";
	return options_parse_flags(argc, argv, &with_vm, &args->flags, err);
}

/* Lines of an earlier report, then those of this load: one list for the user. */
static int tell(const struct schema_report *flags, const struct schema_report *files,
		struct err *err)
{
	unsigned int nr = flags->nr + files->nr;
	unsigned int shown = (flags->nr < SCHEMA_REPORT_MAX ? flags->nr : SCHEMA_REPORT_MAX) +
			     (files->nr < SCHEMA_REPORT_MAX ? files->nr : SCHEMA_REPORT_MAX);

	fprintf(stderr, "%s%s", flags->text ? flags->text : "", files->text ? files->text : "");
	if (shown < nr)
		fprintf(stderr, "and %u more\n", nr - shown);
	return err_set(err, EXIT_INPUT, EINVAL,
		       "configuration: %u error%s; correct %s and try again", nr,
		       nr == 1 ? "" : "s", nr == 1 ? "it" : "them");
}

int vm_args_load(const struct vm_args *args, struct vm_config *config, const char *const *files,
		 size_t nr_files, struct err *err)
{
	struct schema_report report = { 0 };
	int ret;

	vm_config_init(config);
	ret = vm_config_load(config, files, nr_files, args->flags.values, &report);
	if (ret || args->flags.report.nr) {
		ret = tell(&args->flags.report, &report, err);
	} else if (args->print_config) {
		AUTO_FREE char *text = vm_config_print(config);

		fputs(text, stdout);
		ret = 1;
	}
	schema_report_fini(&report);
	return ret;
}

void vm_args_fini(struct vm_args *args)
{
	option_flags_fini(&args->flags);
}
