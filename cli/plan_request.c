#include "cli/plan_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/host_latency.h"
#include "base/alloc.h"
#include "cli/place_vm.h"

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

static int take_cpus(struct plan_request *request, const char *list, struct err *err)
{
	int ret;

	if (!list)
		return 0;
	ret = cpuset_parse(&request->taken.cpus, list, err);
	if (ret) {
		err_context(err, "--taken");
		return ret;
	}
	request->taken.name = "taken";
	request->place.host.holders = &request->taken;
	request->place.host.nr_holders = 1;
	return 0;
}

int plan_request_init(struct plan_request *request, const struct plan_source *source,
		      const struct vm_args *args, const char *const *files, unsigned int nr_files,
		      struct err *err)
{
	int ret;

	*request = (struct plan_request){ 0 };
	ret = load_vms(request, args, files, nr_files, err);
	if (!ret)
		ret = topology_load(&request->topo, source->topology, err);
	if (!ret)
		ret = load_latency(request, source->latency, err);
	if (!ret)
		ret = take_cpus(request, source->taken, err);
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
	free(request->configs);
	free(request->latency_path);
	free(request->latency_note);
	latency_fini(&request->latency);
	cpuset_fini(&request->taken.cpus);
	topology_fini(&request->topo);
	*request = (struct plan_request){ 0 };
}
