#include "affinity/host_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define CPU_DIR	 "sys/devices/system/cpu/"
#define NODE_DIR "sys/devices/system/node/"

/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells keys apart, protects nothing. */
#define FNV_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

static void read_machine(const struct fs_root *root, char *buf, size_t len)
{
	char id[128];

	if (fs_read(root, "etc/machine-id", id, sizeof(id)) <= 0 &&
	    fs_read(root, "sys/class/dmi/id/product_uuid", id, sizeof(id)) <= 0) {
		snprintf(buf, len, "unknown");
		return;
	}
	snprintf(buf, len, "%016" PRIx64, hash_text(FNV_START, id));
}

static void read_model(const struct fs_root *root, char *buf, size_t len)
{
	AUTO_FREE char *text = NULL;
	const char *at;
	size_t used = 0;

	snprintf(buf, len, "unknown");
	if (fs_read_all(root, "proc/cpuinfo", 64 << 20, &text) < 0)
		return;
	at = strstr(text, "model name");
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return;
	for (at += strspn(at, ": \t"); *at && *at != '\n' && used + 1 < len; at++)
		buf[used++] = (char)(*at == ';' ? ',' : *at);
	buf[used] = '\0';
}

static void read_list(const struct fs_root *root, const char *path, char *buf, size_t len)
{
	if (fs_read(root, path, buf, len) <= 0)
		snprintf(buf, len, "unknown");
}

static uint64_t hash_file(uint64_t hash, const struct fs_root *root, const char *dir, int nr,
			  const char *name)
{
	char text[4096];

	if (fs_readf(root, text, sizeof(text), "%s%d/%s", dir, nr, name) < 0)
		return hash_text(hash, "-");
	return hash_text(hash_text(hash, text), "\n");
}

static uint64_t hash_shape(const struct fs_root *root)
{
	AUTO_CPUSET struct cpuset cpus = { 0 }, nodes = { 0 };
	uint64_t hash = FNV_START;

	fs_read_listf(root, &nodes, NODE_DIR "online");
	cpuset_for_each (node, &nodes) {
		hash = hash_file(hash, root, NODE_DIR "node", node, "cpulist");
		hash = hash_file(hash, root, NODE_DIR "node", node, "distance");
	}
	fs_read_listf(root, &cpus, CPU_DIR "online");
	cpuset_for_each (cpu, &cpus) {
		hash = hash_file(hash, root, CPU_DIR "cpu", cpu, "topology/thread_siblings_list");
		hash = hash_file(hash, root, CPU_DIR "cpu", cpu, "cache/index3/shared_cpu_list");
	}
	return hash;
}

char *host_key_read(const struct fs_root *root)
{
	char machine[32], model[128], cpus[1024], nodes[1024];

	read_machine(root, machine, sizeof(machine));
	read_model(root, model, sizeof(model));
	read_list(root, CPU_DIR "online", cpus, sizeof(cpus));
	read_list(root, NODE_DIR "online", nodes, sizeof(nodes));
	return alloc_printf("machine=%s;model=%s;cpus=%s;nodes=%s;shape=%016" PRIx64, machine,
			    model, cpus, nodes, hash_shape(root));
}

/* The length of the field at the start of a key. */
static size_t field_len(const char *key)
{
	return strcspn(key, ";");
}

int host_key_compare(const char *measured, const char *own, char *what, size_t len)
{
	if (!strcmp(measured, own))
		return 0;
	while (*measured && *own) {
		size_t a = field_len(measured), b = field_len(own);

		if (a != b || strncmp(measured, own, a) != 0) {
			snprintf(what, len, "measured with %.*s, this host has %.*s",
				 (int)(a < 120 ? a : 120), measured, (int)(b < 120 ? b : 120), own);
			return 1;
		}
		measured += a + (measured[a] == ';');
		own += b + (own[b] == ';');
	}
	snprintf(what, len, "the key has other fields than this version writes");
	return 1;
}
