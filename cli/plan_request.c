#include "cli/plan_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/host_latency.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/size.h"
#include "cli/place_vm.h"
#include "cli/plan_pins.h"

/* The host's own measurement serves if it fits; if it does not, the plan says so and goes on. */
static void use_own_latency(struct plan_request *request)
{
	struct err err = { 0 };
	int ret = host_latency_find(&request->latency, &request->latency_path, &err);

	request->has_latency = !ret;
	if (ret && ret != -ENOENT)
		request->latency_note = alloc_string(err.text);
}

static int load_latency(struct plan_request *request, const char *path, struct err *err)
{
	int ret;

	if (!path) {
		if (request->topo.is_host)
			use_own_latency(request);
		return 0;
	}
	ret = request->topo.is_host ? host_latency_load_file(&request->latency, path, err)
				    : latency_load(&request->latency, path, err);
	if (ret)
		return ret;
	request->has_latency = true;
	request->latency_path = alloc_string(path);
	if (!request->latency.key)
		request->latency_note = alloc_printf(
			"%s does not say which host it was measured on; it is taken at its word",
			path);
	return 0;
}

/* A VM without a name takes one that no other has. */
static void name_vm(struct plan_request *request, unsigned int nr)
{
	if (!request->configs[nr].name)
		request->configs[nr].name =
			request->nr_vms == 1 ? alloc_string("vm") : alloc_printf("vm%u", nr);
}

static int load_vms(struct plan_request *request, const struct vm_args *args,
		    const char *const *files, unsigned int nr_files, struct err *err)
{
	unsigned int nr = nr_files ? nr_files : 1;
	int ret = 0;

	request->configs = alloc_zeroed(nr, sizeof(*request->configs));
	request->vms = alloc_zeroed(nr, sizeof(*request->vms));
	request->nr_vms = nr;
	for (unsigned int i = 0; i < nr && !ret; i++) {
		ret = vm_args_load(args, &request->configs[i], files + i, nr_files ? 1 : 0, err);
		if (ret)
			break;
		name_vm(request, i);
		ret = place_vm_init(&request->vms[i], &request->configs[i], err);
		if (ret)
			err_context(err, "%s", request->configs[i].name);
	}
	return ret;
}

/* What the host's VMs hold; a plan without it is still worth something. */
static void ask_running(struct plan_request *request)
{
	struct err err;

	if (!request->topo.is_host)
		return;
	if (vm_hold_open(&request->running, &request->topo, &request->place.host, &err))
		log_warn("what running VMs hold is not known: %s", err.text);
	vm_hold_unlock(&request->running);
}

/* The caller's list goes first, so that a CPU in both is said to be a VM's. */
static int take_cpus(struct plan_request *request, const char *list, struct err *err)
{
	struct place_host_state *host = &request->place.host;
	int ret;

	if (!list)
		return 0;
	ret = cpuset_parse(&request->taken, list, err);
	if (ret) {
		err_context(err, "--taken");
		return ret;
	}
	request->holders = alloc_zeroed(host->nr_holders + 1, sizeof(*request->holders));
	request->holders[0] = (struct place_holder){ .name = "taken", .cpus = request->taken };
	if (host->nr_holders)
		memcpy(request->holders + 1, host->holders,
		       host->nr_holders * sizeof(*host->holders));
	host->holders = request->holders;
	host->nr_holders++;
	return 0;
}

/* "0=8G": the node and what of its memory is gone. */
static int take_node(struct plan_request *request, char *item, struct err *err)
{
	char *equals = strchr(item, '='), *end;
	struct place_node_state *state;
	unsigned long node = strtoul(item, &end, 10);

	if (!equals || end != equals || end == item || *item < '0' || *item > '9' ||
	    node > CPUSET_MAX)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "\"%.60s\" is no NODE=SIZE; write 0=8G,1=512M", item);
	if (!topology_node(&request->topo, (unsigned int)node))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "the host has no node %lu; see situ topo for its nodes", node);
	request->nodes = alloc_resize(request->nodes, request->place.host.nr_nodes + 1,
				      sizeof(*request->nodes));
	state = &request->nodes[request->place.host.nr_nodes++];
	*state = (struct place_node_state){ .node = (unsigned int)node };
	return size_parse(equals + 1, &state->memory_taken, err);
}

/* What running VMs promise stays; a node may be named twice. */
static void copy_nodes(struct plan_request *request)
{
	const struct place_host_state *host = &request->place.host;

	if (!host->nr_nodes)
		return;
	request->nodes = alloc_zeroed(host->nr_nodes, sizeof(*request->nodes));
	memcpy(request->nodes, host->nodes, host->nr_nodes * sizeof(*host->nodes));
}

static int take_memory(struct plan_request *request, const char *text, struct err *err)
{
	AUTO_FREE char *copy = alloc_string(text ? text : "");
	char *rest = copy, *item;
	int ret = 0;

	if (!text)
		return 0;
	copy_nodes(request);
	while (!ret && (item = strsep(&rest, ",")))
		ret = take_node(request, item, err);
	if (ret)
		err_context(err, "--taken-memory");
	request->place.host.nodes = request->nodes;
	return ret;
}

/* The pins of the configuration give way to those made by hand. */
static int pin_by_hand(struct plan_request *request, const char *text, struct err *err)
{
	struct place_vm *vm = &request->vms[0];

	if (!text)
		return 0;
	if (request->nr_vms > 1)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--pin: %u VMs are given; a placement by hand is that of one",
			       request->nr_vms);
	plan_pins_free(vm->pins, vm->nr_pins);
	return plan_pins_parse(&vm->pins, &vm->nr_pins, vm->nr_vcpus, text, err);
}

/* What a kind of work is best served by; what the configuration says goes before. */
static const struct {
	const char *name;
	enum place_cpu_policy cpu;
	enum place_mem_policy mem;
} presets[] = {
	{ "cpu", PLACE_CPU_COMPACT, PLACE_MEM_LOCAL },
	{ "memory", PLACE_CPU_LOCAL, PLACE_MEM_LOCAL },
	{ "io", PLACE_CPU_SPREAD, PLACE_MEM_INTERLEAVE },
};

static int use_preset(struct plan_request *request, const char *name, struct err *err)
{
	size_t nr = sizeof(presets) / sizeof(*presets), preset = 0;

	if (!name)
		return 0;
	while (preset < nr && strcmp(presets[preset].name, name) != 0)
		preset++;
	if (preset == nr)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--preset: \"%.60s\" is none; use cpu, memory or io", name);
	for (unsigned int i = 0; i < request->nr_vms; i++) {
		struct place_vm *vm = &request->vms[i];

		if (vm->cpu == PLACE_CPU_AUTO)
			vm->cpu = presets[preset].cpu;
		if (vm->mem == PLACE_MEM_AUTO)
			vm->mem = presets[preset].mem;
	}
	return 0;
}

static int apply_source(struct plan_request *request, const struct plan_source *source,
			struct err *err)
{
	int ret = take_cpus(request, source->taken, err);

	if (!ret)
		ret = take_memory(request, source->taken_memory, err);
	if (!ret)
		ret = pin_by_hand(request, source->pin, err);
	return ret ? ret : use_preset(request, source->preset, err);
}

int plan_request_init(struct plan_request *request, const struct plan_source *source,
		      const struct vm_args *args, const char *const *files, unsigned int nr_files,
		      struct err *err)
{
	int ret;

	*request = (struct plan_request){ .running.hold.lock_fd = -1 };
	ret = load_vms(request, args, files, nr_files, err);
	if (!ret)
		ret = topology_load(&request->topo, source->topology, err);
	if (!ret)
		ret = load_latency(request, source->latency, err);
	if (!ret)
		ask_running(request);
	if (!ret)
		ret = apply_source(request, source, err);
	request->place.topo = &request->topo;
	request->place.latency = request->has_latency ? &request->latency : NULL;
	request->place.vms = request->vms;
	request->place.nr_vms = request->nr_vms;
	return ret;
}

void plan_request_fini(struct plan_request *request)
{
	for (unsigned int i = 0; i < request->nr_vms; i++) {
		place_vm_fini(&request->vms[i]);
		vm_config_fini(&request->configs[i]);
	}
	free(request->vms);
	free(request->nodes);
	free(request->configs);
	free(request->latency_path);
	free(request->latency_note);
	latency_fini(&request->latency);
	cpuset_fini(&request->taken);
	free(request->holders);
	vm_hold_release(&request->running);
	topology_fini(&request->topo);
	*request = (struct plan_request){ 0 };
}
