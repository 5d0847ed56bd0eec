#include "tests/kvm/echo_guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ECHO_PORT 0x600u /* 8 ports a vCPU: +0 echo, +4 complaint */

/* CPL 3, 64-bit; RDI: index. */
static const unsigned char echo_code[] = {
	0x8d, 0x14, 0xfd, 0x00, 0x06, 0x00, 0x00, /* lea 0x600(,%rdi,8),%edx */
	0x31, 0xc9, /* xor %ecx,%ecx */
	0xff, 0xc1, /* 1: inc %ecx */
	0x89, 0xc8, /* mov %ecx,%eax */
	0xef, /* out %eax,(%dx) */
	0xed, /* in (%dx),%eax */
	0x39, 0xc8, /* cmp %ecx,%eax */
	0x75, 0x09, /* jne 2f */
	0x89, 0x0c, 0xfd, 0x00, 0x00, 0x00, 0x10, /* mov %ecx,0x10000000(,%rdi,8) */
	0xeb, 0xed, /* jmp 1b */
	0x83, 0xc2, 0x04, /* 2: add $4,%edx */
	0xef, /* out %eax,(%dx) */
	0xeb, 0xfe, /* jmp . */
};

enum { INC_AT = 9, OUT_AT = 13, MMIO_AT = 19 }; /* offsets in the code */

static void check_next(struct echo_vcpu *vcpu, atomic_uint *last, const void *data)
{
	unsigned int count;

	memcpy(&count, data, sizeof(count));
	if (count != *last + 1)
		vcpu->errors++;
	*last = count;
}

static void on_port(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct echo_guest *echo = dev;
	struct echo_vcpu *vcpu = &echo->vcpus[offset / 8];

	if (len != 4 || offset % 8)
		vcpu->errors++;
	else if (is_write)
		check_next(vcpu, &vcpu->port, data);
	else
		memcpy(data, &vcpu->port, len);
}

static void on_mmio(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct echo_guest *echo = dev;
	struct echo_vcpu *vcpu = &echo->vcpus[offset / 8];

	if (len != 4 || offset % 8 || !is_write)
		vcpu->errors++;
	else
		check_next(vcpu, &vcpu->mmio, data);
}

int echo_init(struct echo_guest *echo, unsigned int nr_vcpus, struct err *err)
{
	const struct small_spec spec = { .mode = START_LONG_USER,
					 .code = echo_code,
					 .len = sizeof(echo_code),
					 .nr_vcpus = nr_vcpus };
	const struct bus_range port = { ECHO_PORT, 8ull * ECHO_MAX, on_port, echo, "echo" };
	const struct bus_range mmio = { SMALL_MMIO, 8ull * ECHO_MAX, on_mmio, echo, "echo" };
	int ret;

	memset(echo, 0, sizeof(*echo));
	ret = small_vm_init(&echo->small, &spec, err);
	if (!ret)
		ret = bus_remove(&echo->small.vm.mmio, SMALL_MMIO);
	if (!ret)
		ret = bus_add(&echo->small.vm.pio, &port, err);
	if (!ret)
		ret = bus_add(&echo->small.vm.mmio, &mmio, err);
	return ret;
}

void echo_fini(struct echo_guest *echo)
{
	small_vm_fini(&echo->small);
}

static void sleep_us(unsigned int us)
{
	const struct timespec time = { .tv_nsec = us * 1000l };

	nanosleep(&time, NULL);
}

/* A parked vCPU is between two instructions: its registers can be taken out and put back, and its
 * count is the device's or is about to be. */
static unsigned int check_parked(struct echo_guest *echo, unsigned int index)
{
	struct vcpu *vcpu = &echo->small.vm.vcpus[index];
	struct kvm_regs regs, again;
	unsigned int wrong = vcpu->state != VCPU_PARKED, seen = echo->vcpus[index].port;

	wrong += kvm_vcpu_get_regs(&vcpu->kvm, &regs) != 0;
	wrong += kvm_vcpu_set_regs(&vcpu->kvm, &regs) != 0;
	wrong += kvm_vcpu_get_regs(&vcpu->kvm, &again) != 0;
	wrong += memcmp(&regs, &again, sizeof(regs)) != 0;
	wrong += regs.rip < SMALL_CODE || regs.rip >= SMALL_CODE + sizeof(echo_code);
	/* Before its first instruction RCX is 0 as well. */
	wrong += regs.rcx != seen && regs.rcx != seen + 1;
	/* A write that the device saw is an instruction that is over. */
	wrong += regs.rip > SMALL_CODE + INC_AT && regs.rip <= SMALL_CODE + OUT_AT &&
		 regs.rcx == seen;
	wrong += regs.rip == SMALL_CODE + MMIO_AT && regs.rcx == echo->vcpus[index].mmio;
	return wrong;
}

unsigned int echo_pause_often(struct echo_guest *echo, unsigned int times, unsigned int seed)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < times; i++) {
		uint64_t before, after;

		sleep_us((unsigned int)rand_r(&seed) % 2000);
		vm_pause(&echo->small.vm);
		before = echo_count(echo);
		for (unsigned int v = 0; v < echo->small.vm.nr_vcpus; v++)
			wrong += check_parked(echo, v);
		after = echo_count(echo);
		wrong += before != after; /* nobody runs while paused */
		vm_resume(&echo->small.vm);
	}
	return wrong;
}

unsigned int echo_errors(const struct echo_guest *echo)
{
	unsigned int errors = 0;

	for (unsigned int v = 0; v < echo->small.vm.nr_vcpus; v++)
		errors += echo->vcpus[v].errors;
	return errors;
}

uint64_t echo_count(const struct echo_guest *echo)
{
	uint64_t count = 0;

	for (unsigned int v = 0; v < echo->small.vm.nr_vcpus; v++)
		count += echo->vcpus[v].port;
	return count;
}
