#ifndef SITU_VMM_BOOT_IMAGE_H
#define SITU_VMM_BOOT_IMAGE_H

#include <stdint.h>

#include "base/err.h"
#include "numa/memory.h"

/*
 * A kernel or initramfs file, and copies into guest memory. Before vCPUs run; one thread.
 *
 * Images are hostile input: every offset and length is checked against the file, every address goes
 * through gmem_ptr(). A copy may cross from one region of RAM into the next.
 */
struct boot_image {
	int fd; /* -1: not open */
	uint64_t len;
	const char *path; /* the caller's */
};

/* A regular file that is not empty; EXIT_INPUT. */
int boot_image_open(struct boot_image *image, const char *path, struct err *err);
void boot_image_close(struct boot_image *image);

/* Reads exactly len bytes; -ENODATA where the file has fewer, other -errno of pread(2). */
int boot_image_read(const struct boot_image *image, uint64_t offset, void *buf, uint64_t len);

/* Reads len bytes of the file straight into guest memory. -EFAULT: no RAM there. err filled. */
int boot_image_load(const struct boot_image *image, uint64_t offset, uint64_t len,
		    const struct gmem *gmem, gpa_t gpa, struct err *err);

/* -EFAULT where [gpa, gpa + len) is not all RAM. */
int boot_write(const struct gmem *gmem, gpa_t gpa, const void *data, uint64_t len);
int boot_check_ram(const struct gmem *gmem, gpa_t gpa, uint64_t len);

#endif
