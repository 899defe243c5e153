/*
 * connectors/scim: how changes go out where a service has no PATCH (rewrite.c), or bulk (bulk_answer.c), and what is learned of it
 * (manner.c); without a network.
 */
#include <check.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/bulk_answer.h"
#include "connectors/scim/manner.h"
#include "connectors/scim/rewrite.h"
#include "suite.h"

#define BASE "https://api.example.net/scim/v2"

/* --- written as a whole ----------------------------------------------------------------------------------------- */

static struct scim_map *map;
static struct scim_request patch, whole;
static struct http_reply *reply;
static struct err err;

static void setup(void)
{
    size_t row;
    ck_assert_int_eq(scim_map_new(NULL, &map, &row, &err), 0);
    patch = whole = (struct scim_request)SCIM_REQUEST_INIT;
    reply = mem_zero(sizeof *reply);
    reply->status = 200;
}

static void teardown(void)
{
    scim_request_release(&patch);
    scim_request_release(&whole);
    scim_map_free(&map);
    buf_release(&reply->body);
    free(reply);
}

static void rewrite(const char *there)
{
    buf_adds(&reply->body, there);
    int r = scim_rewrite(map, &patch, reply, &whole, &err);
    ck_assert_msg(r == 0, "%s", err.text);
}

/* NULL: there is nothing to be written. */
static void writes(const char *body)
{
    if (!body) {
        ck_assert_ptr_null(whole.method);
        return;
    }
    ck_assert_str_eq(whole.method, "PUT");
    ck_assert_str_eq(buf_str(&whole.url), buf_str(&patch.url));
    json_t *want = json_loads(body, 0, NULL), *got = json_loads(buf_str(&whole.body), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(want && json_equal(want, got), "%s\nis not\n%s", buf_str(&whole.body), body);
    json_decref(want);
    json_decref(got);
}

static const char *const two[] = {"b", "c"};

START_TEST(members_come)
{
    scim_change_members(BASE, "7", true, two, 2, &patch);
    rewrite("{\"id\":\"7\",\"externalId\":\"g\",\"displayName\":\"G\",\"members\":[{\"value\":\"a\",\"type\":\"User\"},"
            "{\"value\":\"b\",\"display\":\"B\"}],\"meta\":{\"version\":\"W/\\\"3\\\"\"},\"x\":{\"y\":1}}");
    writes("{\"id\":\"7\",\"externalId\":\"g\",\"displayName\":\"G\",\"members\":[{\"value\":\"a\",\"type\":\"User\"},"
           "{\"value\":\"b\",\"display\":\"B\"},{\"value\":\"c\"}],\"x\":{\"y\":1}}");
    ck_assert_str_eq(buf_str(&whole.version), "W/\"3\"");
}
END_TEST

START_TEST(members_go)
{
    scim_change_members(BASE, "7", false, two, 2, &patch);
    rewrite("{\"id\":\"7\",\"displayName\":\"G\",\"members\":[{\"value\":\"a\"},{\"value\":\"b\"},{\"value\":\"d\"}]}");
    writes("{\"id\":\"7\",\"displayName\":\"G\",\"members\":[{\"value\":\"a\"},{\"value\":\"d\"}]}");
    ck_assert_uint_eq(whole.version.len, 0);
}
END_TEST

START_TEST(nothing_to_be_written)
{
    scim_change_members(BASE, "7", true, two, 2, &patch);
    rewrite("{\"id\":\"7\",\"members\":[{\"value\":\"c\"},{\"value\":\"b\"}]}");
    writes(NULL);
}
END_TEST

START_TEST(nobody_is_left)
{
    scim_change_members(BASE, "7", false, two, 2, &patch);
    rewrite("{\"id\":\"7\",\"members\":[{\"value\":\"c\"},{\"value\":\"b\"}]}");
    writes("{\"id\":\"7\",\"members\":[]}");
}
END_TEST

START_TEST(fifty_thousand_members)
{
    CLEANUP(buf_release) struct buf there = BUF_INIT;
    scim_change_members(BASE, "7", true, two, 2, &patch);
    buf_adds(&there, "{\"id\":\"7\",\"members\":[{\"value\":\"0\"}");
    for (int i = 1; i < 50000; i++)
        buf_printf(&there, ",{\"value\":\"%d\"}", i);
    buf_adds(&there, "]}");
    rewrite(there.data);
    json_t *got = json_loads(buf_str(&whole.body), 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(got, "members")), 50002);
    json_decref(got);
}
END_TEST

/* What others keep in it stays, also in schemas that we do not know. */
START_TEST(accounts)
{
    struct platform_task task = {.person = "e1",
                                 .active = true,
                                 .attr = {[ATTR_USER_NAME] = span_str("ann"), [ATTR_TITLE] = span_str("Architect")}};
    scim_change_user(BASE, "8", map, &task, true, &patch);
    snprintf(reply->etag, sizeof reply->etag, "\"v1\"");
    rewrite("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x:User\"],\"id\":\"8\",\"userName\":"
            "\"Ann\","
            "\"nickName\":\"A\",\"active\":false,\"name\":{\"givenName\":\"Ann\",\"middleName\":\"M\"},"
            "\"urn:x:User\":{\"badge\":5},\"groups\":[{\"value\":\"1\"}],\"meta\":{\"created\":\"x\"}}");
    writes("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x:User\"],\"id\":\"8\",\"userName\":"
           "\"ann\","
           "\"nickName\":\"A\",\"active\":true,\"name\":{\"middleName\":\"M\"},\"title\":\"Architect\","
           "\"urn:x:User\":{\"badge\":5},\"externalId\":\"e1\"}");
    ck_assert_str_eq(buf_str(&whole.version), "\"v1\"");
}
END_TEST

START_TEST(values)
{
    struct platform_task task = {.person = "e1", .assign = PLATFORM_AS_ROLE, .value = "cad"};
    scim_add_value(BASE, "8", &task, &patch);
    rewrite("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x:User\"],\"id\":\"8\",\"userName\":"
            "\"ann\","
            "\"roles\":[{\"value\":\"old\"}],\"urn:x:User\":{\"badge\":5}}");
    writes("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x:User\"],\"id\":\"8\",\"userName\":"
           "\"ann\","
           "\"roles\":[{\"value\":\"old\"},{\"value\":\"cad\"}],\"urn:x:User\":{\"badge\":5}}");
}
END_TEST

static const char *const no_such[] = {
    "",
    "[]",
    "<html>",
    "{\"id\":\"8\",\"members\":[]}",
    "{\"id\":7}",
    "{\"displayName\":\"G\"}",
    "{\"id\":\"ps/7\"}",
    "{\"id\":\"7\",\"id\":\"7\"}",
    "{\"id\":\"7\"",
};

START_TEST(something_else_is_not_written)
{
    scim_change_members(BASE, "7", true, two, 2, &patch);
    buf_adds(&reply->body, no_such[_i]);
    ck_assert_int_eq(scim_rewrite(map, &patch, reply, &whole, &err), -1);
    ck_assert_ptr_null(whole.method);
    ck_assert_ptr_nonnull(strchr(err.text, ';'));
}
END_TEST

/* It goes into a header, where a second line would be a header of the service's own making, or a second request. */
START_TEST(a_version_of_two_lines_is_none)
{
    scim_change_members(BASE, "7", true, two, 2, &patch);
    rewrite("{\"id\":\"7\",\"members\":[],\"meta\":{\"version\":\"W/\\\"1\\\"\\r\\nX-Of: theirs\"}}");
    ck_assert_str_eq(whole.method, "PUT");
    ck_assert_str_eq(buf_str(&whole.version), "");
}
END_TEST

/* --- answers to bulk requests ----------------------------------------------------------------------------------- */

#define N 3
static struct scim_bulk_item items[N];
static struct scim_bulk_answer answer;

static void make_items(void)
{
    static const char *const asked[N][2] = {{"POST", "/Users"}, {"POST", "/Users"}, {"PATCH", "/Users/a%2Fb"}};
    reply = mem_zero(sizeof *reply);
    reply->status = 200;
    for (size_t i = 0; i < N; i++) {
        items[i] = (struct scim_bulk_item){.request.method = asked[i][0]};
        buf_printf(&items[i].request.url, BASE "%s", asked[i][1]);
    }
}

static void drop_items(void)
{
    for (size_t i = 0; i < N; i++)
        scim_request_release(&items[i].request);
    scim_bulk_answer_release(&answer);
    buf_release(&reply->body);
    free(reply);
}

#define ONE "{\"method\":\"POST\",\"bulkId\":\"0\",\"location\":\"" BASE "/Users/1\",\"status\":\"201\"}"
#define TWO "{\"bulkId\":\"1\",\"status\":201,\"response\":{\"id\":\"2\",\"externalId\":\"e2\"}}"
#define THREE                                                                                                          \
    "{\"method\":\"patch\",\"location\":\"/scim/v2/Users/a%2Fb\",\"status\":{\"code\":\"200\"},\"version\":\"W/"       \
    "\\\"1\\\"\"}"

/* clang-format off */
static const struct {
    const char *results;
    long status[N]; /* 0: not known */
    bool lies;
} bulks[] = {
    {ONE "," TWO "," THREE, {201, 201, 200}, false},
    {THREE "," TWO "," ONE, {201, 201, 200}, false},
    {ONE "," THREE, {201, 0, 200}, true},
    {"", {0}, true},
    {ONE "," ONE "," TWO "," THREE, {0, 201, 200}, true},
    {ONE "," TWO "," THREE ",{\"bulkId\":\"3\",\"status\":\"201\"}", {201, 201, 200}, true},
    {ONE "," TWO "," THREE ",{\"status\":\"200\"}", {201, 201, 200}, true},
    {ONE "," THREE ",{\"bulkId\":\"01\",\"status\":\"201\",\"response\":{\"id\":\"2\"}}", {201, 0, 200}, true},
    /* Two get the same id. */
    {ONE "," THREE ",{\"bulkId\":\"1\",\"status\":\"201\",\"response\":{\"id\":\"1\"}}", {0, 0, 200}, true},
    /* Made, but as whom? */
    {ONE "," THREE ",{\"bulkId\":\"1\",\"status\":\"201\"}", {201, 0, 200}, true},
    {ONE "," THREE ",{\"bulkId\":\"1\",\"status\":\"201\",\"location\":\"/Users/3\",\"response\":{\"id\":\"2\"}}", {201, 0, 200}, true},
    /* Of another account, or with another method. */
    {ONE "," TWO ",{\"bulkId\":\"2\",\"location\":\"" BASE "/Users/c\",\"status\":\"200\"}", {201, 201, 0}, true},
    {ONE "," TWO ",{\"bulkId\":\"2\",\"method\":\"DELETE\",\"status\":\"204\"}", {201, 201, 0}, true},
    {ONE "," TWO ",{\"bulkId\":\"2\",\"status\":\"99\"}", {201, 201, 0}, true},
    {ONE "," TWO ",{\"bulkId\":\"2\",\"status\":\"ok\"}", {201, 201, 0}, true},
    {ONE "," TWO ",{\"bulkId\":\"2\"}", {201, 201, 0}, true},
    {ONE "," TWO ",7,null,[]", {201, 201, 0}, true},
    {"{\"bulkId\":\"0\",\"status\":\"409\",\"response\":{\"status\":\"409\",\"scimType\":\"uniqueness\"}}," TWO "," THREE,
     {409, 201, 200}, false},
};
/* clang-format on */

START_TEST(bulk_answers)
{
    buf_printf(&reply->body, "{\"Operations\":[%s]}", bulks[_i].results);
    scim_bulk_answer_read(&answer, BASE, items, N, reply);
    for (size_t i = 0; i < N; i++)
        ck_assert_msg((answer.replies[i] ? answer.replies[i]->status : 0) == bulks[_i].status[i],
                      "%s: operation %zu: %ld", bulks[_i].results, i,
                      answer.replies[i] ? answer.replies[i]->status : 0);
    ck_assert_int_eq(answer.lies, bulks[_i].lies);
}
END_TEST

START_TEST(bulk_answers_have_what_single_ones_have)
{
    buf_adds(&reply->body, "{\"Operations\":[" ONE "," TWO "," THREE "]}");
    scim_bulk_answer_read(&answer, BASE, items, N, reply);
    ck_assert_str_eq(buf_str(&answer.replies[0]->body), "{\"id\":\"1\"}");
    ck_assert_str_eq(buf_str(&answer.replies[1]->body), "{\"id\":\"2\",\"externalId\":\"e2\"}");
    ck_assert_str_eq(answer.replies[2]->etag, "W/\"1\"");
    ck_assert_uint_eq(answer.replies[2]->body.len, 0);
}
END_TEST

static const char *const no_bulk[] = {"", "<html>", "[]", "{}", "{\"Operations\":{}}", "{\"Operations\":[" ONE};

START_TEST(no_bulk_answer)
{
    buf_adds(&reply->body, no_bulk[_i]);
    scim_bulk_answer_read(&answer, BASE, items, N, reply);
    ck_assert(answer.lies);
    for (size_t i = 0; i < N; i++)
        ck_assert_ptr_null(answer.replies[i]);
}
END_TEST

/* --- what is learned -------------------------------------------------------------------------------------------- */

START_TEST(members_at_once)
{
    struct scim_offer offer;
    struct scim_manner m = {.members = 100, .members_most = 100, .may_put = true, .may_bulk = true};
    scim_offer_init(&offer);
    scim_manner_choose(&m, &offer);
    ck_assert_uint_eq(m.bulk, 0);
    ck_assert(!m.put && m.filters);
    for (size_t n = 100; n > 1; n /= 2) { /* somebody among them is too much for it */
        ck_assert_uint_eq(m.members, n);
        scim_manner_trouble(&m, n);
        scim_manner_choose(&m, &offer);
    }
    scim_manner_trouble(&m, 1);
    scim_manner_choose(&m, &offer);
    ck_assert_uint_eq(m.members, 1);
    for (int i = 0; i < 10; i++)
        scim_manner_choose(&m, &offer);
    ck_assert_uint_eq(m.members, 100);
    scim_manner_fewer_members(&m, 10);
    scim_manner_choose(&m, &offer);
    ck_assert_uint_eq(m.members, 10);
    ck_assert(scim_manner_without_patch(&m) && m.put && !scim_manner_without_patch(&m));
    scim_offer_release(&offer);
}
END_TEST

static TCase *rewrites(void)
{
    TCase *c = tcase_create("written as a whole");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, members_come);
    tcase_add_test(c, members_go);
    tcase_add_test(c, nothing_to_be_written);
    tcase_add_test(c, nobody_is_left);
    tcase_add_test(c, fifty_thousand_members);
    tcase_add_test(c, accounts);
    tcase_add_test(c, values);
    tcase_add_loop_test(c, something_else_is_not_written, 0, sizeof no_such / sizeof *no_such);
    tcase_add_test(c, a_version_of_two_lines_is_none);
    return c;
}

static TCase *bulk(void)
{
    TCase *c = tcase_create("bulk");
    tcase_add_checked_fixture(c, make_items, drop_items);
    tcase_add_loop_test(c, bulk_answers, 0, sizeof bulks / sizeof *bulks);
    tcase_add_test(c, bulk_answers_have_what_single_ones_have);
    tcase_add_loop_test(c, no_bulk_answer, 0, sizeof no_bulk / sizeof *no_bulk);
    return c;
}

int main(void)
{
    Suite *s = suite_create("scim manner");
    TCase *learned = tcase_create("learned");
    tcase_add_test(learned, members_at_once);
    suite_add_tcase(s, rewrites());
    suite_add_tcase(s, bulk());
    suite_add_tcase(s, learned);
    return suite_run(s);
}
