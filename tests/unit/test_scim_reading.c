/*
 * Reading from a SCIM service, without a network: answers taken apart (scim/pieces.h), and whether changes alone can be asked for
 * (connectors/scim/changes.h).
 */
#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "connectors/scim/changes.h"
#include "scim/pieces.h"

/* --- pieces --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *rest, *elements; /* rest NULL: refused at once; elements NULL: refused on the way */
} answers[] = {
    {"{\"Resources\":[]}", "{'Resources':[]}", "[]"},
    {"{\"Resources\":[ ] , \"a\":1}", "{'Resources':[],'a':1}", "[]"},
    {"{}", "{}", "[]"},
    {"{\"Resources\":null}", "{'Resources':null}", "[]"},
    {"{\"Resources\":{\"id\":\"1\"}}", "{'Resources':{'id':'1'}}", "[]"},
    {" {\n\"a\" : [1, [2]] ,\t\"resources\"\r: [ {\"id\":\"1\"} , {\"x\":[{}]} ] } ", "{'a':[1,[2]],'resources':[]}",
     "[{'id':'1'},{'x':[{}]}]"},
    {"{\"a\":\"\\\"Resources\\\":[{}]\",\"Resources\":[{\"b\":\"],}\\\\\"}]}",
     "{'a':'\\\"Resources\\\":[{}]','Resources':[]}", "[{'b':'],}\\\\'}]"},
    {"{\"x\":{\"Resources\":[{\"id\":\"inner\"}]},\"Resources\":[{\"id\":\"1\"}]}",
     "{'x':{'Resources':[{'id':'inner'}]},'Resources':[]}", "[{'id':'1'}]"},
    {"{\"Resources\":[{}],\"resources\":[{}]}", NULL, NULL},
    {"{\"Resources\":[{}],\"Resources\":[{}]}", NULL, NULL},
    {"{\"Resources\":[{}],\"Resourc\\u0065s\":[]}", NULL, NULL},
    {"{\"Resourc\\u0065s\":[{}]}", NULL, NULL},
    {"{\"Resources\":[{}]", NULL, NULL},
    {"{\"Resources\":[{}],}", NULL, NULL},
    {"{\"Resources\":[{}]}x", NULL, NULL},
    {"{\"Resources\":[{}]x}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[{}", NULL, NULL},
    {"{\"Resources\":[{\"a\":\"", NULL, NULL},
    {"{\"Resources\":[", NULL, NULL},
    {"[]", NULL, NULL},
    {"", NULL, NULL},
    {"<html>", NULL, NULL},
    {"{\"Resources\":[{},]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[,{}]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[{} {}]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[{}}]}", NULL, NULL},
    {"{\"Resources\":[1]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[\"a\"]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[{\"a\":1,\"a\":2}]}", "{'Resources':[]}", NULL},
    {"{\"Resources\":[{\"a\":\"\xff\"}]}", "{'Resources':[]}", NULL},
};

/* NULL: one of them is none. */
static json_t *elements_of(struct scim_pieces *pieces)
{
    json_t *all = json_array();
    json_t *one = NULL;
    int r;
    while ((r = scim_pieces_next(pieces, &one, &error)) > 0)
        json_array_append_new(all, one);
    if (r == 0)
        return all;
    json_decref(all);
    return NULL;
}

START_TEST(an_answer_is_taken_apart)
{
    const char *text = answers[_i].text;
    struct scim_pieces pieces;
    json_auto_t *rest = NULL;
    int r = scim_pieces_begin(span_str(text), "Resources", &rest, &pieces, &error);
    json_auto_t *all = r == 0 ? elements_of(&pieces) : NULL;
    if (!answers[_i].elements) {
        ck_assert_msg(!all, "%s", text);
        ck_assert_msg(*error.detail, "%s", text);
        return;
    }
    ck_assert_msg(r == 0 && all, "%s: %s", text, error.detail);
    expect_json(rest, answers[_i].rest, text);
    expect_json(all, answers[_i].elements, text);
}
END_TEST

START_TEST(an_element_too_deep_is_refused)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct scim_pieces pieces;
    json_auto_t *rest = NULL;
    buf_adds(&text, "{\"Resources\":[{\"a\":");
    for (int i = 0; i < 100000; i++)
        buf_addc(&text, '[');
    for (int i = 0; i < 100000; i++)
        buf_addc(&text, ']');
    buf_adds(&text, "}]}");
    ck_assert_int_eq(scim_pieces_begin((struct span){text.data, text.len}, "Resources", &rest, &pieces, &error), 0);
    ck_assert_ptr_null(elements_of(&pieces));
    ck_assert_ptr_nonnull(strstr(error.detail, "deep"));
}
END_TEST

/* --- changes -------------------------------------------------------------------------------------------------------- */

#define NOW 1750000000 /* 2025-06-15T15:06:40Z */
#define DAY 86400

START_TEST(a_cursor_comes_back_as_it_was)
{
    CLEANUP(buf_release) struct buf cursor = BUF_INIT, again = BUF_INIT;
    struct scim_changes c, d;
    ck_assert(!scim_changes_read(NULL, "m1", &c));
    c.complete = NOW;
    c.known[0] = (struct scim_known){1234567890123456, 25, SCIM_TRUST_PROVED};
    c.known[1] = (struct scim_known){0, 3, SCIM_TRUST_BROKEN};
    scim_changes_write(&c, &cursor);
    ck_assert(scim_changes_read(cursor.data, "m1", &d));
    scim_changes_write(&d, &again);
    ck_assert_str_eq(cursor.data, again.data);
    ck_assert_int_eq(d.known[1].trust, SCIM_TRUST_BROKEN);
    ck_assert(!scim_changes_read(cursor.data, "m2", &d));
    ck_assert_int_eq(d.complete, 0);
    ck_assert_str_eq(d.mark, "m2");
}
END_TEST

static const char *const no_cursors[] = {
    "",
    "scim1",
    "scim1 m1 1 2 3 4 5 6",
    "scim1 m1 1 2 3 9 5 6 1",
    "scim1 m1 1 -2 3 1 5 6 1",
    "scim1 m1 1 2 3 1 5 6 1 7",
    "scim2 m1 1 2 3 1 5 6 1",
    "a:1:b",
};

START_TEST(what_is_no_cursor_reads_everything)
{
    struct scim_changes c;
    ck_assert(!scim_changes_read(no_cursors[_i], "m1", &c));
    ck_assert(!scim_changes_may(&c, 0, true, NOW, DAY));
}
END_TEST

static const struct {
    struct scim_known known;
    int64_t complete;
    bool filters, may;
} asked[] = {
    {{5000000, 1, SCIM_TRUST_PROVED}, NOW - 60, true, true},
    {{5000000, 1, SCIM_TRUST_PROVED}, NOW - 60, false, false},
    {{5000000, 1, SCIM_TRUST_UNPROVED}, NOW - 60, true, false},
    {{5000000, 1, SCIM_TRUST_BROKEN}, NOW - 60, true, false},
    {{0, 1, SCIM_TRUST_PROVED}, NOW - 60, true, false},
    {{5000000, 1, SCIM_TRUST_PROVED}, NOW - DAY, true, false},
    {{5000000, 1, SCIM_TRUST_PROVED}, NOW + 60, true, false}, /* the clock went back */
};

START_TEST(changes_are_asked_for_only_where_that_was_proved)
{
    struct scim_changes c = {.complete = asked[_i].complete, .known = {asked[_i].known}};
    ck_assert_int_eq(scim_changes_may(&c, 0, asked[_i].filters, NOW, DAY), asked[_i].may);
}
END_TEST

START_TEST(a_filter_begins_a_little_earlier)
{
    CLEANUP(buf_release) struct buf filter = BUF_INIT, both = BUF_INIT;
    struct scim_known known = {.newest = (int64_t)NOW * 1000000 + 999999};
    scim_changes_filter(&known, NULL, &filter);
    ck_assert_str_eq(filter.data, "meta.lastModified ge \"2025-06-15T15:01:40Z\"");
    scim_changes_filter(&known, "a eq 1 or b eq 2", &both);
    ck_assert_str_eq(both.data, "(a eq 1 or b eq 2) and meta.lastModified ge \"2025-06-15T15:01:40Z\"");
}
END_TEST

/* One resource: made and changed on these days of June (0: not said; 30: the future), and whether it is another than it was. */
struct noted {
    int made, modified;
    bool changed;
};

static const struct {
    const char *about;
    enum scim_watched how;
    enum scim_trust before, after;
    bool first;
    struct noted noted[3];
    int64_t total;
    const char *why; /* a part of it; NULL: believed */
    int newest;      /* day; 0: none */
} readings[] = {
    /* known from before: newest of 10 June, 2 resources */
    {"first", SCIM_WATCH_COMPLETE, 0, SCIM_TRUST_UNPROVED, true, {{1, 9, true}, {1, 10, true}}, 2, NULL, 10},
    {"nothing new", SCIM_WATCH_COMPLETE, 0, SCIM_TRUST_UNPROVED, false, {{1, 9, false}, {1, 10, false}}, 2, NULL, 10},
    {"a change", SCIM_WATCH_COMPLETE, 0, SCIM_TRUST_PROVED, false, {{1, 12, true}, {1, 10, false}}, 2, NULL, 12},
    {"only a new one",
     SCIM_WATCH_COMPLETE,
     0,
     SCIM_TRUST_UNPROVED,
     false,
     {{12, 12, true}, {1, 10, false}},
     2,
     NULL,
     12},
    {"a change without a date",
     SCIM_WATCH_COMPLETE,
     SCIM_TRUST_PROVED,
     SCIM_TRUST_BROKEN,
     false,
     {{1, 12, true}, {1, 9, true}},
     2,
     NULL,
     12},
    {"broken stays", SCIM_WATCH_COMPLETE, SCIM_TRUST_BROKEN, SCIM_TRUST_BROKEN, false, {{1, 12, true}}, 1, NULL, 12},
    {"undated",
     SCIM_WATCH_COMPLETE,
     SCIM_TRUST_PROVED,
     SCIM_TRUST_PROVED,
     false,
     {{1, 12, true}, {1, 0, false}},
     2,
     NULL,
     0},
    {"of the future", SCIM_WATCH_COMPLETE, SCIM_TRUST_PROVED, SCIM_TRUST_PROVED, false, {{1, 30, true}}, 1, NULL, 0},
    {"by filter",
     SCIM_WATCH_CHANGES,
     SCIM_TRUST_PROVED,
     SCIM_TRUST_PROVED,
     false,
     {{1, 12, true}, {1, 10, false}},
     2,
     NULL,
     12},
    {"one more",
     SCIM_WATCH_CHANGES,
     SCIM_TRUST_PROVED,
     SCIM_TRUST_PROVED,
     false,
     {{12, 12, true}, {1, 10, false}},
     3,
     NULL,
     12},
    {"one gone", SCIM_WATCH_CHANGES, SCIM_TRUST_PROVED, 0, false, {{1, 10, false}}, 1, "number of resources", 0},
    {"one gone, one new",
     SCIM_WATCH_CHANGES,
     SCIM_TRUST_PROVED,
     0,
     false,
     {{12, 12, true}, {1, 10, false}},
     2,
     "number of resources",
     0},
    {"filter left aside",
     SCIM_WATCH_CHANGES,
     SCIM_TRUST_PROVED,
     0,
     false,
     {{1, 9, false}, {1, 10, false}},
     2,
     "leaves the filter",
     0},
    {"nothing at all", SCIM_WATCH_CHANGES, SCIM_TRUST_PROVED, 0, false, {{0}}, 2, "the newest", 0},
    {"undated by filter",
     SCIM_WATCH_CHANGES,
     SCIM_TRUST_PROVED,
     0,
     false,
     {{1, 10, false}, {1, 0, true}},
     2,
     "no lastModified",
     0},
    {"beside",
     SCIM_WATCH_BESIDE,
     SCIM_TRUST_UNPROVED,
     SCIM_TRUST_PROVED,
     false,
     {{1, 9, false}, {1, 12, true}},
     2,
     NULL,
     12},
    {"beside, one gone",
     SCIM_WATCH_BESIDE,
     SCIM_TRUST_UNPROVED,
     0,
     false,
     {{1, 10, false}},
     1,
     "number of resources",
     0},
};

static int64_t day(int n)
{
    return ((int64_t)NOW - 15 * DAY + (int64_t)n * DAY) * 1000000;
}

static void note(struct scim_watch *watch, const struct noted *n)
{
    char made[64], modified[64], text[256];
    snprintf(made, sizeof made, "2025-%02d-%02dT15:06:40Z", n->made > 15 ? 12 : 6, n->made);
    snprintf(modified, sizeof modified, "2025-%02d-%02dT15:06:40Z", n->modified > 15 ? 12 : 6, n->modified);
    snprintf(text, sizeof text, "{'id': '1', 'meta': {'created': '%s', '%s': '%s'}}", made,
             n->modified ? "lastModified" : "nothing", modified);
    json_auto_t *resource = js(text);
    scim_watch_note(watch, resource, n->changed);
}

START_TEST(a_reading_is_judged)
{
    const char *about = readings[_i].about;
    struct scim_known before = {day(10), 2, readings[_i].before}, after = {0};
    struct scim_watch watch;
    if (readings[_i].first)
        before = (struct scim_known){0};
    scim_watch_begin(&watch, &before, readings[_i].first, readings[_i].how, NOW);
    for (size_t i = 0; i < 3 && readings[_i].noted[i].made; i++)
        note(&watch, &readings[_i].noted[i]);
    const char *why = scim_watch_end(&watch, readings[_i].total, &after);
    ck_assert_msg(!why == !readings[_i].why && (!why || strstr(why, readings[_i].why)), "%s: %s", about,
                  why ? why : "believed");
    if (why)
        return;
    ck_assert_msg(after.trust == readings[_i].after, "%s: trust %d", about, (int)after.trust);
    ck_assert_msg(after.total == readings[_i].total, "%s", about);
    ck_assert_msg(after.newest == (readings[_i].newest ? day(readings[_i].newest) : 0), "%s: %lld", about,
                  (long long)after.newest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_reading");
    TCase *tc = tcase_create("reading");
    tcase_add_checked_fixture(tc, scim_setup, scim_teardown);
    tcase_add_loop_test(tc, an_answer_is_taken_apart, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tc, an_element_too_deep_is_refused);
    tcase_add_test(tc, a_cursor_comes_back_as_it_was);
    tcase_add_loop_test(tc, what_is_no_cursor_reads_everything, 0, sizeof no_cursors / sizeof *no_cursors);
    tcase_add_loop_test(tc, changes_are_asked_for_only_where_that_was_proved, 0, sizeof asked / sizeof *asked);
    tcase_add_test(tc, a_filter_begins_a_little_earlier);
    tcase_add_loop_test(tc, a_reading_is_judged, 0, sizeof readings / sizeof *readings);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
