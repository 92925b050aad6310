"""A roll under load: nobody is refused; it stops at what is broken, and the next run goes on there."""

import faults
import pytest
from conftest import LAB, SYS
from probe import hosts, until

testinfra_hosts = hosts(1)

HOOK = '''
- name: Note it
  ansible.builtin.shell: echo {word} {{{{ obproxy_server.name }}}} of {{{{ inventory_hostname }}}} >> {path}
  delegate_to: localhost
  become: false
  changed_when: true
'''
OFF = '''
- name: The power of another host goes off
  ansible.builtin.command: podman kill --signal KILL {container}
  delegate_to: localhost
  become: false
  when: inventory_hostname == 'host1'
  changed_when: true
'''


@pytest.fixture
def hooks(tmp_path):
    noted = tmp_path / 'noted'
    for word in ('before', 'after'):
        (tmp_path / f'{word}.yml').write_text(HOOK.format(word=word, path=noted))
    (tmp_path / 'off.yml').write_text(OFF.format(container=LAB.host(3).container))
    return tmp_path


def test_nothing_is_changed_in_check_mode(play, proxies, registry):
    before = {number: proxy.started() for number, proxy in proxies.items()}
    runs = registry('select count(*) from obproxy_runs')
    code, output = play('restart', '--check', '--diff')
    assert code == 0, output
    assert {number: proxy.started() for number, proxy in proxies.items()} == before
    assert registry('select count(*) from obproxy_runs') == runs


def test_it_stops_at_a_host_that_is_down_and_goes_on_there(play, proxies, registry, hooks):
    before = {number: proxy.started() for number, proxy in proxies.items()}
    code, output = play('restart', obproxy_before_restart=[str(hooks / 'before.yml')],
                        obproxy_after_restart=[str(hooks / 'after.yml'), str(hooks / 'off.yml')])
    assert code != 0 and 'host3: ' in output.split('have to serve before')[1], output
    until(lambda: len(proxies[1].pids()) == 1)
    first = proxies[1].started()
    assert first != before[1] and proxies[2].started() == before[2]
    assert (hooks / 'noted').read_text().split('\n')[:-1] == ['before omega-2883 of host1', 'after omega-2883 of host1']
    assert registry('select status from obproxy_servers order by id') == [('RUNNING',)] * 3

    faults.start(LAB, 3)
    until(lambda: proxies[3].answers(SYS), 90)
    third = proxies[3].started()
    fault = '/opt/obproxy/omega-2883/etc/standin.fault'
    proxies[2].host.check_output(f'echo die_at_start > {fault}')
    code, output = play('restart')
    assert code != 0 and 'goes on serving' in output and 'Goes on where run' in output, output
    assert (proxies[1].started(), proxies[2].started(), proxies[3].started()) == (first, before[2], third)
    assert 'Not begun, and left as they were: host3' in output

    proxies[2].host.check_output(f'rm {fault}')
    code, output = play('restart')
    assert code == 0, output
    assert proxies[1].started() == first
    assert proxies[2].started() != before[2] and proxies[3].started() != third
    assert {row[0] for row in registry('select status from obproxy_servers')} == {'RUNNING'}


def test_nobody_is_refused_by_a_hot_roll(play, proxies, report):
    third = proxies[3].host
    third.check_output('python3 /opt/application/client.py 2883 %s /opt/application/report.json' % SYS)
    seen = {number: until(lambda proxy=proxy: report(proxy)) for number, proxy in proxies.items()}
    before = {number: proxy.started() for number, proxy in proxies.items()}
    code, output = play('restart', obproxy_max_unavailable='34%')
    assert code == 0, output
    for number, proxy in proxies.items():
        until(lambda proxy=proxy, number=number: report(proxy)['held'] > seen[number]['held'])
        assert proxy.started() != before[number]
    for number, proxy in proxies.items():
        counts = report(proxy)
        assert counts['greeted'] > seen[number]['greeted'] + 20
        assert [counts[key] - seen[number][key] for key in ('refused', 'dropped', 'cut')] == [0, 0, 0]
    # On this one no host went down: it was restarted twice, and its successor failed once.
    assert report(proxies[2])['refused'] == 0


def test_a_cold_roll_takes_them_all_where_that_is_allowed(play, proxies, registry, hooks):
    before = {number: proxy.started() for number, proxy in proxies.items()}
    code, output = play('restart', obproxy_restart_mode='cold', obproxy_max_unavailable=3, obproxyServerIds=['host2', 1],
                        obproxy_before_restart=str(hooks / 'before.yml'), obproxy_drain_timeout=5)
    assert code == 0, output
    assert [proxies[number].started() != before[number] for number in (1, 2, 3)] == [True, True, False]
    assert output.count('0 sessions are left') == 2
    assert registry('select role, status from obproxy_subtasks order by id desc limit 1') == [('finish', 'SUCCESSFUL')]
