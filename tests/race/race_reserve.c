/* Threads that reserve and give back at once, each through a folder of its own opening: no CPU is
 * held twice, and at the end none is. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affinity/reserve.h"

#define THREADS 4u
#define ROUNDS	50u
#define CPUS	2u

struct racer {
	const char *folder;
	atomic_uint *holders; /* per CPU */
	unsigned int nr, taken;
	pthread_t thread;
};

static void take_and_give(struct reserve *reserve, struct racer *racer, unsigned int cpu)
{
	struct reserve_claim claim = { .pid = getpid(), .exclusive = true };
	struct reserve_hold hold;
	struct err err;
	int ret;

	snprintf(claim.name, sizeof(claim.name), "racer%u", racer->nr);
	cpuset_add(&claim.cpus, cpu);
	assert(!reserve_lock(reserve, 60000, &err));
	ret = reserve_take(reserve, &hold, &claim, &err);
	reserve_unlock(reserve);
	if (!ret) {
		assert(atomic_fetch_add(&racer->holders[cpu], 1) == 0);
		racer->taken++;
		atomic_fetch_sub(&racer->holders[cpu], 1);
		reserve_release(reserve, &hold);
	}
	reserve_claim_fini(&claim);
}

static void *race(void *arg)
{
	struct racer *racer = arg;
	struct reserve reserve;
	struct err err;

	assert(!reserve_open(&reserve, racer->folder, &err));
	for (unsigned int i = 0; i < ROUNDS; i++)
		take_and_give(&reserve, racer, (racer->nr + i) % CPUS);
	reserve_close(&reserve);
	return NULL;
}

int main(void)
{
	char parent[] = "/tmp/situ-race-XXXXXX", folder[64], lock[80];
	atomic_uint holders[CPUS] = { 0 };
	struct racer racers[THREADS];
	unsigned int taken = 0;

	assert(mkdtemp(parent));
	snprintf(folder, sizeof(folder), "%s/situ", parent);
	snprintf(lock, sizeof(lock), "%s/.lock", folder);
	for (unsigned int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .folder = folder, .holders = holders, .nr = i };
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		taken += racers[i].taken;
	}
	assert(taken);
	/* Only if nothing else is left can the folder be removed. */
	assert(!unlink(lock) && !rmdir(folder) && !rmdir(parent));
	return 0;
}
