# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the registered exporters as Prometheus' HTTP service discovery wants them.

python3 -m ansible_collections.oceanbase.obproxy.plugins.plugin_utils.http_sd
The registry is the one of OBPROXY_REGISTRY_URL, else the file under ANSIBLE_HOME.
"""

from __future__ import annotations

import json
import sys

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._exporters import document
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._store import Store


def main():
    """Print the document; nothing but the cause, on the error output, when the registry fails."""
    try:
        registry = Registry()
        found = []
        if registry.exists:
            with registry.reading() as connection:
                found = document(Store(connection))
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == '__main__':
    sys.exit(main())
