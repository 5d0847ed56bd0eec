#!/bin/sh
# In a cgroup that may use one node, the map shows that node alone and names what is not allowed; the
# host's check says the same.
# topologies: 2n8c 4n8c

group=/sys/fs/cgroup/limited
mkdir "$group"
echo 1 >"$group/cpuset.mems"
fact '.nodes[1].cpus | map(tostring) | join(",")' >"$group/cpuset.cpus"
limited() {
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

status 0 limited situ topo --json
same 'nodes and CPUs' "[1] $(fact '.nodes[1].cpus | tostring')" \
	"$(jq -r '"\([.nodes[].id]) \([.cpus[].id])"' out)"
jq -e '.disallowed != "" and .disallowed_nodes != "" and (.packages | length) == 1' out
same 'a free view' "$(fact '.cpus | length')" "$(situ topo --json | jq '.cpus | length')"

status 0 limited situ check
says out 'note *cpus and nodes .*only CPUs'
rmdir "$group"
