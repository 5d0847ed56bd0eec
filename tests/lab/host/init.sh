#!/bin/sh
# The first process of a lab host: makes the host as its topology says, runs the job, hands the
# results back as a tar on the second disk, and switches the host off.
export PATH=/bin:/usr/bin:/lab/bin HOME=/root TERM="${TERM:-linux}"
export LD_LIBRARY_PATH=/usr/lib

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t hugetlbfs hugetlbfs /dev/hugepages
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
exec </dev/console >/dev/console 2>&1

for module in virtio_pci virtio_blk kvm-amd; do
	modprobe "$module" || echo "lab: module $module did not load"
done
chmod 666 /dev/kvm

tar -x -f /dev/vda -C / || echo 'lab: the payload disk cannot be read'
while read -r cpu; do
	echo 0 >"/sys/devices/system/cpu/cpu$cpu/online"
done </lab/offline
hostname lab
if [ -e /dev/vdc ]; then
	mkdir /bench && mount -t ext4 -o ro /dev/vdc /bench
fi

# The results so far; the runner reads the last complete ones even when the host hangs later.
save_results() {
	tar -c -f /dev/vdb -C /lab/results . && sync
}

mkdir -p /lab/results
# shellcheck source=/dev/null
. /lab/job
save_results
poweroff -f
