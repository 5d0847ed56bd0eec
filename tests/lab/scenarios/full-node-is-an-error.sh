#!/bin/sh
# Memory bound to a node that cannot hold it is an error that names the node and the remedy, spills
# nowhere and leaves nothing behind; merely preferred memory spills.
# topologies: 2n4c-small
# limit: 90 s

before=$(free_kb 1)
other=$(free_kb 0)
status 3 place-vm --size 300M --policy bind --nodes 1 --prefault-cpus 2,3
same 'nothing is printed' '' "$(cat out)"
says err 'place-vm: memory: node 1 is full.*300 MiB' 'free memory'
after=$(free_kb 1)
[ $((before - after)) -lt 32768 ] || fail "node 1 had $before kB free and has $after kB now"
[ $((other - $(free_kb 0))) -lt 32768 ] || fail "memory is missing on node 0: $other kB before, $(free_kb 0) kB now"
same 'processes left' '' "$(pidof place-vm || :)"

status 0 place-vm --size 300M --policy preferred --nodes 1
jq -e '.pages["0"] > 0 and .pages["1"] > 0 and .pages["0"] + .pages["1"] == 76800' out
jq -e '.verified.on_plan == false' out
