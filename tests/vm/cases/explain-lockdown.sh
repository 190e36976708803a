#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=obstacles --append=lockdown=confidentiality
#
# The same as the test in the case explain, but the kernel is locked down while it boots, as with Secure Boot.

vm_only='^test_under_lockdown$'
# shellcheck source=../cases/explain.sh
. /vm/cases/explain.sh
