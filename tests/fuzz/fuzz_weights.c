/* Traffic files: whatever is accepted is finite and not negative, and has the size that was asked
 * for. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned int nr = len ? data[0] % 5 : 0;
	char *text = strndup((const char *)data, len);
	struct err err = { 0 };
	double *weights;

	if (!weights_parse(text, nr, &weights, &err)) {
		for (unsigned int i = 0; i < nr * nr; i++)
			assert(isfinite(weights[i]) && weights[i] >= 0);
	} else {
		assert(!weights && err.status == EXIT_INPUT && *err.text);
	}
	free(weights);
	free(text);
	return 0;
}
