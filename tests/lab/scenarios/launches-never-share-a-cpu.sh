#!/bin/sh
# Many VMs launched at the same moment: no CPU is held by two that want it for themselves, the others
# are refused, and nothing is left of them after kill -9.
# topologies: 4n8c
# limit: 300 s

status 0 launches 200 situ
cat out
says out 'exclusive=true: 200 launched, 8 run, 192 refused' 'exclusive=auto: 200 launched, 200 run'
