/* net/http: what is refused before anything is sent. How it serves a real service is tests/integration's. */
#include <check.h>

#include "base/cleanup.h"
#include "net/http.h"
#include "suite.h"

static struct http *http;

static void setup(void)
{
    struct err err = ERR_INIT;
    struct http_policy policy = {.connections = 2, .timeout = 5000, .max_bytes = 1000};
    ck_assert_msg(http_open(&policy, &http, &err) == 0, "%s", err.text);
    http_set_token(http, "secret-token");
}

static void teardown(void)
{
    http_close(&http);
}

struct seen {
    size_t n;
    long status;
    struct err err;
    const char *more; /* asked next */
};

static void note(void *ctx, const struct http_reply *reply)
{
    struct seen *seen = ctx;
    seen->n++;
    seen->status = reply->status;
    seen->err = reply->err;
    if (!seen->more)
        return;
    http_start(http, &(struct http_request){.method = "GET", .url = seen->more}, note, seen);
    seen->more = NULL;
}

static const struct {
    const char *url;
    enum err_kind kind;
    const char *words;
} refused[] = {
    {"http://192.0.2.1/", ERR_REFUSED, "the token would travel in the clear; use https://"},
    {"http://[2001:db8::1]/", ERR_REFUSED, "the token would travel in the clear; use https://"},
    {"http://127.0.0.1:1/", ERR_NETWORK, "cannot connect"},
    {"http://[::1]:1/", ERR_NETWORK, "cannot connect"},
    {"https://127.0.0.1:1/", ERR_NETWORK, "cannot connect"},
    {"https://user:word@127.0.0.1:1/", ERR_REFUSED, "a user name in it"},
    {"ftp://127.0.0.1:1/", ERR_INPUT, "not an https address"},
    {"file:///etc/passwd", ERR_INPUT, "not an https address"},
};

START_TEST(refuses)
{
    struct seen seen = {0};
    http_start(http, &(struct http_request){.method = "GET", .url = refused[_i].url}, note, &seen);
    http_run(http);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_int_eq(seen.status, 0);
    ck_assert_msg(seen.err.kind == refused[_i].kind && strstr(seen.err.text, refused[_i].words), "%s", seen.err.text);
    ck_assert_ptr_null(strstr(seen.err.text, "secret-token"));
}
END_TEST

START_TEST(answers_each_and_goes_on)
{
    struct seen seen[9] = {{0}};
    for (size_t i = 0; i < 9; i++) {
        seen[i].more = "http://192.0.2.1/";
        http_start(http, &(struct http_request){.method = "POST", .url = "http://127.0.0.1:1/", .body = {"{}", 2}},
                   note, &seen[i]);
    }
    http_run(http);
    for (size_t i = 0; i < 9; i++) {
        ck_assert_uint_eq(seen[i].n, 2);
        ck_assert_int_eq(seen[i].err.kind, ERR_REFUSED);
    }
    http_run(http);
}
END_TEST

START_TEST(ca_file_that_is_none)
{
    struct http *none = NULL;
    struct err err = ERR_INIT;
    struct http_policy policy = {.ca_file = "/nowhere/ca.pem", .connections = 1, .timeout = 1000, .max_bytes = 10};
    ck_assert_int_eq(http_open(&policy, &none, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("http");
    TCase *c = tcase_create("http");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, refuses, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, answers_each_and_goes_on);
    tcase_add_test(c, ca_file_that_is_none);
    suite_add_tcase(s, c);
    return suite_run(s);
}
