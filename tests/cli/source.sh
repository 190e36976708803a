#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# source.sh TOOL: where the memory comes from, and selecting by it, in a made-up /sys.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
root=platform/ACPI0017:00/root0
cxl=$sys/bus/cxl/devices
mkdir -p "$cxl" "$sys/bus/nd"

# make_card NAME ENDPOINT PCI SERIAL
make_card() {
	local memdev=devices/pci0000:0c/$3/$1 endpoint=devices/$root/port1/endpoint$2
	mkdir -p "$sys/$memdev" "$sys/$endpoint/decoder$2.0"
	ln -s "../../../$memdev" "$cxl/$1"
	ln -s "../../../$endpoint/decoder$2.0" "$cxl/decoder$2.0"
	ln -s "../../../../../../$memdev" "$sys/$endpoint/uport"
	[ -z "$4" ] || echo "$4" >"$sys/$memdev/serial"
	echo 0x40000000 >"$sys/$endpoint/decoder$2.0/dpa_resource"
}

# make_region NUMBER START ENDPOINT...: with one dax device of 512 MiB.
make_region() {
	local number=$1 start=$2 region=$root/decoder0.0/region$1 n=0 endpoint
	shift 2
	make_device "dax$number.0" "$region/dax_region$number" kmem 1 "$(printf '0x%x-0x%x' $((start + 0x20000000)) $((start + 0x3fffffff)))"
	ln -s "../../../devices/$region" "$cxl/region$number"
	ln -sn ../../../../../../bus/cxl "$sys/devices/$region/dax_region$number/subsystem"
	echo "$start" >"$sys/devices/$region/resource"
	echo 0x80000000 >"$sys/devices/$region/size"
	echo $# >"$sys/devices/$region/interleave_ways"
	for endpoint; do
		echo "decoder$endpoint.0" >"$sys/devices/$region/target$n"
		n=$((n + 1))
	done
}

make_card mem0 2 0000:0d:00.0 0x1000
make_card mem1 3 0000:0e:00.0 0x2000
make_region 0 0x400000000 2
make_region 1 0x500000000 3
make_region 2 0x600000000 2 3
make_device dax3.0 platform/ndbus0/region0/dax0.1 device_dax 2 0x280000000-0x28fffffff
ln -sn ../../../../bus/nd "$dir/../subsystem"
echo namespace0.0 >"$dir/../namespace"
echo fb3becd5-9e8f-43fe-aa52-04ceac00d3e4 >"$dir/../uuid"
mkdir -p "$sys/bus/platform/drivers/hmem"
make_device dax4.0 platform/hmem_platform.0/hmem.1 '' 2 0x300000000-0x30fffffff
ln -sn ../../../../bus/platform "$dir/../subsystem"
ln -sn ../../../../bus/platform/drivers/hmem "$dir/../driver"

# ---- what status says ----

says() {
	run status -j "$1"
	json_is ".[0] | $2" "$3" "$1: $2"
}
says dax0.0 '[.provider, .namespace, .uuid]' '["cxl",null,null]'
says dax0.0 .cxl '{"region":"region0","memdevs":[{"name":"mem0","serial":4096,"pci":"0000:0d:00.0"}],"decoder":"decoder0.0"}'
says dax0.0 .path '"cxl-pci-0000:0d:00.0-0x60000000"'
says dax2.0 '.cxl | [.memdevs[].name]' '["mem0","mem1"]'
says dax2.0 .path '"cxl-pci-0000:0d:00.0+0000:0e:00.0-0x50000000"'
says dax3.0 '[.provider, .cxl, .namespace, .uuid, .path]' '["pmem",null,"namespace0.0","fb3becd5-9e8f-43fe-aa52-04ceac00d3e4","pmem-0x280000000"]'
says dax4.0 '[.provider, .cxl, .namespace, .path]' '["hmem",null,null,"hmem-0x300000000"]'

# ---- the cards ----

mkdir -p "$sys/bus/pci/slots/7"
echo 0000:0d:00 >"$sys/bus/pci/slots/7/address"
succeeds 'cards: what to do' status --cards
check 'cards: what to do' matches "$out" 'is bound to kmem\. Next: daxhp unplug --memdev=mem0'
succeeds 'cards' status --cards -j
json_is '.[0] | [.name, .serial, .pci, .slot, .safe_to_remove]' '["mem0",4096,"0000:0d:00.0","7",false]' 'cards: the first'
json_is '.[0] | [.regions, .devices, .obstacles]' \
	'[["region0","region2"],["dax0.0","dax2.0"],["dax0.0 (region0) is bound to kmem","dax2.0 (region2) is bound to kmem"]]' 'cards: what is on it'
json_is '.[0].commands' \
	'["cxl destroy-region region0","cxl destroy-region region2","cxl disable-memdev mem0","echo 0 > /sys/bus/pci/slots/7/power"]' 'cards: what to type'
json_is '.[1] | [.name, .slot]' '["mem1",null]' 'cards: the second'

# ---- select ----

names() {
	local want=$1
	shift
	run status -j "$@"
	json_is '[.[].chardev] | join(" ")' "\"$want\"" "select: $*"
}
names 'dax0.0' --region=region0
names 'dax0.0' --region=dax_region0
names 'dax0.0' --region=0
names 'dax0.0 dax2.0' --memdev=mem0
names 'dax1.0 dax2.0' --serial=0x2000
names 'dax1.0 dax2.0' --serial=8192
names 'dax1.0 dax2.0' --pci=0000:0e:00.0
names 'dax2.0' --memdev=mem0 --region=region2
names '' --memdev=mem0 --serial=0x2000
names '' --memdev=mem
names 'dax3.0' --namespace=namespace0.0
names 'dax3.0' --namespace=FB3BECD5-9e8f-43fe-aa52-04ceac00d3e4
names '' --namespace=region0
succeeds 'a selector alone selects' unplug -n --memdev=mem1
check 'a selector alone selects' matches "$out" '^dax1\.0: .*'$'\n''dax2\.0: [^'$'\n'']*$'
fails 'a selector that finds nothing' 1 'no CXL card matches' unplug -n --memdev=mem7
fails 'a selector that finds nothing' 1 'no dax device matches' status --memdev=mem7
for value in '' x 0x 0x1z -1 ' 1'; do
	fails "--serial='$value'" 2 'not a serial number' status "--serial=$value"
done

# ---- what cannot be read ----

rm "$cxl/mem1/serial"
says dax1.0 '.cxl.memdevs[0] | [.serial, .pci]' '[null,"0000:0e:00.0"]'
names 'dax1.0 dax2.0' --pci=0000:0e:00.0
names '' --serial=0
rm "$cxl/region1/target0"
says dax1.0 '[.provider, .cxl.region, .cxl.memdevs, .path]' '["cxl","region1",[],null]'

finish
