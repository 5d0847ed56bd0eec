#!/bin/sh
# The ring benchmark runs between vCPUs of one node and of two, with the ring's memory on each side, on a
# third node and interleaved; pins and pages of every line are verified. What the numbers are worth on
# emulated CPUs, the report says.
# topologies: 2n8c 8n16c
# limit: 180 s

same_node=$(fact '.nodes[0].cpus[0:2] | map(tostring) | join(":")')
two_nodes="$(fact '.nodes[0].cpus[0]'):$(fact '.nodes[-1].cpus[0]')"
status 0 situ bench ring --pairs "$same_node,$two_nodes" --ring cached --batch 1 --padding 64 \
	--ring-node all --no-rtt --repeats 5 --json
jq -e --slurpfile host /lab/topology.json '
	($host[0].nodes | map(.id as $id | .cpus[] | {key: tostring, value: $id}) | from_entries) as $node_of |
	all(.pairs[]; .verified and
		.producer.node == $node_of[.producer.cpu | tostring] and
		.consumer.node == $node_of[.consumer.cpu | tostring]) and
	([.pairs[] | select(.producer.node == .consumer.node).ring_node] | unique) ==
		["interleave", "producer", "third"] and
	([.pairs[] | select(.producer.node != .consumer.node).ring_node] | contains(["producer", "consumer", "interleave"])) and
	([.pairs[] | select(.producer.node != .consumer.node).ring_node] | contains(["third"])) == ($host[0].nodes | length > 2) and
	(.summary | (.penalty_percent == null) == (.reason != null)) and
	.host.emulated' out
