#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

/* A folder that stands for a captured host; removed with everything in it by leave(). */
static char folder[64];
static struct fs_root root;

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static void enter(void)
{
	struct err err;

	strcpy(folder, "/tmp/situ-fs-XXXXXX");
	cr_assert(mkdtemp(folder));
	cr_assert_eq(fs_open_tree(&root, folder, &err), 0);
}

static void leave(void)
{
	char command[128];

	fs_close(&root);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(fs, .init = enter, .fini = leave);

Test(fs, read_strips_one_newline_and_says_what_does_not_fit)
{
	char buf[8];

	put("short", "abc\n\n");
	cr_assert_eq(fs_read(&root, "short", buf, sizeof(buf)), 4);
	cr_assert_str_eq(buf, "abc\n");
	put("long", "12345678");
	cr_assert_eq(fs_read(&root, "long", buf, sizeof(buf)), -EFBIG);
	cr_assert_eq(fs_read(&root, "absent", buf, sizeof(buf)), -ENOENT);
	cr_assert_str_eq(buf, "");
}

Test(fs, numbers_are_read_whole_or_refused)
{
	uint64_t value = 7;

	put("n1", "42\n");
	cr_assert_eq(fs_read_u64f(&root, &value, "n%d", 1), 0);
	cr_assert_eq(value, 42);
	put("n2", "42 kB\n");
	cr_assert_eq(fs_read_u64f(&root, &value, "n%d", 2), -EINVAL);
	put("n3", "-1\n");
	cr_assert_eq(fs_read_u64f(&root, &value, "n%d", 3), -EINVAL);
	put("n4", "99999999999999999999\n");
	cr_assert_eq(fs_read_u64f(&root, &value, "n%d", 4), -EINVAL);
	cr_assert_eq(value, 42);
}

Test(fs, lists_are_read)
{
	struct cpuset set = { 0 };

	put("list", "0-2,5\n");
	cr_assert_eq(fs_read_listf(&root, &set, "li%s", "st"), 0);
	cr_assert_eq(cpuset_count(&set), 4);
	put("list", "0-x\n");
	cr_assert_eq(fs_read_listf(&root, &set, "list"), -EINVAL);
	cpuset_fini(&set);
}

Test(fs, a_large_file_is_read_whole_up_to_the_limit)
{
	char *text, *big = malloc(20001);

	memset(big, 'a', 20000);
	big[20000] = '\0';
	put("big", big);
	cr_assert_eq(fs_read_all(&root, "big", 20000, &text), 20000);
	cr_assert_str_eq(text, big);
	free(text);
	cr_assert_eq(fs_read_all(&root, "big", 19999, &text), -EFBIG);
	cr_assert_null(text);
	free(big);
}

Test(fs, a_file_that_a_person_names_is_below_no_root)
{
	char path[128], *text;

	put("named", "yes\n");
	snprintf(path, sizeof(path), "%s/named", folder);
	cr_assert_eq(fs_load(path, 100, &text), 4);
	cr_assert_str_eq(text, "yes\n");
	free(text);
	cr_assert_eq(fs_load("/no/such/file", 100, &text), -ENOENT);
	cr_assert_eq(fs_load(folder, 100, &text), -EISDIR);
	cr_assert_null(text);
}

Test(fs, a_link_cannot_lead_out_of_a_captured_tree)
{
	char path[128], buf[256];

	snprintf(path, sizeof(path), "%s/escape", folder);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	cr_assert_eq(fs_read(&root, "escape", buf, sizeof(buf)), -ENOENT);
	cr_assert_eq(fs_read(&root, "../../etc/passwd", buf, sizeof(buf)), -ENOENT);
	cr_assert_eq(fs_read_link(&root, "escape", buf, sizeof(buf)), 11);
	cr_assert_str_eq(buf, "/etc/passwd");
}

static int count_entry(const char *name, void *arg)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

Test(fs, a_folder_is_listed_without_dots)
{
	int count = 0;

	put("a", "");
	put("b", "");
	cr_assert_eq(fs_list(&root, ".", count_entry, &count), 0);
	cr_assert_eq(count, 2);
	cr_assert_eq(fs_list(&root, "absent", count_entry, &count), -ENOENT);
}

Test(fs, write_changes_an_existing_file_only)
{
	char buf[8];

	put("knob", "0000");
	cr_assert_eq(fs_write(&root, "knob", "1"), 0);
	cr_assert_eq(fs_read(&root, "knob", buf, sizeof(buf)), 4);
	cr_assert_str_eq(buf, "1000");
	cr_assert_eq(fs_write(&root, "absent", "1"), -ENOENT);
	cr_assert_not(fs_exists(&root, "absent"));
	cr_assert(fs_exists(&root, "knob"));
}

Test(fs, the_host_root_reads_this_machine)
{
	struct fs_root host;
	struct err err;
	char buf[64];

	cr_assert_eq(fs_open_host(&host, &err), 0);
	cr_assert(host.is_host);
	cr_assert_gt(fs_read(&host, "/proc/sys/kernel/ostype", buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "Linux");
	fs_close(&host);
	cr_assert_eq(fs_open_tree(&host, "/no/such/folder", &err), -ENOENT);
	cr_assert_eq(err.status, EXIT_INPUT);
}
