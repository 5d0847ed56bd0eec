#!/bin/sh
# A kernel that claims to bind memory and does not: verification finds every page on the wrong node. That
# is a warning, and with "strict" the VM does not start: exit status 4.
# topologies: 2n8c
# limit: 120 s

vm() { # strict=...
	numactl --membind=0 deny mbind=ok situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img \
		--cpus 2 --memory size=256M,prefault=on --placement "nodes=[1],$1" --cmdline 'console=ttyS0 quiet'
}

status 4 vm strict=on
says err 'pages are not where the plan wants them'
if grep guest: out; then
	fail 'the guest ran'
fi
status 0 vm strict=off
says err 'warning: placement is not verified: memory: pages are not where the plan wants them'
says out 'guest: done'

status 0 numactl --membind=0 deny mbind=ok place-vm --size 8M --policy bind --nodes 1
same 'pages, on plan' '{"0":2048} false' "$(jq -r '"\(.pages) \(.verified.on_plan)"' out)"
