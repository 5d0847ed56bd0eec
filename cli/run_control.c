#include "cli/run_control.h"

#include <errno.h>
#include <unistd.h>

#include "cli/vm_state.h"

struct vm_wanted run_wanted(const struct run *run)
{
	return (struct vm_wanted){ .name = run->plan->hold.hold.name,
				   .vcpus = run->plan->cpus,
				   .emulator = &run->plan->places.vms[0].emulator_cpus,
				   .paused = run->paused };
}

static json_t *done(const struct run *run)
{
	return json_pack("{s:s, s:b}", "name", run->plan->hold.hold.name, "paused", run->paused);
}

static json_t *set_paused(struct run *run, bool paused, struct err *err)
{
	if (run->paused == paused) {
		err_set(err, EXIT_NO, EALREADY, "the VM is %s",
			paused ? "paused already" : "not paused");
		return NULL;
	}
	if (paused)
		vm_pause(&run->machine.vm);
	else
		vm_resume(&run->machine.vm);
	run->paused = paused;
	return done(run);
}

static json_t *press_button(struct run *run, struct err *err)
{
	if (run->paused) {
		err_set(err, EXIT_NO, EBUSY,
			"the VM is paused and would not see its power button; resume it first");
		return NULL;
	}
	run->asked_to_end = true;
	machine_press_power_button(&run->machine);
	return done(run);
}

static json_t *answer(void *arg, const struct ctl_request *request, struct err *err)
{
	struct run *run = arg;
	struct vm_wanted wanted = run_wanted(run);

	switch (request->op) {
	case CTL_RESTORE:
		if (vm_state_pin(&run->machine.vm, &wanted, err))
			return NULL;
		return vm_state_json(&run->machine.vm, &wanted, err);
	case CTL_POWER_BUTTON:
		return press_button(run, err);
	case CTL_PAUSE:
	case CTL_RESUME:
		return set_paused(run, request->op == CTL_PAUSE, err);
	default:
		return vm_state_json(&run->machine.vm, &wanted, err);
	}
}

int run_control_init(struct run *run, struct err *err)
{
	struct vm_hold *hold = &run->plan->hold;
	int dir_fd = reserve_open_vm(&hold->reserve, hold->hold.name), ret;

	if (dir_fd < 0)
		return err_sys(err, EXIT_HOST, -dir_fd, "cannot open the folder of VM %s",
			       hold->hold.name);
	ret = ctl_server_init(&run->control, &run->machine.vm.loop, dir_fd, answer, run, err);
	close(dir_fd);
	return ret;
}

void run_control_fini(struct run *run)
{
	ctl_server_fini(&run->control);
}
