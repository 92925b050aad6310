#!/usr/bin/env bash
# Starts an obproxy as somebody may have: fleet.sh HOW PORT HOME USER [MODE [PACKAGE]]
set -eu
how=$1 port=$2 home=$3 user=$4 mode=${5:-hooray} package=${6:-}
here=$(dirname "$(readlink -f "$0")")
installed=$(dirname "$(rpm -ql obproxy-ce | grep '/bin/obproxy$')")
program=$installed/obproxy
: "${package:=${installed%/bin}}"

if [ "$package" != "${installed%/bin}" ]; then # a copy that says it is an older version
    mkdir -p "$(dirname "$package")"
    cp -a "${installed%/bin}" "$package"
    sed -i "s/ [0-9.]* / ${package##*-} /" "$package/lib/standin/VERSION"
    program=$package/bin/obproxy
fi
id "$user" >/dev/null 2>&1 || useradd -m "$user"
mkdir -p "$home"
chown -R "$user" "$home"
cd "$home"

rpc="-s $((port + 9))"
[ "$package" = "${installed%/bin}" ] || rpc= # it came with 4.3
options="-l $((port + 7)) $rpc -n shop -o obproxy_sys_password=a1012cb36a19a4d9ca0a0c8a7a050fac17e1332a"
options="$options,syslog_level=WARN,work_thread_num=8,proxy_mem_limited=1G,hot_upgrade_exit_timeout=1000000"
options="$options,enable_strict_kernel_release=false,enable_metadb_used=false"
case $mode in
    url) options="$options,obproxy_config_server_url=http://127.0.0.1:8080/services" ;;
    *) options="$options,rootservice_list=127.0.0.1:2881,rootservice_cluster_name=$mode" ;;
esac
answers() { timeout 30 bash -c "until python3 $here/session.py $port old-mol-1 run 'ping proxy' 2>/dev/null; do sleep 0.1; done"; }
as() { runuser -u "$user" -- "$@"; }

# shellcheck disable=SC2086  # options are several words
case $how in
    package)
        cp "$here/package_loop.sh" "$installed/obproxyd.sh"
        as "$installed/obproxyd.sh" -c start -p "$port" $options
        ;;
    bare) as "$program" -p "$port" $options ;;
    hot)
        as "$program" -p "$port" $options
        answers
        first=$(pgrep -n -x -u "$user" obproxy)
        python3 "$here/session.py" "$port" old-mol-1 run 'alter proxyconfig set proxy_local_cmd = 2'
        while [ -d "/proc/$first" ]; do sleep 0.1; done
        ;;
    obd)
        as mkdir -p bin run
        as ln -sfn "$program" bin/obproxy
        as ln -sfn "$package/lib" lib
        as cp "$here/obd_loop.sh" obproxyd.sh
        printf '%s' "$options" >start_options
        setsid -f runuser -u "$user" -- nohup bash "$home/obproxyd.sh" "$home" 127.0.0.1 "$port" </dev/null >/dev/null 2>&1
        ;;
    unit)
        cat >/etc/systemd/system/shop-proxy.service <<UNIT
[Service]
User=$user
WorkingDirectory=$home
ExecStart=$program -N -p $port $options
Restart=always
[Install]
WantedBy=multi-user.target
UNIT
        systemctl daemon-reload
        systemctl enable --now shop-proxy
        ;;
esac
answers
