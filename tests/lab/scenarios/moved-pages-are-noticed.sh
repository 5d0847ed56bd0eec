#!/bin/sh
# Verification notices pages that were moved behind the back of a running VM, and counts them.
# topologies: 2n8c

mkfifo go
place-vm --size 8M --policy bind --nodes 1 --vcpus 2,3 --hold <go >out 2>err &
pid=$!
exec 3>go
while ! [ -s out ]; do
	sleep 0.1
done
jq -e .verified.on_plan out
migratepages $pid 1 0
echo >&3
wait $pid
tail -1 out | jq -e '.pages["0"] == 2048 and .pages == .verified.pages and
	.verified.on_plan == false and .verified.off_plan == 2048'
