#!/bin/sh
# VM by VM a host is filled to its last CPU, none held twice; the next is refused with the reason, and
# after one has ended its CPUs serve again.
# topologies: 4n8c
# limit: 120 s

kernel=$(halting-kernel)
start() { # NAME
	situ run --name "$1" --kernel "$kernel" --cpus 2 --memory 16M --serial off \
		--placement exclusive=true </dev/null >"$1.out" 2>&1 &
}
await() { # NUMBER of VMs
	tries=0
	until [ "$(situ ps --json | jq '.vms | length')" = "$1" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || fail "there are never $1 VMs: $(situ ps)"
		sleep 0.1
	done
}

for nr in 1 2 3 4; do
	start "vm$nr"
	await "$nr"
done
situ ps --json >ps.json
same 'CPUs held' '["0-1","2-3","4-5","6-7"]' "$(jq -c '[.vms[].cpus] | sort' ps.json)"
same 'nodes used' '[0,1,2,3]' "$(jq -c '[.vms[].memory[].node] | sort' ps.json)"
for nr in 1 2 3 4; do
	same "vm$nr on plan" true "$(situ show --json "vm$nr" | jq .on_plan)"
done

status 3 situ run --name fifth --kernel "$kernel" --cpus 2 --memory 16M --placement exclusive=true
says err '2 free CPUs are needed, 0 may be used'
status 1 situ plan --cpus 2 --memory 16M --placement exclusive=true
status 0 situ kill vm3
start again
await 4
same 'the CPUs that became free' "$(jq -c '.vms[] | select(.name == "vm3").cpus' ps.json)" \
	"$(situ ps --json | jq -c '.vms[] | select(.name == "again").cpus')"

# Somebody else moves a thread: shown, and put back only when asked.
tid=$(situ show --json vm1 | jq '[.threads[] | select(.vcpu == 0).tid][0]')
taskset -p 80 "$tid"
same 'noticed' '[false,"7"]' "$(situ show --json vm1 | jq -c '[.on_plan, (.threads[] | select(.vcpu == 0).live)]')"
same 'put back' true "$(situ show --restore --json vm1 | jq .on_plan)"

for vm in vm1 vm2 vm4 again; do
	status 0 situ kill "$vm"
done
same 'VMs left' 0 "$(situ ps --json | jq '.vms | length')"
rm "$kernel"
