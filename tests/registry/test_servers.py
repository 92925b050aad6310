# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a registry on a server meets: many at once, a server that goes away, rights, drivers."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest
import sqlalchemy as sa

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.tests.databases import servers
from ansible_collections.oceanbase.obproxy.tests.databases.world import ServerWorld

RIGHTS = "CREATE, ALTER, INDEX, REFERENCES, SELECT, INSERT, UPDATE, DELETE"
EMPTY = {"hostIds": []}


def at_once(work, number=4):
    """Do something several times, all beginning together; return what it came to."""
    barrier = threading.Barrier(number)

    def begin(index):
        barrier.wait(30)
        return work(index)

    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def tables(world):
    engine = sa.create_engine(world.url, poolclass=sa.pool.NullPool)
    return sa.inspect(engine).get_table_names()


def cluster_names(url):
    with Registry(url).transaction(writes=False) as store:
        return [name for _id, name in store.cluster_names()]


def refusal(work):
    with pytest.raises(RegistryError) as caught:
        work()
    assert servers.PASSWORD not in str(caught.value)
    return str(caught.value)


def test_a_registry_is_made_once_and_brought_up_to_date_once_by_many(new_world, create_body):
    assert at_once(lambda index: cluster_names(new_world.url)) == [[]] * 4
    assert new_world.sql("SELECT version FROM obproxy_schema") == [{"version": _schema.VERSION}]
    run = new_world.plan("create", create_body)["run"]
    new_world.become_first_version()
    assert at_once(lambda index: cluster_names(new_world.url)) == [["foo"]] * 4
    assert [row["version"] for row in new_world.sql("SELECT version FROM obproxy_schema ORDER BY 1")] == list(range(1, _schema.VERSION + 1))
    assert [task["status"] for task in new_world.registry.tasks(run["id"])] == ["FAILED"]


def test_check_mode_makes_no_tables_and_brings_nothing_up_to_date(new_world, create_body, add_body):
    assert new_world.plan_beside("create", create_body, check_mode=True)["changed"]
    assert tables(new_world) == []
    new_world.plan_beside("create", create_body)
    new_world.become_first_version()
    text = refusal(lambda: new_world.plan_beside("batch_add", add_body, "foo", check_mode=True))
    assert "older version" in text and "run 'ansible-playbook oceanbase.obproxy.tasks'" in text
    assert new_world.sql("SELECT version FROM obproxy_schema") == [{"version": 1}]


def test_the_rights_that_the_documentation_names_suffice(server, tmp_path, create_body):
    login = f"'guest'@'127.0.0.1' IDENTIFIED BY '{servers.PASSWORD}'"
    if server.name == "postgresql":
        server.sql(f"CREATE USER guest PASSWORD '{servers.PASSWORD}'", "CREATE DATABASE limited OWNER guest")
    else:
        server.sql("CREATE DATABASE limited", f"CREATE USER {login}", f"GRANT {RIGHTS} ON limited.* TO 'guest'@'127.0.0.1'")
    url = sa.make_url(server.url("limited")).set(username="guest", password=servers.PASSWORD).render_as_string(hide_password=False)
    assert cluster_names(url) == []
    fleet = ServerWorld(tmp_path, server.url("limited"))
    if server.name != "postgresql":
        fleet.become_first_version()
    fleet.url = url
    assert fleet.plan_beside("create", create_body)["changed"]


def test_a_newer_schema_is_refused(new_world, create_body):
    new_world.plan_beside("create", create_body)
    new_world.sql("INSERT INTO obproxy_schema VALUES (99)")
    for check_mode in (False, True):
        text = refusal(lambda mode=check_mode: Registry(new_world.url).rehearsal().tasks(1) if mode else cluster_names(new_world.url))
        assert "newer version" in text and "its schema is 99" in text and f":{new_world.url.rpartition(':')[2].partition('?')[0]}" in text


def test_runs_on_different_clusters_move_their_subtasks_at_once(world, create_body):
    runs = [world.plan_beside("create", {**create_body, "name": name, "obproxyInstallParam": {
        **create_body["obproxyInstallParam"], "hostIds": [1], "sqlPort": port, "exportPort": port + 1}})["run"]
        for name, port in (("foo", 3000), ("bar", 3010), ("baz", 3020))]

    def work(index):
        registry = Registry(world.url)
        registry.mark_recorded(runs[index]["id"])
        for subtask in runs[index]["hosts"]["alpha"]["subtasks"].values():
            registry.set_subtask(subtask, "RUNNING")
            assert registry.renew(runs[index]["id"]) == {}
            registry.set_subtask(subtask, "SUCCESSFUL")
        return [entry["status"] for entry in registry.finish_run(runs[index]["id"])]

    assert at_once(work, 3) == [["SUCCESSFUL"]] * 3


def test_a_server_that_goes_away_half_way(server, world, create_body):
    run = world.plan("create", create_body)["run"]
    subtask = run["hosts"]["alpha"]["subtasks"]["prepare_install"]
    with world.registry.transaction() as store:
        known = store.cluster("foo")
    values = {key: known[key] for key in ("work_mode", "ob_links", "request")}

    def die_in_the_middle():
        with world.registry.transaction() as store:
            store.add_cluster([], [], name="half", **values)
            server.end()
            store.add_cluster([], [], name="other half", **values)

    try:
        for text in (refusal(die_in_the_middle), refusal(lambda: world.registry.set_subtask(subtask, "RUNNING"))):
            assert f"@127.0.0.1:{server.port}/kept failed: " in text and "see that the database runs" in text
    finally:
        server.start()
    assert cluster_names(world.url) == ["foo"]
    world.registry.set_subtask(subtask, "RUNNING")
    assert world.registry.tasks(run["id"])[0]["status"] == "RUNNING"


def test_a_wrong_password_is_not_repeated(server):
    text = refusal(lambda: cluster_names(server.url("kept", "wr0ng-one")))
    assert "wr0ng-one" not in text and "obproxy_registry_url" in text


@pytest.fixture()
def other_drivers(server, world):
    """The addresses that the documentation names beside the one that the other tests use."""
    plain = world.url.partition("?")[0]
    names = {"postgresql": ["postgresql+pg8000"], "mariadb": ["mysql+pymysql", "mariadb+pymysql"], "seekdb": ["mysql+pymysql"]}
    return [f"{name}://{plain.partition('://')[2]}" for name in names[server.name]]


def test_the_other_drivers(world, other_drivers, create_body):
    for number, url in enumerate(other_drivers):
        world.url = url
        run = world.plan_beside("create", {**create_body, "name": f"new{number}", "obproxyInstallParam": EMPTY})["run"]
        assert cluster_names(url)[-1] == f"new{number}"
        assert world.registry.finish_run(run["id"]) is not None
