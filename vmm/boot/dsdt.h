#ifndef SITU_VMM_BOOT_DSDT_H
#define SITU_VMM_BOOT_DSDT_H

#include <stddef.h>
#include <stdint.h>

/* The compiled DSDT (dsdt.asl), header and checksum included. Constant; any thread. */
extern const uint8_t dsdt_aml[];
extern const size_t dsdt_aml_len;

#endif
