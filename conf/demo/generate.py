#!/usr/bin/python3
"""Writes the sample directory of the demo as LDIF: 300 people of an imaginary company in seven offices, and their
groups.

    conf/demo/generate.py > conf/demo/directory.ldif

The result is committed, so that the demo needs no Python; it is the same on every run and every machine. What is
in it on purpose: names in seven languages (base64 where LDIF needs it, folded lines), nested groups two and three
deep, people who reach a group in several ways, one cycle of groups, one member outside the base, two who share a
name, and two people disabled from the start (employeeType: disabled). one-week-later.awk knows four people by
name: change them in both places.
"""

import base64
import uuid

BASE = "dc=example,dc=com"
NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122's namespace for object identifiers

# Family and given names as "written/romanised"; romanised alone where both are the same. Polish family names have
# two forms.
NAMES = {
    "ko": (
        "김/Kim 이/Lee 박/Park 최/Choi 정/Jung 강/Kang 조/Cho 윤/Yoon 장/Jang 임/Lim 오/Oh 한/Han 신/Shin 서/Seo",
        "민준/Minjun 서연/Seoyeon 도윤/Doyun 지우/Jiwoo 하준/Hajun 서윤/Seoyun 은우/Eunwoo 수아/Sua 지호/Jiho 다은/Daeun "
        "현우/Hyunwoo 예린/Yerin 태양/Taeyang",
    ),
    "ja": (
        "佐藤/Sato 鈴木/Suzuki 高橋/Takahashi 田中/Tanaka 渡辺/Watanabe 伊藤/Ito 山本/Yamamoto 中村/Nakamura 小林/Kobayashi 加藤/Kato "
        "吉田/Yoshida",
        "蓮/Ren 陽葵/Himari 湊/Minato 結衣/Yui 大翔/Hiroto 凛/Rin 悠真/Yuma 美咲/Misaki 健太/Kenta さくら/Sakura 直樹/Naoki "
        "葵/Aoi 翼/Tsubasa",
    ),
    "de": (
        "Müller/Mueller Schmidt Schneider Fischer Weber Wagner Becker Schäfer/Schaefer "
        "Köhler/Koehler Groß/Gross Böhm/Boehm Krüger/Krueger "
        "Vogel",
        "Lukas Jürgen/Juergen Anna Käthe/Kaethe Felix Sören/Soeren Lena Jörg/Joerg Marie Björn/Bjoern Sophie",
    ),
    "fr": (
        "Martin Bernard Dubois Lefèvre/Lefevre Moreau Girard Mercier Béranger/Beranger Gauthier "
        "Noël/Noel Pélissier/Pelissier",
        "Chloé/Chloe Hugo Zoé/Zoe François/Francois Inès/Ines René/Rene Camille Jérôme/Jerome Hélène/Helene",
    ),
    "pl": (
        "Kowalski|Kowalska Nowak Wiśniewski/Wisniewski|Wiśniewska/Wisniewska Wójcik/Wojcik "
        "Kamiński/Kaminski|Kamińska/Kaminska "
        "Lewandowski|Lewandowska Zieliński/Zielinski|Zielińska/Zielinska "
        "Dąbrowski/Dabrowski|Dąbrowska/Dabrowska Woźniak/Wozniak",
        "Jakub Małgorzata/Malgorzata Łukasz/Lukasz Agnieszka Paweł/Pawel Elżbieta/Elzbieta "
        "Michał/Michal Katarzyna Stanisław/Stanislaw Zofia",
    ),
    "es": (
        "García/Garcia Fernández/Fernandez López/Lopez Martínez/Martinez Sánchez/Sanchez Pérez/Perez "
        "Núñez/Nunez Ibáñez/Ibanez Muñoz/Munoz",
        "Lucía/Lucia Mateo Sofía/Sofia Martín/Martin Begoña/Begona Andrés/Andres Íñigo/Inigo Ángela/Angela",
    ),
    "en": (
        "Smith Jones Taylor Brown Williams Wilson Davies Evans Walker O'Connor/OConnor Hughes Clarke",
        "Oliver Amelia George Isla Harry Emily Jack Charlotte Thomas Siobhán/Siobhan Edward",
    ),
}

# City, language, people, and the departments in the order in which desks are given out.
OFFICES = [
    ("Seoul", "ko", 80, "Design Design Engineering Design Sales Design Engineering IT Finance Design".split()),
    ("Tokyo", "ja", 50, "Design Design Sales Engineering Design".split()),
    ("Munich", "de", 50, "Engineering Design Engineering Sales Design IT".split()),
    ("Krakow", "pl", 30, "Engineering Engineering IT Engineering Finance".split()),
    ("Paris", "fr", 30, "Design Sales Design Marketing".split()),
    ("Madrid", "es", 25, "Sales Design Marketing".split()),
    ("London", "en", 28, "Finance Sales Legal Marketing IT".split()),
]

# People whom the demo's configuration or one-week-later.awk knows by name: they come first in their office.
KNOWN = {
    "Seoul": [],
    "Tokyo": [("田中/Tanaka", "由紀/Yuki", "Design")],
    "Munich": [("Weber", "Moritz", "Design")],
    "Krakow": [("Kowalska", "Anna", "Engineering")],
    "Paris": [],
    "Madrid": [("García/Garcia", "Carlos", "Design")],
    "London": [("Carter", "Alice", "IT"), ("Shaw", "Bob", "IT")],
}
SHORT_MAIL = {"alice.carter": "alice", "bob.shaw": "bob"}
DISABLED = {"Munich": 13, "Paris": 8}  # the office's n-th person has been away since before the demo begins

TITLES = {
    "Design": {
        "": "Designer",
        "ko": "디자이너",
        "ja": "デザイナー",
        "de": "Gestalterin",
        "fr": "Créatrice",
        "es": "Diseñador",
    },
    "Engineering": {"": "Engineer", "ko": "책임 연구원", "ja": "エンジニア", "de": "Ingenieur", "pl": "Inżynier"},
    "Sales": {"": "Account Manager"},
    "IT": {"": "Systems Engineer"},
    "Finance": {"": "Controller", "pl": "Księgowa"},
    "Marketing": {"": "Brand Manager"},
    "Legal": {"": "Counsel"},
}
NUMBERS = {
    "Design": "100",
    "Engineering": "200",
    "Sales": "300",
    "IT": "400",
    "Finance": "500",
    "Marketing": "600",
    "Legal": "700",
}


def line(name, value):
    """One attribute as RFC 2849 wants it: base64 unless it is a SAFE-STRING, folded at 76 columns."""
    raw = value.encode("utf-8")
    safe = (
        all(1 <= b < 128 and b not in (10, 13) for b in raw)
        and value[:1] not in (" ", ":", "<")
        and value[-1:] != " "
    )
    text = f"{name}: {value}" if safe else f"{name}:: {base64.b64encode(raw).decode('ascii')}"
    parts = [text[:76]] + [text[i : i + 75] for i in range(76, len(text), 75)]
    return "\n ".join(parts)


def entry(dn, *attributes):
    """The entry's id comes from the name it was made under, once; afterwards names change and ids stay."""
    print(line("dn", dn))
    for name, value in attributes:
        print(line(name, value))
    print(line("entryUUID", str(uuid.uuid5(NAMESPACE, dn))))
    print()


def split_name(word):
    written, _, roman = word.partition("/")
    return written, roman or written


class Person:
    taken = set()

    def __init__(self, number, city, language, family, given, department, disabled):
        self.number, self.city, self.language = number, city, language
        self.department, self.disabled = department, disabled
        self.sn, roman_sn = split_name(family)
        self.given, roman_given = split_name(given)
        local = f"{roman_given}.{roman_sn}".lower()
        while local in Person.taken:
            head = local.rstrip("0123456789")
            local = head + str(int(local[len(head) :] or 1) + 1)
        Person.taken.add(local)
        self.uid = local
        self.mail = SHORT_MAIL.get(local, local) + "@example.com"
        self.dn = f"uid={self.uid},ou=People,{BASE}"
        asian = {"ko": "{sn}{given}", "ja": "{sn} {given}"}
        self.display = asian.get(language, "{given} {sn}").format(sn=self.sn, given=self.given)

    def write(self):
        titles = TITLES[self.department]
        entry(
            self.dn,
            ("objectClass", "inetOrgPerson"),
            ("uid", self.uid),
            ("cn", self.display),
            ("givenName", self.given),
            ("sn", self.sn),
            ("displayName", self.display),
            ("mail", self.mail),
            ("employeeNumber", str(self.number)),
            ("employeeType", "disabled" if self.disabled else "staff"),
            ("title", titles.get(self.language, titles[""])),
            ("ou", self.department),
            ("departmentNumber", NUMBERS[self.department]),
            ("l", self.city),
            ("preferredLanguage", self.language),
        )


def full_name(families, givens, i):
    """No pair comes twice in an office. Polish family names follow the given name: women's given names end in a."""
    turn, place = divmod(i, len(givens))
    family, given = families[(place * 5 + turn) % len(families)], givens[place]
    forms = family.split("|")
    return forms[-1 if split_name(given)[1].endswith("a") else 0], given


def people():
    number = 10001
    for city, language, count, desks in OFFICES:
        families, givens = (names.split() for names in NAMES[language])
        for i in range(count):
            if i < len(KNOWN[city]):
                family, given, department = KNOWN[city][i]
            else:
                family, given = full_name(families, givens, i)
                department = desks[i % len(desks)]
            yield Person(number, city, language, family, given, department, DISABLED.get(city) == i)
            number += 1


def group(name, description, members):
    entry(
        f"cn={name},ou=Groups,{BASE}",
        ("objectClass", "groupOfNames"),
        ("cn", name),
        ("description", description),
        *(("member", dn) for dn in members),
    )


def groups(staff):
    def of(department=None, city=None):
        return [p.dn for p in staff if p.department == (department or p.department) and p.city == (city or p.city)]

    def named(*names):
        return [f"cn={name},ou=Groups,{BASE}" for name in names]

    cities = [city for city, *_ in OFFICES]
    for department in ("Design", "Engineering"):
        for city in cities:
            if of(department, city):
                group(f"{department} {city}", f"{department} team in {city}", of(department, city))
    for city in cities:
        group(f"Office {city}", f"Everybody in {city}", of(city=city))
    group("Asia", "Offices in Asia", named("Office Seoul", "Office Tokyo"))
    group("Europe", "Offices in Europe", named(*(f"Office {city}" for city in cities[2:])))
    group("All Staff", "Everybody", named("Asia", "Europe"))

    seoul = of("Design", "Seoul")
    group(
        "CAD Users",
        "Who draws: three teams, some of them once more by name, and the heads of IT",
        named("Design Seoul", "Design Tokyo", "Design Munich") + seoul[:3] + of("IT", "London")[:2],
    )
    group("BIM Users", "Who plans buildings", named("Engineering Seoul", "Engineering Munich", "Engineering Krakow"))
    group(
        "Rendering Users",
        "Who makes pictures; a freelancer of another company is not in this directory",
        named("Design Paris", "Design Madrid") + seoul[5:9] + ["uid=freelancer,ou=People,dc=partner,dc=example"],
    )
    group("Project Han River", "Bridge in Seoul, together with the harbour", seoul[2:12] + named("Project Harbour"))
    group(
        "Project Harbour",
        "Harbour in Yokohama, together with the bridge",
        of("Engineering", "Tokyo")[:6] + named("Project Han River"),
    )
    group("회계 팀", "Accounting; the name of the group itself is Korean", of("Finance", "Seoul"))
    group("IT Administrators", "Who looks after accounts", of("IT", "London")[:2])


def main():
    print("# The demo's directory: an imaginary company. Written by conf/demo/generate.py; edit that.\n")
    entry(
        BASE, ("objectClass", "dcObject"), ("objectClass", "organization"), ("dc", "example"), ("o", "Example Design")
    )
    for ou in ("People", "Groups"):
        entry(f"ou={ou},{BASE}", ("objectClass", "organizationalUnit"), ("ou", ou))
    staff = list(people())
    staff += [
        # Two who share a name, and one whose names are long: tables have to stay aligned.
        Person(10294, "London", "en", "Hughes", "George", "Legal", False),
        Person(
            10295,
            "Krakow",
            "pl",
            "Brzęczyszczykiewicz-Wolańska/Brzeczyszczykiewicz-Wolanska",
            "Maksymiliana",
            "Engineering",
            False,
        ),
        Person(
            10296,
            "Madrid",
            "es",
            "de la Fuente y Gutiérrez-Cortázar/delaFuente",
            "María del Pilar/Pilar",
            "Sales",
            False,
        ),
        Person(10297, "Paris", "fr", "Lefèvre d'Ormesson/Lefevre", "Jean-François/Jean-Francois", "Design", False),
        Person(10298, "Munich", "de", "Freiherr von und zu Guttenstein/Guttenstein", "Maximilian", "Sales", False),
        Person(10299, "Seoul", "ko", "남궁/Namgung", "혜/Hye", "Design", False),
        Person(10300, "Tokyo", "ja", "勅使河原/Teshigawara", "真由美/Mayumi", "Design", False),
    ]
    for person in staff:
        person.write()
    groups(staff)


if __name__ == "__main__":
    main()
