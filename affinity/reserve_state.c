#include "affinity/reserve_state.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

#define FORMAT 1

void reserve_claim_fini(struct reserve_claim *claim)
{
	cpuset_fini(&claim->cpus);
	free(claim->memory);
	*claim = (struct reserve_claim){ 0 };
}

bool reserve_name_valid(const char *name)
{
	/* The first character may not be one of the last three. */
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"-_.";
	size_t len = strlen(name);

	return len && len <= RESERVE_NAME_MAX && strspn(name, allowed) == len &&
	       !strchr("-_.", *name);
}

char *reserve_state_write(const struct reserve_claim *claim)
{
	AUTO_FREE char *cpus = cpuset_string(&claim->cpus);
	json_t *memory = json_array(), *state;
	char *text;

	for (unsigned int i = 0; i < claim->nr_memory; i++) {
		const struct reserve_memory *part = &claim->memory[i];

		json_array_append_new(memory,
				      json_pack("{s:I, s:I, s:I}", "node", (json_int_t)part->node,
						"page_size", (json_int_t)part->page_size, "bytes",
						(json_int_t)part->bytes));
	}
	state = json_pack("{s:i, s:s, s:I, s:s, s:b, s:o, s:b}", "version", FORMAT, "name",
			  claim->name, "pid", (json_int_t)claim->pid, "cpus", cpus, "exclusive",
			  claim->exclusive, "memory", memory, "populated", claim->populated);
	text = json_dumps(state, JSON_INDENT(1));
	json_decref(state);
	return text;
}

static int malformed(struct err *err, const char *fault)
{
	return err_set(err, EXIT_HOST, EINVAL, "the state of a VM %s", fault);
}

/* A whole number from 0 to `most`. */
static bool get_number(const json_t *object, const char *key, uint64_t most, uint64_t *value)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return false;
	*value = (uint64_t)json_integer_value(number);
	return *value <= most;
}

static bool get_bool(const json_t *object, const char *key, bool *value)
{
	const json_t *truth = json_object_get(object, key);

	*value = json_is_true(truth);
	return json_is_boolean(truth);
}

static bool read_part(struct reserve_memory *part, const json_t *object)
{
	uint64_t node;

	if (!get_number(object, "node", CPUSET_MAX - 1, &node) ||
	    !get_number(object, "page_size", GIB, &part->page_size) ||
	    !get_number(object, "bytes", INT64_MAX, &part->bytes))
		return false;
	part->node = (unsigned int)node;
	if (part->page_size != 4 * KIB && part->page_size != 2 * MIB && part->page_size != GIB)
		return false;
	return part->bytes % part->page_size == 0;
}

static int read_memory(struct reserve_claim *claim, const json_t *list, struct err *err)
{
	size_t nr = json_array_size(list);

	if (!json_is_array(list) || nr > RESERVE_MEMORY_MAX)
		return malformed(err, "has no list of memory, or one that is too long");
	claim->memory = alloc_zeroed(nr, sizeof(*claim->memory));
	for (size_t i = 0; i < nr; i++)
		if (!read_part(&claim->memory[claim->nr_memory++], json_array_get(list, i)))
			return malformed(err, "has memory without node, page_size and bytes");
	return 0;
}

static int read_claim(struct reserve_claim *claim, const json_t *state, struct err *err)
{
	const char *name = json_string_value(json_object_get(state, "name"));
	const char *cpus = json_string_value(json_object_get(state, "cpus"));
	uint64_t version, pid;
	int ret;

	if (!get_number(state, "version", FORMAT, &version) || version != FORMAT)
		return malformed(err, "is of another version of situ");
	if (!name || !reserve_name_valid(name) || !get_number(state, "pid", INT32_MAX, &pid))
		return malformed(err, "has no valid name and pid");
	if (!get_bool(state, "exclusive", &claim->exclusive) ||
	    !get_bool(state, "populated", &claim->populated))
		return malformed(err, "does not say whether it is exclusive and populated");
	snprintf(claim->name, sizeof(claim->name), "%s", name);
	claim->pid = (pid_t)pid;
	if (!cpus)
		return malformed(err, "has no list of CPUs");
	ret = cpuset_parse(&claim->cpus, cpus, err);
	if (ret)
		return malformed(err, "has a malformed list of CPUs");
	return read_memory(claim, json_object_get(state, "memory"), err);
}

int reserve_state_read(struct reserve_claim *claim, const char *text, size_t len, struct err *err)
{
	json_t *state;
	int ret;

	*claim = (struct reserve_claim){ 0 };
	if (len > RESERVE_TEXT_MAX)
		return malformed(err, "is too long");
	state = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ret = state ? read_claim(claim, state, err) : malformed(err, "is no JSON");
	json_decref(state);
	if (ret)
		reserve_claim_fini(claim);
	return ret;
}
