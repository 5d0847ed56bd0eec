#!/bin/sh
# Interleaved memory is spread over its nodes within 5 % of an even share each, and verified so.
# topologies: 2n8c 3n8c-far 4n8c 8n16c

even() { # NODES
	status 0 place-vm --size 32M --policy interleave --nodes "$1"
	jq -e --arg nodes "$1" '
		($nodes | split(",")) as $nodes | (8192 / ($nodes | length)) as $share |
		(.pages | keys) == ($nodes | sort) and
		all(.pages[]; . >= $share * 0.95 and . <= $share * 1.05) and
		.pages == .verified.pages and .verified.on_plan and .verified.balanced' out
}

all=$(fact '[.nodes[] | select(.memory > 0).id] | join(",")')
even "$all"
even "${all%,*}"
