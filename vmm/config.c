#include "vmm/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "vmm/config_table.h"

#define DEFAULT_MEMORY	  (512 * MIB)
#define DEFAULT_HUGE_PAGE (2 * MIB)

static void resolve_memory(struct vm_config *config)
{
	struct vm_memory *memory = &config->memory;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < memory->nr_zones; i++)
		sum += memory->zones[i].size;
	if (!memory->size)
		memory->size = memory->nr_zones ? sum : DEFAULT_MEMORY;
	if (memory->hugepages && !memory->hugepage_size)
		memory->hugepage_size = DEFAULT_HUGE_PAGE;
	if (memory->prefault == TRI_AUTO)
		memory->prefault = config->placement.strict || memory->hugepages ||
						   config->tune.profile == VM_TUNE_LATENCY
					   ? TRI_TRUE
					   : TRI_FALSE;
}

static void resolve_zone(const struct vm_memory *memory, struct vm_memory_zone *zone)
{
	if (zone->hugepages == TRI_AUTO)
		zone->hugepages = memory->hugepages ? TRI_TRUE : TRI_FALSE;
	if (zone->hugepages == TRI_TRUE && !zone->hugepage_size)
		zone->hugepage_size =
			memory->hugepage_size ? memory->hugepage_size : DEFAULT_HUGE_PAGE;
	if (zone->prefault == TRI_AUTO)
		zone->prefault = zone->hugepages == TRI_TRUE ? TRI_TRUE : memory->prefault;
}

void vm_config_resolve(struct vm_config *config)
{
	if (config->cpus.max_vcpus == SCHEMA_UNSET)
		config->cpus.max_vcpus = config->cpus.boot_vcpus;
	resolve_memory(config);
	for (unsigned int i = 0; i < config->memory.nr_zones; i++)
		resolve_zone(&config->memory, &config->memory.zones[i]);
	if ((int)config->serial.mode == SCHEMA_NO_ENUM)
		config->serial.mode = config->serial.file ? VM_CONSOLE_FILE : VM_CONSOLE_TTY;
}

void vm_config_init(struct vm_config *config)
{
	schema_defaults(&vm_config_table, config);
	vm_config_resolve(config);
}

void vm_config_fini(struct vm_config *config)
{
	schema_fini(&vm_config_table, config);
}

int vm_config_load(struct vm_config *config, const char *const *files, size_t nr_files,
		   const struct schema_node *flags, struct schema_report *report)
{
	struct schema_node *node;

	schema_fini(&vm_config_table, config);
	schema_defaults(&vm_config_table, config);
	for (size_t i = 0; i < nr_files; i++) {
		node = schema_parse_file(files[i], report);
		if (node)
			schema_apply(&vm_config_table, node, config, report);
		schema_node_free(node);
	}
	if (flags)
		schema_apply(&vm_config_table, flags, config, report);
	if (report->nr)
		return -EINVAL;
	vm_config_resolve(config);
	return vm_config_check(config, report);
}

char *vm_config_print(const struct vm_config *config)
{
	return schema_print(&vm_config_table, config);
}
