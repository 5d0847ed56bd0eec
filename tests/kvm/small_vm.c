#include "tests/kvm/small_vm.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

static void on_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct small_device *device = dev;
	unsigned int nr;

	if (!is_write) {
		memset(data, 0, len);
		*(char *)data = (char)(0x5a + device->nr_reads++);
		return;
	}
	nr = device->nr_writes++;
	if (nr < SMALL_KEPT) {
		memcpy(&device->written[nr], data, len);
		device->offset[nr] = offset;
		device->len[nr] = len;
	}
	if (nr + 1 == device->last_write)
		vm_stop(device->vm, EXIT_OK, "the last write was seen");
}

static int add_devices(struct small_vm *small, struct err *err)
{
	const struct bus_range port = {
		.base = SMALL_PORT, .len = 4, .fn = on_access, .dev = &small->port, .name = "port"
	};
	const struct bus_range mmio = { .base = SMALL_MMIO,
					.len = 4096,
					.fn = on_access,
					.dev = &small->mmio,
					.name = "registers" };
	int ret = bus_add(&small->vm.pio, &port, err);

	return ret ? ret : bus_add(&small->vm.mmio, &mmio, err);
}

static void set_starts(struct small_vm *small, const struct small_spec *spec)
{
	char *ram = gmem_ptr(&small->vm.gmem, 0, SMALL_RAM);

	memcpy(ram + SMALL_CODE, spec->code, spec->len);
	for (unsigned int i = 0; i < small->vm.nr_vcpus; i++) {
		struct kvm_start *start = &small->vm.vcpus[i].spec.start;

		*start = (struct kvm_start){
			.mode = spec->mode, .ip = SMALL_CODE, .sp = 0x8000, .rdi = i
		};
		kvm_start_tables(start, ram + SMALL_TABLES, SMALL_TABLES, UINT64_C(1) << 30,
				 0xf000);
	}
}

int small_vm_init(struct small_vm *small, const struct small_spec *spec, struct err *err)
{
	const struct gmem_spec ram = { .len = SMALL_RAM, .page_size = 4096 };
	unsigned int nr = spec->nr_vcpus ? spec->nr_vcpus : 1;
	struct vcpu_spec *vcpus AUTO_FREE = alloc_zeroed(nr, sizeof(*vcpus));
	const struct vm_spec vm_spec = {
		.kvm.irqchip = spec->irqchip,
		.regions = &ram,
		.nr_regions = 1,
		.vcpus = vcpus,
		.nr_vcpus = nr,
	};
	int ret;

	memset(small, 0, sizeof(*small));
	small->port.vm = small->mmio.vm = &small->vm;
	small->port.last_write = spec->last_write;
	for (unsigned int i = 0; i < nr; i++) {
		vcpus[i].id = i;
		vcpus[i].mem_node = -1;
	}
	ret = vm_init(&small->vm, &vm_spec, err);
	if (ret)
		return ret;
	set_starts(small, spec);
	return add_devices(small, err);
}

void small_vm_fini(struct small_vm *small)
{
	vm_fini(&small->vm);
}

int small_vm_whole(struct small_vm *small, const struct small_spec *spec, struct vm_end *end,
		   struct err *err)
{
	int ret = small_vm_init(small, spec, err);

	if (!ret)
		ret = vm_start(&small->vm, err);
	if (!ret)
		ret = vm_join(&small->vm, end, err);
	small_vm_fini(small);
	return ret;
}

int small_have_kvm(void)
{
	return !access("/dev/kvm", R_OK | W_OK);
}
