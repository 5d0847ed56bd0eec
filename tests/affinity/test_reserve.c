#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "affinity/reserve.h"
#include "base/log.h"
#include "base/size.h"

#define LONG_MS 60000u

static char folder[64], parent[64];
static struct reserve reserve;

static void enter(void)
{
	struct err err;

	log_setup(LOG_ERROR, STDERR_FILENO);
	strcpy(parent, "/tmp/situ-reserve-XXXXXX");
	cr_assert(mkdtemp(parent));
	snprintf(folder, sizeof(folder), "%s/situ", parent);
	cr_assert_eq(reserve_open(&reserve, folder, &err), 0, "%s", err.text);
}

static void leave(void)
{
	char command[128];

	reserve_close(&reserve);
	snprintf(command, sizeof(command), "rm -rf %s", parent);
	cr_assert_eq(system(command), 0);
}

TestSuite(reserve, .init = enter, .fini = leave);

/* A claim of CPUs and 1 GiB of small pages on node 0. */
static struct reserve_claim claim_of(const char *name, const char *cpus, bool exclusive)
{
	static struct reserve_memory memory;
	struct reserve_claim claim = { .pid = getpid(), .exclusive = exclusive };
	struct err err;

	memory = (struct reserve_memory){ .node = 0, .page_size = 4 * KIB, .bytes = GIB };
	claim.memory = &memory;
	claim.nr_memory = 1;
	snprintf(claim.name, sizeof(claim.name), "%s", name);
	cr_assert_eq(cpuset_parse(&claim.cpus, cpus, &err), 0);
	return claim;
}

static int take(struct reserve_hold *hold, const char *name, const char *cpus, bool exclusive,
		struct err *err)
{
	struct reserve_claim claim = claim_of(name, cpus, exclusive);
	int ret;

	cr_assert_eq(reserve_lock(&reserve, LONG_MS, err), 0);
	ret = reserve_take(&reserve, hold, &claim, err);
	reserve_unlock(&reserve);
	cpuset_fini(&claim.cpus);
	return ret;
}

static unsigned int count_running(void)
{
	struct reserve_list list;
	struct err err;
	unsigned int nr;

	cr_assert_eq(reserve_lock(&reserve, LONG_MS, &err), 0);
	cr_assert_eq(reserve_list(&reserve, &list, &err), 0);
	reserve_unlock(&reserve);
	nr = list.nr_claims;
	reserve_list_fini(&list);
	return nr;
}

static bool exists(const char *name)
{
	return !faccessat(reserve.dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void put(const char *name, const char *text)
{
	int fd = openat(reserve.dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

Test(reserve, others_see_what_a_vm_holds_until_it_gives_it_back)
{
	struct reserve_hold hold;
	struct reserve_list list;
	struct err err;

	cr_assert_eq(take(&hold, "db", "2-3", true, &err), 0, "%s", err.text);
	cr_assert_eq(reserve_lock(&reserve, LONG_MS, &err), 0);
	cr_assert_eq(reserve_list(&reserve, &list, &err), 0);
	cr_assert_eq(list.nr_claims, 1);
	cr_assert_str_eq(list.claims[0].name, "db");
	cr_assert_eq(list.claims[0].pid, getpid());
	cr_assert_eq(list.claims[0].uid, geteuid());
	cr_assert(cpuset_has(&list.claims[0].cpus, 3));
	cr_assert_eq(reserve_taken(&list, 0, 4 * KIB), GIB);
	cr_assert_eq(reserve_taken(&list, 0, 2 * MIB), 0);
	cr_assert_eq(reserve_taken(&list, 1, 4 * KIB), 0);
	reserve_list_fini(&list);
	reserve_unlock(&reserve);
	reserve_release(&reserve, &hold);
	cr_assert_eq(count_running(), 0);
	cr_assert_not(exists("db"));
}

Test(reserve, memory_that_is_populated_counts_no_more)
{
	struct reserve_claim claim = claim_of("db", "0", false);
	struct reserve_hold hold;
	struct reserve_list list;
	struct err err;

	cr_assert_eq(reserve_lock(&reserve, LONG_MS, &err), 0);
	cr_assert_eq(reserve_take(&reserve, &hold, &claim, &err), 0);
	claim.populated = true;
	cr_assert_eq(reserve_update(&reserve, &hold, &claim, &err), 0);
	cr_assert_eq(reserve_list(&reserve, &list, &err), 0);
	cr_assert_eq(list.nr_claims, 1);
	cr_assert_eq(reserve_taken(&list, 0, 4 * KIB), 0);
	reserve_list_fini(&list);
	reserve_release(&reserve, &hold);
	cpuset_fini(&claim.cpus);
}

struct conflict {
	char cpus[8];
	bool exclusive;
	char other[8];
	bool other_exclusive;
	int ret;
};

ParameterizedTestParameters(reserve, a_cpu_is_shared_only_where_both_allow_it)
{
	static struct conflict cases[] = {
		{ "0-3", true, "4-7", true, 0 },     { "0-3", true, "3", true, -EBUSY },
		{ "0-3", true, "3", false, -EBUSY }, { "0-3", false, "3", true, -EBUSY },
		{ "0-3", false, "0-3", false, 0 },   { "", true, "0", true, 0 },
	};

	return cr_make_param_array(struct conflict, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct conflict *c, reserve, a_cpu_is_shared_only_where_both_allow_it)
{
	struct reserve_hold first, second;
	struct err err;

	cr_assert_eq(take(&first, "one", c->cpus, c->exclusive, &err), 0);
	cr_assert_eq(take(&second, "two", c->other, c->other_exclusive, &err), c->ret);
	if (c->ret) {
		cr_assert(strstr(err.text, "is held by VM one"), "%s", err.text);
		cr_assert_eq(err.status, EXIT_NO);
		cr_assert_not(exists("two"));
	}
	reserve_release(&reserve, &first);
	reserve_release(&reserve, &second);
	cr_assert_eq(count_running(), 0);
}

Test(reserve, a_name_is_one_running_vms)
{
	struct reserve_hold first, second;
	struct err err;

	cr_assert_eq(take(&first, "db", "0", true, &err), 0);
	cr_assert_eq(take(&second, "db", "1", true, &err), -EEXIST);
	cr_assert(strstr(err.text, "a VM named db runs already"), "%s", err.text);
	cr_assert_eq(count_running(), 1, "the first one keeps its reservation");
	reserve_release(&reserve, &second);
	reserve_release(&reserve, &first);
}

struct name {
	char text[80];
	bool valid;
};

ParameterizedTestParameters(reserve, names_cannot_leave_the_folder)
{
	static struct name cases[] = {
		{ "db", true },
		{ "a.b-c_D9", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ ".lock", false },
		{ "a/b", false },
		{ "../x", false },
		{ "-rf", false },
		{ "a b", false },
		{ "a\n", false },
		{ "\xc3\xa4", false },
		{ "0123456789012345678901234567890123456789012345678901234567890123", true },
		{ "01234567890123456789012345678901234567890123456789012345678901234", false },
	};

	return cr_make_param_array(struct name, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct name *c, reserve, names_cannot_leave_the_folder)
{
	cr_assert_eq(reserve_name_valid(c->text), c->valid, "%s", c->text);
}

/* Starts a process that holds a reservation and waits; returns once it does. */
static pid_t start_vm(const char *name, const char *cpus)
{
	struct reserve_hold hold;
	struct err err;
	char byte = 0;
	int fds[2];
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		reserve_close(&reserve);
		byte = !reserve_open(&reserve, folder, &err) &&
		       !take(&hold, name, cpus, true, &err);
		if (write(fds[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(fds[0], &byte, 1), 1);
	cr_assert(byte);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void kill_vm(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(reserve, kill_9_leaves_nothing_that_the_next_command_does_not_clear)
{
	struct reserve_hold hold;
	struct err err;
	pid_t pid = start_vm("db", "0");

	cr_assert_eq(count_running(), 1);
	cr_assert_eq(take(&hold, "other", "0", true, &err), -EBUSY);
	kill_vm(pid);
	cr_assert(exists("db"));
	cr_assert_eq(take(&hold, "db", "0", true, &err), 0, "%s", err.text);
	cr_assert_eq(count_running(), 1);
	reserve_release(&reserve, &hold);
	cr_assert_not(exists("db"));
}

Test(reserve, death_while_the_host_is_locked_frees_the_lock)
{
	struct err err;
	char byte;
	int fds[2];
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		reserve_close(&reserve);
		if (!reserve_open(&reserve, folder, &err) &&
		    !reserve_lock(&reserve, LONG_MS, &err) &&
		    !mkdirat(reserve.dir_fd, "half", 0755) && write(fds[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(fds[0], &byte, 1), 1);
	cr_assert_eq(reserve_lock(&reserve, 5, &err), -ETIMEDOUT);
	cr_assert(strstr(err.text, "lslocks"));
	kill_vm(pid);
	cr_assert_eq(count_running(), 0);
	cr_assert_not(exists("half"), "a VM that was half made is gone");
}

/* What the processes of the race share: how many hold each CPU at this moment, and faults seen. */
struct board {
	_Atomic int holders[4], faults, taken;
};

static void race_once(struct board *board, const char *name, unsigned int *seed)
{
	unsigned int cpu = (unsigned int)rand_r(seed) % 4;
	struct reserve_hold hold;
	struct err err;
	char cpus[8];
	int ret;

	snprintf(cpus, sizeof(cpus), "%u", cpu);
	ret = take(&hold, name, cpus, true, &err);
	if (ret == -EBUSY)
		return;
	if (ret || atomic_fetch_add(&board->holders[cpu], 1))
		atomic_fetch_add(&board->faults, 1);
	atomic_fetch_add(&board->taken, 1);
	usleep((unsigned int)rand_r(seed) % 500);
	atomic_fetch_sub(&board->holders[cpu], 1);
	/* Now and then a VM ends without a word. */
	if (rand_r(seed) % 8)
		reserve_release(&reserve, &hold);
	else
		close(hold.lock_fd);
}

static void race(struct board *board, int number)
{
	unsigned int seed = (unsigned int)number + 1;
	struct err err;
	char name[16];

	reserve_close(&reserve);
	if (reserve_open(&reserve, folder, &err))
		_exit(1);
	snprintf(name, sizeof(name), "vm%d", number);
	for (int i = 0; i < 50; i++)
		race_once(board, name, &seed);
	_exit(0);
}

Test(reserve, processes_that_race_never_hold_the_same_cpu)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	for (int i = 0; i < 12; i++)
		if (!fork())
			race(board, i);
	while (wait(&status) > 0)
		cr_assert_eq(status, 0);
	cr_assert_eq(board->faults, 0);
	cr_assert_gt(board->taken, 12);
	cr_assert_eq(count_running(), 0);
	munmap(board, sizeof(*board));
}

Test(reserve, a_state_that_cannot_be_read_stops_nobody)
{
	struct reserve_hold hold, other;
	struct err err;

	cr_assert_eq(take(&hold, "db", "0", true, &err), 0);
	put("db/plan.json", "{\"version\": 1, \"name\": \"db\"");
	cr_assert_eq(count_running(), 0);
	cr_assert(exists("db"), "it runs, so its folder stays");
	put("db/plan.json",
	    "{\"version\":1,\"name\":\"web\",\"pid\":1,\"cpus\":\"0\",\"exclusive\":"
	    "true,\"memory\":[],\"populated\":false}");
	cr_assert_eq(count_running(), 0, "nobody speaks for another VM");
	cr_assert_eq(unlinkat(reserve.dir_fd, "db/plan.json", 0), 0);
	cr_assert_eq(mkfifoat(reserve.dir_fd, "db/plan.json", 0644), 0);
	cr_assert_eq(count_running(), 0, "a pipe does not make it wait");
	cr_assert_eq(unlinkat(reserve.dir_fd, "db/plan.json", 0), 0);
	cr_assert_eq(symlinkat("/etc/passwd", reserve.dir_fd, "db/plan.json"), 0);
	cr_assert_eq(count_running(), 0);
	cr_assert_eq(take(&other, "web", "1", true, &err), 0, "%s", err.text);
	reserve_release(&reserve, &other);
	reserve_release(&reserve, &hold);
	cr_assert_not(exists("db"));
}

Test(reserve, removing_what_is_stale_follows_no_link)
{
	char victim[80], target[96];
	int fd;

	snprintf(victim, sizeof(victim), "%s/victim", parent);
	snprintf(target, sizeof(target), "%s/kept", victim);
	cr_assert_eq(mkdir(victim, 0755), 0);
	fd = open(target, O_CREAT | O_WRONLY, 0644);
	close(fd);
	cr_assert_eq(symlinkat(victim, reserve.dir_fd, "link"), 0);
	cr_assert_eq(mkdirat(reserve.dir_fd, "stale", 0755), 0);
	cr_assert_eq(symlinkat(target, reserve.dir_fd, "stale/lock"), 0);
	cr_assert_eq(count_running(), 0);
	cr_assert_not(exists("stale"));
	cr_assert_eq(access(target, F_OK), 0);
}

Test(reserve, a_reader_of_the_lock_file_does_not_keep_a_dead_vm_alive)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	pid_t pid = start_vm("db", "0");
	int fd = openat(reserve.dir_fd, "db/lock", O_RDONLY);

	cr_assert_geq(fd, 0);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	kill_vm(pid);
	cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	cr_assert_eq(count_running(), 0);
	close(fd);
}

Test(reserve, the_folder_is_for_all_users_and_not_anybodys)
{
	struct reserve other;
	struct stat st;
	struct err err;

	cr_assert_eq(fstat(reserve.dir_fd, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 01777);
	cr_assert_eq(fchmod(reserve.dir_fd, 0777), 0);
	cr_assert_eq(reserve_open(&other, folder, &err), -EPERM);
	cr_assert(strstr(err.text, "set its mode to 1777"), "%s", err.text);
	if (geteuid())
		cr_skip_test("giving the folder to another user needs root");
	cr_assert_eq(fchmod(reserve.dir_fd, 01777), 0);
	cr_assert_eq(chown(folder, 12345, 12345), 0);
	cr_assert_eq(reserve_open(&other, folder, &err), -EPERM);
	cr_assert(strstr(err.text, "belongs to user 12345"), "%s", err.text);
}

Test(reserve, a_vm_of_another_user_counts_and_stays)
{
	struct reserve_hold hold;
	struct err err;
	pid_t pid;
	char byte;
	int fds[2];

	if (geteuid())
		cr_skip_test("running as two users needs root");
	cr_assert_eq(chmod(parent, 0755), 0);
	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		reserve_close(&reserve);
		byte = !setgid(12345) && !setuid(12345) && !reserve_open(&reserve, folder, &err) &&
		       !take(&hold, "theirs", "0", true, &err);
		if (write(fds[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(fds[0], &byte, 1), 1);
	cr_assert(byte);
	cr_assert_eq(take(&hold, "ours", "0", true, &err), -EBUSY);
	cr_assert(strstr(err.text, "VM theirs"), "%s", err.text);
	kill_vm(pid);
	cr_assert_eq(take(&hold, "ours", "0", true, &err), 0);
	reserve_release(&reserve, &hold);
}
