#!/bin/sh
# "situ topo --json" on the host says what the host's .conf says: nodes, their CPUs, packages, distances
# and memory, the memory-only node, offline CPUs; one L3 per node.
# topologies: 1n4c 2n4c-small 2n8c 2n8c-offline 2p4n8c 3n8c-far 4n8c 8n16c

status 0 situ topo --json
jq -r '
	(.nodes[] | "node \(.id) package \(if .cpus == [] then "none" else .package end) distances \(.distances)"),
	(.nodes[] | .id as $node | .package as $package | .cpus[] | "cpu \(.) node \($node) package \($package)"),
	(.nodes[] | .cpus | select(. != []) | "cache of \(.)"),
	"packages \(.packages) offline \(.offline | map(tostring) | join(","))"
	' /lab/topology.json | sort >wanted
jq -r '
	def ids: if . == "" then [] else split(",") | map(split("-") | map(tonumber) |
		if length == 2 then range(.[0]; .[1] + 1) else .[0] end) end;
	.cpus as $cpus |
	(.nodes[] | "node \(.id) package \(if .cpus == "" then "none" else .package end) distances " +
		"\([.distances | to_entries | sort_by(.key | tonumber)[].value])"),
	(.cpus[] | "cpu \(.id) node \(.node) package \(.package)"),
	(.caches[] | select(.level == 3) | "cache of \(.cpus | ids)"),
	"packages \(.packages | length) offline \(.offline)"
	' out | sort >got
diff wanted got

# What the kernel keeps for itself is missing from each node's memory.
jq -e --slurpfile host /lab/topology.json '
	$host[0].nodes as $want | all(.nodes[];
		.memory_total <= $want[.id].memory and .memory_total > $want[.id].memory - 167772160 and
		.memory_free > 0 and .memory_free <= .memory_total)' out
