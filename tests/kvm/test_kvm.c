#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/kvm_cpuid.h"
#include "accel/kvm_irq.h"
#include "accel/kvm_stats.h"
#include "accel/kvm_vcpu.h"
#include "tests/kvm/need_kvm.h"

static void open_vm(struct kvm *kvm, enum irqchip_mode irqchip)
{
	const struct kvm_options options = { .irqchip = irqchip };
	struct err err = { 0 };

	cr_assert_eq(kvm_init(kvm, &options, &err), 0, "%s", err.text);
}

static void *map_pages(size_t len)
{
	void *hva = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(hva, MAP_FAILED);
	return hva;
}

Test(kvm, every_essential_capability_is_one_that_kvm_answers)
{
	struct err err = { 0 };
	int fd;

	NEED_KVM();
	fd = kvm_open(&err);
	cr_assert_geq(fd, 0, "%s", err.text);
	for (unsigned int i = 0; i < kvm_nr_capabilities; i++)
		if (kvm_capabilities[i].essential)
			cr_expect_gt(kvm_check(fd, kvm_capabilities[i].number), 0, "%s",
				     kvm_capabilities[i].name);
	cr_expect_eq(kvm_check(fd, 99999), 0);
	close(fd);
}

Test(kvm, slots_are_added_deleted_and_bad_ones_refused_by_name)
{
	struct err err = { 0 };
	struct kvm kvm;
	char *hva;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_NONE);
	hva = map_pages(16384);
	struct kvm_slot slot = { .gpa = 0x10000, .len = 8192, .hva = hva };
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0, "%s", err.text);
	slot = (struct kvm_slot){ .gpa = 0x11000, .len = 8192, .hva = hva };
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), -EEXIST);
	cr_expect_str_eq(err.text, "kvm: memory slot at 0x11000 of 0x2000 bytes overlaps slot 0 at "
				   "0x10000 of 0x2000 bytes");
	slot.gpa = 0x12800;
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), -EINVAL);
	slot = (struct kvm_slot){ .gpa = 0x12000, .len = 4096, .hva = hva + 8192 };
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 1, "%s", err.text);
	cr_expect_eq(kvm_slot_delete(&kvm, 0x10000, 4096, &err), -ENOENT);
	cr_expect_eq(kvm_slot_delete(&kvm, 0x10000, 8192, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_slot_delete(&kvm, 0x10000, 8192, &err), -ENOENT);
	slot = (struct kvm_slot){ .gpa = 0x10000, .len = 8192, .hva = hva };
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0, "the number is used again");
	kvm_fini(&kvm);
}

Test(kvm, memory_above_the_address_width_is_refused_by_kvm_and_leaves_no_slot)
{
	struct err err = { 0 };
	struct kvm kvm;
	struct kvm_slot slot;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_NONE);
	slot = (struct kvm_slot){ .gpa = UINT64_C(1) << 62, .len = 4096, .hva = map_pages(4096) };
	slot.flags = 1u << 31; /* no such flag */
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), -EINVAL);
	slot.flags = 0;
	slot.gpa = 0;
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0, "%s", err.text);
	kvm_fini(&kvm);
}

Test(kvm, registers_read_back_as_written_flags_included)
{
	struct kvm_regs regs = {
		.rip = 0x1234, .rsp = 0x8000, .rax = 1, .r15 = 15, .rflags = 0x8d7
	};
	struct kvm_regs got;
	struct kvm_vcpu vcpu;
	struct err err = { 0 };
	struct kvm kvm;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_NONE);
	cr_assert_eq(kvm_vcpu_init(&vcpu, &kvm, 0, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_vcpu_set_regs(&vcpu, &regs), 0);
	cr_expect_eq(kvm_vcpu_get_regs(&vcpu, &got), 0);
	cr_expect_eq(got.rip, regs.rip);
	cr_expect_eq(got.rsp, regs.rsp);
	cr_expect_eq(got.r15, regs.r15);
	cr_expect_eq(got.rflags, regs.rflags);
	kvm_vcpu_fini(&vcpu);
	kvm_fini(&kvm);
}

/* mov $0x2a,%al; out; hlt: after the exit is completed, RAX and RIP are those behind it. */
Test(kvm, registers_after_a_run_are_never_those_of_before)
{
	const unsigned char code[] = { DX16, 0xb0, 0x2a, 0xee, 0xf4 };
	const struct small_spec spec = { .mode = START_REAL, .code = code, .len = sizeof(code) };
	struct kvm_regs regs = { .rip = 1, .rflags = 2 };
	struct small_vm small;
	struct err err = { 0 };
	struct vcpu *vcpu;

	NEED_KVM();
	cr_assert_eq(small_vm_init(&small, &spec, &err), 0, "%s", err.text);
	vcpu = &small.vm.vcpus[0];
	cr_assert_eq(kvm_vcpu_init(&vcpu->kvm, &small.vm.kvm, 0, &err), 0, "%s", err.text);
	cr_assert_eq(kvm_vcpu_start(&vcpu->kvm, &vcpu->spec.start, &err), 0, "%s", err.text);
	cr_assert_eq(kvm_vcpu_run(&vcpu->kvm), 0);
	cr_expect_eq(vcpu->kvm.run->exit_reason, KVM_EXIT_IO);
	cr_expect_eq(kvm_vcpu_complete(&vcpu->kvm), -EINTR);
	cr_expect_eq(kvm_vcpu_get_regs(&vcpu->kvm, &regs), 0);
	cr_expect_eq(regs.rax & 0xff, 0x2a);
	cr_expect_eq(regs.rip, 6);
	small_vm_fini(&small);
}

Test(kvm, wide_state_model_specific_registers_and_the_apic_go_round)
{
	struct kvm_lapic_state lapic;
	struct kvm_xsave *xsave = NULL;
	struct kvm_vcpu vcpu;
	struct err err = { 0 };
	struct kvm kvm;
	uint64_t value = 0;
	uint32_t state = 99;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_FULL);
	cr_assert_eq(kvm_vcpu_init(&vcpu, &kvm, 1, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_vcpu_get_mp_state(&vcpu, &state), 0);
	cr_expect_eq(state, KVM_MP_STATE_UNINITIALIZED);
	cr_expect_eq(kvm_vcpu_set_mp_state(&vcpu, KVM_MP_STATE_RUNNABLE), 0);
	cr_expect_eq(kvm_vcpu_get_mp_state(&vcpu, &state), 0);
	cr_expect_eq(state, KVM_MP_STATE_RUNNABLE);
	cr_expect_eq(kvm_vcpu_get_lapic(&vcpu, &lapic), 0);
	cr_expect_eq(lapic.regs[0x23], 1, "the APIC id is the vCPU's");
	cr_expect_eq(kvm_vcpu_set_lapic(&vcpu, &lapic), 0);
	cr_expect_eq(kvm_vcpu_set_msr(&vcpu, 0x277, 0x0007040600070406), 0); /* PAT */
	cr_expect_eq(kvm_vcpu_get_msr(&vcpu, 0x277, &value), 0);
	cr_expect_eq(value, 0x0007040600070406);
	cr_expect_eq(kvm_vcpu_get_msr(&vcpu, 0x12345678, &value), -ENOENT);
	cr_expect_eq(kvm_vcpu_get_xsave(&vcpu, &kvm, &xsave), 0);
	cr_expect_eq(kvm_vcpu_set_xsave(&vcpu, xsave), 0);
	free(xsave);
	kvm_vcpu_fini(&vcpu);
	kvm_fini(&kvm);
}

Test(kvm, a_vcpu_id_is_refused_when_taken_or_too_high)
{
	struct kvm_vcpu one, two;
	struct err err = { 0 };
	struct kvm kvm;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_NONE);
	cr_assert_eq(kvm_vcpu_init(&one, &kvm, 3, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_vcpu_init(&two, &kvm, 3, &err), -EEXIST);
	cr_expect_str_eq(err.text, "vcpu 3: the VM already has a vCPU of this id");
	cr_expect_eq(kvm_vcpu_init(&two, &kvm, kvm.max_vcpu_id, &err), -EINVAL);
	kvm_vcpu_fini(&two);
	kvm_vcpu_fini(&one);
	kvm_fini(&kvm);
}

Test(kvm, routes_are_added_one_by_one_and_the_others_stay)
{
	const struct kvm_irq_routing_msi msi = { .address_lo = 0xfee00000, .data = 0x4031 };
	const uint64_t one = 1;
	struct kvm_routes routes;
	struct err err = { 0 };
	struct kvm kvm;
	int fd;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_FULL);
	kvm_routes_init(&routes, IRQCHIP_FULL);
	cr_expect_eq(routes.nr, 16 + 24);
	cr_expect_eq(kvm_route_msi(&routes, &kvm, 24, &msi, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_route_msi(&routes, &kvm, 25, &msi, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_route_msi(&routes, &kvm, 24, &msi, &err), 0, "%s", err.text);
	cr_expect_eq(routes.nr, 16 + 24 + 2);
	cr_expect_eq(kvm_route_msi(&routes, &kvm, 1u << 20, &msi, &err), -EINVAL);
	cr_expect_eq(routes.nr, 16 + 24 + 2, "a refused route leaves the others");
	cr_expect_eq(kvm_irq_line(&kvm, 4, true), 0);
	cr_expect_eq(kvm_irq_line(&kvm, 4, false), 0);
	fd = eventfd(0, EFD_CLOEXEC);
	cr_expect_eq(kvm_irqfd_add(&kvm, fd, 24, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_irqfd_add(&kvm, fd, 24, &err), -EBUSY);
	cr_expect_eq(write(fd, &one, sizeof(one)), sizeof(one));
	cr_expect_eq(kvm_irqfd_remove(&kvm, fd, 24, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_route_remove(&routes, &kvm, 25, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_route_remove(&routes, &kvm, 25, &err), -ENOENT);
	close(fd);
	kvm_routes_fini(&routes);
	kvm_fini(&kvm);
}

/* sti; hlt with a handler: the interrupt arrives as irqfd 5 -> PIC -> vector 5 of the real-mode
 * table, whose handler writes to the port. */
Test(kvm, an_irqfd_interrupts_the_guest)
{
	/* 0x1000: set up the PIC (vectors 0x20..), unmask line 5, tell that we are ready, wait. */
	const unsigned char code[] = {
		0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x80, /* ds = ss = 0, sp */
		0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, /* ICW1, ICW2 */
		0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, /* ICW3, ICW4 */
		0xb0, 0xdf, 0xe6, 0x21, /* all masked but line 5 */
		0xc7, 0x06, 0x94, 0x00, 0x80, 0x10, /* movw $0x1080, 4 * 0x25 */
		0xc7, 0x06, 0x96, 0x00, 0x00, 0x00, /* movw $0, 4 * 0x25 + 2 */
		DX16, 0xb0, 'r',  0xee, /* ready */
		0xfb, 0xf4, 0xeb, 0xfd, /* sti; 1: hlt; jmp 1b */
	};
	const unsigned char handler[] = { DX16, 0xb0, 'i', 0xee, 0xeb, 0xfe };
	const struct small_spec spec = { .mode = START_REAL,
					 .code = code,
					 .len = sizeof(code),
					 .irqchip = IRQCHIP_FULL,
					 .last_write = 2 };
	const uint64_t one = 1;
	struct vm_end end = { 0 };
	struct small_vm small;
	struct err err = { 0 };
	int fd;

	NEED_KVM();
	cr_assert_eq(small_vm_init(&small, &spec, &err), 0, "%s", err.text);
	memcpy(gmem_ptr(&small.vm.gmem, 0x1080, sizeof(handler)), handler, sizeof(handler));
	fd = eventfd(0, EFD_CLOEXEC);
	cr_expect_eq(irq_take_line(&small.vm.irqs, 5, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_irqfd_add(&small.vm.kvm, fd, 5, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&small.vm, &err), 0, "%s", err.text);
	while (!small.port.nr_writes)
		usleep(100);
	cr_expect_eq(write(fd, &one, sizeof(one)), sizeof(one));
	cr_expect_eq(vm_join(&small.vm, &end, &err), 0);
	cr_expect_eq(small.port.written[0], 'r');
	cr_expect_eq(small.port.written[1], 'i');
	small_vm_fini(&small);
	close(fd);
}

Test(kvm, a_doorbell_signals_its_eventfd_and_makes_no_exit)
{
	const unsigned char code[] = { 0xba, 0x00, 0x07, 0xb0, 7, 0xee, DX16, 0xee, 0xf4 };
	const struct small_spec spec = { .mode = START_REAL, .code = code, .len = sizeof(code) };
	const struct kvm_doorbell bell = { .addr = 0x700, .len = 1, .pio = true };
	struct vm_end end = { 0 };
	struct small_vm small;
	struct err err = { 0 };
	uint64_t rung = 0;
	int fd;

	NEED_KVM();
	cr_assert_eq(small_vm_init(&small, &spec, &err), 0, "%s", err.text);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_expect_eq(kvm_ioeventfd_add(&small.vm.kvm, fd, &bell, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&small.vm, &err), 0, "%s", err.text);
	cr_expect_eq(vm_join(&small.vm, &end, &err), 0);
	cr_expect_eq(read(fd, &rung, sizeof(rung)), sizeof(rung));
	cr_expect_eq(rung, 1);
	cr_expect_eq(small.vm.pio.misses, 0);
	cr_expect_eq(small.vm.vcpus[0].nr_exits, 2, "the port and the halt");
	cr_expect_eq(kvm_ioeventfd_remove(&small.vm.kvm, fd, &bell, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_ioeventfd_remove(&small.vm.kvm, fd, &bell, &err), -ENOENT);
	small_vm_fini(&small);
	close(fd);
}

Test(kvm, the_counters_of_a_vcpu_are_read_by_name)
{
	const unsigned char code[] = { DX32, 0xee, 0xee, 0xee, 0xeb, 0xfe };
	const struct small_spec spec = {
		.mode = START_LONG_USER, .code = code, .len = sizeof(code), .last_write = 3
	};
	struct kvm_stats stats = { .fd = -1 };
	struct vm_end end = { 0 };
	struct small_vm small;
	struct err err = { 0 };
	uint64_t exits = 0;

	NEED_KVM();
	cr_assert_eq(small_vm_init(&small, &spec, &err), 0, "%s", err.text);
	if (!kvm_check(small.vm.kvm.vm_fd, KVM_CAP_BINARY_STATS_FD))
		cr_skip_test("this kernel's KVM has no counter files");
	cr_assert_eq(vm_start(&small.vm, &err), 0, "%s", err.text);
	cr_expect_eq(vm_join(&small.vm, &end, &err), 0);
	cr_assert_eq(kvm_stats_init(&stats, small.vm.vcpus[0].kvm.fd, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_stats_read(&stats, "exits", &exits), 0);
	cr_expect_geq(exits, 3);
	cr_expect_eq(kvm_stats_read(&stats, "no such counter", &exits), -ENOENT);
	kvm_stats_fini(&stats);
	small_vm_fini(&small);
}

Test(kvm, the_supported_leaves_can_be_given_to_a_vcpu)
{
	struct kvm_cpuid2 *cpuid = NULL;
	struct kvm_vcpu vcpu;
	struct err err = { 0 };
	struct kvm kvm;

	NEED_KVM();
	open_vm(&kvm, IRQCHIP_NONE);
	cr_assert_eq(kvm_supported_cpuid(&kvm, &cpuid, &err), 0, "%s", err.text);
	cr_expect_not_null(kvm_cpuid_find(cpuid, 1, 0));
	cr_expect_not_null(kvm_cpuid_find(cpuid, 0x80000001, 0));
	kvm_cpuid_set_apic_id(cpuid, 5);
	cr_expect_eq(kvm_cpuid_find(cpuid, 1, 0)->ebx >> 24, 5);
	cr_assert_eq(kvm_vcpu_init(&vcpu, &kvm, 5, &err), 0, "%s", err.text);
	cr_expect_eq(kvm_vcpu_set_cpuid(&vcpu, cpuid, &err), 0, "%s", err.text);
	kvm_vcpu_fini(&vcpu);
	free(cpuid);
	kvm_fini(&kvm);
}
