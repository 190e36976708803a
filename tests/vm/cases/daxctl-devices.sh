#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm-labels --overlay-from=host/fetch-daxctl-test
#
# ndctl's own test of daxctl, unchanged. daxhp does every command that changes
# something. The last check of the test expects that daxctl refuses to leave memory
# offline when the kernel's policy is to bring it online. daxhp does not refuse,
# because it changes the policy during the bind.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

theirs=/opt/ndctl/daxctl-devices.sh

# Any earlier check that fails ends the test at once.
test_daxctl_devices() {
	chmod +x /vm/guest/daxctl-shim
	run env NDCTL=ndctl DAXCTL=/vm/guest/daxctl-shim CXL=true TEST_PATH=/opt/ndctl bash -Ex "$theirs"
	out=$(grep -v '^[[:blank:]]\|^[a-z_]*:' <<<"$out") err=$(tail -n 20 <<<"$err")
	diag "$out"
	like "$out" 'disable-namespace failed as expected' 'all but the last check'
	like "$out" 'reconfigure succeded, expected failure' 'and the last one was reached'
	exits 1 'where it ends'
	is "$(sort /run/daxctl-shim.log | uniq -c | tr -s ' ' | paste -sd,)" \
		' 1 offline-memory, 1 online-memory, 7 reconfigure-device' 'daxhp did what changed something'
	is "$(policy)" "$base_policy" 'the policy'
	never_wedged
}

run_tests
