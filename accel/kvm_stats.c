#include "accel/kvm_stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"

#define NR_MAX	 4096u /* far above what any kernel has (under 100) */
#define NAME_MAX 1024u

static size_t stride(const struct kvm_stats *stats)
{
	return sizeof(struct kvm_stats_desc) + stats->name_len;
}

static int read_exact(int fd, void *buf, size_t len, uint64_t offset)
{
	ssize_t got = pread(fd, buf, len, (off_t)offset);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EIO;
}

static int read_descriptors(struct kvm_stats *stats)
{
	struct kvm_stats_header header;
	int ret = read_exact(stats->fd, &header, sizeof(header), 0);

	if (ret)
		return ret;
	if (header.num_desc > NR_MAX || header.name_size > NAME_MAX || !header.name_size)
		return -EPROTO;
	stats->nr = header.num_desc;
	stats->name_len = header.name_size;
	stats->data_offset = header.data_offset;
	stats->descriptors = alloc_zeroed(stats->nr, stride(stats));
	return read_exact(stats->fd, stats->descriptors, stats->nr * stride(stats),
			  header.desc_offset);
}

int kvm_stats_init(struct kvm_stats *stats, int fd, struct err *err)
{
	int ret;

	*stats = (struct kvm_stats){ .fd = ioctl(fd, KVM_GET_STATS_FD, NULL) };
	if (stats->fd < 0)
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot open the counters");
	ret = read_descriptors(stats);
	return ret ? err_sys(err, EXIT_HOST, -ret, "kvm: cannot read the counters' names") : 0;
}

void kvm_stats_fini(struct kvm_stats *stats)
{
	if (stats->fd >= 0)
		close(stats->fd);
	free(stats->descriptors);
	*stats = (struct kvm_stats){ .fd = -1 };
}

int kvm_stats_read(const struct kvm_stats *stats, const char *name, uint64_t *value)
{
	for (uint32_t i = 0; i < stats->nr; i++) {
		const char *at = stats->descriptors + i * stride(stats);
		struct kvm_stats_desc desc;

		memcpy(&desc, at, sizeof(desc));
		if (!strncmp(at + sizeof(desc), name, stats->name_len))
			return read_exact(stats->fd, value, sizeof(*value),
					  (uint64_t)stats->data_offset + desc.offset);
	}
	return -ENOENT;
}
