#include "vmm/boot/boot.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "vmm/boot/loader.h"
#include "vmm/layout.h"

#define PAGE UINT64_C(4096)

#define AUTO_IMAGE __attribute__((cleanup(boot_image_close)))

/* A PVH note wins over a multiboot header, which wins over the plain ELF entry. */
static int load_kernel(struct boot_kernel *kernel, const struct boot_image *image,
		       const struct gmem *gmem, struct err *err)
{
	bool is_elf = elf_probe(image);
	uint32_t offset;
	int ret = 0;

	if (bzimage_probe(image))
		return bzimage_load(kernel, image, gmem, err);
	if (is_elf) {
		ret = elf_load(kernel, image, gmem, err);
		if (!ret && kernel->protocol == BOOT_PVH)
			return 0;
	}
	if (multiboot_probe(image, &offset))
		return multiboot_load(kernel, image, offset, gmem, err);
	if (is_elf)
		return ret;
	return err_set(err, EXIT_INPUT, ENOEXEC,
		       "%s: is no kernel that situ can boot; give a bzImage, an ELF file or a "
		       "multiboot image",
		       image->path);
}

/* As high as the kernel lets it be, so that nothing that grows upwards meets it. */
static int load_initramfs(struct boot_module *module, const struct boot_request *req,
			  const struct boot_kernel *kernel, const struct gmem *gmem,
			  struct err *err)
{
	struct boot_image image AUTO_IMAGE = { .fd = -1 };
	gpa_t end = memmap_low_end(req->ram);
	int ret;

	if (!req->initramfs)
		return 0;
	ret = boot_image_open(&image, req->initramfs, err);
	if (ret) {
		err_context(err, "payload.initramfs");
		return ret;
	}
	if (end > kernel->initramfs_end)
		end = kernel->initramfs_end;
	if (end < kernel->end || image.len > end - kernel->end ||
	    ((end - image.len) & ~(PAGE - 1)) < kernel->end)
		return err_set(err, EXIT_INPUT, ENOMEM,
			       "%s: %llu MiB do not fit between the kernel and 0x%llx; give the "
			       "guest more memory",
			       req->initramfs, (unsigned long long)(image.len >> 20) + 1,
			       (unsigned long long)end);
	*module = (struct boot_module){ (end - image.len) & ~(PAGE - 1), image.len };
	return boot_image_load(&image, 0, image.len, gmem, module->gpa, err);
}

/* There is no PCI, and a Linux that is not told looks at thousands of ports for it. */
static char *make_cmdline(const struct boot_request *req, const struct boot_kernel *kernel)
{
	const char *given = req->cmdline ? req->cmdline : "";

	if (kernel->protocol != BOOT_LINUX64 || strstr(given, "pci="))
		return alloc_string(given);
	return alloc_printf("pci=off%s%s", *given ? " " : "", given);
}

static int write_cmdline(const struct boot_request *req, const struct boot_kernel *kernel,
			 const struct gmem *gmem, struct err *err)
{
	AUTO_FREE char *cmdline = make_cmdline(req, kernel);
	size_t len = strlen(cmdline);

	if (len > kernel->cmdline_max || len >= LAYOUT_CMDLINE_MAX)
		return err_set(err, EXIT_INPUT, E2BIG,
			       "payload.cmdline: has %zu bytes; this kernel takes %llu", len,
			       (unsigned long long)kernel->cmdline_max);
	if (boot_write(gmem, LAYOUT_CMDLINE, cmdline, len + 1))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "memory: the guest has no RAM for a command line; give it 2 MiB");
	return 0;
}

static int (*const starters[])(struct kvm_start *, const struct boot_info *,
			       const struct gmem *) = {
	[BOOT_LINUX64] = linux_start,
	[BOOT_PVH] = pvh_start,
	[BOOT_MULTIBOOT] = multiboot_start,
};

int boot_load(struct kvm_start *start, const struct boot_request *req, const struct gmem *gmem,
	      struct err *err)
{
	struct boot_image image AUTO_IMAGE = { .fd = -1 };
	struct boot_kernel kernel = { 0 };
	struct boot_info info = { .kernel = &kernel, .ram = req->ram, .has_acpi = req->acpi };
	int ret = boot_image_open(&image, req->kernel, err);

	if (ret)
		err_context(err, "payload.kernel");
	else
		ret = load_kernel(&kernel, &image, gmem, err);
	if (!ret)
		ret = load_initramfs(&info.initramfs, req, &kernel, gmem, err);
	if (!ret)
		ret = write_cmdline(req, &kernel, gmem, err);
	if (ret)
		return ret;
	if ((req->acpi && boot_write(gmem, LAYOUT_ACPI, req->acpi->data, req->acpi->len)) ||
	    starters[kernel.protocol](start, &info, gmem))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "memory: the guest has no RAM for its tables below 1 MiB; give it "
			       "2 MiB");
	return 0;
}
