#include "vmm/boot/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int boot_image_open(struct boot_image *image, const char *path, struct err *err)
{
	struct stat st;

	/* Without O_NONBLOCK a pipe would be waited for. */
	*image = (struct boot_image){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK),
				      .path = path };
	if (image->fd < 0)
		return err_sys(err, EXIT_INPUT, errno, "%s: cannot open", path);
	if (fstat(image->fd, &st))
		return err_sys(err, EXIT_INPUT, errno, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return err_set(err, EXIT_INPUT, EINVAL, "%s: is no regular file or is empty", path);
	image->len = (uint64_t)st.st_size;
	return 0;
}

void boot_image_close(struct boot_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

int boot_image_read(const struct boot_image *image, uint64_t offset, void *buf, uint64_t len)
{
	uint8_t *to = buf;

	if (offset > image->len || len > image->len - offset)
		return -ENODATA;
	while (len) {
		ssize_t got = pread(image->fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) /* 0: it was cut after it was opened */
			return got ? -errno : -ENODATA;
		to += got;
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return 0;
}

/* How many bytes from gpa on, at most len, lie in one region; 0: there is no RAM. */
static uint64_t contiguous(const struct gmem *gmem, gpa_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_spec *spec = &gmem->regions[i].spec;

		if (gpa >= spec->gpa && gpa - spec->gpa < spec->len) {
			uint64_t rest = spec->len - (gpa - spec->gpa);

			return rest < len ? rest : len;
		}
	}
	return 0;
}

int boot_check_ram(const struct gmem *gmem, gpa_t gpa, uint64_t len)
{
	while (len) {
		uint64_t part = contiguous(gmem, gpa, len);

		if (!part || !gmem_ptr(gmem, gpa, part))
			return -EFAULT;
		gpa += part;
		len -= part;
	}
	return 0;
}

int boot_write(const struct gmem *gmem, gpa_t gpa, const void *data, uint64_t len)
{
	const uint8_t *from = data;

	if (boot_check_ram(gmem, gpa, len))
		return -EFAULT;
	while (len) {
		uint64_t part = contiguous(gmem, gpa, len);

		memcpy(gmem_ptr(gmem, gpa, part), from, part);
		from += part;
		gpa += part;
		len -= part;
	}
	return 0;
}

int boot_image_load(const struct boot_image *image, uint64_t offset, uint64_t len,
		    const struct gmem *gmem, gpa_t gpa, struct err *err)
{
	if (offset > image->len || len > image->len - offset)
		return err_set(err, EXIT_INPUT, ENODATA,
			       "%s: ends before byte %llu, which its headers promise; is it cut?",
			       image->path, (unsigned long long)offset + len);
	if (boot_check_ram(gmem, gpa, len))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "%s: wants %llu KiB at 0x%llx, where the guest has no RAM; give it "
			       "more memory",
			       image->path, (unsigned long long)len >> 10, (unsigned long long)gpa);
	while (len) {
		uint64_t part = contiguous(gmem, gpa, len);
		int ret = boot_image_read(image, offset, gmem_ptr(gmem, gpa, part), part);

		if (ret)
			return err_sys(err, EXIT_INPUT, -ret, "%s: cannot read", image->path);
		offset += part;
		gpa += part;
		len -= part;
	}
	return 0;
}
