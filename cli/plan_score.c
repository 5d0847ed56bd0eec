/* A placement made by hand beside the free one: what it loses, term by term, and why. */
#include "base/alloc.h"
#include "base/size.h"
#include "cli/plan_compare.h"
#include "cli/plan_shape.h"
#include "cli/plan_text.h"

struct score {
	struct place_plan free;
	const struct place_vm_plan *own, *best;
	struct plan_shape own_shape, best_shape;
};

static int score_init(struct score *score, const struct plan_request *request,
		      const struct place_plan *plan, struct err *err)
{
	struct place_vm one = request->vms[0];
	struct place_request alone = request->place;
	int ret;

	*score = (struct score){ 0 };
	one.nr_pins = 0;
	alone.vms = &one;
	alone.nr_vms = 1;
	ret = place(&score->free, &alone, err);
	if (ret || !plan->vms[0].placed || !score->free.vms[0].placed)
		return ret;
	score->own = &plan->vms[0];
	score->best = &score->free.vms[0];
	plan_shape_init(&score->own_shape, &request->topo, score->own);
	plan_shape_init(&score->best_shape, &request->topo, score->best);
	return 0;
}

static void score_fini(struct score *score)
{
	plan_shape_fini(&score->own_shape);
	plan_shape_fini(&score->best_shape);
	place_plan_fini(&score->free);
}

static void add_reason(json_t *list, char *text)
{
	json_array_append_new(list, json_string(text));
	free(text);
}

static void compare_count(json_t *list, const char *what, unsigned int own, unsigned int best)
{
	if (own != best)
		add_reason(list, alloc_printf("%u %s instead of %u", own, what, best));
}

/* What differs, as sentences, nearest cause first. */
static json_t *reasons(const struct score *score)
{
	const struct plan_shape *own = &score->own_shape, *best = &score->best_shape;
	json_t *list = json_array();
	char size[SIZE_TEXT];

	compare_count(list, "packages", own->packages, best->packages);
	compare_count(list, "nodes", own->nodes, best->nodes);
	compare_count(list, "L3 domains", own->l3s, best->l3s);
	compare_count(list, "cores", own->cores, best->cores);
	if (own->remote_bytes > best->remote_bytes)
		add_reason(list, alloc_printf("%s of memory away from the vCPUs",
					      size_format(own->remote_bytes, size)));
	if (!json_array_size(list))
		add_reason(list, alloc_string("packages, nodes, L3 domains and cores are as many"));
	return list;
}

static double percent(const struct score *score)
{
	return score->best->total > 0 ? (score->own->total / score->best->total - 1) * 100 : 0;
}

static void print_term(FILE *out, const char *name, double own, double best)
{
	char hand[PLAN_MS_TEXT], situ[PLAN_MS_TEXT], lost[PLAN_MS_TEXT];

	fprintf(out, "  %-10s %9s %9s %9s\n", name, plan_ms(own, hand), plan_ms(best, situ),
		plan_ms(own - best, lost));
}

static void print_why(FILE *out, const struct score *score)
{
	json_t *list = reasons(score);

	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(out, "%s%s",
			i ? ", " : "  by hand: ", json_string_value(json_array_get(list, i)));
	fputc('\n', out);
	json_decref(list);
}

static void print_score(FILE *out, const struct score *score)
{
	AUTO_FREE char *cpus = cpuset_string(&score->best_shape.cpu_set);

	fprintf(out, "\nBy hand and by situ (CPUs %s), ms of stall per second\n", cpus);
	fprintf(out, "  %-10s %9s %9s %9s\n", "", "hand", "situ", "lost");
	for (int i = 0; i < NR_COST_TERMS; i++)
		if (i != COST_FRAGMENTATION &&
		    (score->own->cost.term[i] > 0 || score->best->cost.term[i] > 0))
			print_term(out, cost_term_names[i], score->own->cost.term[i],
				   score->best->cost.term[i]);
	print_term(out, "cost", score->own->total, score->best->total);
	fprintf(out, "  %-30s %+8.1f %%\n", "", percent(score));
	print_why(out, score);
}

int plan_score_text(FILE *out, const struct plan_request *request, const struct place_plan *plan,
		    struct err *err)
{
	struct score score;
	int ret = score_init(&score, request, plan, err);

	if (!ret && score.own)
		print_score(out, &score);
	score_fini(&score);
	return ret;
}

static json_t *score_object(const struct score *score)
{
	AUTO_FREE char *cpus = cpuset_string(&score->best_shape.cpu_set);
	json_t *lost = json_object();

	for (int i = 0; i < NR_COST_TERMS; i++)
		json_object_set_new(
			lost, cost_term_names[i],
			json_real(score->own->cost.term[i] - score->best->cost.term[i]));
	return json_pack("{s:f, s:f, s:s, s:f, s:o, s:o}", "cost", score->own->total, "free_cost",
			 score->best->total, "free_cpus", cpus, "lost_percent", percent(score),
			 "lost_terms", lost, "why", reasons(score));
}

int plan_score_json(json_t **object, const struct plan_request *request,
		    const struct place_plan *plan, struct err *err)
{
	struct score score;
	int ret = score_init(&score, request, plan, err);

	*object = !ret && score.own ? score_object(&score) : json_null();
	score_fini(&score);
	return ret;
}
