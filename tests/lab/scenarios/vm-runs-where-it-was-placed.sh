#!/bin/sh
# A running VM: with each memory policy its pages are where they should be, each vCPU thread may use its
# one CPU and no other, and it ran there.
# topologies: 1n4c 2n8c 2n8c-bare 2n8c-offline 3n8c-far 4n8c 8n16c
# limit: 120 s

# vm PAGES CPUS OPTION...: a VM of 8 MiB with one vCPU on each of the CPUs.
vm() {
	pages=$1
	cpus=$2
	shift 2
	status 0 place-vm --size 8M --vcpus "$cpus" "$@"
	same "place-vm --vcpus $cpus $*" \
		"$pages $pages true [$cpus] [$cpus] [true]" "$(jq -r '"\(.pages) \(.verified.pages) \(.verified.on_plan) " +
		"[\([.vcpus[].cpus] | join(","))] [\([.vcpus[].last_cpu | tostring] | join(","))] \([.vcpus[].ran] | unique)"' out)"
}

jq -r '.nodes[] | select(.cpus != []) | "\(.memory) \(.id) \(.cpus | map(tostring) | join(","))"' \
	/lab/topology.json >nodes
while read -r memory node cpus; do
	[ "$memory" != 0 ] || node=0
	vm "{\"$node\":2048}" "$cpus" --policy bind --nodes "$node" --prefault-cpus "$cpus"
done <nodes
vm '{"0":2048}' 0,1 --policy local --nodes 0 --prefault-cpus 0,1
far=$(fact '[.nodes[] | select(.memory > 0).id] | last')
vm "{\"$far\":2048}" 0,1 --policy preferred --nodes "$far"

all=$(fact '[.nodes[] | select(.memory > 0).id] | join(",")')
status 0 place-vm --size 32M --policy interleave --nodes "$all" --vcpus "$(fact '[.nodes[].cpus[0] // empty | tostring] | join(",")')"
jq -e --arg nodes "$all" '
	(8192 / ($nodes | split(",") | length)) as $share |
	all(.pages[]; . >= $share * 0.95 and . <= $share * 1.05) and .verified.on_plan and
	all(.vcpus[]; .ran and .cpus == (.last_cpu | tostring))' out
