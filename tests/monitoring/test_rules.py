"""The alert rules as the role renders them, and the dashboard, judged by Debian's promtool."""
import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROLE = HERE.parents[1] / 'roles' / 'monitoring'


def promtool(*words):
    done = subprocess.run(['promtool', *map(str, words)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def monitoring(folder, **variables):
    """Run the role here."""
    play = {'hosts': 'all', 'connection': 'local', 'gather_facts': False, 'roles': ['oceanbase.obproxy.monitoring'], 'vars': {
        'ansible_python_interpreter': sys.executable, 'obproxy_rules_dir': str(folder / 'rules'), 'obproxy_dashboard_dir': str(folder),
        'obproxy_prometheus_service': '', **variables}}
    (folder / 'play.yml').write_text(yaml.safe_dump([play]))
    command = [pathlib.Path(sys.executable).parent / 'ansible-playbook', '-i', 'here,', folder / 'play.yml']
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(name='rules', scope='session')
def rules_fixture(tmp_path_factory):
    """The rules file as the role makes it by default."""
    folder = tmp_path_factory.mktemp('monitoring')
    done = monitoring(folder)
    assert done.returncode == 0 and 'changed=3' in done.stdout, done.stdout
    assert json.loads((folder / 'obproxy.json').read_text()) == dashboard()
    return folder / 'rules' / 'obproxy.rules.yml'


def test_rules_that_promtool_refuses_replace_none(rules):
    before = rules.read_text()
    done = monitoring(rules.parents[1], obproxy_alert_for='soon')
    assert done.returncode and 'not a valid duration string' in done.stdout, done.stdout
    assert rules.read_text() == before
    assert 'changed=0' in monitoring(rules.parents[1]).stdout


def test_promtool_takes_the_rules(rules):
    code, said = promtool('check', 'rules', rules)
    assert code == 0 and re.search(r'SUCCESS: \d\d rules found', said), said


def test_every_alert_fires_when_it_should_and_only_then(rules):
    """What rules_test.yml says of them; it names every one."""
    text = (HERE / 'rules_test.yml').read_text()
    (rules.parent / 'rules_test.yml').write_text(text)
    code, said = promtool('test', 'rules', rules.parent / 'rules_test.yml')
    assert code == 0, said
    alerts = {rule['alert'] for rule in yaml.safe_load(rules.read_text())['groups'][0]['rules']}
    checked = [case for test in yaml.safe_load(text)['tests'] for case in test['alert_rule_test']]
    assert {case['alertname'] for case in checked if case.get('exp_alerts')} == alerts
    assert {case['alertname'] for case in checked if not case.get('exp_alerts')} == alerts


def dashboard():
    return json.loads((ROLE / 'files' / 'obproxy.dashboard.json').read_text())


def test_the_dashboard_has_what_grafana_wants():
    found = dashboard()
    assert found['uid'] and found['title'] and found['schemaVersion'] >= 36 and 'id' not in found
    assert [one['name'] for one in found['templating']['list']] == ['datasource', 'cluster']
    panels = found['panels']
    assert len({panel['id'] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        assert panel['type'] in ('stat', 'timeseries', 'state-timeline') and panel['title']
        assert {target['refId'] for target in panel['targets']} == set('ABCD'[:len(panel['targets'])])
        assert all(target['datasource'] == panel['datasource'] == {'type': 'prometheus', 'uid': '${datasource}'}
                   for target in panel['targets'])
        place = panel['gridPos']
        cells = {(x, y) for x in range(place['x'], place['x'] + place['w']) for y in range(place['y'], place['y'] + place['h'])}
        assert max(x for x, _y in cells) < 24 and not cells & taken
        taken |= cells


def expressions():
    return [target['expr'] for panel in dashboard()['panels'] for target in panel['targets']]


def test_promtool_parses_every_expression_of_the_dashboard(tmp_path):
    rules = [{'record': f'test:{number}', 'expr': expr.replace('$__rate_interval', '5m').replace('$cluster', 'foo')}
             for number, expr in enumerate(expressions())]
    (tmp_path / 'rules.yml').write_text(yaml.safe_dump({'groups': [{'name': 'dashboard', 'rules': rules}]}))
    code, said = promtool('check', 'rules', tmp_path / 'rules.yml')
    assert code == 0 and f'SUCCESS: {len(rules)} rules found' in said, said


def test_the_dashboard_takes_no_missing_version_for_one():
    [expr] = [one for one in expressions() if 'obproxy_info' in one]
    assert expr.count('version!=""') == 2


def test_the_dashboard_adds_no_part_of_a_request_s_time_to_the_whole():
    [expr] = [one for one in expressions() if 'odp_sql_cost_total' in one]
    assert 'timeType="total"' in expr


def test_rules_and_dashboard_name_only_metrics_that_somebody_has(rules):
    """The exporter's, those of the textfile, and what Prometheus and node_exporter have themselves."""
    agent = (ROLE.parent / 'refresh_agent' / 'files' / 'agent.py').read_text()
    standin = (HERE.parents[1] / 'tests' / 'lab' / 'obproxy' / 'standin' / 'exporter.py').read_text()
    known = set(re.findall(r"^    \('(obproxyd?_\w+)'", agent, re.M)) | set(re.findall(r"'(odp_\w+)'", standin))
    known |= {'node_textfile_mtime_seconds'}
    labels = {'obproxy_cluster', 'obproxy_server_id'}
    text = ' '.join([*expressions(), *(rule['expr'] for rule in yaml.safe_load(rules.read_text())['groups'][0]['rules'])])
    used = set(re.findall(r'\b(?:obproxyd?|odp|node)_\w+', text)) - labels
    assert used <= known
    assert {name for name in known if name.startswith(('odp_', 'obproxy'))} <= used
