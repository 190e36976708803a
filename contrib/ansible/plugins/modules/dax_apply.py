#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0+ (see LICENSES/GPL-2.0-or-later.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: dax_apply
short_description: Bring dax devices to where their policy files say
version_added: "0.1.0"
description:
  - Does what happens at boot, with C(daxhp apply). A device that is so already, and one that no policy is for, is not touched.
  - When one device fails, the others are done all the same, and the module fails.
author:
  - Seed 5b1b83a0 maintainers (@daxhp)
extends_documentation_fragment:
  - daxhp.daxhp.selectors
attributes:
  check_mode:
    support: full
    description: C(daxhp --dry-run) says what would be done, by the policy files that are there.
  diff_mode:
    support: full
    description: The mode and the state of each device, before and after. In check mode, the steps.
seealso:
  - module: daxhp.daxhp.dax_policy
'''

EXAMPLES = r'''
- name: Bring all devices to their policies
  daxhp.daxhp.dax_apply:
'''

RETURN = r'''
devices:
  description: What became of each device, with the keys that C(daxhp --json) has, see daxhp(8).
  returned: always
  type: list
  elements: dict
kinds:
  description: The kinds of the failures.
  returned: failure
  type: list
  elements: str
rc:
  description: The exit status of C(daxhp).
  returned: failure
  type: int
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.daxhp.daxhp.plugins.module_utils.daxhp import (
    finish, run, selection, selector_spec,
)


def after(document):
    """The mode and the state of a device now; of a dry run, what it would do."""
    if document.get('steps'):
        return 'would', ', '.join(step['description'] for step in document['steps'])
    return document['to_mode'], document['to']


def main():
    module = AnsibleModule(argument_spec=selector_spec(), supports_check_mode=True)
    arguments = ['apply'] + (['--dry-run'] if module.check_mode else [])
    status, documents = run(module, arguments + selection(module.params))
    finish(module, status, documents, after)


if __name__ == '__main__':
    main()
