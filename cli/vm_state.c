#include "cli/vm_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "numa/residency.h"

static const char *const policy_names[] = { [MEM_POLICY_LOCAL] = "local",
					    [MEM_POLICY_BIND] = "bind",
					    [MEM_POLICY_PREFERRED] = "preferred",
					    [MEM_POLICY_INTERLEAVE] = "interleave" };

/* The process's threads at one moment. */
struct thread_list {
	pid_t *tids;
	unsigned int nr;
};

static int add_tid(const char *name, void *arg)
{
	struct thread_list *list = arg;

	list->tids = alloc_resize(list->tids, list->nr + 1, sizeof(*list->tids));
	list->tids[list->nr++] = (pid_t)strtol(name, NULL, 10);
	return 0;
}

static int list_threads(struct thread_list *list, struct err *err)
{
	struct fs_root root;
	int ret = fs_open_host(&root, err);

	*list = (struct thread_list){ 0 };
	if (ret)
		return ret;
	ret = fs_list(&root, "proc/self/task", add_tid, list);
	fs_close(&root);
	return ret ? err_sys(err, EXIT_HOST, -ret, "cannot list this process's threads") : 0;
}

/* -1: no vCPU's. */
static int vcpu_of(const struct vm *vm, pid_t tid)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].tid == tid)
			return (int)i;
	return -1;
}

static const struct cpuset *place_of(const struct vm_wanted *wanted, int vcpu)
{
	return vcpu < 0 ? wanted->emulator : &wanted->vcpus[vcpu];
}

static void read_name(pid_t tid, char *name, size_t len)
{
	struct fs_root root;
	struct err err;

	snprintf(name, len, "?");
	if (fs_open_host(&root, &err))
		return;
	fs_readf(&root, name, len, "proc/self/task/%d/comm", (int)tid);
	fs_close(&root);
}

/* NULL: the thread has ended meanwhile. */
static json_t *thread_json(const struct vm *vm, const struct vm_wanted *wanted, pid_t tid,
			   bool *on_plan)
{
	int vcpu = vcpu_of(vm, tid), last = pin_last_cpu(tid);
	const struct cpuset *place = place_of(wanted, vcpu);
	AUTO_CPUSET struct cpuset live = { 0 };
	AUTO_FREE char *wanted_text = cpuset_string(place);
	AUTO_FREE char *live_text = NULL;
	char name[32];
	struct err err;
	bool fits;

	if (pin_read(tid, &live, &err))
		return NULL;
	live_text = cpuset_string(&live);
	fits = cpuset_empty(place) || cpuset_equal(place, &live);
	*on_plan = *on_plan && fits;
	read_name(tid, name, sizeof(name));
	return json_pack("{s:i, s:s, s:o, s:o, s:s, s:o, s:b}", "tid", (int)tid, "name", name,
			 "vcpu", vcpu < 0 ? json_null() : json_integer(vcpu), "wanted",
			 cpuset_empty(place) ? json_null() : json_string(wanted_text), "live",
			 live_text, "last_cpu", last < 0 ? json_null() : json_integer(last),
			 "on_plan", fits);
}

static json_t *threads_json(const struct vm *vm, const struct vm_wanted *wanted, bool *on_plan,
			    struct err *err)
{
	json_t *array = json_array(), *thread;
	struct thread_list list;

	if (list_threads(&list, err)) {
		json_decref(array);
		array = NULL;
	}
	for (unsigned int i = 0; array && i < list.nr; i++) {
		thread = thread_json(vm, wanted, list.tids[i], on_plan);
		if (thread)
			json_array_append_new(array, thread);
	}
	free(list.tids);
	return array;
}

static json_t *region_json(const struct residency_region *region)
{
	const struct gmem_spec *spec = &region->region->spec;
	AUTO_FREE char *nodes = cpuset_string(&spec->nodes);
	json_t *on_nodes = json_object();
	char key[16];

	for (unsigned int i = 0; i < region->nr_nodes; i++) {
		if (!region->on_node[i])
			continue;
		snprintf(key, sizeof(key), "%u", i);
		json_object_set_new(on_nodes, key, json_integer((json_int_t)region->on_node[i]));
	}
	return json_pack("{s:I, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "gpa",
			 (json_int_t)spec->gpa, "bytes", (json_int_t)spec->len, "page_size",
			 (json_int_t)spec->page_size, "policy", policy_names[spec->policy],
			 "wanted_nodes", nodes, "pages", (json_int_t)region->total, "present",
			 (json_int_t)region->present, "off_plan", (json_int_t)region->off_plan,
			 "balanced", region->balanced, "on_nodes", on_nodes);
}

static json_t *memory_json(const struct vm *vm, bool *on_plan, struct err *err)
{
	struct residency residency = { 0 };
	json_t *array = NULL;

	if (!residency_read(&residency, &vm->gmem, NULL, err)) {
		array = json_array();
		for (unsigned int i = 0; i < residency.nr_regions; i++)
			json_array_append_new(array, region_json(&residency.regions[i]));
		*on_plan = *on_plan && residency.on_plan;
	}
	residency_fini(&residency);
	return array;
}

json_t *vm_state_json(struct vm *vm, const struct vm_wanted *wanted, struct err *err)
{
	bool on_plan = true;
	json_t *threads = threads_json(vm, wanted, &on_plan, err);
	json_t *memory = threads ? memory_json(vm, &on_plan, err) : NULL;

	if (!memory) {
		json_decref(threads);
		return NULL;
	}
	return json_pack("{s:s, s:i, s:b, s:b, s:o, s:o}", "name", wanted->name, "pid",
			 (int)getpid(), "paused", wanted->paused, "on_plan", on_plan, "threads",
			 threads, "memory", memory);
}

int vm_state_pin(struct vm *vm, const struct vm_wanted *wanted, struct err *err)
{
	struct thread_list list;
	int ret = list_threads(&list, err);

	for (unsigned int i = 0; !ret && i < list.nr; i++) {
		const struct cpuset *place = place_of(wanted, vcpu_of(vm, list.tids[i]));

		if (!cpuset_empty(place))
			ret = pin_thread(list.tids[i], place, err);
		if (ret && err->errnum == ESRCH) /* it has ended meanwhile */
			ret = 0;
	}
	free(list.tids);
	return ret;
}
