# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves for others to read: the HTML report (tests/report opens it in a browser) and the JSON Lines."""

from __future__ import annotations

import html
import json
import pathlib
import stat

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_report_graph as graph
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import Follower
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_report import Report

HOSTS = ['host1', 'host2']
SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[4] / 'docs' / 'callback.schema.json').read_text(encoding='utf-8'))


def failing(message):
    return [{'name': 'Break', 'ansible.legacy.stub': {'fail': message, 'on': ['host2']}}]


def followed(**chains):
    hosts = {name: {'task_id': 1, 'subtasks': {role: index for index, role in enumerate(roles.split())}} for name, roles in chains.items()}
    return Follower({'id': 3, 'operation': 'restart', 'cluster_name': 'foo', 'cluster_id': 1, 'hosts': hosts}, {})


def test_a_failed_run_leaves_one_page_without_secrets_and_events_as_documented(site):
    reports = site.folder / 'reports'
    reports.mkdir()
    site.roles(install_package=failing('<b>broken</b>: {{ obproxy_sys_password }}'))
    site.playbook(hosts=HOSTS, variables={'obproxy_sys_password': 'Tr0ub4dor', 'where': 'reports'})
    site.plan(HOSTS)
    ran = site.run('-e', 'obproxy_report_path={{ where }}/', OBPROXY_DAG_JSON='dag.jsonl', OBPROXY_REPORT_PATH='elsewhere.html')
    assert ran.code == 2
    [page] = list(reports.iterdir())
    assert page.name == 'batch_add-1.html' and stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text(encoding='utf-8')
    assert 'Tr0ub4dor' not in text and 'not-to-be-shown' not in text
    assert '&lt;b&gt;broken&lt;/b&gt;: ********' in text
    assert 'ansible-playbook -i inventory.yml site.yml' in html.unescape(text)
    assert 'http://' not in text and 'https://' not in text
    assert not (site.folder / 'elsewhere.html').exists()

    validator = pytest.importorskip('jsonschema').Draft202012Validator(SCHEMA)
    events = [json.loads(line) for line in (site.folder / 'dag.jsonl').read_text().splitlines()]
    assert {event['event'] for event in events} == {'run_started', 'subtask', 'run_finished'}
    for event in events:
        validator.validate(event)
        documented = {**SCHEMA['$defs']['event']['properties'], **SCHEMA['$defs'][event['event']]['properties']}
        assert set(event) == set(documented)
        with pytest.raises(Exception, match='is not valid'):
            validator.validate({**event, 'version': 2})


def test_a_report_that_cannot_be_written_is_warned_of_once(site):
    site.plan(HOSTS)
    site.playbook(hosts=HOSTS)
    ran = site.run(OBPROXY_REPORT_PATH='nowhere/report.html')
    assert ran.code == 0
    assert ran.said.count('/nowhere/report.html (obproxy_report_path): No such file or directory') == 1


def test_a_run_that_goes_on_or_was_stopped_says_so(tmp_path):
    follower, path = followed(host1='drain stop', host2='drain stop'), tmp_path / 'report.html'
    report = Report(path, set(), follower, True, mask=str, warn=pytest.fail)
    assert '>running</span>' in path.read_text() and 'waiting' in path.read_text() and 'check mode' in path.read_text()
    follower.start(['host1'], 'drain')
    report.interrupt()
    assert '>interrupted</span>' in path.read_text() and 'unfinished' in path.read_text() and 'not reached' in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ['report.html']


def test_what_is_learnt_to_be_secret_later_is_masked_in_earlier_messages_too(tmp_path):
    follower, path, secrets = followed(host1='drain'), tmp_path / 'report.html', []
    report = Report(path, set(), follower, False, mask=lambda text: '***' if text in secrets else text, warn=pytest.fail)
    follower.note(['host1'], 'drain', 'hidden')
    follower.failed(['host1'], 'drain', 'hidden')
    secrets.append('hidden')
    report.finish(['hidden'])
    assert 'hidden</pre>' not in path.read_text() and path.read_text().count('***</pre>') == 4


def test_a_subtask_tells_what_was_done_for_it_and_on_which_other_host(tmp_path):
    follower, path = followed(host1='drain', host2='drain'), tmp_path / 'report.html'
    report = Report(path, set(), follower, False, mask=str, warn=pytest.fail)
    follower.start(['host1', 'host2'], 'drain')
    follower.note(['host1', 'host2'], 'drain', 'host1: Drain: changed: <2> sessions left')
    follower.passed(['host1', 'host2'], 'drain', True)
    report.finish()
    said = [html.unescape(text) for text in path.read_text().split('<pre class="log">')[1:]]
    assert [text.partition('</pre>')[0] for text in said] == ['Drain: changed: <2> sessions left', 'host1: Drain: changed: <2> sessions left']


def test_no_run_of_a_playbook_replaces_the_report_of_another(tmp_path):
    others = set()
    for path in (tmp_path / 'report.html', tmp_path / 'report.html', f'{tmp_path}/', tmp_path):
        Report(path, others, followed(host1='drain'), False, mask=str, warn=pytest.fail).finish()
    assert {entry.name for entry in tmp_path.iterdir()} == {'report.html', 'report-restart-3.html', 'restart-3.html'}


def test_a_run_without_hosts_has_a_report(tmp_path):
    path = tmp_path / 'report.html'
    Report(path, set(), followed(), False, mask=str, warn=pytest.fail).finish()
    assert 'No host was touched' in path.read_text() and '>successful</span>' in path.read_text()


@pytest.mark.parametrize('chains, order', [
    (['a b c d', 'a b c d'], 'a b c d'), (['c d', 'a b c d'], 'a b c d'), (['a d', 'b d', 'a c'], 'a b c d'), (['d c', 'd c b a'], 'd c b a'),
])
def test_columns_keep_the_order_of_every_chain(chains, order):
    hosts = followed(**{f'host{number}': chain for number, chain in enumerate(chains)}).hosts.values()
    found = [column.role for column in graph.columns(list(hosts))]
    assert sorted(found) == sorted(order.split())
    for chain in chains:
        assert [role for role in found if role in chain.split()] == chain.split()


def test_a_column_tells_what_matters_most_of_all_hosts():
    follower = followed(host1='a b', host2='a b', host3='a b')
    follower.start(['host1', 'host2'], 'a')
    follower.passed(['host1'], 'a', True)
    follower.failed(['host2'], 'a', 'broken')
    first, second = graph.columns(list(follower.hosts.values()))
    assert (first.status, first.statuses) == ('FAILED', {'FAILED': 1, 'SUCCESSFUL': 1, 'PENDING': 1})
    assert second.status == 'PENDING' and first.shared and second.slowest is None
