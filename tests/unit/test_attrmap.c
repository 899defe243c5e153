/* connectors/attrmap.h and deliver.h: what raw attributes become, and which of them the fingerprint follows. */
#include "sink_record.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "connectors/deliver.h"
#include "connectors/dn.h"
#include "suite.h"

static const struct conf_item rows[] = {ATTRMAP_ROWS, {.key = NULL}};

static struct recorder got;
static struct conf *conf;
static struct attrmap *map;
static struct err err;

static void configure(const char *lines)
{
    const struct conf_section *section;
    conf = load_section(rows, lines, &section);
    int rc = attrmap_new(section, &map, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
}

static void teardown(void)
{
    recorder_clear(&got);
    attrmap_free(&map);
    conf_free(&conf);
}

/*
 * Delivers an entry given as type, value, type, value, …, NULL, and gives back what the sink got of it (NULL: it was
 * seen).
 */
static struct record *deliver_as(enum entry_kind kind, bool id_from_name, const char *dn, ...)
{
    struct sink sink = recorder_sink(&got);
    CLEANUP(deliver_free) struct deliver *deliver = deliver_new(map, &sink, id_from_name);
    CLEANUP(raw_release) struct raw raw = RAW_INIT;
    raw_start(&raw, span_str(dn));
    va_list ap;
    va_start(ap, dn);
    for (const char *type; (type = va_arg(ap, const char *));) {
        struct span name = span_str(type);
        if (!raw.nattrs || !span_eq(raw.attrs[raw.nattrs - 1].type, name))
            raw_attr(&raw, name);
        raw_value(&raw, span_str(va_arg(ap, const char *)));
    }
    va_end(ap);
    size_t before = got.n;
    ck_assert_int_eq(deliver_entry(deliver, kind, &raw, &err), 0);
    ck_assert_uint_eq(deliver_count(deliver, kind), 1);
    return got.n > before ? &got.all[got.n - 1] : NULL;
}

#define PERSON(...) deliver_as(ENTRY_PERSON, false, "uid=a,dc=x", "entryUUID", "id-a", __VA_ARGS__, NULL)
#define GROUP(...)  deliver_as(ENTRY_GROUP, false, "cn=g,dc=x", "entryUUID", "id-g", __VA_ARGS__, NULL)

START_TEST(defaults)
{
    configure("flavour = openldap\n");
    struct record *r = PERSON("UID", "a", "mail", "a@x.org", "mail", "b@x.org", "givenname", "A", "sn", "B", "cn",
                              "A B", "employeeNumber", "7", "title", "T", "ou", "Unit", "preferredLanguage", "ko");
    static const char *const want[ATTR_COUNT] = {"a", "a@x.org", "A", "B", "A B", "7", "T", "Unit", "ko"};
    for (size_t i = 0; i < ATTR_COUNT; i++)
        ck_assert_str_eq(r->attr[i], want[i]);
    ck_assert(r->entry.active && !r->entry.excluded && !key_is_zero(r->entry.alias));
}
END_TEST

START_TEST(first_choice_and_first_value)
{
    configure("flavour = openldap\nmap-email = mailAlternate\nmap-email = mail\nmap-title = none\n");
    struct record *r = PERSON("cn", "second choice", "displayName", "first choice", "mail", "m@x", "mailAlternate",
                              "alt@x", "title", "T");
    ck_assert_str_eq(r->attr[ATTR_DISPLAY_NAME], "first choice");
    ck_assert_str_eq(r->attr[ATTR_EMAIL], "alt@x");
    ck_assert_ptr_null(r->attr[ATTR_TITLE]);
    r = PERSON("displayName", "   ", "cn", "  trimmed ", "mailAlternate", "", "mail", "m@x");
    ck_assert_str_eq(r->attr[ATTR_DISPLAY_NAME], "trimmed");
    ck_assert_str_eq(r->attr[ATTR_EMAIL], "m@x");
}
END_TEST

START_TEST(options)
{
    configure("flavour = openldap\n");
    struct record *r = PERSON("cn;lang-ja", "\xE5\xB1\xB1", "cn", "Yama", "title;x-foo", "no", "sn;binary", "yes");
    ck_assert_str_eq(r->attr[ATTR_DISPLAY_NAME], "Yama");
    ck_assert_ptr_null(r->attr[ATTR_TITLE]);
    ck_assert_str_eq(r->attr[ATTR_FAMILY_NAME], "yes");
}
END_TEST

static const struct {
    const char *value, *id, *fault;
} ids[] = {
    {"0A7C4DC6-5BE1-4F4B-9C1D-1B5B0E1F0001", "0a7c4dc6-5be1-4f4b-9c1d-1b5b0e1f0001", NULL},
    {"0A7C4DC6-5BE1-4F4B-9C1D-1B5B0E1F000g", "0A7C4DC6-5BE1-4F4B-9C1D-1B5B0E1F000g", NULL},
    {"\x01\xFF", "01ff", NULL},
    {"1234567890123456789012345678901234567890123456789012345678901234",
     "1234567890123456789012345678901234567890123456789012345678901234", NULL},
    {"12345678901234567890123456789012345678901234567890123456789012345", "", "longer than 64"},
    {"\xFF"
     "23456789012345678901234567890123",
     "", "longer than 32"},
    {"", "", "missing"},
};

START_TEST(id_forms)
{
    configure("flavour = openldap\n");
    struct record *r = deliver_as(ENTRY_PERSON, false, "uid=a,dc=x", "entryUUID", ids[_i].value, NULL);
    ck_assert_str_eq(r->id, ids[_i].id);
    ck_assert_msg(!r->fault == !ids[_i].fault && (!r->fault || strstr(r->fault, ids[_i].fault)), "%s", r->fault);
}
END_TEST

START_TEST(id_from_name)
{
    configure("flavour = openldap\n");
    struct record *r = deliver_as(ENTRY_PERSON, true, "uid=a,dc=x", "uid", "a", NULL);
    struct record *same = deliver_as(ENTRY_PERSON, true, "UID=A, dc=x", "uid", "a", NULL);
    ck_assert_str_eq(r->id, same->id);
    ck_assert_uint_eq(strlen(r->id), 32);
}
END_TEST

static const struct {
    const char *rule, *type, *value;
    bool active;
} rules[] = {
    {"flavour = openldap\n", "pwdAccountLockedTime", "000001010000Z", false},
    {"flavour = openldap\n", "pwdAccountLockedTime", "20260101000000Z", true},
    {"flavour = generic\n", "pwdAccountLockedTime", "000001010000Z", true},
    {"map-active = employeeType!=dis*\n", "employeeType", "Disabled", false},
    {"map-active = employeeType!=dis*\n", "employeeType", "staff", true},
    {"map-active = employeeType!=dis*\n", "title", "staff", true},
    {"map-active = status = active\n", "status", "ACTIVE", true},
    {"map-active = status=active\n", "status", "gone", false},
    {"map-active = status=active\n", "title", "active", false},
    {"map-active = locked != *\n", "locked", "anything", false},
    {"flavour = openldap\nmap-active = Always\n", "pwdAccountLockedTime", "000001010000Z", true},
};

START_TEST(active)
{
    configure(rules[_i].rule);
    ck_assert_int_eq(PERSON(rules[_i].type, rules[_i].value)->entry.active, rules[_i].active);
}
END_TEST

START_TEST(exclude)
{
    configure("exclude = mail=*-test@x\nexclude = employeeType=robot\n");
    ck_assert_uint_eq(PERSON("mail", "a@x", "mail", "a-TEST@x")->entry.excluded, 1);
    ck_assert_uint_eq(PERSON("employeeType", "robot")->entry.excluded, 2);
    ck_assert_uint_eq(PERSON("mail", "a@x")->entry.excluded, 0);
    ck_assert_uint_eq(GROUP("employeeType", "robot")->entry.excluded, 2);
    CLEANUP(freep) const char **wanted = attrmap_wanted(map, ENTRY_GROUP);
    bool asked = false;
    for (size_t i = 0; wanted[i]; i++)
        asked |= strcasecmp(wanted[i], "employeeType") == 0;
    ck_assert_msg(asked, "what a rule reads is asked for");
}
END_TEST

START_TEST(wanted_is_asked_once)
{
    configure("flavour = openldap\nmap-user-name = MAIL\nmap-display-name = mail\nexclude = Mail=a\n");
    CLEANUP(freep) const char **wanted = attrmap_wanted(map, ENTRY_PERSON);
    size_t times = 0;
    for (size_t i = 0; wanted[i]; i++) {
        times += strcasecmp(wanted[i], "mail") == 0;
        ck_assert_msg(strcasecmp(wanted[i], "member") != 0, "members are a group's");
    }
    ck_assert_uint_eq(times, 1);
}
END_TEST

START_TEST(members)
{
    configure("flavour = openldap\n");
    struct key128 a;
    ck_assert_int_eq(dn_key_of("uid=a,dc=x", &a, &err), 0);
    struct record *person = PERSON("uid", "A");
    struct record *r = GROUP("cn", "g", "member", "UID=a, DC=x", "member", "", "uniqueMember", "uid=a,dc=x#'0101'B",
                             "memberUid", "a", "member", "uid=b,dc=x");
    ck_assert_str_eq(r->attr[ATTR_DISPLAY_NAME], "g");
    ck_assert_uint_eq(r->entry.nmembers, 4);
    ck_assert(key_eq(r->members[0], a) && !key_eq(r->members[1], a));
    ck_assert(key_eq(r->members[2], a) && key_eq(r->members[3], person->entry.alias));
    ck_assert(!r->entry.active && key_is_zero(r->entry.alias));
}
END_TEST

START_TEST(bad_members)
{
    configure("flavour = openldap\n");
    struct record *r = GROUP("member", "uid=a,dc=x", "member", "not\x1B[2J a name");
    ck_assert_str_eq(r->id, "id-g");
    ck_assert_msg(strstr(r->fault, "cn=g,dc=x: member: 'not\xEF\xBF\xBD[2J a name' is not a name"), "%s", r->fault);
    ck_assert_ptr_nonnull(
        strstr(GROUP("member;range=0-1499", "uid=a,dc=x")->fault, "member;range=0-1499: only a part"));
    ck_assert_uint_eq(GROUP("member;range=0-*", "uid=a,dc=x")->entry.nmembers, 1);
    got.knows_all = true;
    ck_assert_ptr_nonnull(GROUP("member;range=0-1499", "uid=a,dc=x")->fault);
}
END_TEST

START_TEST(bad_values)
{
    configure("flavour = openldap\n");
    char longest[ENTRY_VALUE_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[ENTRY_VALUE_MAX] = '\0';
    ck_assert_ptr_null(PERSON("title", longest)->fault);
    longest[ENTRY_VALUE_MAX] = 'a';
    longest[ENTRY_VALUE_MAX + 1] = '\0';
    ck_assert_ptr_nonnull(strstr(PERSON("title", longest)->fault, "uid=a,dc=x: title: longer than 1024"));
    ck_assert_ptr_nonnull(strstr(PERSON("sn", "\xFF")->fault, "uid=a,dc=x: sn: not UTF-8"));
    ck_assert_ptr_nonnull(strstr(PERSON("uid", "\xFF", "cn", "x")->fault, "uid=a,dc=x: uid: not UTF-8"));
    ck_assert_ptr_null(PERSON("description", "\xFF")->fault);
    struct record *r = deliver_as(ENTRY_PERSON, false, "not a dn", "entryUUID", "id", NULL);
    ck_assert_ptr_nonnull(strstr(r->fault, "not a dn: not a DN"));
}
END_TEST

START_TEST(fingerprints)
{
    configure("flavour = openldap\nmap-active = employeeType!=x\nexclude = ou=z\n");
    struct key128 base = PERSON("uid", "a", "cn", "A")->entry.fingerprint;
    ck_assert(key_eq(base, PERSON("uid", "a", "cn", "A")->entry.fingerprint));
    ck_assert(key_eq(base, PERSON("cn", "A", "description", "d", "uid", "a")->entry.fingerprint));
    ck_assert(key_eq(base, PERSON("uid", "a", "cn", "A", "employeeType", "y")->entry.fingerprint));
    ck_assert(!key_eq(base, PERSON("uid", "a", "cn", "B")->entry.fingerprint));
    ck_assert(!key_eq(base, PERSON("uid", "a", "sn", "A")->entry.fingerprint));
    ck_assert(!key_eq(base, PERSON("uid", "a", "cn", "A", "employeeType", "x")->entry.fingerprint));
    ck_assert(!key_eq(base, PERSON("uid", "a", "cn", "A", "ou", "z")->entry.fingerprint));
    struct key128 group = GROUP("cn", "g", "member", "cn=a", "member", "cn=b")->entry.fingerprint;
    ck_assert(!key_eq(group, GROUP("cn", "g", "member", "cn=a")->entry.fingerprint));
    ck_assert(!key_eq(group, GROUP("cn", "g", "member", "cn=a", "uniqueMember", "cn=b")->entry.fingerprint));
    ck_assert(!key_eq(group, GROUP("cn", "g", "uniqueMember", "cn=a", "uniqueMember", "cn=b")->entry.fingerprint));
}
END_TEST

static void want(const char *a, const char *b)
{
    const char *const names[] = {a, b};
    int rc = attrmap_want(map, names, b ? 2 : 1, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
}

/* In the form of ids; the first value; of people only. */
START_TEST(further_attributes)
{
    configure("flavour = openldap\n");
    want("description", "objectguid");
    const char **asked = attrmap_wanted(map, ENTRY_PERSON), **of_groups = attrmap_wanted(map, ENTRY_GROUP);
    size_t n = 0, groups = 0;
    while (asked[n])
        n++;
    while (of_groups[groups])
        ck_assert_str_ne(of_groups[groups++], "description");
    ck_assert_str_eq(asked[n - 2], "description");
    ck_assert_str_eq(asked[n - 1], "objectguid");
    free(asked);
    free(of_groups);
    ck_assert_str_eq(buf_str(&PERSON("Description", "  first ", "Description", "second")->extra), "description=first");
    ck_assert_str_eq(buf_str(&PERSON("description;lang-ko", "없음", "cn", "x")->extra), "");
    ck_assert_str_eq(buf_str(&PERSON("objectGUID", " \x01\xff ", "description", "d")->extra),
                     "description=d objectguid=2001ff20");
    ck_assert_str_eq(buf_str(&PERSON("objectGUID", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")->extra),
                     "objectguid=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    ck_assert_str_eq(buf_str(&GROUP("cn", "g", "description", "d")->extra), "");
}
END_TEST

/* Who has none of them stays known when the first map asks for them, and when the last one no longer does. */
START_TEST(fingerprint_of_further_attributes)
{
    configure("flavour = openldap\n");
    struct key128 without = PERSON("uid", "a", "description", "d")->entry.fingerprint;
    want("description", NULL);
    struct key128 with = PERSON("uid", "a", "description", "d")->entry.fingerprint;
    ck_assert(!key_eq(without, with));
    ck_assert(key_eq(without, PERSON("uid", "a")->entry.fingerprint));
    ck_assert(key_eq(with, PERSON("description", "d", "uid", "a")->entry.fingerprint));
    ck_assert(!key_eq(with, PERSON("description", "e", "uid", "a")->entry.fingerprint));
    want("title", NULL);
    ck_assert(!key_eq(with, PERSON("description", "d", "uid", "a")->entry.fingerprint));
    want("ou", "title");
    struct key128 one = PERSON("uid", "a", "ou", "x")->entry.fingerprint;
    want("l", "title");
    ck_assert(!key_eq(one, PERSON("uid", "a", "l", "x")->entry.fingerprint));
}
END_TEST

START_TEST(further_attribute_too_long)
{
    char text[1100], binary[600];
    configure("flavour = openldap\n");
    want("description", NULL);
    memset(text, 'x', sizeof text - 1);
    memset(binary, '\xff', sizeof binary - 1);
    text[sizeof text - 1] = binary[sizeof binary - 1] = '\0';
    ck_assert_ptr_nonnull(strstr(PERSON("description", text)->fault, "description: longer than 1024 bytes"));
    ck_assert_ptr_nonnull(strstr(PERSON("description", binary)->fault, "description: longer than 1024 bytes"));
    const char *const bad[] = {"no name"};
    ck_assert_int_eq(attrmap_want(map, bad, 1, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

START_TEST(seen)
{
    configure("flavour = openldap\n");
    got.knows_all = true;
    ck_assert_ptr_null(PERSON("uid", "a"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("attrmap");
    TCase *c = tcase_create("attrmap");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, defaults);
    tcase_add_test(c, first_choice_and_first_value);
    tcase_add_test(c, options);
    tcase_add_loop_test(c, id_forms, 0, sizeof ids / sizeof *ids);
    tcase_add_test(c, id_from_name);
    tcase_add_loop_test(c, active, 0, sizeof rules / sizeof *rules);
    tcase_add_test(c, exclude);
    tcase_add_test(c, wanted_is_asked_once);
    tcase_add_test(c, members);
    tcase_add_test(c, bad_members);
    tcase_add_test(c, bad_values);
    tcase_add_test(c, fingerprints);
    tcase_add_test(c, further_attributes);
    tcase_add_test(c, fingerprint_of_further_attributes);
    tcase_add_test(c, further_attribute_too_long);
    tcase_add_test(c, seen);
    suite_add_tcase(s, c);
    return suite_run(s);
}
