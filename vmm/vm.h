#ifndef SITU_VMM_VM_H
#define SITU_VMM_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "accel/kvm.h"
#include "base/err.h"
#include "numa/memory.h"
#include "vmm/bus.h"
#include "vmm/irq.h"
#include "vmm/loop.h"
#include "vmm/vcpu.h"

/*
 * A virtual machine: it owns its KVM VM, guest memory, buses, loop and vCPUs. There may be several
 * in a process. In order of life:
 *
 *   vm_init     KVM, memory, slots, buses, loop; no thread, nothing of a guest
 *               (now devices are put on the buses, code into memory, start states into vcpus[])
 *   vm_start    vCPU threads pinned and created, all let go together
 *   vm_join     runs the loop on the calling thread until the VM has ended, ends the threads
 *   vm_fini     gives everything back; also after a vm_init() that failed
 *
 * The thread that initialises a VM also starts, joins and finishes it. vm_stop(), vm_pause(),
 * vm_resume() and the vm_vcpu_ calls are for any thread but a vCPU's own (vm_stop(): for that too).
 */

/* What to build. Plain data, copied by vm_init(). */
struct vm_spec {
	struct kvm_options kvm;
	const struct gmem_spec *regions;
	unsigned int nr_regions;
	const struct gmem_options *memory; /* progress; NULL: this host, silently */
	const struct vcpu_spec *vcpus;
	unsigned int nr_vcpus;
	const struct topology *topology; /* of this host, by which cpusets are judged before any
					    thread starts; NULL: the kernel alone judges */
};

/* How it ended. The first to say so wins. */
struct vm_end {
	bool ended;
	enum exit_status status; /* EXIT_GUEST: it crashed */
	int vcpu; /* index; -1: no vCPU's doing */
	bool regs_known;
	struct kvm_regs regs; /* of that vCPU, as far as KVM still had them */
	char reason[256]; /* one sentence */
};

struct vm {
	struct kvm kvm;
	struct gmem gmem;
	struct bus pio, mmio;
	struct irq_map irqs;
	struct loop loop;
	struct vcpu *vcpus;
	unsigned int nr_vcpus;

	pthread_mutex_t lock; /* the fields below, and vcpus[].state and .work */
	pthread_cond_t changed; /* a vCPU's state or work: what others wait for */
	pthread_cond_t
		orders; /* the rest: what parked vCPUs wait for; apart, since they are many */
	bool started, stopping;
	unsigned int pauses; /* how many vm_pause() are not resumed yet */
	struct kvm_cpuid2 *cpuid; /* all that KVM supports; for vCPUs that bring none */
	struct vm_end end;
	struct err start_err; /* the first vCPU that could not start */
};

int vm_init(struct vm *vm, const struct vm_spec *spec, struct err *err);
int vm_start(struct vm *vm, struct err *err);
/* *end: how it ended; EXIT_OK for a guest that halted or was stopped on request. */
int vm_join(struct vm *vm, struct vm_end *end, struct err *err);
void vm_fini(struct vm *vm);

/* Ends the VM: status and reason are what vm_join() reports. Does not wait. */
void vm_stop(struct vm *vm, enum exit_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same by a vCPU's own thread, with its registers. */
void vm_stop_vcpu(struct vcpu *vcpu, enum exit_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A vCPU executed HLT and nothing can wake it; when all have, the VM has ended well. Its own
 * thread. */
void vm_vcpu_halted(struct vcpu *vcpu);

/* Returns with every vCPU parked, no access pending, registers readable. Pauses nest. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);

/* By KVM id, as everything for people: NULL if the VM has no such vCPU. */
struct vcpu *vm_vcpu(struct vm *vm, unsigned int id);
/* Does work on the vCPU's own thread, between two entries, and waits for it. -ESRCH: it ended. */
int vm_vcpu_do(struct vcpu *vcpu, struct vcpu_work *work);
/* Moves a running vCPU's thread; the guest goes on. -ESRCH: no such vCPU (err filled). */
int vm_vcpu_pin(struct vm *vm, unsigned int id, const struct cpuset *cpus, struct err *err);
/* Confines it to a host node's CPUs and prefers that node's memory for what KVM still takes. */
int vm_vcpu_bind_node(struct vm *vm, unsigned int id, const struct topology *topo,
		      unsigned int node, struct err *err);
/* The host node that all CPUs of its live affinity belong to; -ENOENT: several or none. */
int vm_vcpu_node(struct vm *vm, unsigned int id, const struct topology *topo, struct err *err);

#endif
