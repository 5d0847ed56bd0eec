#ifndef SITU_CLI_RUN_H
#define SITU_CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/console.h"
#include "cli/vm_plan.h"
#include "vmm/config.h"
#include "vmm/ctl/server.h"
#include "vmm/machine.h"

/* One guest from its first instruction to its last: what "situ run" does once it has a plan. */
struct run_options {
	bool exit_on_reboot, debug_exit;
	uint64_t grace_s; /* from the power button to the kill */
};

struct run {
	const struct vm_config *config;
	struct vm_plan *plan;
	const struct run_options *options;
	struct machine machine;
	struct console console;
	struct loop_source signals, grace;
	struct ctl_server control;
	bool paused; /* by the control socket */
	bool asked_to_end; /* a signal pressed the power button */
	uint64_t asked_ns; /* when */
};

/* Boots, verifies the placement, waits for the end. Returns the exit status; with *again set the
 * guest asked for a reset and is to be run once more. */
int run_once(struct run *run, bool *again, struct err *err);

#endif
