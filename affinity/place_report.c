#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "affinity/place_job.h"
#include "base/alloc.h"

static char *text_of(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = alloc_string("");
	return text;
}

void plan_reason(struct place_vm_plan *plan, const char *code, const char *fmt, ...)
{
	struct place_reason *reason;
	va_list ap;

	plan->reasons = alloc_resize(plan->reasons, plan->nr_reasons + 1, sizeof(*plan->reasons));
	reason = &plan->reasons[plan->nr_reasons++];
	reason->code = code;
	va_start(ap, fmt);
	reason->text = text_of(fmt, ap);
	va_end(ap);
}

void plan_warn(struct place_vm_plan *plan, const char *code, const char *remedy, const char *fmt,
	       ...)
{
	struct place_warning *warning;
	va_list ap;

	plan->warnings =
		alloc_resize(plan->warnings, plan->nr_warnings + 1, sizeof(*plan->warnings));
	warning = &plan->warnings[plan->nr_warnings++];
	warning->code = code;
	warning->remedy = alloc_string(remedy);
	va_start(ap, fmt);
	warning->message = text_of(fmt, ap);
	va_end(ap);
}

void plan_alternative(struct place_vm_plan *plan, const char *level, double cost, bool chosen,
		      const char *why_not, const char *fmt, ...)
{
	struct place_alternative *other;
	va_list ap;

	plan->alternatives =
		alloc_resize(plan->alternatives, plan->nr_alternatives + 1, sizeof(*other));
	other = &plan->alternatives[plan->nr_alternatives++];
	other->level = level;
	other->cost = cost;
	other->feasible = !isnan(cost);
	other->chosen = chosen;
	other->why_not = why_not ? alloc_string(why_not) : NULL;
	va_start(ap, fmt);
	other->what = text_of(fmt, ap);
	va_end(ap);
}

bool plan_refuse(struct place_vm_plan *plan, const char *constraint, const char *fmt, ...)
{
	va_list ap;

	if (plan->why)
		return false;
	plan->constraint = constraint;
	va_start(ap, fmt);
	plan->why = text_of(fmt, ap);
	va_end(ap);
	return false;
}

static void free_texts(struct place_vm_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_reasons; i++)
		free(plan->reasons[i].text);
	for (unsigned int i = 0; i < plan->nr_warnings; i++) {
		free(plan->warnings[i].message);
		free(plan->warnings[i].remedy);
	}
	for (unsigned int i = 0; i < plan->nr_alternatives; i++) {
		free(plan->alternatives[i].what);
		free(plan->alternatives[i].why_not);
	}
	free(plan->reasons);
	free(plan->warnings);
	free(plan->alternatives);
	free(plan->why);
}

static void fini_vm(struct place_vm_plan *plan)
{
	free_texts(plan);
	free(plan->vcpus);
	free(plan->memory);
	cpuset_fini(&plan->reserved);
	cpuset_fini(&plan->io_cpus);
	cpuset_fini(&plan->emulator_cpus);
	for (unsigned int i = 0; i < plan->nr_guest_nodes; i++)
		cpuset_fini(&plan->guest_nodes[i].vcpus);
	for (unsigned int i = 0; i < plan->nr_threads; i++)
		cpuset_fini(&plan->threads[i].cpus);
	free(plan->guest_nodes);
	free(plan->threads);
}

void place_plan_fini(struct place_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_vms; i++)
		fini_vm(&plan->vms[i]);
	free(plan->vms);
	free(plan->order);
	*plan = (struct place_plan){ 0 };
}
