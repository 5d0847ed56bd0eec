/* The situ program: picks the subcommand, prints what failed, exits. */
#include <stdio.h>
#include <string.h>

#include "affinity/topology.h"
#include "cli/cmd.h"

/* Ends with an entry that has no name. */
static const struct cmd commands[] = {
	{ "check", "tell what keeps this host from running VMs", cmd_check },
	{ "topo", "show the host's map", cmd_topo },
	{ "plan", "where VMs would go on a host, and why", cmd_plan },
	{ "run", "boot a guest where the plan wants it", cmd_run },
	{ "bench", "measure from inside a guest what a place is worth", cmd_bench },
	{ "ps", "list the VMs that run on this host", cmd_ps },
	{ "show", "show where a running VM's threads and pages are", cmd_show },
	{ "stop", "press a VM's power button, and kill it after a while", cmd_stop },
	{ "kill", "end a VM at once", cmd_kill },
	{ "pause", "halt a VM", cmd_pause },
	{ "resume", "let a paused VM go on", cmd_resume },
	{ 0 },
};

static void print_help(FILE *out)
{
	fprintf(out,
		"situ: a KVM virtual machine monitor that puts every vCPU, page and I/O thread "
		"in its place\n\nUsage: situ COMMAND [OPTIONS]\n\nCommands:\n");
	for (const struct cmd *cmd = commands; cmd->name; cmd++)
		fprintf(out, "  %-8s %s\n", cmd->name, cmd->summary);
	fprintf(out, "\n\"situ COMMAND --help\" tells about one of them, \"situ --version\" which "
		     "situ this is.\n"
		     "Exit status: 0 done, 1 the answer is no, 2 bad input, 3 the host lacks "
		     "something,\n4 could not be verified, 5 the guest crashed.\n");
}

static const struct cmd *find_command(const char *name)
{
	for (const struct cmd *cmd = commands; cmd->name; cmd++)
		if (!strcmp(cmd->name, name))
			return cmd;
	return NULL;
}

/* Output that never reached its file is a failure, whatever the command thought. */
static int flush_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "situ: standard output: cannot write: %m\n");
	return status == EXIT_OK ? EXIT_NO : status;
}

static int run_command(const struct cmd *cmd, int argc, char **argv)
{
	struct err err = { 0 };
	int status = cmd->run(argc, argv, &err);

	status = flush_output(status);
	if (err.status == EXIT_OK)
		return status;
	fprintf(stderr, "situ: %s\n", err.text);
	return err.status;
}

int main(int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_INPUT;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return flush_output(EXIT_OK);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("situ %s\n", VERSION);
		return flush_output(EXIT_OK);
	}
	cmd = find_command(argv[1]);
	if (!cmd) {
		fprintf(stderr, "situ: command \"%s\" is not known; see \"situ --help\"\n",
			argv[1]);
		return EXIT_INPUT;
	}
	topology_setup();
	return run_command(cmd, argc - 1, argv + 1);
}
