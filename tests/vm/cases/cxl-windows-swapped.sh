#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-windows-swapped
#
# The case cxl-windows, with each card in the other one's slot.

# shellcheck source=cxl-windows.sh
. /vm/cases/cxl-windows.sh
