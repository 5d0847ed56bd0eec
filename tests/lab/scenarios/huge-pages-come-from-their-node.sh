#!/bin/sh
# Huge pages are taken from the pool of the node that was asked for; a shortage there is an error that
# names node, size, what is there and what is needed, even where another node has plenty.
# topologies: 2n8c 3n8c-far

huge_pages 1 2048 16

status 0 place-vm --size 32M --page 2M --policy bind --nodes 1
same 'page size and pages' '2097152 {"1":16} true' \
	"$(jq -r '"\(.page_size) \(.pages) \(.verified.on_plan)"' out)"
same 'pages given back' 16 "$(free_huge_pages 1 2048)"

status 3 place-vm --size 34M --page 2M --policy bind --nodes 1
says err 'node 1 has 16 free 2 MiB pages, 17 are needed; .*'
same 'pages given back' 16 "$(free_huge_pages 1 2048)"

status 3 place-vm --size 2M --page 2M --policy bind --nodes 0
says err 'node 0 has 0 free 2 MiB pages, 1 .*needed'

status 0 place-vm --size 2M --page 2M --policy bind --nodes 0 --fallback
same 'smaller pages instead' '4096 {"0":512}' "$(jq -r '"\(.page_size) \(.pages)"' out)"
