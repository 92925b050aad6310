#!/usr/bin/env bash
# Stands for OBD's loop: PATH IP PORT, a pid file in run/, kill -9.
path=$1 ip=$2 port=$3
cd "$path" || exit 1
echo $$ >"run/obproxyd-$ip-$port.pid"
while true; do
    pid=$(cat "run/obproxy-$ip-$port.pid" 2>/dev/null)
    if [ ! -d "/proc/${pid:-none}" ]; then
        [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
        # shellcheck disable=SC2046  # several arguments
        ./bin/obproxy -p "$port" $(cat start_options)
        sleep 0.5
        pgrep -n -x -u "$(id -un)" obproxy >"run/obproxy-$ip-$port.pid"
    fi
    sleep 1
done
