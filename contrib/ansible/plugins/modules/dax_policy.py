#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0+ (see LICENSES/GPL-2.0-or-later.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: dax_policy
short_description: Write or remove a policy file of daxhp
version_added: "0.1.0"
description:
  - Writes a file that says how dax devices are to be, from the boot on, see daxhp.policy(5); or removes it.
  - A file that C(daxhp) would not take is not left there. The file that was there before comes back.
  - It does not change a device. M(daxhp.daxhp.dax_apply) does, or the next boot.
author:
  - Seed 5b1b83a0 maintainers (@daxhp)
options:
  name:
    description: The name of the file, without the folder and without C(.policy). The files are tried in the order of their names.
    type: str
    required: true
  state:
    description: Whether the file is to be there.
    type: str
    choices: [present, absent]
    default: present
  match:
    description:
      - What must be true of a device, as keys of the section C([Match]), such as C(MemdevSerial) or C(Kind).
      - Needed with I(state=present).
    type: dict
  mode:
    description: The mode of the device. Needed with I(state=present).
    type: str
    choices: [system-ram, devdax, ignore]
  zone:
    description: Where the memory comes online, with I(mode=system-ram).
    type: str
    choices: [movable, kernel]
  memory:
    description: Whether the memory is in the system, with I(mode=system-ram).
    type: str
    choices: [online, unplugged]
  path:
    description: The folder.
    type: path
    default: /etc/daxhp/policy.d
attributes:
  check_mode:
    support: full
    description: The file is compared and not written.
  diff_mode:
    support: full
    description: The content of the file.
seealso:
  - module: daxhp.daxhp.dax_apply
  - module: daxhp.daxhp.dax_device
'''

EXAMPLES = r'''
- name: The memory of this card can be taken out, from the next boot on
  daxhp.daxhp.dax_policy:
    name: 50-expanders
    match:
      MemdevSerial: "0x1000"
    mode: system-ram
    zone: movable

- name: Now, too
  daxhp.daxhp.dax_apply:
'''

RETURN = r'''
file:
  description: The policy file.
  returned: always
  type: str
'''

import os
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.daxhp.daxhp.plugins.module_utils.daxhp import run

# Ansible writes it, and a hand that changes it should know.
HEADER = '# Ansible wrote this file.\n'


def text_of(params):
    """The content of the file, or None if it is not to be there."""
    if params['state'] == 'absent':
        return None
    lines = ['[Match]']
    lines += ['%s=%s' % (key, params['match'][key]) for key in sorted(params['match'])]
    lines += ['', '[Device]', 'Mode=' + params['mode']]
    lines += ['%s=%s' % (name.capitalize(), params[name]) for name in ('zone', 'memory') if params[name]]
    return HEADER + '\n'.join(lines) + '\n'


def bad_option(params):
    """What in the options would be another line or another file, or None."""
    if not re.match(r'[A-Za-z0-9_][A-Za-z0-9._-]*\Z', params['name']):
        return 'name has a character that the name of a policy file should not have: %s' % params['name']
    for key, value in (params['match'] or {}).items():
        if not re.match(r'[A-Za-z]+\Z', key) or not re.match(r'[^\x00-\x1f#;]+\Z', str(value)):
            return 'match has a key or a value that no policy file has: %s' % key
    if params['mode'] != 'system-ram' and (params['zone'] or params['memory']):
        return 'zone and memory are for mode=system-ram'
    return None


def read(module, file):
    try:
        with open(file, 'rb') as stream:
            return to_text(stream.read(), errors='surrogate_or_strict')
    except (IOError, OSError) as error:
        if os.path.lexists(file):
            module.fail_json(msg='%s cannot be read: %s' % (file, error))
        return None


def write(module, file, text):
    """Puts the file there, or takes it away; at no moment a part of it is there."""
    folder = os.path.dirname(file)
    try:
        if text is None:
            os.unlink(file)
            return
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o755)
        handle, part = tempfile.mkstemp(prefix='.', suffix='.part', dir=folder)
        module.add_cleanup_file(part)
        with os.fdopen(handle, 'wb') as stream:
            stream.write(to_bytes(text, errors='surrogate_or_strict'))
            os.fchmod(stream.fileno(), 0o644)
            stream.flush()
            os.fsync(stream.fileno())
        module.atomic_move(part, file)
    except (IOError, OSError) as error:
        module.fail_json(msg='%s cannot be changed: %s' % (file, error))


def complaint(module, file):
    """What daxhp says against the file, or None."""
    documents = run(module, ['policy', 'list'])[1]
    for document in documents:
        if document.get('file') == file and document.get('status') == 'broken':
            line = ':%d' % document['line'] if document.get('line') else ''
            return '%s%s: %s' % (file, line, document['why'])
    return None


def main():
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type='str', required=True),
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            match=dict(type='dict'),
            mode=dict(type='str', choices=['system-ram', 'devdax', 'ignore']),
            zone=dict(type='str', choices=['movable', 'kernel']),
            memory=dict(type='str', choices=['online', 'unplugged']),
            path=dict(type='path', default='/etc/daxhp/policy.d'),
        ),
        required_if=[('state', 'present', ('match', 'mode'))],
        supports_check_mode=True,
    )
    params = module.params
    wrong = bad_option(params)
    if wrong:
        module.fail_json(msg=wrong)

    file = os.path.join(params['path'], params['name'] + '.policy')
    before, after = read(module, file), text_of(params)
    result = dict(
        changed=before != after,
        file=file,
        diff=dict(before_header=file, after_header=file, before=before or '', after=after or ''),
    )
    if result['changed'] and not module.check_mode:
        write(module, file, after)
        wrong = after is not None and complaint(module, file)
        if wrong:
            write(module, file, before)
            module.fail_json(msg=wrong, file=file)
    module.exit_json(**result)


if __name__ == '__main__':
    main()
