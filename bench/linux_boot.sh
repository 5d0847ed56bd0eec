#!/bin/sh
# From exec through init to exit of a Debian kernel (2 vCPUs, 256 MiB, quiet): situ beside QEMU's microvm,
# interleaved, inside one simulated host (docs/lab.md). Needs the lab's image and qemu-system-x86.
# ROUNDS=5, TOPO=2n8c.
set -eu
build=$1
folder=$build/bench/linux_boot
mkdir -p "$folder/tests/lab"
ln -sf "$(realpath "$build/situ")" "$folder/situ"
for name in bios-microvm.bin qboot.rom linuxboot.bin linuxboot_dma.bin pvh.bin kvmvapic.bin; do
	for place in /usr/share/qemu /usr/share/seabios; do
		[ ! -e "$place/$name" ] || cp -L "$place/$name" "$folder/tests/lab/"
	done
done
cp "$(command -v qemu-system-x86_64-microvm || command -v qemu-system-x86_64)" "$folder/tests/lab/qemu-microvm"

# What runs on the simulated host; the clock there has a resolution of 10 ms.
cat >"$folder/job" <<'END'
now() { sed 's/ .*//; s/\.//' /proc/uptime; }
one() { # NAME COMMAND...
	name=$1
	shift
	begin=$(now)
	"$@" >/tmp/out 2>/tmp/err </dev/null || echo "$name: exit status $?"
	end=$(now)
	grep -q 'guest: done' /tmp/out || { echo "$name: the guest did not get to its end"; tail -3 /tmp/out /tmp/err; }
	echo "$name $(((end - begin) * 10)) ms"
}
# situ adds pci=off by itself; here both kernels are told, so that the difference is not that.
cmdline='console=ttyS0 quiet pci=off'
guest=/lab/guest
for round in $(seq ROUNDS); do
	one situ situ run --kernel $guest/vmlinuz --initramfs $guest/initrd.img --cpus 2 --memory 256M \
		--cmdline "$cmdline"
	one qemu qemu-microvm -M microvm -L /lab/bin -accel kvm -cpu host -smp 2 -m 256M -nodefaults \
		-no-user-config -display none -no-reboot -serial stdio -kernel $guest/vmlinuz \
		-initrd $guest/initrd.img -append "$cmdline"
done
END
job=$(sed "s/ROUNDS/${ROUNDS:-5}/" "$folder/job")
tests/lab/lab.py --build "$folder" run "${TOPO:-2n8c}" "$job" | tee "$folder/out"
awk '$3 == "ms" { v[$1, ++n[$1]] = $2 }
function median(name,   i, j, t) {
	for (i = 1; i <= n[name]; i++) for (j = i + 1; j <= n[name]; j++)
		if (v[name, j] < v[name, i]) { t = v[name, i]; v[name, i] = v[name, j]; v[name, j] = t }
	return v[name, int((n[name] + 1) / 2)]
}
END { if (n["situ"] && n["qemu"]) { s = median("situ"); q = median("qemu")
	printf "median: situ %d ms, QEMU microvm %d ms: %.2f of it\n", s, q, s / q } }' "$folder/out"
