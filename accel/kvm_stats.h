#ifndef SITU_ACCEL_KVM_STATS_H
#define SITU_ACCEL_KVM_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * KVM's own counters of a VM or a vCPU ("exits", "irq_exits", ...), read from its binary stats
 * file (4.133 KVM_GET_STATS_FD). One thread at a time per object; it may be another than the
 * vCPU's, which is not disturbed.
 */
struct kvm_stats {
	int fd; /* -1: not open */
	char *descriptors; /* as KVM wrote them; layout known to the .c file */
	uint32_t nr, name_len, data_offset;
};

/* fd: of a VM or a vCPU. -ENOTTY where KVM has no such file; others as read(2). */
int kvm_stats_init(struct kvm_stats *stats, int fd, struct err *err);
void kvm_stats_fini(struct kvm_stats *stats);
/* One counter's value now. -ENOENT: KVM has none of that name. */
int kvm_stats_read(const struct kvm_stats *stats, const char *name, uint64_t *value);

#endif
