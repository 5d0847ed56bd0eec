#!/bin/sh
# The first process of the guest that scenarios boot inside a lab host: says what the guest was told
# about itself, then switches it off.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null

echo "guest: cpus $(cat /sys/devices/system/cpu/online)"
for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
	echo "guest: ${cpu##*/} package $(cat "$cpu/topology/physical_package_id")" \
		"core $(cat "$cpu/topology/core_id")" \
		"threads $(cat "$cpu/topology/thread_siblings_list")"
	for cache in "$cpu"/cache/index*; do
		[ -e "$cache/level" ] || continue
		echo "guest: ${cpu##*/} L$(cat "$cache/level") $(cat "$cache/type")" \
			"$(cat "$cache/size") shared $(cat "$cache/shared_cpu_list")"
	done
done
for node in /sys/devices/system/node/node[0-9]*; do
	echo "guest: ${node##*/} cpus $(cat "$node/cpulist") distances $(cat "$node/distance")" \
		"memory $(sed -n 's/.*MemTotal: *\([0-9]*\) kB/\1/p' "$node/meminfo") kB"
done
echo "guest: cmdline $(cat /proc/cmdline)"
if grep -q lab.shell /proc/cmdline; then
	setsid cttyhack sh
fi
echo 'guest: done'
poweroff -f
