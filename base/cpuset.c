#include "base/cpuset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BITS 64u

static uint64_t word(const struct cpuset *set, size_t i)
{
	return i < set->nr_words ? set->words[i] : 0;
}

static size_t longer(const struct cpuset *a, const struct cpuset *b)
{
	return a->nr_words > b->nr_words ? a->nr_words : b->nr_words;
}

static void reserve(struct cpuset *set, size_t nr_words)
{
	if (nr_words <= set->nr_words)
		return;
	set->words = alloc_resize(set->words, nr_words, sizeof(*set->words));
	memset(set->words + set->nr_words, 0, (nr_words - set->nr_words) * sizeof(*set->words));
	set->nr_words = nr_words;
}

void cpuset_fini(struct cpuset *set)
{
	free(set->words);
	*set = (struct cpuset){ 0 };
}

void cpuset_clear(struct cpuset *set)
{
	if (set->nr_words)
		memset(set->words, 0, set->nr_words * sizeof(*set->words));
}

void cpuset_copy(struct cpuset *to, const struct cpuset *from)
{
	if (to == from)
		return;
	cpuset_clear(to);
	cpuset_or(to, from);
}

void cpuset_add(struct cpuset *set, unsigned int nr)
{
	reserve(set, nr / BITS + 1);
	set->words[nr / BITS] |= UINT64_C(1) << nr % BITS;
}

void cpuset_add_range(struct cpuset *set, unsigned int first, unsigned int last)
{
	size_t from = first / BITS, to = last / BITS;

	if (last < first)
		return;
	reserve(set, to + 1);
	for (size_t i = from; i <= to; i++) {
		uint64_t low = i == from ? ~UINT64_C(0) << first % BITS : ~UINT64_C(0);
		uint64_t high = i == to ? ~UINT64_C(0) >> (BITS - 1 - last % BITS) : ~UINT64_C(0);

		set->words[i] |= low & high;
	}
}

void cpuset_remove(struct cpuset *set, unsigned int nr)
{
	if (nr / BITS < set->nr_words)
		set->words[nr / BITS] &= ~(UINT64_C(1) << nr % BITS);
}

bool cpuset_has(const struct cpuset *set, unsigned int nr)
{
	return word(set, nr / BITS) >> nr % BITS & 1;
}

bool cpuset_empty(const struct cpuset *set)
{
	return cpuset_next(set, 0) < 0;
}

unsigned int cpuset_count(const struct cpuset *set)
{
	return cpuset_and_count(set, set);
}

unsigned int cpuset_and_count(const struct cpuset *a, const struct cpuset *b)
{
	unsigned int count = 0;

	for (size_t i = 0; i < a->nr_words; i++)
		count += (unsigned int)__builtin_popcountll(a->words[i] & word(b, i));
	return count;
}

bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
	for (size_t i = 0; i < longer(a, b); i++)
		if (word(a, i) != word(b, i))
			return false;
	return true;
}

bool cpuset_subset(const struct cpuset *inner, const struct cpuset *outer)
{
	for (size_t i = 0; i < inner->nr_words; i++)
		if (inner->words[i] & ~word(outer, i))
			return false;
	return true;
}

bool cpuset_intersects(const struct cpuset *a, const struct cpuset *b)
{
	for (size_t i = 0; i < a->nr_words; i++)
		if (a->words[i] & word(b, i))
			return true;
	return false;
}

void cpuset_or(struct cpuset *set, const struct cpuset *other)
{
	reserve(set, other->nr_words);
	for (size_t i = 0; i < other->nr_words; i++)
		set->words[i] |= other->words[i];
}

void cpuset_and(struct cpuset *set, const struct cpuset *other)
{
	for (size_t i = 0; i < set->nr_words; i++)
		set->words[i] &= word(other, i);
}

void cpuset_sub(struct cpuset *set, const struct cpuset *other)
{
	for (size_t i = 0; i < set->nr_words; i++)
		set->words[i] &= ~word(other, i);
}

int cpuset_next(const struct cpuset *set, unsigned int from)
{
	size_t i = from / BITS;
	uint64_t bits;

	if (i >= set->nr_words)
		return -1;
	bits = set->words[i] & ~UINT64_C(0) << from % BITS;
	while (!bits) {
		if (++i == set->nr_words)
			return -1;
		bits = set->words[i];
	}
	return (int)(i * BITS + (unsigned int)__builtin_ctzll(bits));
}

/* One decimal number without sign or leading blanks; moves *text past it. */
static int parse_number(const char **text, unsigned int *nr)
{
	const char *at = *text;
	unsigned long value = 0;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (unsigned long)(*at - '0');
		if (value >= CPUSET_MAX)
			return -ERANGE;
	}
	*text = at;
	*nr = (unsigned int)value;
	return 0;
}

static int parse_range(struct cpuset *set, const char **text)
{
	unsigned int first, last;
	int ret = parse_number(text, &first);

	if (ret)
		return ret;
	last = first;
	if (**text == '-') {
		++*text;
		ret = parse_number(text, &last);
		if (ret)
			return ret;
	}
	if (last < first)
		return -EINVAL;
	cpuset_add_range(set, first, last);
	return 0;
}

static int parse_list(struct cpuset *set, const char *at)
{
	int ret;

	if (*at == '\0' || *at == '\n')
		return 0;
	for (;;) {
		ret = parse_range(set, &at);
		if (ret)
			return ret;
		if (*at != ',')
			break;
		at++;
	}
	if (*at == '\n')
		at++;
	return *at ? -EINVAL : 0;
}

int cpuset_parse(struct cpuset *set, const char *text, struct err *err)
{
	int ret;

	cpuset_clear(set);
	ret = parse_list(set, text);
	if (!ret)
		return 0;
	cpuset_clear(set);
	if (ret == -ERANGE)
		return err_set(err, EXIT_INPUT, ERANGE,
			       "list \"%.64s\" has a number beyond %u; use smaller numbers", text,
			       CPUSET_MAX - 1);
	return err_set(err, EXIT_INPUT, EINVAL,
		       "\"%.64s\" is no list of numbers; write it as \"0-3,8\"", text);
}

size_t cpuset_format(const struct cpuset *set, char *buf, size_t len)
{
	size_t used = 0;
	int last;

	if (len)
		*buf = '\0';
	for (int first = cpuset_next(set, 0); first >= 0;
	     first = cpuset_next(set, (unsigned int)last + 1)) {
		char *at = used < len ? &buf[used] : NULL;
		size_t room = used < len ? len - used : 0;
		const char *comma = used ? "," : "";

		for (last = first; cpuset_has(set, (unsigned int)last + 1); last++)
			;
		if (first == last)
			used += (size_t)snprintf(at, room, "%s%d", comma, first);
		else
			used += (size_t)snprintf(at, room, "%s%d-%d", comma, first, last);
	}
	return used;
}

char *cpuset_string(const struct cpuset *set)
{
	size_t len = cpuset_format(set, NULL, 0) + 1;
	char *text = alloc_zeroed(len, 1);

	cpuset_format(set, text, len);
	return text;
}
