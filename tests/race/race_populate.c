/* Prefaulting by several crews at once, with progress read meanwhile; and gmem_ptr() from threads.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "base/size.h"
#include "numa/memory.h"

static void progress(void *arg, uint64_t done, uint64_t total)
{
	*(uint64_t *)arg = done;
	assert(done <= total);
}

static void *look(void *arg)
{
	for (gpa_t gpa = 0; gpa < 3 * GIB; gpa += 12288)
		assert(!gmem_ptr(arg, gpa, 1) == (gpa % GIB >= 130 * MIB));
	return NULL;
}

int main(void)
{
	struct gmem_spec specs[3] = { { .len = 130 * MIB },
				      { .gpa = GIB, .len = 130 * MIB },
				      { .gpa = 2 * GIB, .len = 130 * MIB } };
	uint64_t done = 0;
	struct gmem_options options = { .progress = progress, .arg = &done };
	pthread_t threads[2];
	struct gmem gmem;
	struct err err;

	cpuset_add(&specs[1].prefault_cpus, 0);
	for (int i = 0; i < 3; i++)
		specs[i].prefault = true;
	if (gmem_init(&gmem, specs, 3, &options, &err)) {
		puts(err.text);
		return 1;
	}
	assert(done == 390 * MIB);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, look, &gmem);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	gmem_fini(&gmem);
	cpuset_fini(&specs[1].prefault_cpus);
	return 0;
}
