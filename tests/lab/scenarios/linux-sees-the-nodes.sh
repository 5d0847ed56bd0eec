#!/bin/sh
# A Linux guest as large as the host is told of nodes, packages, distances and L3 domains as the host has
# them.
# topologies: 2n8c 2p4n8c 4n8c
# limit: 120 s

status 0 situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img \
	--cpus "$(fact '.cpus | length')" --memory 1G --cmdline 'console=ttyS0 quiet'
tr -d '\r' <out | sed -n 's/^guest: \(node[0-9]* cpus [^ ]* distances .*\) memory.*/\1/p' >nodes
jq -r '.nodes[] | "node\(.id) cpus \(.cpus[0])-\(.cpus[-1]) distances \(.distances | map(tostring) | join(" "))"' \
	/lab/topology.json | diff - nodes
tr -d '\r' <out | sed -n 's/^guest: \(cpu[0-9]*\) package \([0-9]*\) core.*/\1 \2/p' >packages
jq -r '.nodes[] | .package as $package | .cpus[] | "cpu\(.) \($package)"' /lab/topology.json | diff - packages
tr -d '\r' <out | sed -n 's/^guest: cpu[0-9]* L3 .* shared //p' | sort -u >caches
jq -r '.nodes[].cpus | "\(.[0])-\(.[-1])"' /lab/topology.json | diff - caches
