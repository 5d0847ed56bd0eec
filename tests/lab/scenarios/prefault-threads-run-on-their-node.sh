#!/bin/sh
# Memory without a binding goes where it is first touched, so the pages themselves show on which node
# the prefault threads ran.
# topologies: 2n8c 2n8c-offline 4n8c

jq -r '.nodes[] | "\(.id) \(.cpus | map(tostring) | join(","))"' /lab/topology.json >crews
while read -r node cpus; do
	status 0 place-vm --size 8M --policy local --nodes "$node" --prefault-cpus "$cpus"
	same "pages touched by CPUs $cpus" "{\"$node\":2048}" "$(jq -c .pages out)"
	jq -e .verified.on_plan out
done <crews
