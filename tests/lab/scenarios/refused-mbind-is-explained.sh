#!/bin/sh
# Where a container's seccomp filter refuses mbind, the message says so and names the remedy.
# topologies: 2n8c

status 3 deny mbind place-vm --size 8M --policy bind --nodes 1
says err 'mbind' 'not permitted' 'seccomp'

status 3 deny mbind situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img --cpus 2 --memory 64M \
	--placement memory=bind,nodes=[1] --cmdline quiet
says err "mbind" "not permitted" "seccomp"
same "what the guest said" "" "$(cat out)"
