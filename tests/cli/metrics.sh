#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# metrics.sh TOOL: what metrics prints for a made-up /sys; and the alerts on it.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
rules=$(realpath -- "$(dirname -- "$0")/../../contrib/prometheus")
in_namespace

start_tree
make_device dax0.0 platform/hmem_platform.0/hmem.0 kmem 1 0x200000000-0x20fffffff
make_blocks online Movable 64 65
make_device dax1.0 platform/hmem_platform.0/hmem.1 device_dax 2 0x300000000-0x30fffffff
make_device dax2.0 platform/hmem_platform.0/hmem.2 kmem 2 0x400000000-0x40fffffff
make_blocks online Normal 128
make_blocks offline Movable 129
make_device dax3.0 platform/hmem_platform.0/hmem.3 '' 2 0x500000000-0x50fffffff
make_blocks online Movable 160
iomem=$work/iomem
{
	printf '00001000-0009fbff : System RAM\n'
	printf '200000000-20fffffff : dax0.0\n  200000000-20fffffff : System RAM (kmem)\n'
	printf '600000000-60fffffff : dax9.0\n  600000000-60fffffff : System RAM (kmem)\n'
} >"$iomem"
make_blocks online Movable 192 193
mount --bind "$iomem" /proc/iomem
mkdir -m 700 /run/daxhp
boot=$(</proc/sys/kernel/random/boot_id)
echo "$boot 1764428136.123 undone" >/run/daxhp/dax0.0.last
echo "$boot offline online_kernel 99999" >/run/daxhp/policy.journal
echo online_kernel >"$memory/auto_online_blocks"

succeeds 'metrics' metrics
has() {
	check "has $1" grep -qxF -- "$1" <<<"$out"
}
lacks() {
	! grep -F -- "$1" <<<"$out"
}
has_none() {
	check "has no $1" lacks "$1"
}
has 'daxhp_device_size_bytes{device="dax0.0"} 268435456'
has 'daxhp_device_online_bytes{device="dax0.0"} 268435456'
has 'daxhp_device_online_bytes{device="dax1.0"} 0'
has 'daxhp_device_online_bytes{device="dax2.0"} 134217728'
has 'daxhp_device_blocks{device="dax1.0"} 2'
has 'daxhp_device_present_blocks{device="dax1.0"} 0'
has 'daxhp_device_present_blocks{device="dax2.0"} 2'
has 'daxhp_device_online_blocks{device="dax0.0",zone="Movable"} 2'
has 'daxhp_device_online_blocks{device="dax0.0",zone="Normal"} 0'
has 'daxhp_device_online_blocks{device="dax2.0",zone="Normal"} 1'
has 'daxhp_device_state{device="dax0.0",state="online_movable"} 1'
has 'daxhp_device_state{device="dax0.0",state="inconsistent"} 0'
has 'daxhp_device_state{device="dax2.0",state="inconsistent"} 1'
is "$(grep -c '^daxhp_device_state{device="dax0.0",' <<<"$out")" 6 'each state has a sample'
is "$(grep '^daxhp_device_state{device="dax1.0",' <<<"$out" | grep -vc ' 0$')" 0 'devdax: in no state'
has 'daxhp_device_wedged{device="dax3.0"} 1'
has 'daxhp_device_wedged{device="dax0.0"} 0'
has 'daxhp_device_busy{device="dax0.0"} 0'
has 'daxhp_device_last_change_timestamp_seconds{device="dax0.0"} 1764428136.123'
has 'daxhp_device_last_change_result{device="dax0.0",result="undone"} 1'
has 'daxhp_device_last_change_result{device="dax0.0",result="done"} 0'
has_none 'last_change_result{device="dax1.0"'
has 'daxhp_orphaned_bytes 268435456'
has 'daxhp_leftovers 1'
has 'daxhp_unseen_devices 0'
check 'info' grep -q '^daxhp_device_info{device="dax1.0",.*node="2",.*mode="devdax"} 1$' <<<"$out"
is "$(tail -n 1 <<<"$out")" '# EOF' 'ends as OpenMetrics does'
all=$out

has_none 'daxhp_device_keeps_policy{'
mkdir -p "$work/etc/daxhp/policy.d"
mount --bind "$work/etc" /etc
printf '[Match]\nName=dax0.0\n[Device]\nMode=system-ram\nZone=movable\n' >/etc/daxhp/policy.d/10-a.policy
printf '[Match]\nName=dax2.0\n[Device]\nMode=system-ram\nZone=movable\n' >/etc/daxhp/policy.d/20-b.policy
succeeds 'with policies' metrics
has 'daxhp_device_keeps_policy{device="dax0.0"} 1'
has 'daxhp_device_keeps_policy{device="dax2.0"} 0'
has_none 'daxhp_device_keeps_policy{device="dax1.0"'
umount /etc

if command -v promtool >/dev/null; then
	check 'promtool: the metrics' promtool check metrics <<<"$all"
	check 'promtool: the rules' promtool check rules "$rules/daxhp.rules.yml"
	check 'promtool: the alerts' promtool test rules "$rules/daxhp.rules.test.yml"
else
	skip 'promtool' 'it is not installed; it is in the package prometheus'
fi

# ---- what is not known has no sample ----

for line in "$boot nonsense undone" "$boot 1 nonsense" "$boot -5 done" "$boot 1 done x" "$boot nan done" '' x \
	'00000000-0000-0000-0000-000000000000 1 done'; do
	echo "$line" >/run/daxhp/dax0.0.last
	succeeds "a last change that is '$line'" metrics
	has_none 'last_change_result{'
done
rm /run/daxhp/dax0.0.last
ln -s /etc/hostname /run/daxhp/dax0.0.last
succeeds 'a last change that is a link' metrics
has_none 'last_change_result{'
if for_nobody; then
	succeeds 'without rights' metrics
	has 'daxhp_device_size_bytes{device="dax0.0"} 268435456'
	has_none 'daxhp_device_state{'
	has_none 'daxhp_device_online_bytes{'
	has 'daxhp_unseen_devices 4'
fi
as_user=()

# ---- which devices ----

succeeds 'one device' metrics dax1.0
is "$(grep -c '^daxhp_device_size_bytes{' <<<"$out")" 1 'one device'
has_none daxhp_orphaned_bytes
fails 'no such device' 1 'no such dax device' metrics dax9.0
fails 'JSON' 2 'metrics prints no JSON' metrics --json

# ---- a file ----

mkdir "$work/textfile"
file=$work/textfile/daxhp.prom
succeeds 'a new file' metrics --textfile="$file"
is "$out" '' 'a new file: nothing is printed'
is "$(grep -v last_change "$file")" "$(grep -v last_change <<<"$all")" 'a new file: has it'
is "$(stat -c %a "$file")" 644 'a new file: mode'
exec 5<"$file"
chmod 600 "$file"
rm "$memory/memory65/state" && echo offline >"$memory/memory65/state"
(umask 077 && "$tool" metrics --textfile="$file")
is "$(stat -c %a "$file")" 644 'another one: mode'
check 'another one: has the news' grep -q '^daxhp_device_state{device="dax0.0",state="inconsistent"} 1' "$file"
check 'another one: a reader still has the old one' grep -q '^daxhp_device_state{device="dax0.0",state="inconsistent"} 0' <&5
exec 5<&-
(cd "$work/textfile" && "$tool" metrics --textfile=here.prom)
check 'in this folder' test -s "$work/textfile/here.prom"
rm "$work/textfile/here.prom"
echo old >"$work/other"
ln -s "$work/other" "$work/textfile/link.prom"
fails 'a link' 1 'link\.prom cannot be written: it is something else than a file' metrics --textfile="$work/textfile/link.prom"
is "$(<"$work/other")" old 'a link: what it leads to'
rm "$work/textfile/link.prom"
mkdir "$work/textfile/folder.prom"
fails 'a folder' 1 'something else than a file' metrics --textfile="$work/textfile/folder.prom"
rmdir "$work/textfile/folder.prom"
fails 'a folder, with a slash' 1 'Is a directory' metrics --textfile="$work/textfile/"
fails 'no folder' 1 'No such file or directory' metrics --textfile="$work/nowhere/daxhp.prom"
fails 'no name' 2 'needs the name' metrics --textfile=
fails 'a device' 1 'something else than a file' metrics --textfile=/dev/null
mkdir "$work/full"
mount -t tmpfs -o size=4k none "$work/full"
echo old >"$work/full/daxhp.prom"
fails 'a full disk' 1 'No space left on device' metrics --textfile="$work/full/daxhp.prom"
is "$(<"$work/full/daxhp.prom")" old 'a full disk: the old one stays'
is "$(find "$work/full" "$work/textfile" -name '.?*')" '' 'nothing is left over'

finish
