#!/bin/sh
# Two Linux guests at once get CPUs and nodes of their own; a third that does not fit any more is refused; one
# is killed, and its place can be taken again.
# topologies: 2n8c
# limit: 240 s

boot() { # NAME CPUS
	situ run --name "$1" --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img --cpus "$2" \
		--memory 256M --cmdline 'console=ttyS0 quiet lab.shell' --placement exclusive=on \
		>"$1.out" 2>"$1.err" </dev/null &
	while ! grep -q 'guest: cmdline' "$1.out"; do
		sleep 0.2
	done
}

cpus_of() {
	situ ps --json | jq -r --arg name "$1" '.vms[] | select(.name == $name).cpus'
}

boot left 4
boot right 3
same 'CPUs of left' 0-3 "$(cpus_of left)"
same 'CPUs of right' 4-6 "$(cpus_of right)"
situ show left
situ show left --json | jq -e '.on_plan'
situ show right --json | jq -e '.on_plan'
status 3 situ run --name third --kernel /lab/guest/vmlinuz --cpus 4 --memory 64M --placement exclusive=on
cat err
situ kill left
boot third 4
same 'CPUs of third' 0-3 "$(cpus_of third)"
situ kill third
situ kill right
same 'VMs' 0 "$(situ ps --json | jq '.vms | length')"
