#include "bench/host_info.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define CPUINFO_LIMIT (8u << 20) /* bytes; about 1.5 KiB a CPU */

static void read_word(const struct fs_root *root, const char *path, char *word)
{
	if (fs_read(root, path, word, HOST_INFO_TEXT) < 0)
		*word = '\0';
}

/* "always [madvise] never": the word in brackets. */
static void read_choice(const struct fs_root *root, const char *path, char *word)
{
	char text[HOST_INFO_TEXT];
	const char *begin, *end;

	*word = '\0';
	if (fs_read(root, path, text, sizeof(text)) < 0)
		return;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (end)
		snprintf(word, HOST_INFO_TEXT, "%.*s", (int)(end - begin - 1), begin + 1);
}

static void read_model(const struct fs_root *root, char *word)
{
	AUTO_FREE char *text = NULL;
	const char *line;

	*word = '\0';
	if (fs_read_all(root, "proc/cpuinfo", CPUINFO_LIMIT, &text) < 0)
		return;
	line = strstr(text, "model name");
	line = line ? strchr(line, ':') : NULL;
	if (line)
		snprintf(word, HOST_INFO_TEXT, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
}

/* QEMU's TCG signs the hypervisor leaf (Documentation/virt/kvm/x86/cpuid.rst) with its own name. */
static bool cpus_are_emulated(void)
{
	unsigned int eax, ebx, ecx, edx;
	char sign[12];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 31)))
		return false;
	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(sign, &ebx, 4);
	memcpy(sign + 4, &ecx, 4);
	memcpy(sign + 8, &edx, 4);
	return !memcmp(sign, "TCGTCGTCGTCG", sizeof(sign));
}

void host_info_read(struct host_info *info, const struct fs_root *root)
{
	read_word(root, "proc/sys/kernel/osrelease", info->kernel);
	read_model(root, info->model);
	read_word(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", info->governor);
	read_word(root, "sys/devices/system/cpu/cpufreq/boost", info->boost);
	read_word(root, "sys/devices/system/cpu/smt/control", info->smt);
	read_choice(root, "sys/kernel/mm/transparent_hugepage/enabled", info->thp);
	read_word(root, "proc/sys/kernel/numa_balancing", info->numa_balancing);
	read_word(root, "sys/kernel/mm/ksm/run", info->ksm);
	read_word(root, "sys/devices/system/clocksource/clocksource0/current_clocksource",
		  info->clocksource);
	info->emulated = root->is_host && cpus_are_emulated();
}
