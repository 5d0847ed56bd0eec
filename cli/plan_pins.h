#ifndef SITU_CLI_PLAN_PINS_H
#define SITU_CLI_PLAN_PINS_H

#include "affinity/place.h"

/*
 * A placement made by hand, as text: "0=4,1=6" puts vCPU 0 on CPU 4 and vCPU 1 on CPU 6; "0-3=8-11"
 * puts four of them, rank by rank. Pure; any thread.
 */

/* *pins is the caller's to free with plan_pins_free(). -EINVAL (EXIT_INPUT) with the text at fault:
 * malformed, a vCPU named twice or not below nr_vcpus, ranges of different lengths. */
int plan_pins_parse(struct place_pin **pins, unsigned int *nr, unsigned int nr_vcpus,
		    const char *text, struct err *err);
void plan_pins_free(struct place_pin *pins, unsigned int nr);

#endif
