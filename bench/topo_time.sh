#!/usr/bin/env bash
# How long the map takes: "situ topo --json" against lstopo on the same source, and situ's start
# without a map. Interleaved runs, medians in ms.
# Usage: bench/topo_time.sh BUILD [SOURCE...]    host, or files in hwloc's XML; default: host
# RUNS=N is the number of runs. "make bench-topo_time" calls it.
set -euo pipefail

situ=$1/situ
shift
runs=${RUNS:-51}
[ $# -gt 0 ] || set -- host

# Wall time of one command in microseconds, its output dropped.
once() {
	local begin=${EPOCHREALTIME/./}
	"$@" >/dev/null
	echo $((${EPOCHREALTIME/./} - begin))
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] / 1000 }'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for source in "$@"; do
	input=()
	[ "$source" = host ] || input=(-i "$source")
	: >"$work/situ"
	: >"$work/lstopo"
	for ((i = 0; i < runs; i++)); do
		once "$situ" topo --json --topology "$source" >>"$work/situ"
		once lstopo-no-graphics "${input[@]}" --of xml >>"$work/lstopo"
	done
	a=$(median <"$work/situ")
	b=$(median <"$work/lstopo")
	printf '%s: situ topo --json %s ms, lstopo --of xml %s ms, ratio %s\n' "${source##*/}" "$a" "$b" \
		"$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / b }')"
done

for ((i = 0; i < runs; i++)); do
	once "$situ" --version >>"$work/start"
	once /bin/true >>"$work/none"
done
printf 'situ --version %s ms, /bin/true %s ms\n' "$(median <"$work/start")" "$(median <"$work/none")"
