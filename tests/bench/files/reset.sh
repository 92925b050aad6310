#!/bin/sh
# Takes everything away that any of the contestants has put on a host.
systemctl stop 'obproxy-*' 'obproxy_*'
rm -f /etc/systemd/system/obproxy-* /etc/systemd/system/*/obproxy-*
systemctl daemon-reload
pkill -9 -f '[o]bproxyd.sh'
pkill -9 -x obproxy
rpm -qa 'obproxy*' | xargs -r rpm -e
rm -rf /opt/obproxy /etc/obproxy /etc/yum.repos.d/bench.repo /etc/cron.d/obproxy-* /etc/security/limits.d/obproxy-* /run/obproxy* /etc/prometheus /root/bench /var/cache/obproxy*
userdel -r admin
groupdel admin
rm -rf /home/admin /tmp/obproxy* /home/ops/.ansible /root/.ansible
mkdir -p /etc/prometheus/file_sd
! pgrep -x obproxy >/dev/null && [ -z "$(rpm -qa 'obproxy*')" ] && [ ! -e /opt/obproxy ] && ! id admin >/dev/null 2>&1
