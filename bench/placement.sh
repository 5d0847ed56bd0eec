#!/bin/sh
# Quality and time of placement. Usage: placement.sh BUILD. The matrices: PLACEMENT_DATA (a folder of
# core-to-core CSV files) or ../shared/data/latency.
set -eu
data=${PLACEMENT_DATA:-../shared/data/latency}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "## place() by itself, CPU time of this machine"
"$1/bench/placement_time"
if [ ! -d "$data" ]; then
	echo "placement: no matrices in $data; set PLACEMENT_DATA to a folder of core-to-core CSV files" >&2
	exit 0
fi
echo
echo "## Quality"
"$1/bench/placement_quality" "$data" "$scratch"
