#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0+ (see LICENSES/GPL-2.0-or-later.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: dax_device
short_description: Move the memory of dax devices between unplugged and online
version_added: "0.1.0"
description:
  - Brings the memory of whole dax devices online, takes it out of the system, or changes the mode of the devices, with C(daxhp).
  - A dax device is persistent memory, a CXL expander, or memory that the firmware set aside.
  - For each device it is all or nothing. A device that is as wanted is not touched.
author:
  - Seed 5b1b83a0 maintainers (@daxhp)
extends_documentation_fragment:
  - daxhp.daxhp.selectors
options:
  device:
    description:
      - The device's name, such as C(dax0.0), or C(all).
      - A device, or another option that selects devices, must be given.
    type: str
  state:
    description:
      - C(online) brings the memory online.
      - C(offline) binds the device as system RAM, and leaves its memory offline. It needs I(mode=system-ram).
      - C(unplugged) takes the memory out of the system. With I(memdev), I(serial) or I(pci) alone it is all of the card's memory or none.
    type: str
    choices: [online, offline, unplugged]
  mode:
    description:
      - The mode of the device. C(system-ram) is online, unless I(state=offline).
      - Only with this option is memory moved that is online in another zone than I(zone) says.
    type: str
    choices: [system-ram, devdax]
  zone:
    description:
      - Where memory comes online. C(movable) can be unplugged again, C(kernel) may not come out before a reboot.
      - Without it, C(daxhp) takes C(movable).
    type: str
    choices: [movable, kernel]
  unbind:
    description: With I(state=unplugged), leave no driver on the device.
    type: bool
    default: false
  force:
    description: Go on even if processes use the device, or if its used memory does not fit elsewhere.
    type: bool
    default: false
  timeout:
    description: Give up after that many seconds, and undo what was done.
    type: int
  retry:
    description: Try busy memory again, up to that many times.
    type: int
  wait:
    description: Wait that many seconds for another C(daxhp) to be done with the device.
    type: int
attributes:
  check_mode:
    support: full
    description: C(daxhp --dry-run) says what would be done, and why it would be refused.
  diff_mode:
    support: full
    description: The mode and the state of each device, before and after.
seealso:
  - module: daxhp.daxhp.dax_info
  - module: daxhp.daxhp.dax_policy
  - module: daxhp.daxhp.dax_apply
'''

EXAMPLES = r'''
- name: Bring an expander online so that it can be taken out again
  daxhp.daxhp.dax_device:
    serial: "0x1000"
    state: online
    zone: movable

- name: Take all memory of a card out of the system, or none of it
  daxhp.daxhp.dax_device:
    memdev: mem0
    state: unplugged
    retry: 5

- name: Give a device to an application
  daxhp.daxhp.dax_device:
    device: dax0.0
    mode: devdax
'''

RETURN = r'''
devices:
  description: What became of each device, with the keys that C(daxhp --json) has, see daxhp(8).
  returned: always
  type: list
  elements: dict
  sample:
    - chardev: dax0.0
      action: online
      from: unplugged
      to: online_movable
      changed: true
kinds:
  description: The kinds of the failures, such as C(write-refused), C(in-use) or C(no-room-elsewhere).
  returned: failure
  type: list
  elements: str
rc:
  description: The exit status of C(daxhp). 64 means that some devices are done, or that not everything could be undone.
  returned: failure
  type: int
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.daxhp.daxhp.plugins.module_utils.daxhp import (
    SELECTORS, finish, run, selection, selector_spec,
)


def command(params):
    """The command of daxhp that reaches what is wanted, with its own options."""
    zone = ['--' + params['zone']] if params['zone'] else []
    if params['mode'] == 'devdax':
        return ['reconfigure', '--yes', '--mode=devdax']
    if params['mode'] == 'system-ram':
        how = ['--no-online'] if params['state'] == 'offline' else zone
        return ['reconfigure', '--yes', '--mode=system-ram'] + how
    if params['state'] == 'online':
        return ['online'] + zone
    return ['unplug'] + (['--unbind'] if params['unbind'] else [])


def contradiction(params):
    """What in the options does not go together, or None."""
    mode, state, zone = params['mode'], params['state'], params['zone']
    if state == 'offline' and mode != 'system-ram':
        return 'state=offline needs mode=system-ram'
    if state == 'unplugged' and mode:
        return 'state=unplugged takes no mode: use unbind to leave no driver on the device'
    if mode == 'devdax' and state:
        return 'a device in mode devdax has no state'
    if zone and (mode == 'devdax' or state in ('offline', 'unplugged')):
        return 'zone is for memory that comes online'
    if params['unbind'] and state != 'unplugged':
        return 'unbind needs state=unplugged'
    return None


def options(params, verb):
    """The options that are as in daxhp, for the commands that have them."""
    arguments = []
    if params['wait'] is not None:
        arguments.append('--wait=%d' % params['wait'])
    if verb == 'online':
        return arguments
    if params['force']:
        arguments.append('--force')
    arguments += ['--%s=%d' % (name, params[name]) for name in ('timeout', 'retry') if params[name] is not None]
    return arguments


def goal(params):
    """The state that is wanted, as daxhp names it."""
    if params['mode'] == 'devdax':
        return None
    if params['state'] in ('offline', 'unplugged'):
        return params['state']
    return 'online_kernel' if params['zone'] == 'kernel' else 'online_movable'


def after(document, params):
    """The mode and the state of a device now; of a dry run, those that its steps lead to."""
    if not document.get('steps'):
        return document['to_mode'], document['to']
    mode = document['from_mode']
    for step in document['steps']:
        if step['step'] == 'unbind':
            mode = 'unbound'
        elif step['step'] == 'bind':
            mode = 'system-ram' if step.get('driver') == 'kmem' else 'devdax'
    return mode, goal(params)


def main():
    spec = selector_spec()
    spec.update(
        state=dict(type='str', choices=['online', 'offline', 'unplugged']),
        mode=dict(type='str', choices=['system-ram', 'devdax']),
        zone=dict(type='str', choices=['movable', 'kernel']),
        unbind=dict(type='bool', default=False),
        force=dict(type='bool', default=False),
        timeout=dict(type='int'),
        retry=dict(type='int'),
        wait=dict(type='int'),
    )
    module = AnsibleModule(
        argument_spec=spec,
        required_one_of=[('device',) + SELECTORS, ('state', 'mode')],
        supports_check_mode=True,
    )
    params = module.params
    wrong = contradiction(params)
    if wrong:
        module.fail_json(msg=wrong)

    arguments = command(params)
    arguments += options(params, arguments[0])
    if module.check_mode:
        arguments.append('--dry-run')
    status, documents = run(module, arguments + selection(params))
    finish(module, status, documents, lambda document: after(document, params))


if __name__ == '__main__':
    main()
