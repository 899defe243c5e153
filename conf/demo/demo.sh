#!/bin/sh
# The main job on embedded defaults, told as it goes: a directory, the gate, the proof of a domain, a tested connection, a dry run,
# its application, a week of changes, and the seats.
#
#   conf/demo/demo.sh PROGRAM DIR
#
# DIR is made anew and keeps the state. Needs what packaging/deps.sh installs: dnsmasq, openssl and xmlsec1.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 PROGRAM DIR" >&2; exit 64; }
here=$(cd "$(dirname "$0")/../.." && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
PATH=$PATH:/usr/sbin:/sbin
missing=
for tool in openssl xmlsec1 dnsmasq; do
    command -v $tool >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || { echo "demo: missing:$missing; run: sudo sh packaging/deps.sh" >&2; exit 1; }
rm -rf "$2"
mkdir -p "$2/conf.d"
demo=$(cd "$2" && pwd)

bold= plain=
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] && bold=$(printf '\033[1m') plain=$(printf '\033[0m')

tell() {
    printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

# Shows the command as the user would type it, runs it, and checks its exit status.
run() {
    expected=$1
    shift
    printf '\n%s$ doorward %s%s\n' "$bold" "$*" "$plain"
    status=0
    "$program" -c "$demo/doorward.conf" "$@" >"$demo/out" 2>&1 || status=$?
    lines=$(wc -l <"$demo/out")
    if [ "$lines" -gt 40 ]; then
        head -n 22 "$demo/out"
        printf '   … %d lines more …\n' "$((lines - 38))"
        tail -n 16 "$demo/out"
    else
        cat "$demo/out"
    fi
    [ "$status" -eq 0 ] || printf '(exit status %s)\n' "$status"
    [ "$status" -eq "$expected" ] || { echo "demo: exit status $expected was expected" >&2; exit 1; }
}

tell "An identity provider of the demo's own, with a throw-away certificate, and a DNS server on loopback"
"$here/certs/make-idp.sh" "$demo/idp" https://idp.example.com/metadata https://idp.example.com/sso
resolver=$("$here/tests/tools/loopback-dns.sh" "$demo/dns" start)
trap '"$here/tests/tools/loopback-dns.sh" "$demo/dns" stop' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/conf/demo/doorward.conf" "$demo/doorward.conf"
printf '[dns]\nresolver = %s\ntrust-anchor-file = none ; the demo'"'"'s zone is not signed\n' "$resolver" >"$demo/conf.d/dns.conf"
cp "$here/conf/demo/directory.ldif" "$demo/directory.ldif"
echo "$demo holds the configuration, a directory of $(grep -c '^objectClass: inetOrgPerson' "$demo/directory.ldif") people, and the state to come."

tell "Nobody is synced before single sign-on works for their domain: a plan is refused"
run 3 plan

tell "The domain is proved with a TXT record"
run 0 domain challenge example.com
value=$("$program" -c "$demo/doorward.conf" domain challenge example.com --json | sed 's/.*"value":"\([^"]*\)".*/\1/')
"$here/tests/tools/loopback-dns.sh" "$demo/dns" txt _doorward-challenge.example.com "$value"
run 0 domain verify example.com

tell "A captured sign-in tests the connection; then it is activated, and sync enabled"
alice=$(awk -v RS= '/\nmail: alice@example.com\n/' "$demo/directory.ldif" | sed -n 's/^entryUUID: //p')
"$here/certs/sign-response.sh" "$demo/idp" https://idp.example.com/metadata https://signin.example.com/saml/acs/idp \
    https://signin.example.com/saml/metadata/idp alice@example.com Alice Carter "$alice" >"$demo/response.xml"
run 0 sso test idp --response "$demo/response.xml"
run 0 sso activate idp
run 0 sync enable design

tell "The dry run: what would be done, and why"
run 2 plan --exit-code
tell "It is applied"
run 0 apply --yes

tell "A week later: one person joins, one marries, one moves, one is disabled, one leaves"
awk -f "$here/conf/demo/one-week-later.awk" "$here/conf/demo/directory.ldif" >"$demo/directory.ldif"
run 2 plan --exit-code
run 0 apply --yes

tell "Now the platform agrees with the directory"
run 0 plan --exit-code
run 0 report seats
run 0 runs
run 0

cat <<END

${bold}Go on by hand${plain} (the demo's DNS server has ended; the proof is looked at again only after 15 minutes):
  alias dw='$program -c $demo/doorward.conf'
  dw plan                       change $demo/directory.ldif first
  dw report people
  dw runs show 1
  dw help all                   every key of the configuration
END
