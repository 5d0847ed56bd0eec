#!/bin/sh
# A node without memory cannot be asked for memory, and a CPU on it can still prefault on another.
# topologies: 2n8c-bare

status 3 place-vm --size 8M --policy bind --nodes 1
says err 'node 1'
status 0 place-vm --size 8M --policy bind --nodes 0 --prefault-cpus 4-7
same 'pages' '{"0":2048}' "$(jq -c .pages out)"
