#!/bin/sh
# The simulated host itself is what its .conf says, by sysfs alone: else no other scenario means much.
# topologies: all

list() { # "0-3,8" -> " 0 1 2 3 8"
	for range in $(echo "$1" | tr , ' '); do
		cpu=${range%-*}
		while [ "$cpu" -le "${range#*-}" ]; do
			printf ' %s' "$cpu"
			cpu=$((cpu + 1))
		done
	done
}

jq -r '
	.nodes[] | "node \(.id) cpus\([.cpus[] | " \(.)"] | add) distances \(.distances | join(" "))",
	(.package as $package | .cpus[] | "cpu \(.) package \($package)"),
	(.latency_ns | min // empty | "latency \(.)")
	' /lab/topology.json | sed 's/null//' | sort >wanted

for node in /sys/devices/system/node/node[0-9]*; do
	read -r distances <"$node/distance"
	echo "node ${node##*node} cpus$(list "$(cat "$node/cpulist")") distances $distances"
	if [ -e "$node/access0/initiators/read_latency" ]; then
		read -r latency <"$node/access0/initiators/read_latency"
		echo "latency $latency"
	fi
done >unsorted
for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
	if [ -e "$cpu/topology" ]; then
		read -r package <"$cpu/topology/physical_package_id"
		echo "cpu ${cpu##*cpu} package $package"
	fi
done >>unsorted
sort unsorted >got
diff wanted got

# The kernel keeps some memory of each node for itself.
jq -r '.nodes[] | "\(.id) \(.memory)"' /lab/topology.json | while read -r node memory; do
	total=$(($(sed -n 's/.*MemTotal: *\([0-9]*\) kB/\1/p' "/sys/devices/system/node/node$node/meminfo") * 1024))
	[ "$total" -le "$memory" ] || fail "node $node has more memory than configured"
	[ $((total + (160 << 20))) -ge "$memory" ] || fail "node $node has only $total bytes"
	[ "$memory" = 0 ] || [ "$total" -gt 0 ] || fail "node $node has no memory"
done
