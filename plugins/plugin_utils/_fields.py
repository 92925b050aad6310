# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of OCP's request bodies."""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Field:
    """One field: its type in ansible-core's terms, and all the names that callers give it."""

    name: str
    kind: str = 'str'
    required: bool = False
    choices: tuple = ()
    default: str | None = None
    fields: tuple = ()
    camel: str = ''
    aliases: tuple = ()
    # Whether null means something else than an absent field.
    nullable: bool = False
    # Whether an empty list is refused: a choice that came out empty must not mean everything.
    filled: bool = False

    @property
    def ocp_name(self):
        """Return the name that OCP gives it."""
        return self.camel or camel_case(self.name)

    @property
    def names(self):
        """Return every name it may be given by."""
        return tuple(dict.fromkeys((self.name, self.ocp_name, *self.aliases)))

    def spelled(self, like_snake):
        """Return its name in the way the rest of the body is written."""
        return self.name if like_snake else self.ocp_name


def camel_case(name):
    """Turn a snake_case name into OCP's camelCase."""
    return re.sub('_(.)', lambda found: found[1].upper(), name)


def _exporter_port(camel, required):
    every = ('exportPort', 'export_port', 'exporterPort', 'exporter_port')
    return Field('exporter_port', 'int', required, camel=camel, aliases=every)


PARAMETER = (Field('name', required=True), Field('value', kind='text', required=True))
# null takes a parameter out of what the cluster says.
CHANGED_PARAMETER = (Field('name', required=True), Field('value', kind='text', required=True, nullable=True))
OB_LINK = (
    Field('cluster_name', required=True),
    Field('ob_cluster_id', 'int', required=True),
    Field('username', required=True),
    Field('cluster_id', 'int'),
)
HOST_IDS = Field('host_ids', 'list', required=True)
INSTALL = (HOST_IDS, Field('sql_port', 'int'), _exporter_port('exportPort', False), Field('version'))

CREATE = (
    Field('name', required=True),
    Field('address'),
    Field('port', 'int'),
    Field('work_mode', choices=('CONFIG_URL', 'RS_LIST'), default='CONFIG_URL'),
    Field('obproxy_install_param', 'dict', fields=INSTALL),
    Field('ob_links', 'list', required=True, fields=OB_LINK),
    Field('startup_parameters', 'list', fields=PARAMETER),
    Field('parameters', 'list', fields=PARAMETER),
)
BATCH_ADD = (
    HOST_IDS, Field('sql_port', 'int', required=True), _exporter_port('exporterPort', True), Field('version', required=True))
TAKE_OVER = (
    Field('hosts', 'list', required=True, fields=(
        Field('host_id', 'raw', required=True), Field('sql_port', 'int', required=True))),
)
# The names are OCP's; without any the operation is for all servers of the cluster.
SERVER_IDS = Field('obproxy_server_ids', 'list', filled=True)
SKIPPED_IDS = Field('skip_host_operation_server_ids', 'list')
BODIES = {
    'create': CREATE, 'batch_add': BATCH_ADD, 'take_over': TAKE_OVER,
    'stop': (SERVER_IDS,), 'start': (SERVER_IDS,), 'credentials': (SERVER_IDS,), 'restart': (SERVER_IDS,),
    'upgrade': (SERVER_IDS, Field('short_rpm_name'), Field('version')),
    'parameters': (SERVER_IDS, Field('parameters', 'list', fields=CHANGED_PARAMETER)),
    'remove': (dataclasses.replace(SERVER_IDS, required=True), SKIPPED_IDS), 'delete': (SKIPPED_IDS,),
    'links': (Field('ob_links', 'list', fields=OB_LINK), Field('ob_cluster_names', 'list')),
    'update': (Field('address'), Field('port', 'int')),
}


def body_keys(operation):
    """Return every top-level key that a body of this operation may have."""
    return {name for field in BODIES[operation] for name in field.names}
