/* The exit switch and the life of vCPU threads, on a KVM that follows a script. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake/kvm.h"
#include "vmm/vm.h"

static void init_vm(struct vm *vm, unsigned int nr_vcpus)
{
	struct vcpu_spec vcpus[8] = { 0 };
	const struct gmem_spec ram = { .len = 4096, .page_size = 4096 };
	const struct vm_spec spec = {
		.regions = &ram, .nr_regions = 1, .vcpus = vcpus, .nr_vcpus = nr_vcpus
	};
	struct err err = { 0 };

	for (unsigned int i = 0; i < nr_vcpus; i++)
		vcpus[i] = (struct vcpu_spec){ .id = i, .mem_node = -1 };
	cr_assert_eq(vm_init(vm, &spec, &err), 0, "%s", err.text);
}

static void run_script(struct vm *vm, struct vm_end *end)
{
	struct err err = { 0 };

	cr_assert_eq(vm_start(vm, &err), 0, "%s", err.text);
	cr_assert_eq(vm_join(vm, end, &err), 0, "%s", err.text);
}

static void prepare_system_shutdown(struct kvm_run *run)
{
	run->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
}

static void prepare_system_reset(struct kvm_run *run)
{
	run->system_event.type = KVM_SYSTEM_EVENT_RESET;
}

static void prepare_system_crash(struct kvm_run *run)
{
	run->system_event.type = KVM_SYSTEM_EVENT_CRASH;
}

static void prepare_emulation(struct kvm_run *run)
{
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = 4;
	run->emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	run->emulation_failure.insn_size = 200; /* more than there can be: cut */
	memcpy(run->emulation_failure.insn_bytes, "\x48\x0f\xc7\x0f", 4);
}

static void prepare_delivery(struct kvm_run *run)
{
	run->internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
}

static void prepare_entry(struct kvm_run *run)
{
	run->fail_entry.hardware_entry_failure_reason = 0x80000021;
	run->fail_entry.cpu = 3;
}

/* Parameters live in shared memory, where a function's address means nothing: names, then. */
enum prepared { AS_IS, ENTRY, EMULATION, DELIVERY, SHUTDOWN, RESET, CRASH };
static void (*const prepares[])(struct kvm_run *run) = {
	[ENTRY] = prepare_entry,
	[EMULATION] = prepare_emulation,
	[DELIVERY] = prepare_delivery,
	[SHUTDOWN] = prepare_system_shutdown,
	[RESET] = prepare_system_reset,
	[CRASH] = prepare_system_crash,
	[AS_IS] = NULL,
};

struct end_case {
	struct fake_exit exit;
	enum prepared prepared;
	enum exit_status status;
	char part[80];
};

ParameterizedTestParameters(exits, each_reason_that_ends_a_vm_says_why)
{
	static struct end_case cases[] = {
		{ { .reason = KVM_EXIT_SHUTDOWN }, AS_IS, EXIT_GUEST, "vcpu 0: triple fault" },
		{ { .reason = KVM_EXIT_HLT }, AS_IS, EXIT_OK, "every vCPU has halted" },
		{ { .reason = KVM_EXIT_FAIL_ENTRY },
		  ENTRY,
		  EXIT_GUEST,
		  "hardware reason 0x80000021 on CPU 3" },
		{ { .reason = KVM_EXIT_INTERNAL_ERROR },
		  EMULATION,
		  EXIT_GUEST,
		  "cannot emulate; instruction 48 0f c7 0f" },
		{ { .reason = KVM_EXIT_INTERNAL_ERROR },
		  DELIVERY,
		  EXIT_GUEST,
		  "KVM internal error 3: an exit while an event was delivered" },
		{ { .reason = KVM_EXIT_SYSTEM_EVENT }, SHUTDOWN, EXIT_OK, "switched itself off" },
		{ { .reason = KVM_EXIT_SYSTEM_EVENT }, RESET, EXIT_OK, "asked for a reset" },
		{ { .reason = KVM_EXIT_SYSTEM_EVENT }, CRASH, EXIT_GUEST, "reported a crash" },
		{ { .reason = KVM_EXIT_UNKNOWN }, AS_IS, EXIT_GUEST, "exit 0 (unknown)" },
		{ { .reason = KVM_EXIT_DEBUG }, AS_IS, EXIT_GUEST, "exit 4 (debug)" },
		{ { .reason = 12345 }, AS_IS, EXIT_GUEST, "exit 12345 (not known)" },
		{ { .ret = -EFAULT }, AS_IS, EXIT_GUEST, "KVM_RUN failed (Bad address)" },
		{ { .ret = -ENOMEM },
		  AS_IS,
		  EXIT_GUEST,
		  "KVM_RUN failed (Cannot allocate memory)" },
	};
	return cr_make_param_array(struct end_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct end_case *param, exits, each_reason_that_ends_a_vm_says_why)
{
	struct vm_end end = { 0 };
	struct vm vm;

	fake_kvm.exits[0] = (struct fake_exit){ .reason = KVM_EXIT_IO, .len = 1, .addr = 0x80 };
	fake_kvm.exits[1] = param->exit;
	fake_kvm.exits[1].prepare = prepares[param->prepared];
	fake_kvm.nr_exits = 2;
	init_vm(&vm, 1);
	run_script(&vm, &end);
	cr_expect_eq(end.status, param->status, "%s", end.reason);
	cr_expect(strstr(end.reason, param->part), "%s", end.reason);
	if (param->status == EXIT_GUEST) {
		cr_expect_eq(end.vcpu, 0);
		cr_expect(end.regs_known);
		cr_expect_eq(end.regs.rip, 0xfff0);
	}
	vm_fini(&vm);
}

struct device {
	uint64_t written[8];
	unsigned int nr;
};

static void on_device(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct device *device = dev;

	if (is_write && device->nr < 8)
		memcpy(&device->written[device->nr++], data, len);
	else if (!is_write)
		memset(data, 0x40 + (int)offset, len);
}

static void add_device(struct vm *vm, struct device *device)
{
	const struct bus_range port = { 0x500, 8, on_device, device, "device" };
	const struct bus_range mmio = { 0xfe000000, 0x1000, on_device, device, "device" };
	struct err err = { 0 };

	cr_assert_eq(bus_add(&vm->pio, &port, &err), 0);
	cr_assert_eq(bus_add(&vm->mmio, &mmio, &err), 0);
}

Test(exits, accesses_go_to_the_bus_and_reads_are_answered)
{
	const struct fake_exit script[] = {
		{ .reason = KVM_EXIT_IO, .addr = 0x500, .len = 2, .is_write = 1, .data = 0xbeef },
		{ .reason = KVM_EXIT_IO,
		  .addr = 0x502,
		  .len = 1,
		  .count = 3,
		  .is_write = 1,
		  .data = 0x030201 },
		{ .reason = KVM_EXIT_MMIO,
		  .addr = 0xfe000010,
		  .len = 8,
		  .is_write = 1,
		  .data = 0x1122334455667788 },
		{ .reason = KVM_EXIT_INTR },
		{ .reason = KVM_EXIT_IRQ_WINDOW_OPEN },
		{ .reason = KVM_EXIT_IOAPIC_EOI },
		{ .reason = KVM_EXIT_MMIO, .addr = 0xfe000002, .len = 4 },
		{ .reason = KVM_EXIT_HLT },
	};
	struct device device = { 0 };
	struct vm_end end = { 0 };
	char text[512];
	struct vm vm;

	memcpy(fake_kvm.exits, script, sizeof(script));
	fake_kvm.nr_exits = sizeof(script) / sizeof(*script);
	init_vm(&vm, 1);
	add_device(&vm, &device);
	run_script(&vm, &end);
	cr_expect_eq(end.status, EXIT_OK, "%s", end.reason);
	cr_assert_eq(device.nr, 5);
	cr_expect_eq(device.written[0], 0xbeef);
	cr_expect_eq(device.written[1], 1);
	cr_expect_eq(device.written[3], 3);
	cr_expect_eq(device.written[4], 0x1122334455667788);
	cr_expect_eq(fake_kvm.last_read, 0x42424242);
	vcpu_format_exits(&vm.vcpus[0], text, sizeof(text));
	cr_expect_str_eq(text, "port write 0x500 2 bytes 0xbeef; port write 0x502 1 bytes 0x1; "
			       "port write 0x502 1 bytes 0x2; port write 0x502 1 bytes 0x3; "
			       "mmio write 0xfe000010 8 bytes 0x1122334455667788; interrupted; "
			       "interrupt window; I/O APIC EOI; "
			       "mmio read 0xfe000002 4 bytes 0x42424242; hlt");
	vm_fini(&vm);
	cr_expect_eq(fake_kvm.nr_vcpus_live, 0);
}

Test(exits, only_the_last_sixteen_are_kept_and_a_short_buffer_is_filled_whole)
{
	struct vcpu vcpu = { 0 };
	char text[512], small[12];

	for (unsigned int i = 0; i < 20; i++)
		vcpu_record_exit(&vcpu, &(struct vcpu_exit){ .reason = KVM_EXIT_IO,
							     .len = 1,
							     .addr = i,
							     .is_write = true });
	vcpu_format_exits(&vcpu, text, sizeof(text));
	cr_expect_eq(strncmp(text, "port write 0x4 1 bytes", 22), 0, "%s", text);
	cr_expect_eq(vcpu_format_exits(&vcpu, small, sizeof(small)), sizeof(small) - 1);
	cr_expect_str_eq(small, "port write ");
}

static void prepare_msr(struct kvm_run *run)
{
	run->msr.error = 0;
}

Test(exits, what_was_not_offered_to_the_guest_is_refused_and_it_goes_on)
{
	struct vm_end end = { 0 };
	struct vm vm;

	fake_kvm.exits[0] =
		(struct fake_exit){ .reason = KVM_EXIT_X86_RDMSR, .prepare = prepare_msr };
	fake_kvm.exits[1] = (struct fake_exit){ .reason = KVM_EXIT_HYPERCALL };
	fake_kvm.exits[2] = (struct fake_exit){ .reason = KVM_EXIT_HLT };
	fake_kvm.nr_exits = 3;
	init_vm(&vm, 1);
	run_script(&vm, &end);
	cr_expect_eq(end.status, EXIT_OK, "%s", end.reason);
	cr_expect_eq((int64_t)vm.vcpus[0].kvm.run->hypercall.ret, -ENOSYS);
	vm_fini(&vm);
}

/* A write of 16 bytes is two exits of one instruction: the second comes up only when the first is
 * completed, and must be handled although a pause is wanted meanwhile. */
static void pause_from_here(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct vm *vm = dev;

	(void)data;
	(void)len;
	(void)is_write;
	if (!offset) { /* as vm_pause() does, but it may not wait on this thread */
		pthread_mutex_lock(&vm->lock);
		vm->pauses++;
		vcpu_call(&vm->vcpus[0]);
		pthread_mutex_unlock(&vm->lock);
	}
}

Test(pause, completes_every_part_of_the_instruction_at_hand)
{
	struct err err = { 0 };
	struct vm vm;
	const struct bus_range mmio = { 0xfe000000, 0x1000, pause_from_here, &vm, "pauser" };

	fake_kvm.exits[0] = (struct fake_exit){
		.reason = KVM_EXIT_MMIO, .addr = 0xfe000000, .len = 8, .is_write = 1
	};
	fake_kvm.exits[1] = (struct fake_exit){
		.reason = KVM_EXIT_MMIO, .addr = 0xfe000008, .len = 8, .is_write = 1, .continues = 1
	};
	fake_kvm.exits[2] = (struct fake_exit){
		.reason = KVM_EXIT_MMIO, .addr = 0xfe000010, .len = 8, .is_write = 1
	};
	fake_kvm.nr_exits = 3;
	init_vm(&vm, 1);
	cr_assert_eq(bus_add(&vm.mmio, &mmio, &err), 0);
	cr_assert_eq(vm_start(&vm, &err), 0, "%s", err.text);
	pthread_mutex_lock(&vm.lock);
	while (vm.vcpus[0].state != VCPU_PARKED || !vm.pauses)
		pthread_cond_wait(&vm.changed, &vm.lock);
	pthread_mutex_unlock(&vm.lock);
	cr_expect_eq(vm.vcpus[0].nr_exits, 2, "both halves, and not the next instruction");
	cr_expect_eq(fake_kvm.nr_completed, 2);
	cr_expect_not(vm.vcpus[0].pending);
	vm_resume(&vm);
	vm_fini(&vm);
}

Test(vm, one_vcpu_that_cannot_be_created_stops_them_all)
{
	struct err err = { 0 };
	struct vm vm;

	fake_kvm.fail_vcpu = 1 + 2;
	init_vm(&vm, 4);
	cr_expect_eq(vm_start(&vm, &err), -ENOMEM);
	cr_expect_str_eq(err.text, "vcpu 2: KVM cannot create it");
	vm_fini(&vm);
	cr_expect_eq(fake_kvm.nr_vcpus_live, 0);
}

Test(vm, the_first_reason_to_stop_is_the_one_that_is_told)
{
	struct vm_end end = { 0 };
	struct err err = { 0 };
	struct vm vm;

	init_vm(&vm, 2);
	cr_assert_eq(vm_start(&vm, &err), 0, "%s", err.text);
	vm_stop(&vm, EXIT_NO, "the %s says so", "user");
	vm_stop(&vm, EXIT_GUEST, "too late");
	cr_expect_eq(vm_join(&vm, &end, &err), 0);
	cr_expect_eq(end.status, EXIT_NO);
	cr_expect_str_eq(end.reason, "the user says so");
	cr_expect_eq(end.vcpu, -1);
	vm_fini(&vm);
}

Test(vm, the_vm_ends_when_the_last_vcpu_halts_and_not_before)
{
	struct vm_end end = { 0 };
	struct vm vm;

	fake_kvm.exits[0] = (struct fake_exit){ .reason = KVM_EXIT_HLT };
	fake_kvm.nr_exits = 1;
	init_vm(&vm, 8);
	run_script(&vm, &end);
	cr_expect_eq(end.status, EXIT_OK);
	for (unsigned int i = 0; i < 8; i++)
		cr_expect_eq(vm.vcpus[i].nr_exits, 1);
	vm_fini(&vm);
}
