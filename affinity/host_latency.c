#include "affinity/host_latency.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "affinity/host_key.h"
#include "base/alloc.h"

#define SYSTEM_FOLDER "/var/lib/situ"
#define FILE_NAME     "latency.json"

/* NULL where the environment does not say where this user's state belongs. */
static char *user_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return alloc_printf("%s/situ", state);
	if (home && *home == '/')
		return alloc_printf("%s/.local/state/situ", home);
	return NULL;
}

/* mkdir -p; the last component decides. */
static int make_folder(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

char *host_latency_path(struct err *err)
{
	AUTO_FREE char *folder = geteuid() ? user_folder() : alloc_string(SYSTEM_FOLDER);
	int ret;

	if (!folder) {
		err_set(err, EXIT_HOST, ENOENT,
			"latency: neither XDG_STATE_HOME nor HOME is set; name a file instead");
		return NULL;
	}
	ret = make_folder(folder);
	if (ret) {
		err_sys(err, EXIT_HOST, -ret, "latency: cannot make folder %s", folder);
		return NULL;
	}
	return alloc_printf("%s/" FILE_NAME, folder);
}

int host_latency_load_file(struct latency *latency, const char *path, struct err *err)
{
	AUTO_FREE char *own = NULL;
	struct fs_root host;
	char what[400];
	int ret = latency_load(latency, path, err);

	if (ret || !latency->key)
		return ret;
	ret = fs_open_host(&host, err);
	if (!ret)
		own = host_key_read(&host);
	fs_close(&host);
	if (!ret && host_key_compare(latency->key, own, what, sizeof(what)))
		ret = err_set(err, EXIT_INPUT, ESTALE,
			      "latency: %s is not of this host as it runs now (%s); measure again "
			      "with \"situ topo --measure %s\"",
			      path, what, path);
	if (ret)
		latency_fini(latency);
	return ret;
}

/* -ENOENT where there is no such file. */
static int try_folder(struct latency *latency, const char *folder, char **path, struct err *err)
{
	AUTO_FREE char *file = alloc_printf("%s/" FILE_NAME, folder);
	int ret;

	if (access(file, F_OK))
		return -ENOENT;
	ret = host_latency_load_file(latency, file, err);
	if (ret)
		return ret;
	*path = file;
	file = NULL;
	return 0;
}

int host_latency_find(struct latency *latency, char **path, struct err *err)
{
	AUTO_FREE char *folder = geteuid() ? user_folder() : NULL;
	int ret = -ENOENT;

	*latency = (struct latency){ 0 };
	*path = NULL;
	if (folder)
		ret = try_folder(latency, folder, path, err);
	if (ret == -ENOENT)
		ret = try_folder(latency, SYSTEM_FOLDER, path, err);
	return ret;
}
