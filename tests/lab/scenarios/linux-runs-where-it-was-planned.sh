#!/bin/sh
# A Linux guest on the second node, looked at from outside while it runs: each vCPU thread may use its one
# CPU, every page is on the node. When it powers off, nothing is left.
# topologies: 2n8c 4n8c
# limit: 120 s

cpus=$(fact '.nodes[1].cpus[:-1] | map(tostring) | join(" ")') # one is left for the other threads
pages=$((256 * 1024 / 4))

mkfifo keys
situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img --cpus "$(echo "$cpus" | wc -w)" \
	--memory size=256M,prefault=on --placement 'nodes=[1],strict=on' --cmdline 'console=ttyS0 quiet lab.shell' \
	<keys >out 2>err &
pid=$!
exec 3>keys
until grep -q 'guest: cmdline' out; do
	[ -d /proc/$pid ] || fail "situ ended: $(cat out err)"
	sleep 0.2
done

for task in "/proc/$pid/task/"*; do
	if grep -q '^vcpu' "$task/comm"; then
		sed -n 's/^Cpus_allowed_list:\t//p' "$task/status"
	fi
done | sort -n >pinned
same 'CPUs of the vCPU threads' "$cpus" "$(xargs <pinned)"
same 'pages of the guest' "N1=$pages" \
	"$(grep "anon=$pages" "/proc/$pid/numa_maps" | grep -o 'N[0-9]*=[0-9]*' | xargs)"

echo 'poweroff -f' >&3
wait $pid
