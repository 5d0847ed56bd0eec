#include "affinity/place_refine.h"

bool refine(struct place_job *job)
{
	job->counts_exact = job->counts_exact && !job->host->request->latency;
	return true;
}
