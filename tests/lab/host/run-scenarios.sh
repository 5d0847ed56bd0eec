#!/bin/sh
# Sourced by init on a lab host: runs the scenarios of /lab/scenarios/list, one after the other, each
# on a host in its first state. Per scenario the results are NAME.log and NAME.status ("0 1.3": exit
# status, seconds).

uptime_tenths() {
	sed 's/\([0-9]*\)\.\([0-9]\).*/\1\2/' /proc/uptime
}

# Puts the host back; complains about what a scenario left behind, which then counts as its failure.
restore_host() {
	left=0
	if pids=$(pidof situ); then
		echo "left running: situ $pids"
		# shellcheck disable=SC2086 # a list
		kill -9 $pids
		left=1
	fi
	for pool in /sys/devices/system/node/node*/hugepages/*/nr_hugepages; do
		[ "$(cat "$pool")" = 0 ] || echo 0 >"$pool"
	done
	for group in $(find /sys/fs/cgroup -mindepth 1 -type d | sort -r); do
		rmdir "$group" || left=1
	done
	rm -rf /tmp/* /dev/shm/*
	echo 3 >/proc/sys/vm/drop_caches
	return $left
}

while read -r name limit; do
	echo "lab: begin $name"
	begin=$(uptime_tenths)
	log=/lab/results/$name.log
	(cd /tmp && timeout -k 5 "$limit" sh /lab/host/scenario.sh "/lab/scenarios/$name.sh") >"$log" 2>&1 </dev/null
	status=$?
	[ $status != 143 ] || echo "the scenario took more than its limit of $limit s" >>"$log"
	restore_host >>"$log" 2>&1 || [ $status != 0 ] || status=99
	tenths=$(($(uptime_tenths) - begin))
	echo "$status $((tenths / 10)).$((tenths % 10))" >"/lab/results/$name.status"
	save_results
done </lab/scenarios/list
echo 'lab: begin end'
