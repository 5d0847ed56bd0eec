#include "cli/plan_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct pin_reader {
	struct place_pin *pins;
	unsigned int nr, nr_vcpus;
	struct cpuset seen;
};

static int bad(struct err *err, const char *item, const char *why)
{
	return err_set(err, EXIT_INPUT, EINVAL,
		       "--pin: \"%.60s\" %s; write VCPU=CPU pairs as 0=4,1=6 or 0-3=8-11", item,
		       why);
}

static int add_pin(struct pin_reader *reader, unsigned int vcpu, unsigned int cpu, const char *item,
		   struct err *err)
{
	struct place_pin *pin;

	if (vcpu >= reader->nr_vcpus)
		return bad(err, item, "names a vCPU that the VM does not have");
	if (cpuset_has(&reader->seen, vcpu))
		return bad(err, item, "names a vCPU for the second time");
	cpuset_add(&reader->seen, vcpu);
	reader->pins = alloc_resize(reader->pins, reader->nr + 1, sizeof(*reader->pins));
	pin = &reader->pins[reader->nr++];
	*pin = (struct place_pin){ .vcpu = vcpu };
	cpuset_add(&pin->cpus, cpu);
	return 0;
}

/* "0=4" or "0-3=8-11": the item is split in place. */
static int read_item(struct pin_reader *reader, const char *item, struct err *err)
{
	AUTO_CPUSET struct cpuset vcpus = { 0 }, cpus = { 0 };
	AUTO_FREE char *left = alloc_string(item);
	char *equals = strchr(left, '=');
	int ret = 0, cpu = -1;

	if (!equals)
		return bad(err, item, "has no =");
	*equals = '\0';
	if (cpuset_parse(&vcpus, left, err) || cpuset_parse(&cpus, equals + 1, err)) {
		err_context(err, "--pin: \"%.60s\"", item);
		return -EINVAL;
	}
	if (cpuset_empty(&vcpus) || cpuset_count(&vcpus) != cpuset_count(&cpus))
		return bad(err, item, "does not have a CPU for each vCPU");
	cpuset_for_each (vcpu, &vcpus) {
		cpu = cpuset_next(&cpus, (unsigned int)(cpu + 1));
		ret = ret ? ret : add_pin(reader, (unsigned int)vcpu, (unsigned int)cpu, item, err);
	}
	return ret;
}

int plan_pins_parse(struct place_pin **pins, unsigned int *nr, unsigned int nr_vcpus,
		    const char *text, struct err *err)
{
	struct pin_reader reader = { .nr_vcpus = nr_vcpus };
	AUTO_FREE char *copy = alloc_string(text);
	char *rest = copy, *item;
	int ret = 0;

	while (!ret && (item = strsep(&rest, ",")))
		ret = read_item(&reader, item, err);
	cpuset_fini(&reader.seen);
	*pins = reader.pins;
	*nr = reader.nr;
	return ret;
}

void plan_pins_free(struct place_pin *pins, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		cpuset_fini(&pins[i].cpus);
	free(pins);
}
