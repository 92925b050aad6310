"""Reports of runs that never were: python tests/report/sample.py 300 report.html"""
from __future__ import annotations

import random
import sys

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import Follower
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_report import Report

SECRET = 'Tr0ub4dor'
TOOK = (1.4, 1.1, 0.1, 0.1, 6.2, 4.8, 0.9, 1.2, 0.1, 0.4, 0.9, 0.2)
PORT_TAKEN = ('obproxy ended right after its start: port 2883 is taken by pid 4711 (/usr/sbin/mysqld).\n'
              'Expected: a free port. End that process or choose another sqlPort.')
FAILURES = {2: (5, PORT_TAKEN), 17: (4, f'<script>document.title = "taken over"</script><img src="http://192.0.2.1/"> {SECRET}'),
            44: (0, 'The host is unreachable: ssh: connect to host 10.0.3.44 port 22: No route to host')}
SAID = {4: f'obproxy-ce-4.3.1.0-4.el8 installed with {SECRET}', 5: '<b>port 2883 answers</b>'}
ADVICE = ['Next: mend the cause, then run the same command again. What is done already stays as it is.',
          '  ansible-playbook -i inventory oceanbase.obproxy.batch_add -e obproxy_cluster_id=7 -e @batch_add.json']


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def report(count, path, shared=False, unreached=0):
    """Write the report of a run on many hosts, of which the second and a few more failed and the last were not reached."""
    clock, chance = Clock(), random.Random(4)
    names, plans = {}, {}
    for number in range(1, count + 1):
        subtasks = {}
        for index, step in enumerate(_dag.INSTALL):
            key = index if shared and step in (_dag.INSTALL[0], _dag.INSTALL[-1]) else 10000 + 20 * number + index
            subtasks[step.role], names[key] = key, step.name
        plans[f'proxy{number:0{len(str(count))}}'] = {'task_id': 100 + number, 'subtasks': subtasks}
    operation = 'create' if shared else 'batch_add'
    follower = Follower({'id': 12, 'operation': operation, 'cluster_name': 'orders', 'cluster_id': 7, 'hosts': plans}, names, clock)
    made = Report(path, set(), follower, False, mask=lambda text: text.replace(SECRET, '********'), warn=print, now=clock)
    for number, host in enumerate(list(plans)[:count - unreached], 1):
        clock.now = chance.random()
        for index, step in enumerate(_dag.INSTALL):
            follower.start([host], step.role)
            clock.now += TOOK[index] * (0.7 + 0.8 * chance.random())
            follower.note([host], step.role, f'{host}: {step.name}: changed: {SAID.get(index, "")}'.removesuffix(': '))
            if FAILURES.get(number, ())[:1] == (index,):
                follower.failed([host], step.role, FAILURES[number][1])
                break
            follower.passed([host], step.role, True)
    clock.now = 27.3
    made.finish(ADVICE)


if __name__ == '__main__':
    report(int(sys.argv[1]), sys.argv[2], unreached=int(sys.argv[1]) // 25)
