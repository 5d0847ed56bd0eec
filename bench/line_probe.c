#include "bench/line_probe.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

#include "affinity/pin.h"
#include "base/monotonic.h"
#include "bench/stats.h"

/*
 * The line holds a number that only grows. The leader writes odd ones and waits for the even one
 * that follows; the follower answers each odd number with the next.
 */
#define TRIAL_TRIPS 64u
#define MAX_TRIPS   100000u

enum { LEADER, FOLLOWER, NR_ENDS };

struct end {
	struct game *game;
	unsigned int cpu;
	int ret;
	struct err err;
	long switches[LINE_PROBE_MAX_SAMPLES]; /* of this thread, during each sample */
};

struct game {
	const struct line_probe *probe;
	pthread_barrier_t pinned; /* both ends meet here, and play only if both are in place */
	struct end ends[NR_ENDS];
	_Atomic unsigned int trips; /* of each sample; set by the leader before the first */
	double ns[LINE_PROBE_MAX_SAMPLES];
};

static long switched_out(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void await(const uint64_t *line, uint64_t value)
{
	while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != value)
		;
}

static void lead(uint64_t *line, uint64_t *turn, unsigned int trips)
{
	for (unsigned int i = 0; i < trips; i++, *turn += 2) {
		__atomic_store_n(line, *turn + 1, __ATOMIC_RELEASE);
		await(line, *turn + 2);
	}
}

static void follow(uint64_t *line, uint64_t *turn, unsigned int trips)
{
	for (unsigned int i = 0; i < trips; i++, *turn += 2) {
		await(line, *turn + 1);
		__atomic_store_n(line, *turn + 2, __ATOMIC_RELEASE);
	}
}

/* The number of trips that fill one sample, from a first trial. */
static unsigned int trips_per_sample(uint64_t trial_ns, uint64_t sample_ns)
{
	uint64_t trips = sample_ns * TRIAL_TRIPS / (trial_ns ? trial_ns : 1);

	if (trips < TRIAL_TRIPS / 4)
		return TRIAL_TRIPS / 4;
	return trips > MAX_TRIPS ? MAX_TRIPS : (unsigned int)trips;
}

/* One trip ahead of each sample is not timed: it waits until the other has left its system call. */
static void play_leader(struct game *game)
{
	uint64_t *line = game->probe->line, turn = 0, start;

	lead(line, &turn, 1);
	start = monotonic_ns();
	lead(line, &turn, TRIAL_TRIPS);
	game->trips = trips_per_sample(monotonic_ns() - start, game->probe->sample_ns);
	for (unsigned int i = 0; i < game->probe->nr_samples; i++) {
		long before = switched_out();

		lead(line, &turn, 1);
		start = monotonic_ns();
		lead(line, &turn, game->trips);
		game->ns[i] = (double)(monotonic_ns() - start) / game->trips / 2;
		game->ends[LEADER].switches[i] = switched_out() - before;
	}
}

static void play_follower(struct game *game)
{
	uint64_t *line = game->probe->line, turn = 0;

	follow(line, &turn, 1 + TRIAL_TRIPS);
	for (unsigned int i = 0; i < game->probe->nr_samples; i++) {
		long before = switched_out();

		follow(line, &turn, 1);
		/* The leader set the number before the trip that just ended. */
		follow(line, &turn, game->trips);
		game->ends[FOLLOWER].switches[i] = switched_out() - before;
	}
}

static void *run_end(void *arg)
{
	struct end *end = arg;
	struct game *game = end->game;

	end->ret = pin_self(end->cpu, &end->err);
	pthread_barrier_wait(&game->pinned);
	if (game->ends[LEADER].ret || game->ends[FOLLOWER].ret)
		return NULL;
	if (end == &game->ends[LEADER])
		play_leader(game);
	else
		play_follower(game);
	return NULL;
}

static int run_threads(struct game *game, struct err *err)
{
	struct end *leader = &game->ends[LEADER], *follower = &game->ends[FOLLOWER];
	pthread_t threads[NR_ENDS];
	int ret;

	ret = pthread_create(&threads[FOLLOWER], NULL, run_end, follower);
	if (ret)
		return err_sys(err, EXIT_HOST, ret, "latency probe: cannot make a thread");
	ret = pthread_create(&threads[LEADER], NULL, run_end, leader);
	if (ret) {
		/* Stand in for the thread that does not exist, so that the other one goes home. */
		leader->ret = err_sys(&leader->err, EXIT_HOST, ret,
				      "latency probe: cannot make a thread");
		pthread_barrier_wait(&game->pinned);
	} else {
		pthread_join(threads[LEADER], NULL);
	}
	pthread_join(threads[FOLLOWER], NULL);
	for (int i = 0; i < NR_ENDS; i++) {
		if (game->ends[i].ret) {
			*err = game->ends[i].err;
			return game->ends[i].ret;
		}
	}
	return 0;
}

static int summarise(const struct game *game, struct line_result *result, struct err *err)
{
	const struct line_probe *probe = game->probe;
	double kept[LINE_PROBE_MAX_SAMPLES];
	struct stats stats;

	*result = (struct line_result){ 0 };
	for (unsigned int i = 0; i < probe->nr_samples; i++)
		if (!game->ends[LEADER].switches[i] && !game->ends[FOLLOWER].switches[i])
			kept[result->nr_kept++] = game->ns[i];
	result->nr_dropped = probe->nr_samples - result->nr_kept;
	if (!result->nr_kept)
		return err_set(
			err, EXIT_HOST, EAGAIN,
			"latency probe: CPUs %u and %u ran other work during all %u samples; "
			"try again on an idle host",
			probe->cpu_a, probe->cpu_b, probe->nr_samples);
	stats_of(kept, result->nr_kept, &stats);
	result->one_way_ns = stats.median;
	result->spread = (stats.p75 - stats.p25) / stats.median;
	return 0;
}

int line_probe_run(const struct line_probe *probe, struct line_result *result, struct err *err)
{
	struct game game = { .probe = probe };
	int ret;

	assert(probe->cpu_a != probe->cpu_b);
	assert(probe->nr_samples && probe->nr_samples <= LINE_PROBE_MAX_SAMPLES);
	game.ends[LEADER] = (struct end){ .game = &game, .cpu = probe->cpu_a };
	game.ends[FOLLOWER] = (struct end){ .game = &game, .cpu = probe->cpu_b };
	__atomic_store_n((uint64_t *)probe->line, 0, __ATOMIC_RELEASE);
	pthread_barrier_init(&game.pinned, NULL, NR_ENDS);
	ret = run_threads(&game, err);
	pthread_barrier_destroy(&game.pinned);
	return ret ? ret : summarise(&game, result, err);
}
