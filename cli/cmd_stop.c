/* situ stop, kill, pause, resume: what is done to one running VM. */
#include <errno.h>
#include <signal.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/running.h"

#define DEFAULT_GRACE_S 60
#define MOST_GRACE_S	86400
#define KILL_WAIT_MS	20000u /* the kernel gives the guest's memory back meanwhile */

/* Parses, and finds the VM that the one operand names. 0, or 1: return *status. */
static int open_named(int argc, char **argv, const struct option_usage *usage, struct running *vm,
		      int *status, struct err *err)
{
	int first = options_parse(argc, argv, usage, err);

	*vm = (struct running){ .dir_fd = -1, .pidfd = -1 };
	*status = first == -1 ? EXIT_OK : (int)err->status;
	if (first < 0)
		return 1;
	if (first + 1 != argc)
		err_set(err, EXIT_INPUT, EINVAL, "%s: give one VM's name; see \"situ ps\"",
			argv[0]);
	else if (!running_open(vm, argv[first], err))
		return 0;
	*status = (int)err->status;
	return 1;
}

static int kill_vm(const struct running *vm, struct err *err)
{
	int ret = running_signal(vm, SIGKILL, err);

	return ret ? ret : running_wait(vm, KILL_WAIT_MS, err);
}

/* A benchmark has no power button: it ends by a signal. */
static int press_button(const struct running *vm, struct err *err)
{
	json_t *reply = running_ask(vm, CTL_POWER_BUTTON, err);
	int ret = 0;

	if (!reply)
		ret = err->errnum == ENOENT ? running_signal(vm, SIGTERM, err) : -err->errnum;
	json_decref(reply);
	if (!ret)
		err->status = EXIT_OK;
	return ret;
}

static int stop_vm(const struct running *vm, uint64_t grace_s, struct err *err)
{
	int ret = press_button(vm, err);

	if (ret)
		return ret;
	if (!running_wait(vm, (unsigned int)(grace_s * 1000), err)) {
		err->status = EXIT_OK;
		return 0;
	}
	ret = kill_vm(vm, err);
	if (ret)
		return ret;
	return err_set(err, EXIT_NO, ETIMEDOUT,
		       "VM %s did not power off within %llu s of the power button; it was killed",
		       vm->claim.name, (unsigned long long)grace_s);
}

int cmd_stop(int argc, char **argv, struct err *err)
{
	uint64_t grace_s = DEFAULT_GRACE_S;
	bool now = false;
	const struct option_spec specs[] = {
		{ "grace", OPT_U64, &grace_s, "SECONDS", "from the power button to the kill (60)" },
		{ "now", OPT_FLAG, &now, NULL, "kill it at once, as situ kill" },
	};
	const struct option_usage usage = {
		.synopsis = "situ stop NAME [--grace SECONDS|--now]",
		.about = "Presses a VM's power button, waits for its end, and kills it after a "
			 "while.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
		.notes = "Exit status: 0 it powered off, 1 it had to be killed.",
	};
	struct running vm;
	int status;

	if (!open_named(argc, argv, &usage, &vm, &status, err)) {
		if (grace_s > MOST_GRACE_S)
			grace_s = MOST_GRACE_S;
		status = (now ? kill_vm(&vm, err) : stop_vm(&vm, grace_s, err)) ? (int)err->status
										: EXIT_OK;
	}
	running_close(&vm);
	return status;
}

int cmd_kill(int argc, char **argv, struct err *err)
{
	const struct option_usage usage = {
		.synopsis = "situ kill NAME",
		.about = "Ends a VM at once, as pulling its plug would.",
	};
	struct running vm;
	int status;

	if (!open_named(argc, argv, &usage, &vm, &status, err))
		status = kill_vm(&vm, err) ? (int)err->status : EXIT_OK;
	running_close(&vm);
	return status;
}

static int ask(int argc, char **argv, const struct option_usage *usage, enum ctl_op op,
	       struct err *err)
{
	struct running vm;
	json_t *reply;
	int status;

	if (!open_named(argc, argv, usage, &vm, &status, err)) {
		reply = running_ask(&vm, op, err);
		status = reply ? EXIT_OK : (int)err->status;
		json_decref(reply);
	}
	running_close(&vm);
	return status;
}

int cmd_pause(int argc, char **argv, struct err *err)
{
	const struct option_usage usage = {
		.synopsis = "situ pause NAME",
		.about = "Halts a VM's vCPUs where they are; its memory stays.",
	};

	return ask(argc, argv, &usage, CTL_PAUSE, err);
}

int cmd_resume(int argc, char **argv, struct err *err)
{
	const struct option_usage usage = {
		.synopsis = "situ resume NAME",
		.about = "Lets a paused VM go on.",
	};

	return ask(argc, argv, &usage, CTL_RESUME, err);
}
