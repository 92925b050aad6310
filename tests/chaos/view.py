"""An independent view of a host: what anybody would see there who has never heard of the collection."""
from __future__ import annotations

import re
from types import SimpleNamespace

import probe

SQL, EXPORTER, RPC = 2883, 2884, 2885
NAME = f'chi-{SQL}'

# What is asked of the host; each answer is a part of the view.
QUESTIONS = {
    'processes': 'ps -eo user:32,comm --no-headers | awk \'$2 == "obproxy" || $2 == "obproxyd.sh"\' | sort',
    'calls left': "pgrep -afx '/usr/bin/python3|/usr/bin/rpm .*' || true",
    'home': 'cd /opt/obproxy 2>/dev/null && find . -not -path "*/log/*" -not -path "*/.conf/*" -not -path "*/etc/*" '
            '-not -name "obproxyd.pid" -not -name "*.log" -not -name "*.log.1" -printf "%M %u:%g %p %l\\n" | sort; true',
    'script': 'sha256sum < /opt/obproxy/*/obproxyd.sh',
    'records': 'ls -lA /etc/obproxy | awk \'NR > 1 {print $1, $3, $9}\'; cat /etc/obproxy/*.json',
    'boot': 'cat /etc/systemd/system/obproxy-* /etc/cron.d/obproxy-*; systemctl is-enabled "obproxy-*"; systemctl is-active "obproxy-*"',
    'exporters': 'ls -A /etc/prometheus/file_sd; cat /etc/prometheus/file_sd/*.json',
    'packages': 'rpm -qa | sort',
    'package files': 'ls -lAd /home/*/obproxy*/* | awk \'{print $1, $3, $4, $9}\'; rpm -Va "obproxy*"',
    'users': 'getent passwd; getent group; ls -A /home /opt; cat /etc/security/limits.d/obproxy*',
    'left over': 'ls -A /tmp /var/tmp /root | grep -iv "systemd\\|^$"; ls -A /run | grep "obproxy-"',
    'listeners': f'ss -Hltn "sport = :{SQL} or sport = :{EXPORTER} or sport = :{RPC}" | awk \'{{print $4}}\' | sort',
}
# Differ from run to run.
PASSING = ((re.compile(r'"(?:host|server|cluster)_id": "?\d+"?'), '"..._id": N'),
           (re.compile(r'"obproxy_(?:server|cluster)_id": "\d+"'), '"..._id": N'),
           (re.compile(r'"host_ids": \[[\d,\s]*\]'), '"host_ids": [N]'), (re.compile(r'\b10\.77\.\d+\.\d+\b'), 'ADDRESS'))


def clean(text: str) -> list[str]:
    for pattern, instead in PASSING:
        text = pattern.sub(instead, text)
    return text.splitlines()


def of_host(lab, index: int, passwords: tuple[str, ...], wrong: tuple[str, ...]) -> dict[str, list[str]]:
    """Look at a host from outside, and log in to its proxy."""
    script = '\n'.join(f"echo '== {name}'; ({question}) 2>/dev/null" for name, question in QUESTIONS.items())
    seen, name = {}, ''
    for line in clean(lab.exec(index, script, check=False)):
        if line.startswith('== '):
            name = line[3:]
            seen[name] = []
        else:
            seen[name].append(line)
    seen['logins'] = logins(index, passwords, wrong) if seen.get('listeners') else []
    return seen


def logins(index: int, passwords: tuple[str, ...], wrong: tuple[str, ...]) -> list[str]:
    """Say which passwords are let in, and which parameters are in force."""
    proxy = probe.Proxy(SimpleNamespace(backend=SimpleNamespace(host=SimpleNamespace(name=f'host{index}'))), SQL)
    found = [f'{word}: {proxy.answers(word)}' for word in passwords + wrong]
    try:
        rows = proxy.query(passwords[0], 'show proxyconfig diff')
    except Exception as error:  # pylint: disable=broad-except
        return [*found, f'no answer: {error}']
    return found + sorted(f'{row[0]} = {row[1]}' for row in rows if not row[0].endswith(('_version', '_time', '_timestamp')))


def differences(wanted: dict[str, list[str]], found: dict[str, list[str]]) -> list[str]:
    told = []
    for name, lines in wanted.items():
        there = found.get(name, [])
        told += [f'{name}: missing {line!r}' for line in lines if line not in there]
        told += [f'{name}: extra {line!r}' for line in there if line not in lines]
        if not told and len(lines) != len(there):
            told.append(f'{name}: {len(there)} lines, expected {len(lines)}')
    return told
