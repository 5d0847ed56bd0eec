#include "accel/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"

/*
 * Theory: a VM is built in an order that KVM prescribes. Chips, exits to be disabled, x2APIC ids,
 * and the addresses of the three-page TSS and the identity map that older Intel CPUs need for real
 * mode are all refused once a vCPU exists; so they are all set here, before kvm_init() returns.
 */

/* Below the 4 GiB line, beside the BIOS: no guest memory and no device of ours is there. */
#define IDENTITY_MAP_GPA UINT64_C(0xfffbc000)
#define TSS_GPA		 UINT64_C(0xfffbd000)

#define CAP(name) #name, KVM_CAP_##name
const struct kvm_capability kvm_capabilities[] = {
	{ CAP(USER_MEMORY), true, "guest memory is memory of this process" },
	{ CAP(EXT_CPUID), true, "the guest is told which CPU it has" },
	{ CAP(IMMEDIATE_EXIT), true, "a kick is never lost, so pause and stop work" },
	{ CAP(NR_MEMSLOTS), true, "one memory region for each node" },
	{ CAP(SET_TSS_ADDR), true, "real mode on Intel CPUs without unrestricted guest" },
	{ CAP(IRQCHIP), false, "interrupts in the guest" },
	{ CAP(SPLIT_IRQCHIP), false, "local APICs in the kernel, the I/O APIC here" },
	{ CAP(IRQ_ROUTING), false, "messages and lines routed by number" },
	{ CAP(IRQFD), false, "devices interrupt without a system call per vCPU" },
	{ CAP(IOEVENTFD), false, "doorbells that do not stop the vCPU" },
	{ CAP(SIGNAL_MSI), false, "message-signalled interrupts" },
	{ CAP(X2APIC_API), false, "more than 254 vCPUs" },
	{ CAP(X86_DISABLE_EXITS), false, "HLT, MWAIT and PAUSE that stay in the guest" },
	{ CAP(TSC_DEADLINE_TIMER), false, "the timer of a guest without a PIT" },
	{ CAP(ADJUST_CLOCK), false, "the guest's clock goes on after a pause" },
	{ CAP(XSAVE2), false, "the whole register state of wide vectors" },
	{ CAP(BINARY_STATS_FD), false, "exit counters of each vCPU" },
};
const unsigned int kvm_nr_capabilities = sizeof(kvm_capabilities) / sizeof(*kvm_capabilities);

int kvm_open(struct err *err)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0 && errno == ENOENT)
		return err_set(
			err, EXIT_HOST, ENOENT,
			"kvm: /dev/kvm does not exist; load kvm_intel or kvm_amd, and enable "
			"virtualization in the firmware");
	if (fd < 0 && errno == EACCES)
		return err_set(err, EXIT_HOST, EACCES,
			       "kvm: /dev/kvm may not be opened; add the user to the group \"kvm\" "
			       "and log in again");
	if (fd < 0)
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot open /dev/kvm");
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API_VERSION)
		return fd;
	close(fd);
	return err_set(err, EXIT_HOST, ENOTSUP,
		       "kvm: /dev/kvm speaks API version %d, %d is needed; use a newer kernel",
		       version, KVM_API_VERSION);
}

int kvm_check(int fd, int capability)
{
	int value = ioctl(fd, KVM_CHECK_EXTENSION, capability);

	return value < 0 ? 0 : value;
}

static int need_essential(const struct kvm *kvm, struct err *err)
{
	for (unsigned int i = 0; i < kvm_nr_capabilities; i++) {
		const struct kvm_capability *cap = &kvm_capabilities[i];

		if (cap->essential && !kvm_check(kvm->sys_fd, cap->number))
			return err_set(err, EXIT_HOST, ENOTSUP,
				       "kvm: this kernel lacks KVM_CAP_%s (%s); use a newer one",
				       cap->name, cap->purpose);
	}
	return 0;
}

static int create_vm(struct kvm *kvm, struct err *err)
{
	do /* a signal may end a slow creation */
		kvm->vm_fd = ioctl(kvm->sys_fd, KVM_CREATE_VM, 0);
	while (kvm->vm_fd < 0 && errno == EINTR);
	if (kvm->vm_fd < 0)
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot create a VM");
	return 0;
}

static int enable(const struct kvm *kvm, const char *name, int capability, uint64_t arg,
		  struct err *err)
{
	struct kvm_enable_cap cap = { .cap = (uint32_t)capability, .args = { arg } };

	if (!ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &cap))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "kvm: cannot enable KVM_CAP_%s with %#llx", name,
		       (unsigned long long)arg);
}

static int disable_exits(const struct kvm *kvm, uint32_t exits, struct err *err)
{
	uint32_t offered = (uint32_t)kvm_check(kvm->vm_fd, KVM_CAP_X86_DISABLE_EXITS);

	if (!exits)
		return 0;
	if (exits & ~offered)
		return err_set(err, EXIT_HOST, ENOTSUP,
			       "kvm: cannot keep exits %#x in the guest, this host offers %#x",
			       exits, offered);
	return enable(kvm, CAP(X86_DISABLE_EXITS), exits, err);
}

static int create_pit(const struct kvm *kvm, struct err *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (!ioctl(kvm->vm_fd, KVM_CREATE_PIT2, &pit))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "kvm: cannot create the PIT");
}

static int create_irqchip(const struct kvm *kvm, const struct kvm_options *options, struct err *err)
{
	uint64_t x2apic = KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK;
	int ret = 0;

	if (options->irqchip == IRQCHIP_SPLIT)
		ret = enable(kvm, CAP(SPLIT_IRQCHIP), KVM_IRQ_PINS, err);
	else if (options->irqchip == IRQCHIP_FULL && ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0))
		ret = err_sys(err, EXIT_HOST, errno, "kvm: cannot create the interrupt chips");
	if (!ret && options->irqchip == IRQCHIP_FULL && options->pit)
		ret = create_pit(kvm, err);
	if (!ret && options->x2apic)
		ret = enable(kvm, CAP(X2APIC_API), x2apic, err);
	return ret;
}

static int set_addresses(const struct kvm *kvm, struct err *err)
{
	uint64_t identity = IDENTITY_MAP_GPA;

	if (kvm_check(kvm->vm_fd, KVM_CAP_SET_IDENTITY_MAP_ADDR) &&
	    ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot place the identity map");
	if (ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, TSS_GPA))
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot place the TSS");
	return 0;
}

static int learn_sizes(struct kvm *kvm, struct err *err)
{
	int run_len = ioctl(kvm->sys_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	int ids = kvm_check(kvm->vm_fd, KVM_CAP_MAX_VCPU_ID);

	if (run_len < (int)sizeof(struct kvm_run))
		return err_set(err, EXIT_HOST, ENOTSUP,
			       "kvm: a run area of %d bytes, %zu are needed", run_len,
			       sizeof(struct kvm_run));
	kvm->run_len = (size_t)run_len;
	kvm->max_vcpu_id = ids > 0 ? (unsigned int)ids : 4; /* 4.7: so many where it is not told */
	return 0;
}

int kvm_init(struct kvm *kvm, const struct kvm_options *options, struct err *err)
{
	int ret;

	*kvm = (struct kvm){ .sys_fd = -1, .vm_fd = -1, .irqchip = options->irqchip };
	kvm->sys_fd = kvm_open(err);
	if (kvm->sys_fd < 0)
		return kvm->sys_fd;
	ret = need_essential(kvm, err);
	if (!ret)
		ret = create_vm(kvm, err);
	if (!ret)
		ret = learn_sizes(kvm, err);
	if (!ret)
		ret = disable_exits(kvm, options->disable_exits, err);
	if (!ret)
		ret = set_addresses(kvm, err);
	if (!ret)
		ret = create_irqchip(kvm, options, err);
	return ret;
}

void kvm_fini(struct kvm *kvm)
{
	if (kvm->vm_fd >= 0)
		close(kvm->vm_fd);
	if (kvm->sys_fd >= 0)
		close(kvm->sys_fd);
	kvm_slots_fini(&kvm->slots);
	*kvm = (struct kvm){ .sys_fd = -1, .vm_fd = -1 };
}

int kvm_set_slot(const struct kvm *kvm, unsigned int slot, const struct kvm_slot *to)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = to->flags,
		.guest_phys_addr = to->gpa,
		.memory_size = to->len,
		.userspace_addr = (uintptr_t)to->hva,
	};

	return ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int kvm_supported_cpuid(const struct kvm *kvm, struct kvm_cpuid2 **cpuid, struct err *err)
{
	struct kvm_cpuid2 *list = NULL;
	int ret = -1;

	/* KVM says E2BIG until the array is long enough. */
	for (uint32_t room = 128; room <= 4096; room *= 2) {
		list = alloc_resize(list, 1, sizeof(*list) + room * sizeof(list->entries[0]));
		*list = (struct kvm_cpuid2){ .nent = room };
		ret = ioctl(kvm->sys_fd, KVM_GET_SUPPORTED_CPUID, list);
		if (!ret || errno != E2BIG)
			break;
	}
	if (ret) {
		ret = err_sys(err, EXIT_HOST, errno, "kvm: cannot read the supported CPUID leaves");
		free(list);
		return ret;
	}
	*cpuid = list;
	return 0;
}
