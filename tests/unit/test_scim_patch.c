/* scim: paths and PATCH of RFC 7644, 3.5.2, in every shape that clients send. */
#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "scim/json.h"
#include "scim/patch.h"
#include "scim/resource.h"

#define EXT "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

static const char person[] =
    "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:User'], 'id': '1', 'userName': 'ann', 'active': true,"
    " 'name': {'familyName': 'Lee', 'givenName': 'Ann'}, 'title': 'Guide',"
    " 'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true}, {'value': 'ann@home', 'type': 'home'}],"
    " 'addresses': [{'type': 'work', 'streetAddress': '1 Main St', 'locality': 'Here'}]}";

/* What becomes of the person; result: the attributes that differ, null for those that are gone. */
struct change {
    const char *operations, *result;
};

static const struct change changes[] = {
    /* add */
    {"[{'op': 'add', 'path': 'nickName', 'value': 'Babs'}]", "{'nickName': 'Babs'}"},
    {"[{'op': 'add', 'value': {'nickName': 'Babs', 'emails': [{'value': 'b@x', 'type': 'other'}]}}]",
     "{'nickName': 'Babs', 'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true},"
     " {'value': 'ann@home', 'type': 'home'}, {'value': 'b@x', 'type': 'other'}]}"},
    {"[{'op': 'add', 'path': 'title', 'value': 'Guide'}]", "{}"},
    {"[{'op': 'add', 'path': 'emails', 'value': [{'value': 'ann@home', 'type': 'home'}]}]", "{}"},
    {"[{'op': 'add', 'path': 'name', 'value': {'middleName': 'B'}}]",
     "{'name': {'familyName': 'Lee', 'givenName': 'Ann', 'middleName': 'B'}}"},
    {"[{'op': 'add', 'path': 'name.givenName', 'value': 'Anna'}]",
     "{'name': {'familyName': 'Lee', 'givenName': 'Anna'}}"},
    {"[{'op': 'add', 'path': 'emails', 'value': {'value': 'b@x'}}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true}, {'value': 'ann@home', 'type': 'home'},"
     " {'value': 'b@x'}]}"},
    /* Entra ID makes a value by a path that finds none */
    {"[{'op': 'Add', 'path': 'phoneNumbers[type eq \\'mobile\\'].value', 'value': '+1 555'}]",
     "{'phoneNumbers': [{'type': 'mobile', 'value': '+1 555'}]}"},
    {"[{'op': 'Add', 'path': 'phoneNumbers[type eq \\'mobile\\' and primary eq true]', 'value': {'value': '+1 555'}}]",
     "{'phoneNumbers': [{'type': 'mobile', 'primary': true, 'value': '+1 555'}]}"},
    {"[{'op': 'Add', 'path': 'emails[type eq \\'home\\'].display', 'value': 'H'}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true}, {'value': 'ann@home', 'type': 'home',"
     " 'display': 'H'}]}"},
    /* replace */
    {"[{'op': 'replace', 'path': 'addresses[type eq \\'work\\']', 'value': {'type': 'work', 'streetAddress':"
     " '911 Universal City Plaza', 'locality': 'Hollywood', 'primary': true}}]",
     "{'addresses': [{'type': 'work', 'streetAddress': '911 Universal City Plaza', 'locality': 'Hollywood',"
     " 'primary': true}]}"},
    {"[{'op': 'replace', 'path': 'addresses[type eq \\'work\\'].streetAddress', 'value': '1010 Broadway Ave'}]",
     "{'addresses': [{'type': 'work', 'streetAddress': '1010 Broadway Ave', 'locality': 'Here'}]}"},
    {"[{'op': 'replace', 'value': {'emails': [{'value': 'b@x', 'type': 'work', 'primary': true}, {'value': 'c@x',"
     " 'type': 'home'}], 'nickName': 'Babs'}}]",
     "{'nickName': 'Babs', 'emails': [{'value': 'b@x', 'type': 'work', 'primary': true}, {'value': 'c@x', 'type':"
     " 'home'}]}"},
    {"[{'op': 'replace', 'path': 'emails[type eq \\'work\\'].value', 'value': 'new@work'}]",
     "{'emails': [{'value': 'new@work', 'type': 'work', 'primary': true}, {'value': 'ann@home', 'type': 'home'}]}"},
    {"[{'op': 'replace', 'path': 'name', 'value': {'familyName': 'Kim'}}]",
     "{'name': {'familyName': 'Kim', 'givenName': 'Ann'}}"},
    {"[{'op': 'replace', 'path': 'nickName', 'value': 'A'}]", "{'nickName': 'A'}"},
    {"[{'op': 'replace', 'path': 'title', 'value': null}]", "{'title': null}"},
    {"[{'op': 'replace', 'path': 'emails', 'value': []}]", "{'emails': null}"},
    {"[{'op': 'replace', 'path': 'title', 'value': ['Boss']}]", "{'title': 'Boss'}"},
    /* Entra ID, older dialect: capitals, booleans as text, a list of one */
    {"[{'op': 'Replace', 'path': 'active', 'value': 'False'}]", "{'active': false}"},
    {"[{'op': 'Replace', 'path': 'active', 'value': [{'$ref': null, 'value': 'x'}]}]", NULL},
    {"[{'op': 'replace', 'value': {'active': false}}]", "{'active': false}"},
    {"[{'op': 'REPLACE', 'path': 'USERNAME', 'value': 'ann2'}]", "{'userName': 'ann2'}"},
    /* without a path, with names that are paths */
    {"[{'op': 'Add', 'value': {'name.givenName': 'Anna', 'emails[type eq \\'work\\'].value': 'n@w', '" EXT
     ":department': 'D', 'unknown.thing': 1, 'unknown': [], 'id': '2', 'meta': {}, 'schemas': ['urn:x:y']}}]",
     "{'name': {'familyName': 'Lee', 'givenName': 'Anna'}, 'emails': [{'value': 'n@w', 'type': 'work', 'primary':"
     " true}, {'value': 'ann@home', 'type': 'home'}], '" EXT "': {'department': 'D'}, 'schemas':"
     " ['urn:ietf:params:scim:schemas:core:2.0:User', '" EXT "']}"},
    {"[{'op': 'replace', 'value': {'" EXT "': {'department': 'D', 'unknown': 5, 'manager.value': '9'}}}]",
     "{'" EXT "': {'department': 'D', 'manager': {'value': '9'}}, 'schemas':"
     " ['urn:ietf:params:scim:schemas:core:2.0:User', '" EXT "']}"},
    /* URN paths; manager as Entra ID sends it */
    {"[{'op': 'Add', 'path': '" EXT ":manager', 'value': '9'}]",
     "{'" EXT "': {'manager': {'value': '9'}}, 'schemas': ['urn:ietf:params:scim:schemas:core:2.0:User', '" EXT "']}"},
    {"[{'op': 'Add', 'path': '" EXT ":manager', 'value': [{'$ref': 'http://x/9', 'value': '9', 'displayName': 'Z'}]}]",
     "{'" EXT "': {'manager': {'value': '9', '$ref': 'http://x/9'}}, 'schemas':"
     " ['urn:ietf:params:scim:schemas:core:2.0:User', '" EXT "']}"},
    {"[{'op': 'Add', 'path': '" EXT ":department', 'value': 'D'}, {'op': 'Remove', 'path': '" EXT ":department'}]",
     "{}"},
    {"[{'op': 'Add', 'path': '" EXT "', 'value': {'department': 'D'}}, {'op': 'Remove', 'path': '" EXT "'}]", "{}"},
    {"[{'op': 'Add', 'path': '" EXT ":manager', 'value': '9'}, {'op': 'replace', 'path': '" EXT
     ":manager', 'value': ''}]",
     "{}"},
    {"[{'op': 'replace', 'path': 'urn:ietf:params:scim:schemas:core:2.0:User:name.familyName', 'value': 'K'}]",
     "{'name': {'familyName': 'K', 'givenName': 'Ann'}}"},
    /* remove */
    {"[{'op': 'remove', 'path': 'title'}]", "{'title': null}"},
    {"[{'op': 'remove', 'path': 'nickName'}]", "{}"},
    {"[{'op': 'Remove', 'path': 'emails[type eq \\'work\\' and value ew \\'work\\']'}]",
     "{'emails': [{'value': 'ann@home', 'type': 'home'}]}"},
    {"[{'op': 'remove', 'path': 'emails[type eq \\'work\\'].primary'}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work'}, {'value': 'ann@home', 'type': 'home'}]}"},
    {"[{'op': 'remove', 'path': 'emails'}]", "{'emails': null}"},
    {"[{'op': 'remove', 'path': 'emails', 'value': [{'value': 'ann@home'}]}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true}]}"},
    {"[{'op': 'remove', 'path': 'emails', 'value': []}]", "{}"},
    {"[{'op': 'remove', 'path': 'emails[value pr]'}]", "{'emails': null}"},
    {"[{'op': 'remove', 'path': 'emails[value eq \\'a]b\\' or value eq \\'ann@home\\'].type'}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': true}, {'value': 'ann@home'}]}"},
    {"[{'op': 'remove', 'path': 'emails[type eq \\'fax\\']'}]", "{}"},
    {"[{'op': 'remove', 'path': 'name.familyName'}, {'op': 'remove', 'path': 'name.givenName'}]", "{'name': null}"},
    /* primary goes to the last one that has it */
    {"[{'op': 'add', 'path': 'emails', 'value': [{'value': 'p@x', 'primary': true}]}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': false}, {'value': 'ann@home', 'type': 'home'},"
     " {'value': 'p@x', 'primary': true}]}"},
    {"[{'op': 'replace', 'path': 'emails[type eq \\'home\\'].primary', 'value': 'True'}]",
     "{'emails': [{'value': 'ann@work', 'type': 'work', 'primary': false}, {'value': 'ann@home', 'type': 'home',"
     " 'primary': true}]}"},
    /* nobody's business here */
    {"[{'op': 'replace', 'path': 'password', 'value': 'secret'}]", "{}"},
    {"[{'op': 'replace', 'value': {'password': 'secret', 'title': 'X'}}]", "{'title': 'X'}"},
    {"[{'op': 'add', 'path': 'schemas', 'value': ['urn:x:y']}]", "{}"},
    /* one after the other */
    {"[{'op': 'add', 'path': 'title', 'value': 'A'}, {'op': 'replace', 'path': 'title', 'value': 'B'}]",
     "{'title': 'B'}"},
};

/* \' in the tables is a quote within a text. */
static json_t *js2(const char *text)
{
    CLEANUP(buf_release) struct buf b = BUF_INIT;
    for (const char *p = text; *p; p++) {
        if (p[0] == '\\' && p[1] == '\'') {
            buf_adds(&b, "\\\"");
            p++;
        } else
            buf_addc(&b, *p == '\'' ? '"' : *p);
    }
    json_t *value = json_loads(b.data, JSON_DECODE_ANY, NULL);
    ck_assert_msg(value != NULL, "%s", text);
    return value;
}

static int patch_of(const struct scim_resource_type *type, const struct scim_attr *apart, const char *operations,
                    struct scim_patch *ret)
{
    json_t *message = json_pack("{s:[s], s:o}", "schemas", SCIM_PATCH_URN, "Operations", js2(operations));
    int status = scim_patch_read(pool, type, apart, message, ret, &error);
    json_decref(message);
    return status;
}

static json_t *expected(const char *differences)
{
    json_t *resource = js(person), *change = js2(differences), *value = NULL;
    const char *key = NULL;
    json_object_foreach (change, key, value)
        json_is_null(value) ? json_object_del(resource, key) : json_object_set(resource, key, value);
    json_decref(change);
    return resource;
}

static void expect_resource(const json_t *is, const json_t *wanted, const char *about)
{
    char *a = json_dumps(is, 0), *b = json_dumps(wanted, 0);
    ck_assert_msg(json_equal(is, wanted), "%s\n  is     %s\n  wanted %s", about, a, b);
    free(a);
    free(b);
}

START_TEST(every_change_is_made)
{
    const struct change *c = &changes[_i];
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    int status = patch_of(&scim_users, NULL, c->operations, &patch);
    if (!c->result) {
        ck_assert_int_eq(status, -1);
        expect_error(400, "invalidValue", c->operations);
        return;
    }
    ck_assert_msg(status == 0, "%s: %s", c->operations, error.detail);
    json_auto_t *before = js(person), *copy = js(person), *after = NULL, *wanted = expected(c->result);
    bool changed = false;
    ck_assert_msg(scim_patch_apply(&scim_users, &patch, before, &after, &changed, &error) == 0, "%s: %s", c->operations,
                  error.detail);
    expect_resource(after, wanted, c->operations);
    ck_assert_msg(changed == (strcmp(c->result, "{}") != 0), "%s: changed", c->operations);
    expect_resource(before, copy, "the resource itself");
    /* The same patch does the same again, on another resource. */
    json_auto_t *again = NULL;
    ck_assert_int_eq(scim_patch_apply(&scim_users, &patch, before, &again, &changed, &error), 0);
    expect_resource(again, wanted, c->operations);
}
END_TEST

static const struct {
    const char *operations, *type;
} faults[] = {
    {"[{'op': 'move', 'path': 'title', 'value': 'x'}]", "invalidSyntax"},
    {"[{'path': 'title', 'value': 'x'}]", "invalidSyntax"},
    {"[5]", "invalidSyntax"},
    {"[]", "invalidSyntax"},
    {"{}", "invalidSyntax"},
    {"[{'op': 'remove'}]", "noTarget"},
    {"[{'op': 'remove', 'value': {'title': 'x'}}]", "noTarget"},
    {"[{'op': 'add', 'value': 'x'}]", "invalidValue"},
    {"[{'op': 'add'}]", "invalidValue"},
    {"[{'op': 'add', 'path': 'title'}]", "invalidValue"},
    {"[{'op': 'add', 'path': 5, 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'nowhere', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'name.nowhere', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'title.nowhere', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'emails[type eq \\'work\\'].nowhere', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'remove', 'path': 'emails[nowhere ne \\'work\\']'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'emails[type eq \\'work\\']value', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'emails[type eq \\'work\\'', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'emails.type[value pr]', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'urn:nobody:knows:title', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': '" EXT ":nowhere', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': '" EXT "[department pr]', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': '.', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': ' ', 'value': 'x'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'emails[type xx \\'work\\']', 'value': 'x'}]", "invalidFilter"},
    {"[{'op': 'add', 'path': 'emails[]', 'value': 'x'}]", "invalidFilter"},
    {"[{'op': 'replace', 'path': 'emails[type eq \\'fax\\'].value', 'value': 'x'}]", "noTarget"},
    {"[{'op': 'replace', 'path': 'emails[type eq \\'fax\\']', 'value': {'value': 'x'}}]", "noTarget"},
    {"[{'op': 'replace', 'path': 'id', 'value': 'x'}]", "mutability"},
    {"[{'op': 'remove', 'path': 'id'}]", "mutability"},
    {"[{'op': 'replace', 'path': 'meta.created', 'value': '2011-05-13T04:42:34Z'}]", "mutability"},
    {"[{'op': 'add', 'path': 'groups', 'value': [{'value': 'g'}]}]", "mutability"},
    {"[{'op': 'replace', 'path': '" EXT ":manager.displayName', 'value': 'x'}]", "mutability"},
    {"[{'op': 'remove', 'path': 'userName'}]", "mutability"},
    {"[{'op': 'replace', 'path': 'userName', 'value': null}]", "mutability"},
    {"[{'op': 'replace', 'path': 'userName', 'value': ''}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'title', 'value': 5}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'title', 'value': {'value': 'x'}}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'title', 'value': ['a', 'b']}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'active', 'value': 'maybe'}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'name', 'value': 'Ann'}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'emails', 'value': [5]}]", "invalidValue"},
    {"[{'op': 'add', 'path': 'emails', 'value': [{'value': 'a', 'primary': true}, {'value': 'b', 'primary': true}]}]",
     "invalidValue"},
    {"[{'op': 'add', 'path': '" EXT "', 'value': 'x'}]", "invalidValue"},
    /* the first operation would do; nothing of it may be seen */
    {"[{'op': 'replace', 'path': 'title', 'value': 'Boss'}, {'op': 'replace', 'path': 'emails[type eq \\'fax\\']',"
     " 'value': {'value': 'x'}}]",
     "noTarget"},
};

START_TEST(every_fault_is_named_and_changes_nothing)
{
    const char *operations = faults[_i].operations;
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    json_auto_t *before = js(person), *copy = js(person), *after = NULL;
    bool changed = false;
    bool refused = patch_of(&scim_users, NULL, operations, &patch) == -1 ||
                   scim_patch_apply(&scim_users, &patch, before, &after, &changed, &error) == -1;
    ck_assert_msg(refused && !after, "%s", operations);
    expect_error(400, faults[_i].type, operations);
    expect_resource(before, copy, operations);
}
END_TEST

/*
 * --- members
 * ------------------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *operations, *edits; /* "+" add, "=" replace, "-" remove, then the ids; "*" all; "?" by a filter */
} memberships[] = {
    {"[{'op': 'add', 'path': 'members', 'value': [{'display': 'Babs', '$ref': 'https://x/1', 'value': 'u1'}]}]",
     "+u1 "},
    {"[{'op': 'Add', 'path': 'members', 'value': [{'value': 'u1'}, {'value': 'u2'}]}]", "+u1 u2 "},
    {"[{'op': 'add', 'path': 'members', 'value': {'value': 'u1'}}]", "+u1 "},
    {"[{'op': 'add', 'path': 'members', 'value': 'u1'}]", "+u1 "},
    {"[{'op': 'add', 'path': 'members', 'value': ['u1', 'u2']}]", "+u1 u2 "},
    {"[{'op': 'add', 'value': {'members': [{'value': 'u1'}]}}]", "+u1 "},
    {"[{'op': 'add', 'path': 'members[value eq \\'u1\\']', 'value': {}}]", "+u1 "},
    {"[{'op': 'add', 'path': 'members', 'value': []}]", "+"},
    {"[{'op': 'remove', 'path': 'members'}]", "-*"},
    {"[{'op': 'remove', 'path': 'members', 'value': null}]", "-*"},
    {"[{'op': 'remove', 'path': 'members', 'value': []}]", "-"},
    {"[{'op': 'Remove', 'path': 'members', 'value': [{'$ref': null, 'value': 'u1'}]}]", "-u1 "},
    {"[{'op': 'remove', 'path': 'members', 'value': 'u1'}]", "-u1 "},
    {"[{'op': 'remove', 'path': 'members[value eq \\'u1\\']'}]", "-u1 "},
    {"[{'op': 'remove', 'path': 'members[value eq \\'U1\\']'}]", "-U1 "},
    {"[{'op': 'remove', 'path': 'members[value eq u1]'}]", "-u1 "},
    {"[{'op': 'remove', 'path': 'members[value eq \\'u1\\' or value eq \\'u2\\']'}]", "-u1 u2 "},
    {"[{'op': 'remove', 'path': 'members[value sw \\'u\\']'}]", "-?"},
    {"[{'op': 'remove', 'path': 'members[type eq \\'Group\\' and value pr]'}]", "-?"},
    {"[{'op': 'replace', 'path': 'members', 'value': [{'value': 'u1'}, {'value': 'u2'}]}]", "=u1 u2 "},
    {"[{'op': 'replace', 'path': 'members', 'value': []}]", "="},
    {"[{'op': 'replace', 'path': 'members', 'value': null}]", "="},
    {"[{'op': 'replace', 'value': {'id': 'g', 'displayName': 'N', 'members': [{'value': 'u1'}]}}]",
     "!displayName =u1 "},
    {"[{'op': 'replace', 'value': {'id': 'g', 'displayName': 'N'}}]", "!displayName "},
    /* RFC 7644, 3.5.2.2: out with some and in with others, in one request */
    {"[{'op': 'remove', 'path': 'members[value eq \\'u1\\']'}, {'op': 'add', 'path': 'members', 'value': [{'value':"
     " 'u2'}]}]",
     "-u1 +u2 "},
};

START_TEST(members_come_as_lists_of_ids)
{
    const struct scim_attr *members = scim_type_attr(&scim_groups, span_str("members"));
    const char *operations = memberships[_i].operations;
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    CLEANUP(buf_release) struct buf told = BUF_INIT;
    ck_assert_msg(patch_of(&scim_groups, members, operations, &patch) == 0, "%s: %s", operations, error.detail);
    for (size_t i = 0; i < patch.n; i++) {
        const struct scim_edit *e = &patch.edits[i];
        if (!e->apart)
            buf_printf(&told, "!%s ", e->path.at.attr->name);
        else
            buf_addc(&told, e->op == SCIM_ADD ? '+' : e->op == SCIM_REPLACE ? '=' : '-');
        for (size_t j = 0; j < e->nmembers; j++)
            buf_printf(&told, "%s ", e->members[j].id);
        buf_adds(&told, e->all ? "*" : e->apart && e->path.where ? "?" : "");
    }
    ck_assert_msg(strcmp(buf_str(&told), memberships[_i].edits) == 0, "%s: '%s'", operations, buf_str(&told));
    bool values = strchr(memberships[_i].edits, '!') != NULL;
    ck_assert(scim_patch_has_values(&patch) == values);
    ck_assert(scim_patch_has_members(&patch) == (strpbrk(memberships[_i].edits, "+-=") != NULL));
    /* What is apart is no matter of the resource, which here has none of it. */
    json_auto_t *group = js("{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'displayName': 'G'}"),
                *after = NULL;
    bool changed = false;
    ck_assert_int_eq(scim_patch_apply(&scim_groups, &patch, group, &after, &changed, &error), 0);
    ck_assert(changed == values && !json_object_get(after, "members"));
}
END_TEST

static const struct {
    const char *operations, *type;
} strange_members[] = {
    {"[{'op': 'add', 'path': 'members', 'value': [{'display': 'x'}]}]", "invalidValue"},
    {"[{'op': 'add', 'path': 'members', 'value': [5]}]", "invalidValue"},
    {"[{'op': 'add', 'path': 'members', 'value': ['']}]", "invalidValue"},
    {"[{'op': 'add', 'path': 'members', 'value': [{'value': 'a\\nb'}]}]", "invalidValue"},
    {"[{'op': 'remove', 'path': 'members', 'value': [[]]}]", "invalidValue"},
    {"[{'op': 'replace', 'path': 'members[value eq \\'u1\\'].display', 'value': 'x'}]", "mutability"},
    {"[{'op': 'replace', 'path': 'members[value eq \\'u1\\']', 'value': {'value': 'u2'}}]", "mutability"},
    {"[{'op': 'remove', 'path': 'members.value'}]", "mutability"},
    /* mistakes that must not empty the group */
    {"[{'op': 'replace', 'path': 'members'}]", "invalidValue"},
    {"[{'op': 'remove', 'path': 'members[nowhere ne \\'u1\\']'}]", "invalidPath"},
    {"[{'op': 'remove', 'path': 'members[type eq \\'User\\' and not (valu eq \\'u1\\')]'}]", "invalidPath"},
    {"[{'op': 'add', 'path': 'members[display sw \\'u1\\']', 'value': {}}]", "invalidPath"},
    {"[{'op': 'remove', 'path': 'displayName'}]", "mutability"},
};

START_TEST(strange_members_are_refused)
{
    const struct scim_attr *members = scim_type_attr(&scim_groups, span_str("members"));
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    ck_assert_msg(patch_of(&scim_groups, members, strange_members[_i].operations, &patch) == -1, "%s",
                  strange_members[_i].operations);
    expect_error(400, strange_members[_i].type, strange_members[_i].operations);
}
END_TEST

START_TEST(members_that_are_not_apart_are_values_like_others)
{
    static const char team[] = "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'displayName': 'G',"
                               " 'members': [{'value': 'u1'}, {'value': 'u2', 'type': 'User'}]}";
    static const struct change some[] = {
        {"[{'op': 'remove', 'path': 'members', 'value': [{'value': 'u2'}]}]", "[{'value': 'u1'}]"},
        {"[{'op': 'remove', 'path': 'members[value eq \\'u1\\']'}]", "[{'value': 'u2', 'type': 'User'}]"},
        {"[{'op': 'remove', 'path': 'members', 'value': ['u1', 'u3']}]", "[{'value': 'u2', 'type': 'User'}]"},
        {"[{'op': 'add', 'path': 'members', 'value': [{'value': 'u1'}]}]",
         "[{'value': 'u1'}, {'value': 'u2', 'type': 'User'}]"},
        {"[{'op': 'replace', 'path': 'members[value eq \\'u1\\'].value', 'value': 'u9'}]", NULL},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
        json_auto_t *before = js(team), *after = NULL;
        bool changed = false;
        ck_assert_int_eq(patch_of(&scim_groups, NULL, some[i].operations, &patch), 0);
        int status = scim_patch_apply(&scim_groups, &patch, before, &after, &changed, &error);
        if (some[i].result)
            expect_json(json_object_get(after, "members"), some[i].result, some[i].operations);
        else {
            ck_assert_int_eq(status, -1);
            expect_error(400, "mutability", some[i].operations);
        }
    }
}
END_TEST

START_TEST(a_request_is_as_large_as_the_limits_and_no_more)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    buf_adds(&text, "[");
    for (size_t i = 0; i <= SCIM_PATCH_OPS_MAX; i++)
        buf_printf(&text, "%s{'op': 'add', 'path': 'title', 'value': 'x'}", i ? "," : "");
    buf_adds(&text, "]");
    ck_assert_int_eq(patch_of(&scim_users, NULL, text.data, &patch), -1);
    expect_error(413, NULL, "operations");
    buf_clear(&text);
    buf_adds(&text, "[{'op': 'add', 'path': 'members', 'value': [");
    for (size_t i = 0; i < 50000; i++)
        buf_printf(&text, "%s{'value': 'u%zu'}", i ? "," : "", i);
    buf_adds(&text, "]}]");
    ck_assert_int_eq(patch_of(&scim_groups, scim_type_attr(&scim_groups, span_str("members")), text.data, &patch), 0);
    ck_assert_int_eq(patch.n, 1);
    ck_assert_int_eq(patch.edits[0].nmembers, 50000);
    ck_assert_str_eq(patch.edits[0].members[49999].id, "u49999");
    buf_clear(&text);
    buf_adds(&text, "[{'op': 'add', 'path': '");
    for (size_t i = 0; i < SCIM_PATH_MAX; i++)
        buf_addc(&text, '[');
    buf_adds(&text, "', 'value': 1}]");
    ck_assert_int_eq(patch_of(&scim_users, NULL, text.data, &patch), -1);
    expect_error(400, "invalidPath", "long path");
}
END_TEST

START_TEST(lists_cannot_be_made_to_cost_their_square)
{
    static const char *const ops[] = {"add", "remove"};
    for (size_t k = 0; k < 2; k++) {
        CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
        json_auto_t *message = json_pack("{s:[]}", "Operations");
        for (size_t i = 0; i < SCIM_PATCH_VALUES_MAX / SCIM_VALUES_MAX + 1; i++) {
            json_t *values = json_array();
            for (size_t j = 0; j < SCIM_VALUES_MAX; j++)
                json_array_append_new(values, json_pack("{s:o}", "value", json_sprintf("%zu-%zu", i, j)));
            json_array_append_new(json_object_get(message, "Operations"),
                                  json_pack("{s:s, s:s, s:o}", "op", ops[k], "path", "emails", "value", values));
        }
        ck_assert_int_eq(scim_patch_read(pool, &scim_users, NULL, message, &patch, &error), -1);
        expect_error(413, NULL, ops[k]);
    }
    /* … nor what a group is answered with. */
    json_auto_t *members = json_array(), *group = json_pack("{s:s, s:O}", "displayName", "G", "members", members);
    for (size_t i = 0; i < 300000; i++)
        json_array_append_new(members, json_null());
    json_array_append_new(members, json_pack("{s:s}", "value", "u1"));
    ck_assert_int_eq(scim_resource_check(&scim_groups, SCIM_ANSWERED, group, &error), 0);
    ck_assert_int_eq(json_array_size(json_object_get(group, "members")), 1);
}
END_TEST

START_TEST(a_message_of_another_kind_is_refused)
{
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    json_auto_t *message = js("{'schemas': ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], 'Operations': [{}]}");
    ck_assert_int_eq(scim_patch_read(pool, &scim_users, NULL, message, &patch, &error), -1);
    expect_error(400, "invalidSyntax", "schemas");
    json_auto_t *without = js("{'operations': [{'OP': 'add', 'Path': 'title', 'VALUE': 'x'}]}");
    ck_assert_int_eq(scim_patch_read(pool, &scim_users, NULL, without, &patch, &error), 0);
    ck_assert_int_eq(patch.n, 1);
}
END_TEST

START_TEST(what_is_immutable_is_set_once)
{
    static const struct scim_attr attrs[] = {{.name = "badge", .mutability = SCIM_IMMUTABLE}};
    static const struct scim_schema own = {"urn:example:own:1.0:User", "Own", "", attrs, 1};
    const struct scim_resource_type *type = scim_type_extend(pool, &scim_users, &own, false);
    static const struct {
        const char *operations;
        bool accepted;
    } some[] = {
        {"[{'op': 'add', 'path': 'badge', 'value': '1'}, {'op': 'add', 'path': 'badge', 'value': '1'}]", true},
        {"[{'op': 'add', 'path': 'badge', 'value': '1'}, {'op': 'add', 'path': 'badge', 'value': '2'}]", false},
        {"[{'op': 'add', 'path': 'badge', 'value': '1'}, {'op': 'remove', 'path': 'badge'}]", false},
        {"[{'op': 'remove', 'path': 'badge'}]", true},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
        json_auto_t *before = js(person), *after = NULL;
        bool changed = false;
        ck_assert_int_eq(patch_of(type, NULL, some[i].operations, &patch), 0);
        int status = scim_patch_apply(type, &patch, before, &after, &changed, &error);
        ck_assert_msg((status == 0) == some[i].accepted, "%s: %s", some[i].operations, error.detail);
        if (status != 0)
            expect_error(400, "mutability", some[i].operations);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_patch");
    TCase *tc = tcase_create("patch");
    tcase_add_checked_fixture(tc, scim_setup, scim_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_change_is_made, 0, sizeof changes / sizeof *changes);
    tcase_add_loop_test(tc, every_fault_is_named_and_changes_nothing, 0, sizeof faults / sizeof *faults);
    tcase_add_loop_test(tc, members_come_as_lists_of_ids, 0, sizeof memberships / sizeof *memberships);
    tcase_add_loop_test(tc, strange_members_are_refused, 0, sizeof strange_members / sizeof *strange_members);
    tcase_add_test(tc, members_that_are_not_apart_are_values_like_others);
    tcase_add_test(tc, a_request_is_as_large_as_the_limits_and_no_more);
    tcase_add_test(tc, lists_cannot_be_made_to_cost_their_square);
    tcase_add_test(tc, a_message_of_another_kind_is_refused);
    tcase_add_test(tc, what_is_immutable_is_set_once);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
