#include <asm/kvm_para.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/kvm_cpuid.h"
#include "base/alloc.h"
#include "tests/fake/host.h"
#include "vmm/boot/cpu_topology.h"
#include "vmm/boot/cpuid.h"

/* What a KVM might list: enough leaves for every rule. */
static struct kvm_cpuid2 *make_supported(const char vendor[12], uint32_t limit)
{
	struct kvm_cpuid2 *cpuid = alloc_zeroed(1, sizeof(*cpuid));
	struct kvm_cpuid_entry2 leaves[] = {
		{ .function = 0, .eax = limit },
		{ .function = 1, .ebx = 0x00100800, .ecx = 1u << 24 },
		{ .function = 4,
		  .flags = 1,
		  .eax = 0x121,
		  .ebx = 0x1c0003f,
		  .ecx = 0x3f,
		  .edx = 5 },
		{ .function = 7, .flags = 1, .edx = 7u << 22 },
		{ .function = 0x1d, .flags = 1, .eax = 1 },
		{ .function = 0x40000001, .eax = 1u << KVM_FEATURE_PV_EOI },
		{ .function = 0x80000000, .eax = 0x80000008 },
		{ .function = 0x80000001 },
		{ .function = 0x80000008, .eax = 0x3030, .ecx = 0x7f },
		{ .function = 0x80000026, .flags = 1, .eax = 1 },
	};

	memcpy(&leaves[0].ebx, vendor, 4);
	memcpy(&leaves[0].edx, vendor + 4, 4);
	memcpy(&leaves[0].ecx, vendor + 8, 4);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++)
		kvm_cpuid_set(&cpuid, &leaves[i]);
	return cpuid;
}

struct fixture {
	struct topology host;
	struct guest_topology guest;
	struct kvm_cpuid2 *supported;
};

/* All CPUs of the host become vCPUs, in its logical order. */
static void setup(struct fixture *f, const struct fake_host_shape *shape, const char *vendor,
		  uint32_t limit)
{
	struct guest_request req = { .host = &f->host, .max_apic_id = 4095 };
	struct guest_node *nodes;
	unsigned int *cpu_nodes;
	struct err err = { 0 };
	int *cpus;

	fake_host(&f->host, shape);
	req.nr_cpus = f->host.nr_cpus;
	req.nr_nodes = f->host.nr_nodes;
	req.host_cpus = cpus = alloc_zeroed(req.nr_cpus, sizeof(*cpus));
	req.cpu_nodes = cpu_nodes = alloc_zeroed(req.nr_cpus, sizeof(*cpu_nodes));
	req.nodes = nodes = alloc_zeroed(req.nr_nodes, sizeof(*nodes));
	for (unsigned int i = 0; i < req.nr_cpus; i++) {
		cpus[i] = (int)f->host.cpus[i].os;
		cpu_nodes[i] = (unsigned int)f->host.cpus[i].node;
	}
	cr_assert_eq(guest_topology_init(&f->guest, &req, &err), 0, "%s", err.text);
	f->supported = make_supported(vendor, limit);
	free(cpus);
	free(cpu_nodes);
	free(nodes);
}

static void teardown(struct fixture *f)
{
	free(f->supported);
	guest_topology_fini(&f->guest);
	topology_fini(&f->host);
}

static struct kvm_cpuid2 *list_of(struct fixture *f, unsigned int vcpu)
{
	const struct guest_cpuid_options options = { .tsc_deadline = true };

	return guest_cpuid(f->supported, &f->guest, vcpu, &options);
}

static const struct kvm_cpuid_entry2 *leaf(struct kvm_cpuid2 *cpuid, uint32_t function,
					   uint32_t index)
{
	const struct kvm_cpuid_entry2 *entry = kvm_cpuid_find(cpuid, function, index);

	cr_assert_not_null(entry, "leaf %x.%u", function, index);
	return entry;
}

static bool is_topology_leaf(uint32_t function)
{
	return function == 1 || function == 4 || function == 0xb || function == 0x1f ||
	       function == 0x80000008 || function == 0x8000001d || function == 0x8000001e;
}

static void print_leaves(FILE *out, const char *title, struct fixture *f, unsigned int vcpu)
{
	struct kvm_cpuid2 *cpuid = list_of(f, vcpu);

	fprintf(out, "%s, vCPU %u\n", title, vcpu);
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (is_topology_leaf(e->function))
			fprintf(out, "%08x.%u %08x %08x %08x %08x\n", e->function, e->index, e->eax,
				e->ebx, e->ecx, e->edx);
	}
	free(cpuid);
}

#define GOLDEN "tests/vmm/golden/cpuid.txt"

static const struct {
	char title[40];
	struct fake_host_shape shape;
	char vendor[13];
	uint32_t limit;
	unsigned int vcpu;
} cases[] = {
	{ "Intel, two packages of six cores",
	  { 2, 1, 1, 6, 1, 2, false, false },
	  "GenuineIntel",
	  0x16,
	  13 },
	{ "Intel, two dies per package",
	  { 2, 2, 1, 4, 1, 2, true, false },
	  "GenuineIntel",
	  0x1f,
	  17 },
	{ "AMD, three L3 domains of three cores",
	  { 2, 1, 3, 3, 1, 2, false, false },
	  "AuthenticAMD",
	  0xd,
	  35 },
	{ "Intel, 300 CPUs", { 3, 1, 1, 50, 1, 2, false, false }, "GenuineIntel", 0x1f, 299 },
	{ "AMD, 300 CPUs", { 3, 1, 10, 5, 1, 2, false, false }, "AuthenticAMD", 0x10, 299 },
};

Test(cpu_topology, the_leaves_of_five_hosts_are_the_golden_ones)
{
	char *text, *golden = calloc(1, 65536);
	size_t len;
	FILE *out = open_memstream(&text, &len), *file;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;

		setup(&f, &cases[i].shape, cases[i].vendor, cases[i].limit);
		print_leaves(out, cases[i].title, &f, cases[i].vcpu);
		teardown(&f);
	}
	fclose(out);
	if (getenv("SITU_UPDATE_GOLDEN")) {
		file = fopen(GOLDEN, "w");
		fputs(text, file);
		fclose(file);
	}
	file = fopen(GOLDEN, "r");
	cr_assert_not_null(file);
	cr_assert_gt(fread(golden, 1, 65535, file), 0);
	fclose(file);
	cr_assert_str_eq(text, golden, "differs from " GOLDEN "; SITU_UPDATE_GOLDEN=1 accepts it");
	free(text);
	free(golden);
}

/* Reads the leaves back as a kernel does: groups by leaf 0xB's shifts and by the cache leaves. */
static void check_decoded(struct fixture *f, uint32_t cache_leaf)
{
	struct kvm_cpuid2 **lists = alloc_zeroed(f->guest.nr_cpus, sizeof(*lists));

	for (unsigned int i = 0; i < f->guest.nr_cpus; i++)
		lists[i] = list_of(f, i);
	for (unsigned int i = 0; i < f->guest.nr_cpus; i++) {
		const struct guest_cpu *a = &f->guest.cpus[i];
		unsigned int core_shift = leaf(lists[i], 0xb, 0)->eax;
		unsigned int package_shift = leaf(lists[i], 0xb, 1)->eax;
		unsigned int sharing = (leaf(lists[i], cache_leaf, 3)->eax >> 14 & 0xfff) + 1;
		unsigned int l3_shift = (unsigned int)__builtin_ctz(sharing);

		cr_assert_eq(leaf(lists[i], 0xb, 0)->edx, a->apic_id);
		cr_assert_eq(leaf(lists[i], 1, 0)->ebx >> 24, a->apic_id & 0xff);
		cr_assert_eq(sharing & (sharing - 1), 0);
		for (unsigned int j = 0; j < f->guest.nr_cpus; j++) {
			const struct guest_cpu *b = &f->guest.cpus[j];
			uint32_t x = leaf(lists[i], 0xb, 0)->edx, y = leaf(lists[j], 0xb, 0)->edx;

			cr_assert_eq(x >> core_shift == y >> core_shift,
				     a->group[GUEST_CORE] == b->group[GUEST_CORE]);
			cr_assert_eq(x >> package_shift == y >> package_shift,
				     a->group[GUEST_PACKAGE] == b->group[GUEST_PACKAGE]);
			cr_assert_eq(x >> l3_shift == y >> l3_shift,
				     a->group[GUEST_L3] == b->group[GUEST_L3]);
		}
	}
	for (unsigned int i = 0; i < f->guest.nr_cpus; i++)
		free(lists[i]);
	free(lists);
}

Test(cpu_topology, decoded_as_a_kernel_does_the_groups_are_the_hosts)
{
	for (size_t i = 0; i < 3; i++) {
		bool amd = cases[i].vendor[0] == 'A';
		struct fixture f;

		setup(&f, &cases[i].shape, cases[i].vendor, cases[i].limit);
		check_decoded(&f, amd ? 0x8000001d : 4);
		teardown(&f);
	}
}

Test(cpu_topology, amd_gets_topoext_its_own_leaves_and_no_leaf_that_would_win_over_them)
{
	struct fixture f;
	struct kvm_cpuid2 *cpuid;

	setup(&f, &cases[2].shape, "AuthenticAMD", 0xd);
	cpuid = list_of(&f, 5);
	cr_assert(leaf(cpuid, 0x80000001, 0)->ecx & 1u << 22);
	cr_assert_eq(leaf(cpuid, 0x80000000, 0)->eax, 0x8000001e);
	cr_assert_eq(leaf(cpuid, 0x8000001e, 0)->eax, f.guest.cpus[5].apic_id);
	cr_assert_null(kvm_cpuid_find(cpuid, 0x80000026, 0));
	cr_assert_null(kvm_cpuid_find(cpuid, 4, 0));
	free(cpuid);
	teardown(&f);
}

Test(cpu_topology, a_cache_of_known_geometry_keeps_it_and_others_multiply_up_to_their_size)
{
	struct fixture f;
	struct kvm_cpuid2 *cpuid;
	const struct kvm_cpuid_entry2 *entry;

	setup(&f, &cases[0].shape, "GenuineIntel", 0x16);
	cpuid = list_of(&f, 0);
	entry = leaf(cpuid, 4, 0); /* 32 KiB as KVM lists it */
	cr_assert_eq(entry->ebx, 0x1c0003f);
	cr_assert_eq(entry->edx, 5);
	entry = leaf(cpuid, 4, 3);
	cr_assert_eq(((entry->ebx >> 22) + 1) * ((entry->ebx & 0xfff) + 1) * (entry->ecx + 1),
		     32u << 20);
	cr_assert_eq(leaf(cpuid, 4, 4)->eax & 0x1f, 0, "the list ends");
	free(cpuid);
	teardown(&f);
}

Test(cpuid, choices_reach_their_bits)
{
	struct guest_cpuid_options options = { .realtime = true, .amx = true };
	struct fixture f;
	struct kvm_cpuid2 *cpuid;

	setup(&f, &cases[0].shape, "GenuineIntel", 0x16);
	cpuid = guest_cpuid(f.supported, &f.guest, 0, &options);
	cr_assert_not(leaf(cpuid, 1, 0)->ecx & 1u << 24, "no TSC deadline timer");
	cr_assert(leaf(cpuid, 1, 0)->ecx & 1u << 31);
	cr_assert(leaf(cpuid, 7, 0)->edx & 1u << 24);
	cr_assert(leaf(cpuid, 0x40000001, 0)->edx & 1);
	free(cpuid);
	cpuid = list_of(&f, 0);
	cr_assert(leaf(cpuid, 1, 0)->ecx & 1u << 24);
	cr_assert_not(leaf(cpuid, 7, 0)->edx & 1u << 24);
	cr_assert_null(kvm_cpuid_find(cpuid, 0x1d, 0));
	cr_assert_not(leaf(cpuid, 0x40000001, 0)->edx & 1);
	cr_assert_not(leaf(cpuid, 0x40000001, 0)->eax & 1u << 15);
	free(cpuid);
	teardown(&f);
}

Test(cpuid, over_254_vcpus_the_guest_learns_of_wide_interrupt_destinations)
{
	struct fixture f;
	struct kvm_cpuid2 *cpuid;

	setup(&f, &cases[3].shape, "GenuineIntel", 0x1f);
	cpuid = list_of(&f, 299);
	cr_assert_eq(f.guest.nr_cpus, 300);
	cr_assert(leaf(cpuid, 0x40000001, 0)->eax & 1u << 15);
	cr_assert(leaf(cpuid, 1, 0)->ecx & 1u << 21, "x2APIC");
	cr_assert_gt(leaf(cpuid, 0xb, 0)->edx, 255);
	free(cpuid);
	teardown(&f);
}
