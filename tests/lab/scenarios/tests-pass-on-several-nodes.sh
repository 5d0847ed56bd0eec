#!/bin/sh
# The unit tests of guest memory and the tests on KVM pass on a host with several nodes too, where more
# of them can say something.
# topologies: 2n8c
# limit: 300 s

unit -j1 --filter '@(bind|capacity|memory|populate|region|residency)/*'
# But those of speed, which a software CPU has none of.
kvm-tests -j1 --filter '!(probe)/*'
