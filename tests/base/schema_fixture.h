#ifndef SITU_TESTS_BASE_SCHEMA_FIXTURE_H
#define SITU_TESTS_BASE_SCHEMA_FIXTURE_H

#include "base/schema.h"

/* A table with a row of every type, for the tests of the schema alone. */
struct fixture_item {
	char *id;
	unsigned int weight;
};

struct fixture_pair {
	unsigned int first, second;
};

struct fixture {
	bool truth;
	enum schema_tri tri;
	unsigned int number, optional;
	int64_t level;
	uint64_t size;
	char *text;
	char *path;
	int color;
	struct cpuset cpus;
	struct fixture_pair pair;
	unsigned int *numbers;
	unsigned int nr_numbers;
	char **words;
	unsigned int nr_words;
	struct fixture_item *items;
	unsigned int nr_items;
};

extern const struct schema_table fixture_table;

#endif
