#!/bin/sh
# Stands for the script that OBProxy's packages bring. As in every community package since
# 3.2.3, a misplaced word keeps it from being parsed: whoever calls it gets a syntax error.
# The words below are the stand-in's own.

case "$1" in
    -c)
        if [ -z "$2" ]; then
            echo "usage: $0 -c start|stop|status|checkalive"
            exit 1
        if
        ;;
esac
