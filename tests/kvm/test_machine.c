#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/kvm/need_kvm.h"
#include "tests/kvm/tiny_kernel.h"
#include "vmm/layout.h"
#include "vmm/machine.h"

/* A PVH kernel of a few bytes of 32-bit code at 1 MiB, on a machine of one node. */
struct fixture {
	struct topology topo;
	struct guest_topology guest;
	struct ram_map ram;
	struct machine_host host;
	struct machine machine;
	struct vm_end end;
	struct err err;
	char kernel[TINY_KERNEL_PATH], sent[64];
	size_t nr_sent;
};

static void take(void *arg, const uint8_t *data, size_t len)
{
	struct fixture *f = arg;

	if (f->nr_sent + len < sizeof(f->sent))
		memcpy(f->sent + f->nr_sent, data, len);
	f->nr_sent += len;
}

static void make_guest(struct fixture *f)
{
	int cpus[2] = { (int)f->topo.cpus[0].os, -1 };
	unsigned int nodes[2] = { 0, 0 };
	struct guest_node node = { 8 << 20, -1 };
	struct guest_request req = { .host = &f->topo,
				     .nr_cpus = 2,
				     .nr_nodes = 1,
				     .host_cpus = cpus,
				     .cpu_nodes = nodes,
				     .nodes = &node,
				     .max_apic_id = f->host.max_apic_id,
				     .l3_shift = f->host.l3_shift };

	cr_assert_eq(guest_topology_init(&f->guest, &req, &f->err), 0, "%s", f->err.text);
	ram_map_init(&f->ram, &node, 1);
}

static void setup_with(struct fixture *f, const uint8_t *code, size_t len, bool keep_halts)
{
	const struct gmem_spec region = { .gpa = 0, .len = 8 << 20 };
	const struct cpuset places[2] = { { 0 }, { 0 } };
	const int mem_nodes[2] = { -1, -1 };
	struct machine_spec spec = { .host = &f->host,
				     .guest = &f->guest,
				     .ram = &f->ram,
				     .regions = &region,
				     .nr_regions = 1,
				     .places = places,
				     .mem_nodes = mem_nodes,
				     .cmdline = "word",
				     .serial = { .write = take, .arg = f },
				     .pvpanic = true,
				     .debug_exit = true,
				     .keep_halts = keep_halts };

	*f = (struct fixture){ 0 };
	cr_assert_eq(topology_load(&f->topo, "host", &f->err), 0, "%s", f->err.text);
	cr_assert_eq(machine_host_init(&f->host, &f->err), 0, "%s", f->err.text);
	make_guest(f);
	tiny_kernel_write(f->kernel, code, len);
	spec.kernel = f->kernel;
	cr_assert_eq(machine_init(&f->machine, &spec, &f->err), 0, "%s", f->err.text);
	cr_assert_eq(vm_start(&f->machine.vm, &f->err), 0, "%s", f->err.text);
}

static void setup(struct fixture *f, const uint8_t *code, size_t len)
{
	setup_with(f, code, len, false);
}

static void finish(struct fixture *f)
{
	cr_assert_eq(vm_join(&f->machine.vm, &f->end, &f->err), 0, "%s", f->err.text);
	machine_fini(&f->machine);
	machine_host_fini(&f->host);
	ram_map_fini(&f->ram);
	guest_topology_fini(&f->guest);
	topology_fini(&f->topo);
	unlink(f->kernel);
}

Test(machine, a_kernel_speaks_on_its_serial_port_and_powers_off)
{
	const uint8_t code[] = { OUT(PORT_COM1, 'h'), OUT(PORT_COM1, 'i'), POWER_OFF, STOP };
	struct fixture f;

	NEED_KVM();
	setup(&f, code, sizeof(code));
	finish(&f);
	cr_assert_eq(f.end.status, EXIT_OK);
	cr_assert_eq(f.machine.wish, MACHINE_POWER_OFF);
	cr_assert_str_eq(f.sent, "hi");
}

Test(machine, a_pvh_kernel_finds_its_command_line_by_the_start_info)
{
	/* mov 24(%ebx), %eax (cmdline); mov (%eax), %al; mov $COM1, %edx; out %al, (%dx) */
	const uint8_t code[] = { 0x8b, 0x43, 0x18, 0x8a, 0x00,	    0xba, 0xf8,
				 0x03, 0x00, 0x00, 0xee, POWER_OFF, STOP };
	struct fixture f;

	NEED_KVM();
	setup(&f, code, sizeof(code));
	finish(&f);
	cr_assert_str_eq(f.sent, "w");
}

Test(machine, both_resets_ask_to_be_run_again)
{
	const uint8_t acpi[] = { OUT(PORT_RESET, RESET_VALUE), STOP };
	const uint8_t i8042[] = { OUT(PORT_I8042_CMD, 0xfe), STOP };
	struct fixture f;

	NEED_KVM();
	setup(&f, acpi, sizeof(acpi));
	finish(&f);
	cr_assert_eq(f.machine.wish, MACHINE_RESET);
	setup(&f, i8042, sizeof(i8042));
	finish(&f);
	cr_assert_eq(f.machine.wish, MACHINE_RESET);
}

Test(machine, a_panic_is_a_crash_and_a_debug_exit_tells_its_value)
{
	const uint8_t panic[] = { OUT(PORT_PVPANIC, 1), STOP };
	const uint8_t debug[] = { OUT(PORT_DEBUG_EXIT, 0x10), STOP };
	struct fixture f;

	NEED_KVM();
	setup(&f, panic, sizeof(panic));
	finish(&f);
	cr_assert_eq(f.end.status, EXIT_GUEST);
	setup(&f, debug, sizeof(debug));
	finish(&f);
	cr_assert_eq(f.machine.wish, MACHINE_DEBUG_EXIT);
	cr_assert_eq(f.machine.debug_value, 0x10);
}

Test(machine, a_guest_that_looks_for_the_power_button_sees_it_pressed)
{
	const uint8_t code[] = { AWAIT_BUTTON, POWER_OFF, STOP };
	struct fixture f;

	NEED_KVM();
	setup(&f, code, sizeof(code));
	machine_press_power_button(&f.machine);
	finish(&f);
	cr_assert_eq(f.machine.wish, MACHINE_POWER_OFF);
}

Test(machine, a_guest_that_keeps_its_cpus_is_told_so_and_ends_as_others_do)
{
	/* cpuid 0x40000001: bit 0 of edx, KVM_HINTS_REALTIME, as a digit on the serial port */
	const uint8_t code[] = { 0xb8, 0x01, 0x00, 0x00, 0x40, 0x0f,	  0xa2,
				 0x88, 0xd0, 0x24, 0x01, 0x04, '0',	  0xba,
				 0xf8, 0x03, 0x00, 0x00, 0xee, POWER_OFF, STOP };
	struct fixture f;

	NEED_KVM();
	setup_with(&f, code, sizeof(code), true);
	finish(&f);
	cr_assert_str_eq(f.sent, "1");
	setup_with(&f, code, sizeof(code), false);
	finish(&f);
	cr_assert_str_eq(f.sent, "0");
}
