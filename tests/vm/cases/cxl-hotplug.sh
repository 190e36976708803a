#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-hotplug
#
# A card is pulled without a word. What daxhp says afterwards is what /sys says.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

cards=1

# fits: puts the card in; without a word if it does not fit.
fits() {
	put_in "card$cards" rp1 "more$cards" $((cards * 4096)) >/dev/null
}

# another_card: puts a new card into the first slot. For a moment, the old one may still be in it.
another_card() {
	cards=$((cards + 1))
	monitor object-add "{\"qom-type\": \"memory-backend-ram\", \"id\": \"more$cards\", \"size\": 1073741824}" ||
		bail_out 'there is no memory for another card'
	wait_until fits || bail_out 'there is no other card'
	# A region stays when its card is pulled, and takes room in the window. cxl-cli cannot
	# destroy it without the card.
	local name
	for name in $(regions); do
		echo "$name" >"$cxl_bus/decoder0.0/delete_region"
	done
	wait_until test -e "$cxl_bus/mem0" || bail_out 'the other card is not seen'
}

test_unplugged() {
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	run daxhp unplug --memdev=mem0
	exits 0 'unplug'
	ok 'pulled' pull "card$cards" mem0
	is "$(orphans)" '' 'nothing is left'
	run daxhp status --cards
	exits 0 'status --cards without a card'
	like "$err" 'no CXL card' 'and says that there is none'
	says_so pulled
}

test_devdax_held() {
	another_card
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	take_away "$device"
	bind_devdax "$device"
	hold open "/dev/$device" >/run/hold.out &
	wait_until grep -q held /run/hold.out
	run daxhp status --cards
	like "$out" "not safe to remove: $device .* devdax mode" 'status --cards'
	ok 'pulled' pull "card$cards" mem0
	says_so pulled
	kill $!
	wait
}

test_offline() {
	another_card
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	ok 'pulled' pull "card$cards" mem0
	says_so pulled
}

# The memory stays in use. After this, the machine is not as before.
test_online() {
	another_card
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	ok 'pulled' pull "card$cards" mem0
	is_not "$(orphans)" '' 'its memory is left'
	says_so pulled
	run daxhp status
	like "$out" '- +1G +- +1 +orphaned +online_movable +8/8' 'status has a line for it'
	like "$err" '1024 MiB at 0x[0-9a-f]+ belong to no dax device' 'and says what it is'
	another_card
	run daxhp status --cards
	like "$out" 'not safe to remove: 1024 MiB at 0x[0-9a-f]+ are online and belong to no dax device' 'nobody knows on which card it is'
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	says_so 'with another card'
}

run_tests
