#include "tests/fake/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accel/kvm_irq.h"
#include "accel/kvm_probe.h"
#include "accel/kvm_vcpu.h"
#include "base/alloc.h"

#define DATA_OFFSET 4096u
#define RUN_LEN	    8192u

struct fake_kvm fake_kvm;

const struct kvm_capability kvm_capabilities[] = { { "FAKE", 1, true, "tests" } };
const unsigned int kvm_nr_capabilities = 1;

int kvm_open(struct err *err)
{
	(void)err;
	return dup(STDIN_FILENO);
}

int kvm_check(int fd, int capability)
{
	(void)fd;
	return capability == 1;
}

int kvm_init(struct kvm *kvm, const struct kvm_options *options, struct err *err)
{
	(void)err;
	*kvm = (struct kvm){ .sys_fd = -1,
			     .vm_fd = -1,
			     .run_len = RUN_LEN,
			     .max_vcpu_id = 1024,
			     .irqchip = options->irqchip };
	return 0;
}

void kvm_fini(struct kvm *kvm)
{
	kvm_slots_fini(&kvm->slots);
}

int kvm_set_slot(const struct kvm *kvm, unsigned int slot, const struct kvm_slot *to)
{
	(void)kvm;
	(void)slot;
	fake_kvm.nr_slots_set++;
	return to->flags ? -EINVAL : 0; /* no flag is known */
}

int kvm_supported_cpuid(const struct kvm *kvm, struct kvm_cpuid2 **cpuid, struct err *err)
{
	(void)kvm;
	(void)err;
	*cpuid = alloc_zeroed(1, sizeof(**cpuid));
	return 0;
}

/* The run area, and behind it how far the script has been played. */
struct fake_run {
	char area[RUN_LEN];
	unsigned int next;
	const struct fake_exit *current;
};

int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm *kvm, unsigned int id, struct err *err)
{
	struct fake_run *fake;

	(void)kvm;
	*vcpu = (struct kvm_vcpu){ .fd = -1 };
	if (fake_kvm.fail_vcpu == id + 1)
		return err_set(err, EXIT_HOST, ENOMEM, "vcpu %u: KVM cannot create it", id);
	fake = aligned_alloc(4096, (sizeof(*fake) + 4095) / 4096 * 4096);
	memset(fake, 0, sizeof(*fake));
	vcpu->run = (struct kvm_run *)fake->area;
	__atomic_fetch_add(&fake_kvm.nr_vcpus_live, 1, __ATOMIC_RELAXED);
	return 0;
}

void kvm_vcpu_fini(struct kvm_vcpu *vcpu)
{
	if (!vcpu->run)
		return;
	free(vcpu->run);
	vcpu->run = NULL;
	__atomic_fetch_sub(&fake_kvm.nr_vcpus_live, 1, __ATOMIC_RELAXED);
}

static void play_access(const struct fake_exit *exit, struct kvm_run *run)
{
	uint64_t *data = (uint64_t *)((char *)run + DATA_OFFSET);

	if (exit->reason == KVM_EXIT_IO) {
		run->io.port = (uint16_t)exit->addr;
		run->io.size = (uint8_t)exit->len;
		run->io.count = exit->count ? exit->count : 1;
		run->io.direction = exit->is_write ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
		run->io.data_offset = DATA_OFFSET;
		*data = exit->data;
	} else if (exit->reason == KVM_EXIT_MMIO) {
		run->mmio.phys_addr = exit->addr;
		run->mmio.len = exit->len;
		run->mmio.is_write = (uint8_t)exit->is_write;
		memcpy(run->mmio.data, &exit->data, sizeof(run->mmio.data));
	}
}

static int play(struct fake_run *fake)
{
	struct kvm_run *run = (struct kvm_run *)fake->area;

	fake->current = &fake_kvm.exits[fake->next++];
	run->exit_reason = fake->current->reason;
	play_access(fake->current, run);
	if (fake->current->prepare)
		fake->current->prepare(run);
	return fake->current->ret;
}

/* Takes the answer to a read, as KVM does when the guest is entered again. */
static void finish(struct fake_run *fake)
{
	struct kvm_run *run = (struct kvm_run *)fake->area;

	if (!fake->current)
		return;
	fake_kvm.nr_completed++;
	if (fake->current->reason == KVM_EXIT_IO && !fake->current->is_write)
		memcpy(&fake_kvm.last_read, fake->area + DATA_OFFSET, sizeof(uint64_t));
	if (fake->current->reason == KVM_EXIT_MMIO && !fake->current->is_write)
		memcpy(&fake_kvm.last_read, run->mmio.data, sizeof(uint64_t));
	fake->current = NULL;
}

static int is_kicked(const struct kvm_vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_RELAXED);
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct fake_run *fake = (struct fake_run *)vcpu->run;

	finish(fake);
	if (fake->next < fake_kvm.nr_exits &&
	    (!is_kicked(vcpu) || fake_kvm.exits[fake->next].continues))
		return play(fake);
	while (!is_kicked(vcpu))
		usleep(100);
	return -EINTR;
}

int kvm_vcpu_complete(struct kvm_vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	return kvm_vcpu_run(vcpu);
}

int kvm_kick_setup(struct err *err)
{
	(void)err;
	return 0;
}

/* Which run area a kicked thread has: the test's stand-in for a thread-local pointer in a handler.
 */
#define FAKE_THREADS 64u
static struct {
	pthread_t thread;
	struct kvm_run *run;
} adopted[FAKE_THREADS];
static pthread_mutex_t adopted_lock = PTHREAD_MUTEX_INITIALIZER;

void kvm_vcpu_adopt(struct kvm_vcpu *vcpu)
{
	unsigned int i = 0;

	pthread_mutex_lock(&adopted_lock);
	while (i < FAKE_THREADS && adopted[i].run &&
	       !pthread_equal(adopted[i].thread, pthread_self()))
		i++;
	if (i < FAKE_THREADS) {
		adopted[i].thread = pthread_self();
		adopted[i].run = vcpu ? vcpu->run : NULL;
	}
	pthread_mutex_unlock(&adopted_lock);
}

void kvm_vcpu_kick(pthread_t thread)
{
	pthread_mutex_lock(&adopted_lock);
	for (unsigned int i = 0; i < FAKE_THREADS; i++)
		if (adopted[i].run && pthread_equal(adopted[i].thread, thread))
			__atomic_store_n(&adopted[i].run->immediate_exit, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&adopted_lock);
}

void kvm_vcpu_clear_kick(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELAXED);
}

int kvm_vcpu_get_regs(const struct kvm_vcpu *vcpu, struct kvm_regs *regs)
{
	(void)vcpu;
	*regs = (struct kvm_regs){ .rip = 0xfff0 };
	return 0;
}

int kvm_vcpu_start(const struct kvm_vcpu *vcpu, const struct kvm_start *start, struct err *err)
{
	(void)vcpu;
	(void)start;
	(void)err;
	return 0;
}

int kvm_vcpu_set_cpuid(const struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid, struct err *err)
{
	(void)vcpu;
	(void)cpuid;
	(void)err;
	return 0;
}

/* Nothing is routed in a VM without chips; the map of who has which GSI is real. */
void kvm_routes_init(struct kvm_routes *routes, enum irqchip_mode mode)
{
	(void)mode;
	*routes = (struct kvm_routes){ 0 };
}

void kvm_routes_fini(struct kvm_routes *routes)
{
	(void)routes;
}

int kvm_route_msi(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		  const struct kvm_irq_routing_msi *msi, struct err *err)
{
	(void)kvm;
	(void)gsi;
	(void)msi;
	(void)err;
	routes->nr++;
	return 0;
}

int kvm_route_remove(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi,
		     struct err *err)
{
	(void)kvm;
	(void)gsi;
	(void)err;
	routes->nr--;
	return 0;
}

/* The rest is there so that nothing of the real files is linked; it does nothing, well. */
int kvm_vcpu_set_regs(const struct kvm_vcpu *vcpu, const struct kvm_regs *regs)
{
	(void)vcpu;
	(void)regs;
	return 0;
}

int kvm_vcpu_get_sregs(const struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	(void)vcpu;
	*sregs = (struct kvm_sregs){ 0 };
	return 0;
}

int kvm_vcpu_set_sregs(const struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	(void)vcpu;
	(void)sregs;
	return 0;
}

int kvm_vcpu_get_mp_state(const struct kvm_vcpu *vcpu, uint32_t *state)
{
	(void)vcpu;
	*state = KVM_MP_STATE_RUNNABLE;
	return 0;
}

int kvm_vcpu_set_mp_state(const struct kvm_vcpu *vcpu, uint32_t state)
{
	(void)vcpu;
	(void)state;
	return 0;
}

int kvm_vcpu_get_lapic(const struct kvm_vcpu *vcpu, struct kvm_lapic_state *lapic)
{
	(void)vcpu;
	*lapic = (struct kvm_lapic_state){ 0 };
	return 0;
}

int kvm_vcpu_set_lapic(const struct kvm_vcpu *vcpu, const struct kvm_lapic_state *lapic)
{
	(void)vcpu;
	(void)lapic;
	return 0;
}

int kvm_vcpu_get_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t *value)
{
	(void)vcpu;
	(void)index;
	*value = 0;
	return 0;
}

int kvm_vcpu_set_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	(void)vcpu;
	(void)index;
	(void)value;
	return 0;
}

int kvm_vcpu_get_xsave(const struct kvm_vcpu *vcpu, const struct kvm *kvm, struct kvm_xsave **xsave)
{
	(void)vcpu;
	(void)kvm;
	*xsave = alloc_zeroed(1, sizeof(**xsave));
	return 0;
}

int kvm_vcpu_set_xsave(const struct kvm_vcpu *vcpu, const struct kvm_xsave *xsave)
{
	(void)vcpu;
	(void)xsave;
	return 0;
}

int kvm_route_pin(struct kvm_routes *routes, const struct kvm *kvm, uint32_t gsi, uint32_t chip,
		  uint32_t pin, struct err *err)
{
	(void)kvm;
	(void)gsi;
	(void)chip;
	(void)pin;
	(void)err;
	routes->nr++;
	return 0;
}

int kvm_irq_line(const struct kvm *kvm, uint32_t gsi, bool level)
{
	(void)kvm;
	(void)gsi;
	(void)level;
	return 0;
}

int kvm_irq_msi(const struct kvm *kvm, const struct kvm_irq_routing_msi *msi)
{
	(void)kvm;
	(void)msi;
	return 0;
}

int kvm_irqfd_add(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err)
{
	(void)kvm;
	(void)eventfd;
	(void)gsi;
	(void)err;
	return 0;
}

int kvm_irqfd_remove(const struct kvm *kvm, int eventfd, uint32_t gsi, struct err *err)
{
	return kvm_irqfd_add(kvm, eventfd, gsi, err);
}

int kvm_ioeventfd_add(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
		      struct err *err)
{
	(void)kvm;
	(void)eventfd;
	(void)bell;
	(void)err;
	return 0;
}

int kvm_ioeventfd_remove(const struct kvm *kvm, int eventfd, const struct kvm_doorbell *bell,
			 struct err *err)
{
	return kvm_ioeventfd_add(kvm, eventfd, bell, err);
}

/* A host whose guests run alike in both modes. */
int kvm_probe_speed(struct kvm_speed *speed, struct err *err)
{
	(void)err;
	*speed = (struct kvm_speed){ .kernel = 1e9, .user = 1e9 };
	return 0;
}
