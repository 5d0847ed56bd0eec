/* Kernel images of every format: whatever is accepted starts inside RAM, and nothing is written
 * elsewhere (the regions have guards around them). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/boot/boot.h"
#include "vmm/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HALF UINT64_C(0x2000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct guest_node nodes[2] = { { HALF, 0 }, { HALF, 0 } };
	struct gmem_spec specs[2] = { { .gpa = 0, .len = HALF }, { .gpa = HALF, .len = HALF } };
	int fd = memfd_create("kernel", MFD_CLOEXEC);
	struct kvm_start start = { 0 };
	struct ram_map ram;
	struct gmem gmem;
	struct err err = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert(write(fd, data, len) == (ssize_t)len);
	ram_map_init(&ram, nodes, 2);
	assert(!gmem_init(&gmem, specs, 2, NULL, &err));
	const struct boot_request req = { path, path, "console=ttyS0", &ram, NULL };

	if (!boot_load(&start, &req, &gmem, &err))
		assert(gmem_ptr(&gmem, start.ip, 1));
	else
		assert(err.status == EXIT_INPUT);
	gmem_fini(&gmem);
	ram_map_fini(&ram);
	close(fd);
	return 0;
}
