#!/bin/sh
# The floor: what a batchAdd does on one host, by hand, with everything at hand in this directory.
# shellcheck disable=SC1091,SC2154  # settings is there on the host, and assigns them
set -eu
cd "$(dirname "$0")"
. ./settings
id -u admin >/dev/null 2>&1 || useradd --create-home --shell /bin/bash admin
rpm -q "${rpm%.rpm}" >/dev/null 2>&1 || rpm -i "$rpm"
install -d -m 755 "$(dirname "$home")"
install -d -o admin -g admin -m 750 "$home" "$home/etc" "$home/log" "$home/run"
ln -sfn "$package/bin" "$home/bin"
install -o admin -g admin -m 750 obproxyd.sh "$home/obproxyd.sh"
install -o admin -g admin -m 600 first_start "$home/run/first_start"
install -m 644 obproxy.service "/etc/systemd/system/obproxy-$name.service"
install -m 644 limits "/etc/security/limits.d/obproxy-admin.conf"
systemctl daemon-reload
systemctl enable --quiet "obproxy-$name.service"
"$home/obproxyd.sh" -c start
admin_sql "$sql_port" <statements
admin_sql "$sql_port" <check >/dev/null
curl -sf -o /dev/null "http://127.0.0.1:$exporter_port/metrics"
[ ! -s targets.json ] || install -D -m 644 targets.json "/etc/prometheus/file_sd/obproxy-$cluster.json"
