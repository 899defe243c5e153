#!/bin/sh
# Installs what Doorward is built and shown with, from the distribution's own packages.
#
#   sudo sh packaging/deps.sh            what "make" and "make demo" need
#   sudo sh packaging/deps.sh --test     and what "make test", "make bench", "make deb" and "make rpm" need
#   sh packaging/deps.sh [--test] --list only the names, one a line
#
# Only missing packages are asked for, so that a second run needs neither root nor the network. No service is
# started, and the servers that tests run by themselves (slapd, knot) are left disabled when this brought them in.
set -eu

# The same names in Debian 12, Debian 13 and Ubuntu 24.04, where some of them are in "universe".
BUILD='gcc libc6-dev make pkgconf gettext
    libldap-dev libxml2-dev libxmlsec1-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libunbound-dev
    zlib1g-dev libcjose-dev libmicrohttpd-dev libpsl-dev libidn2-dev libunistring-dev libjansson-dev libini-config-dev'
# What the program reads at run time, and what the demo plays the organization's identity provider and name server
# with.
DEMO='ca-certificates dns-root-data publicsuffix openssl xmlsec1 dnsmasq-base'
TEST='check clang libclang-rt-dev llvm valgrind libc6-dbg python3 python3-pytest python3-pytest-xdist
    python3-jwt python3-cryptography sqlite3 slapd ldap-utils knot nodejs npm apache2 nginx-light wrk curl
    build-essential debhelper lintian rpm debootstrap'
# Identity providers, applications and a browser that others wrote, to be tested with. Not every distribution has every one: the cases that
# need one that is missing skip themselves by name.
PEERS='simplesamlphp php-cli php-xml php-mbstring
    liblemonldap-ng-portal-perl liblasso-perl libxml-simple-perl libplack-perl
    glewlwyd libapache2-mod-auth-openidc liboauth2-dev chromium chromium-driver python3-selenium fonts-noto-cjk
    python3-lasso python3-pysaml2'
# Packages among them that bring a service of their own.
SERVICES='slapd knot nginx glewlwyd apache2'

fail() {
    echo "deps.sh: $*" >&2
    exit 1
}

# A peer that this distribution does not have.
is_unknown_peer() {
    case " $(echo $PEERS) " in
    *" $1 "*) ! apt-cache policy "$1" | grep -q 'Candidate: [^(]' ;;
    *) return 1 ;;
    esac
}

# Another vendor's nodejs holds npm as well, and the distribution's package of that name conflicts with it.
is_installed() {
    case $1 in
    nodejs) ! command -v node >/dev/null || return 0 ;;
    npm) ! command -v npm >/dev/null || return 0 ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

names=$BUILD' '$DEMO
list=no
for arg in "$@"; do
    case $arg in
    --test) names="$names $TEST $PEERS" ;;
    --list) list=yes ;;
    *)
        echo "usage: sh packaging/deps.sh [--test] [--list]" >&2
        exit 64
        ;;
    esac
done

if [ $list = yes ]; then
    printf '%s\n' $names
    exit 0
fi

# In a subshell: os-release sets variables with common names.
distribution=$(
    ID='an unknown system' VERSION_ID=
    [ ! -r /etc/os-release ] || . /etc/os-release
    echo "$ID $VERSION_ID"
)
case $distribution in
'debian 12'* | 'debian 13'* | 'ubuntu 24.04'*) ;;
*)
    fail "this is ${distribution% }, and the package names of Debian 12, Debian 13 and Ubuntu 24.04 are all that" \
        "is known here; install what corresponds to 'sh packaging/deps.sh --list' with your own package manager"
    ;;
esac

missing=
for name in $names; do
    is_installed "$name" || missing="$missing $name"
done
if [ -z "$missing" ]; then
    echo "deps.sh: all $(echo $names | wc -w) packages are installed"
    exit 0
fi
[ "$(id -u)" = 0 ] || fail "missing:$missing; run this with sudo"

# Packages start their services through this policy; 101 means "not allowed". One that an administrator placed there
# stands.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi

export DEBIAN_FRONTEND=noninteractive
case " $missing " in
*' slapd '*) echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections ;;
esac
apt-get -q update || fail "apt-get update failed; look at /etc/apt/sources.list and the network"
wanted=$missing missing=
for name in $wanted; do
    if is_unknown_peer "$name"; then
        echo "deps.sh: $distribution has no package $name; what is tested with it is left out"
    else
        missing="$missing $name"
    fi
done
echo "deps.sh: installing$missing"
apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install $missing ||
    fail "apt-get could not install$missing"

for service in $SERVICES; do
    case " $missing " in
    *" $service "*) update-rc.d "$service" disable >/dev/null 2>&1 || true ;;
    esac
done
echo "deps.sh: installed $(echo $missing | wc -w) packages and what they depend on"
