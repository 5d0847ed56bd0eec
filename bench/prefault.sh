#!/bin/sh
# Prefaulting 4 GiB against QEMU's prealloc with two threads, and what verifying it costs.
# Needs qemu-system-x86_64 and 5 GiB of free memory.
for pages in thp small; do
	"$1/bench/prefault" "${SIZE:-4G}" "${ROUNDS:-10}" "$pages" || exit
done
