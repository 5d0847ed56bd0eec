#ifndef SITU_BASE_CPUSET_H
#define SITU_BASE_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A set of small numbers (CPUs, nodes) of any size. Not locked; one thread at a time per set.
 *
 * {0} is the empty set. Sets grow when a bit is added; cpuset_fini() frees. Text is the kernel's
 * list form, "0-3,8" (Documentation/core-api/cpu_hotplug, "cpulist").
 */
struct cpuset {
	size_t nr_words;
	uint64_t *words;
};

#define CPUSET_MAX 65536u /* numbers from here on are refused by the reader of lists */

void cpuset_fini(struct cpuset *set);
void cpuset_clear(struct cpuset *set);
void cpuset_copy(struct cpuset *to, const struct cpuset *from);

void cpuset_add(struct cpuset *set, unsigned int nr);
void cpuset_add_range(struct cpuset *set, unsigned int first, unsigned int last);
void cpuset_remove(struct cpuset *set, unsigned int nr);
bool cpuset_has(const struct cpuset *set, unsigned int nr);

bool cpuset_empty(const struct cpuset *set);
unsigned int cpuset_count(const struct cpuset *set);
unsigned int cpuset_and_count(const struct cpuset *a, const struct cpuset *b);
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);
bool cpuset_subset(const struct cpuset *inner, const struct cpuset *outer);
bool cpuset_intersects(const struct cpuset *a, const struct cpuset *b);

void cpuset_or(struct cpuset *set, const struct cpuset *other);
void cpuset_and(struct cpuset *set, const struct cpuset *other);
void cpuset_sub(struct cpuset *set, const struct cpuset *other);

/* The smallest member >= from, or -1. */
int cpuset_next(const struct cpuset *set, unsigned int from);
/* NOLINTBEGIN(bugprone-macro-parentheses): the parameter is a name that the loop declares */
#define cpuset_for_each(nr, set) \
	for (int nr = cpuset_next((set), 0); nr >= 0; nr = cpuset_next((set), (unsigned int)nr + 1))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Reads "0-3,8" (also "" and a trailing newline: the empty set). Strict: no signs, no spaces
 * inside, no reversed ranges. -EINVAL or -ERANGE, err names the text at fault; *set is then empty.
 */
int cpuset_parse(struct cpuset *set, const char *text, struct err *err);
/* Writes the list form, always terminated; returns the length it needs, as snprintf does. */
size_t cpuset_format(const struct cpuset *set, char *buf, size_t len);
char *cpuset_string(const struct cpuset *set); /* the caller frees */

#define AUTO_CPUSET __attribute__((cleanup(cpuset_fini)))

#endif
