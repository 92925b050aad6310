# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The admin SQL client against a real server of the protocol."""

from __future__ import annotations

import time

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _proxysys
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client, connect_any, quote


@pytest.fixture()
def client(mariadb):
    with Client(mariadb.port, mariadb.password) as connection:
        yield connection


def test_rows_columns_nulls_and_types_come_as_text(client):
    columns, rows = client.query("SELECT 1 AS one, NULL AS nothing, '' AS empty, 'é中' AS wide, CURRENT_USER() AS me")
    assert columns == ["one", "nothing", "empty", "wide", "me"]
    assert rows == [["1", None, "", "é中", "root@proxysys@127.0.0.1"]]


def test_a_result_without_rows_has_its_columns(client):
    assert client.query("SELECT 1 AS one FROM dual WHERE 1 = 0") == (["one"], [])


def test_a_statement_without_a_result(client):
    assert client.query("CREATE OR REPLACE TABLE lab.t (i INT)") == ([], [])
    assert client.query("INSERT INTO lab.t VALUES (1), (2), (3)") == ([], [])
    assert client.affected_rows == 3
    assert client.query("SELECT i FROM lab.t ORDER BY i")[1] == [["1"], ["2"], ["3"]]


def test_many_rows(client):
    rows = client.query("SELECT seq FROM lab.seq_1_to_20000")[1]
    assert [int(row[0]) for row in rows] == list(range(1, 20001))


@pytest.mark.parametrize("size", [0, 250, 251, 65535, 65536, 0xFFFFFF - 5, 0xFFFFFF - 4, 0xFFFFFF - 3, 0xFFFFFF, 0x1FFFFFE, 40000000])
def test_long_packets_are_joined(client, size):
    rows = client.query(f"SELECT REPEAT('x', {size}) AS x")[1]
    assert rows == [["x" * size]]
    assert client.query("SELECT 1")[1] == [["1"]]


OVERHEAD = len("SELECT LENGTH('')") + 1


@pytest.mark.parametrize("size", [0xFFFFFF - 1, 0xFFFFFF, 0xFFFFFF + 1, 2 * 0xFFFFFF])
def test_long_statements_are_split(client, size):
    length = size - OVERHEAD
    assert client.query(f"SELECT LENGTH('{'y' * length}')")[1] == [[str(length)]]
    assert client.query("SELECT 1")[1] == [["1"]]


@pytest.mark.parametrize("text", ["", "it's", 'say "so"', "%s", "line\nfeed", "é中😀", "--", "; drop table x", "#"])
def test_quoted_text_arrives_unchanged(client, text):
    assert client.query("SELECT " + quote(text))[1] == [[text]]


def test_an_error_has_the_servers_number_and_words_and_leaves_the_connection(client):
    with pytest.raises(_proxysys.ServerError, match="nosuch") as caught:
        client.query("SELECT * FROM lab.nosuch")
    assert caught.value.errno == 1146
    assert client.query("SELECT 1")[1] == [["1"]]


def test_an_error_in_the_middle_of_the_rows(client):
    with pytest.raises(_proxysys.ServerError) as caught:
        client.query("SELECT (SELECT seq FROM lab.seq_1_to_2 WHERE seq <= o.seq) FROM lab.seq_1_to_3 o")
    assert caught.value.errno == 1242
    assert client.query("SELECT 1")[1] == [["1"]]


def test_a_secret_statement_is_not_quoted_in_its_error(client):
    with pytest.raises(_proxysys.ServerError) as caught:
        client.query("alter proxyconfig set obproxy_sys_password = 'S3cret!'", secret=True)
    assert caught.value.errno == 1064
    assert "S3cret" not in str(caught.value) and "S3cret" not in repr(caught.value)


def test_a_wrong_password(mariadb):
    with pytest.raises(_proxysys.AccessDenied) as caught:
        Client(mariadb.port, "not-it")
    assert caught.value.errno == 1045
    assert "not-it" not in str(caught.value)


def test_an_empty_password(mariadb):
    with Client(mariadb.port, "", user="empty") as connection:
        assert connection.query("SELECT CURRENT_USER()")[1] == [["empty@127.0.0.1"]]
    with pytest.raises(_proxysys.AccessDenied):
        Client(mariadb.port, "")


def test_another_login_method_is_named(mariadb):
    with pytest.raises(_proxysys.ProxysysError, match="client_ed25519.*only mysql_native_password"):
        Client(mariadb.port, "ed", user="ed")


def test_too_many_connections(mariadb):
    with Client(mariadb.port, "one", user="one"):
        with pytest.raises(_proxysys.ServerError) as caught:
            Client(mariadb.port, "one", user="one")
    assert caught.value.errno in (1203, 1226)


def test_the_first_password_that_fits_is_told(mariadb):
    client, index = connect_any(mariadb.port, ["wrong", "", mariadb.password, "never tried"])
    with client:
        assert index == 2
        assert client.query("SELECT 1")[1] == [["1"]]
    with pytest.raises(_proxysys.AccessDenied):
        connect_any(mariadb.port, ["wrong", "also wrong"])


def test_a_slow_statement_ends_at_its_deadline(mariadb):
    client = Client(mariadb.port, mariadb.password, timeout=1)
    began = time.monotonic()
    with pytest.raises(_proxysys.Timeout):
        client.query("SELECT SLEEP(30)")
    assert time.monotonic() - began < 5
    with pytest.raises(_proxysys.ConnectionLost):
        client.query("SELECT 1")


def test_a_killed_connection(mariadb, client):
    victim = Client(mariadb.port, mariadb.password)
    number = victim.query("SELECT CONNECTION_ID()")[1][0][0]
    client.query(f"KILL {number}")
    with pytest.raises(_proxysys.ProxysysError):
        victim.query("SELECT 1")
    with pytest.raises(_proxysys.ConnectionLost):
        victim.query("SELECT 1")


def test_ping_and_close(mariadb, client):
    guest = Client(mariadb.port, mariadb.password)
    guest.ping()
    number = guest.query("SELECT CONNECTION_ID()")[1][0][0]
    guest.close()
    guest.close()
    deadline = time.monotonic() + 10
    while any(row[0] == number for row in client.query("SHOW PROCESSLIST")[1]):
        assert time.monotonic() < deadline, "the server still has the connection"
    with pytest.raises(_proxysys.ConnectionLost):
        guest.ping()


def test_local_files_are_never_given(client):
    with pytest.raises(_proxysys.ProxysysError):
        client.query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE lab.t")
