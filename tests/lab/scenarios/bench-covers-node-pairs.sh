#!/bin/sh
# "--pairs nodes" measures every node against every other, and the pointer chase every memory from every
# node; all verified.
# topologies: 2p4n8c
# limit: 240 s

status 0 situ bench ring --pairs nodes --ring cached --batch 1 --padding 64 --ring-node producer \
	--no-rtt --repeats 5 --json
jq -e --slurpfile host /lab/topology.json '
	[$host[0].nodes[] | select(.cpus != []).id] as $nodes |
	([.pairs[] | [.producer.node, .consumer.node]] | unique) == ([[$nodes, $nodes] | combinations] | unique) and
	all(.pairs[]; .verified)' out

status 0 situ bench memory --buffer 1M --repeats 5 --json
jq -e --slurpfile host /lab/topology.json '
	[$host[0].nodes[] | select(.cpus != []).id] as $from |
	[$host[0].nodes[] | select(.memory > 0).id] as $to |
	([.memory[] | [.cpu_node, .node]] | unique) == ([[$from, $to] | combinations] | unique) and
	all(.memory[]; .verified and .local == (.cpu_node == .node))' out
status 0 situ bench memory --buffer 1M --repeats 5
says out 'emulated in software: numbers and verdicts mean nothing'
