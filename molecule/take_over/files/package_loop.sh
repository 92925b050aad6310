#!/usr/bin/env bash
# Stands for a package's obproxyd.sh: -c start leaves a loop behind that starts obproxy whenever its port is dead.
self=$(readlink -f "$0")
cd "$(dirname "$self")/.." || exit 1
while getopts c:n:p:l:s:o: option; do
    case $option in
        c) command=$OPTARG ;;
        p) port=$OPTARG ;;
        *) more+=("-$option" "$OPTARG") ;;
    esac
done
case $command in
    start) setsid nohup "$self" "$@" -c daemon </dev/null >/dev/null 2>&1 & ;;
    daemon)
        while true; do
            { : <"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || ./bin/obproxy -p "$port" "${more[@]}"
            sleep 1
        done
        ;;
esac
