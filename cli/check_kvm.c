/* Checks of situ check: what this host's KVM can do. */
#include <stdio.h>
#include <unistd.h>

#include "accel/kvm.h"
#include "accel/kvm_probe.h"
#include "cli/check.h"

/* Emulated kernel mode is slower by thousands; a busy host's noise is not. */
#define EMULATED_RATIO 20.0

/* Whether there is a KVM to ask; the row of the device itself says why not. */
static bool have_kvm(const struct check_env *env, struct check_result *result)
{
	if (!env->root->is_host)
		check_set(result, CHECK_UNKNOWN, "only the host itself can tell");
	else if (access("/dev/kvm", R_OK | W_OK))
		check_set(result, CHECK_UNKNOWN, "/dev/kvm cannot be opened");
	else
		return true;
	return false;
}

/* "NAME, NAME" of what is missing, essential or not. Returns how many. */
static unsigned int list_missing(int fd, bool essential, char *buf, size_t len)
{
	unsigned int nr = 0;
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < kvm_nr_capabilities; i++) {
		const struct kvm_capability *cap = &kvm_capabilities[i];

		if (cap->essential != essential || kvm_check(fd, cap->number))
			continue;
		if (used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s (%s)",
						 nr ? ", " : "", cap->name, cap->purpose);
		nr++;
	}
	return nr;
}

static void judge_capabilities(int fd, struct check_result *result)
{
	char names[160];

	if (list_missing(fd, true, names, sizeof(names))) {
		check_set(result, CHECK_ERROR, "KVM lacks %s", names);
		check_remedy(result, "use a newer kernel");
	} else if (list_missing(fd, false, names, sizeof(names))) {
		check_set(result, CHECK_NOTE, "KVM lacks %s", names);
		check_remedy(result,
			     "a newer kernel has more; what needs these is refused by name");
	} else {
		check_set(result, CHECK_OK, "all %u that situ knows of", kvm_nr_capabilities);
	}
}

void check_kvm_capabilities(const struct check_env *env, struct check_result *result)
{
	struct err err = { 0 };
	int fd;

	if (!have_kvm(env, result))
		return;
	fd = kvm_open(&err);
	if (fd < 0) {
		check_set(result, CHECK_ERROR, "%s", err.text);
		return;
	}
	judge_capabilities(fd, result);
	close(fd);
}

void check_kvm_speed(const struct check_env *env, struct check_result *result)
{
	struct kvm_speed speed;
	struct err err = { 0 };
	double ratio;

	if (!have_kvm(env, result))
		return;
	if (kvm_probe_speed(&speed, &err)) {
		check_set(result, CHECK_ERROR, "%s", err.text);
		check_remedy(result, "see the kernel's log for kvm");
		return;
	}
	ratio = speed.user / speed.kernel;
	if (ratio < EMULATED_RATIO) {
		check_set(result, CHECK_OK, "native: %.3g loops/s, user mode %.3g", speed.kernel,
			  speed.user);
		return;
	}
	check_set(result, CHECK_WARNING,
		  "emulated: %.3g loops/s, user mode %.3g, ratio %.0f; a guest kernel is slow here "
		  "and may not boot",
		  speed.kernel, speed.user, ratio);
	check_remedy(result, "use a host with hardware virtualization for kernels; situ's own "
			     "guest runs in user mode at full speed");
}
