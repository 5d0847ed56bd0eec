#!/bin/sh
# What is typed reaches the guest's shell through the serial port, and what it answers comes back; three
# times in a row.
# topologies: 1n4c
# limit: 240 s

type_into_guest() {
	while ! grep -q 'guest: cmdline' out; do
		sleep 0.2
	done
	# shellcheck disable=SC2016 # the guest's shell expands it
	echo 'echo "the sum is $((20 + 22))"'
	while ! grep -q 'the sum is 42' out; do
		sleep 0.2
	done
	echo exit
}

for _ in 1 2 3; do
	: >out
	got=0
	type_into_guest | situ run --kernel /lab/guest/vmlinuz --initramfs /lab/guest/initrd.img --cpus 2 \
		--memory 256M --cmdline 'console=ttyS0 quiet lab.shell' >>out 2>err || got=$?
	same 'exit status' 0 "$got"
	says out 'the sum is 42' 'guest: done'
done
