#!/bin/sh
# Installs both packages in clean roots of this machine's own distribution, tries the program there and removes it
# again.
#
#   sh tests/packaging/package-test.sh DEB RPM FOLDER
#
# As root. FOLDER keeps the bootstrapped root for the next time. FIRST_COMMAND is what is tried as the service's
# user with nothing but the shipped configuration; FIRST_STATUS is the exit status it must have.
set -eu

DEB=$1 RPM=$2 FOLDER=$3
HERE=$(cd "$(dirname "$0")" && pwd)
FIRST_COMMAND=${FIRST_COMMAND:-doorward --version}
FIRST_STATUS=${FIRST_STATUS:-0}
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

fail() {
    echo "package-test: $*" >&2
    exit 1
}

skip() {
    echo "package-test: skipped, $*" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
}

[ "$(id -u)" = 0 ] || skip 'this needs root'
command -v debootstrap >/dev/null || skip 'missing: debootstrap; run: sudo sh packaging/deps.sh --test'
command -v rpm >/dev/null || skip 'missing: rpm; run: sudo sh packaging/deps.sh --test'
mkdir -p "$FOLDER"
FOLDER=$(cd "$FOLDER" && pwd)
trap 'rm -f "$FOLDER"/*.list; umount "$FOLDER/root/proc" 2>/dev/null || true' EXIT

# --- a clean root ---------------------------------------------------------------------------------------------------
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
    sed -n "s/^$suite //p" | head -n 1)
[ -n "$mirror" ] || skip "no package list of $suite here; run: apt-get update"

if [ ! -e "$FOLDER/base/bootstrapped" ]; then
    rm -rf "$FOLDER/base"
    echo "package-test: bootstrapping $suite"
    debootstrap --variant=minbase "$suite" "$FOLDER/base" "$mirror" >"$FOLDER/bootstrap.log" 2>&1 ||
        { tail -n 5 "$FOLDER/bootstrap.log" >&2; fail "debootstrap failed; see $FOLDER/bootstrap.log"; }
    # Ubuntu keeps some libraries in universe; updates of this machine's release are wanted there too.
    printf 'Package: *\nPin: release n=%s*\nPin-Priority: 500\n' "$suite" >"$FOLDER/base/etc/apt/preferences.d/suite"
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        grep " $suite" | sort -u | sed 's/^/deb /' >"$FOLDER/base/etc/apt/sources.list"
    apt-config dump | grep -i '^Acquire::.*proxy ' >"$FOLDER/base/etc/apt/apt.conf.d/90proxy" || true
    printf '#!/bin/sh\nexit 101\n' >"$FOLDER/base/usr/sbin/policy-rc.d"
    chmod 755 "$FOLDER/base/usr/sbin/policy-rc.d"
    touch "$FOLDER/base/bootstrapped"
fi

fresh_root() {
    umount "$FOLDER/root/proc" 2>/dev/null || true
    rm -rf "$FOLDER/root"
    cp -a "$FOLDER/base" "$FOLDER/root"
    mount -t proc proc "$FOLDER/root/proc" 2>/dev/null || true
}

inside() {
    chroot "$FOLDER/root" env DEBIAN_FRONTEND=noninteractive "$@"
}

quietly() {
    "$@" >"$FOLDER/command.log" 2>&1 || { tail -n 30 "$FOLDER/command.log" >&2; fail "failed: $*"; }
}

# Mode, owner and group of what the expected list names, as it is in the root.
as_found() {
    cut -d ' ' -f 4- "$1" | while read -r path; do
        inside stat -c '%A %U %G %n' "$path" || true
    done
}

every_file() {
    (cd "$FOLDER/root" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./var/cache -o -path ./var/log -o \
        -path ./var/lib/apt -o -path ./var/lib/dpkg \) -prune -o -print) | sort
}

first_command() {
    status=0
    inside runuser -u doorward -- $FIRST_COMMAND >"$FOLDER/first.log" 2>&1 || status=$?
    sed 's/^/    /' "$FOLDER/first.log"
    [ $status = "$FIRST_STATUS" ] || fail "'$FIRST_COMMAND' ended with $status, not $FIRST_STATUS"
}

not_enabled() {
    [ -z "$(find "$FOLDER/root/etc/systemd" -name 'doorward*' 2>/dev/null)" ] || fail 'installing enabled a unit'
}

# --- Debian ---------------------------------------------------------------------------------------------------------
fresh_root
cp "$DEB" "$FOLDER/root/doorward.deb"
quietly inside apt-get -q update
quietly inside apt-get -q -y --no-install-recommends install /doorward.deb
echo "package-test: $(basename "$DEB") installed in a clean $suite"
as_found "$HERE/deb-files.expected" | diff -u "$HERE/deb-files.expected" - || fail 'modes or owners differ'
not_enabled
first_command

# A second installation keeps what the administrator wrote, and his modes.
echo '# mine' >>"$FOLDER/root/etc/doorward/doorward.conf"
echo hidden >"$FOLDER/root/etc/doorward/secrets/hq"
inside chmod 0600 /etc/doorward/doorward.conf
quietly inside dpkg -i /doorward.deb
tail -n 1 "$FOLDER/root/etc/doorward/doorward.conf" | grep -qx '# mine' ||
    fail 'reinstalling lost a change to doorward.conf'
[ "$(inside stat -c %a /etc/doorward/doorward.conf)" = 600 ] || fail 'reinstalling changed a mode'

inside touch /var/lib/doorward/state.db
quietly inside dpkg --remove doorward
[ ! -e "$FOLDER/root/usr/bin/doorward" ] || fail 'removing left the program'
[ -e "$FOLDER/root/etc/doorward/secrets/hq" ] && [ -e "$FOLDER/root/var/lib/doorward/state.db" ] ||
    fail 'removing took configuration or state'
quietly inside dpkg --purge doorward
for path in /etc/doorward /var/lib/doorward /usr/share/doc/doorward; do
    [ ! -e "$FOLDER/root$path" ] || fail "purging left $path"
done
# Once more, with the libraries there: now purging must leave exactly what was.
every_file >"$FOLDER/before.list"
quietly inside dpkg -i /doorward.deb
quietly inside dpkg --purge doorward
every_file >"$FOLDER/after.list"
diff "$FOLDER/before.list" "$FOLDER/after.list" || fail 'purging left or took files'
echo 'package-test: .deb removed and purged cleanly'

# --- RPM ------------------------------------------------------------------------------------------------------------
rpm -qplv "$RPM" | awk '$NF !~ "^/usr/share/doc/" { print $1, $3, $4, $NF }' >"$FOLDER/rpm.list"
diff -u "$HERE/rpm-files.expected" "$FOLDER/rpm.list" || fail 'files, modes or owners in the .rpm differ'
rpm -qp --requires "$RPM" | grep -q '^libcrypto\.so\.' ||
    fail 'the .rpm does not require the libraries that the program links'

# The root is Debian's, where rpm knows of no package: hence --nodeps, with the libraries from the .deb's
# dependencies.
cp "$RPM" "$FOLDER/root/doorward.rpm"
quietly inside deluser --quiet doorward
quietly rpm --root "$FOLDER/root" --nodeps -i "$FOLDER/root/doorward.rpm"
as_found "$HERE/rpm-files.expected" | diff -u "$HERE/rpm-files.expected" - || fail 'modes or owners differ after rpm -i'
not_enabled
first_command
quietly rpm --root "$FOLDER/root" -e doorward
for path in /usr/bin/doorward /usr/lib/systemd/system/doorward-sync.timer /etc/doorward /var/lib/doorward; do
    [ ! -e "$FOLDER/root$path" ] || fail "rpm -e left $path"
done
echo 'package-test: .rpm installed and removed cleanly'

umount "$FOLDER/root/proc" 2>/dev/null || true
rm -rf "$FOLDER/root"
