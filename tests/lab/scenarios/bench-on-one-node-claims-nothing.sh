#!/bin/sh
# On one node there is no pair across nodes: asked for, the report says why it was not measured, and claims
# no penalty.
# topologies: 1n4c
# limit: 120 s

status 0 situ bench ring --ring cached --batch 1 --padding 64 --no-rtt --repeats 5 --json
jq -e '.relations_unavailable.cross != null and .summary.penalty_percent == null and
	 (.summary.reason | length) > 0' out
status 0 situ bench ring --pairs nodes --ring cached --batch 1 --padding 64 --no-rtt --repeats 5
says out 'one NUMA node: cross-node cannot be measured here'
! grep 'cross-node reduces throughput' out
