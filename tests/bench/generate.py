#!/usr/bin/python3
"""Writes the bench's directory as LDIF for slapadd: the same bytes for the same numbers, on every machine.

    tests/bench/generate.py [--people 100000] [--groups 2000] [--memberships 300000]

Group sizes fall from a fifth of all people (20,000) down to 3 as real ones do, a few large and many small, and add
up to the memberships asked for. Every tenth group has a smaller group among its members. No group contains itself.
"""

import argparse
import base64
import hashlib
import math
import sys

BASE = "dc=example,dc=com"
SMALLEST = 3
GIVEN = "Anna Minjun Lukas Chloé Jakub Lucía Oliver 蓮 서연 Jürgen Małgorzata Sofía Emily 結衣 도윤 Käthe".split()
FAMILY = "Smith Müller Kowalski García Dubois 김 佐藤 Jones Wiśniewska Fernández Lefèvre 이 鈴木 Becker Wójcik 박".split()
TITLES = ("Designer", "Engineer", "Account Manager", "Systems Engineer", "책임 연구원", "Diseñador")
DEPARTMENTS = ("Design", "Engineering", "Sales", "IT", "Finance")
LANGUAGES = ("en", "de", "ko", "ja", "fr", "pl", "es")


def value(name, text):
    if text.isascii():
        return f"{name}: {text}\n"
    return f"{name}:: {base64.b64encode(text.encode()).decode()}\n"


def entry_uuid(kind, number):
    """In the shape of a random UUID (version 4), because ids that count upward would be kinder to an index than
    real ones."""
    h = hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()
    return f"entryUUID: {h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}\n"


def person_dn(i):
    """Two of five are in a unit of their own, which the bench moves away."""
    unit = "ou=Design,ou=People" if i % 5 > 2 else "ou=People"
    return f"uid=p{i:06d},{unit},{BASE}"


def group_dn(i):
    return f"cn=Group {i:04d},ou=Groups,{BASE}"


def write_person(out, i):
    given, family = GIVEN[i % len(GIVEN)], FAMILY[(i // len(GIVEN)) % len(FAMILY)]
    name = f"{given} {family}"
    out(
        f"dn: {person_dn(i)}\nobjectClass: inetOrgPerson\nuid: p{i:06d}\n"
        + value("cn", name)
        + value("givenName", given)
        + value("sn", family)
        + value("displayName", name)
        + f"mail: p{i:06d}@example.com\nemployeeNumber: {100000 + i}\n"
        + f"employeeType: {'disabled' if i % 500 == 499 else 'staff'}\n"
        + value("title", TITLES[i % len(TITLES)])
        + f"ou: {DEPARTMENTS[i % len(DEPARTMENTS)]}\ndepartmentNumber: {i % 97}\n"
        + f"preferredLanguage: {LANGUAGES[i % len(LANGUAGES)]}\n"
        + entry_uuid("person", i)
        + "\n"
    )


def sizes_for(bend, groups, largest):
    """Falls as 1/(bend + i) does, shifted and stretched so that it begins at the largest and ends at the smallest."""
    last = bend / (bend + groups - 1)
    return [SMALLEST + round((largest - SMALLEST) * (bend / (bend + i) - last) / (1 - last)) for i in range(groups)]


def group_sizes(people, groups, memberships):
    """The bend is searched for by halving; what rounding leaves over goes to the groups in the middle, one each."""
    largest = max(SMALLEST, people // 5)
    low, high = 1e-6, 1e6
    for _ in range(200):
        bend = (low + high) / 2
        if sum(sizes_for(bend, groups, largest)) > memberships:
            high = bend
        else:
            low = bend
    sizes = sizes_for(low, groups, largest)
    for i in range(memberships - sum(sizes)):
        sizes[1 + i % (groups - 2)] += 1
    return sizes


def members(i, size, people, groups):
    """People at equal strides, beginning somewhere else in each group. A stride without a factor in common never
    meets itself."""
    nested = 1 if i % 10 == 0 and i + 1 < groups else 0
    if nested:
        yield group_dn(i + (groups - i) // 2)
    start, stride = i * 7919 % people, (1, 3, 7, 9, 11, 13)[i % 6]
    while math.gcd(stride, people) != 1:
        stride += 1
    for j in range(size - nested):
        yield person_dn((start + j * stride) % people)


def write_group(out, i, size, people, groups):
    lines = "".join(f"member: {dn}\n" for dn in members(i, size, people, groups))
    out(f"dn: {group_dn(i)}\nobjectClass: groupOfNames\ncn: Group {i:04d}\n{lines}{entry_uuid('group', i)}\n")


def main():
    parser = argparse.ArgumentParser(description="the bench's directory as LDIF")
    parser.add_argument("--people", type=int, default=100000)
    parser.add_argument("--groups", type=int, default=2000)
    parser.add_argument("--memberships", type=int, default=300000)
    args = parser.parse_args()
    out = sys.stdout.write
    out(f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n")
    for ou, above in (("People", BASE), ("Groups", BASE), ("Archive", BASE), ("Design", f"ou=People,{BASE}")):
        out(f"dn: ou={ou},{above}\nobjectClass: organizationalUnit\nou: {ou}\n\n")
    for i in range(args.people):
        write_person(out, i)
    for i, size in enumerate(group_sizes(args.people, args.groups, args.memberships)):
        write_group(out, i, size, args.people, args.groups)


if __name__ == "__main__":
    main()
