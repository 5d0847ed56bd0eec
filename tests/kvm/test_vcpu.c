#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "tests/kvm/need_kvm.h"

#define BYTES(...) .code = { __VA_ARGS__ }, .len = sizeof((const unsigned char[]){ __VA_ARGS__ })

struct code_case {
	char name[48];
	enum start_mode mode;
	unsigned char code[64];
	size_t len;
	unsigned int port_writes, mmio_writes;
	uint64_t first_write, first_mmio;
};

ParameterizedTestParameters(vcpu, code_runs_in_each_start_state)
{
	static struct code_case cases[] = {
		{ .name = "real mode: out, hlt",
		  .mode = START_REAL,
		  BYTES(DX16, 0xb0, 'R', 0xee, 0xf4),
		  .port_writes = 1,
		  .first_write = 'R' },
		{ .name = "real mode: a repeated string out of its own code",
		  .mode = START_REAL,
		  BYTES(DX16, 0xbe, 0x00, 0x10, 0xb9, 0x03, 0x00, 0xf3, 0x6e, 0xf4),
		  .port_writes = 3,
		  .first_write = 0xba },
		{ .name = "protected mode: in, out, hlt",
		  .mode = START_PROTECTED,
		  BYTES(DX32, 0xec, 0xee, 0xf4),
		  .port_writes = 1,
		  .first_write = 0x5a },
		{ .name = "protected mode: mmio write, hlt", /* movl $0x1234,0x10000010 */
		  .mode = START_PROTECTED,
		  BYTES(0xc7, 0x05, 0x10, 0x00, 0x00, 0x10, 0x34, 0x12, 0x00, 0x00, 0xf4),
		  .mmio_writes = 1,
		  .first_mmio = 0x1234 },
		{ .name = "protected mode: mmio read, out, hlt", /* mov 0x10000000,%eax */
		  .mode = START_PROTECTED,
		  BYTES(0xa1, 0x00, 0x00, 0x00, 0x10, DX32, 0xee, 0xf4),
		  .port_writes = 1,
		  .first_write = 0x5a },
		{ .name = "long mode, CPL 0: a 32-bit out, hlt",
		  .mode = START_LONG_KERNEL,
		  BYTES(DX32, 0xb8, 0x78, 0x56, 0x34, 0x12, 0xef, 0xf4),
		  .port_writes = 1,
		  .first_write = 0x12345678 },
	};
	return cr_make_param_array(struct code_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct code_case *param, vcpu, code_runs_in_each_start_state)
{
	const struct small_spec spec = { .mode = param->mode,
					 .code = param->code,
					 .len = param->len };
	struct vm_end end = { 0 };
	struct small_vm small;
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(small_vm_whole(&small, &spec, &end, &err), 0, "%s: %s", param->name, err.text);
	cr_expect_eq(end.status, EXIT_OK, "%s: %s", param->name, end.reason);
	cr_expect_str_eq(end.reason, "every vCPU has halted");
	cr_expect_eq(small.port.nr_writes, param->port_writes);
	cr_expect_eq(small.mmio.nr_writes, param->mmio_writes);
	cr_expect_eq(small.port.written[0], param->first_write, "%s", param->name);
	cr_expect_eq(small.mmio.written[0], param->first_mmio, "%s", param->name);
}

/* At CPL 3, HLT is a general protection fault; without an IDT that becomes a triple fault. */
Test(vcpu, user_mode_does_port_io_and_a_fault_without_an_idt_ends_the_vm)
{
	const unsigned char code[] = { DX32, 0xb0, 'U', 0xee, 0xf4 };
	const struct small_spec spec = { .mode = START_LONG_USER,
					 .code = code,
					 .len = sizeof(code) };
	struct vm_end end = { 0 };
	struct small_vm small;
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(small_vm_whole(&small, &spec, &end, &err), 0, "%s", err.text);
	cr_expect_eq(small.port.nr_writes, 1);
	cr_expect_eq(small.port.written[0], 'U');
	cr_expect_eq(end.status, EXIT_GUEST);
	cr_expect_eq(end.vcpu, 0);
	cr_expect(strstr(end.reason, "triple fault") || strstr(end.reason, "internal error"), "%s",
		  end.reason);
}
