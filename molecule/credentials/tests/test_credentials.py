"""Passwords are changed while every proxy is let in to OceanBase; who was away gets them later; a lost one is reset."""
import hashlib
import os

import faults
import pymysql
import pytest
from conftest import RO, ROWS, SYS
from lab import Lab
from probe import until

LAB = Lab(os.path.basename(os.environ['LAB_STATE']))
OTHERS = "select name, value from proxy_config where name not like '%password%' and config_level = 'LEVEL_GLOBAL'"


def sha1(password):
    return hashlib.sha1(password.encode()).hexdigest()


def stored(proxy, number):
    """What a proxy has of proxyro, after a login with root@proxysys's password of this number."""
    rows = dict(proxy.query(SYS[number], ROWS))
    return rows['observer_sys_password'], rows.get('observer_sys_password1', '')


def is_let_in_to(oceanbase, number):
    try:
        return oceanbase.rows('select count(*) from mysql.user', 'proxyro@sys', RO[number])[0][0] > 0
    except pymysql.OperationalError as error:
        assert error.args[0] == 1045
        return False


def recap(done):
    return [line for line in done.stdout.splitlines() if line.startswith('host') and 'changed=' in line]


def test_a_rotation_that_locks_nobody_out(oceanbase, proxies, rotate, watch):
    before = [proxy.started() for proxy in proxies]
    with watch(1) as seen:
        done = rotate(2)
        assert done.returncode == 0, done.stdout
    assert seen.looks > 3 and len(seen.accounts) == 2 and not seen.locked_out
    assert is_let_in_to(oceanbase, 2) and not is_let_in_to(oceanbase, 1)
    for proxy in proxies:
        assert stored(proxy, 2) == (sha1(RO[2]), '')
        assert not proxy.answers(SYS[1])
    assert [proxy.started() for proxy in proxies] == before
    again = rotate(2)
    assert again.returncode == 0, again.stdout
    assert all('changed=0' in line for line in recap(again))


def test_who_was_away_is_not_locked_out_unless_that_is_wanted_and_gets_it_later(oceanbase, proxies, rotate, watch):
    here, away = proxies
    faults.kill(LAB, 2)
    with watch(2, here) as seen:
        held = rotate(3)
        assert held.returncode != 0 and 'rho-2883 on host2 has not been given it' in held.stdout
        assert stored(here, 3) == (sha1(RO[2]), sha1(RO[3]))
        assert is_let_in_to(oceanbase, 2) and not is_let_in_to(oceanbase, 3)
        forced = rotate(3, obproxy_force_account_change=True)
        assert forced.returncode != 0
        assert stored(here, 3) == (sha1(RO[3]), '') and is_let_in_to(oceanbase, 3)
    assert seen.looks > 3 and not seen.locked_out
    faults.start(LAB, 2)
    until(lambda: away.answers(SYS[2]), 90)
    mended = rotate(3)
    assert mended.returncode == 0, mended.stdout
    assert stored(away, 3) == (sha1(RO[3]), '')


def test_a_lost_password_is_reset_on_that_server_alone(oceanbase, proxies, rotate):
    there, lost = proxies
    kept = there.started(), lost.query(SYS[3], OTHERS)
    lost.query(SYS[3], "alter proxyconfig set obproxy_sys_password = 'nobody knows'")
    refused = rotate(4)
    assert refused.returncode != 0 and 'old_sys_passwords' in refused.stdout
    before = lost.started()
    reset = rotate(4, obproxy_reset_sys_password=True)
    assert reset.returncode == 0, reset.stdout
    assert lost.started() != before and there.started() == kept[0]
    assert lost.query(SYS[4], OTHERS) == kept[1]
    for proxy in proxies:
        assert stored(proxy, 4) == (sha1(RO[4]), '')
    assert is_let_in_to(oceanbase, 4)
    with pytest.raises(pymysql.OperationalError):
        lost.query('nobody knows', 'ping proxy')
