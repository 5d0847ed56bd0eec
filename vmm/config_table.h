#ifndef SITU_VMM_CONFIG_TABLE_H
#define SITU_VMM_CONFIG_TABLE_H

#include "base/schema.h"

/* The table of struct vm_config: the reader, the flags, the help and the manual come from it. */
extern const struct schema_table vm_config_table;

/* The keys of Cloud Hypervisor's devices that are not supported yet; inside vmm/config_*.c only. */
extern const struct schema_table vm_later_disk, vm_later_net, vm_later_rng, vm_later_balloon,
	vm_later_fs, vm_later_vhost_user, vm_later_rtc, vm_later_pmem, vm_later_debug_console,
	vm_later_device, vm_later_user_device, vm_later_vdpa, vm_later_vsock, vm_later_platform,
	vm_later_pci_segment, vm_later_tpm, vm_later_landlock, vm_later_rate_group,
	vm_later_ivshmem, vm_later_sgx, vm_later_fw_cfg;

#define SCHEMA_ROWS(array) .rows = (array), .nr_rows = sizeof(array) / sizeof(*(array))
#define ROW(owner, member, type_, help_, ...)                            \
	{                                                                \
		.key = #member, .type = SCHEMA_##type_, .help = (help_), \
		.offset = offsetof(struct owner, member), __VA_ARGS__    \
	}
#define LIST(owner, member, items_, help_, ...)                                                 \
	{                                                                                       \
		.key = #member, .type = SCHEMA_LIST, .help = (help_), .items = SCHEMA_##items_, \
		.offset = offsetof(struct owner, member),                                       \
		.nr_offset = offsetof(struct owner, nr_##member), __VA_ARGS__                   \
	}
/* Becomes a ROW or LIST, with its field, on the day it is supported. */
#define LATER(key_, type_, help_, ...)                                                             \
	{                                                                                          \
		.key = (key_), .type = SCHEMA_##type_, .help = (help_), .later = true, __VA_ARGS__ \
	}

#endif
