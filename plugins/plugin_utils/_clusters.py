# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that an operation is for."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, NOT_FOUND
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._leases import held_by
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import bury

MOST_NAMED = 20


def find_cluster(request, store, key):
    """Return the cluster of this id or name, or None with a fault."""
    if key in (None, ''):
        request.fault('cluster_id', None, 'the id or the name of an OBProxy cluster',
                      why='give it with -e obproxy_cluster_id=...')
        return None
    found = None if isinstance(key, (bool, float, dict, list)) else store.cluster(key)
    if found is None:
        known = ', '.join(f'{cluster_id} ({name})' for cluster_id, name in store.cluster_names()[:MOST_NAMED])
        request.fault('cluster_id', key, 'the id or the name of an OBProxy cluster in the registry',
                      status=NOT_FOUND, why=f"it has {known or 'none'}")
    return found


def check_free(request, store, cluster):
    """Refuse a cluster on which another run is at work; close those that have died."""
    if cluster is None:
        return
    holder = store.tasks.holder(cluster['id'])
    if holder:
        request.fault('cluster', cluster['name'], 'an OBProxy cluster on which no other run is at work', status=CONFLICT,
                      why=held_by(holder))
    else:
        bury(store, cluster['id'])
