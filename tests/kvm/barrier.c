#include "tests/kvm/barrier.h"

#include <errno.h>
#include <string.h>

#include "tests/kvm/small_vm.h"

/* CPL 3, 64-bit; RDI: index. */
static const unsigned char barrier_code[] = {
	0xf0, 0xff, 0x04, 0x25, 0x00, 0x20, 0x00, 0x00, /* lock incl 0x2000 */
	0xf3, 0x90, /* 1: pause */
	0x81, 0x3c, 0x25, 0x00, 0x20, 0x00, 0x00, /* cmpl $nr,0x2000 */
	0x00, 0x00, 0x00, 0x00, /* nr */
	0x72, 0xf1, /* jb 1b */
	0x66, 0xba, 0x00, 0x05, /* mov $0x500,%dx */
	0x89, 0xf8, 0xef, /* mov %edi,%eax; out %eax,(%dx) */
	0xeb, 0xfe, /* jmp . */
};
enum { NR_AT = 17 };

static int check(const struct small_vm *small, unsigned int nr, struct err *err)
{
	bool seen[SMALL_KEPT] = { false };

	if (small->port.nr_writes != nr)
		return err_set(err, EXIT_NO, EPROTO, "%u of %u vCPUs wrote", small->port.nr_writes,
			       nr);
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t index = small->port.written[i];

		if (index >= nr || seen[index])
			return err_set(err, EXIT_NO, EPROTO, "vCPU %lu wrote out of turn",
				       (unsigned long)index);
		seen[index] = true;
	}
	return 0;
}

int barrier_run(unsigned int nr_vcpus, struct err *err)
{
	static struct small_vm small;
	unsigned char code[sizeof(barrier_code)];
	const struct small_spec spec = { .mode = START_LONG_USER,
					 .code = code,
					 .len = sizeof(code),
					 .nr_vcpus = nr_vcpus,
					 .last_write = nr_vcpus };
	struct vm_end end = { 0 };
	int ret;

	memcpy(code, barrier_code, sizeof(code));
	memcpy(code + NR_AT, &nr_vcpus, sizeof(nr_vcpus));
	ret = small_vm_whole(&small, &spec, &end, err);
	if (ret)
		return ret;
	if (end.status != EXIT_OK)
		return err_set(err, EXIT_NO, EPROTO, "%s", end.reason);
	return check(&small, nr_vcpus, err);
}
