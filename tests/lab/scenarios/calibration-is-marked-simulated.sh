#!/bin/sh
# Calibration finishes on a simulated host, its file says that it is one, and situ plan takes it.
# topologies: 4n8c
# limit: 240 s

status 0 situ topo --measure latency.json
same simulated true "$(jq .simulated latency.json)"
status 0 situ plan --latency latency.json --cpus 4 --memory 64M
