/*
 * connectors/scim: what is asked (request.c) and what an answer means (answer.c), without a network; and the token
 * file.
 *
 * tests/data/scim-answer/NAME: "STATUS EXPECT TYPE", then "FINDING VERDICT", then the body.
 */
#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/scim/answer.h"
#include "connectors/scim/ids.h"
#include "connectors/scim/request.h"
#include "connectors/scim/token.h"
#include "suite.h"

#define BASE "https://api.example.net/scim/v2"
#define DATA "tests/data/scim-answer"

/* --- requests --------------------------------------------------------------------------------------------------- */

static struct platform_task task;
static struct scim_request request;
static struct scim_map *map;

static void setup(void)
{
    size_t row;
    struct err err = ERR_INIT;
    ck_assert_int_eq(scim_map_new(NULL, &map, &row, &err), 0);
    request = (struct scim_request)SCIM_REQUEST_INIT;
    task = (struct platform_task){.person = "e1",
                                  .active = true,
                                  .object_uid = "product:cad",
                                  .object_name = "AutoCAD \"2027\"",
                                  .attr = {[ATTR_USER_NAME] = span_str("ann"),
                                           [ATTR_EMAIL] = span_str("ann@example.com"),
                                           [ATTR_GIVEN_NAME] = span_str("Ann"),
                                           [ATTR_FAMILY_NAME] = span_str("Carter"),
                                           [ATTR_DEPARTMENT] = span_str("Süd \"1\"")}};
}

static void teardown(void)
{
    scim_map_free(&map);
    scim_request_release(&request);
}

/* The body must be this JSON, in any order of members. */
static void expect(const char *method, const char *url, const char *body)
{
    ck_assert_str_eq(request.method, method);
    ck_assert_str_eq(buf_str(&request.url), url);
    if (!body) {
        ck_assert_int_eq(request.body.len, 0);
        return;
    }
    json_t *want = json_loads(body, 0, NULL), *got = json_loads(buf_str(&request.body), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(want);
    ck_assert_msg(json_equal(want, got), "%s\nis not\n%s", buf_str(&request.body), body);
    json_decref(want);
    json_decref(got);
}

#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define PATCH(ops) "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[" ops "]}"

START_TEST(creates_a_user)
{
    scim_create_user(BASE, map, &task, &request);
    expect("POST", BASE "/Users",
           "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"" ENTERPRISE
           "\"],\"externalId\":\"e1\",\"userName\":\"ann\",\"active\":true,"
           "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"Carter\"},\"" ENTERPRISE
           "\":{\"department\":\"Süd \\\"1\\\"\"},"
           "\"emails\":[{\"value\":\"ann@example.com\",\"type\":\"work\",\"primary\":true}]}");
}
END_TEST

START_TEST(creates_a_bare_user)
{
    struct platform_task bare = {.person = "e1", .attr = {[ATTR_EMAIL] = span_str("ann@example.com")}};
    scim_create_user(BASE, map, &bare, &request);
    expect("POST", BASE "/Users",
           "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"externalId\":\"e1\",\"userName\":"
           "\"ann@example.com\",\"active\":false,"
           "\"emails\":[{\"value\":\"ann@example.com\",\"type\":\"work\",\"primary\":true}]}");
}
END_TEST

/* What the directory no longer has is taken away; what others keep in the account is not named. */
START_TEST(changes_a_user)
{
    scim_change_user(BASE, "2819c223", map, &task, false, &request);
    expect("PATCH", BASE "/Users/2819c223",
           PATCH("{\"op\":\"replace\",\"path\":\"userName\",\"value\":\"ann\"},"
                 "{\"op\":\"replace\",\"path\":\"name.givenName\",\"value\":\"Ann\"},"
                 "{\"op\":\"replace\",\"path\":\"name.familyName\",\"value\":\"Carter\"},"
                 "{\"op\":\"remove\",\"path\":\"displayName\"},{\"op\":\"remove\",\"path\":\"title\"},"
                 "{\"op\":\"remove\",\"path\":\"preferredLanguage\"},"
                 "{\"op\":\"remove\",\"path\":\"" ENTERPRISE ":employeeNumber\"},"
                 "{\"op\":\"replace\",\"path\":\"" ENTERPRISE ":department\",\"value\":\"Süd \\\"1\\\"\"},"
                 "{\"op\":\"replace\",\"path\":\"emails\",\"value\":[{\"value\":\"ann@example.com\",\"type\":\"work\","
                 "\"primary\":true}]},"
                 "{\"op\":\"replace\",\"path\":\"active\",\"value\":true}"));
}
END_TEST

START_TEST(suspends_a_user)
{
    scim_suspend_user(BASE, "1", &request);
    expect("PATCH", BASE "/Users/1", PATCH("{\"op\":\"replace\",\"path\":\"active\",\"value\":false}"));
}
END_TEST

START_TEST(makes_and_renames_a_group)
{
    scim_create_group(BASE, &task, &request);
    expect("POST", BASE "/Groups",
           "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"externalId\":\"product:cad\","
           "\"displayName\":\"AutoCAD \\\"2027\\\"\"}");
    teardown();
    scim_rename_group(BASE, "7", &task, &request);
    expect("PATCH", BASE "/Groups/7",
           PATCH("{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"AutoCAD \\\"2027\\\"\"}"));
}
END_TEST

START_TEST(changes_members)
{
    static const char *const accounts[] = {"u\"1", "u2\\"};
    scim_change_members(BASE, "7", true, accounts, 2, &request);
    expect("PATCH", BASE "/Groups/7",
           PATCH("{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"u\\\"1\"},{\"value\":\"u2\\\\\"}]}"));
    teardown();
    scim_change_members(BASE, "7", false, accounts, 2, &request);
    expect("PATCH", BASE "/Groups/7",
           PATCH("{\"op\":\"remove\",\"path\":\"members[value eq \\\"u\\\\\\\"1\\\"]\"},"
                 "{\"op\":\"remove\",\"path\":\"members[value eq \\\"u2\\\\\\\\\\\"]\"}"));
}
END_TEST

START_TEST(changes_values)
{
    task.assign = PLATFORM_AS_ENTITLEMENT;
    task.value = "cad \"full\"";
    scim_add_value(BASE, "8", &task, &request);
    expect("PATCH", BASE "/Users/8",
           PATCH("{\"op\":\"add\",\"path\":\"entitlements\",\"value\":[{\"value\":\"cad \\\"full\\\"\"}]}"));
    teardown();
    task.assign = PLATFORM_AS_ROLE;
    scim_remove_value(BASE, "8", &task, &request);
    expect("PATCH", BASE "/Users/8",
           PATCH("{\"op\":\"remove\",\"path\":\"roles[value eq \\\"cad \\\\\\\"full\\\\\\\"\\\"]\"}"));
}
END_TEST

/* An id is one segment of the path, and a value stays inside its quotes. */
START_TEST(addresses_are_escaped)
{
    scim_delete(BASE, SCIM_USER, "../Groups?x#y/ü%", &request);
    expect("DELETE", BASE "/Users/..%2FGroups%3Fx%23y%2F%C3%BC%25", NULL);
    teardown();
    scim_find(BASE, SCIM_GROUP, "externalId", "a\" or \"b&c", &request);
    expect("GET", BASE "/Groups?filter=externalId%20eq%20%22a%5C%22%20or%20%5C%22b%26c%22&attributes=id,externalId",
           NULL);
}
END_TEST

/* --- answers ---------------------------------------------------------------------------------------------------- */

static const char *const findings[] = {"good", "absent", "conflict", "no-target", "no-method", "no-filter", "changed", "fault"};
static const char *const verdicts[] = {"done", "retry", "skip", "stop"};

static struct scim_question question_of(const char *expectation)
{
    static const struct {
        const char *name;
        struct scim_question question;
    } known[] = {
        {"nothing", {.object = "account ann", .expect = SCIM_EXPECT_NOTHING}},
        {"one", {.object = "account ann", .expect = SCIM_EXPECT_ONE, .ours = "e1"}},
        {"list",
         {.object = "account ann", .expect = SCIM_EXPECT_LIST, .attribute = "externalId", .value = "e1", .ours = "e1"}},
        {"name",
         {.object = "account ann",
          .expect = SCIM_EXPECT_LIST,
          .attribute = "userName",
          .value = "ann",
          .any_case = true,
          .ours = "e1"}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, expectation) == 0)
            return known[i].question;
    ck_abort_msg("no such expectation: %s", expectation);
    return known[0].question;
}

/* The head of a file, line by line; the rest is the body. */
static char *take_line(struct buf *file, size_t *at)
{
    char *line = file->data + *at, *end = memchr(line, '\n', file->len - *at);
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    *at = (size_t)(end - file->data) + 1;
    return line;
}

static void check_answer(const char *name, const struct scim_answer *a, const char *want)
{
    char got[64];
    snprintf(got, sizeof got, "%s%s%s", findings[a->finding], a->finding == SCIM_GOOD ? "" : " ",
             a->finding == SCIM_GOOD ? "" : verdicts[a->verdict]);
    ck_assert_msg(strcmp(got, want) == 0, "%s: %s, not %s: %s", name, got, want, a->why.text);
    ck_assert_msg(a->finding == SCIM_GOOD || strncmp(a->why.text, "account ann: ", 13) == 0, "%s: %s", name,
                  a->why.text);
    ck_assert_msg(a->finding == SCIM_GOOD || strchr(a->why.text, ';'), "%s: no remedy: %s", name, a->why.text);
    ck_assert_msg(text_is_clean(span_str(a->why.text)) && strlen(a->why.text) < 900, "%s: %s", name, a->why.text);
}

static void check_file(const char *name)
{
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    CLEANUP(freep) char *path = mem_printf(DATA "/%s", name);
    CLEANUP(freep) struct http_reply *reply = mem_zero(sizeof *reply);
    struct err err = ERR_INIT;
    size_t at = 0;
    char expectation[16] = "";
    ck_assert_msg(file_read(path, SCIM_BODY_MAX, &file, &err) == 0, "%s", err.text);
    ck_assert_int_ge(sscanf(take_line(&file, &at), "%ld %15s %99[^\n]", &reply->status, expectation, reply->type), 2);
    const char *want = take_line(&file, &at);
    reply->body = (struct buf){file.data + at, file.len - at, file.len - at};
    struct scim_question question = question_of(expectation);
    struct scim_answer answer;
    scim_read(reply, &question, &answer);
    check_answer(name, &answer, want);
}

START_TEST(every_answer)
{
    DIR *folder = opendir(DATA);
    size_t n = 0;
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *e; (e = readdir(folder));) {
        if (*e->d_name == '.')
            continue;
        check_file(e->d_name);
        n++;
    }
    closedir(folder);
    ck_assert_uint_gt(n, 60);
}
END_TEST

static struct scim_answer answer_to(long status, const char *body, int64_t wait)
{
    CLEANUP(freep) struct http_reply *reply = mem_zero(sizeof *reply);
    struct scim_answer answer;
    struct scim_question question = question_of("nothing");
    reply->status = status;
    reply->wait = wait;
    reply->body = (struct buf){(char *)(uintptr_t)body, strlen(body), 0};
    scim_read(reply, &question, &answer);
    return answer;
}

START_TEST(says_what_the_service_says)
{
    struct scim_answer a = answer_to(400, "{\"scimType\":\"invalidValue\",\"detail\":\"no\\u001b[1m such title\"}", 0);
    ck_assert_str_eq(a.why.text, "account ann: the service refuses it; mend what it names (400 invalidValue: no\xEF\xBF"
                                 "\xBD[1m such title)");
}
END_TEST

START_TEST(waits_within_reason)
{
    ck_assert_int_eq(answer_to(429, "", 7000).wait, 7000);
    ck_assert_int_eq(answer_to(503, "", INT64_MAX).wait, PLATFORM_WAIT_MAX);
    ck_assert_int_eq(answer_to(400, "", 7000).wait, 0);
}
END_TEST

static const struct {
    enum err_kind kind;
    long status;
    enum platform_verdict verdict;
} failures[] = {
    {ERR_NETWORK, 0, PLATFORM_RETRY}, {ERR_REFUSED, 0, PLATFORM_STOP}, {ERR_CONFIG, 0, PLATFORM_STOP},
    {ERR_FAILED, 0, PLATFORM_STOP},   {ERR_INPUT, 0, PLATFORM_SKIP},   {ERR_INPUT, 200, PLATFORM_SKIP},
    {ERR_INPUT, 503, PLATFORM_RETRY}, {ERR_STORE, 0, PLATFORM_STOP},
};

START_TEST(no_whole_answer)
{
    CLEANUP(freep) struct http_reply *reply = mem_zero(sizeof *reply);
    struct scim_answer answer;
    struct scim_question question = question_of("list");
    reply->status = failures[_i].status;
    err_set(&reply->err, failures[_i].kind, "url: fault; remedy");
    scim_read(reply, &question, &answer);
    ck_assert_int_eq(answer.finding, SCIM_FAULT);
    ck_assert_int_eq(answer.verdict, failures[_i].verdict);
    ck_assert_int_eq(strncmp(answer.why.text, "account ann: ", 13), 0);
}
END_TEST

/* --- the token -------------------------------------------------------------------------------------------------- */

static char path[64];

static void write_token(const void *text, size_t n, unsigned mode)
{
    struct err err = ERR_INIT;
    ck_assert_msg(file_replace(path, text, n, 0600, &err) == 0, "%s", err.text);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_path(void)
{
    snprintf(path, sizeof path, "/tmp/test-scim-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void drop_path(void)
{
    unlink(path);
}

START_TEST(token_is_read_again_when_it_changes)
{
    CLEANUP(scim_token_release) struct scim_token token = {.key = "token-file", .path = path};
    struct err err = ERR_INIT;
    bool changed;
    write_token("first  \r\nmore", 13, 0600);
    ck_assert_int_eq(scim_token_refresh(&token, &changed, &err), 0);
    ck_assert(changed);
    ck_assert_str_eq(token.text.data, "first");
    ck_assert_int_eq(scim_token_refresh(&token, &changed, &err), 0);
    ck_assert(!changed);
    write_token("other", 5, 0600);
    ck_assert_int_eq(scim_token_refresh(&token, &changed, &err), 0);
    ck_assert(changed);
    ck_assert_str_eq(token.text.data, "other");
    unlink(path);
    ck_assert_int_eq(scim_token_refresh(&token, &changed, &err), -1);
    ck_assert_ptr_null(token.text.data);
}
END_TEST

static const struct {
    const char *text;
    size_t n;
    unsigned mode;
} bad_tokens[] = {
    {"", 0, 0600},         {"\nsecond", 7, 0600},    {"two words", 9, 0600},
    {"tab\tbed", 7, 0600}, {"f\xC3\xBCnf", 5, 0600}, {"nul\0bed", 7, 0600},
    {"good", 4, 0644},
};

START_TEST(no_token)
{
    CLEANUP(scim_token_release) struct scim_token token = {.key = "token-file", .path = path};
    struct err err = ERR_INIT;
    bool changed;
    write_token(bad_tokens[_i].text, bad_tokens[_i].n, bad_tokens[_i].mode);
    ck_assert_int_eq(scim_token_refresh(&token, &changed, &err), -1);
    ck_assert_msg(strstr(err.text, path) && !strstr(err.text, "bed"), "%s", err.text);
    ck_assert_ptr_null(token.text.data);
}
END_TEST

START_TEST(ids_are_kept)
{
    CLEANUP(scim_ids_release) struct scim_ids ids;
    scim_ids_init(&ids);
    ck_assert_ptr_null(scim_ids_get(&ids, "e1"));
    scim_ids_put(&ids, "e1", "one");
    scim_ids_put(&ids, "e2", "two");
    scim_ids_put(&ids, "e1", "uno");
    ck_assert_str_eq(scim_ids_get(&ids, "e1"), "uno");
    scim_ids_forget(&ids, "e1");
    scim_ids_forget(&ids, "e3");
    ck_assert_ptr_null(scim_ids_get(&ids, "e1"));
    ck_assert_str_eq(scim_ids_get(&ids, "e2"), "two");
    scim_ids_expect(&ids, "e2");
    scim_ids_expect(&ids, "e4");
    ck_assert_str_eq(scim_ids_get(&ids, "e2"), "two");
    ck_assert_ptr_null(scim_ids_get(&ids, "e4"));
    ck_assert(scim_ids_is_new(&ids, "e5"));
    for (int i = 1; i <= 4; i++) {
        char ours[] = {'e', (char)('0' + i), '\0'};
        ck_assert_msg(!scim_ids_is_new(&ids, ours), "%s", ours);
    }
}
END_TEST

static TCase *requests(void)
{
    TCase *c = tcase_create("requests");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, creates_a_user);
    tcase_add_test(c, creates_a_bare_user);
    tcase_add_test(c, changes_a_user);
    tcase_add_test(c, suspends_a_user);
    tcase_add_test(c, makes_and_renames_a_group);
    tcase_add_test(c, changes_members);
    tcase_add_test(c, changes_values);
    tcase_add_test(c, addresses_are_escaped);
    return c;
}

static TCase *answers(void)
{
    TCase *c = tcase_create("answers");
    tcase_add_test(c, every_answer);
    tcase_add_test(c, says_what_the_service_says);
    tcase_add_test(c, waits_within_reason);
    tcase_add_loop_test(c, no_whole_answer, 0, sizeof failures / sizeof *failures);
    return c;
}

static TCase *memory(void)
{
    TCase *c = tcase_create("token and ids");
    tcase_add_checked_fixture(c, make_path, drop_path);
    tcase_add_test(c, token_is_read_again_when_it_changes);
    tcase_add_loop_test(c, no_token, 0, sizeof bad_tokens / sizeof *bad_tokens);
    tcase_add_test(c, ids_are_kept);
    return c;
}

int main(void)
{
    Suite *s = suite_create("scim platform");
    suite_add_tcase(s, requests());
    suite_add_tcase(s, answers());
    suite_add_tcase(s, memory());
    return suite_run(s);
}
