#ifndef SITU_VMM_MACHINE_H
#define SITU_VMM_MACHINE_H

#include <stdatomic.h>

#include "base/err.h"
#include "vmm/boot/boot.h"
#include "vmm/dev/power.h"
#include "vmm/dev/rtc.h"
#include "vmm/dev/serial.h"
#include "vmm/guest_topology.h"
#include "vmm/ram.h"
#include "vmm/vm.h"

/* What this host's KVM can show to a guest, and asks of its APIC ids. Filled once, then constant.
 */
struct machine_host {
	struct kvm_cpuid2 *cpuid; /* all that KVM supports */
	uint32_t max_apic_id;
	unsigned int l3_shift; /* as in struct guest_request */
	bool tsc_deadline;
};

/* EXIT_HOST: no KVM. */
int machine_host_init(struct machine_host *host, struct err *err);
void machine_host_fini(struct machine_host *host);

/*
 * A PC without PCI that a kernel boots on: a struct vm with in-kernel interrupt controllers, the
 * devices of vmm/dev/, CPUID and ACPI tables that state the guest's topology, and a kernel in
 * memory. One thread, as vm.h says; machine_press_power_button() is for any.
 */
struct machine_spec {
	const struct machine_host *host;
	const struct guest_topology *guest;
	const struct ram_map *ram;
	const struct gmem_spec *regions; /* together exactly the ranges of `ram` */
	unsigned int nr_regions;
	const struct cpuset *places; /* per vCPU: host CPUs; empty: anywhere */
	const int *mem_nodes; /* per vCPU: host node for KVM's own memory, or -1 */
	const struct topology *topology; /* of this host */
	const char *kernel, *initramfs, *cmdline; /* as boot_request */
	struct serial_host serial;
	bool pvpanic, debug_exit;
	bool amx;
	bool keep_halts; /* HLT and PAUSE do not exit, and the guest is told that it owns its CPUs
			  */
};

/* Why the guest ended, where vm_end does not say. */
enum machine_wish { MACHINE_NO_WISH, MACHINE_POWER_OFF, MACHINE_RESET, MACHINE_DEBUG_EXIT };

struct machine {
	struct vm vm;
	struct serial serial;
	struct rtc rtc;
	struct power power;
	struct guest_event_sink sink;
	_Atomic enum machine_wish wish;
	atomic_uint debug_value; /* MACHINE_DEBUG_EXIT: the byte written */
};

/* All but vm_start(). Always machine_fini() afterwards. */
int machine_init(struct machine *machine, const struct machine_spec *spec, struct err *err);
void machine_fini(struct machine *machine);

void machine_press_power_button(struct machine *machine);

#endif
