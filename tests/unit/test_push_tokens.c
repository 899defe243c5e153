/* store/push_tokens.h: whose token is good for what, and how long. */
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/push_tokens.h"
#include "suite.h"

#define NOW 1800000000

static char dir[64];
static struct pushed *pushed;
static struct err err;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/doorward-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(pushed_open(dir, &pushed, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    pushed_close(&pushed);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct push_token made;
static char token[PUSH_TOKEN_SIZE];

static int try_make(const char *directory, int64_t now, int64_t expires)
{
    ck_assert_int_eq(pushed_begin(pushed, &err), 0);
    int r = push_tokens_make(pushed, directory, "for a test", now, expires, token, &made, &err);
    if (r == 0)
        ck_assert_int_eq(pushed_commit(pushed, &err), 0);
    else
        pushed_rollback(pushed);
    return r;
}

static void make(const char *directory, int64_t expires)
{
    ck_assert_msg(try_make(directory, NOW, expires) == 0, "%s", err.text);
}

static int check_at(const char *directory, const char *text, int64_t now)
{
    int r = push_tokens_check(pushed, directory, span_str(text), now, &err);
    ck_assert_msg(r >= 0, "%s", err.text);
    return r;
}

static void keep(void *ctx, const struct push_token *row)
{
    struct push_token *rows = ctx;
    ck_assert_int_lt(row->id, 10);
    rows[row->id] = *row;
    rows[row->id].note = NULL;
}

static void list(const char *directory, struct push_token rows[static 10])
{
    memset(rows, 0, 10 * sizeof *rows);
    ck_assert_int_eq(push_tokens_each(pushed, directory, keep, rows, &err), 0);
}

START_TEST(good_for_its_own_directory)
{
    make("entra", 0);
    ck_assert_uint_eq(strlen(token), PUSH_TOKEN_SIZE - 1);
    ck_assert_int_eq(check_at("entra", token, NOW), 1);
    ck_assert_int_eq(check_at("okta", token, NOW), 0);
    ck_assert_int_eq(check_at("ENTRA", token, NOW), 0);
    ck_assert_int_eq(check_at("", token, NOW), 0);
}
END_TEST

START_TEST(nothing_near_it_is_good)
{
    make("entra", 0);
    char other[PUSH_TOKEN_SIZE + 1];
    for (size_t i = 0; i < PUSH_TOKEN_SIZE - 1; i++) {
        snprintf(other, sizeof other, "%s", token);
        other[i] = other[i] == 'a' ? 'b' : 'a';
        ck_assert_int_eq(check_at("entra", other, NOW), 0);
        other[i] = '\0';
        ck_assert_int_eq(check_at("entra", other, NOW), 0);
    }
    snprintf(other, sizeof other, "%sa", token);
    ck_assert_int_eq(check_at("entra", other, NOW), 0);
    ck_assert_int_eq(push_tokens_check(pushed, "entra", (struct span){token, PUSH_TOKEN_SIZE}, NOW, &err), 0);
    ck_assert_int_eq(push_tokens_check(pushed, "entra", (struct span){NULL, 0}, NOW, &err), 0);
}
END_TEST

START_TEST(several_at_once)
{
    char first[PUSH_TOKEN_SIZE];
    make("entra", 0);
    memcpy(first, token, sizeof first);
    make("entra", 0);
    ck_assert_str_ne(first, token);
    ck_assert_int_eq(check_at("entra", first, NOW) + check_at("entra", token, NOW), 2);
    ck_assert_int_eq(push_tokens_revoke(pushed, "okta", 1, NOW, &err), 0);
    ck_assert_int_eq(push_tokens_revoke(pushed, "entra", 1, NOW + 5, &err), 1);
    ck_assert_int_eq(push_tokens_revoke(pushed, "entra", 1, NOW + 6, &err), 0);
    ck_assert_int_eq(push_tokens_revoke(pushed, "entra", 7, NOW, &err), 0);
    ck_assert_int_eq(check_at("entra", first, NOW), 0);
    ck_assert_int_eq(check_at("entra", token, NOW), 1);
    struct push_token rows[10];
    list("entra", rows);
    ck_assert_int_eq(rows[1].revoked, NOW + 5);
    ck_assert(!push_token_is_good(&rows[1], NOW) && push_token_is_good(&rows[2], NOW));
}
END_TEST

START_TEST(over_in_time)
{
    make("entra", NOW + 100);
    ck_assert_int_eq(check_at("entra", token, NOW + 99), 1);
    ck_assert_int_eq(check_at("entra", token, NOW + 100), 0);
    ck_assert(!push_token_is_good(&made, NOW + 100));
}
END_TEST

START_TEST(uses_are_noted_once_a_minute)
{
    struct push_token rows[10];
    make("entra", 0);
    make("entra", 0);
    check_at("entra", token, NOW + 10);
    list("entra", rows);
    ck_assert_int_eq(rows[2].used, NOW + 10);
    check_at("entra", token, NOW + 69);
    list("entra", rows);
    ck_assert_int_eq(rows[2].used, NOW + 10);
    check_at("entra", token, NOW + 70);
    check_at("entra", "dwscim_wrong", NOW + 700);
    check_at("okta", token, NOW + 700);
    list("entra", rows);
    ck_assert_int_eq(rows[2].used, NOW + 70);
    ck_assert_int_eq(rows[1].used, 0);
}
END_TEST

#define MANY 5

/* Whoever asks has better to do than to wait for it: the test would be ended, as each wait is seconds long. */
START_TEST(uses_are_noted_when_nobody_writes)
{
    CLEANUP(pushed_close) struct pushed *other = NULL;
    struct push_token rows[10];
    char tokens[MANY][PUSH_TOKEN_SIZE];
    ck_assert_int_eq(pushed_open(dir, &other, &err), 0);
    for (int i = 0; i < MANY; i++) {
        make("entra", 0);
        memcpy(tokens[i], token, sizeof token);
    }
    ck_assert_int_eq(pushed_begin(other, &err), 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(check_at("entra", tokens[i], NOW + 10), 1);
    pushed_rollback(other);
    list("entra", rows);
    ck_assert_int_eq(rows[1].used, 0);
    ck_assert_int_eq(check_at("entra", tokens[0], NOW + 20), 1);
    list("entra", rows);
    ck_assert_int_eq(rows[1].used, NOW + 20);
}
END_TEST

START_TEST(only_so_many)
{
    for (int i = 0; i < PUSH_TOKENS_MAX; i++)
        make("entra", i ? 0 : NOW + 10);
    ck_assert_int_eq(try_make("entra", NOW, 0), -1);
    ck_assert_int_eq(err.kind, ERR_CONFLICT);
    make("okta", 0);
    ck_assert_int_eq(try_make("entra", NOW + 10, 0), 0);
    ck_assert_int_eq(made.id, PUSH_TOKENS_MAX + 2);
}
END_TEST

/* Whoever reads the file, or a backup of it, cannot push. */
START_TEST(the_file_does_not_have_it)
{
    make("entra", 0);
    pushed_close(&pushed);
    static const char *const files[] = {"push.db", "push.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT;
        CLEANUP(freep) char *path = mem_printf("%s/%s", dir, files[i]);
        if (file_read(path, 1 << 24, &text, &err) == 0)
            ck_assert_ptr_null(memmem(text.data, text.len, token + 7, TOKEN_LENGTH));
    }
}
END_TEST

START_TEST(a_reader_may_look)
{
    make("entra", 0);
    pushed_close(&pushed);
    ck_assert_int_eq(pushed_open_read(dir, &pushed, &err), 0);
    ck_assert_int_eq(check_at("entra", token, NOW + 5), 1);
    struct push_token rows[10];
    list("entra", rows);
    ck_assert_int_eq(rows[1].created, NOW);
    ck_assert_int_eq(rows[1].used, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("push_tokens");
    TCase *c = tcase_create("push_tokens");
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {good_for_its_own_directory,
                                  nothing_near_it_is_good,
                                  several_at_once,
                                  over_in_time,
                                  uses_are_noted_once_a_minute,
                                  uses_are_noted_when_nobody_writes,
                                  only_so_many,
                                  the_file_does_not_have_it,
                                  a_reader_may_look};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return suite_run(s);
}
