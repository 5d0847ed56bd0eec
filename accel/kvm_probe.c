#include "accel/kvm_probe.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "accel/kvm.h"
#include "accel/kvm_vcpu.h"

#define CODE	0x1000u
#define STACK	0x8000u
#define TABLES	0x10000u
#define RAM_LEN (UINT64_C(2) << 20)
#define LONG_NS 10000000u /* a loop this long is worth timing: the exit takes under 0.05 ms */
#define MOST	(UINT64_C(1) << 34) /* iterations; no CPU does so many in LONG_NS */

static const unsigned char code[] = {
	0x48, 0xff, 0xc9, /* 1: dec %rcx */
	0x75, 0xfb, /* jnz 1b */
	0xee, /* out %al,(%dx) */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds from the entry to the exit behind the loop. */
static int time_loop(struct kvm_vcpu *vcpu, const struct kvm_start *start, uint64_t *ns,
		     struct err *err)
{
	uint64_t before;
	int ret = kvm_vcpu_start(vcpu, start, err);

	if (ret)
		return ret;
	before = now_ns();
	do
		ret = kvm_vcpu_run(vcpu);
	while (ret == -EINTR);
	*ns = now_ns() - before;
	if (ret || vcpu->run->exit_reason != KVM_EXIT_IO)
		return err_set(err, EXIT_HOST, ret ? -ret : EPROTO,
			       "kvm: a loop does not run at CPL %d: exit %u, error %d",
			       start->mode == START_LONG_USER ? 3 : 0, vcpu->run->exit_reason,
			       -ret);
	kvm_vcpu_complete(vcpu);
	kvm_vcpu_clear_kick(vcpu);
	return 0;
}

static int measure(struct kvm_vcpu *vcpu, struct kvm_start *start, double *speed, struct err *err)
{
	uint64_t ns = 0;
	int ret = 0;

	start->rcx = 1000;
	for (;;) {
		ret = time_loop(vcpu, start, &ns, err);
		if (ret || ns >= LONG_NS || start->rcx >= MOST)
			break;
		start->rcx *= 4;
	}
	*speed = (double)start->rcx * 1e9 / (double)(ns ? ns : 1);
	return ret;
}

static int measure_both(struct kvm *kvm, char *ram, struct kvm_speed *speed, struct err *err)
{
	struct kvm_start start = { .ip = CODE, .sp = STACK, .rdx = 0x80 };
	struct kvm_vcpu vcpu;
	int ret = kvm_vcpu_init(&vcpu, kvm, 0, err);

	memcpy(ram + CODE, code, sizeof(code));
	kvm_start_tables(&start, ram + TABLES, TABLES, RAM_LEN, STACK);
	start.mode = START_LONG_KERNEL;
	if (!ret)
		ret = measure(&vcpu, &start, &speed->kernel, err);
	start.mode = START_LONG_USER;
	if (!ret)
		ret = measure(&vcpu, &start, &speed->user, err);
	kvm_vcpu_fini(&vcpu);
	return ret;
}

static int run_in(struct kvm *kvm, char *ram, struct kvm_speed *speed, struct err *err)
{
	const struct kvm_options options = { .irqchip = IRQCHIP_NONE };
	const struct kvm_slot slot = { .len = RAM_LEN, .hva = ram };
	int ret = kvm_init(kvm, &options, err);

	if (!ret)
		ret = kvm_slot_add(kvm, &slot, err);
	if (ret < 0)
		return ret;
	return measure_both(kvm, ram, speed, err);
}

int kvm_probe_speed(struct kvm_speed *speed, struct err *err)
{
	char *ram = mmap(NULL, RAM_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm kvm;
	int ret;

	*speed = (struct kvm_speed){ 0 };
	if (ram == MAP_FAILED)
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot map 2 MiB for a probe");
	ret = run_in(&kvm, ram, speed, err);
	kvm_fini(&kvm);
	munmap(ram, RAM_LEN);
	return ret;
}
