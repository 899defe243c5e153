/*
 * scim: what is shown (RFC 7644, 3.9), in which order (3.4.2.3), which page (3.4.2.4; RFC 9865), which version (3.14).
 */
#include "scim_suite.h"

#include "base/cleanup.h"
#include "scim/etag.h"
#include "scim/limits.h"
#include "scim/query.h"

#define EXT "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/*
 * --- projections
 * -----------------------------------------------------------------------------------------------------------
 */

static const char person[] = "{'schemas': ['x'], 'id': '1', 'userName': 'ann', 'password': 'never', 'name': "
                             "{'familyName': 'Lee', 'givenName': 'A'},"
                             " 'emails': [{'value': 'a@w', 'type': 'work'}, {'type': 'home'}], '" EXT
                             "': {'department': 'D', 'manager': {'value':"
                             " '9', 'displayName': 'Z'}}, 'meta': {'resourceType': 'User', 'version': 'v'}}";

static const struct {
    const char *only, *except, *shown;
} projections[] = {
    {NULL, NULL,
     "{'schemas': ['x'], 'id': '1', 'userName': 'ann', 'name': {'familyName': 'Lee', 'givenName': 'A'}, 'emails':"
     " [{'value': 'a@w', 'type': 'work'}, {'type': 'home'}], '" EXT "': {'department': 'D', 'manager': {'value': '9',"
     " 'displayName': 'Z'}}, 'meta': {'resourceType': 'User', 'version': 'v'}}"},
    {"userName", NULL, "{'schemas': ['x'], 'id': '1', 'userName': 'ann'}"},
    {"USERNAME,nothing", NULL, "{'schemas': ['x'], 'id': '1', 'userName': 'ann'}"},
    {"nothing", NULL, "{'schemas': ['x'], 'id': '1'}"},
    {"password", NULL, "{'schemas': ['x'], 'id': '1'}"},
    {"id", NULL, "{'schemas': ['x'], 'id': '1'}"},
    {"name.familyName, emails.value", NULL,
     "{'schemas': ['x'], 'id': '1', 'name': {'familyName': 'Lee'}, 'emails': [{'value': 'a@w'}]}"},
    {"name.familyName,name", NULL, "{'schemas': ['x'], 'id': '1', 'name': {'familyName': 'Lee', 'givenName': 'A'}}"},
    {EXT, NULL,
     "{'schemas': ['x'], 'id': '1', '" EXT "': {'department': 'D', 'manager': {'value': '9', 'displayName': 'Z'}}}"},
    {EXT ":department", NULL, "{'schemas': ['x'], 'id': '1', '" EXT "': {'department': 'D'}}"},
    {EXT ":manager.value", NULL, "{'schemas': ['x'], 'id': '1', '" EXT "': {'manager': {'value': '9'}}}"},
    {"urn:ietf:params:scim:schemas:core:2.0:User:userName", NULL, "{'schemas': ['x'], 'id': '1', 'userName': 'ann'}"},
    {NULL, "emails,name,meta," EXT, "{'schemas': ['x'], 'id': '1', 'userName': 'ann'}"},
    {NULL, "id,schemas,emails,name.givenName,meta.version," EXT ":manager",
     "{'schemas': ['x'], 'id': '1', 'userName': 'ann', 'name': {'familyName': 'Lee'}, '" EXT
     "': {'department': 'D'}, 'meta': {'resourceType': 'User'}}"},
    {NULL, "emails.value,name.givenName,name.familyName,meta," EXT,
     "{'schemas': ['x'], 'id': '1', 'userName': 'ann', 'emails': [{'type': 'work'}, {'type': 'home'}]}"},
    {" ", "", NULL},
};

START_TEST(an_answer_shows_what_was_asked_for)
{
    struct scim_projection p;
    const char *wanted = projections[_i].shown ? projections[_i].shown : projections[0].shown;
    ck_assert_int_eq(scim_projection_read(pool, &scim_users, span_str(projections[_i].only),
                                          span_str(projections[_i].except), &p, &error),
                     0);
    json_auto_t *resource = js(person), *copy = json_deep_copy(resource), *shown = scim_project(&p, resource);
    expect_json(shown, wanted, projections[_i].only ? projections[_i].only : "usual");
    ck_assert(json_equal(resource, copy));
}
END_TEST

START_TEST(a_store_learns_what_it_has_to_load)
{
    static const struct {
        const char *only, *except;
        bool members;
    } some[] = {{NULL, NULL, true},
                {NULL, "members", false},
                {"displayName", NULL, false},
                {"members", NULL, true},
                {"members.value", NULL, true},
                {NULL, "displayName", true},
                {NULL, "members.display", true}};
    const struct scim_attr *members = scim_type_attr(&scim_groups, span_str("members"));
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct scim_projection p;
        ck_assert_int_eq(
            scim_projection_read(pool, &scim_groups, span_str(some[i].only), span_str(some[i].except), &p, &error), 0);
        ck_assert_msg(scim_projection_has(&p, NULL, members) == some[i].members, "%zu", i);
    }
    struct scim_projection p;
    ck_assert_int_eq(scim_projection_read(pool, &scim_users, span_str("a"), span_str("b"), &p, &error), -1);
    expect_error(400, "invalidValue", "both");
    char many[4 * SCIM_NAMES_MAX];
    memset(many, ',', sizeof many);
    ck_assert_int_eq(
        scim_projection_read(pool, &scim_users, (struct span){many, sizeof many}, (struct span){0}, &p, &error), -1);
}
END_TEST

START_TEST(characteristics_decide_what_is_never_always_or_on_request_shown)
{
    static const struct scim_attr subs[] = {
        {.name = "a"}, {.name = "hidden", .returned = SCIM_NEVER}, {.name = "asked", .returned = SCIM_ON_REQUEST}};
    static const struct scim_attr attrs[] = {{.name = "secret", .returned = SCIM_NEVER},
                                             {.name = "badge", .returned = SCIM_ALWAYS},
                                             {.name = "history", .returned = SCIM_ON_REQUEST},
                                             {.name = "box", .type = SCIM_COMPLEX, .subs = subs, .nsubs = 3}};
    static const struct scim_schema own = {"urn:example:own:1.0:User", "Own", "", attrs, 4};
    const struct scim_resource_type *type = scim_type_extend(pool, &scim_users, &own, false);
    static const struct {
        const char *only, *except, *shown;
    } some[] = {
        {NULL, NULL, "{'badge': 'b', 'box': {'a': 1}}"},
        {"userName", NULL, "{'badge': 'b'}"},
        {"urn:example:own:1.0:User:history,urn:example:own:1.0:User:secret", NULL, "{'badge': 'b', 'history': 'h'}"},
        {"urn:example:own:1.0:User:box.asked", NULL, "{'badge': 'b', 'box': {'asked': 3}}"},
        {NULL, "urn:example:own:1.0:User", "{'badge': 'b'}"},
        {NULL, "urn:example:own:1.0:User:box.a", "{'badge': 'b'}"},
    };
    json_auto_t *resource =
        js("{'urn:example:own:1.0:User': {'secret': 's', 'badge': 'b', 'history': 'h', 'box': {'a': 1,"
           " 'hidden': 2, 'asked': 3}}}");
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct scim_projection p;
        ck_assert_int_eq(scim_projection_read(pool, type, span_str(some[i].only), span_str(some[i].except), &p, &error),
                         0);
        json_auto_t *shown = scim_project(&p, resource);
        expect_json(json_object_get(shown, "urn:example:own:1.0:User"), some[i].shown, pool_printf(pool, "%zu", i));
    }
}
END_TEST

/*
 * --- order
 * ------------------------------------------------------------------------------------------------------------------
 */

static const char *const people[] = {
    "{'id': '1', 'userName': 'bob', 'active': true, 'meta': {'created': '2011-05-13T04:42:34Z'}, 'emails': [{'value': "
    "'z@x'},"
    " {'value': 'A@x', 'primary': true}]}",
    "{'id': '2', 'userName': 'Ann', 'title': 'b', 'active': false, 'meta': {'created': '2011-05-13T05:42:33+01:00'}, "
    "'emails':"
    " [{'value': 'm@x'}]}",
    "{'id': '3', 'userName': '\u00c4nne', 'title': 'A', 'meta': {'created': '2010-05-13T04:42:34Z'}}",
    "{'id': '4', 'userName': 'ANN'}",
};

static const struct {
    const char *by, *order, *ids;
} orders[] = {
    {NULL, NULL, "1234"},
    {NULL, "descending", "1234"},
    {"userName", NULL, "2413"},
    {"userName", "ascending", "2413"},
    {"USERNAME", "Descending", "3124"},
    {"title", NULL, "3214"},
    {"title", "descending", "1423"},
    {"emails", NULL, "1234"},
    {"emails.value", "descending", "3421"},
    {"meta.created", NULL, "3214"},
    {"id", "descending", "4321"},
    {"active", "ascending", "2134"},
    {"name.familyName", "ascending", "1234"},
};

START_TEST(resources_come_in_order)
{
    struct scim_order order;
    json_t *resources[4];
    char ids[5] = "";
    ck_assert_int_eq(scim_order_read(&scim_users, span_str(orders[_i].by), span_str(orders[_i].order), &order, &error),
                     0);
    for (size_t i = 0; i < 4; i++)
        resources[i] = js(people[i]);
    scim_order_sort(pool, &order, resources, 4);
    for (size_t i = 0; i < 4; i++) {
        ids[i] = *json_string_value(json_object_get(resources[i], "id"));
        json_decref(resources[i]);
    }
    ck_assert_msg(strcmp(ids, orders[_i].ids) == 0, "%s %s: %s", orders[_i].by, orders[_i].order, ids);
}
END_TEST

START_TEST(what_has_no_order_is_refused)
{
    struct scim_order order;
    static const char *const none[] = {"nothing", "name", "addresses", EXT, "name.nothing", ""};
    for (size_t i = 0; i + 1 < sizeof none / sizeof *none; i++) {
        ck_assert_msg(scim_order_read(&scim_users, span_str(none[i]), (struct span){0}, &order, &error) == -1, "%s",
                      none[i]);
        expect_error(400, "invalidPath", none[i]);
    }
    ck_assert_int_eq(scim_order_read(&scim_users, span_str("id"), span_str("up"), &order, &error), -1);
    expect_error(400, "invalidValue", "up");
}
END_TEST

/*
 * --- pages
 * ----------------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *start, *count, *cursor;
    bool by_cursor_usually, by_cursor;
    size_t from, n;
    const char *type; /* of the error; NULL: none */
} pages[] = {
    {NULL, NULL, NULL, false, false, 1, 100, NULL},
    {"1", "10", NULL, false, false, 1, 10, NULL},
    {"11", "10", NULL, false, false, 11, 10, NULL},
    {"0", "10", NULL, false, false, 1, 10, NULL},
    {"-5", "10", NULL, false, false, 1, 10, NULL},
    {"1", "0", NULL, false, false, 1, 0, NULL},
    {"1", "-1", NULL, false, false, 1, 0, NULL},
    {"1", "99999999999999999999999", NULL, false, false, 1, 1000, NULL},
    {"99999999999999999999999", NULL, NULL, false, false, 1000000000000009, 100, ""},
    {"x", NULL, NULL, false, false, 0, 0, "invalidValue"},
    {"", NULL, NULL, false, false, 0, 0, "invalidValue"},
    {"-", NULL, NULL, false, false, 0, 0, "invalidValue"},
    {"1.5", NULL, NULL, false, false, 0, 0, "invalidValue"},
    {"1", "ten", NULL, false, false, 0, 0, "invalidValue"},
    /* RFC 9865 */
    {NULL, NULL, "", false, true, 1, 100, NULL},
    {NULL, "10", "", false, true, 1, 10, NULL},
    {NULL, "10", "VZUTiyhEQJ94IR", false, true, 1, 10, NULL},
    {NULL, "10", NULL, true, true, 1, 10, NULL},
    {"1", "10", NULL, true, false, 1, 10, NULL},
    {NULL, "0", "", false, true, 1, 0, NULL},
    {NULL, "5000", "", false, true, 1, 1000, NULL},
    {NULL, "-1", "", false, true, 0, 0, "invalidCount"},
    {NULL, "ten", "", false, true, 0, 0, "invalidCount"},
    {NULL, "10", "a/b", false, true, 0, 0, "invalidCursor"},
    {NULL, "10", "\xff", false, true, 0, 0, "invalidCursor"},
    {"1", "10", "abc", false, false, 0, 0, "invalidValue"},
};

START_TEST(a_page_is_what_was_asked_for_within_reason)
{
    struct scim_page page;
    const char *type = pages[_i].type;
    int status = scim_page_read(span_str(pages[_i].start), span_str(pages[_i].count), span_str(pages[_i].cursor), 100,
                                1000, pages[_i].by_cursor_usually, &page, &error);
    if (type && *type) {
        ck_assert_int_eq(status, -1);
        expect_error(400, type, "page");
        return;
    }
    ck_assert_msg(status == 0, "%d: %s", _i, error.detail);
    ck_assert_int_eq(page.by_cursor, pages[_i].by_cursor);
    ck_assert_int_eq(page.count, pages[_i].n);
    if (type)
        ck_assert(page.start >= 1000000000000000);
    else
        ck_assert_int_eq(page.start, pages[_i].from);
    ck_assert(!page.by_cursor || span_eq(page.cursor, span_str(pages[_i].cursor ? pages[_i].cursor : "")));
}
END_TEST

START_TEST(a_listing_says_where_it_is)
{
    struct scim_list read;
    struct scim_page by_index = {.start = 1, .count = 10}, by_cursor = {.by_cursor = true, .start = 1, .count = 2};
    json_auto_t *none = scim_list_json(&by_index, 0, json_array(), NULL, NULL);
    expect_json(
        none,
        "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], 'totalResults': 0, 'itemsPerPage': 0,"
        " 'startIndex': 1, 'Resources': []}",
        "nothing matches");
    json_auto_t *some = scim_list_json(&by_cursor, -1, js("[{'id': '1'}, {'id': '2'}]"), "n.e-x_t~", "prev");
    expect_json(some,
                "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], 'itemsPerPage': 2, 'nextCursor':"
                " 'n.e-x_t~', 'previousCursor': 'prev', 'Resources': [{'id': '1'}, {'id': '2'}]}",
                "by cursor");
    ck_assert_int_eq(scim_list_read(none, &read, &error), 0);
    ck_assert(read.total == 0 && read.start == 1 && json_array_size(read.resources) == 0 && !read.next);
    ck_assert_int_eq(scim_list_read(some, &read, &error), 0);
    ck_assert(read.total == -1 && json_array_size(read.resources) == 2 && strcmp(read.next, "n.e-x_t~") == 0);
    static const char *const lies[] = {
        "{}",
        "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:Error']}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': -1}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': '5'}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 0, 'Resources': [{}]}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 1, 'Resources': {}}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 1, 'startIndex': 1.5}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 1, 'nextCursor': 5}",
        "{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 1, 'nextCursor': 'a&b'}",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        json_auto_t *body = js(lies[i]);
        ck_assert_msg(scim_list_read(body, &read, &error) == -1, "%s", lies[i]);
        expect_error(400, "invalidValue", lies[i]);
    }
    json_auto_t *sparse =
        js("{'schemas': ['" SCIM_LIST_URN "'], 'totalResults': 0, 'Resources': null, 'nextCursor': ''}");
    ck_assert_int_eq(scim_list_read(sparse, &read, &error), 0);
    ck_assert(!read.resources && !read.next);
}
END_TEST

START_TEST(a_search_request_is_a_query_in_json)
{
    struct scim_params params;
    struct scim_query query;
    json_auto_t *search =
        js("{'schemas': ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'], 'attributes': ['displayName',"
           " 'userName'], 'filter': 'displayName sw smith', 'sortBy': 'userName', 'sortOrder': 'descending',"
           " 'startIndex': 1, 'count': 10}");
    ck_assert_int_eq(scim_params_search(pool, search, &params, &error), 0);
    ck_assert(span_eq(params.attributes, span_str("displayName,userName")));
    ck_assert_int_eq(scim_query_read(pool, &scim_users, &params, false, &query, &error), 0);
    ck_assert(query.filter->op == SCIM_SW && query.page.start == 1 && query.page.count == 10 &&
              query.order.descending && query.projection.n == 2);
    static const char *const strange[] = {"{'attributes': [5]}", "{'filter': {}}",           "{'count': true}",
                                          "{'count': 1.5}",      "{'schemas': ['urn:x:y']}", "{'sortBy': []}"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        json_auto_t *body = js(strange[i]);
        ck_assert_msg(scim_params_search(pool, body, &params, &error) == -1, "%s", strange[i]);
    }
    struct scim_params all = {0};
    ck_assert_int_eq(scim_query_read(pool, &scim_groups, &all, false, &query, &error), 0);
    ck_assert(!query.filter && !query.order.asked && query.page.count == SCIM_PAGE_DEFAULT);
    static const struct scim_params bad[] = {{.filter = {"x", 1}}, {.sort_by = {"x", 1}}, {.count = {"x", 1}}};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(scim_query_read(pool, &scim_groups, &bad[i], false, &query, &error), -1);
}
END_TEST

/*
 * --- versions
 * ---------------------------------------------------------------------------------------------------------------
 */

#define TAG "W/\"a330bc54f0671c9\""

static const struct {
    const char *match, *none_match, *etag;
    bool read;
    enum scim_condition is;
} conditions[] = {
    {NULL, NULL, TAG, true, SCIM_PROCEED},
    {NULL, TAG, TAG, true, SCIM_NOT_MODIFIED},
    {NULL, "W/\"other\"", TAG, true, SCIM_PROCEED},
    {NULL, "\"a330bc54f0671c9\"", TAG, true, SCIM_NOT_MODIFIED},
    {NULL, "W/\"x\", " TAG, TAG, true, SCIM_NOT_MODIFIED},
    {NULL, "*", TAG, true, SCIM_NOT_MODIFIED},
    {NULL, "*", NULL, true, SCIM_PROCEED},
    {NULL, TAG, TAG, false, SCIM_PRECONDITION_FAILED},
    {TAG, NULL, TAG, false, SCIM_PROCEED},
    {"W/\"other\"", NULL, TAG, false, SCIM_PRECONDITION_FAILED},
    {"\"x\",\"a330bc54f0671c9\"", NULL, TAG, false, SCIM_PROCEED},
    {"*", NULL, TAG, false, SCIM_PROCEED},
    {"*", NULL, NULL, false, SCIM_PRECONDITION_FAILED},
    {"", NULL, TAG, false, SCIM_PRECONDITION_FAILED},
    {"a330bc54f0671c9", NULL, TAG, false, SCIM_PRECONDITION_FAILED},
    {"W/\"a330bc54f0671c9", NULL, TAG, false, SCIM_PRECONDITION_FAILED},
    {"W/", NULL, TAG, false, SCIM_PRECONDITION_FAILED},
    {TAG, TAG, TAG, true, SCIM_NOT_MODIFIED},
};

START_TEST(conditions_are_kept)
{
    ck_assert_int_eq(scim_etag_check(span_str(conditions[_i].match), span_str(conditions[_i].none_match),
                                     conditions[_i].etag, conditions[_i].read),
                     conditions[_i].is);
    ck_assert_str_eq(scim_etag(pool, "a330bc54f0671c9"), TAG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_listing");
    TCase *tc = tcase_create("listing");
    tcase_add_checked_fixture(tc, scim_setup, scim_teardown);
    tcase_add_loop_test(tc, an_answer_shows_what_was_asked_for, 0, sizeof projections / sizeof *projections);
    tcase_add_test(tc, a_store_learns_what_it_has_to_load);
    tcase_add_test(tc, characteristics_decide_what_is_never_always_or_on_request_shown);
    tcase_add_loop_test(tc, resources_come_in_order, 0, sizeof orders / sizeof *orders);
    tcase_add_test(tc, what_has_no_order_is_refused);
    tcase_add_loop_test(tc, a_page_is_what_was_asked_for_within_reason, 0, sizeof pages / sizeof *pages);
    tcase_add_test(tc, a_listing_says_where_it_is);
    tcase_add_test(tc, a_search_request_is_a_query_in_json);
    tcase_add_loop_test(tc, conditions_are_kept, 0, sizeof conditions / sizeof *conditions);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
