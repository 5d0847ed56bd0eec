/* Where a map comes from: picks the source, lets hwloc read it, fills the map. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "affinity/topology_source.h"
#include "affinity/topology_text.h"
#include "base/alloc.h"

#define XML_MAX	      (64L << 20) /* bytes; the largest machines' files are a few MiB */
#define NO_PLUGINS_AT "/var/empty/situ-loads-no-hwloc-plugins"

void topology_setup(void)
{
	static const char *const others[] = { "HWLOC_XMLFILE",	  "HWLOC_SYNTHETIC",
					      "HWLOC_FSROOT",	  "HWLOC_CPUID_PATH",
					      "HWLOC_THISSYSTEM", "HWLOC_COMPONENTS" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		unsetenv(others[i]);
	setenv("HWLOC_PLUGINS_PATH", NO_PLUGINS_AT, 1);
	setenv("HWLOC_HIDE_ERRORS", "2", 0);
}

static void fini_hwloc(hwloc_topology_t *hw)
{
	if (*hw)
		hwloc_topology_destroy(*hw);
}
#define AUTO_HWLOC __attribute__((cleanup(fini_hwloc)))

/* After *prefix in source, or NULL. */
static const char *after_prefix(const char *source, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(source, prefix, len) ? NULL : source + len;
}

static int init_hwloc(hwloc_topology_t *hw, bool devices, struct err *err)
{
	if (hwloc_topology_init(hw)) {
		*hw = NULL;
		return err_set(err, EXIT_HOST, ENOMEM, "hwloc cannot start; free memory");
	}
	/* hwloc's x86 part runs on every CPU in turn to ask for CPUID: slow, and a disturbance on
	 * CPUs that others have to themselves. sysfs says the same. */
	hwloc_topology_set_components(*hw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
	hwloc_topology_set_icache_types_filter(*hw, HWLOC_TYPE_FILTER_KEEP_ALL);
	if (devices)
		hwloc_topology_set_io_types_filter(*hw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
	return 0;
}

static int fill(struct topology *topo, hwloc_topology_t hw, const struct fs_root *root,
		bool devices, struct err *err)
{
	int ret = topology_fill_hwloc(topo, hw, err);

	if (ret)
		return ret;
	topology_index(topo);
	if (root)
		topology_fill_sysfs(topo, root);
	ret = topology_assign_nodes(topo, err);
	if (!ret && devices)
		topology_fill_devices(topo, hw);
	topo->devices_loaded = devices;
	return ret;
}

static int load_host(struct topology *topo, bool devices, struct err *err)
{
	AUTO_HWLOC hwloc_topology_t hw = NULL;
	struct fs_root root;
	int ret = init_hwloc(&hw, devices, err);

	if (ret)
		return ret;
	if (hwloc_topology_load(hw))
		return err_sys(err, EXIT_HOST, errno,
			       "hwloc cannot read this host; mount /sys and /proc");
	ret = fs_open_host(&root, err);
	if (ret)
		return ret;
	ret = fill(topo, hw, &root, devices, err);
	fs_close(&root);
	topo->is_host = hwloc_topology_is_thissystem(hw);
	return ret;
}

/* hwloc takes another root through the environment only. Without the list of components it would
 * fill a folder that says nothing from this machine's CPUID. */
static int load_folder(hwloc_topology_t *hw, const char *path, bool devices, struct err *err)
{
	const char *backend;
	int ret;

	setenv("HWLOC_FSROOT", path, 1);
	setenv("HWLOC_THISSYSTEM", "0", 1);
	setenv("HWLOC_COMPONENTS", "linux,stop", 1);
	ret = init_hwloc(hw, devices, err);
	if (!ret && hwloc_topology_load(*hw))
		ret = err_set(err, EXIT_INPUT, EINVAL, "hwloc cannot read this tree");
	unsetenv("HWLOC_FSROOT");
	unsetenv("HWLOC_THISSYSTEM");
	unsetenv("HWLOC_COMPONENTS");
	if (ret)
		return ret;
	backend = hwloc_obj_get_info_by_name(hwloc_get_root_obj(*hw), "Backend");
	if (!backend || strcmp(backend, "Linux") != 0)
		return err_set(err, EXIT_INPUT, EINVAL, "hwloc finds no Linux in this tree");
	return 0;
}

static int load_tree(struct topology *topo, const char *path, bool devices, struct err *err)
{
	AUTO_HWLOC hwloc_topology_t hw = NULL;
	AUTO_FREE char *full = realpath(path, NULL);
	struct fs_root root;
	int ret;

	if (!full)
		return err_sys(err, EXIT_INPUT, errno, "cannot open folder");
	ret = fs_open_tree(&root, full, err);
	if (ret)
		return ret;
	if (!fs_exists(&root, "sys/devices/system/cpu/cpu0") &&
	    !fs_exists(&root, "sys/devices/system/cpu/online"))
		ret = err_set(err, EXIT_INPUT, EINVAL,
			      "no captured host: sys/devices/system/cpu is missing or empty");
	if (!ret)
		ret = load_folder(&hw, full, devices, err);
	if (!ret)
		ret = fill(topo, hw, &root, devices, err);
	fs_close(&root);
	return ret;
}

static int load_synthetic(struct topology *topo, const char *text, bool devices, struct err *err)
{
	AUTO_HWLOC hwloc_topology_t hw = NULL;
	int ret = topology_check_synthetic(text, err);

	if (!ret)
		ret = init_hwloc(&hw, devices, err);
	if (ret)
		return ret;
	if (hwloc_topology_set_synthetic(hw, text) || hwloc_topology_load(hw))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "hwloc does not understand this description; an example: "
			       "synthetic:package:2 [numa] l3:2 core:4 pu:2");
	return fill(topo, hw, NULL, devices, err);
}

/* A FIFO would be waited for, a disk read to its end. */
static int open_file(const char *path, FILE **file, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, EXIT_INPUT, errno, "cannot open");
	*file = fdopen(fd, "r");
	if (!*file)
		return err_sys(err, EXIT_INPUT, errno, "cannot open");
	if (S_ISDIR(st.st_mode))
		return err_set(err, EXIT_INPUT, EISDIR,
			       "a folder; for a captured tree write dir:%.200s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_INPUT, EINVAL, "not a regular file");
	if (st.st_size > XML_MAX)
		return err_set(err, EXIT_INPUT, EFBIG, "larger than 64 MiB, which no map is");
	return 0;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* The whole file, terminated. A byte 0 in it ends it for hwloc, and here. */
static int read_file(const char *path, char **text, struct err *err)
{
	__attribute__((cleanup(close_file))) FILE *file = NULL;
	size_t room = 0;
	int ret = open_file(path, &file, err);

	if (ret)
		return ret;
	errno = 0;
	if (getdelim(text, &room, '\0', file) <= 0)
		return err_set(err, EXIT_INPUT, EINVAL, "%s; a map in hwloc's XML is wanted",
			       errno ? strerror(errno) : "empty");
	return 0;
}

static int load_xml(struct topology *topo, const char *path, bool devices, struct err *err)
{
	AUTO_HWLOC hwloc_topology_t hw = NULL;
	AUTO_FREE char *text = NULL;
	int ret = read_file(path, &text, err);

	if (!ret)
		ret = topology_check_xml(text, err);
	if (!ret)
		ret = init_hwloc(&hw, devices, err);
	if (ret)
		return ret;
	if (hwloc_topology_set_xmlbuffer(hw, text, (int)strlen(text) + 1) ||
	    hwloc_topology_load(hw))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "not a map in hwloc's XML; \"lstopo map.xml\" writes one");
	return fill(topo, hw, NULL, devices, err);
}

static int load(struct topology *topo, const char *source, bool devices, struct err *err)
{
	const char *rest;
	int ret;

	*topo = (struct topology){ .source = alloc_string(source) };
	if (!strcmp(source, "host"))
		ret = load_host(topo, devices, err);
	else if ((rest = after_prefix(source, "dir:")))
		ret = load_tree(topo, rest, devices, err);
	else if ((rest = after_prefix(source, "synthetic:")))
		ret = load_synthetic(topo, rest, devices, err);
	else
		ret = load_xml(topo, source, devices, err);
	if (ret) {
		err_context(err, "topology %.200s", source);
		topology_fini(topo);
	}
	return ret;
}

int topology_load(struct topology *topo, const char *source, struct err *err)
{
	return load(topo, source, false, err);
}

int topology_load_devices(struct topology *topo, const char *source, struct err *err)
{
	return load(topo, source, true, err);
}
