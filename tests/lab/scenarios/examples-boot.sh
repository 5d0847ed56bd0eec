#!/bin/sh
# The configurations in examples/ boot as they are, with a kernel from the command line, and what they
# reserve while they run is given back.
# topologies: 3n8c-far
# limit: 240 s

for name in linux two-nodes far-memory; do
	status 0 situ run "/lab/examples/$name.yaml" --kernel /lab/guest/vmlinuz \
		--initramfs /lab/guest/initrd.img --cmdline 'console=ttyS0 quiet'
	says out 'guest: done'
	! grep 'not verified' err || fail 'the placement is not verified'
	[ ! -e "/run/situ/$name" ] || fail "/run/situ/$name is still there"
	cp err "$name.err"
done
says linux.err 'linux: 2 vCPUs and 256 MiB'
says two-nodes.err '192 MiB of guest node 1 in node 1'
says far-memory.err '128 MiB of guest node 2 in node 2'
