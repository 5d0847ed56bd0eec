#!/bin/sh
# The unit tests of guest memory pass on a host with several nodes too, where more of them can say
# something.
# topologies: 2n8c
# limit: 300 s

unit -j1 --filter '@(bind|capacity|memory|populate|region|residency)/*'
