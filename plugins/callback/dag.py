# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: dag
type: notification
short_description: Follows an operation's subtasks, shows them and records them in the registry
version_added: 1.0.0
author: oceanbase.obproxy contributors (@oceanbase)
description:
  - Recognises the plan of an operation of this collection, for example of
    M(oceanbase.obproxy.obproxy_batch_add), and follows its subtasks on every host.
  - On a terminal, shows one line per host with its subtask, a bar and the times, below what Ansible prints meanwhile.
  - Elsewhere prints one line per subtask and host when it ends; with more than ten hosts one per subtask when all hosts of
    the play's batch are through, or one per host that is through where the batches are of up to ten.
  - Prints at once what fails, and at the end of the run a table of the hosts (with more than thirty, of those that were not
    successful), the failures in full and the command to go on with.
  - Keeps the states of the subtasks in the registry true while the run goes. In check mode nothing is written there.
  - Where there are more hosts than forks, and the controller's cores are all at work, keeps one of five or more forks free for
    the next host. Otherwise ansible-core would take half a core to look for one.
  - Stays silent in all other playbooks.
requirements:
  - enabled with C(callbacks_enabled = oceanbase.obproxy.dag) in the section C([defaults]) of ansible.cfg
  - SQLAlchemy 2.0 or later beside ansible-core
options:
  obproxy_registry_url:
    description:
      - The registry's database URL, as for the modules.
      - The variable C(obproxy_registry_url), when the play has it, takes precedence, because the modules use it.
    type: str
    env:
      - name: OBPROXY_REGISTRY_URL
    ini:
      - section: callback_oceanbase_obproxy_dag
        key: registry_url
  live:
    description:
      - Whether to show the run live where standard output is a terminal.
      - Without effect in AWX, where E(TERM) is V(dumb), with C(--step) and with Ansible's debugger. E(NO_COLOR) takes the colours.
    type: bool
    default: true
    env:
      - name: OBPROXY_DAG_LIVE
    ini:
      - section: callback_oceanbase_obproxy_dag
        key: live
  report_path:
    description:
      - A file that becomes the run's report, one self-contained HTML page with the graph, states, durations and messages per host.
        A directory, or a path that ends in a slash, gets one of the name OPERATION-RUN.html for each run. Where a playbook has
        a second run, such as a rollback, that is added to the file's name.
      - Replaced at once, with mode 0600, while the run goes, too, so that a run that was killed leaves its last state.
      - The variable C(obproxy_report_path), when the play has it, takes precedence.
    type: path
    env:
      - name: OBPROXY_REPORT_PATH
    ini:
      - section: callback_oceanbase_obproxy_dag
        key: report_path
  json_path:
    description:
      - A file that gets one JSON object per line and event, for other programs. Created with mode 0600, appended to.
      - See the notes for what describes the objects.
    type: path
    env:
      - name: OBPROXY_DAG_JSON
    ini:
      - section: callback_oceanbase_obproxy_dag
        key: json_path
notes:
  - Never writes task arguments, nor anything of a result but its message.
  - A registry that fails on the way is warned of once; the run itself goes on.
  - The JSON objects are described in C(docs/callback.md) and C(docs/callback.schema.json). Their C(version) is 1.
'''

EXAMPLES = r'''
ansible.cfg: |
  [defaults]
  callbacks_enabled = oceanbase.obproxy.dag

  [callback_oceanbase_obproxy_dag]
  json_path = /var/log/obproxy/dag.jsonl
  report_path = /var/log/obproxy/reports/
'''

import atexit
import sys

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_follow_tasks as tasks
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _forks, _stops
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import ENDED, Follower, prohibited_tasks, subtask_names
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow_writer import BACK, NOT_RECORDED, Writer
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_harmless import harmless
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_report import Report
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view import is_launched, next_step, ways_on
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_console import Console
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_json import JsonLines
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_secrets import (
    Masker, command_line, may_hold_secrets, secrets_in)
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry

SETTINGS = ('obproxy_registry_url', 'obproxy_report_path')


class CallbackModule(CallbackBase):
    """Follows the run of one plan after the other."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'oceanbase.obproxy.dag'
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._mask = Masker()
        self._reported = set()
        self._play = None
        self._forget()

    def _forget(self):
        self._follower = self._writer = self._console = self._report = None
        self._check = self._warned = False
        self._prohibited = ()
        self._tails = tasks.Tails()
        self._batch = None
        self._items, self._answers = {}, {}

    @harmless
    def v2_playbook_on_play_start(self, play):
        self._close_play()
        self._play = play
        if self._follower:
            variables = play.get_variable_manager().get_vars(play=play)
            self._tails = tasks.Tails(play, self._follower.roles, variables)
            self._batch = variables.get('ansible_play_batch')
            self._console.batch(self._batch)

    @harmless
    def v2_playbook_on_vars_prompt(self, *args, **kwargs):
        self._let_go()

    @harmless
    def v2_playbook_on_no_hosts_matched(self):
        limit = context.CLIARGS.get('subset')
        if limit and not self._follower and tasks.is_planned_by(self._play):
            self._display.warning(tasks.NO_LOCALHOST)

    @harmless
    def v2_playbook_on_task_start(self, task, is_conditional):
        if self._writer and tasks.is_run_once(task):
            # It may be one that reads the registry.
            self._writer.flush()
            self._warn_of_registry()

    @harmless
    def v2_runner_on_start(self, host, task):
        role = self._role(task)
        if role:
            _forks.keep_one_free(task, len(self._batch or ()))
            names = self._follower.reached(self._concerned(host, task), role)
            names = [name for name in names if not self._follower.hosts[name].stopped]
            self._tell(self._follower.start(names, role))

    @harmless
    def v2_runner_on_ok(self, result):
        host, task, content = tasks.parts_of(result)
        run = tasks.plan_of(content)
        if run is not None:
            self._begin(run, content, host, task)
        elif not tasks.is_include(task):
            self._note(host, task, content)
            if self._follower and tasks.is_own(task) and content.get('subtasks'):
                self._answers[host.get_name()] = content['subtasks']
            self._passed(host, task)

    @harmless
    def v2_runner_on_skipped(self, result):
        host, task, content = tasks.parts_of(result)
        self._passed(host, task)

    @harmless
    def v2_runner_on_failed(self, result, ignore_errors=False):
        host, task, content = tasks.parts_of(result)
        self._failed(host, task, content, ignored=ignore_errors)

    @harmless
    def v2_runner_item_on_failed(self, result):
        if self._follower:
            host, task, content = tasks.parts_of(result)
            self._items.setdefault((host.get_name(), task._uuid), []).append(tasks.cause_of(content))

    @harmless
    def v2_runner_on_unreachable(self, result):
        host, task, content = tasks.parts_of(result)
        self._failed(host, task, content, ignored=bool(task.ignore_unreachable), unreachable=True)

    @harmless
    def v2_playbook_on_stats(self, stats):
        self._close_play()
        self._finish()

    def _role(self, task):
        return tasks.role_of(task, self._follower.roles) if self._follower else None

    def _concerned(self, host, task):
        """Return the run's hosts that an event of a task on a host counts for."""
        if tasks.is_run_once(task):
            # The controller, where a run has no other host, is in no inventory, and so in no batch.
            batch = None if list(self._follower.hosts) == ['localhost'] else self._batch
            return self._follower.reached(self._follower.alive(batch), self._role(task))
        return [host.get_name()] if host.get_name() in self._follower.hosts else []

    def _note(self, host, task, content):
        """Let the subtask's log say what the task said."""
        role = self._role(task)
        if not role:
            return
        if content.get('msg'):
            self._learn_secrets(host, task)
        self._log(self._concerned(host, task), role, tasks.words_of(host, task, content))

    def _log(self, names, role, words):
        notes = self._follower.note(names, role, self._mask(words))
        if self._writer:
            self._writer.add(notes)

    def _passed(self, host, task):
        role = self._role(task)
        if role and not self._stopped(role, host, task):
            through = self._follower.passed(self._concerned(host, task), role, self._tails.has(role, task))
            self._tell(through)
            for subtask in through:
                self._answer(subtask.host)

    def _answer(self, name):
        """Let the subtasks that a host's last call has seen to, too, begin and end."""
        for answer in self._answers.pop(name, ()):
            role = answer['subtask']
            self._tell(self._follower.start([name], role))
            self._log([name], role, f"{name}: {'changed' if answer['changed'] else 'ok'}: {answer['msg']}")
            self._tell(self._follower.answered(name, role, answer['seconds']))

    def _reason(self, host):
        state = self._follower.hosts.get(host.get_name())
        return _stops.reason(state.task_id) if state else None

    def _stopped(self, role, host, task):
        """Let a cancelled task end with the subtask that is through."""
        if not self._reason(host) or tasks.is_run_once(task) or not self._tails.has(role, task):
            return False
        self._tell(self._follower.failed([host.get_name()], role, self._reason(host)))
        return True

    def _failed(self, host, task, content, ignored, unreachable=False):
        if not self._follower:
            return
        items = self._items.pop((host.get_name(), task._uuid), ())
        state = self._follower.hosts.get(host.get_name())
        if state and state.stopped:
            return
        role = self._role(task)
        # What is done once for all hosts may end the play when it fails, instead of failing the controller, too.
        ends_play = ignored and role and tasks.is_run_once(task) and self._tails.has(role, task)
        if ignored and not ends_play:
            self._passed(host, task)
            return
        if role and tasks.is_own(task) and content.get('subtask'):
            role = self._shared(host, role, content)
        self._learn_secrets(host, task)
        cause = tasks.with_reason(self._reason(host), self._mask(tasks.cause_of(content, items, unreachable)))
        rescuable = ends_play or (not unreachable and role is not None and tasks.can_be_rescued(task, role))
        if role or not tasks.has_rescue(task):
            self._tell(self._follower.failed(self._concerned(host, task), role, cause, rescuable))

    def _shared(self, host, role, content):
        """Note what went well in a call before it failed; return the role of the subtask that did."""
        self._tell(self._follower.passed([host.get_name()], role, True))
        self._answers[host.get_name()] = content.get('subtasks') or ()
        self._answer(host.get_name())
        return content['subtask'] if content['subtask'] in self._follower.roles else role

    def _begin(self, run, content, host, task):
        followed = self._follower.run if self._follower else {'id': None}
        if followed['id'] == run['id'] and followed['operation'] == run['operation']:
            return
        self._finish(goes_on=followed['id'] == run['id'])
        atexit.register(self._leave)
        self._check = bool(context.CLIARGS.get('check') or task.check_mode)
        self._follower = Follower(run, subtask_names(content.get('data') or {}))
        self._prohibited = prohibited_tasks(content.get('data') or {})
        self._console = Console(self._display, self._follower, self._check, self.get_option('live') and not is_launched())
        found = self._learn_secrets(host, task)
        servers = content.get('hosts')
        task_ids = [content['data']['id']] if 'id' in (content.get('data') or {}) else []
        self._console.begin(servers if isinstance(servers, dict) else {}, task_ids)
        self._json = JsonLines(self.get_option('json_path'), self._follower, self._check, self._display.warning)
        self._json.started()
        path = found.get('obproxy_report_path') or self.get_option('report_path')
        if path:
            self._report = Report(path, self._reported, self._follower, self._check, mask=self._mask, warn=self._display.warning)
        if run['hosts'] and not self._check:
            self._open_registry(found.get('obproxy_registry_url') or self.get_option('obproxy_registry_url'))

    def _open_registry(self, url):
        try:
            registry = Registry(url)
            run_id, trace_id = self._follower.run['id'], self._follower.run.get('trace_id')
            self._writer = Writer(registry, run_id, registry.mark_recorded(run_id, trace_id), trace_id)
        except Exception as exc:
            self._warn(exc)

    def _variables(self, host, task):
        manager = self._play.get_variable_manager()
        variables = manager.get_vars(play=self._play, host=host, task=task)
        return variables, Templar(loader=self._play.get_loader(), variables=variables)

    def _learn_secrets(self, host, task):
        """Learn what must not be shown, as this host sees it; return the settings that its tasks are given."""
        variables, templar = self._variables(host, task)
        found = {}
        for name in variables:
            if name in SETTINGS or may_hold_secrets(name):
                try:
                    found[name] = templar.template(variables[name])
                except Exception:
                    # What cannot be resolved here could not be passed to a task either.
                    continue
        for name, value in found.items():
            self._mask.learn(secrets_in(name, value))
        return found

    def _tell(self, changes):
        for subtask in changes:
            self._json.subtask(subtask)
        self._console.tell([subtask for subtask in changes if subtask.status in ENDED])
        if self._report:
            self._report.wake()
        moves = self._follower.take_moves()
        if self._writer:
            self._writer.add(moves)
            self._warn_of_registry()

    def _close_play(self):
        if self._follower:
            self._tell(self._follower.close(self._tails.open_ended))
            if self._writer:
                # The next play may judge the run by the registry, so one that failed for a while gets another chance.
                self._writer.flush(again=True)
                self._warn_of_registry()

    def _finish(self, goes_on=False):
        if not self._follower:
            return
        if self._writer:
            self._writer.finish(goes_on)
            self._warn_of_registry()
            if self._warned and not self._writer.trouble:
                self._display.display(BACK.format(run=self._follower.run['id']))
        self._json.finished(recorded=bool(self._writer) and not self._writer.trouble)
        advice = [] if goes_on or self._follower.succeeded else self._advice()
        if self._report:
            self._report.finish(advice)
        if self._follower.hosts:
            self._console.end(advice)
        atexit.unregister(self._leave)
        self._forget()

    def _leave(self):
        """Leave the last states to be seen when the run is interrupted."""
        self._let_go(keep=True)
        if self._report:
            self._report.interrupt()

    def _let_go(self, keep=False):
        if self._console:
            self._console.pause(keep)

    def _advice(self):
        command = None if is_launched() else command_line(sys.argv, self._mask)
        return [next_step(command), *self._ways_on()]

    def _ways_on(self):
        run, failed = self._follower.run, [state for state in self._follower.hosts.values() if state.failure]
        if not failed or not self._writer:
            return []
        return ways_on(run['operation'], [state.task_id for state in failed], failed[0].failure.id, run.get('cluster_id'), self._prohibited)

    def _warn_of_registry(self):
        if self._writer.trouble:
            self._warn(self._writer.trouble)

    def _warn(self, trouble):
        if not self._warned:
            self._warned = True
            self._display.warning(NOT_RECORDED.format(
                run=self._follower.run['id'], cause=self._mask(str(trouble) or trouble.__class__.__name__).rstrip('.')))
