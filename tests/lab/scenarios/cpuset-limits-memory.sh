#!/bin/sh
# In a cgroup that may use one node only, memory on another is refused with the reason; on that node it
# is placed as ever.
# topologies: 2n8c 4n8c

group=/sys/fs/cgroup/limited
mkdir "$group"
echo 1 >"$group/cpuset.mems"
fact '.nodes[1].cpus | map(tostring) | join(",")' >"$group/cpuset.cpus"
limited() {
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

status 3 limited place-vm --size 8M --policy bind --nodes 0
says err 'node 0 is wanted, but .* node 1 only' 'cpuset.mems'
status 0 limited place-vm --size 8M --policy bind --nodes 1
same 'pages' '{"1":2048}' "$(jq -c .pages out)"
rmdir "$group"
