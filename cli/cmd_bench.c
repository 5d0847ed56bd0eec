/* situ bench: what a place is worth, measured from inside a guest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/first_byte.h"
#include "cli/bench_hold.h"
#include "cli/bench_text.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/out_file.h"

#define DEFAULT_SECONDS 6

/* The command line as it came, before it becomes a struct bench_options. */
struct bench_args {
	const char *pairs, *cpus, *cpu_nodes, *mem_nodes, *rings, *batches, *paddings, *wait,
		*homes;
	const char *csv, *svg, *report;
	uint64_t seconds, repeats, item, capacity, buffer;
	bool host, host_only, processes, unpinned, no_rtt, json;
};

/* A list of words of one option, each with its meaning. */
struct word {
	const char *text;
	unsigned int value;
};

static const struct word ring_words[] = {
	{ "plain", RING_PLAIN },
	{ "cached", RING_CACHED },
	{ "batched", RING_BATCHED },
	{ NULL, 0 },
};
static const struct word batch_words[] = { { "1", 1 }, { "8", 8 }, { "32", 32 }, { NULL, 0 } };
static const struct word padding_words[] = {
	{ "0", 0 }, { "64", 64 }, { "128", 128 }, { "256", 256 }, { NULL, 0 },
};
static const struct word home_words[] = {
	{ "producer", HOME_PRODUCER },
	{ "consumer", HOME_CONSUMER },
	{ "third", HOME_THIRD },
	{ "interleave", HOME_INTERLEAVE },
	{ NULL, 0 },
};

#define MAX_WORDS 4

struct word_list {
	unsigned int values[MAX_WORDS];
	unsigned int nr;
};

static const struct word *find_word(const struct word *words, const char *text, size_t len)
{
	for (; words->text; words++)
		if (strlen(words->text) == len && !strncmp(words->text, text, len))
			return words;
	return NULL;
}

/* "a,b" or "all"; each word once. */
static int parse_words(const char *option, const char *text, const struct word *words,
		       struct word_list *list, struct err *err)
{
	*list = (struct word_list){ 0 };
	for (const struct word *word = words; !strcmp(text, "all") && word->text; word++)
		list->values[list->nr++] = word->value;
	while (!list->nr || *text == ',') {
		size_t len;
		const struct word *word;

		text += *text == ',';
		len = strcspn(text, ",");
		word = find_word(words, text, len);
		if (!word || list->nr == MAX_WORDS)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "--%s: \"%.*s\" is not one of its words; see \"situ bench "
				       "--help\"",
				       option, (int)(len > 40 ? 40 : len), text);
		list->values[list->nr++] = word->value;
		text += len;
	}
	return 0;
}

static int parse_wait(const char *text, uint32_t *pauses, struct err *err)
{
	char *end;
	unsigned long value;

	if (!strcmp(text, "spin") || !strcmp(text, "pause")) {
		*pauses = *text == 's' ? WAIT_SPIN : WAIT_PAUSE;
		return 0;
	}
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > 1000000)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "--wait: \"%.40s\" is no policy; write spin, pause or the number of "
			       "PAUSE instructions",
			       text);
	*pauses = (uint32_t)value;
	return 0;
}

/* Every combination of the rings, paddings and batches asked for. Only the batched ring has
 * batches. */
static int combine_variants(const struct bench_args *args, uint32_t pauses,
			    struct bench_options *options, struct err *err)
{
	struct word_list rings, paddings = { 0 }, batches = { 0 };
	int ret =
		parse_words("ring", args->rings ? args->rings : "batched", ring_words, &rings, err);

	if (!ret)
		ret = parse_words("padding", args->paddings ? args->paddings : "128", padding_words,
				  &paddings, err);
	if (!ret)
		ret = parse_words("batch", args->batches ? args->batches : "32", batch_words,
				  &batches, err);
	for (unsigned int r = 0; r < rings.nr && !ret; r++)
		for (unsigned int p = 0; p < paddings.nr; p++)
			for (unsigned int b = 0; b < batches.nr; b++) {
				bool batched = rings.values[r] == RING_BATCHED;

				if (b && !batched)
					continue;
				options->variants[options->nr_variants++] = (struct ring_variant){
					.kind = rings.values[r],
					.padding = paddings.values[p],
					.batch = batched ? batches.values[b] : 1,
					.pauses = pauses,
				};
			}
	for (unsigned int i = 0; i < options->nr_variants; i++)
		if (options->variants[i].kind >= options->variants[options->speaker].kind)
			options->speaker = i;
	return ret;
}

static int take_variants(const struct bench_args *args, struct bench_options *options,
			 struct err *err)
{
	uint64_t capacity = ring_round(args->capacity), item = args->item / 8;
	uint32_t pauses = WAIT_PAUSE;
	int ret = parse_wait(args->wait, &pauses, err);

	if (ret)
		return ret;
	if (args->rings || args->paddings || args->batches)
		ret = combine_variants(args, pauses, options, err);
	else
		bench_default_variants(options, pauses);
	if (ret)
		return ret;
	if (args->item % 8 || !item || item > 512 || !capacity ||
	    ring_size(256, capacity, (uint32_t)item) > BENCH_RING_LEN)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "bench: items of %lu bytes and %lu slots do not fit; items are 8 to "
			       "4096 bytes in steps of 8, a ring at most 4 MiB",
			       args->item, args->capacity);
	for (unsigned int i = 0; i < options->nr_variants; i++) {
		options->variants[i].words = (uint32_t)item;
		options->variants[i].capacity = capacity;
	}
	return 0;
}

static int take_list(const char *option, const char *text, struct cpuset *set, struct err *err)
{
	int ret = text ? cpuset_parse(set, text, err) : 0;

	if (ret)
		err_context(err, "--%s", option);
	return ret;
}

static int take_places(const struct bench_args *args, struct bench_options *options,
		       struct err *err)
{
	struct word_list homes = { 0 };
	int ret = take_list("cpus", args->cpus, &options->cpus, err);

	if (!ret)
		ret = take_list("cpunodebind", args->cpu_nodes, &options->cpu_nodes, err);
	if (!ret)
		ret = take_list("membind", args->mem_nodes, &options->mem_nodes, err);
	if (!ret && args->homes)
		ret = parse_words("ring-node", args->homes, home_words, &homes, err);
	for (unsigned int i = 0; i < homes.nr; i++)
		options->homes[homes.values[i]] = true;
	if (!strcmp(args->pairs, "classes"))
		options->pairs = PAIRS_CLASSES;
	else if (!strcmp(args->pairs, "all"))
		options->pairs = PAIRS_ALL;
	else if (!strcmp(args->pairs, "nodes"))
		options->pairs = PAIRS_NODES;
	else
		options->pairs = PAIRS_LISTED;
	options->pair_text = args->pairs;
	return ret;
}

/* "first-byte" stands alone: how long a guest takes to start is measured from outside. */
static void tell_first_byte(void *arg)
{
	(void)arg;
	(void)!write(STDOUT_FILENO, "guest runs\n", 11);
}

static int run_first_byte(const struct bench_options *options, struct err *err)
{
	int cpu = cpuset_next(&options->cpus, 0);

	return first_byte(cpu < 0 ? 0 : (unsigned int)cpu, tell_first_byte, NULL, err)
		       ? (int)err->status
		       : EXIT_OK;
}

static int take_subjects(int argc, char **argv, struct bench_options *options, struct err *err)
{
	options->ring = options->memory = argc == 0;
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "ring"))
			options->ring = true;
		else if (!strcmp(argv[i], "memory"))
			options->memory = true;
		else if (!strcmp(argv[i], "uncontended"))
			options->solo = true;
		else if (!strcmp(argv[i], "first-byte") && argc == 1)
			options->first_byte = true;
		else
			return err_set(err, EXIT_INPUT, EINVAL,
				       "bench: \"%.60s\" is nothing that is measured; write ring, "
				       "memory, uncontended, or first-byte alone",
				       argv[i]);
	}
	return 0;
}

static int take_options(const struct bench_args *args, struct bench_options *options,
			struct err *err)
{
	int ret = take_variants(args, options, err);

	if (!ret)
		ret = take_places(args, options, err);
	options->guest = !args->host_only;
	options->host = args->host || args->host_only;
	options->processes = args->processes;
	options->unpinned = args->unpinned;
	options->rtt = !args->no_rtt;
	options->repeats =
		(unsigned int)(args->repeats < RING_MAX_ROUNDS ? args->repeats : RING_MAX_ROUNDS);
	options->seconds = (double)args->seconds;
	options->buffer_len = args->buffer;
	if (!ret && args->json && (args->csv || args->svg) &&
	    ((args->csv && !strcmp(args->csv, "-")) || (args->svg && !strcmp(args->svg, "-"))))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "bench: only one of --json, --csv - and --svg - can have stdout");
	return ret;
}

static int parse(int argc, char **argv, struct bench_args *args, struct bench_options *options,
		 struct err *err)
{
	const struct option_spec specs[] = {
		{ "pairs", OPT_STRING, &args->pairs, "WHICH",
		  "classes (one pair per relation, default), all, nodes, or A:B,C:D" },
		{ "cpus", OPT_STRING, &args->cpus, "LIST", "choose among these host CPUs" },
		{ "cpunodebind", OPT_STRING, &args->cpu_nodes, "LIST",
		  "choose among the CPUs of these nodes" },
		{ "membind", OPT_STRING, &args->mem_nodes, "LIST", "memory on these nodes alone" },
		{ "ring", OPT_STRING, &args->rings, "LIST", "plain, cached, batched or all" },
		{ "batch", OPT_STRING, &args->batches, "LIST", "1, 8, 32 or all; batched ring" },
		{ "padding", OPT_STRING, &args->paddings, "LIST", "0, 64, 128, 256 or all, bytes" },
		{ "wait", OPT_STRING, &args->wait, "POLICY",
		  "spin, pause (default) or N PAUSEs between two looks" },
		{ "ring-node", OPT_STRING, &args->homes, "LIST",
		  "ring memory at producer, consumer, third, interleave or all" },
		{ "item", OPT_U64, &args->item, "BYTES", "size of an item, 8 to 4096; default 8" },
		{ "capacity", OPT_U64, &args->capacity, "SLOTS",
		  "rounded up to a power of two; default 4096" },
		{ "host", OPT_FLAG, &args->host, NULL, "host threads too, in turn with the guest" },
		{ "host-only", OPT_FLAG, &args->host_only, NULL, "host threads, no guest" },
		{ "processes", OPT_FLAG, &args->processes, NULL, "two host processes too" },
		{ "unpinned", OPT_FLAG, &args->unpinned, NULL,
		  "threads left to the scheduler too" },
		{ "no-rtt", OPT_FLAG, &args->no_rtt, NULL, "throughput alone" },
		{ "repeats", OPT_U64, &args->repeats, "N", "samples of each line" },
		{ "seconds", OPT_U64, &args->seconds, "N",
		  "as many samples as fit, 5 to 100; default 6" },
		{ "buffer", OPT_SIZE, &args->buffer, "SIZE",
		  "memory: size of the buffer; default: four times the largest cache" },
		{ "json", OPT_FLAG, &args->json, NULL, "print JSON" },
		{ "report", OPT_STRING, &args->report, "FILE",
		  "write the JSON to FILE, beside the text" },
		{ "csv", OPT_STRING, &args->csv, "FILE", "write every sample to FILE; -: stdout" },
		{ "svg", OPT_STRING, &args->svg, "FILE", "draw the pairs into FILE; -: stdout" },
	};
	const struct option_usage usage = {
		.synopsis = "situ bench [ring] [memory] [uncontended] [OPTIONS]",
		.about = "Measures from inside a guest what a place is worth: SPSC rings between "
			 "pairs of vCPUs,\nmemory latency and bandwidth. Every vCPU is pinned, "
			 "every "
			 "page bound, both are verified.",
		.specs = specs,
		.nr_specs = sizeof(specs) / sizeof(*specs),
		.notes = "Without an operand: ring and memory. \"situ bench first-byte\" only "
			 "starts the "
			 "guest on the first\nof --cpus, says so, and ends.",
	};
	int ret = options_parse(argc, argv, &usage, err);

	if (ret < 0)
		return ret;
	ret = take_subjects(argc - ret, argv + ret, options, err);
	return ret ? ret : take_options(args, options, err);
}

static void show_progress(void *arg, double part)
{
	unsigned int *shown = arg, percent = part < 1 ? (unsigned int)(100 * part) : 100;

	if (percent == *shown)
		return;
	*shown = percent;
	fprintf(stderr, "\rbench: %u %%\r", percent);
}

static int write_file(const struct bench_session *session, const char *path,
		      void (*write)(const struct bench_session *, FILE *), struct err *err)
{
	FILE *file;
	int ret;

	if (!path)
		return 0;
	ret = out_file_open(&file, path, err);
	if (ret)
		return ret;
	write(session, file);
	return out_file_close(file, path, err);
}

static bool takes_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

static int print(const struct bench_session *session, const struct bench_args *args,
		 struct err *err)
{
	struct host_info host;
	struct fs_root root;
	json_t *document;
	int ret = fs_open_host(&root, err);

	if (ret)
		return ret;
	host_info_read(&host, &root);
	fs_close(&root);
	document = report_json(session, &host);
	if (args->report && json_dump_file(document, args->report, JSON_INDENT(1)))
		ret = err_set(err, EXIT_INPUT, EIO, "%s: cannot write", args->report);
	if (args->json) {
		json_dumpf(document, stdout, JSON_INDENT(1));
		putchar('\n');
	} else if (!takes_stdout(args->csv) && !takes_stdout(args->svg)) {
		bench_print_text(session, &host, stdout);
	}
	json_decref(document);
	if (!ret)
		ret = write_file(session, args->csv, report_csv, err);
	return ret ? ret : write_file(session, args->svg, report_svg, err);
}

static int run(const struct bench_args *args, struct bench_options *options, struct err *err)
{
	struct bench_hold *hold = bench_hold_new();
	struct bench_session session;
	int ret;

	options->claim = bench_hold_take;
	options->claim_arg = hold;
	ret = bench_session_run(&session, options, err);
	if (!ret)
		ret = print(&session, args, err);
	bench_session_fini(&session);
	bench_hold_free(hold);
	return ret ? (int)err->status : EXIT_OK;
}

int cmd_bench(int argc, char **argv, struct err *err)
{
	struct bench_args args = {
		.pairs = "classes",
		.wait = "pause",
		.seconds = DEFAULT_SECONDS,
		.item = 8,
		.capacity = 4096,
	};
	unsigned int shown = 101;
	struct bench_options options = { .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
					 .progress_arg = &shown };
	int ret = parse(argc, argv, &args, &options, err);

	if (ret)
		ret = ret == -1 ? EXIT_OK : EXIT_INPUT;
	else if (options.first_byte)
		ret = run_first_byte(&options, err);
	else
		ret = run(&args, &options, err);
	cpuset_fini(&options.cpus);
	cpuset_fini(&options.cpu_nodes);
	cpuset_fini(&options.mem_nodes);
	return ret;
}
