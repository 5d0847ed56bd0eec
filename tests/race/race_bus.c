/* Accesses to the bus while ranges come and go. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "vmm/bus.h"

#define ROUNDS 20000u

struct scene {
	struct bus bus;
	atomic_uint hits;
};

static void on_access(void *dev, uint64_t offset, void *data, uint32_t len, bool is_write)
{
	struct scene *scene = dev;

	(void)data;
	(void)is_write;
	assert(offset < 8 && len == 1);
	scene->hits++;
}

static void *touch(void *arg)
{
	struct scene *scene = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint8_t data = 0;

		bus_access(&scene->bus, 0x100 + i % 24, &data, 1, i % 2);
	}
	return NULL;
}

static void *change(void *arg)
{
	struct scene *scene = arg;
	const struct bus_range range = { 0x108, 8, on_access, scene, "comes and goes" };
	struct err err;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		int ret = bus_add(&scene->bus, &range, &err);

		assert(!ret);
		ret = bus_remove(&scene->bus, 0x108);
		assert(!ret);
	}
	return NULL;
}

int main(void)
{
	static struct scene scene;
	const struct bus_range range = { 0x100, 8, on_access, &scene, "stays" };
	pthread_t threads[3];
	struct err err;

	bus_init(&scene.bus, "port");
	if (bus_add(&scene.bus, &range, &err))
		return 1;
	pthread_create(&threads[0], NULL, touch, &scene);
	pthread_create(&threads[1], NULL, touch, &scene);
	pthread_create(&threads[2], NULL, change, &scene);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("%u hits, %lu misses\n", scene.hits, (unsigned long)scene.bus.misses);
	return scene.hits + scene.bus.misses == 2 * ROUNDS && scene.hits >= 2 * (ROUNDS / 3) ? 0
											     : 1;
}
