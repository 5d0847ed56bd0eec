/* situ run and the commands that look at running VMs, as programs. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kvm/need_kvm.h"
#include "tests/kvm/tiny_kernel.h"
#include "vmm/layout.h"

struct session {
	char kernel[TINY_KERNEL_PATH], situ[512], out[8192];
};

static void setup(struct session *s, const uint8_t *code, size_t len)
{
	memset(s, 0, sizeof(*s));
	cr_assert_gt(readlink("/proc/self/exe", s->situ, sizeof(s->situ) - 16), 0);
	strcpy(strrchr(s->situ, '/'), "/../situ");
	tiny_kernel_write(s->kernel, code, len);
}

/* Standard output and error, and the exit status. */
static int run(struct session *s, const char *arguments)
{
	char command[1024];
	size_t got;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec 2>&1 </dev/null; %s %s", s->situ, arguments);
	pipe = popen(command, "r");
	got = fread(s->out, 1, sizeof(s->out) - 1, pipe);
	s->out[got] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static int run_kernel(struct session *s, const char *flags)
{
	char arguments[512];

	snprintf(arguments, sizeof(arguments),
		 "run --kernel %s --memory 16M --placement exclusive=off %s", s->kernel, flags);
	return run(s, arguments);
}

Test(run, a_guest_that_powers_off_ends_with_0_and_its_output_is_on_stdout)
{
	const uint8_t code[] = { OUT(PORT_COM1, 'h'), OUT(PORT_COM1, '!'), POWER_OFF, STOP };
	struct session s;

	NEED_KVM();
	setup(&s, code, sizeof(code));
	cr_assert_eq(run_kernel(&s, "2>/dev/null"), 0);
	cr_assert_str_eq(s.out, "h!");
	unlink(s.kernel);
}

Test(run, a_debug_exit_counts_only_where_it_was_asked_for)
{
	const uint8_t code[] = { OUT(PORT_DEBUG_EXIT, 3), POWER_OFF, STOP };
	struct session s;

	NEED_KVM();
	setup(&s, code, sizeof(code));
	cr_assert_eq(run_kernel(&s, "--debug-exit"), 7, "%s", s.out);
	cr_assert_eq(run_kernel(&s, ""), 0, "%s", s.out);
	unlink(s.kernel);
}

Test(run, a_panic_ends_with_5_and_a_reset_that_shall_end_it_with_0)
{
	const uint8_t panic[] = { OUT(PORT_PVPANIC, 1), STOP };
	const uint8_t reset[] = { OUT(PORT_RESET, RESET_VALUE), STOP };
	struct session s;

	NEED_KVM();
	setup(&s, panic, sizeof(panic));
	cr_assert_eq(run_kernel(&s, ""), 5);
	cr_assert(strstr(s.out, "panicked"), "%s", s.out);
	unlink(s.kernel);
	setup(&s, reset, sizeof(reset));
	cr_assert_eq(run_kernel(&s, "--on-reboot exit"), 0, "%s", s.out);
	unlink(s.kernel);
}

Test(run, what_cannot_be_booted_is_an_input_error)
{
	const uint8_t code[] = { STOP };
	struct session s;

	NEED_KVM();
	setup(&s, code, sizeof(code));
	cr_assert_eq(run(&s, "run --cpus 1"), 2);
	cr_assert(strstr(s.out, "--kernel"), "%s", s.out);
	cr_assert_eq(run(&s, "run --kernel /proc/self/exe --cpus 1"), 2);
	cr_assert_eq(run_kernel(&s, "--on-reboot never"), 2);
	cr_assert_eq(run_kernel(&s, "--cpus 100000"), 2, "%s", s.out);
	unlink(s.kernel);
}

static pid_t start(struct session *s, const char *name)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	freopen("/dev/null", "w", stderr);
	execl(s->situ, "situ", "run", "--name", name, "--kernel", s->kernel, "--memory", "16M",
	      "--placement", "exclusive=off", NULL);
	_exit(127);
}

/* Until the VM's vCPU is there. */
static void await(struct session *s, const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "show %s", name);
	do
		usleep(10000);
	while (run(s, command) || !strstr(s->out, "vcpu0"));
}

Test(run, a_running_vm_is_listed_shown_and_stopped_by_its_power_button)
{
	const uint8_t code[] = { AWAIT_BUTTON, POWER_OFF, STOP };
	char name[32], command[128];
	struct session s;
	int status;
	pid_t pid;

	NEED_KVM();
	setup(&s, code, sizeof(code));
	snprintf(name, sizeof(name), "test-%d", (int)getpid());
	pid = start(&s, name);
	await(&s, name);
	cr_assert(strstr(s.out, "16 MiB"), "%s", s.out);
	cr_assert_eq(run(&s, "ps"), 0);
	cr_assert(strstr(s.out, name), "%s", s.out);
	snprintf(command, sizeof(command), "run --name %s --kernel %s", name, s.kernel);
	cr_assert_neq(run(&s, command), 0, "the name is taken");
	snprintf(command, sizeof(command), "stop %s", name);
	cr_assert_eq(run(&s, command), 0, "%s", s.out);
	waitpid(pid, &status, 0);
	cr_assert_eq(WEXITSTATUS(status), 0, "it powered off by itself");
	cr_assert_eq(run(&s, command), 1, "it is gone");
	unlink(s.kernel);
}

Test(run, a_vm_that_ignores_the_button_is_killed)
{
	const uint8_t code[] = { STOP };
	char name[32], command[128];
	struct session s;
	int status;
	pid_t pid;

	NEED_KVM();
	setup(&s, code, sizeof(code));
	snprintf(name, sizeof(name), "test-%d", (int)getpid());
	pid = start(&s, name);
	await(&s, name);
	snprintf(command, sizeof(command), "kill %s", name);
	cr_assert_eq(run(&s, command), 0, "%s", s.out);
	waitpid(pid, &status, 0);
	cr_assert(WIFSIGNALED(status));
	unlink(s.kernel);
}
