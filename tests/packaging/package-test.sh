#!/bin/sh
# Installs both packages, and what "make install" makes, in a clean root of this machine's own distribution, tries the
# program there and removes it again.
#
#   sh tests/packaging/package-test.sh DEB RPM TREE FOLDER
#
# As root. TREE is what "make install DESTDIR=TREE PREFIX=/usr/local" made. FOLDER keeps the bootstrapped root for the next time. What is tried is what an administrator does first,
# with nothing but the configuration that was installed: see first_steps.
set -eu

DEB=$1 RPM=$2 TREE=$3 FOLDER=$4
HERE=$(cd "$(dirname "$0")" && pwd)
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

# expect STATUS COMMAND...: runs it in the root, keeps what it prints in said.log, and compares the exit status.
expect() {
    expected=$1 status=0
    shift
    inside "$@" >"$FOLDER/said.log" 2>&1 </dev/null || status=$?
    [ $status = "$expected" ] || { tail -n 20 "$FOLDER/said.log" >&2; fail "'$*' ended with $status, not $expected"; }
}

# says PATTERN [WITHIN]: one of the lines (of the first WITHIN) that the last command printed matches.
says() {
    head -n "${2:-100000}" "$FOLDER/said.log" | grep -q -e "$1" ||
        { tail -n 20 "$FOLDER/said.log" >&2; fail "'$1' is not in what the command printed"; }
}

# first_plan NEW: the example's plan: 300 people, the gate closed, nothing to be done.
first_plan() {
    says ' 300 people' 2
    says "since the last read $1 new, 0 changed, 0 gone" 2
    says '^gate: closed for example\.com: domain example\.com is not proved$'
    says '^      next: doorward domain challenge example\.com$'
    says '^Nothing to do now; [0-9]* held$'
    ! grep -q '^[-+~] ' "$FOLDER/said.log" || fail 'the plan would change something'
}

# Each active one to be invited, and held. Not for --quiet, which says no more than the sum.
all_held() {
    active=$((300 - $(grep -c '^employeeType: disabled$' "$HERE/../../conf/demo/directory.ldif")))
    [ "$(grep -c '^! .* invite  *gate closed: ' "$FOLDER/said.log")" = $active ] || fail "not all $active are held"
}

# What is below /var/lib/doorward and does not belong to the service, or may be read by others.
state_is_the_services() {
    [ -s "$FOLDER/root/var/lib/doorward/doorward.db" ] || fail 'there is no state after a plan'
    strangers=$(inside find /var/lib/doorward \( ! -user doorward -o ! -group doorward -o -perm /077 \))
    [ -z "$strangers" ] || fail "below /var/lib/doorward, not the service's own: $strangers"
}

# first_steps PROGRAM: in the order of a first reading, each as an administrator (root), then as the service.
first_steps() {
    state=$FOLDER/root/var/lib/doorward
    expect 0 "$1" check-config
    says '^\[directory example\]$'
    [ -z "$(ls -A "$state")" ] || fail 'check-config wrote a state'
    expect 0 "$1"
    says '^Next: doorward domain challenge example\.com$'
    expect 3 "$1" plan
    first_plan 326
    all_held
    state_is_the_services
    expect 3 "$1" plan
    first_plan 0
    expect 0 "$1"
    says 'example\.com'
    expect 3 runuser -u doorward -- "$1" plan
    first_plan 0
    all_held
    expect 3 runuser -u doorward -- "$1" apply --yes --quiet
    first_plan 0
    ! grep -q '^! ' "$FOLDER/said.log" || fail 'quiet is not quiet'
    state_is_the_services
    rm -rf "$state"/* # anew, with the service's user as the first one
    expect 0 runuser -u doorward -- "$1" check-config
    expect 0 runuser -u doorward -- "$1"
    expect 3 runuser -u doorward -- "$1" plan
    first_plan 326
    expect 3 "$1" plan
    first_plan 0
    state_is_the_services
    # Somebody else may read neither configuration nor state.
    expect 78 runuser -u nobody -- "$1" check-config
    echo "package-test: first plan of 300 people, all held: as root and as the service"
}

# However it was made, the service's user is the same; adduser fills its comment up with commas.
user_is_the_services() {
    found=$(inside getent passwd doorward | cut -d : -f 5- | sed 's|,*:|:|'):$(inside id -gn doorward)
    [ "$found" = 'Doorward directory sync:/var/lib/doorward:/usr/sbin/nologin:doorward' ] ||
        fail "the user doorward is '$found'"
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
user_is_the_services
first_steps doorward

# A second installation keeps what the administrator wrote, and his modes.
echo '# mine' >>"$FOLDER/root/etc/doorward/doorward.conf"
echo hidden >"$FOLDER/root/etc/doorward/secrets/hq"
inside chmod 0600 /etc/doorward/doorward.conf
quietly inside dpkg -i /doorward.deb
tail -n 1 "$FOLDER/root/etc/doorward/doorward.conf" | grep -qx '# mine' ||
    fail 'reinstalling lost a change to doorward.conf'
[ "$(inside stat -c %a /etc/doorward/doorward.conf)" = 600 ] || fail 'reinstalling changed a mode'

inside rm /etc/doorward/conf.d/example.conf
quietly inside dpkg -i /doorward.deb
[ ! -e "$FOLDER/root/etc/doorward/conf.d/example.conf" ] || fail 'reinstalling brought the example back'

quietly inside dpkg --remove doorward
[ ! -e "$FOLDER/root/usr/bin/doorward" ] || fail 'removing left the program'
[ -e "$FOLDER/root/etc/doorward/secrets/hq" ] && [ -e "$FOLDER/root/var/lib/doorward/doorward.db" ] ||
    fail 'removing took configuration or state'
quietly inside dpkg --purge doorward
for path in /etc/doorward /var/lib/doorward /usr/share/doorward /usr/share/doc/doorward; do
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
user_is_the_services
first_steps doorward
rm "$FOLDER/root/etc/doorward/conf.d/example.conf"
quietly rpm --root "$FOLDER/root" --nodeps -U --replacepkgs "$FOLDER/root/doorward.rpm"
[ ! -e "$FOLDER/root/etc/doorward/conf.d/example.conf" ] || fail 'rpm -U brought the example back'
[ -s "$FOLDER/root/var/lib/doorward/doorward.db" ] || fail 'rpm -U lost the state'
echo '# mine' >>"$FOLDER/root/etc/doorward/doorward.conf"
quietly rpm --root "$FOLDER/root" -e doorward
for path in /usr/bin/doorward /usr/lib/systemd/system/doorward-sync.timer /usr/share/doorward /etc/doorward/conf.d; do
    [ ! -e "$FOLDER/root$path" ] || fail "rpm -e left $path"
done
# rpm knows no purging: what was changed and what was made since stays.
[ -e "$FOLDER/root/etc/doorward/doorward.conf.rpmsave" ] && [ -s "$FOLDER/root/var/lib/doorward/doorward.db" ] ||
    fail 'rpm -e took a changed configuration or the state'
echo 'package-test: .rpm installed and removed cleanly'

# --- make install, and systemd's view of what comes with it ------------------------------------------------------------
quietly inside deluser --quiet doorward
rm -rf "$FOLDER/root/etc/doorward" "$FOLDER/root/var/lib/doorward"
quietly inside apt-get -q -y --no-install-recommends install systemd procps
cp -a "$TREE/." "$FOLDER/root/"
quietly inside systemd-sysusers doorward.conf
quietly inside systemd-tmpfiles --create doorward.conf
user_is_the_services
sed -e 's| /usr/bin/| /usr/local/bin/|' -e 's| /usr/lib/| /usr/local/lib/|' -e 's| /usr/share/| /usr/local/share/|' \
    "$HERE/deb-files.expected" >"$FOLDER/local.list"
as_found "$FOLDER/local.list" | diff -u "$FOLDER/local.list" - || fail 'modes or owners differ after make install'
expect 0 systemd-analyze verify /usr/local/lib/systemd/system/doorward.service \
    /usr/local/lib/systemd/system/doorward-sync.service doorward-sync.timer
[ ! -s "$FOLDER/said.log" ] || { cat "$FOLDER/said.log" >&2; fail 'systemd finds fault with the units'; }
first_steps /usr/local/bin/doorward
echo 'package-test: make install PREFIX=/usr/local works, and systemd accepts the units'

umount "$FOLDER/root/proc" 2>/dev/null || true
rm -rf "$FOLDER/root"
