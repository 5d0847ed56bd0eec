#!/bin/sh
# Many VMs launched at the same moment: no CPU is held by two that want it for themselves, the others
# are refused, and nothing is left of them after kill -9. ("launches 200 situ" takes three to four minutes here.)
# topologies: 4n8c
# limit: 150 s

status 0 launches 40 situ
cat out
says out 'exclusive=true: 40 launched, 8 run, 32 refused' 'exclusive=auto: 40 launched, 40 run'
