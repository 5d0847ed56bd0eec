/*
 * The floor: the least that a program must do to see one byte of a guest. KVM, 128 MiB, one vCPU in
 * real mode whose code writes 'F' to the serial port at 0x3f8; the byte goes to standard output.
 * Nothing is checked beyond what is needed not to measure a failure.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_LEN (128ul << 20)
#define CODE	0x1000u

static int must(int ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		exit(EXIT_FAILURE);
	}
	return ret;
}

static void *map(size_t len, int flags, int fd)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(at == MAP_FAILED ? -1 : 0, "mmap");
	return at;
}

static int create_vm(int kvm)
{
	static const unsigned char code[] = {
		0xba, 0xf8, 0x03, /* mov $0x3f8,%dx */
		0xb0, 'F', /* mov $'F',%al */
		0xee, /* out %al,(%dx) */
		0xf4, /* hlt */
	};
	struct kvm_userspace_memory_region region = { .memory_size = RAM_LEN };
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	char *ram = map(RAM_LEN, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	memcpy(ram + CODE, code, sizeof(code));
	region.userspace_addr = (unsigned long)ram;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	return vm;
}

static struct kvm_run *create_vcpu(int kvm, int vm, int *vcpu)
{
	int run_len = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_sregs sregs;

	*vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	must(ioctl(*vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	must(ioctl(*vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(*vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	return map((size_t)run_len, MAP_SHARED, *vcpu);
}

int main(void)
{
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = create_vm(kvm), vcpu;
	struct kvm_run *run = create_vcpu(kvm, vm, &vcpu);

	for (;;) {
		must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_HLT)
			return 0;
		if (run->exit_reason != KVM_EXIT_IO || run->io.port != 0x3f8)
			return 1;
		must((int)write(STDOUT_FILENO, (char *)run + run->io.data_offset, 1), "write");
	}
}
