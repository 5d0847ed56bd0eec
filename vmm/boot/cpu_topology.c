#include "vmm/boot/cpu_topology.h"

#include <stdlib.h>
#include <string.h>

#include "accel/kvm_cpuid.h"

#define LEVEL_THREADS 1u
#define LEVEL_CORES   2u
#define LEVEL_DIES    5u

#define LEAF1_HTT	 (1u << 28) /* edx */
#define EXT1_CMP_LEGACY	 (1u << 1) /* ecx */
#define EXT1_TOPOEXT	 (1u << 22)
#define CACHE_SELF_INIT	 (1u << 8)
#define CACHE_FULL_ASSOC (1u << 9)

/* How CPUID calls a cache, and the level at which it is shared. */
static const struct {
	unsigned int type, level; /* 1 data, 2 instruction, 3 unified */
	enum guest_level shared;
} cache_leaves[NR_GUEST_CACHES] = {
	[GUEST_L1D] = { 1, 1, GUEST_CORE },
	[GUEST_L1I] = { 2, 1, GUEST_CORE },
	[GUEST_CACHE_L2] = { 3, 2, GUEST_L2 },
	[GUEST_CACHE_L3] = { 3, 3, GUEST_L3 },
};

static unsigned int at_most(unsigned int value, unsigned int most)
{
	return value < most ? value : most;
}

static void set_leaf(struct kvm_cpuid2 **cpuid, const struct kvm_cpuid_entry2 *entry)
{
	kvm_cpuid_set(cpuid, entry);
}

static void raise_limit(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t least)
{
	struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, leaf, 0);

	if (entry && entry->eax < least)
		entry->eax = least;
}

bool cpu_topology_is_amd(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, 0, 0);
	char vendor[12];

	if (!entry)
		return false;
	memcpy(vendor, &entry->ebx, 4);
	memcpy(vendor + 4, &entry->edx, 4);
	memcpy(vendor + 8, &entry->ecx, 4);
	return !memcmp(vendor, "AuthenticAMD", 12) || !memcmp(vendor, "HygonGenuine", 12);
}

/* Caches ----------------------------------------------------------------------------------- */

static uint64_t leaf_cache_size(const struct kvm_cpuid_entry2 *entry)
{
	uint64_t ways = (entry->ebx >> 22) + 1, partitions = ((entry->ebx >> 12) & 0x3ff) + 1;
	uint64_t line = (entry->ebx & 0xfff) + 1, sets = (uint64_t)entry->ecx + 1;

	return ways * partitions * line * sets;
}

/* KVM's own leaf for this cache, whatever its subleaf. */
static const struct kvm_cpuid_entry2 *find_cache(struct kvm_cpuid2 *cpuid, uint32_t leaf,
						 unsigned int type, unsigned int level)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == leaf && (entry->eax & 0x1f) == type &&
		    ((entry->eax >> 5) & 7) == level)
			return entry;
	}
	return NULL;
}

/* The geometry must multiply up to the size. Where the map has no ways, 16 or 8 are likely. */
static void fill_geometry(struct kvm_cpuid_entry2 *entry, const struct guest_cache *cache)
{
	uint64_t line = cache->line ? cache->line : 64, ways = cache->ways;

	if (!ways)
		ways = cache->size % (line * 16) ? 8 : 16;
	if (cache->size % (line * ways)) /* a set would be cut: state the size alone */
		ways = 1;
	entry->ebx = (uint32_t)(line - 1) | (uint32_t)(ways - 1) << 22;
	entry->ecx = (uint32_t)(cache->size / (line * ways)) - 1;
}

/* False: neither the map nor KVM knows this cache. */
static bool fill_cache(struct kvm_cpuid_entry2 *entry, struct kvm_cpuid2 *supported, uint32_t leaf,
		       const struct guest_topology *guest, unsigned int vcpu,
		       enum guest_cache_id id)
{
	const struct guest_cache *cache = &guest->cpus[vcpu].cache[id];
	const struct kvm_cpuid_entry2 *known =
		find_cache(supported, leaf, cache_leaves[id].type, cache_leaves[id].level);
	bool shared = guest->shift[cache_leaves[id].shared] > 0;

	*entry = (struct kvm_cpuid_entry2){ .function = leaf };
	if (known && (!cache->size || cache->size == leaf_cache_size(known))) {
		*entry = *known;
	} else if (cache->size) {
		fill_geometry(entry, cache);
		entry->edx = known ? known->edx : 0;
	} else {
		return false;
	}
	entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	entry->eax = cache_leaves[id].type | cache_leaves[id].level << 5 | CACHE_SELF_INIT |
		     (entry->eax & CACHE_FULL_ASSOC);
	if (shared)
		entry->eax |= at_most((1u << guest->shift[cache_leaves[id].shared]) - 1, 0xfff)
			      << 14;
	return true;
}

static void set_caches(struct kvm_cpuid2 **cpuid, struct kvm_cpuid2 *supported, uint32_t leaf,
		       const struct guest_topology *guest, unsigned int vcpu)
{
	struct kvm_cpuid_entry2 entry;
	uint32_t subleaf = 0;

	kvm_cpuid_remove(*cpuid, leaf);
	for (int id = 0; id < NR_GUEST_CACHES; id++) {
		if (!fill_cache(&entry, supported, leaf, guest, vcpu, (enum guest_cache_id)id))
			continue;
		entry.index = subleaf++;
		if (leaf == 4)
			entry.eax |= at_most((1u << (guest->shift[GUEST_PACKAGE] -
						     guest->shift[GUEST_CORE])) -
						     1,
					     63)
				     << 26;
		set_leaf(cpuid, &entry);
	}
	entry = (struct kvm_cpuid_entry2){ .function = leaf,
					   .index = subleaf,
					   .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX };
	set_leaf(cpuid, &entry); /* type 0: no more caches */
}

/* Levels ----------------------------------------------------------------------------------- */

struct ext_level {
	unsigned int type, shift, count;
};

/* Leaves 0xB and 0x1F: per level the shift to the next one and how many CPUs it has at most. */
static void set_levels(struct kvm_cpuid2 **cpuid, uint32_t leaf, const struct ext_level *levels,
		       unsigned int nr)
{
	kvm_cpuid_remove(*cpuid, leaf);
	for (unsigned int i = 0; i <= nr; i++) {
		struct kvm_cpuid_entry2 entry = { .function = leaf,
						  .index = i,
						  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
						  .ecx = i };

		if (i < nr) {
			entry.eax = levels[i].shift;
			entry.ebx = levels[i].count;
			entry.ecx |= levels[i].type << 8;
		}
		set_leaf(cpuid, &entry);
	}
}

static void set_leaf_b(struct kvm_cpuid2 **cpuid, const struct guest_topology *guest)
{
	struct ext_level levels[] = {
		{ LEVEL_THREADS, guest->shift[GUEST_CORE],
		  guest_topology_group_size(guest, GUEST_CORE) },
		{ LEVEL_CORES, guest->shift[GUEST_PACKAGE],
		  guest_topology_group_size(guest, GUEST_PACKAGE) },
	};

	set_levels(cpuid, 0xb, levels, 2);
	raise_limit(*cpuid, 0, 0xb);
}

/* Only where there are dies to tell of, or the guest would expect the leaf of this CPU model. */
static void set_leaf_1f(struct kvm_cpuid2 **cpuid, const struct guest_topology *guest)
{
	bool dies = guest->nr_groups[GUEST_DIE] > guest->nr_groups[GUEST_PACKAGE];
	const struct kvm_cpuid_entry2 *limit = kvm_cpuid_find(*cpuid, 0, 0);
	unsigned int die = guest_topology_group_size(guest, GUEST_DIE);
	unsigned int package = guest_topology_group_size(guest, GUEST_PACKAGE);
	struct ext_level levels[] = {
		{ LEVEL_THREADS, guest->shift[GUEST_CORE],
		  guest_topology_group_size(guest, GUEST_CORE) },
		{ LEVEL_CORES, guest->shift[dies ? GUEST_DIE : GUEST_PACKAGE],
		  dies ? die : package },
		{ LEVEL_DIES, guest->shift[GUEST_PACKAGE], package },
	};

	kvm_cpuid_remove(*cpuid, 0x1f);
	if (!dies && (!limit || limit->eax < 0x1f))
		return;
	set_levels(cpuid, 0x1f, levels, dies ? 3 : 2);
	raise_limit(*cpuid, 0, 0x1f);
}

/* Vendors ---------------------------------------------------------------------------------- */

static void set_leaf_1(struct kvm_cpuid2 *cpuid, const struct guest_topology *guest)
{
	/* Intel and AMD both read it as how many APIC ids a package takes; 8 bits hold 128. */
	unsigned int ids = 1u << at_most(guest->shift[GUEST_PACKAGE], 7);
	bool several = guest_topology_group_size(guest, GUEST_PACKAGE) > 1;

	kvm_cpuid_mask(cpuid, 1, 0, CPUID_EBX, 0x00ff0000, several ? ids << 16 : 1u << 16);
	kvm_cpuid_mask(cpuid, 1, 0, CPUID_EDX, LEAF1_HTT, several ? LEAF1_HTT : 0);
}

static void set_amd(struct kvm_cpuid2 **cpuid, const struct guest_topology *guest)
{
	unsigned int cpus = guest_topology_group_size(guest, GUEST_PACKAGE);
	struct kvm_cpuid_entry2 entry = { .function = 0x8000001e };

	kvm_cpuid_mask(*cpuid, 0x80000001, 0, CPUID_ECX, EXT1_CMP_LEGACY | EXT1_TOPOEXT,
		       EXT1_TOPOEXT | (cpus > 1 ? EXT1_CMP_LEGACY : 0));
	kvm_cpuid_mask(*cpuid, 0x80000008, 0, CPUID_ECX, 0xf0ff,
		       at_most(cpus - 1, 255) | at_most(guest->shift[GUEST_PACKAGE], 15) << 12);
	kvm_cpuid_remove(*cpuid, 4);
	kvm_cpuid_remove(*cpuid, 0x1f);
	kvm_cpuid_remove(*cpuid, 0x80000026); /* it would win over 0xB */
	kvm_cpuid_remove(*cpuid, 0x8000001e);
	set_leaf(cpuid, &entry);
	raise_limit(*cpuid, 0x80000000, 0x8000001e);
}

static unsigned int dies_per_package(const struct guest_topology *guest)
{
	return (guest->nr_groups[GUEST_DIE] + guest->nr_groups[GUEST_PACKAGE] - 1) /
	       guest->nr_groups[GUEST_PACKAGE];
}

static void set_amd_vcpu(struct kvm_cpuid2 *cpuid, const struct guest_topology *guest,
			 const struct guest_cpu *cpu)
{
	struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, 0x8000001e, 0);
	uint32_t in_package = cpu->apic_id & (uint32_t)((1ull << guest->shift[GUEST_PACKAGE]) - 1);

	if (!entry)
		return;
	entry->eax = cpu->apic_id;
	entry->ebx = ((in_package >> guest->shift[GUEST_CORE]) & 0xff) |
		     (guest_topology_group_size(guest, GUEST_CORE) - 1) << 8;
	entry->ecx = (cpu->group[GUEST_DIE] & 0xff) | at_most(dies_per_package(guest) - 1, 7) << 8;
	entry->edx = 0;
}

void cpu_topology_set_vcpu(struct kvm_cpuid2 *cpuid, const struct guest_topology *guest,
			   unsigned int vcpu)
{
	const struct guest_cpu *cpu = &guest->cpus[vcpu];

	kvm_cpuid_mask(cpuid, 1, 0, CPUID_EBX, 0xff000000, (cpu->apic_id & 0xff) << 24);
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 0xb || cpuid->entries[i].function == 0x1f)
			cpuid->entries[i].edx = cpu->apic_id;
	if (cpu_topology_is_amd(cpuid))
		set_amd_vcpu(cpuid, guest, cpu);
}

void cpu_topology_set(struct kvm_cpuid2 **cpuid, const struct guest_topology *guest,
		      unsigned int vcpu)
{
	struct kvm_cpuid2 *supported = kvm_cpuid_copy(*cpuid);

	set_leaf_1(*cpuid, guest);
	set_leaf_b(cpuid, guest);
	if (cpu_topology_is_amd(*cpuid)) {
		set_amd(cpuid, guest);
		set_caches(cpuid, supported, 0x8000001d, guest, vcpu);
	} else {
		set_leaf_1f(cpuid, guest);
		set_caches(cpuid, supported, 4, guest, vcpu);
		raise_limit(*cpuid, 0, 4);
	}
	free(supported);
	cpu_topology_set_vcpu(*cpuid, guest, vcpu);
}
