#ifndef SITU_CLI_VM_STATE_H
#define SITU_CLI_VM_STATE_H

#include <jansson.h>

#include "base/err.h"
#include "vmm/vm.h"

/*
 * Where the threads and pages of this process's VM shall be and where they are. The thread that
 * runs the VM's loop.
 */
struct vm_wanted {
	const char *name;
	const struct cpuset *vcpus; /* per vCPU: host CPUs */
	const struct cpuset *emulator; /* every other thread of the process; empty: anywhere */
	bool paused;
};

/* {"name", "pid", "paused", "on_plan", "threads": [{"tid", "name", "vcpu", "wanted", "live",
 * "last_cpu", "on_plan"}], "memory": [{"gpa", "bytes", "page_size", "policy", "wanted_nodes",
 * "pages", "present", "off_plan", "on_nodes": {"0": pages}}]}; docs/running.md. NULL with err. */
json_t *vm_state_json(struct vm *vm, const struct vm_wanted *wanted, struct err *err);

/* Confines every thread of the process to its place: vCPUs that run, and all the others. */
int vm_state_pin(struct vm *vm, const struct vm_wanted *wanted, struct err *err);

#endif
