#!/bin/sh
# Checks that includes point only upward in the module list given as the argument, and that no connector includes another.
# Every fault is printed as FILE:LINE; exits 1 when there is one.
set -eu
modules=$1
status=0

rank() {
    i=0
    for m in $modules; do
        [ "$m" = "$1" ] && { echo "$i"; return; }
        i=$((i + 1))
    done
    echo none
}

for file in $(find src connectors -name '*.[ch]' | sort); do
    case $file in
    connectors/*) own=connectors ;;
    *) own=${file#src/} own=${own%%/*} ;;
    esac
    own_rank=$(rank "$own")
    if [ "$own_rank" = none ]; then
        echo "$file:1: module '$own' is not in the Makefile's MODULES" >&2
        status=1
        continue
    fi
    for hit in $(grep -nE '^#include "' "$file" | sed 's/^\([0-9]*\):#include "\([^"]*\)".*/\1:\2/'); do
        line=${hit%%:*} header=${hit#*:}
        other=${header%%/*}
        other_rank=$(rank "$other")
        if [ "$other_rank" = none ]; then
            echo "$file:$line: \"$header\" is in no module" >&2
            status=1
        elif [ "$other_rank" -gt "$own_rank" ]; then
            echo "$file:$line: $own may not include \"$header\": $other stands below it" >&2
            status=1
        fi
        case $file:$header in
        connectors/*/*:connectors/*/*)
            mine=${file#connectors/} theirs=${header#connectors/}
            if [ "${mine%%/*}" != "${theirs%%/*}" ]; then
                echo "$file:$line: connector ${mine%%/*} may not include \"$header\" of another connector" >&2
                status=1
            fi
            ;;
        esac
    done
done
[ $status = 0 ] && echo "layers: every include points upward"
exit $status
