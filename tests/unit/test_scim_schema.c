/* scim: schemas of RFC 7643, and resources that are sent; JSON from outside; what a service says of itself. */
#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "scim/discovery.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/resource.h"

#define BASE "https://example.com/v2"
#define EXT  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define CORE "urn:ietf:params:scim:schemas:core:2.0:User"

/*
 * --- schemas
 * --------------------------------------------------------------------------------------------------------------
 */

/*
 * RFC 7643, 8.7.1 and 8.7.2, as far as a client relies on it: "name type mutability returned uniqueness", flags for
 * multi, Required, eXact.
 */
static const struct {
    const struct scim_schema *schema;
    const char *attribute, *characteristics;
} facts[] = {
    {&scim_user_schema, "userName", "string readWrite default server R"},
    {&scim_user_schema, "name", "complex readWrite default none "},
    {&scim_user_schema, "name.familyName", "string readWrite default none "},
    {&scim_user_schema, "profileUrl", "reference readWrite default none X"},
    {&scim_user_schema, "active", "boolean readWrite default none "},
    {&scim_user_schema, "password", "string writeOnly never none "},
    {&scim_user_schema, "emails", "complex readWrite default none M"},
    {&scim_user_schema, "emails.primary", "boolean readWrite default none "},
    {&scim_user_schema, "groups", "complex readOnly default none M"},
    {&scim_user_schema, "groups.value", "string readOnly default none "},
    {&scim_user_schema, "x509Certificates.value", "binary readWrite default none X"},
    {&scim_group_schema, "members", "complex readWrite default none M"},
    {&scim_group_schema, "members.value", "string immutable default none X"},
    {&scim_group_schema, "members.$ref", "reference immutable default none "},
    {&scim_enterprise_schema, "employeeNumber", "string readWrite default none "},
    {&scim_enterprise_schema, "manager.displayName", "string readOnly default none "},
    {&scim_common, "id", "string readOnly always server X"},
    {&scim_common, "externalId", "string readWrite default none X"},
    {&scim_common, "meta.lastModified", "dateTime readOnly default none "},
    {&scim_config_schema, "bulk.maxOperations", "integer readOnly default none R"},
    {&scim_config_schema, "pagination.cursorTimeout", "integer readOnly default none "},
    {&scim_type_schema, "schemaExtensions", "complex readOnly default none M"},
    {&scim_schema_schema, "attributes.multiValued", "boolean readOnly default none R"},
};

static const json_t *named(const json_t *list, const char *name, size_t n)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach (list, i, one) {
        const char *other = json_string_value(json_object_get(one, "name"));
        if (strlen(other) == n && strncmp(other, name, n) == 0)
            return one;
    }
    return NULL;
}

static const char *word(const json_t *attribute, const char *key)
{
    return json_string_value(json_object_get(attribute, key));
}

START_TEST(schemas_say_what_the_rfc_says)
{
    json_auto_t *schema = scim_schema_json(facts[_i].schema, BASE);
    const char *name = facts[_i].attribute;
    size_t n = strcspn(name, ".");
    const json_t *a = named(json_object_get(schema, "attributes"), name, n);
    if (name[n])
        a = named(json_object_get(a, "subAttributes"), name + n + 1, strlen(name + n + 1));
    ck_assert_msg(a != NULL, "%s", name);
    const char *told =
        pool_printf(pool, "%s %s %s %s %s%s%s", word(a, "type"), word(a, "mutability"), word(a, "returned"),
                    word(a, "uniqueness"), json_is_true(json_object_get(a, "multiValued")) ? "M" : "",
                    json_is_true(json_object_get(a, "required")) ? "R" : "",
                    json_is_true(json_object_get(a, "caseExact")) ? "X" : "");
    ck_assert_msg(strcmp(told, facts[_i].characteristics) == 0, "%s: %s", name, told);
    ck_assert(json_is_string(json_object_get(a, "description")));
}
END_TEST

START_TEST(a_schema_comes_back_from_its_json)
{
    static const struct scim_schema *const all[] = {&scim_user_schema,   &scim_group_schema, &scim_enterprise_schema,
                                                    &scim_config_schema, &scim_type_schema,  &scim_schema_schema};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct scim_schema *read = NULL;
        json_auto_t *told = scim_schema_json(all[i], BASE);
        ck_assert_msg(scim_schema_read(pool, told, &read, &error) == 0, "%s", error.detail);
        json_auto_t *again = scim_schema_json(read, BASE);
        ck_assert_msg(json_equal(told, again), "%s", all[i]->id);
        ck_assert_str_eq(word(json_object_get(told, "meta"), "location"),
                         pool_printf(pool, BASE "/Schemas/%s", all[i]->id));
    }
}
END_TEST

START_TEST(a_schema_of_somebody_else_is_read_with_care)
{
    static const char *const broken[] = {
        "{}",
        "{'id': 5}",
        "{'id': 'noturn', 'attributes': []}",
        "{'id': 'urn:a:b', 'attributes': [5]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a b'}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a', 'type': 'text'}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a', 'mutability': 5}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a', 'returned': 'often'}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a', 'uniqueness': 'yes'}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a'}, {'name': 'A'}]}",
        "{'id': 'urn:a:b', 'attributes': [{'name': 'a', 'type': 'complex', 'subAttributes': [{'name': ''}]}]}",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const struct scim_schema *read = NULL;
        json_auto_t *resource = js(broken[i]);
        ck_assert_msg(scim_schema_read(pool, resource, &read, &error) == -1 && !read, "%s", broken[i]);
        expect_error(400, "invalidValue", broken[i]);
    }
    json_auto_t *many = json_pack("{s:s, s:[]}", "id", "urn:a:b", "attributes");
    for (int i = 0; i <= SCIM_SCHEMA_ATTRS_MAX; i++)
        json_array_append_new(json_object_get(many, "attributes"), json_pack("{s:o}", "name", json_sprintf("a%d", i)));
    const struct scim_schema *read = NULL;
    ck_assert_int_eq(scim_schema_read(pool, many, &read, &error), -1);
}
END_TEST

START_TEST(resource_types_list_their_extensions)
{
    json_auto_t *user = scim_type_json(&scim_users, BASE), *group = scim_type_json(&scim_groups, BASE);
    expect_json(user,
                "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'], 'id': 'User', 'name': 'User',"
                " 'endpoint': '/Users', 'description': 'User account', 'schema': '" CORE "', 'schemaExtensions':"
                " [{'schema': '" EXT
                "', 'required': false}], 'meta': {'resourceType': 'ResourceType', 'location': '" BASE
                "/ResourceTypes/User'}}",
                "User");
    ck_assert_str_eq(word(group, "endpoint"), "/Groups");
    ck_assert_int_eq(json_array_size(json_object_get(group, "schemaExtensions")), 0);
}
END_TEST

START_TEST(features_are_said_and_understood)
{
    struct scim_features read = {0};
    json_auto_t *told = scim_features_json(&scim_features_all, BASE);
    ck_assert_int_eq(scim_features_read(told, &read, &error), 0);
    ck_assert(read.patch && read.bulk && read.filter && read.sort && read.etag && !read.change_password);
    ck_assert(read.index_pages && read.cursor_pages && !read.cursor_by_default);
    ck_assert_int_eq(read.bulk_operations, SCIM_BULK_OPS_MAX);
    ck_assert_int_eq(read.bulk_bytes, SCIM_BULK_MAX);
    ck_assert_int_eq(read.filter_results, SCIM_PAGE_MAX);
    ck_assert_int_eq(read.cursor_seconds, 0);
    /* As AWS and Google say it: no pagination, text for a boolean, nonsense for a number. */
    json_auto_t *other = js("{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'], 'patch':"
                            " {'supported': 'true'}, 'bulk': {'supported': false, 'maxOperations': -4}, 'sort': 7}");
    ck_assert_int_eq(scim_features_read(other, &read, &error), 0);
    ck_assert(read.patch && !read.bulk && !read.sort && read.index_pages && !read.cursor_pages &&
              read.bulk_operations == 0);
    json_auto_t *none = js("{'error': 'no'}");
    ck_assert_int_eq(scim_features_read(none, &read, &error), -1);
}
END_TEST

/*
 * --- resources
 * -------------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *sent, *kept; /* kept without schemas, NULL: as sent */
} good[] = {
    /* RFC 7643, 8.1; RFC 7644, 3.3 */
    {"{'schemas': ['" CORE "'], 'userName': 'bjensen@example.com'}", NULL},
    {"{'schemas': ['" CORE "'], 'userName': 'bjensen', 'externalId': 'bjensen', 'name': {'formatted':"
     " 'Ms. Barbara J Jensen III', 'familyName': 'Jensen', 'givenName': 'Barbara'}}",
     NULL},
    /* RFC 7643, 8.3: everything, with the extension; readOnly and password are not taken */
    {"{'schemas': ['" CORE "', '" EXT "'], 'id': '2819c223', 'externalId': '701984', 'userName': 'bjensen@example.com',"
     " 'name': {'formatted': 'Ms. Barbara J Jensen, III', 'familyName': 'Jensen', 'givenName': 'Barbara', 'middleName':"
     " 'Jane', 'honorificPrefix': 'Ms.', 'honorificSuffix': 'III'}, 'profileUrl': 'https://login.example.com/bjensen',"
     " 'emails': [{'value': 'bjensen@example.com', 'type': 'work', 'primary': true}, {'value': 'babs@jensen.org'}],"
     " 'addresses': [{'streetAddress': '100 Universal City Plaza', 'locality': 'Hollywood', 'type': 'work', 'primary':"
     " true}], 'ims': [{'value': 'someaimhandle', 'type': 'aim'}], 'photos': [{'value': "
     "'https://photos.example.com/F'}],"
     " 'preferredLanguage': 'en-US', 'active': true, 'password': 't1meMa$heen', 'groups': [{'value': 'e9e30dba'}],"
     " 'x509Certificates': [{'value': 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMC=='}], '" EXT
     "': {'employeeNumber': '701984', 'manager': {'value': '26118915', '$ref': '../Users/26118915', 'displayName':"
     " 'John Smith'}}, 'meta': {'resourceType': 'User'}}",
     "{'externalId': '701984', 'userName': 'bjensen@example.com', 'name': {'formatted': 'Ms. Barbara J Jensen, III',"
     " 'familyName': 'Jensen', 'givenName': 'Barbara', 'middleName': 'Jane', 'honorificPrefix': 'Ms.', "
     "'honorificSuffix':"
     " 'III'}, 'profileUrl': 'https://login.example.com/bjensen', 'emails': [{'value': 'bjensen@example.com', 'type':"
     " 'work', 'primary': true}, {'value': 'babs@jensen.org'}], 'addresses': [{'streetAddress':"
     " '100 Universal City Plaza', 'locality': 'Hollywood', 'type': 'work', 'primary': true}], 'ims': [{'value':"
     " 'someaimhandle', 'type': 'aim'}], 'photos': [{'value': 'https://photos.example.com/F'}], 'preferredLanguage':"
     " 'en-US', 'active': true, 'x509Certificates': [{'value':"
     " 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMC=='}], '" EXT "': {'employeeNumber': '701984',"
     " 'manager': {'value': '26118915', '$ref': '../Users/26118915'}}}"},
    /* unknown schemas and attributes */
    {"{'schemas': ['" CORE "', 'urn:okta:custom:2.0:User'], 'userName': 'a', 'urn:okta:custom:2.0:User': {'x': 1},"
     " 'favourite': 'tea', 'emails': [{'value': 'a@b', 'verified': true}]}",
     "{'userName': 'a', 'emails': [{'value': 'a@b'}]}"},
    /* no value */
    {"{'userName': 'a', 'title': null, 'emails': [], 'roles': [null], 'name': {}, 'phoneNumbers': [{}], '" EXT "': {}}",
     "{'userName': 'a'}"},
    /* booleans as text; empty text stays */
    {"{'userName': 'a', 'active': 'False', 'title': '', 'emails': [{'value': 'a', 'primary': 'TRUE'}]}",
     "{'userName': 'a', 'active': false, 'title': '', 'emails': [{'value': 'a', 'primary': true}]}"},
    /* names in another case */
    {"{'Schemas': ['" CORE "'], 'USERNAME': 'a', 'Name': {'FAMILYNAME': 'L'}, 'EMAILS': [{'VALUE': 'a@b'}],"
     " 'urn:ietf:params:scim:schemas:EXTENSION:enterprise:2.0:User': {'Department': 'D'}}",
     "{'userName': 'a', 'name': {'familyName': 'L'}, 'emails': [{'value': 'a@b'}], '" EXT "': {'department': 'D'}}"},
    /* manager as a bare text */
    {"{'userName': 'a', '" EXT "': {'manager': '26118915'}}",
     "{'userName': 'a', '" EXT "': {'manager': {'value': '26118915'}}}"},
    {"{'userName': 'a', '" EXT "': {'manager': ''}}", "{'userName': 'a'}"},
};

static void without_schemas(json_t *resource)
{
    json_object_del(resource, "schemas");
}

START_TEST(what_is_sent_is_kept_as_it_is)
{
    json_auto_t *resource = js(good[_i].sent), *wanted = js(good[_i].kept ? good[_i].kept : good[_i].sent);
    ck_assert_msg(scim_resource_check(&scim_users, SCIM_SENT, resource, &error) == 0, "%s", error.detail);
    json_auto_t *schemas = json_pack("[s]", CORE);
    if (json_object_get(resource, EXT))
        json_array_append_new(schemas, json_string(EXT));
    ck_assert_msg(json_equal(json_object_get(resource, "schemas"), schemas), "%s", good[_i].sent);
    without_schemas(resource);
    without_schemas(wanted);
    char *told = json_dumps(resource, 0);
    ck_assert_msg(json_equal(resource, wanted), "%s", told);
    free(told);
}
END_TEST

static const struct {
    const char *sent, *type;
} refused[] = {
    {"{}", "invalidValue"},
    {"{'userName': ''}", "invalidValue"},
    {"{'userName': null}", "invalidValue"},
    {"{'userName': 5}", "invalidValue"},
    {"{'userName': ['a']}", "invalidValue"},
    {"{'userName': 'a', 'title': 5}", "invalidValue"},
    {"{'userName': 'a', 'title': ['x']}", "invalidValue"},
    {"{'userName': 'a', 'active': 1}", "invalidValue"},
    {"{'userName': 'a', 'active': 'yes'}", "invalidValue"},
    {"{'userName': 'a', 'name': 'Ann'}", "invalidValue"},
    {"{'userName': 'a', 'name': ['Ann']}", "invalidValue"},
    {"{'userName': 'a', 'emails': 'a@b'}", "invalidValue"},
    {"{'userName': 'a', 'emails': {'value': 'a@b'}}", "invalidValue"},
    {"{'userName': 'a', 'emails': ['a@b']}", "invalidValue"},
    {"{'userName': 'a', 'emails': [{'value': 5}]}", "invalidValue"},
    {"{'userName': 'a', 'emails': [{'value': 'a', 'primary': true}, {'value': 'b', 'primary': 'true'}]}",
     "invalidValue"},
    {"{'userName': 'a', 'x509Certificates': [{'value': 'not base64!'}]}", "invalidValue"},
    {"{'userName': 'a', '" EXT "': 'x'}", "invalidValue"},
    {"{'userName': 'a', '" EXT "': {'manager': 5}}", "invalidValue"},
    {"{'userName': 'a', 'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group']}", "invalidValue"},
    {"{'userName': 'a', 'schemas': '" CORE "'}", "invalidValue"},
    {"{'userName': 'a', 'schemas': [5]}", "invalidValue"},
    {"{'userName': 'a', 'USERNAME': 'b'}", "invalidSyntax"},
    {"{'USERNAME': 'b', 'userName': 'a'}", "invalidSyntax"},
    {"{'userName': 'a', 'name': {'familyName': 'a', 'FamilyName': 'b'}}", "invalidSyntax"},
};

START_TEST(what_cannot_be_kept_is_refused)
{
    json_auto_t *resource = js(refused[_i].sent);
    ck_assert_msg(scim_resource_check(&scim_users, SCIM_SENT, resource, &error) == -1, "%s", refused[_i].sent);
    expect_error(400, refused[_i].type, refused[_i].sent);
}
END_TEST

/* RFC 7643, 8.4, and what is no group. */
START_TEST(a_group_has_a_name_and_members)
{
    static const struct {
        const char *sent, *kept; /* NULL: refused */
    } some[] = {
        {"{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'id': 'e9e30dba', 'displayName': 'Tour Guides',"
         " 'members': [{'value': '2819c223', '$ref': 'https://example.com/v2/Users/2819c223', 'display': 'Babs Jensen'},"
         " {'value': '902c246b', 'type': 'Group'}], 'meta': {'resourceType': 'Group'}}",
         "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'displayName': 'Tour Guides', 'members': [{'value':"
         " '2819c223', '$ref': 'https://example.com/v2/Users/2819c223', 'display': 'Babs Jensen'}, {'value': '902c246b',"
         " 'type': 'Group'}]}"},
        {"{'displayName': 'G', 'members': []}",
         "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'displayName': 'G'}"},
        {"{'members': []}", NULL},
        {"{'displayName': ''}", NULL},
        {"{'displayName': 'G', 'members': ['2819c223']}", NULL},
        {"{'displayName': 'G', 'members': [{}]}", NULL},
        {"{'displayName': 'G', 'members': [null]}", NULL},
        {"{'displayName': 'G', 'members': [{'value': null}]}", NULL},
        {"{'displayName': 'G', 'members': [{'value': '1'}, {'unknown': 1}]}", NULL},
        {"{'displayName': 'G', 'members': [{'value': 5}]}", NULL},
        {"{'displayName': 'G', 'members': {'value': '2819c223'}}", NULL},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        json_auto_t *group = js(some[i].sent);
        int status = scim_resource_check(&scim_groups, SCIM_SENT, group, &error);
        ck_assert_msg((status == 0) == (some[i].kept != NULL), "%s", some[i].sent);
        if (some[i].kept)
            expect_json(group, some[i].kept, some[i].sent);
        else
            expect_error(400, "invalidValue", some[i].sent);
    }
}
END_TEST

START_TEST(what_a_service_answers_keeps_what_only_it_may_set)
{
    json_auto_t *answer = js("{'id': '1', 'meta': {'created': '2010-01-23T04:56:22Z', 'version': 'x'}, 'USERNAME': 'a',"
                             " 'password': 'x', 'groups': [{'value': 'g'}], 'active': 'True', 'other': 1}");
    ck_assert_msg(scim_resource_check(&scim_users, SCIM_ANSWERED, answer, &error) == 0, "%s", error.detail);
    expect_json(answer,
                "{'id': '1', 'meta': {'created': '2010-01-23T04:56:22Z', 'version': 'x'}, 'userName': 'a', 'groups':"
                " [{'value': 'g'}], 'active': true, 'schemas': ['" CORE "']}",
                "answer");
    json_auto_t *wrong = js("{'id': 5}"), *when = js("{'id': '1', 'meta': {'created': 'today'}}");
    ck_assert_int_eq(scim_resource_check(&scim_users, SCIM_ANSWERED, wrong, &error), -1);
    ck_assert_int_eq(scim_resource_check(&scim_users, SCIM_ANSWERED, when, &error), -1);
    expect_error(400, "invalidValue", "meta.created");
}
END_TEST

START_TEST(an_own_extension_has_its_own_rules)
{
    json_auto_t *definition =
        js("{'id': 'urn:example:own:1.0:User', 'name': 'Own', 'attributes': [{'name': 'badge', 'type':"
           " 'string', 'mutability': 'immutable', 'required': true}, {'name': 'level', 'type':"
           " 'integer'}, {'name': 'load', 'type': 'decimal'}, {'name': 'since', 'type': 'dateTime'},"
           " {'name': 'tags', 'type': 'string', 'multiValued': true}, {'name': 'box', 'type':"
           " 'complex'}]}");
    const struct scim_schema *own = NULL;
    ck_assert_int_eq(scim_schema_read(pool, definition, &own, &error), 0);
    const struct scim_resource_type *type = scim_type_extend(pool, &scim_users, own, true);
    static const struct {
        const char *values;
        bool accepted;
    } some[] = {
        {"{'badge': 'b', 'level': 9, 'load': 0.5, 'since': '2011-05-13T04:42:34Z', 'tags': ['a'], 'box': {'x': [1]}}",
         true},
        {"{'level': 9}", false},
        {"{'badge': 'b', 'level': 9.5}", false},
        {"{'badge': 'b', 'level': '9'}", false},
        {"{'badge': 'b', 'load': true}", false},
        {"{'badge': 'b', 'since': '2011'}", false},
        {"{'badge': 'b', 'tags': [1]}", false},
        {"{'badge': 'b', 'tags': 'a'}", false},
        {"null", false},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        json_auto_t *resource =
            json_pack("{s:s, s:o}", "userName", "a", "urn:example:own:1.0:User", js(some[i].values));
        int status = scim_resource_check(type, SCIM_SENT, resource, &error);
        ck_assert_msg((status == 0) == some[i].accepted, "%s: %s", some[i].values, error.detail);
    }
    json_auto_t *old = json_pack("{s:{s:s}}", "urn:example:own:1.0:User", "badge", "b");
    json_auto_t *same = json_deep_copy(old), *other = json_pack("{s:{s:s}}", "urn:example:own:1.0:User", "badge", "c");
    ck_assert_int_eq(scim_resource_agrees(type, old, same, &error), 0);
    ck_assert_int_eq(scim_resource_agrees(type, old, other, &error), -1);
    expect_error(400, "mutability", "badge");
}
END_TEST

/*
 * --- JSON and errors
 * ---------------------------------------------------------------------------------------------------------
 */

START_TEST(json_is_measured_before_it_is_parsed)
{
    static const struct {
        const char *text;
        int status;
    } some[] = {
        {"", 400},
        {"[]", 400},
        {"5", 400},
        {"{", 400},
        {"{} {}", 400},
        {"{\"a\": 1, \"a\": 2}", 400},
        {"{\"a\": \"\\u0000\"}", 400},
        {"{\"a\": \"\xff\"}", 400},
        {"{\"a\": 99999999999999999999}", 400},
        {"<html>", 400},
        {"{\"a\": 1e999}", 400},
        {"{\"a\": \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}", 0},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        json_auto_t *value = NULL;
        int status = scim_json_load(span_str(some[i].text), SCIM_MESSAGE_MAX, &value, &error);
        ck_assert_msg((status == 0) == (some[i].status == 0), "%s", some[i].text);
        if (status != 0)
            expect_error(400, "invalidSyntax", some[i].text);
    }
}
END_TEST

START_TEST(json_is_as_deep_and_large_as_the_limits_and_no_more)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    json_auto_t *value = NULL;
    for (size_t depth = SCIM_JSON_DEPTH; depth <= 100000; depth = depth == SCIM_JSON_DEPTH ? depth + 1 : depth * 10) {
        buf_clear(&text);
        buf_adds(&text, "{\"a\":");
        for (size_t i = 1; i < depth; i++)
            buf_addc(&text, '[');
        for (size_t i = 1; i < depth; i++)
            buf_addc(&text, ']');
        buf_addc(&text, '}');
        json_auto_t *deep = NULL;
        int status = scim_json_load((struct span){text.data, text.len}, SCIM_MESSAGE_MAX, &deep, &error);
        ck_assert_msg((status == 0) == (depth <= SCIM_JSON_DEPTH), "%zu", depth);
    }
    expect_error(400, "invalidSyntax", "depth");
    buf_clear(&text);
    buf_adds(&text, "{\"a\":[");
    for (size_t i = 0; i < SCIM_NODES_MAX; i++)
        buf_adds(&text, "0,");
    buf_adds(&text, "0]}");
    ck_assert_int_eq(scim_json_load((struct span){text.data, text.len}, SCIM_MESSAGE_MAX, &value, &error), -1);
    expect_error(413, NULL, "values");
    ck_assert_int_eq(scim_json_load(span_str("{\"a\":1}"), 6, &value, &error), -1);
    expect_error(413, NULL, "bytes");
}
END_TEST

START_TEST(an_error_is_said_and_understood)
{
    struct scim_error read = SCIM_ERROR_INIT;
    struct err err = ERR_INIT;
    scim_error_set(&error, SCIM_WRONG_MUTABILITY, "Attribute 'id' is readOnly");
    json_auto_t *told = scim_error_json(&error);
    expect_json(told,
                "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:Error'], 'scimType': 'mutability', 'detail':"
                " 'Attribute \\u0027id\\u0027 is readOnly', 'status': '400'}",
                "RFC 7644, 3.12");
    ck_assert(scim_error_read(told, 400, &read));
    ck_assert_str_eq(read.type, "mutability");
    scim_error_set(&error, SCIM_WRONG_NOT_FOUND, "Resource 2819c223 not found");
    json_auto_t *missing = scim_error_json(&error);
    ck_assert(!json_object_get(missing, "scimType"));
    ck_assert(scim_error_err(&error, &err) == -1 && err.kind == ERR_NOT_FOUND);
    json_auto_t *html = js("{'message': 'oops'}"),
                *strange = js("{'schemas': ['" SCIM_ERROR_URN "'], 'scimType': 'odd',"
                              " 'detail': '\\u001b[31m', 'status': 409}");
    ck_assert(!scim_error_read(html, 500, &read) && read.status == 500);
    ck_assert(scim_error_read(strange, 503, &read) && read.status == 503 && !read.type);
    ck_assert(text_is_clean(span_str(read.detail)));
    /* Whatever is quoted can be shown, however long. */
    char noise[3000];
    memset(noise, '\xc3', sizeof noise - 1);
    noise[sizeof noise - 1] = '\0';
    scim_error_set(&error, SCIM_WRONG_VALUE, "%s", noise);
    ck_assert(text_is_clean(span_str(error.detail)) && strlen(error.detail) < SCIM_DETAIL_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_schema");
    TCase *tc = tcase_create("schema");
    tcase_add_checked_fixture(tc, scim_setup, scim_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, schemas_say_what_the_rfc_says, 0, sizeof facts / sizeof *facts);
    tcase_add_test(tc, a_schema_comes_back_from_its_json);
    tcase_add_test(tc, a_schema_of_somebody_else_is_read_with_care);
    tcase_add_test(tc, resource_types_list_their_extensions);
    tcase_add_test(tc, features_are_said_and_understood);
    tcase_add_loop_test(tc, what_is_sent_is_kept_as_it_is, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tc, what_cannot_be_kept_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tc, a_group_has_a_name_and_members);
    tcase_add_test(tc, what_a_service_answers_keeps_what_only_it_may_set);
    tcase_add_test(tc, an_own_extension_has_its_own_rules);
    tcase_add_test(tc, json_is_measured_before_it_is_parsed);
    tcase_add_test(tc, json_is_as_deep_and_large_as_the_limits_and_no_more);
    tcase_add_test(tc, an_error_is_said_and_understood);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
