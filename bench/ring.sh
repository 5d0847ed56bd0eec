#!/bin/sh
# Our rings beside Concurrency Kit's and Boost's between two host threads, then the guest beside the
# host. CPUS="0 1" and SECONDS_EACH=5 say where and how long.
# shellcheck disable=SC2086 # two words on purpose
"$1/bench/ring_peers" ${CPUS:-0 1} "${SECONDS_EACH:-5}" || exit
for wait in spin pause 16; do
	"$1/situ" bench ring --host --ring cached,batched --wait "$wait" --seconds 20 || exit
done
