#!/bin/sh
# An offline CPU is never run on: asked for alone it is an error that names it.
# topologies: 2n8c-offline

status 3 place-vm --size 8M --policy local --nodes 1 --prefault-cpus 5
says err 'CPUs 5'
