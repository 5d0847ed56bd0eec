#ifndef SITU_CLI_PLAN_REQUEST_H
#define SITU_CLI_PLAN_REQUEST_H

#include "affinity/latency.h"
#include "affinity/place.h"
#include "affinity/topology.h"
#include "cli/vm_args.h"
#include "cli/vm_hold.h"

/*
 * What the optimizer is asked: a map, latencies, what is taken, and one VM per configuration file
 * (or one from flags alone). Main thread only. Owns all of it.
 */
struct plan_source {
	const char *topology; /* "host" or what topology_load() takes */
	const char *latency; /* a file; NULL: the host's own measurement if there is one */
	const char *taken; /* a CPU list; NULL: none */
	const char *taken_memory; /* "0=8G,1=2G"; NULL: none */
	const char *pin; /* a placement made by hand (cli/plan_pins.h); NULL: none */
	const char *preset; /* "cpu", "memory", "io"; NULL: none */
};

struct plan_request {
	struct topology topo;
	struct latency latency;
	bool has_latency;
	char *latency_path; /* whose; NULL: none */
	char *latency_note; /* why a measurement was not used, or what is not known of it; or NULL
			     */
	struct vm_config *configs;
	struct place_vm *vms;
	unsigned int nr_vms;
	struct vm_hold running; /* what VMs of this host hold */
	struct cpuset taken; /* what the caller says besides */
	struct place_holder *holders; /* both, where the caller says anything */
	struct place_node_state *nodes;
	struct place_request place;
};

/* 0; 1 after --print-config; or -errno. Always plan_request_fini(). Where the map is this host's,
 * its running VMs are asked what they hold; nothing is taken. */
int plan_request_init(struct plan_request *request, const struct plan_source *source,
		      const struct vm_args *args, const char *const *files, unsigned int nr_files,
		      struct err *err);
void plan_request_fini(struct plan_request *request);

#endif
