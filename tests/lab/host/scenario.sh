#!/bin/sh
# What every scenario has at hand; run-scenarios.sh starts a scenario as "sh scenario.sh FILE".
# A command that fails ends the scenario as failed, and the log shows every command (set -eux).
set -eu

fail() {
	echo "FAILED: $*"
	exit 1
}

# For what this host cannot show; counted as skipped, with the reason.
skip() {
	echo "$*"
	exit 77
}

# fact JQ: a value of the host's topology file, as the runner wrote it from the .conf.
fact() {
	jq -r "$1" /lab/topology.json
}

# same WHAT WANTED GOT
same() {
	[ "$2" = "$3" ] || fail "$1: wanted \"$2\", got \"$3\""
}

# status WANTED COMMAND...: runs it with its output in out and err; its exit status must be WANTED.
status() {
	wanted=$1
	shift
	got=0
	"$@" >out 2>err || got=$?
	[ "$got" = "$wanted" ] || {
		cat out err
		fail "$*: wanted exit status $wanted, got $got"
	}
}

# says FILE PATTERN...: the file has a line for every pattern.
says() {
	file=$1
	shift
	for pattern in "$@"; do
		grep -q -e "$pattern" "$file" || {
			cat "$file"
			fail "$file does not say \"$pattern\""
		}
	done
}

# huge_pages NODE SIZE_KB COUNT: makes a node's pool; all of them or failure.
huge_pages() {
	pool=/sys/devices/system/node/node$1/hugepages/hugepages-$2kB
	echo "$3" >"$pool/nr_hugepages"
	same "huge pages of $2 kB on node $1" "$3" "$(cat "$pool/nr_hugepages")"
}

free_huge_pages() {
	cat "/sys/devices/system/node/node$1/hugepages/hugepages-$2kB/free_hugepages"
}

# free_kb NODE: what the kernel says is free there.
free_kb() {
	sed -n 's/.*MemFree: *\([0-9]*\) kB/\1/p' "/sys/devices/system/node/node$1/meminfo"
}

set -x
# shellcheck source=/dev/null
. "$1"
