#ifndef SITU_TESTS_KVM_SMALL_VM_H
#define SITU_TESTS_KVM_SMALL_VM_H

#include <stdatomic.h>

#include "vmm/vm.h"

/*
 * A VM that runs a few bytes of machine code on each of its vCPUs, for tests. 2 MiB of memory at 0;
 * RDI holds the vCPU's index. Two devices: SMALL_PORT collects what is written and answers reads
 * with 0x5a + their number; SMALL_MMIO is 4 KiB of registers that do the same.
 */
#define SMALL_CODE   0x1000u
#define SMALL_TABLES 0x10000u
#define SMALL_PORT   0x500u
#define SMALL_MMIO   UINT64_C(0x10000000)
#define SMALL_RAM    (UINT64_C(2) << 20)
#define SMALL_KEPT   512u

struct small_device {
	struct vm *vm;
	unsigned int last_write;
	atomic_uint nr_writes, nr_reads;
	uint64_t written[SMALL_KEPT], offset[SMALL_KEPT]; /* the first ones */
	uint32_t len[SMALL_KEPT];
};

struct small_vm {
	struct vm vm;
	struct small_device port, mmio;
};

struct small_spec {
	enum start_mode mode;
	const void *code;
	size_t len;
	unsigned int nr_vcpus; /* 0: one */
	enum irqchip_mode irqchip;
	unsigned int last_write; /* the VM is stopped at this many port writes; 0: never */
};

int small_vm_init(struct small_vm *small, const struct small_spec *spec, struct err *err);
void small_vm_fini(struct small_vm *small);
/* init, start, join, fini; end tells how it ended. */
int small_vm_whole(struct small_vm *small, const struct small_spec *spec, struct vm_end *end,
		   struct err *err);
int small_have_kvm(void);

#endif
