#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0+ (see LICENSES/GPL-2.0-or-later.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: dax_info
short_description: Show dax devices, the state of their memory, and CXL cards
version_added: "0.1.0"
description:
  - Returns what C(daxhp status) says of the devices, and of the CXL cards. It changes nothing.
author:
  - Seed 5b1b83a0 maintainers (@daxhp)
extends_documentation_fragment:
  - daxhp.daxhp.selectors
options:
  memdev:
    description: Only devices with memory of this CXL card, such as C(mem0); and only this card.
    type: str
  serial:
    description: Only devices with memory of the CXL card with this serial number; and only this card.
    type: str
  pci:
    description: Only devices with memory of the CXL card at this PCI address; and only this card.
    type: str
  cards:
    description: Return the CXL cards, too.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: It changes nothing.
  diff_mode:
    support: none
    description: It changes nothing.
seealso:
  - module: daxhp.daxhp.dax_device
'''

EXAMPLES = r'''
- name: Look at all devices
  daxhp.daxhp.dax_info:
  register: dax

- name: Ask whether a card can be taken out
  daxhp.daxhp.dax_info:
    memdev: mem0
    cards: true
  register: dax
  failed_when: not dax.cards[0].safe_to_remove
'''

RETURN = r'''
devices:
  description: Each device, with the keys that C(daxhp status --json) has, see daxhp(8).
  returned: always
  type: list
  elements: dict
cards:
  description: Each CXL card, with the keys that C(daxhp status --cards --json) has.
  returned: with I(cards)
  type: list
  elements: dict
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.daxhp.daxhp.plugins.module_utils.daxhp import (
    fail, run, selection, selector_spec,
)

CARD_SELECTORS = ('memdev', 'serial', 'pci')


def ask(module, arguments):
    status, documents = run(module, arguments)
    if status != 0:
        fail(module, status, documents)
    return documents


def main():
    spec = selector_spec()
    spec['cards'] = dict(type='bool', default=False)
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    result = dict(changed=False, devices=ask(module, ['status'] + selection(params)))
    if params['cards']:
        of_cards = dict((name, value if name in CARD_SELECTORS else None) for name, value in params.items())
        result['cards'] = ask(module, ['status', '--cards'] + selection(of_cards))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
