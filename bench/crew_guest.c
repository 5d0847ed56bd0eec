/*
 * Members that are vCPUs of a VM on the built-in guest. The guest writes to its port when it is
 * ready for work; the vCPU's thread then waits here for a job, lays it into the command block and
 * lets the vCPU go on. While the guest works it has no reason to leave, which KVM's own counters
 * show.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "accel/kvm_stats.h"
#include "base/alloc.h"
#include "bench/crew.h"
#include "bench/image.h"
#include "bench/memory.h"
#include "vmm/vm.h"

/* Beside each vCPU. */
struct guest_vcpu {
	struct guest_command *command;
	struct kvm_stats stats;
	struct vcpu_exits before;
};

struct guest {
	struct vm vm;
	struct guest_vcpu *vcpus;
	bool has_vm;
};

static uint64_t guest_address(const struct crew *crew, gpa_t gpa)
{
	(void)crew;
	return gpa; /* mapped one to one */
}

static void read_exits(const struct guest_vcpu *vcpu, struct vcpu_exits *exits)
{
	*exits = (struct vcpu_exits){ 0 };
	exits->known = vcpu->stats.fd >= 0 && !kvm_stats_read(&vcpu->stats, "exits", &exits->all) &&
		       !kvm_stats_read(&vcpu->stats, "irq_exits", &exits->interrupts);
}

static void finish_job(struct crew_member *member)
{
	struct guest_vcpu *vcpu = member->vcpu;
	struct job *job = &member->current;
	struct vcpu_exits after;

	job->result = vcpu->command->result;
	crew_finish(member, job);
	read_exits(vcpu, &after);
	job->exits = (struct vcpu_exits){
		.known = vcpu->before.known && after.known,
		.all = after.all - vcpu->before.all - 1, /* the one that brought us here */
		.interrupts = after.interrupts - vcpu->before.interrupts,
	};
	member->busy = false;
	crew_done(member, job);
}

static void report_fault(struct crew_member *member)
{
	const struct guest *guest = member->crew->owner;
	struct guest_fault fault = ((struct guest_vcpu *)member->vcpu)->command->fault;
	struct kvm_sregs sregs = { 0 };
	struct err err;

	member->busy = false;
	kvm_vcpu_get_sregs(&guest->vm.vcpus[member->index].kvm, &sregs);
	err_set(&err, EXIT_GUEST, EFAULT,
		"bench: the built-in guest faulted on CPU %u: vector %lu, error code 0x%lx, rip "
		"0x%lx, cr2 0x%llx",
		member->cpu, fault.vector, fault.error, fault.rip, sregs.cr2);
	crew_fail(member, &err);
}

static void settle(struct crew_member *member)
{
	const struct guest *guest = member->crew->owner;
	struct guest_vcpu *vcpu = member->vcpu;
	struct err err;

	if (member->crew->ready)
		member->crew->ready(member->crew->ready_arg);
	member->tid = gettid();
	counters_open(&member->counters, member->crew->counter_source);
	kvm_stats_init(&vcpu->stats, guest->vm.vcpus[member->index].kvm.fd, &err);
}

/* On the vCPU's thread, with the guest waiting in its port write. */
static void port_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct crew_member *member = dev;
	struct guest_vcpu *vcpu = member->vcpu;
	uint8_t signal = *(const uint8_t *)data;

	(void)offset;
	(void)len;
	if (!is_write)
		return;
	if (signal == GUEST_FAULT) {
		report_fault(member);
		return;
	}
	if (signal == GUEST_READY && !member->tid)
		settle(member);
	if (member->busy)
		finish_job(member);
	member->busy = crew_take(member, &member->current);
	vcpu->command->work =
		member->busy ? member->current.work : (struct work){ .kind = WORK_NONE };
	if (!member->busy)
		return;
	crew_begin(member);
	read_exits(vcpu, &vcpu->before);
}

/* Under crew->lock: a VM that has ended takes no more work. */
static int guest_check(const struct crew *crew, struct err *err)
{
	struct guest *guest = crew->owner;
	struct vm *vm = &guest->vm;
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	if (vm->end.ended)
		ret = err_set(err, EXIT_GUEST, EIO, "bench: the built-in guest ended: %s",
			      vm->end.reason);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

static void guest_fini(struct crew *crew)
{
	struct guest *guest = crew->owner;
	struct vm_end end;
	struct err err;

	if (guest->has_vm && guest->vm.started) {
		vm_stop(&guest->vm, EXIT_OK, "the benchmark is done");
		vm_join(&guest->vm, &end, &err);
	}
	for (unsigned int i = 0; i < crew->nr_members; i++) {
		counters_close(&crew->members[i].counters);
		kvm_stats_fini(&guest->vcpus[i].stats);
	}
	if (guest->has_vm)
		vm_fini(&guest->vm);
	free(guest->vcpus);
	free(guest);
}

static const struct crew_type guest_type = {
	.name = "guest",
	.in_guest = true,
	.in_process = true,
	.address = guest_address,
	.check = guest_check,
	.fini = guest_fini,
};

static int build_vm(struct crew *crew, const struct bench_memory *memory, struct err *err)
{
	struct guest *guest = crew->owner;
	AUTO_FREE struct vcpu_spec *vcpus = alloc_zeroed(crew->nr_members, sizeof(*vcpus));
	struct vm_spec spec = {
		.kvm = { .irqchip = IRQCHIP_NONE },
		.regions = memory->specs,
		.nr_regions = memory->nr_specs,
		.vcpus = vcpus,
		.nr_vcpus = crew->nr_members,
	};
	int ret;

	for (unsigned int i = 0; i < crew->nr_members; i++) {
		vcpus[i].id = i;
		vcpus[i].mem_node = -1;
		crew_cpus(&crew->members[i], &vcpus[i].cpus);
	}
	guest->has_vm = true;
	ret = vm_init(&guest->vm, &spec, err);
	for (unsigned int i = 0; i < crew->nr_members; i++)
		cpuset_fini(&vcpus[i].cpus);
	crew->gmem = &guest->vm.gmem;
	return ret;
}

static int load_guest(struct crew *crew, uint64_t map_len, struct err *err)
{
	struct guest *guest = crew->owner;
	struct kvm_start start;
	int ret = image_load(crew->gmem, map_len, &start, err);

	for (unsigned int i = 0; !ret && i < crew->nr_members; i++) {
		struct crew_member *member = &crew->members[i];
		struct bus_range port = {
			.base = GUEST_PORT_COMMAND + i,
			.len = 1,
			.fn = port_access,
			.dev = member,
			.name = "guest command",
		};

		member->vcpu = &guest->vcpus[i];
		guest->vcpus[i].command = image_add_vcpu(crew->gmem, i, &start);
		guest->vm.vcpus[i].spec.start = start;
		ret = bus_add(&guest->vm.pio, &port, err);
	}
	return ret;
}

int crew_init_guest(struct crew *crew, const struct crew_spec *spec,
		    const struct bench_memory *memory, struct err *err)
{
	struct guest *guest = alloc_zeroed(1, sizeof(*guest));
	int ret;

	crew_setup(crew, &guest_type, spec);
	crew->owner = guest;
	guest->vcpus = alloc_zeroed(spec->nr_cpus, sizeof(*guest->vcpus));
	for (unsigned int i = 0; i < spec->nr_cpus; i++)
		guest->vcpus[i].stats.fd = -1;
	if (spec->nr_cpus > IMAGE_MAX_VCPUS)
		return err_set(err, EXIT_INPUT, E2BIG,
			       "bench: %u CPUs are more than the built-in guest has room for; "
			       "choose at most %u",
			       spec->nr_cpus, IMAGE_MAX_VCPUS);
	ret = build_vm(crew, memory, err);
	if (!ret)
		ret = load_guest(crew, memory->end, err);
	if (!ret)
		ret = vm_start(&guest->vm, err);
	return ret ? ret : crew_muster(crew, err);
}
