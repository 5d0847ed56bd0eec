#ifndef SITU_CLI_OUT_FILE_H
#define SITU_CLI_OUT_FILE_H

#include <stdio.h>

#include "base/err.h"

/* A file that a command writes because the user named it; "-" is standard output. Main thread. */
int out_file_open(FILE **file, const char *path, struct err *err);
/* Fails if any byte could not be written; of standard output main() finds out. */
int out_file_close(FILE *file, const char *path, struct err *err);

#endif
