#include "vmm/machine.h"

#include <stdlib.h>
#include <unistd.h>

#include "accel/kvm_cpuid.h"
#include "accel/kvm_irq.h"
#include "base/alloc.h"
#include "vmm/boot/cpu_topology.h"
#include "vmm/boot/cpuid.h"
#include "vmm/dev/debug_exit.h"
#include "vmm/dev/i8042.h"
#include "vmm/dev/pvpanic.h"
#include "vmm/layout.h"

#define KEEP_HALTS (KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE)

/* Linux up to 6.8 takes bits 3 and up of the APIC id for the L3 domain on the first Zen CPUs,
 * whatever CPUID says (arch/x86/kernel/cpu/cacheinfo.c): family 0x17 up to model 0x1e. */
static unsigned int fixed_l3_shift(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, 1, 0);
	unsigned int family, model;

	if (!entry || !cpu_topology_is_amd(cpuid))
		return 0;
	family = (entry->eax >> 8 & 0xf) + (entry->eax >> 20 & 0xff);
	model = (entry->eax >> 4 & 0xf) | (entry->eax >> 12 & 0xf0);
	return family == 0x17 && model < 0x1f ? 3 : 0;
}

int machine_host_init(struct machine_host *host, struct err *err)
{
	struct kvm kvm = { .sys_fd = kvm_open(err), .vm_fd = -1 };
	int most, ret;

	*host = (struct machine_host){ 0 };
	if (kvm.sys_fd < 0)
		return kvm.sys_fd;
	most = kvm_check(kvm.sys_fd, KVM_CAP_MAX_VCPU_ID);
	host->max_apic_id = most > 0 ? (uint32_t)most - 1 : 254;
	host->tsc_deadline = kvm_check(kvm.sys_fd, KVM_CAP_TSC_DEADLINE_TIMER);
	ret = kvm_supported_cpuid(&kvm, &host->cpuid, err);
	close(kvm.sys_fd);
	if (!ret)
		host->l3_shift = fixed_l3_shift(host->cpuid);
	return ret;
}

void machine_host_fini(struct machine_host *host)
{
	free(host->cpuid);
	host->cpuid = NULL;
}

/* What the guest says of itself ends the VM, each in its own way. On a vCPU's thread. */
static void on_guest_event(void *arg, enum guest_event event, unsigned int value)
{
	struct machine *machine = arg;

	switch (event) {
	case GUEST_POWER_OFF:
		atomic_store(&machine->wish, MACHINE_POWER_OFF);
		vm_stop(&machine->vm, EXIT_OK, "the guest powered off");
		break;
	case GUEST_RESET:
		atomic_store(&machine->wish, MACHINE_RESET);
		vm_stop(&machine->vm, EXIT_OK, "the guest asked for a reset");
		break;
	case GUEST_PANICKED:
		vm_stop(&machine->vm, EXIT_GUEST, "the guest's kernel panicked");
		break;
	case GUEST_DEBUG_EXIT:
		atomic_store(&machine->debug_value, value);
		atomic_store(&machine->wish, MACHINE_DEBUG_EXIT);
		vm_stop(&machine->vm, EXIT_OK, "the guest wrote %u to the debug exit port", value);
		break;
	}
}

static void set_com1(void *arg, bool level)
{
	kvm_irq_line(arg, GSI_COM1, level);
}

static void set_event(void *arg, bool level)
{
	kvm_irq_line(arg, GSI_EVENT, level);
}

static int add_devices(struct machine *machine, const struct machine_spec *spec, struct err *err)
{
	const struct bus_range ranges[] = {
		{ PORT_COM1, SERIAL_REGISTERS, serial_access, &machine->serial, "serial" },
		{ PORT_RTC, 2, rtc_access, &machine->rtc, "rtc" },
		{ PORT_ACPI, POWER_REGISTERS, power_access, &machine->power, "power" },
		{ PORT_I8042_CMD, 1, i8042_access, &machine->sink, "i8042" },
		{ PORT_PVPANIC, spec->pvpanic ? 1 : 0, pvpanic_access, &machine->sink, "pvpanic" },
		{ PORT_DEBUG_EXIT, spec->debug_exit ? 1 : 0, debug_exit_access, &machine->sink,
		  "debug exit" },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(ranges) / sizeof(*ranges); i++)
		if (ranges[i].len)
			ret = bus_add(&machine->vm.pio, &ranges[i], err);
	if (!ret)
		ret = irq_take_line(&machine->vm.irqs, GSI_COM1, err);
	if (!ret)
		ret = irq_take_line(&machine->vm.irqs, GSI_EVENT, err);
	return ret;
}

static int load(struct machine *machine, const struct machine_spec *spec, struct err *err)
{
	struct acpi_tables tables = { 0 };
	const struct boot_request request = { .kernel = spec->kernel,
					      .initramfs = spec->initramfs,
					      .cmdline = spec->cmdline,
					      .ram = spec->ram,
					      .acpi = &tables };
	int ret = acpi_build(&tables, spec->guest, spec->ram, err);

	if (!ret)
		ret = boot_load(&machine->vm.vcpus[0].spec.start, &request, &machine->vm.gmem, err);
	acpi_tables_fini(&tables);
	return ret;
}

static int init_vm(struct machine *machine, const struct machine_spec *spec, struct err *err)
{
	unsigned int nr = spec->guest->nr_cpus;
	AUTO_FREE struct vcpu_spec *vcpus = alloc_zeroed(nr, sizeof(*vcpus));
	const struct guest_cpuid_options options = { .tsc_deadline = spec->host->tsc_deadline,
						     .amx = spec->amx,
						     .realtime = spec->keep_halts };
	const struct vm_spec vm = {
		.kvm = { .irqchip = IRQCHIP_FULL,
			 .x2apic = guest_topology_max_apic_id(spec->guest) > 254,
			 .disable_exits = spec->keep_halts ? KEEP_HALTS : 0 },
		.regions = spec->regions,
		.nr_regions = spec->nr_regions,
		.vcpus = vcpus,
		.nr_vcpus = nr,
		.topology = spec->topology,
	};
	int ret;

	for (unsigned int i = 0; i < nr; i++)
		vcpus[i] = (struct vcpu_spec){
			.id = spec->guest->cpus[i].apic_id,
			.cpus = spec->places[i],
			.mem_node = spec->mem_nodes[i],
			.cpuid = guest_cpuid(spec->host->cpuid, spec->guest, i, &options),
			.start.mode = START_WAIT_SIPI,
		};
	ret = vm_init(&machine->vm, &vm, err);
	for (unsigned int i = 0; i < nr; i++)
		free((void *)vcpus[i].cpuid);
	return ret;
}

int machine_init(struct machine *machine, const struct machine_spec *spec, struct err *err)
{
	int ret;

	*machine = (struct machine){ .sink = { on_guest_event, machine } };
	serial_init(&machine->serial, (struct irq_pin){ set_com1, &machine->vm.kvm },
		    &spec->serial);
	power_init(&machine->power, machine->sink, (struct irq_pin){ set_event, &machine->vm.kvm });
	rtc_init(&machine->rtc, NULL);
	ret = init_vm(machine, spec, err);
	if (!ret)
		ret = add_devices(machine, spec, err);
	if (!ret)
		ret = load(machine, spec, err);
	return ret;
}

void machine_fini(struct machine *machine)
{
	vm_fini(&machine->vm);
	rtc_fini(&machine->rtc);
	power_fini(&machine->power);
	serial_fini(&machine->serial);
}

void machine_press_power_button(struct machine *machine)
{
	power_press_button(&machine->power);
}
