# SPDX-License-Identifier: GPL-2.0-or-later
"""What the modules share: how devices are selected, and how daxhp is asked."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

SELECTORS = ('region', 'node', 'memdev', 'serial', 'pci', 'namespace')


def selector_spec():
    """The options that select devices, as daxhp's own options do."""
    spec = dict((name, dict(type='str')) for name in SELECTORS)
    spec['device'] = dict(type='str')
    spec['node'] = dict(type='int')
    return spec


def selection(params):
    """The arguments that select the devices."""
    arguments = ['--%s=%s' % (name, params[name]) for name in SELECTORS if params[name] is not None]
    if params['device'] is not None:
        # A name that begins with a dash is no option.
        arguments += ['--', params['device']]
    return arguments


def run(module, arguments):
    """Runs daxhp, and returns its exit status and its JSON documents. Fails if it says nothing that can be read."""
    tool = module.get_bin_path('daxhp', required=True)
    status, out, err = module.run_command([tool, arguments[0], '--json'] + arguments[1:])
    try:
        documents = json.loads(out)
    except ValueError:
        documents = None
    if not isinstance(documents, list):
        said = err.strip() or 'nothing'
        module.fail_json(msg='daxhp %s ended with %d and said: %s' % (' '.join(arguments), status, said), rc=status)
    return status, documents


def sentences(documents):
    """The sentence of each failure, as daxhp says it."""
    return [document['error']['message'] for document in documents if document.get('error')]


def fail(module, status, documents, **result):
    """Ends the module with daxhp's own sentences."""
    said = sentences(documents) or ['daxhp ended with %d' % status]
    kinds = sorted(set(document['error']['kind'] for document in documents if document.get('error')))
    module.fail_json(msg=' '.join(said), kinds=kinds, rc=status, **result)


def finish(module, status, documents, after):
    """Ends the module with what became of the devices. The function says how a device is now, or would be."""
    result = dict(
        changed=changed(documents, module.check_mode),
        devices=documents,
        diff=dict(before=lines(documents), after=lines(documents, after)),
    )
    if status != 0:
        fail(module, status, documents, **result)
    module.exit_json(**result)


def changed(documents, dry_run):
    """Whether daxhp has changed a device, or would: then the dry run has steps."""
    return any(document.get('steps') if dry_run else document.get('changed') for document in documents)


def lines(documents, after=None):
    """A line for each device, for a diff: how it was; or, if there is a function, what that makes of it."""
    said = []
    for document in documents:
        if 'from' in document:
            mode, state = after(document) if after else (document['from_mode'], document['from'])
            said.append('%s: %s %s\n' % (document['chardev'], mode, state or '-'))
    return ''.join(said)
