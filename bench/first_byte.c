#include "bench/first_byte.h"

#include "bench/crew.h"
#include "bench/memory.h"

#define RAM_LEN (UINT64_C(128) << 20)

int first_byte(unsigned int cpu, void (*tell)(void *arg), void *arg, struct err *err)
{
	struct gmem_spec ram = { .len = RAM_LEN, .policy = MEM_POLICY_LOCAL };
	struct bench_memory memory = { .specs = &ram, .nr_specs = 1, .end = RAM_LEN };
	struct crew_spec spec = {
		.cpus = &cpu,
		.nr_cpus = 1,
		.pinned = true,
		.counters = &counters_none,
		.ready = tell,
		.ready_arg = arg,
	};
	struct crew crew;
	int ret = crew_init_guest(&crew, &spec, &memory, err);

	crew_fini(&crew);
	return ret;
}
