# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0+ (see LICENSES/GPL-2.0-or-later.txt)
"""The options that select devices, for the pages of the modules that have them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    DOCUMENTATION = r'''
options:
  device:
    description: The device's name, such as C(dax0.0). Without it, and without another option that selects devices, all of them.
    type: str
  region:
    description: Only devices of this region, a number or a name.
    type: str
  node:
    description: Only devices whose memory goes to this NUMA node.
    type: int
  memdev:
    description: Only devices with memory of this CXL card, such as C(mem0).
    type: str
  serial:
    description: Only devices with memory of the CXL card with this serial number.
    type: str
  pci:
    description: Only devices with memory of the CXL card at this PCI address.
    type: str
  namespace:
    description: Only the device of this namespace of persistent memory, or its uuid.
    type: str
'''
