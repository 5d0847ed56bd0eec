#ifndef SITU_AFFINITY_PLACE_CHECK_H
#define SITU_AFFINITY_PLACE_CHECK_H

#include "affinity/place_job.h"

/* Part of the placement engine; pure. -EINVAL where the VM's request contradicts itself or the map.
 */
int place_check_vm(const struct topology *topo, const struct place_vm *vm, struct err *err);

#endif
