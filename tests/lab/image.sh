#!/usr/bin/env bash
# Builds the lab's images: "image.sh FOLDER" writes FOLDER/vmlinuz and FOLDER/base.cpio, and
# "image.sh FOLDER bench" writes FOLDER/bench.ext4, a disk with QEMU for comparisons inside a host.
#
# Everything in the base but init comes from Debian packages that are fetched and unpacked, not installed,
# so this needs neither root nor loop devices. What is built from the tree is not in the image: the
# runner hands it to each host as a tar (lab.py).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(realpath "$1")
packages=$out/packages
root=$out/root
mkdir -p "$packages"

# These run in the lab and are nowhere linked with the tree; their libraries come from the packages
# named here, or where the tree links them as well, from the building host.
tools='busybox-static numactl hwloc-nox jq libjq1 libonig5 libtinfo6 libudev1'
host_modules='virtio_pci virtio_blk irqbypass kvm kvm-amd kvm-intel vhost_net vhost_vsock tun'
guest_modules='virtio_pci virtio_mmio virtio_blk virtio_net virtio_console virtio-rng'

# apt with package lists of our own, for a host whose lists are empty and whose user is not root.
own_apt() {
	local state=$out/apt
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	"$1" -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" "${@:2}"
}

apt_tool() {
	if apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1; then
		"$@"
	else
		[ -d "$out/apt/lists/partial" ] || own_apt apt-get update -qq >&2
		own_apt "$@"
	fi
}

# fetch PACKAGE...: the package files appear in $packages.
fetch() {
	(
		cd "$packages"
		apt_tool apt-get download -qq "$@" 2>"$out/apt.log" || {
			cat "$out/apt.log" >&2
			exit 1
		}
	)
}

unpack() { # FOLDER PACKAGE...
	local folder=$1 package
	shift
	for package in "$@"; do
		dpkg-deb -x "$packages/${package}"_*.deb "$folder"
	done
}

# install_modules ROOT MODULE...: the modules and all that they need.
install_modules() {
	local to=$1 module file dep
	local tree=$out/kernel/lib/modules/$version
	shift
	for module in "$@"; do
		file=$(grep -E "/${module//[-_]/[-_]}\.ko:" "$tree/modules.dep") || {
			echo "image: the kernel package has no module $module" >&2
			exit 1
		}
		for dep in ${file//:/ }; do
			install -D -m 644 "$tree/$dep" "$to/lib/modules/$version/$dep"
		done
	done
	busybox_tool depmod -b "$to" "$version"
}

busybox_tool() {
	"$root/bin/busybox" "$@"
}

pack() { # ROOT FILE
	(cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --null --quiet -o -H newc -R 0:0) >"$2.tmp"
	mv "$2.tmp" "$2"
}

install_busybox() { # ROOT
	local applet
	mkdir -p "$1/bin" "$1/sbin" "$1/usr/bin" "$1/usr/sbin"
	[ -e "$1/bin/busybox" ] || cp "$root/bin/busybox" "$1/bin/"
	for applet in $(busybox_tool --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
}

# copy_libraries ROOT FOLDER PROGRAM...: what the programs need and FOLDER does not hold already.
copy_libraries() {
	local to=$1 from=$2 lib
	shift 2
	LD_LIBRARY_PATH=$from/lib/x86_64-linux-gnu:$from/usr/lib/x86_64-linux-gnu ldd "$@" |
		sed -nE 's/.* => (\/.*) \(0x.*/\1/p; s/.*=> not found/MISSING &/p; s/^\t(\/lib64\/.*) \(.*/\1/p' |
		sort -u | while read -r lib; do
		case $lib in
		MISSING*)
			echo "image: a library is missing: ${lib#MISSING }" >&2
			exit 1
			;;
		/lib64/*) install -D "$lib" "$to$lib" ;;
		*) install -D "$lib" "$to/usr/lib/$(basename "$lib")" ;;
		esac
	done
}

build_guest() {
	local guest=$out/guest
	install_busybox "$guest"
	mkdir -p "$guest"/{proc,sys,dev,tmp}
	# shellcheck disable=SC2086 # a list of words
	install_modules "$guest" $guest_modules
	install -m 755 "$here/host/guest-init.sh" "$guest/init"
	mkdir -p "$root/lab/guest"
	pack "$guest" "$root/lab/guest/initrd.img"
	cp "$out/vmlinuz" "$root/lab/guest/vmlinuz"
}

build_base() {
	local kernel
	kernel=$(apt_tool apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p')
	[ -n "$kernel" ] || {
		echo 'image: apt knows no linux-image-cloud-amd64; the lab is built from Debian packages' >&2
		exit 3
	}
	rm -rf "${packages:?}"/* "$out/kernel" "$root" "$out/guest" "$out/tools"
	# shellcheck disable=SC2086 # a list of words
	fetch "$kernel" $tools
	unpack "$out/kernel" "$kernel"
	# shellcheck disable=SC2086 # a list of words
	unpack "$out/tools" $tools
	cp "$out"/kernel/boot/vmlinuz-* "$out/vmlinuz"
	version=$(basename "$out"/kernel/boot/vmlinuz-*)
	version=${version#vmlinuz-}

	mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc,root,lab,usr/bin}
	cp "$out/tools/bin/busybox" "$root/bin/"
	install_busybox "$root"
	busybox_tool depmod -b "$out/kernel" "$version"
	# shellcheck disable=SC2086 # a list of words
	install_modules "$root" $host_modules
	local programs=(numactl migratepages numastat jq lstopo-no-graphics hwloc-calc hwloc-gather-topology)
	programs=("${programs[@]/#/$out/tools/usr/bin/}")
	cp "${programs[@]}" "$root/usr/bin/"
	ln -s lstopo-no-graphics "$root/usr/bin/lstopo"
	copy_libraries "$root" "$out/tools" "$out/tools/usr/bin/"{numactl,jq,lstopo-no-graphics,hwloc-calc}
	install -m 755 "$here/host/init.sh" "$root/init"
	build_guest
	pack "$root" "$out/base.cpio"
	rm -rf "$out/kernel" "$out/tools" "$out/guest"
}

# QEMU is there where hosts are simulated, so this is a copy of what the building host runs.
build_bench() {
	local disk=$out/bench
	rm -rf "$disk"
	mkdir -p "$disk/bin" "$disk/usr/lib" "$disk/share"
	cp "$(command -v qemu-system-x86_64)" "$disk/bin/"
	copy_libraries "$disk" /nowhere "$disk/bin/qemu-system-x86_64"
	cp -rL /usr/share/qemu /usr/share/seabios "$disk/share/"
	rm -f "$disk"/share/qemu/edk2-* "$disk"/share/qemu/u-boot* "$disk"/share/qemu/skiboot* \
		"$disk"/share/qemu/opensbi*
	mkfs.ext4 -q -F -d "$disk" "$out/bench.ext4.tmp" 512M >/dev/null
	mv "$out/bench.ext4.tmp" "$out/bench.ext4"
	rm -rf "$disk"
}

case ${2-base} in
base) build_base ;;
bench) build_bench ;;
*)
	echo "image: \"$2\" is not known; use base or bench" >&2
	exit 2
	;;
esac
