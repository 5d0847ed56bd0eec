#include "cli/out_file.h"

#include <errno.h>
#include <string.h>

int out_file_open(FILE **file, const char *path, struct err *err)
{
	*file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (*file)
		return 0;
	return err_sys(err, EXIT_INPUT, errno, "%s: cannot open for writing", path);
}

int out_file_close(FILE *file, const char *path, struct err *err)
{
	int failed;

	if (file == stdout) /* main() checks that one at the end */
		return 0;
	failed = ferror(file);
	if (fclose(file) || failed)
		return err_sys(err, EXIT_NO, errno, "%s: cannot write", path);
	return 0;
}
