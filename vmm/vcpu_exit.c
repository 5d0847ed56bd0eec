/* What a vCPU's exits mean: each is handled, or ends the VM with a reason. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmm/vcpu.h"
#include "vmm/vm.h"

/* KVM_EXIT_MEMORY_FAULT (Linux 6.8) is newer than the headers that we build with. */
#define EXIT_MEMORY_FAULT 39

static const char *const exit_names[] = {
	[KVM_EXIT_UNKNOWN] = "unknown",
	[KVM_EXIT_EXCEPTION] = "exception",
	[KVM_EXIT_IO] = "port",
	[KVM_EXIT_HYPERCALL] = "hypercall",
	[KVM_EXIT_DEBUG] = "debug",
	[KVM_EXIT_HLT] = "hlt",
	[KVM_EXIT_MMIO] = "mmio",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "interrupt window",
	[KVM_EXIT_SHUTDOWN] = "shutdown",
	[KVM_EXIT_FAIL_ENTRY] = "failed entry",
	[KVM_EXIT_INTR] = "interrupted",
	[KVM_EXIT_SET_TPR] = "task priority",
	[KVM_EXIT_TPR_ACCESS] = "task priority access",
	[KVM_EXIT_NMI] = "NMI",
	[KVM_EXIT_INTERNAL_ERROR] = "internal error",
	[KVM_EXIT_SYSTEM_EVENT] = "system event",
	[KVM_EXIT_IOAPIC_EOI] = "I/O APIC EOI",
	[KVM_EXIT_HYPERV] = "Hyper-V",
	[KVM_EXIT_X86_RDMSR] = "rdmsr",
	[KVM_EXIT_X86_WRMSR] = "wrmsr",
	[KVM_EXIT_X86_BUS_LOCK] = "bus lock",
	[KVM_EXIT_XEN] = "Xen",
	[KVM_EXIT_NOTIFY] = "no progress",
	[EXIT_MEMORY_FAULT] = "memory fault",
};

static const char *exit_name(uint32_t reason)
{
	if (reason < sizeof(exit_names) / sizeof(*exit_names) && exit_names[reason])
		return exit_names[reason];
	return "not known";
}

void vcpu_record_exit(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	vcpu->exits[vcpu->nr_exits++ % VCPU_EXITS] = *exit;
}

/* One access of an exit: through the bus, and into the record. */
static void do_access(struct vcpu *vcpu, struct bus *bus, uint64_t addr, void *data, uint32_t len,
		      bool is_write)
{
	struct vcpu_exit exit = {
		.reason = vcpu->kvm.run->exit_reason,
		.len = (uint8_t)len,
		.is_write = is_write,
		.addr = addr,
	};

	bus_access(bus, addr, data, len, is_write);
	memcpy(&exit.data, data, len <= sizeof(exit.data) ? len : sizeof(exit.data));
	vcpu_record_exit(vcpu, &exit);
}

static bool on_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->kvm.run;
	char *data = (char *)run + run->io.data_offset;

	/* count is above 1 for a repeated string instruction. */
	for (uint32_t i = 0; i < run->io.count; i++)
		do_access(vcpu, &vcpu->vm->pio, run->io.port, data + (size_t)i * run->io.size,
			  run->io.size, run->io.direction == KVM_EXIT_IO_OUT);
	return true;
}

static bool on_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->kvm.run;

	do_access(vcpu, &vcpu->vm->mmio, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
		  run->mmio.is_write);
	return true;
}

/* Only a VM without local APICs sees this, so nothing can wake the vCPU: it is done. */
static bool on_halt(struct vcpu *vcpu)
{
	vm_vcpu_halted(vcpu);
	return true;
}

static bool on_shutdown(struct vcpu *vcpu)
{
	vm_stop_vcpu(vcpu, EXIT_GUEST,
		     "triple fault: a fault occurred while another was being delivered twice over; "
		     "on some hosts the registers are those after a reset");
	return false;
}

static bool on_failed_entry(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->kvm.run;

	vm_stop_vcpu(vcpu, EXIT_GUEST,
		     "the processor refused to enter the guest (hardware reason 0x%llx on CPU %u): "
		     "its state is not a legal one",
		     (unsigned long long)run->fail_entry.hardware_entry_failure_reason,
		     run->fail_entry.cpu);
	return false;
}

/* The bytes that KVM could not emulate, as hexadecimal, if it says which (api.rst, 5). */
static void format_instruction(const struct kvm_run *run, char *buf, size_t len)
{
	const bool has_bytes = run->emulation_failure.suberror == KVM_INTERNAL_ERROR_EMULATION &&
			       run->emulation_failure.ndata >= 1 &&
			       (run->emulation_failure.flags &
				KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES);
	unsigned int nr = has_bytes ? run->emulation_failure.insn_size : 0;
	size_t used;

	if (nr > sizeof(run->emulation_failure.insn_bytes))
		nr = sizeof(run->emulation_failure.insn_bytes);
	used = (size_t)snprintf(buf, len, "%s", nr ? "; instruction" : "");
	for (unsigned int i = 0; i < nr && used + 4 < len; i++)
		used += (size_t)snprintf(buf + used, len - used, " %02x",
					 run->emulation_failure.insn_bytes[i]);
}

static bool on_internal_error(struct vcpu *vcpu)
{
	static const char *const names[] = {
		[0] = "of no stated kind",
		[KVM_INTERNAL_ERROR_EMULATION] = "an instruction that KVM cannot emulate",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "two exceptions at once",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "an exit while an event was delivered",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit that KVM did not expect",
	};
	const struct kvm_run *run = vcpu->kvm.run;
	uint32_t suberror = run->internal.suberror;
	char instruction[80];

	format_instruction(run, instruction, sizeof(instruction));
	vm_stop_vcpu(vcpu, EXIT_GUEST, "KVM internal error %u: %s%s", suberror,
		     suberror < sizeof(names) / sizeof(*names) ? names[suberror] : "not known",
		     instruction);
	return false;
}

static bool on_system_event(struct vcpu *vcpu)
{
	uint32_t type = vcpu->kvm.run->system_event.type;

	if (type == KVM_SYSTEM_EVENT_SHUTDOWN)
		vm_stop_vcpu(vcpu, EXIT_OK, "the guest switched itself off");
	else if (type == KVM_SYSTEM_EVENT_RESET)
		vm_stop_vcpu(vcpu, EXIT_OK, "the guest asked for a reset");
	else
		vm_stop_vcpu(vcpu, EXIT_GUEST, "the guest reported a crash (system event %u)",
			     type);
	return false;
}

/* Not offered to the guest by us: the answer is that there is no such thing. */
static bool refuse(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->kvm.run;

	if (run->exit_reason == KVM_EXIT_HYPERCALL)
		run->hypercall.ret = (uint64_t)-ENOSYS;
	else
		run->msr.error = 1; /* #GP in the guest */
	return true;
}

static bool on_unexpected(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->kvm.run;

	vm_stop_vcpu(vcpu, EXIT_GUEST, "exit %u (%s) cannot be handled, hardware reason 0x%llx",
		     run->exit_reason, exit_name(run->exit_reason),
		     (unsigned long long)run->hw.hardware_exit_reason);
	return false;
}

bool vcpu_handle_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->kvm.run->exit_reason;

	if (reason == KVM_EXIT_IO)
		return on_port(vcpu);
	if (reason == KVM_EXIT_MMIO)
		return on_mmio(vcpu);
	vcpu_record_exit(vcpu, &(struct vcpu_exit){ .reason = reason });
	switch (reason) {
	case KVM_EXIT_HLT:
		return on_halt(vcpu);
	case KVM_EXIT_SHUTDOWN:
		return on_shutdown(vcpu);
	case KVM_EXIT_FAIL_ENTRY:
		return on_failed_entry(vcpu);
	case KVM_EXIT_INTERNAL_ERROR:
		return on_internal_error(vcpu);
	case KVM_EXIT_SYSTEM_EVENT:
		return on_system_event(vcpu);
	case KVM_EXIT_HYPERCALL:
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		return refuse(vcpu);
	case KVM_EXIT_INTR: /* nothing to do but to enter again */
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_TPR_ACCESS:
	case KVM_EXIT_IOAPIC_EOI:
	case KVM_EXIT_X86_BUS_LOCK:
		return true;
	default:
		return on_unexpected(vcpu);
	}
}

void vcpu_run_failed(struct vcpu *vcpu, int errnum)
{
	const char *hint = errnum == EFAULT ? ": guest memory could not be read or written" : "";

	vm_stop_vcpu(vcpu, EXIT_GUEST, "KVM_RUN failed (%s)%s", strerror(errnum), hint);
}

static size_t format_exit(const struct vcpu_exit *exit, char *buf, size_t len)
{
	if (!exit->len)
		return (size_t)snprintf(buf, len, "%s", exit_name(exit->reason));
	return (size_t)snprintf(buf, len, "%s %s 0x%" PRIx64 " %u bytes 0x%" PRIx64,
				exit_name(exit->reason), exit->is_write ? "write" : "read",
				exit->addr, exit->len, exit->data);
}

size_t vcpu_format_exits(const struct vcpu *vcpu, char *buf, size_t len)
{
	uint64_t first = vcpu->nr_exits > VCPU_EXITS ? vcpu->nr_exits - VCPU_EXITS : 0;
	size_t used = 0;

	buf[0] = '\0';
	for (uint64_t i = first; i < vcpu->nr_exits && used + 2 < len; i++) {
		if (i > first)
			used += (size_t)snprintf(buf + used, len - used, "; ");
		used += format_exit(&vcpu->exits[i % VCPU_EXITS], buf + used, len - used);
	}
	return used < len ? used : len - 1;
}
