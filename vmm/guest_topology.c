/*
 * From host CPUs to guest groups and APIC ids.
 *
 * Each level names the host object under a vCPU by a key. Groups are made from the outside in: two
 * vCPUs share a level when they share the level around it and have the same key, so levels always
 * nest. A group's rank among its siblings is its bit field in the APIC id. Groups are numbered in
 * the order in which vCPUs meet them, hence vCPU 0 is rank 0 everywhere.
 */
#include "vmm/guest_topology.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct level_key {
	long object, part; /* part splits one host object into several guest groups */
};

/* One vCPU while its groups are being made. */
struct draft {
	struct level_key key[NR_GUEST_LEVELS];
	unsigned int rank[NR_GUEST_LEVELS], smt_rank;
};

static void __attribute__((format(printf, 2, 3)))
warn(struct guest_topology *guest, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	guest->warnings =
		alloc_resize(guest->warnings, guest->nr_warnings + 1, sizeof(*guest->warnings));
	guest->warnings[guest->nr_warnings++] = alloc_string(text);
}

static unsigned int bits_for(unsigned int count)
{
	return count > 1 ? 32 - (unsigned int)__builtin_clz(count - 1) : 0;
}

/* Keys from the host ---------------------------------------------------------------------- */

/* A vCPU that floats is a core of its own in its node's package: nothing more is true of it. */
static void key_floating(struct draft *draft, const struct guest_request *req, unsigned int vcpu)
{
	unsigned int guest_node = req->cpu_nodes[vcpu];
	int host_node = req->nodes[guest_node].host_node;
	const struct topo_node *node =
		host_node < 0 ? NULL : topology_node(req->host, (unsigned int)host_node);
	long own = -2 - (long)vcpu;

	for (int level = GUEST_CORE; level <= GUEST_L3; level++)
		draft->key[level] = (struct level_key){ own, 0 };
	draft->key[GUEST_DIE] = (struct level_key){ -2 - (long)guest_node, 0 };
	draft->key[GUEST_PACKAGE] = (struct level_key){
		node && node->package >= 0 ? node->package : -2 - (long)guest_node, 0
	};
}

/* Whether all CPUs of a cache are in one host node; where they are not (sub-NUMA clusters), a
 * guest cache may span guest nodes as well. */
static bool cache_in_one_node(const struct topology *host, const struct topo_cpu *cpu, int cache)
{
	return cache >= 0 && cpu->node >= 0 &&
	       cpuset_subset(&host->caches[cache].cpus, &host->nodes[cpu->node].cpus);
}

static unsigned int times_used_before(const struct guest_request *req, unsigned int vcpu)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < vcpu; i++)
		nr += req->host_cpus[i] == req->host_cpus[vcpu];
	return nr;
}

static void key_pinned(struct draft *draft, const struct guest_request *req, unsigned int vcpu,
		       const struct topo_cpu *cpu)
{
	long turn = (long)times_used_before(req, vcpu);
	long split = cache_in_one_node(req->host, cpu, cpu->l3) ? (long)req->cpu_nodes[vcpu] : -1;

	draft->key[GUEST_PACKAGE] = (struct level_key){ cpu->package, 0 };
	draft->key[GUEST_DIE] = (struct level_key){ cpu->die, 0 };
	draft->key[GUEST_L3] = (struct level_key){ cpu->l3, split };
	draft->key[GUEST_L2] = cpu->l2 >= 0 ? (struct level_key){ cpu->l2, 0 }
					    : (struct level_key){ (long)cpu->core, turn };
	/* vCPUs that take turns on one CPU never run together, so they are no SMT siblings. */
	draft->key[GUEST_CORE] = (struct level_key){ (long)cpu->core, turn };
}

static void key_shaped(struct draft *draft, const struct guest_shape *shape, unsigned int vcpu)
{
	long core = (long)(vcpu / shape->threads_per_core);
	long die = core / (long)shape->cores_per_die;

	draft->key[GUEST_CORE] = draft->key[GUEST_L2] = (struct level_key){ core, 0 };
	draft->key[GUEST_L3] = draft->key[GUEST_DIE] = (struct level_key){ die, 0 };
	draft->key[GUEST_PACKAGE] = (struct level_key){ die / (long)shape->dies_per_package, 0 };
}

static int make_key(struct draft *draft, const struct guest_request *req, unsigned int vcpu,
		    struct err *err)
{
	const struct topo_cpu *cpu;

	if (req->shape.packages) {
		key_shaped(draft, &req->shape, vcpu);
		return 0;
	}
	if (req->host_cpus[vcpu] < 0) {
		key_floating(draft, req, vcpu);
		return 0;
	}
	cpu = topology_cpu(req->host, (unsigned int)req->host_cpus[vcpu]);
	if (!cpu)
		return err_set(
			err, EXIT_INPUT, EINVAL,
			"vCPU %u: the host has no CPU %d that may be used; see \"situ topo\"", vcpu,
			req->host_cpus[vcpu]);
	key_pinned(draft, req, vcpu, cpu);
	return 0;
}

/* Groups and ids ------------------------------------------------------------------------- */

static bool same_key(struct level_key a, struct level_key b)
{
	return a.object == b.object && a.part == b.part;
}

/* Puts one vCPU into its group of a level: an earlier vCPU's, or a new one behind its siblings. */
static void join_group(struct guest_topology *guest, struct draft *drafts, int level,
		       unsigned int vcpu)
{
	struct guest_cpu *cpu = &guest->cpus[vcpu];
	unsigned int next_rank = 0;

	for (unsigned int i = 0; i < vcpu; i++) {
		const struct guest_cpu *other = &guest->cpus[i];

		if (level < GUEST_PACKAGE && other->group[level + 1] != cpu->group[level + 1])
			continue;
		if (same_key(drafts[i].key[level], drafts[vcpu].key[level])) {
			cpu->group[level] = other->group[level];
			drafts[vcpu].rank[level] = drafts[i].rank[level];
			return;
		}
		if (drafts[i].rank[level] >= next_rank)
			next_rank = drafts[i].rank[level] + 1;
	}
	cpu->group[level] = guest->nr_groups[level]++;
	drafts[vcpu].rank[level] = next_rank;
}

static void make_groups(struct guest_topology *guest, struct draft *drafts)
{
	for (int level = GUEST_PACKAGE; level >= GUEST_CORE; level--) {
		guest->nr_groups[level] = 0;
		for (unsigned int i = 0; i < guest->nr_cpus; i++)
			join_group(guest, drafts, level, i);
	}
	for (unsigned int i = 0; i < guest->nr_cpus; i++) {
		drafts[i].smt_rank = 0;
		for (unsigned int j = 0; j < i; j++)
			drafts[i].smt_rank += guest->cpus[i].group[GUEST_CORE] ==
					      guest->cpus[j].group[GUEST_CORE];
	}
}

/* The bits that the ranks of a level need; -1 stands for the threads inside a core. */
static unsigned int field_width(const struct guest_topology *guest, const struct draft *drafts,
				int level)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < guest->nr_cpus; i++) {
		unsigned int rank = level < 0 ? drafts[i].smt_rank : drafts[i].rank[level];

		if (rank > most)
			most = rank;
	}
	return bits_for(most + 1);
}

/* Returns the bits that the largest id has. */
static unsigned int make_ids(struct guest_topology *guest, const struct draft *drafts,
			     unsigned int l3_shift)
{
	unsigned int bits = field_width(guest, drafts, -1);

	for (unsigned int i = 0; i < guest->nr_cpus; i++)
		guest->cpus[i].apic_id = drafts[i].smt_rank;
	for (int level = GUEST_CORE; level < NR_GUEST_LEVELS; level++) {
		if (level == GUEST_L3 && bits < l3_shift)
			bits = l3_shift;
		guest->shift[level] = bits;
		for (unsigned int i = 0; i < guest->nr_cpus; i++)
			guest->cpus[i].apic_id |=
				(uint32_t)((uint64_t)drafts[i].rank[level] << bits);
		bits += field_width(guest, drafts, level);
	}
	return bits;
}

static bool ids_fit(const struct guest_topology *guest, unsigned int bits, uint32_t most)
{
	return bits < 32 && guest_topology_max_apic_id(guest) <= most;
}

/* Gaps can make ids too large. Then the level that says least goes first: dies that are no caches,
 * then L2 domains of several cores (each core is shown with one of its own). */
static int assign(struct guest_topology *guest, struct draft *drafts,
		  const struct guest_request *req, struct err *err)
{
	unsigned int bits;

	make_groups(guest, drafts);
	bits = make_ids(guest, drafts, req->l3_shift);
	if (ids_fit(guest, bits, req->max_apic_id))
		return 0;
	for (unsigned int i = 0; i < guest->nr_cpus; i++) {
		drafts[i].key[GUEST_DIE] = (struct level_key){ 0, 0 };
		drafts[i].key[GUEST_L2] = drafts[i].key[GUEST_CORE];
	}
	make_groups(guest, drafts);
	bits = make_ids(guest, drafts, req->l3_shift);
	if (!ids_fit(guest, bits, req->max_apic_id))
		return err_set(err, EXIT_NO, ERANGE,
			       "cpus: no APIC ids up to %u state where %u vCPUs are on this host; "
			       "give cpus.topology or fewer vCPUs",
			       req->max_apic_id, guest->nr_cpus);
	warn(guest,
	     "APIC ids end at %u on this host: the guest is not told of dies and shared L2 caches",
	     req->max_apic_id);
	return 0;
}

/* Caches --------------------------------------------------------------------------------- */

static struct guest_cache cache_at(const struct topology *host, int index)
{
	const struct topo_cache *cache;

	if (index < 0)
		return (struct guest_cache){ 0 };
	cache = &host->caches[index];
	return (struct guest_cache){ cache->size, cache->line, cache->ways };
}

static int find_l1i(const struct topology *host, unsigned int cpu)
{
	for (unsigned int i = 0; i < host->nr_caches; i++)
		if (host->caches[i].level == 1 && host->caches[i].type == CACHE_INSTRUCTION &&
		    cpuset_has(&host->caches[i].cpus, cpu))
			return (int)i;
	return -1;
}

static void set_caches(struct guest_cpu *guest, const struct topology *host)
{
	const struct topo_cpu *cpu = NULL;

	if (guest->host_cpu >= 0)
		cpu = topology_cpu(host, (unsigned int)guest->host_cpu);
	if (!cpu && host->nr_cpus)
		cpu = &host->cpus[0]; /* it floats: the sizes that it will find somewhere */
	if (!cpu)
		return;
	guest->cache[GUEST_L1D] = cache_at(host, cpu->l1d);
	guest->cache[GUEST_L1I] = cache_at(host, find_l1i(host, cpu->os));
	guest->cache[GUEST_CACHE_L2] = cache_at(host, cpu->l2);
	guest->cache[GUEST_CACHE_L3] = cache_at(host, cpu->l3);
}

/* Nodes ---------------------------------------------------------------------------------- */

/* Linux drops a SLIT that has another diagonal than 10 or anything else at or below 10. */
static unsigned int slit_value(unsigned int value)
{
	return value <= 10 ? 11 : value > 254 ? 254 : value;
}

static int host_node_index(const struct guest_request *req, unsigned int guest_node)
{
	int os = req->nodes[guest_node].host_node;

	if (os < 0 || (unsigned int)os >= req->host->node_index_len)
		return -1;
	return req->host->node_index[os];
}

static unsigned int one_distance(const struct guest_request *req, unsigned int a, unsigned int b)
{
	int host_a = host_node_index(req, a), host_b = host_node_index(req, b);

	if (a == b)
		return 10;
	if (req->distances && req->distances[a * req->nr_nodes + b])
		return slit_value(req->distances[a * req->nr_nodes + b]);
	if (host_a < 0 || host_b < 0)
		return 20;
	return slit_value(topology_distance(req->host, (unsigned int)host_a, (unsigned int)host_b));
}

static double one_attr(const struct guest_request *req, int attr, unsigned int a, unsigned int b)
{
	int host_a = host_node_index(req, a), host_b = host_node_index(req, b);

	if (host_a < 0 || host_b < 0)
		return NAN;
	return req->host
		->mem_attr[attr][(unsigned int)host_a * req->host->nr_nodes + (unsigned int)host_b];
}

static void set_nodes(struct guest_topology *guest, const struct guest_request *req)
{
	unsigned int nr = req->nr_nodes;

	guest->nr_nodes = nr;
	guest->nodes = alloc_zeroed(nr, sizeof(*guest->nodes));
	guest->distances = alloc_zeroed((size_t)nr * nr, sizeof(*guest->distances));
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < nr; j++)
			guest->distances[i * nr + j] = one_distance(req, i, j);
	for (unsigned int i = 0; i < nr; i++)
		guest->nodes[i] = req->nodes[i];
	for (int attr = 0; attr < NR_MEM_ATTRS; attr++) {
		if (!req->host->mem_attr[attr])
			continue;
		guest->mem_attr[attr] = alloc_zeroed((size_t)nr * nr, sizeof(double));
		for (unsigned int i = 0; i < nr; i++)
			for (unsigned int j = 0; j < nr; j++)
				guest->mem_attr[attr][i * nr + j] = one_attr(req, attr, i, j);
	}
}

/* Warnings ------------------------------------------------------------------------------- */

static void warn_of_turns(struct guest_topology *guest, const struct guest_request *req)
{
	unsigned int floating = 0, taking_turns = 0;

	for (unsigned int i = 0; i < req->nr_cpus; i++) {
		if (req->host_cpus[i] < 0)
			floating++;
		else if (times_used_before(req, i))
			taking_turns++;
	}
	if (floating)
		warn(guest, "%u vCPUs float: the guest is told of cores with caches of their own",
		     floating);
	if (taking_turns)
		warn(guest, "%u vCPUs share a host CPU with another: the guest is told of cores",
		     taking_turns);
}

static void warn_of_splits(struct guest_topology *guest, const struct guest_request *req)
{
	for (unsigned int i = 1; i < req->nr_cpus; i++) {
		const struct topo_cpu *a, *b;

		if (req->host_cpus[i] < 0 || req->host_cpus[i - 1] < 0)
			continue;
		a = topology_cpu(req->host, (unsigned int)req->host_cpus[i - 1]);
		b = topology_cpu(req->host, (unsigned int)req->host_cpus[i]);
		if (!a || !b || a->l3 < 0 || a->l3 != b->l3 ||
		    guest->cpus[i].group[GUEST_L3] == guest->cpus[i - 1].group[GUEST_L3])
			continue;
		warn(guest, "guest nodes %u and %u divide one L3 cache: the guest is told of two",
		     req->cpu_nodes[i - 1], req->cpu_nodes[i]);
		return;
	}
}

/* Linux numbers nodes by the first CPU that it meets in each, then those without any. */
static void warn_of_order(struct guest_topology *guest)
{
	unsigned int last_with_cpus = 0;

	for (unsigned int i = 0; i < guest->nr_cpus; i++)
		if (guest->cpus[i].node > last_with_cpus)
			last_with_cpus = guest->cpus[i].node;
	for (unsigned int node = 0; node < last_with_cpus; node++) {
		unsigned int i = 0;

		while (i < guest->nr_cpus && guest->cpus[i].node != node)
			i++;
		if (i < guest->nr_cpus)
			continue;
		warn(guest,
		     "guest node %u has no CPUs but comes before one that has: Linux will "
		     "number them differently",
		     node);
		return;
	}
}

static void warn_of_shape(struct guest_topology *guest)
{
	for (unsigned int i = 1; i < guest->nr_cpus; i++)
		if (guest->cpus[i].group[GUEST_L3] == guest->cpus[i - 1].group[GUEST_L3] &&
		    guest->cpus[i].node != guest->cpus[i - 1].node) {
			warn(guest,
			     "cpus.topology puts a die across guest nodes %u and %u; Linux "
			     "will ignore one of the two",
			     guest->cpus[i - 1].node, guest->cpus[i].node);
			return;
		}
}

static int check_request(const struct guest_request *req, struct err *err)
{
	const struct guest_shape *s = &req->shape;
	uint64_t shaped = (uint64_t)s->threads_per_core * s->cores_per_die * s->dies_per_package;

	if (s->packages && (shaped > req->nr_cpus || shaped * s->packages != req->nr_cpus))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "cpus.topology: %u x %u x %u x %u is not %u; the product must be "
			       "cpus.boot_vcpus",
			       s->threads_per_core, s->cores_per_die, s->dies_per_package,
			       s->packages, req->nr_cpus);
	for (unsigned int i = 0; i < req->nr_cpus; i++)
		if (req->cpu_nodes[i] >= req->nr_nodes)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "vCPU %u: guest node %u is not defined; there are %u", i,
				       req->cpu_nodes[i], req->nr_nodes);
	return 0;
}

int guest_topology_init(struct guest_topology *guest, const struct guest_request *req,
			struct err *err)
{
	AUTO_FREE struct draft *drafts = alloc_zeroed(req->nr_cpus, sizeof(*drafts));
	int ret;

	*guest = (struct guest_topology){ 0 };
	ret = check_request(req, err);
	if (ret)
		return ret;
	guest->nr_cpus = req->nr_cpus;
	guest->cpus = alloc_zeroed(req->nr_cpus, sizeof(*guest->cpus));
	for (unsigned int i = 0; i < req->nr_cpus; i++) {
		guest->cpus[i].host_cpu = req->host_cpus[i];
		guest->cpus[i].node = req->cpu_nodes[i];
		set_caches(&guest->cpus[i], req->host);
		ret = make_key(&drafts[i], req, i, err);
		if (ret)
			return ret;
	}
	ret = assign(guest, drafts, req, err);
	if (ret)
		return ret;
	set_nodes(guest, req);
	warn_of_order(guest);
	if (req->shape.packages) {
		warn_of_shape(guest);
		return 0;
	}
	warn_of_turns(guest, req);
	warn_of_splits(guest, req);
	return 0;
}

void guest_topology_fini(struct guest_topology *guest)
{
	for (unsigned int i = 0; i < guest->nr_warnings; i++)
		free(guest->warnings[i]);
	for (int attr = 0; attr < NR_MEM_ATTRS; attr++)
		free(guest->mem_attr[attr]);
	free(guest->warnings);
	free(guest->distances);
	free(guest->nodes);
	free(guest->cpus);
	*guest = (struct guest_topology){ 0 };
}

uint32_t guest_topology_max_apic_id(const struct guest_topology *guest)
{
	uint32_t most = 0;

	for (unsigned int i = 0; i < guest->nr_cpus; i++)
		if (guest->cpus[i].apic_id > most)
			most = guest->cpus[i].apic_id;
	return most;
}

unsigned int guest_topology_group_size(const struct guest_topology *guest, enum guest_level level)
{
	/* No more groups than CPUs, for none is empty. */
	AUTO_FREE unsigned int *sizes = alloc_zeroed(guest->nr_cpus, sizeof(*sizes));
	unsigned int most = 0;

	for (unsigned int i = 0; i < guest->nr_cpus; i++) {
		unsigned int group = guest->cpus[i].group[level];

		assert(group < guest->nr_cpus);
		if (++sizes[group] > most)
			most = sizes[group];
	}
	return most;
}
