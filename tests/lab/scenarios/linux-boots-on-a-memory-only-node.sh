#!/bin/sh
# A guest with a third node that has memory but no CPUs, on the host's far memory: it sees the sizes and the
# host's distances, and the pages are there.
# topologies: 3n8c-far
# limit: 180 s

cat >far.yaml <<'END'
payload: {kernel: /lab/guest/vmlinuz, initramfs: /lab/guest/initrd.img, cmdline: "console=ttyS0 quiet"}
cpus: {boot_vcpus: 4}
memory:
  prefault: on
  zones:
    - {id: near0, size: 192M, host_numa_node: 0}
    - {id: near1, size: 192M, host_numa_node: 1}
    - {id: far, size: 128M, host_numa_node: 2}
numa:
  - {guest_numa_id: 0, cpus: ["0-1"], memory_zones: [near0]}
  - {guest_numa_id: 1, cpus: ["2-3"], memory_zones: [near1]}
  - {guest_numa_id: 2, memory_zones: [far]}
END
status 0 situ run far.yaml
cat err
says err '128 MiB of guest node 2 in node 2'
! grep 'not verified' err || fail 'the placement is not verified'
says out 'guest: node0 cpus 0-1 distances 10 21 17' 'guest: node1 cpus 2-3 distances 21 10 28' \
	'guest: node2 cpus  *distances 17 28 10' 'guest: done'
