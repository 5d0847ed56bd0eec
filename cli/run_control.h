#ifndef SITU_CLI_RUN_CONTROL_H
#define SITU_CLI_RUN_CONTROL_H

#include "cli/run.h"

/* What "situ run" answers to ps, show, stop, pause and resume, on the VM's socket. The thread that
 * runs the VM's loop. */
int run_control_init(struct run *run, struct err *err);
void run_control_fini(struct run *run);

/* The places that the plan wants for the threads of this process. */
struct vm_wanted run_wanted(const struct run *run);

#endif
