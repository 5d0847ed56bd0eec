/* Runs a fuzz target over the files named on the command line, with any compiler. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, got;

	if (!file) {
		perror(path);
		return 1;
	}
	do {
		data = realloc(data, len + 4096);
		if (!data)
			abort();
		got = fread(data + len, 1, 4096, file);
		len += got;
	} while (got);
	fclose(file);
	/* An exact-size copy, so that the sanitizers see the end of the input. */
	data = realloc(data, len ? len : 1);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= run_file(argv[i]);
	return failed;
}
