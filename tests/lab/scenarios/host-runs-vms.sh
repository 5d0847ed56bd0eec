#!/bin/sh
# The simulated host has KVM with nested paging, so whatever is shown there ran on the kernel's real KVM.
# topologies: 1n4c

[ -c /dev/kvm ] || fail 'there is no /dev/kvm'
same 'nested paging' Y "$(cat /sys/module/kvm_amd/parameters/npt)"
status 0 situ --version
