"""Runs the collection's playbooks as a user would."""
import pytest
from playbooks import playbook


@pytest.fixture
def play():
    def run(name, *words, body=None, **variables):
        given = {'obproxy_request': body} if body is not None else {}
        return playbook(name, *words, obproxy_cluster_id='delta', **given, **variables)
    return run


@pytest.fixture
def change(play):
    def of(*words, **values):
        return play('parameters', *words, body={'parameters': [{'name': name, 'value': value} for name, value in values.items()]})
    return of
