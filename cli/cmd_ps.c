/* situ ps: the VMs that run on this host, of all users. */
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/running.h"

static uint64_t memory_of(const struct reserve_claim *claim)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < claim->nr_memory; i++)
		if (__builtin_add_overflow(sum, claim->memory[i].bytes, &sum))
			return UINT64_MAX;
	return sum;
}

static void nodes_of(const struct reserve_claim *claim, struct cpuset *nodes)
{
	for (unsigned int i = 0; i < claim->nr_memory; i++)
		cpuset_add(nodes, claim->memory[i].node);
}

static char *user_of(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? alloc_string(user->pw_name) : alloc_printf("%u", (unsigned int)uid);
}

static void print_row(const struct reserve_claim *claim)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	AUTO_FREE char *user = user_of(claim->uid), *cpus = cpuset_string(&claim->cpus);
	AUTO_FREE char *list = NULL;
	char size[SIZE_TEXT];

	nodes_of(claim, &nodes);
	list = cpuset_string(&nodes);
	printf("%-20s %8d %-10s %-16s %-9s %10s %s\n", claim->name, (int)claim->pid, user, cpus,
	       claim->exclusive ? "exclusive" : "shared", size_format(memory_of(claim), size),
	       list);
}

static json_t *vm_json(const struct reserve_claim *claim)
{
	AUTO_FREE char *cpus = cpuset_string(&claim->cpus);
	json_t *memory = json_array();

	for (unsigned int i = 0; i < claim->nr_memory; i++) {
		const struct reserve_memory *part = &claim->memory[i];

		json_array_append_new(memory,
				      json_pack("{s:I, s:I, s:I}", "node", (json_int_t)part->node,
						"page_size", (json_int_t)part->page_size, "bytes",
						(json_int_t)part->bytes));
	}
	return json_pack("{s:s, s:i, s:I, s:s, s:b, s:o, s:b}", "name", claim->name, "pid",
			 (int)claim->pid, "uid", (json_int_t)claim->uid, "cpus", cpus, "exclusive",
			 claim->exclusive, "memory", memory, "populated", claim->populated);
}

static void print_json(const struct reserve_list *list)
{
	json_t *document = json_object(), *vms = json_array();

	for (unsigned int i = 0; i < list->nr_claims; i++)
		json_array_append_new(vms, vm_json(&list->claims[i]));
	json_object_set_new(document, "vms", vms);
	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(document);
}

static void print_table(const struct reserve_list *list)
{
	if (!list->nr_claims) {
		puts("no VM runs");
		return;
	}
	printf("%-20s %8s %-10s %-16s %-9s %10s %s\n", "NAME", "PID", "USER", "CPUS", "", "MEMORY",
	       "NODES");
	for (unsigned int i = 0; i < list->nr_claims; i++)
		print_row(&list->claims[i]);
}

static int show(bool json, struct err *err)
{
	struct reserve_list list;
	int ret = running_list(&list, err);

	if (!ret && json)
		print_json(&list);
	else if (!ret)
		print_table(&list);
	reserve_list_fini(&list);
	return ret ? (int)err->status : EXIT_OK;
}

int cmd_ps(int argc, char **argv, struct err *err)
{
	bool json = false;
	const struct option_spec specs[] = {
		{ "json", OPT_FLAG, &json, NULL, "print JSON" },
	};
	const struct option_usage usage = {
		.synopsis = "situ ps [--json]",
		.about = "Lists the VMs that run on this host, of all users: what each holds.\n"
			 "What ended VMs left behind is removed.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
	};
	int first = options_parse(argc, argv, &usage, err);

	if (first < 0)
		return first == -1 ? EXIT_OK : (int)err->status;
	if (first < argc) {
		err_set(err, EXIT_INPUT, EINVAL,
			"ps: \"%.40s\" is not expected; \"situ show NAME\" shows one VM",
			argv[first]);
		return EXIT_INPUT;
	}
	return show(json, err);
}
