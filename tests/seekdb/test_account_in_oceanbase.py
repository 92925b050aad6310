# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""obproxy_ob_account against a real OceanBase kernel, judged by a client that isn't ours."""

from __future__ import annotations

import hashlib
import json

import pymysql
import pytest
from kernel import PASSWORD
from ports import free_ports

from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_ob_account
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import play

OLD, NEW = "0ld-Ro-Pw", "N3w-Ro-Pw"


@pytest.fixture(autouse=True)
def without_account(oceanbase):
    yield
    for (host,) in oceanbase.rows("select host from mysql.user where user = 'proxyro'"):
        oceanbase.rows(f"drop user 'proxyro'@'{host}'")


@pytest.fixture(name="run")
def run_fixture(oceanbase, capsys):
    def run(check=False, **options):
        arguments = {"root_servers": [f"127.0.0.1:{oceanbase.port}"], "password": NEW, "sys_password": PASSWORD, **options}
        arguments = {name: value for name, value in arguments.items() if value is not None}
        result, printed = play(capsys, obproxy_ob_account, check, **arguments)
        for secret in (OLD, NEW, PASSWORD):
            sha1 = hashlib.sha1(secret.encode()).digest()
            for form in (secret, sha1.hex(), hashlib.sha1(sha1).hexdigest()):
                assert form.lower() not in json.dumps({**result, "invocation": None}).lower() and form not in printed
        return result
    return run


def reads(oceanbase, password=NEW):
    return oceanbase.rows("select count(*) from mysql.user", "proxyro@sys", password)[0][0] > 0


def is_denied(oceanbase, password):
    with pytest.raises(pymysql.OperationalError) as caught:
        oceanbase.rows("select 1", "proxyro@sys", password)
    return caught.value.args[0] == 1045


def test_an_account_is_created_and_reads_everything_and_writes_nothing(oceanbase, run):
    checked = run(True)
    assert is_denied(oceanbase, NEW)
    created = run()
    assert checked == created and created["changes"] == ["proxyro: missing -> created", "SELECT of proxyro: missing -> granted"]
    assert reads(oceanbase)
    with pytest.raises(pymysql.Error):
        oceanbase.rows("create database mine", "proxyro@sys", NEW)
    assert run()["changed"] is False and run(True)["changed"] is False


def test_a_password_is_changed(oceanbase, run):
    run(password=OLD)
    checked = run(True)
    assert reads(oceanbase, OLD)
    changed = run()
    assert checked == changed and changed["changes"] == ["password of proxyro: differs -> set"]
    assert reads(oceanbase) and is_denied(oceanbase, OLD)
    assert run()["changed"] is False


@pytest.mark.parametrize("password", ["it's", 'say "so"', "$pace and #;--%_", "é中文", "x" * 64])
def test_every_password_that_obproxy_can_be_told(oceanbase, run, password):
    run(password=OLD)
    assert run(password=password)["changed"]
    assert reads(oceanbase, password)
    assert not run(password=password)["changed"]


def test_a_session_that_is_there_goes_on(oceanbase, run):
    run(password=OLD)
    with oceanbase.connect("proxyro@sys", OLD) as there, there.cursor() as cursor:
        run()
        cursor.execute("select count(*) from mysql.user")
        assert cursor.fetchone()[0] > 0


def test_a_missing_grant_is_given(oceanbase, run):
    oceanbase.rows(f"create user 'proxyro' identified by '{NEW}'")
    assert run()["changes"] == ["SELECT of proxyro: missing -> granted"]
    assert reads(oceanbase) and not run()["changed"]


def test_more_rights_than_needed_stay(oceanbase, run):
    oceanbase.rows(f"create user 'proxyro' identified by '{NEW}'")
    oceanbase.rows("grant all on *.* to 'proxyro'")
    assert not run()["changed"]


def test_accounts_for_several_hosts_are_all_changed(oceanbase, run):
    oceanbase.rows(f"create user 'proxyro'@'%' identified by '{OLD}', 'proxyro'@'127.0.0.%' identified by '{OLD}'")
    changes = run()["changes"]
    assert [one for one in changes if "password" in one] == [
        "password of proxyro: differs -> set", "password of proxyro@127.0.0.%: differs -> set"]
    assert reads(oceanbase)
    stored = {row[0] for row in oceanbase.rows("select password from mysql.user where user = 'proxyro'")}
    assert len(stored) == 1 and not run()["changed"]


def test_without_the_administrators_password_it_only_looks(oceanbase, run):
    result = run(sys_password=None)
    assert result["failed"] and "sys_password" in result["msg"] and is_denied(oceanbase, NEW)
    run()
    assert run(sys_password=None)["changed"] is False


def test_what_is_held_back_is_said_and_left(oceanbase, run):
    run(password=OLD)
    for check in (True, False):
        result = run(check, hold=["foo-2883 on host3 could not be reached"])
        assert result["failed"] and "foo-2883 on host3 could not be reached" in result["msg"]
    assert reads(oceanbase, OLD)
    assert not run(password=OLD, hold=["foo-2883 on host3 could not be reached"])["changed"]


def test_an_administrator_who_is_not_let_in(oceanbase, run):
    for wrong in ("not it", ""):
        result = run(sys_password=wrong)
        assert result["failed"] and "root@sys is not let in" in result["msg"] and "not it" not in result["msg"]
    assert is_denied(oceanbase, NEW)


def test_a_locked_account_stays_locked(oceanbase, run):
    run()
    oceanbase.rows("alter user 'proxyro' account lock")
    result = run()
    assert result["failed"] and "3118" in result["msg"]
    assert oceanbase.rows("select account_locked from mysql.user where user = 'proxyro'")[0][0] == "Y"


def test_a_root_server_that_is_down_is_passed_over(oceanbase, run):
    assert run(root_servers=[f"127.0.0.1:{free_ports()[0]}", f"127.0.0.1:{oceanbase.port}"])["changed"]
    assert reads(oceanbase)


def test_a_refused_statement_is_not_quoted(oceanbase, run):
    oceanbase.rows("create user 'helpdesk' identified by 'h'")
    oceanbase.rows("grant select on *.* to 'helpdesk'")
    try:
        result = run(sys_user="helpdesk@sys", sys_password="h")
    finally:
        oceanbase.rows("drop user 'helpdesk'")
    assert result["failed"] and "could not be created" in result["msg"] and "1227" in result["msg"]
