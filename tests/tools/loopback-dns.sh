#!/bin/sh
# A DNS server of one's own on a free loopback port, without root: for the demo and for trying the domain proof by hand.
#
#   loopback-dns.sh DIR start              starts dnsmasq with the records of DIR/records.conf; prints ADDRESS@PORT
#   loopback-dns.sh DIR txt NAME VALUE     adds a TXT record and starts anew on the same port
#   loopback-dns.sh DIR clear              takes all records away, likewise
#   loopback-dns.sh DIR stop
#
# Every name without a record is NXDOMAIN; nothing is ever asked of another server. The zones are not signed, so the
# configuration that uses it says "trust-anchor = none".
set -eu
dir=$1 action=$2
mkdir -p "$dir"
dir=$(cd "$dir" && pwd) # dnsmasq works in /
records=$dir/records.conf pid=$dir/dnsmasq.pid port=$dir/port
touch "$records"

# dnsmasq goes into the background only after its sockets are bound, so that it answers when this returns. Status 2: the
# port is taken.
run() {
    dnsmasq --conf-file="$records" --port="$1" --listen-address=127.0.0.1 --bind-interfaces \
        --no-resolv --no-hosts --no-poll --local=/#/ --cache-size=0 --user= --group= --pid-file="$pid" \
        --log-facility="$dir/dnsmasq.log"
}

# The first start looks for a free port; later ones wait for the old process to let go of it.
start() {
    try=0
    while [ $try -lt 100 ]; do
        [ -s "$port" ] && number=$(cat "$port") || number=$((20000 + ($$ * 13 + try * 7919) % 40000))
        if run "$number" 2>"$dir/start.log"; then
            echo "$number" >"$port"
            return
        fi
        [ -s "$port" ] && sleep 0.05
        try=$((try + 1))
    done
    cat "$dir/start.log" >&2
    exit 1
}

stop() {
    [ -s "$pid" ] || return 0
    kill "$(cat "$pid")" 2>/dev/null || true
    rm -f "$pid"
}

case $action in
start) stop; start; echo "127.0.0.1@$(cat "$port")" ;;
txt) echo "txt-record=$3,$4" >>"$records"; stop; start ;;
clear) : >"$records"; stop; start ;;
stop) stop; rm -f "$port" ;;
*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
