#include "cli/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "base/log.h"
#include "cli/run_control.h"
#include "cli/terminal.h"
#include "cli/vm_state.h"
#include "numa/residency.h"

#define NS_PER_S UINT64_C(1000000000)
/* timeout(1) and service managers signal the process and its group: that is one wish. */
#define SECOND_SIGNAL_NS NS_PER_S

static void on_leave(void *arg)
{
	struct run *run = arg;

	vm_stop(&run->machine.vm, EXIT_OK, "left by Ctrl-]");
}

static void on_grace(void *arg, uint32_t events)
{
	struct run *run = arg;

	(void)events;
	vm_stop(&run->machine.vm, EXIT_NO,
		"the guest did not power off within %llu s of the power button; it was killed",
		(unsigned long long)run->options->grace_s);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The first signal presses the power button, the second one pulls the plug. */
static void on_signal(void *arg, uint32_t events)
{
	struct run *run = arg;
	struct err err;
	int signal;

	(void)events;
	while ((signal = loop_signal(&run->signals)) > 0) {
		uint64_t now = now_ns();

		if (run->asked_to_end && now - run->asked_ns < SECOND_SIGNAL_NS)
			continue;
		if (run->asked_to_end) {
			vm_stop(&run->machine.vm, EXIT_NO, "killed by a second signal (%d)",
				signal);
			continue;
		}
		run->asked_to_end = true;
		run->asked_ns = now;
		machine_press_power_button(&run->machine);
		run->grace = (struct loop_source){ .fd = -1, .fn = on_grace, .arg = run };
		if (loop_add_timer(&run->machine.vm.loop, &run->grace,
				   run->options->grace_s * NS_PER_S, 0, &err))
			on_grace(run, 0);
	}
}

static int watch_signals(struct run *run, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	run->signals = (struct loop_source){ .fd = -1, .fn = on_signal, .arg = run };
	return loop_add_signals(&run->machine.vm.loop, &run->signals, &set, err);
}

/* Threads: each vCPU's affinity read back. */
static int verify_threads(const struct run *run, struct err *err)
{
	for (unsigned int i = 0; i < run->machine.vm.nr_vcpus; i++) {
		struct cpuset live AUTO_CPUSET = { 0 };
		int ret = pin_read(run->machine.vm.vcpus[i].tid, &live, err);

		if (ret)
			return ret;
		if (!cpuset_equal(&live, &run->plan->cpus[i])) {
			AUTO_FREE char *wanted = cpuset_string(&run->plan->cpus[i]);
			AUTO_FREE char *got = cpuset_string(&live);

			return err_set(err, EXIT_UNVERIFIED, EXDEV,
				       "vCPU %u: may run on CPUs %s, planned are %s", i, got,
				       wanted);
		}
	}
	return 0;
}

/* Memory: every page that is there, on its node. Says so, a line per region. */
static int verify_memory(const struct run *run, struct err *err)
{
	struct residency residency = { 0 };
	int ret = residency_read(&residency, &run->machine.vm.gmem, NULL, err);

	for (unsigned int i = 0; !ret && i < residency.nr_regions; i++) {
		AUTO_FREE char *line = residency_line(&residency.regions[i]);

		log_info("%s", line);
	}
	if (!ret && !residency.on_plan)
		ret = err_set(err, EXIT_UNVERIFIED, EXDEV,
			      "memory: pages are not where the plan wants them; see \"situ show\"");
	residency_fini(&residency);
	return ret;
}

static int verify(const struct run *run, struct err *err)
{
	struct err found = { 0 };

	if (!verify_threads(run, &found) && !verify_memory(run, &found))
		return 0;
	found.status = EXIT_UNVERIFIED;
	if (run->config->placement.strict) {
		*err = found;
		return -found.errnum;
	}
	log_warn("placement is not verified: %s", found.text);
	return 0;
}

/* Before any other thread is made, so that all take over this one's place, and vCPUs and prefault
 * workers leave it for their own. */
static int pin_main_thread(const struct run *run, struct err *err)
{
	const struct cpuset *cpus = &run->plan->places.vms[0].emulator_cpus;

	return cpuset_empty(cpus) ? 0 : pin_thread(0, cpus, err);
}

/* A guest that has its CPUs to itself may keep them when it halts: tuning for latency says so, or
 * the scheduler of the host leaves them alone. Our own reservation is no reason. */
static bool owns_cpus(const struct run *run)
{
	const struct place_vm_plan *places = &run->plan->places.vms[0];

	if (run->config->tune.profile == VM_TUNE_LATENCY)
		return true;
	for (unsigned int i = 0; i < places->nr_vcpus; i++) {
		const struct topo_cpu *cpu = topology_cpu(&run->plan->topo, places->vcpus[i].cpu);

		if (!cpu || !cpu->isolated || places->vcpus[i].shared)
			return false;
	}
	return true;
}

static int set_up(struct run *run, struct err *err)
{
	struct machine_spec spec = { .kernel = run->config->payload.kernel,
				     .initramfs = run->config->payload.initramfs,
				     .cmdline = run->config->payload.cmdline,
				     .serial = console_host(&run->console),
				     .pvpanic = run->config->pvpanic,
				     .debug_exit = run->options->debug_exit,
				     .amx = run->config->cpus.features.amx,
				     .keep_halts = owns_cpus(run) };
	int ret;

	vm_plan_fill(run->plan, &spec);
	ret = pin_main_thread(run, err);
	if (!ret)
		ret = machine_init(&run->machine, &spec, err);
	if (!ret)
		ret = watch_signals(run, err);
	if (!ret)
		ret = run_control_init(run, err);
	if (!ret)
		ret = console_attach(&run->console, &run->machine.serial, &run->machine.vm.loop,
				     on_leave, run, err);
	return ret;
}

/* KVM gave up, not the guest: as where KVM is nested in software. */
static bool refused_by_kvm(const struct run *run, const struct vm_end *end)
{
	const struct kvm_run *last = run->machine.vm.vcpus[end->vcpu].kvm.run;

	return last && last->exit_reason == KVM_EXIT_INTERNAL_ERROR;
}

/* The sentence for the user, and the exit status. */
static int report(const struct run *run, const struct vm_end *end, bool *again, struct err *err)
{
	char exits[512];

	log_info("%s", end->reason);
	/* Another vCPU may have wished something when the VM had crashed already. */
	switch (end->status == EXIT_OK ? atomic_load(&run->machine.wish) : MACHINE_NO_WISH) {
	case MACHINE_DEBUG_EXIT: /* as QEMU's device, so that test programs find what they expect */
		return (int)(atomic_load(&run->machine.debug_value) << 1 | 1) & 0xff;
	case MACHINE_RESET:
		*again = !run->options->exit_on_reboot && !run->asked_to_end;
		return EXIT_OK;
	default:
		break;
	}
	if (end->status == EXIT_OK)
		return EXIT_OK;
	err_set(err, end->status, EIO, "%s", end->reason);
	if (end->vcpu < 0)
		return end->status;
	if (refused_by_kvm(run, end))
		err_set(err, end->status, EIO,
			"%s; this host's KVM cannot run this kernel, see docs/lab.md for one that "
			"can",
			end->reason);
	vcpu_format_exits(&run->machine.vm.vcpus[end->vcpu], exits, sizeof(exits));
	log_info("last exits: %s", exits);
	if (end->regs_known)
		log_info("rip 0x%llx rsp 0x%llx rflags 0x%llx", (unsigned long long)end->regs.rip,
			 (unsigned long long)end->regs.rsp, (unsigned long long)end->regs.rflags);
	return end->status;
}

static void tear_down(struct run *run)
{
	terminal_restore();
	console_detach(&run->console);
	run_control_fini(run);
	if (run->signals.fd >= 0)
		loop_remove_owned(&run->machine.vm.loop, &run->signals);
	if (run->grace.fd >= 0)
		loop_remove_owned(&run->machine.vm.loop, &run->grace);
	machine_fini(&run->machine);
	console_fini(&run->console);
}

/* KVM starts a thread of its own in this process; it belongs with the loop, not on a vCPU. */
static void place_other_threads(struct run *run)
{
	const struct vm_wanted wanted = run_wanted(run);
	struct err err = { 0 };

	if (vm_state_pin(&run->machine.vm, &wanted, &err))
		log_info("%s", err.text);
}

static int boot_and_wait(struct run *run, bool *again, struct err *err)
{
	struct vm_end end;
	struct err unused;
	int ret = vm_start(&run->machine.vm, err);

	if (ret)
		return err->status;
	place_other_threads(run);
	if (verify(run, err)) {
		vm_stop(&run->machine.vm, err->status, "the placement is not verified");
		vm_join(&run->machine.vm, &end, &unused);
		return err->status;
	}
	if (run->config->memory.prefault == TRI_TRUE)
		vm_hold_populated(&run->plan->hold);
	if (run->config->serial.mode == VM_CONSOLE_TTY)
		terminal_raw();
	ret = vm_join(&run->machine.vm, &end, err);
	if (ret)
		return err->status;
	return report(run, &end, again, err);
}

int run_once(struct run *run, bool *again, struct err *err)
{
	int ret;

	*again = false;
	run->asked_to_end = false;
	run->paused = false;
	run->signals.fd = run->grace.fd = run->control.listener.fd = -1;
	ret = console_init(&run->console, &run->config->serial, err);
	if (ret)
		return err->status;
	ret = set_up(run, err) ? (int)err->status : boot_and_wait(run, again, err);
	tear_down(run);
	return ret;
}
