#!/bin/sh
# A Linux guest on all CPUs is told their nodes, distances, packages, threads and caches, says so on its
# serial port, and switches itself off.
# topologies: 1n4c 2n8c 4n8c 8n16c
# limit: 400 s

# The same sentences that the guest's init prints, about this host.
sentences() {
	for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
		echo "${cpu##*/} package $(cat "$cpu/topology/physical_package_id")" \
			"threads $(cat "$cpu/topology/thread_siblings_list")"
		for cache in "$cpu"/cache/index*; do
			echo "${cpu##*/} L$(cat "$cache/level") $(cat "$cache/type")" \
				"$(cat "$cache/size") shared $(cat "$cache/shared_cpu_list")"
		done
	done
	for node in /sys/devices/system/node/node[0-9]*; do
		echo "${node##*/} cpus $(cat "$node/cpulist") distances $(cat "$node/distance")"
	done
}

cpus=$(fact '[.nodes[].cpus // [] | length] | add')
status 0 situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img \
	--cmdline 'console=ttyS0 quiet loglevel=1' --cpus "$cpus" --memory 512M
cat err
! grep "not verified" err || fail "the placement is not verified"
says out 'guest: done' 'cmdline pci=off console=ttyS0 quiet loglevel=1'
sentences >wanted
sed -n 's/^guest: //p' out | tr -d '\r' | sed -e 's/ core [0-9]*//' -e 's/ memory.*//' |
	grep -e '^cpu[0-9]' -e '^node' >got
diff wanted got || fail 'the guest sees another machine'
