#!/bin/sh
# The benchmark runs between all pairs of nodes, with ring memory at each home, and verifies CPUs and pages.
# topologies: 2n8c 4n8c 3n8c-far
# limit: 180 s

nodes=$(fact '[.nodes[] | select(.cpus != [])] | length')

status 0 situ bench ring memory --pairs nodes --ring batched --ring-node all --repeats 6 --buffer 2M --json
cp out all.json
jq -e '[.pairs[] | select(.verified | not)] == []' all.json
same 'ordered pairs of nodes' $((nodes * nodes)) \
	"$(jq '[.pairs[] | [.producer.node, .consumer.node]] | unique | length' all.json)"
# Every home that the host has: the ring's pages were counted there.
jq -e '[.pairs[] | select(.ring_node == "producer") | .producer.node == .ring_host_node] | all' all.json
jq -e '[.pairs[] | select(.ring_node == "consumer") | .consumer.node == .ring_host_node] | (length > 0) and all' all.json
jq -e '[.pairs[] | select(.ring_node == "interleave")] | length > 0' all.json
# Local and remote memory from each node's first vCPU, every page on its node.
jq -e '[.memory[] | select(.verified | not)] == []' all.json
jq -e '([.memory[] | select(.local)] | length) > 0 and ([.memory[] | select(.local | not)] | length) > 0' all.json
# A channel inside each of two nodes, at once.
jq -e '.channels[0] | .verified and .producer.node == .consumer.node and .second.producer.node == .second.consumer.node
	and .producer.node != .second.producer.node' all.json
# Either there is a penalty, or a reason why there is none: how many samples go undisturbed here is chance.
jq -e '.summary | (.penalty_percent == null) == (.reason != null)' all.json
