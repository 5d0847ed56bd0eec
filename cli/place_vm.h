#ifndef SITU_CLI_PLACE_VM_H
#define SITU_CLI_PLACE_VM_H

#include "affinity/place.h"
#include "vmm/config.h"

/*
 * From a VM's configuration to what the optimizer is asked for: the one place that knows both. Main
 * thread only.
 *
 * The VM points into the configuration (name, nodes), which must outlive it.
 */

/* Reads the traffic file if there is one. EXIT_INPUT for what the optimizer has no word for. */
int place_vm_init(struct place_vm *vm, const struct vm_config *config, struct err *err);
void place_vm_fini(struct place_vm *vm);

#endif
