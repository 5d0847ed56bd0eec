#ifndef SITU_CLI_VM_ARGS_H
#define SITU_CLI_VM_ARGS_H

#include "cli/options.h"
#include "vmm/config.h"

/*
 * The command line of a command that takes a VM's configuration: its own options, files, and the
 * flags of vm_config_table in one parse. Main thread only.
 *
 *	struct vm_args args;
 *	struct vm_config config;
 *
 *	first = vm_args_parse(&args, argc, argv, &usage, err);   // usage.schema is set here
 *	if (first >= 0)
 *		ret = vm_args_load(&args, &config, files, nr_files, err);
 *	...
 *	vm_config_fini(&config);	// only after vm_args_load()
 *	vm_args_fini(&args);
 *
 * Which operands are files of one VM and which are VMs of their own is the command's choice: it may
 * load as many configurations as it likes from the same flags.
 */
struct vm_args {
	bool print_config; /* --print-config was given */
	struct option_flags flags;
};

/* As options_parse(): the index of the first operand, -1 after --help, or -EINVAL. Always finish
 * args. */
int vm_args_parse(struct vm_args *args, int argc, char **argv, const struct option_usage *usage,
		  struct err *err);
/* Files from left to right, then the flags. Every error goes to stderr, a line each, and err counts
 * them (EXIT_INPUT). Returns 0; 1 after --print-config printed it (the command returns EXIT_OK); or
 * -EINVAL. *config is set up here; finish it in all cases. */
int vm_args_load(const struct vm_args *args, struct vm_config *config, const char *const *files,
		 size_t nr_files, struct err *err);
void vm_args_fini(struct vm_args *args);

#endif
