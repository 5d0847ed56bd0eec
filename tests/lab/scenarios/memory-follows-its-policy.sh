#!/bin/sh
# Guest memory lands where its policy says, page by page, on every node that has memory; what situ's
# own verification says is what the kernel says of each page.
# topologies: 1n4c 2n8c 2n8c-bare 3n8c-far 4n8c 8n16c
# limit: 120 s

nodes=$(fact '[.nodes[] | select(.memory > 0).id] | join(" ")')
pages=2048 # of 4 KiB

# places NODE OPTION...: all pages must be there, and verified to be.
places() {
	node=$1
	shift
	status 0 place-vm --size 8M "$@"
	same "place-vm $*" "{\"$node\":$pages} {\"$node\":$pages} true" \
		"$(jq -r '"\(.pages) \(.verified.pages) \(.verified.on_plan)"' out)"
}

for node in $nodes; do
	places "$node" --policy bind --nodes "$node"
	places "$node" --policy bind --nodes "$node" --shared
	places "$node" --policy preferred --nodes "$node"
done
