# The demo's directory one week later:
#
#   awk -f conf/demo/one-week-later.awk conf/demo/directory.ldif > build/demo/directory.ldif
#
#   joins      한지수 (Jisu Han), designer in Seoul         +1 person, in "Design Seoul" and so in "CAD Users"
#   marries    Anna Kowalska becomes Anna Nowicka: DN, uid, mail and family name change, entryUUID stays
#   moves      Moritz Weber, from "Design Munich" to "Engineering Munich"   leaves "CAD Users" for "BIM Users"
#   disabled   Carlos García, by employeeType: disabled
#   leaves     田中 由紀 (Yuki Tanaka): entry and memberships are gone
#
# Any awk. Records are LDIF entries; the names below are ASCII and short, so none of them is folded or in base64.
BEGIN {
    RS = ""
    FS = "\n"
    people = ",ou=People,dc=example,dc=com"
    anna = "uid=anna.kowalska" people
    wed = "uid=anna.nowicka" people
    moritz = "uid=moritz.weber" people
    carlos = "uid=carlos.garcia" people
    yuki = "uid=yuki.tanaka" people
    jisu = "uid=jisu.han" people
}

function is_group(name) {
    return $1 == "dn: cn=" name ",ou=Groups,dc=example,dc=com"
}

# Writes the entry with one line replaced, or left out when "to" is empty.
function replace(from, to,    i, text, n) {
    for (i = 1; i <= NF; i++)
        if ($i != from)
            text = text $i "\n"
        else {
            n++
            if (to != "")
                text = text to "\n"
        }
    $0 = substr(text, 1, length(text) - 1)
    return n
}

function add(line) {
    $0 = $0 "\n" line
}

$1 == "dn: " yuki {
    changed++
    next
}

$1 == "dn: " anna {
    changed += replace("dn: " anna, "dn: " wed)
    replace("uid: anna.kowalska", "uid: anna.nowicka")
    replace("mail: anna.kowalska@example.com", "mail: anna.nowicka@example.com")
    replace("sn: Kowalska", "sn: Nowicka")
    replace("cn: Anna Kowalska", "cn: Anna Nowicka")
    replace("displayName: Anna Kowalska", "displayName: Anna Nowicka")
}

$1 == "dn: " carlos {
    changed += replace("employeeType: staff", "employeeType: disabled")
}

{
    replace("member: " yuki, "")
    replace("member: " anna, "member: " wed)
}

is_group("Design Munich") {
    changed += replace("member: " moritz, "")
}

is_group("Engineering Munich") {
    add("member: " moritz)
}

is_group("Design Seoul") || is_group("Office Seoul") {
    add("member: " jisu)
}

{
    print $0 "\n"
}

END {
    print "dn: " jisu
    print "objectClass: inetOrgPerson"
    print "uid: jisu.han"
    print "cn:: 7ZWc7KeA7IiY"
    print "givenName:: 7KeA7IiY"
    print "sn:: 7ZWc"
    print "displayName:: 7ZWc7KeA7IiY"
    print "mail: jisu.han@example.com"
    print "employeeNumber: 10301"
    print "employeeType: staff"
    print "title:: 65SU7J6Q7J2064SI"
    print "ou: Design"
    print "departmentNumber: 100"
    print "l: Seoul"
    print "preferredLanguage: ko"
    print "entryUUID: 0c5a9c5e-6a0b-5b0e-9d6c-2f1f3a7d4e10\n"
    if (changed != 4) {
        print "one-week-later.awk: this is not the directory it was written for" > "/dev/stderr"
        exit 1
    }
}
