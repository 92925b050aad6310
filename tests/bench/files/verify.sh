#!/bin/sh
# What each contestant has to have come to: the password on stdin; says nothing and ends with 0 where all is well.
set -eu
unit=$1 sql_port=$2 exporter_port=$3 rpm=$4 parameter=$5 value=$6
{ cat; echo "show proxyconfig like '$parameter'"; } | admin_sql "$sql_port" | grep -q "$value"
rpm -q "${rpm%.rpm}" >/dev/null
systemctl is-enabled --quiet "$unit"
systemctl is-active --quiet "$unit"
curl -sf -o /dev/null "http://127.0.0.1:$exporter_port/metrics"
pgrep -u admin -x obproxy >/dev/null
