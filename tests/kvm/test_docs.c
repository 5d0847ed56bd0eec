#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kvm/need_kvm.h"

#define EXAMPLE "    situ bench"

/* Runs one line of the manual in a folder of its own, with one round instead of seconds. */
static void run_example(const char *build, const char *line)
{
	char command[1024], out[4096];
	size_t got;
	FILE *pipe;
	int status;

	snprintf(command, sizeof(command), "cd \"$(mktemp -d)\" && %s/%.*s %s 2>&1", build,
		 (int)strcspn(line + 4, "\n"), line + 4,
		 strstr(line, "memory") ? "" : "--repeats 1");
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	got = fread(out, 1, sizeof(out) - 1, pipe);
	out[got] = '\0';
	while (fgetc(pipe) != EOF)
		;
	status = pclose(pipe);
	cr_expect_eq(WEXITSTATUS(status), 0, "%s\n%s", command, out);
}

Test(docs, every_example_of_the_ring_page_runs)
{
	char build[512] = "", *text, *line;
	unsigned int nr = 0;
	FILE *file;
	size_t len;

	NEED_KVM();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		cr_skip_test("a pair needs two CPUs");
	cr_assert_gt(readlink("/proc/self/exe", build, sizeof(build) - 1), 0);
	*strrchr(build, '/') = '\0';
	*strrchr(build, '/') = '\0';
	file = fopen("docs/ring.md", "re");
	cr_assert_not_null(file, "the tests run from the root of the tree");
	text = calloc(1, 1 << 16);
	len = fread(text, 1, (1 << 16) - 1, file);
	fclose(file);
	cr_assert_gt(len, 0);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, EXAMPLE, strlen(EXAMPLE))) {
			run_example(build, line);
			nr++;
		}
	cr_assert_geq(nr, 10);
	free(text);
}
