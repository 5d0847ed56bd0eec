#ifndef SITU_VMM_VCPU_H
#define SITU_VMM_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accel/kvm_vcpu.h"
#include "affinity/pin.h"
#include "base/cpuset.h"

/*
 * One vCPU and its thread. The thread is pinned first and then creates the vCPU itself, so that
 * the memory which KVM takes for it comes from the node where it will run.
 *
 * Between two entries into the guest the thread looks at `attention`; whoever sets that (under
 * vm->lock, with the reason) kicks the thread afterwards. A thread parks with no access pending, so
 * its registers may be read by others until it is let go.
 */
struct vm;

/* What to build; the cpuset and the CPUID list stay the caller's until vm_init() has copied. */
struct vcpu_spec {
	unsigned int id; /* KVM's id, which is the APIC id; unique in the VM */
	struct cpuset cpus; /* host CPUs; empty: wherever the process may run */
	int mem_node; /* host node that its KVM memory should come from; -1: by first touch */
	struct pin_priority priority;
	const struct kvm_cpuid2 *cpuid; /* NULL: all that KVM supports, with this APIC id */
	struct kvm_start start; /* may be set in struct vcpu until vm_start() */
};

enum vcpu_state {
	VCPU_NEW, /* its thread is not there yet, or not ready */
	VCPU_PARKED, /* ready to start, or paused; no access pending */
	VCPU_RUNNING, /* in the guest or handling an exit */
	VCPU_HALTED, /* executed HLT with nothing that could wake it */
	VCPU_ENDED, /* its thread is about to end or has */
};

/* The last exits are kept, since a triple fault wipes the registers on some hosts. */
#define VCPU_EXITS 16
struct vcpu_exit {
	uint32_t reason; /* KVM_EXIT_* */
	uint8_t len;
	bool is_write;
	uint64_t addr; /* port or guest-physical address */
	uint64_t data; /* what was written, or what a read was given */
};

/* Work for the vCPU's own thread, done between two entries into the guest. */
struct vcpu_work {
	int (*fn)(struct vcpu_work *work);
	int ret;
	bool done;
};

struct vcpu {
	struct vm *vm;
	unsigned int index; /* in vm->vcpus */
	struct vcpu_spec spec; /* owns cpus and cpuid */
	struct kvm_vcpu kvm;
	pthread_t thread;
	bool has_thread;
	pid_t tid;
	enum vcpu_state state; /* under vm->lock */
	struct vcpu_work *work; /* under vm->lock */
	atomic_bool attention;
	bool pending; /* the last exit is not completed; the thread's own */
	struct vcpu_exit exits[VCPU_EXITS]; /* a ring; the vCPU's thread, or others while it is not
					       running */
	uint64_t nr_exits;
};

void vcpu_init(struct vcpu *vcpu, struct vm *vm, unsigned int index, const struct vcpu_spec *spec);
void vcpu_fini(struct vcpu *vcpu);
/* pthread_create()'s body: pin, create, wait for the start, run, end. */
void *vcpu_thread(void *vcpu);
/* Makes the thread look at the fields under vm->lock, which the caller holds. */
void vcpu_call(struct vcpu *vcpu);

/* Handles the exit that run->exit_reason names. False: the VM ends, reason recorded. */
bool vcpu_handle_exit(struct vcpu *vcpu);
/* KVM_RUN itself failed: ends the VM. */
void vcpu_run_failed(struct vcpu *vcpu, int errnum);

/* Keeps an access or another exit for the report. */
void vcpu_record_exit(struct vcpu *vcpu, const struct vcpu_exit *exit);
/* "port write 0x3f8 1 byte 0x41; hlt": the last exits, oldest first. Always terminated. */
size_t vcpu_format_exits(const struct vcpu *vcpu, char *buf, size_t len);

#endif
