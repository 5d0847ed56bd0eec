#!/bin/sh
# capture.sh FOLDER: copies what sysfs and procfs say of this host's topology into FOLDER/tree, and
# hwloc's view of it into FOLDER/map.xml. Runs on any Linux, a lab host too; leaves out the host's name.
set -eu
out=$1
mkdir -p "$out/tree"

# Files of sysfs claim a page each and cannot be archived as they are.
copy() {
	mkdir -p "$out/tree$(dirname "$1")"
	cat "$1" >"$out/tree$1" 2>/dev/null || rm -f "$out/tree$1"
}

{
	cpu=/sys/devices/system/cpu
	node=/sys/devices/system/node
	find $cpu -maxdepth 1 -type f \( -name online -o -name offline -o -name present -o -name possible \
		-o -name isolated -o -name nohz_full \)
	for folder in "$cpu"/cpu[0-9]*; do
		find "$folder/" -maxdepth 1 -type f \( -name online -o -name cpu_capacity \)
		[ ! -d "$folder/topology" ] || find "$folder/topology" -type f
		[ ! -d "$folder/cache" ] || find "$folder/cache" -type f ! -name uevent ! -name "cache_disable*"
	done
	find $node -maxdepth 1 -type f ! -name uevent
	for folder in "$node"/node[0-9]*; do
		find "$folder/" -maxdepth 1 -type f \( -name "cpu*" -o -name distance -o -name meminfo \)
		find "$folder/" -type f \( -path '*/hugepages/*' -o -path '*/initiators/*' -o -path '*/memory_side_cache/*' \) \
			! -name uevent ! -path '*/power/*'
	done
	find /sys/kernel/mm/hugepages -type f -name '*_hugepages'
	for file in /sys/fs/cgroup/cpuset.cpus.effective /sys/fs/cgroup/cpuset.mems.effective \
		/sys/fs/cgroup/cpuset.cpus.isolated /proc/cpuinfo /proc/meminfo; do
		[ ! -e $file ] || echo $file
	done
} | while read -r file; do
	copy "$file"
done

# hwloc finds a memory-only node's CPUs by the names of these links.
for link in /sys/devices/system/node/node*/access*/initiators/node*; do
	[ -e "$link" ] || continue
	mkdir -p "$out/tree$(dirname "$link")"
	ln -sf "../../../$(basename "$link")" "$out/tree$link"
done

lstopo -f --of xml "$out/map.xml"
sed -i '/info name="HostName"/d; /info name="OSVersion"/d; /info name="OSRelease"/d; /info name="DMI.*\(Serial\|UUID\|AssetTag\)"/d' "$out/map.xml"
