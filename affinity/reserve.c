/*
 * Two kinds of lock. The host's is a flock(2), which needs no right to write, so that every user
 * can take it; it is held for milliseconds. A VM's is a write lock of fcntl(2) on its open file:
 * only the owner can take that, and others look at it without taking anything, so that no other
 * user can keep a dead VM alive.
 */
#include "affinity/reserve.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

#define HOST_FOLDER  "/run/situ"
#define HOST_LOCK    ".lock" /* no VM's name starts with a dot */
#define VM_LOCK	     "lock"
#define VM_STATE     "plan.json"
#define VM_STATE_NEW "plan.json.new"

#define RELEASE_WAIT_MS 2000

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define AUTO_CLOSE __attribute__((cleanup(close_fd)))

/* Everybody may make a folder in it and remove nobody else's: as /tmp is. The mode is set anew
 * since the process's umask takes bits away. */
static int make_folder(const char *path)
{
	if (!mkdir(path, 0700))
		return chmod(path, 01777) ? -errno : 0;
	return errno == EEXIST ? 0 : -errno;
}

/* Somebody else's folder could change under us; so could one that others may rename in. */
static int check_folder(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(err, EXIT_HOST, errno, "cannot look at %s", path);
	if (st.st_uid && st.st_uid != geteuid())
		return err_set(err, EXIT_HOST, EPERM,
			       "%s belongs to user %u, neither to root nor to you; remove it", path,
			       (unsigned int)st.st_uid);
	if ((st.st_mode & 0022) && !(st.st_mode & S_ISVTX))
		return err_set(err, EXIT_HOST, EPERM,
			       "%s can be changed by others; set its mode to 1777", path);
	return 0;
}

/* flock(2) needs no right to write, so the file of the first user serves all. */
static int open_lock_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0444);

	/* In a sticky folder the kernel refuses O_CREAT on the file of another user
	 * (fs.protected_regular). */
	if (fd < 0 && errno == EACCES)
		fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_folder(struct reserve *reserve, const char *path, struct err *err)
{
	int ret = make_folder(path);

	if (ret)
		return err_sys(err, EXIT_HOST, -ret, "cannot make %s", path);
	reserve->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (reserve->dir_fd < 0)
		return err_sys(err, EXIT_HOST, errno, "cannot open %s", path);
	ret = check_folder(reserve->dir_fd, path, err);
	if (ret)
		return ret;
	reserve->lock_fd = open_lock_file(reserve->dir_fd, HOST_LOCK);
	if (reserve->lock_fd < 0)
		return err_sys(err, EXIT_HOST, -reserve->lock_fd, "cannot open %s/" HOST_LOCK,
			       path);
	return 0;
}

int reserve_open(struct reserve *reserve, const char *path, struct err *err)
{
	const char *own = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *fallback = NULL;
	int ret;

	*reserve = (struct reserve){ .dir_fd = -1, .lock_fd = -1 };
	ret = open_folder(reserve, path ? path : HOST_FOLDER, err);
	if ((ret == -EACCES || ret == -EROFS) && !path && own && *own == '/') {
		reserve_close(reserve);
		reserve->per_user = true;
		fallback = alloc_printf("%s/situ", own);
		ret = open_folder(reserve, fallback, err);
	}
	if (ret)
		reserve_close(reserve);
	return ret;
}

void reserve_close(struct reserve *reserve)
{
	close_fd(&reserve->lock_fd);
	close_fd(&reserve->dir_fd);
	reserve->locked = false;
}

int reserve_lock(struct reserve *reserve, unsigned int timeout_ms, struct err *err)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned int waited = 0; flock(reserve->lock_fd, LOCK_EX | LOCK_NB); waited++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, EXIT_HOST, errno,
				       "cannot lock the list of running VMs");
		if (waited >= timeout_ms)
			return err_set(err, EXIT_HOST, ETIMEDOUT,
				       "the list of running VMs stayed locked for %u ms; see who "
				       "holds " HOST_FOLDER "/" HOST_LOCK
				       " (lslocks) and try again",
				       timeout_ms);
		nanosleep(&pause, NULL);
	}
	reserve->locked = true;
	return 0;
}

void reserve_unlock(struct reserve *reserve)
{
	if (reserve->locked)
		flock(reserve->lock_fd, LOCK_UN);
	reserve->locked = false;
}

int reserve_open_vm(const struct reserve *reserve, const char *name)
{
	int fd = openat(reserve->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

/* Fails silently where the folder is another user's: then its owner or root will. */
static void remove_vm(const struct reserve *reserve, const char *name)
{
	AUTO_CLOSE int vm_fd = reserve_open_vm(reserve, name);
	struct dirent *entry;
	DIR *dir;

	if (vm_fd < 0)
		return;
	dir = fdopendir(fcntl(vm_fd, F_DUPFD_CLOEXEC, 0));
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(vm_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
	unlinkat(reserve->dir_fd, name, AT_REMOVEDIR);
}

/* Opens a file that has to be the folder owner's own: no link, pipe or foreign file. */
static int open_owned(int vm_fd, const char *name, uid_t owner)
{
	int fd = openat(vm_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == owner)
		return fd;
	close(fd);
	return -EPERM;
}

static bool is_running(int vm_fd, uid_t owner)
{
	AUTO_CLOSE int fd = open_owned(vm_fd, VM_LOCK, owner);
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fd >= 0 && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type == F_WRLCK;
}

bool reserve_is_running(const struct reserve *reserve, const char *name)
{
	AUTO_CLOSE int vm_fd = reserve_open_vm(reserve, name);
	struct stat st;

	return vm_fd >= 0 && !fstat(vm_fd, &st) && is_running(vm_fd, st.st_uid);
}

static int read_text(int vm_fd, uid_t owner, char *text, size_t *len)
{
	AUTO_CLOSE int fd = open_owned(vm_fd, VM_STATE, owner);
	ssize_t got;

	if (fd < 0)
		return fd;
	for (*len = 0; *len <= RESERVE_TEXT_MAX; *len += (size_t)got) {
		got = read(fd, text + *len, RESERVE_TEXT_MAX + 1 - *len);
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
	}
	return -EFBIG;
}

static int read_state(struct reserve_claim *claim, const char *name, int vm_fd, uid_t owner,
		      struct err *err)
{
	AUTO_FREE char *text = alloc_zeroed(RESERVE_TEXT_MAX + 1, 1);
	size_t len;
	int ret = read_text(vm_fd, owner, text, &len);

	if (ret)
		return err_sys(err, EXIT_HOST, -ret, "cannot read its state");
	ret = reserve_state_read(claim, text, len, err);
	if (!ret && strcmp(claim->name, name) != 0) {
		reserve_claim_fini(claim);
		return err_set(err, EXIT_HOST, EINVAL, "its state is that of another VM");
	}
	claim->uid = owner;
	return ret;
}

static void list_vm(struct reserve *reserve, struct reserve_list *list, const char *name)
{
	AUTO_CLOSE int vm_fd = reserve_open_vm(reserve, name);
	struct reserve_claim claim;
	struct stat st;
	struct err err;

	if (vm_fd < 0 || fstat(vm_fd, &st))
		return;
	if (!is_running(vm_fd, st.st_uid)) {
		remove_vm(reserve, name);
		return;
	}
	if (read_state(&claim, name, vm_fd, st.st_uid, &err)) {
		log_warn("running VM %s holds CPUs and memory that are not known: %s", name,
			 err.text);
		return;
	}
	list->claims = alloc_resize(list->claims, list->nr_claims + 1, sizeof(*list->claims));
	list->claims[list->nr_claims++] = claim;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct reserve_claim *)a)->name,
		      ((const struct reserve_claim *)b)->name);
}

int reserve_list(struct reserve *reserve, struct reserve_list *list, struct err *err)
{
	int fd = openat(reserve->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	assert(reserve->locked);
	*list = (struct reserve_list){ 0 };
	if (!dir)
		return err_sys(err, EXIT_HOST, errno, "cannot list the running VMs");
	while ((entry = readdir(dir)))
		if (reserve_name_valid(entry->d_name))
			list_vm(reserve, list, entry->d_name);
	closedir(dir);
	if (list->nr_claims)
		qsort(list->claims, list->nr_claims, sizeof(*list->claims), by_name);
	return 0;
}

void reserve_list_fini(struct reserve_list *list)
{
	for (unsigned int i = 0; i < list->nr_claims; i++)
		reserve_claim_fini(&list->claims[i]);
	free(list->claims);
	*list = (struct reserve_list){ 0 };
}

/* The caller has placed by the list; this makes sure whatever it did. */
static int check_claim(const struct reserve_list *list, const struct reserve_claim *claim,
		       struct err *err)
{
	for (unsigned int i = 0; i < list->nr_claims; i++) {
		const struct reserve_claim *other = &list->claims[i];
		AUTO_CPUSET struct cpuset both = { 0 };

		if (!claim->exclusive && !other->exclusive)
			continue;
		cpuset_copy(&both, &claim->cpus);
		cpuset_and(&both, &other->cpus);
		if (!cpuset_empty(&both))
			return err_set(err, EXIT_NO, EBUSY,
				       "CPU %d is held by VM %s; stop it, choose other CPUs or set "
				       "placement.exclusive: false for both",
				       cpuset_next(&both, 0), other->name);
	}
	return 0;
}

static int write_state(int vm_fd, const struct reserve_claim *claim, struct err *err)
{
	AUTO_FREE char *text = reserve_state_write(claim);
	AUTO_CLOSE int fd = openat(vm_fd, VM_STATE_NEW,
				   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	size_t len = strlen(text);

	if (fd < 0)
		return err_sys(err, EXIT_HOST, errno, "cannot write the state of VM %s",
			       claim->name);
	/* Others read it whatever the umask says, and whole or not at all. */
	if (fchmod(fd, 0644) || write(fd, text, len) != (ssize_t)len ||
	    renameat(vm_fd, VM_STATE_NEW, vm_fd, VM_STATE))
		return err_sys(err, EXIT_HOST, errno, "cannot write the state of VM %s",
			       claim->name);
	return 0;
}

/* Readable for others only once it is locked, since a reader's lock would be in the way. */
static int lock_vm(int vm_fd, struct reserve_hold *hold)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	hold->lock_fd = openat(vm_fd, VM_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (hold->lock_fd < 0 || fcntl(hold->lock_fd, F_OFD_SETLK, &lock) ||
	    fchmod(hold->lock_fd, 0644))
		return -errno;
	return 0;
}

static int make_vm(struct reserve *reserve, struct reserve_hold *hold,
		   const struct reserve_claim *claim, struct err *err)
{
	AUTO_CLOSE int vm_fd = -1;
	int ret;

	if (mkdirat(reserve->dir_fd, claim->name, 0755)) {
		if (errno == EEXIST)
			return err_set(
				err, EXIT_NO, EEXIST,
				"a VM named %s runs already, or its folder cannot be removed; "
				"choose another name",
				claim->name);
		return err_sys(err, EXIT_HOST, errno, "cannot make a folder for VM %s",
			       claim->name);
	}
	vm_fd = reserve_open_vm(reserve, claim->name);
	if (vm_fd < 0 || fchmod(vm_fd, 0755))
		return err_sys(err, EXIT_HOST, errno, "cannot open the folder of VM %s",
			       claim->name);
	ret = lock_vm(vm_fd, hold);
	if (ret)
		return err_sys(err, EXIT_HOST, -ret, "cannot lock VM %s", claim->name);
	return write_state(vm_fd, claim, err);
}

int reserve_take(struct reserve *reserve, struct reserve_hold *hold,
		 const struct reserve_claim *claim, struct err *err)
{
	struct reserve_list list;
	int ret;

	*hold = (struct reserve_hold){ .lock_fd = -1 };
	if (!reserve_name_valid(claim->name))
		return err_set(
			err, EXIT_INPUT, EINVAL,
			"\"%.64s\" is no name for a VM; use up to %u letters, digits, '-', '_' "
			"and '.', the first a letter or digit",
			claim->name, RESERVE_NAME_MAX);
	ret = reserve_list(reserve, &list, err);
	if (!ret)
		ret = check_claim(&list, claim, err);
	reserve_list_fini(&list);
	if (!ret)
		ret = make_vm(reserve, hold, claim, err);
	if (!ret)
		snprintf(hold->name, sizeof(hold->name), "%s", claim->name);
	else if (ret != -EEXIST && ret != -EBUSY) {
		close_fd(&hold->lock_fd);
		remove_vm(reserve, claim->name);
	}
	return ret;
}

int reserve_update(struct reserve *reserve, const struct reserve_hold *hold,
		   const struct reserve_claim *claim, struct err *err)
{
	AUTO_CLOSE int vm_fd = reserve_open_vm(reserve, hold->name);

	if (vm_fd < 0)
		return err_sys(err, EXIT_HOST, -vm_fd, "cannot open the folder of VM %s",
			       hold->name);
	return write_state(vm_fd, claim, err);
}

void reserve_release(struct reserve *reserve, struct reserve_hold *hold)
{
	bool was_locked = reserve->locked;
	struct err unused;

	if (hold->lock_fd < 0)
		return;
	/* Without the host's lock the folder stays, and is stale as soon as the VM's is closed. */
	if (was_locked || !reserve_lock(reserve, RELEASE_WAIT_MS, &unused))
		remove_vm(reserve, hold->name);
	if (!was_locked)
		reserve_unlock(reserve);
	close_fd(&hold->lock_fd);
	*hold = (struct reserve_hold){ .lock_fd = -1 };
}

uint64_t reserve_taken(const struct reserve_list *list, unsigned int node, uint64_t page_size)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < list->nr_claims; i++) {
		const struct reserve_claim *claim = &list->claims[i];

		for (unsigned int k = 0; !claim->populated && k < claim->nr_memory; k++)
			if (claim->memory[k].node == node &&
			    claim->memory[k].page_size == page_size &&
			    __builtin_add_overflow(sum, claim->memory[k].bytes, &sum))
				return UINT64_MAX;
	}
	return sum;
}
