#ifndef SITU_BENCH_IMAGE_H
#define SITU_BENCH_IMAGE_H

#include "accel/kvm_start.h"
#include "guest/abi.h"
#include "numa/memory.h"

/*
 * The built-in guest in a VM's memory: payload, page tables, GDT, IDT, and for each vCPU a command
 * block and a stack. One thread, before vCPUs run. All of it lies in the control region
 * (bench/memory.h), where nothing else uses these addresses:
 *
 *   IMAGE_IDT            256 gates; the first GUEST_VECTORS lead into the payload, at CPL 3
 *   GUEST_LOAD_ADDRESS   the payload
 *   IMAGE_TABLES         page tables (the whole memory one to one), GDT, TSS
 *   IMAGE_VCPUS          IMAGE_VCPU_LEN for each vCPU: its stack, then its command block
 */
#define IMAGE_IDT	0x8000
#define IMAGE_TABLES	(UINT64_C(4) << 20)
#define IMAGE_VCPUS	(UINT64_C(8) << 20)
#define IMAGE_VCPU_LEN	(UINT64_C(2) * GUEST_STACK_LEN)
#define IMAGE_MAX_VCPUS 256

/* Writes all but the vCPUs' parts. -ENOMEM: the control region is too small. */
int image_load(const struct gmem *gmem, uint64_t map_len, struct kvm_start *start, struct err *err);
/* Completes the start state of one vCPU; `start` as image_load() left it. */
struct guest_command *image_add_vcpu(const struct gmem *gmem, unsigned int index,
				     struct kvm_start *start);

#endif
