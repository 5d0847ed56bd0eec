#ifndef SITU_BASE_SIZE_H
#define SITU_BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Sizes in bytes, as people write them. Pure; any thread. */

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* Reads "16G", "512M", "2048K", "1T" or plain bytes; powers of 1024. No sign, blank, fraction or
 * leading zero; -EINVAL, -ERANGE beyond 2^63-1. err names the text and the form wanted. */
int size_parse(const char *text, uint64_t *bytes, struct err *err);

/* For people: "512 B", "4.0 GiB", "2 MiB". One decimal where it is not exact. Returns buf. */
#define SIZE_TEXT 24
const char *size_format(uint64_t bytes, char buf[SIZE_TEXT]);
/* As size_parse() reads it: the largest unit that keeps it exact, "16G". Returns buf. */
const char *size_exact(uint64_t bytes, char buf[SIZE_TEXT]);

#endif
