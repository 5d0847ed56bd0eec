/*
 * place-memory: makes guest memory as a VM would and prints where the kernel says that its pages
 * are.
 *
 * One JSON line: the pages per node by move_pages(2), asked here page by page ("pages"), and beside
 * it what situ's own verification says ("verified"), so that the two can be compared. With --hold
 * it waits for a line on stdin and prints again, for scenarios that move pages behind its back.
 */
#include <errno.h>
#include <jansson.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/options.h"
#include "numa/memory.h"
#include "numa/residency.h"

struct request {
	const char *policy, *nodes, *prefault_cpus;
	uint64_t size, page;
	bool fallback, shared, lazy, hold;
};

static const char *const policies[] = {
	[MEM_POLICY_LOCAL] = "local",
	[MEM_POLICY_BIND] = "bind",
	[MEM_POLICY_PREFERRED] = "preferred",
	[MEM_POLICY_INTERLEAVE] = "interleave",
};

static int policy_of(const char *name, enum mem_policy *policy, struct err *err)
{
	for (unsigned int i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(name, policies[i])) {
			*policy = (enum mem_policy)i;
			return 0;
		}
	return err_set(err, EXIT_INPUT, EINVAL, "policy \"%s\" is not known", name);
}

static int spec_of(const struct request *request, struct gmem_spec *spec, struct err *err)
{
	*spec = (struct gmem_spec){
		.len = request->size,
		.page_size = request->page,
		.page_size_fallback = request->fallback,
		.prefault = !request->lazy,
		.shared = request->shared,
	};
	if (policy_of(request->policy, &spec->policy, err) ||
	    cpuset_parse(&spec->nodes, request->nodes, err))
		return -EINVAL;
	return cpuset_parse(&spec->prefault_cpus, request->prefault_cpus, err);
}

/* One small page after the other: slow, and with nothing of situ's in between. */
static json_t *pages_by_node(const struct gmem_region *region)
{
	json_t *nodes = json_object();
	char key[16];

	for (uint64_t at = 0; at < region->spec.len; at += region->spec.page_size) {
		void *page = (char *)region->hva + at;
		int node = -1;

		if (move_pages(0, 1, &page, NULL, &node, 0))
			node = -errno;
		snprintf(key, sizeof(key), "%d", node);
		json_object_set_new(
			nodes, key,
			json_integer(json_integer_value(json_object_get(nodes, key)) + 1));
	}
	return nodes;
}

static json_t *verified(const struct gmem *gmem, struct err *err)
{
	struct residency residency = { 0 };
	json_t *nodes = json_object(), *all = NULL;
	char key[16];

	if (!residency_read(&residency, gmem, NULL, err)) {
		const struct residency_region *region = &residency.regions[0];

		for (unsigned int node = 0; node < region->nr_nodes; node++)
			if (region->on_node[node]) {
				snprintf(key, sizeof(key), "%u", node);
				json_object_set_new(
					nodes, key,
					json_integer((json_int_t)region->on_node[node]));
			}
		all = json_pack("{s:O, s:b, s:I, s:b}", "pages", nodes, "on_plan",
				residency.on_plan, "off_plan", (json_int_t)region->off_plan,
				"balanced", region->balanced);
	}
	residency_fini(&residency);
	json_decref(nodes);
	return all;
}

static int print_state(const struct gmem *gmem, struct err *err)
{
	const struct gmem_region *region = &gmem->regions[0];
	json_t *state =
		json_pack("{s:I, s:o, s:o*}", "page_size", (json_int_t)region->spec.page_size,
			  "pages", pages_by_node(region), "verified", verified(gmem, err));

	json_dumpf(state, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	fflush(stdout);
	json_decref(state);
	return -err->errnum;
}

static int place(const struct request *request, struct err *err)
{
	struct gmem_spec spec;
	struct gmem gmem = { 0 };
	int ret = spec_of(request, &spec, err);

	if (!ret)
		ret = gmem_init(&gmem, &spec, 1, NULL, err);
	if (!ret)
		ret = print_state(&gmem, err);
	if (!ret && request->hold && getchar() != EOF)
		ret = print_state(&gmem, err);
	gmem_fini(&gmem);
	cpuset_fini(&spec.nodes);
	cpuset_fini(&spec.prefault_cpus);
	return ret;
}

int main(int argc, char **argv)
{
	struct request request = {
		.policy = "local", .nodes = "", .prefault_cpus = "", .page = 4096
	};
	const struct option_spec specs[] = {
		{ "policy", OPT_STRING, &request.policy, "NAME",
		  "local, bind, preferred, interleave" },
		{ "nodes", OPT_STRING, &request.nodes, "LIST", "host nodes" },
		{ "prefault-cpus", OPT_STRING, &request.prefault_cpus, "LIST", "CPUs that touch" },
		{ "size", OPT_SIZE, &request.size, "SIZE", "of the memory" },
		{ "page", OPT_SIZE, &request.page, "SIZE", "of a page" },
		{ "fallback", OPT_FLAG, &request.fallback, NULL, "take smaller pages" },
		{ "shared", OPT_FLAG, &request.shared, NULL, "a memfd" },
		{ "lazy", OPT_FLAG, &request.lazy, NULL, "do not prefault" },
		{ "hold", OPT_FLAG, &request.hold, NULL, "wait, then print again" },
	};
	const struct option_usage usage = {
		.synopsis = "place-memory --size SIZE [OPTIONS]",
		.about = "Makes guest memory and prints where its pages are.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(specs[0]),
	};
	struct err err = { 0 };

	if (options_parse(argc, argv, &usage, &err) >= 0)
		place(&request, &err);
	if (err.status)
		fprintf(stderr, "place-memory: %s\n", err.text);
	return err.status;
}
