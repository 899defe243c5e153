/* What a SCIM service's client goes by, without a network: rate limits in headers, the brake, tokens by OAuth 2.0. */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/brake.h"
#include "connectors/scim/oauth.h"
#include "net/rate.h"
#include "suite.h"

/* --- rate limits ------------------------------------------------------------------------------------------------ */

#define NOW 1800000000

static const char *const *headers;

static const char *header(void *ctx, const char *name)
{
    (void)ctx;
    for (const char *const *h = headers; *h; h += 2)
        if (strcmp(h[0], name) == 0)
            return h[1];
    return NULL;
}

static const struct {
    const char *headers[7];
    int64_t left, until;
} limits[] = {
    {{NULL}, -1, 0},
    {{"ratelimit-remaining", "7", "ratelimit-reset", "3"}, 7, 3000},
    {{"x-ratelimit-remaining", "0", "x-ratelimit-reset", "1800000005"}, 0, 5000},
    {{"x-ratelimit-remaining", "0", "x-ratelimit-reset", "1800000005250"}, 0, 5250},
    {{"x-rate-limit-remaining", "0", "x-rate-limit-reset", "1799999000"}, 0, 0},
    {{"x-rate-limit-remaining", "12"}, 12, 0},
    {{"ratelimit", "limit=100, remaining=50, reset=5"}, 50, 5000},
    {{"ratelimit", "\"default\";r=50;t=30"}, 50, 30000},
    {{"ratelimit", "\"bursts\";r=0;t=2, \"daily\";r=900;t=80000"}, 0, 2000},
    {{"ratelimit", "remaining=9"}, 9, 0},
    {{"ratelimit", "nothing"}, -1, 0},
    {{"ratelimit-remaining", "many", "ratelimit-reset", "3"}, -1, 0},
    {{"ratelimit-remaining", "-1", "ratelimit-reset", "3"}, -1, 0},
    {{"ratelimit-remaining", "3", "ratelimit-reset", "soon"}, 3, 0},
    {{"ratelimit-remaining", "99999999999999999999", "ratelimit-reset", "3"}, -1, 0},
    {{"ratelimit-remaining", "3", "ratelimit-reset", "999999999"}, 3, 86400000},
    {{"ratelimit-remaining", "1, 1", "ratelimit-reset", "0.5"}, 1, 0},
};

START_TEST(limits_are_read_from_headers)
{
    struct rate_limit limit;
    headers = limits[_i].headers;
    rate_limit_read(header, NULL, NOW, &limit);
    ck_assert_int_eq(limit.left, limits[_i].left);
    ck_assert_int_eq(limit.until, limits[_i].until);
}
END_TEST

/* --- the brake -------------------------------------------------------------------------------------------------- */

static struct brake brake;
static struct http_reply *reply;

static void setup(void)
{
    brake_init(&brake, 16, 1000);
    reply = mem_zero(sizeof *reply);
    reply->status = 200;
    reply->limit = RATE_LIMIT_NONE;
}

static void teardown(void)
{
    free(reply);
}

static void hear(long status, int64_t wait, double began, double now)
{
    reply->status = status;
    reply->wait = wait;
    brake_hear(&brake, reply, 0, began, now);
}

START_TEST(too_much_is_answered_by_half_and_one_more_after_another)
{
    ck_assert(brake_lets(&brake, 15, 0) && !brake_lets(&brake, 16, 0));
    hear(503, 0, 0, 1);
    ck_assert_msg(brake_lets(&brake, 7, 1) && !brake_lets(&brake, 8, 1), "one alone is no reason to pause");
    for (int i = 0; i < 15; i++) /* those that were under way with it */
        hear(503, 0, 0.5, 1.1);
    ck_assert(brake_lets(&brake, 7, 1.2));
    hear(200, 0, 1.1, 1.3);
    hear(503, 0, 1.2, 2);
    ck_assert(brake_lets(&brake, 3, 2) && !brake_lets(&brake, 4, 2));
    for (int i = 0; i < 2000; i++)
        hear(200, 0, 6, 7);
    ck_assert(brake_lets(&brake, 15, 7) && !brake_lets(&brake, 16, 7));
}
END_TEST

START_TEST(who_does_not_say_how_long_is_left_alone_longer_each_time)
{
    double now = 1;
    for (int64_t pause = 1000; pause < 64000; pause *= 2) {
        hear(429, 0, now, now + 0.1);
        ck_assert_int_eq(brake_wait(&brake, now + 0.1) / 10, pause / 10);
        ck_assert(!brake_lets(&brake, 0, now + 0.1));
        now += 100;
    }
    ck_assert_msg(brake_lets(&brake, 0, now) && !brake_lets(&brake, 1, now), "one always may go");
    hear(429, 0, now, now + 0.1);
    ck_assert_int_eq(brake_wait(&brake, now + 0.1), 60001);
    hear(200, 0, now + 100, now + 101);
    hear(429, 0, now + 101, now + 102);
    ck_assert_int_eq(brake_wait(&brake, now + 102), 1001);
    hear(503, 0, now + 200, now + 201);
    ck_assert_msg(brake_wait(&brake, now + 201) > 0, "nothing went well in between");
}
END_TEST

START_TEST(retry_after_is_kept)
{
    hear(429, 5000, 0, 10);
    ck_assert(!brake_lets(&brake, 0, 14.9) && brake_lets(&brake, 0, 15));
    ck_assert_int_eq(brake_wait(&brake, 10), 5001);
    hear(200, 0, 0, 11);
    ck_assert_msg(!brake_lets(&brake, 0, 12), "another's success does not end it");
    hear(503, INT64_MAX, 0, 20);
    ck_assert_int_eq(brake_wait(&brake, 20), 3600001);
}
END_TEST

START_TEST(no_more_is_begun_than_is_left)
{
    reply->limit = (struct rate_limit){3, 2000};
    brake_hear(&brake, reply, 1, 0, 10); /* of three one is under way, and may not be counted yet */
    for (int i = 0; i < 2; i++) {
        ck_assert(brake_lets(&brake, 1, 10));
        brake_begin(&brake);
    }
    ck_assert(!brake_lets(&brake, 1, 10));
    ck_assert_int_eq(brake_wait(&brake, 10), 2001);
    ck_assert(brake_lets(&brake, 1, 12));
    reply->limit = RATE_LIMIT_NONE;
    brake_hear(&brake, reply, 0, 0, 10);
    ck_assert(brake_lets(&brake, 1, 10));
    reply->limit = (struct rate_limit){0, 0};
    brake_hear(&brake, reply, 0, 0, 10);
    ck_assert_msg(brake_lets(&brake, 1, 10), "a limit without an end says nothing");
}
END_TEST

START_TEST(no_answer_says_nothing)
{
    reply->limit = (struct rate_limit){0, 5000};
    hear(0, 5000, 0, 1);
    ck_assert(brake_lets(&brake, 15, 1));
}
END_TEST

/* --- OAuth 2.0 -------------------------------------------------------------------------------------------------- */

#define SECRET "s:cret%+/&-of-ours"

static struct oauth_client client = {.url = "https://login.example.net/token", .id = "door ward", .scope = "scim a/b"};

START_TEST(the_secret_is_encoded)
{
    CLEANUP(buf_wipe) struct buf body = BUF_INIT;
    CLEANUP(buf_wipe) struct buf authorization = BUF_INIT;
    client.by_post = false;
    oauth_ask(&client, SECRET, &body, &authorization);
    ck_assert_str_eq(body.data, "grant_type=client_credentials&scope=scim%20a%2Fb");
    /* door%20ward:s%3Acret%25%2B%2F%26-of-ours */
    ck_assert_str_eq(authorization.data, "Basic ZG9vciUyMHdhcmQ6cyUzQWNyZXQlMjUlMkIlMkYlMjYtb2Ytb3Vycw==");
    buf_wipe(&body);
    buf_wipe(&authorization);
    client.by_post = true;
    oauth_ask(&client, SECRET, &body, &authorization);
    ck_assert_str_eq(body.data, "grant_type=client_credentials&scope=scim%20a%2Fb&client_id=door%20ward&"
                                "client_secret=s%3Acret%25%2B%2F%26-of-ours");
    ck_assert_uint_eq(authorization.len, 0);
}
END_TEST

static const struct {
    long status;
    const char *body, *token;
    double seconds;
    enum err_kind kind;
    const char *text;
} answers[] = {
    {200, "{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":3600}", "abc", 3600, 0, NULL},
    {200, "{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"expires_in\":\"60\"}", "abc", 60, 0, NULL},
    {200, "{\"access_token\":\"abc\"}", "abc", 0, 0, NULL},
    {200, "{\"access_token\":\"abc\",\"expires_in\":-5}", "abc", 0, 0, NULL},
    {200, "{\"access_token\":\"abc\",\"expires_in\":1e99}", "abc", 365.0 * 86400, 0, NULL},
    {200, "{\"access_token\":\"abc\",\"expires_in\":\"nan\"}", "abc", 0, 0, NULL},
    {200, "{\"access_token\":\"abc\",\"token_type\":\"mac\"}", NULL, 0, ERR_INPUT, "another type"},
    {200, "{\"access_token\":\"a\\r\\nX: y\"}", NULL, 0, ERR_INPUT, "fits no header"},
    {200, "{\"access_token\":\"a\\u0000b\"}", NULL, 0, ERR_INPUT, "fits no header"},
    {200, "{\"access_token\":\"\"}", NULL, 0, ERR_INPUT, "no token"},
    {200, "{\"access_token\":7}", NULL, 0, ERR_INPUT, "no token"},
    {200, "{}", NULL, 0, ERR_INPUT, "no token"},
    {200, "<html>", NULL, 0, ERR_INPUT, "no token"},
    {200, "", NULL, 0, ERR_INPUT, "no token"},
    {401, "{\"error\":\"invalid_client\"}", NULL, 0, ERR_REFUSED, "compare client-id"},
    {400, "{\"error\":\"invalid_scope\",\"error_description\":\"no \\u001b[2J such\"}", NULL, 0, ERR_REFUSED,
     "mend scope"},
    {400, "{\"error\":\"of its own\"}", NULL, 0, ERR_REFUSED, "look at its log (it says 'of its own')"},
    {400, "{\"error\":\"invalid_client\",\"error_description\":\"not " SECRET "\"}", NULL, 0, ERR_REFUSED,
     "it says nothing more"},
    {404, "<html>", NULL, 0, ERR_REFUSED, "(404)"},
    {302, "", NULL, 0, ERR_REFUSED, "(302)"},
    {503, "<html>", NULL, 0, ERR_NETWORK, "out of order"},
    {429, "{\"error\":\"invalid_client\"}", NULL, 0, ERR_NETWORK, "busy"},
};

START_TEST(what_the_token_server_answers)
{
    CLEANUP(buf_wipe) struct buf token = BUF_INIT;
    struct err err = ERR_INIT;
    double seconds = -1;
    reply->status = answers[_i].status;
    buf_adds(&reply->body, answers[_i].body);
    int r = oauth_read(&client, SECRET, reply, &token, &seconds, &err);
    buf_release(&reply->body);
    ck_assert_msg((r == 0) == (answers[_i].token != NULL), "%s: %s", answers[_i].body, err.text);
    ck_assert_int_eq(err.kind, answers[_i].kind);
    ck_assert_ptr_null(strstr(err.text, SECRET));
    ck_assert_ptr_null(strchr(err.text, 27));
    if (r == 0) {
        ck_assert_str_eq(token.data, answers[_i].token);
        ck_assert_double_eq(seconds, answers[_i].seconds);
    } else {
        ck_assert_msg(strstr(err.text, answers[_i].text) != NULL, "%s", err.text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim client");
    TCase *tcase = tcase_create("limits");
    tcase_add_loop_test(tcase, limits_are_read_from_headers, 0, (int)(sizeof limits / sizeof *limits));
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("brake");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, too_much_is_answered_by_half_and_one_more_after_another);
    tcase_add_test(tcase, who_does_not_say_how_long_is_left_alone_longer_each_time);
    tcase_add_test(tcase, retry_after_is_kept);
    tcase_add_test(tcase, no_more_is_begun_than_is_left);
    tcase_add_test(tcase, no_answer_says_nothing);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("oauth");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_secret_is_encoded);
    tcase_add_loop_test(tcase, what_the_token_server_answers, 0, (int)(sizeof answers / sizeof *answers));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
