/* signin.db: what a restart may not forget, and what counts once. */
#include <check.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store/arrivals.h"
#include "store/renewals.h"
#include "store/signins.h"
#include "store/trials.h"
#include "store/visits.h"
#include "suite.h"

static char dir[64];
static struct signins *db;
static struct pool *pool;
static struct err err;

static void open_db(void)
{
    ck_assert_msg(signins_open(dir, &db, &err) == 0, "%s", err.text);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-signins-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    pool = pool_new();
    open_db();
}

static void teardown(void)
{
    static const char *const files[] = {"signin.db", "signin.db-wal", "signin.db-shm"};
    signins_close(&db);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(pool_printf(pool, "%s/%s", dir, files[i]));
    rmdir(dir);
    pool_free(&pool);
}

static void reopen(void)
{
    signins_close(&db);
    open_db();
}

static void put_request(const char *handle, int64_t expires)
{
    struct signins_request r = {.handle = handle,
                                .id = "_id",
                                .connection = "idp",
                                .browser = "browser",
                                .next = "/",
                                .created = 100,
                                .expires = expires};
    ck_assert_msg(signins_request_put(db, &r, &err) == 0, "%s", err.text);
}

static int get_request(const char *handle, const char *browser, int64_t now, bool *other)
{
    struct signins_request r;
    return signins_request_get(db, handle, browser, now, pool, &r, other, &err);
}

START_TEST(a_request_is_its_browsers_and_is_taken_once)
{
    bool other;
    struct signins_request r;
    put_request("handle", 200);
    reopen();
    ck_assert_int_eq(signins_request_get(db, "handle", "browser", 199, pool, &r, &other, &err), 1);
    ck_assert_str_eq(r.id, "_id");
    ck_assert_str_eq(r.connection, "idp");
    ck_assert_str_eq(r.next, "/");
    ck_assert_int_eq(get_request("handle", "another", 199, &other), 0);
    ck_assert(other);
    ck_assert_int_eq(get_request("handle", "browser", 200, &other), 0);
    ck_assert(!other);
    ck_assert_int_eq(get_request("none", "browser", 199, &other), 0);
    ck_assert(!other);
    ck_assert_int_eq(signins_request_take(db, "handle", &err), 1);
    ck_assert_int_eq(signins_request_take(db, "handle", &err), 0);
    ck_assert_int_eq(get_request("handle", "browser", 199, &other), 0);
}
END_TEST

START_TEST(a_value_counts_once_for_everybody)
{
    CLEANUP(signins_close) struct signins *second = NULL;
    ck_assert_int_eq(signins_open(dir, &second, &err), 0);
    ck_assert_int_eq(signins_was_used(db, "assertion", "a", &err), 0);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 200, &err), 1);
    ck_assert_int_eq(signins_use_once(second, "assertion", "a", 200, &err), 0);
    ck_assert_int_eq(signins_use_once(second, "code", "a", 200, &err), 1);
    reopen();
    ck_assert_int_eq(signins_was_used(db, "assertion", "a", &err), 1);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 200, &err), 0);
}
END_TEST

START_TEST(what_was_rolled_back_was_not_used)
{
    ck_assert_int_eq(signins_begin(db, &err), 0);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 200, &err), 1);
    signins_rollback(db);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 200, &err), 1);
}
END_TEST

static void put_session(const char *token, const char *uid)
{
    struct signins_session s = {.sid = pool_printf(pool, "sid of %s", token),
                                .directory = "hq",
                                .uid = uid,
                                .email = "a@example.com",
                                .connection = "idp",
                                .name_id = "n",
                                .created = 100,
                                .expires = 200};
    ck_assert_msg(signins_session_put(db, token, &s, &err) == 0, "%s", err.text);
}

START_TEST(a_session_lasts_until_its_end)
{
    struct signins_session s;
    int64_t ended;
    put_session("one", "ann");
    put_session("two", "ann");
    put_session("three", "bob");
    reopen();
    ck_assert_int_eq(signins_session_get(db, "one", 199, pool, &s, &err), 1);
    ck_assert_str_eq(s.uid, "ann");
    ck_assert_str_eq(s.name_id, "n");
    ck_assert_str_eq(s.session_index, "");
    ck_assert_int_eq(signins_session_get(db, "one", 200, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_end(db, "one", &err), 0);
    ck_assert_int_eq(signins_session_get(db, "one", 199, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_end_of(db, "hq", "ann", &ended, &err), 0);
    ck_assert_int_eq(ended, 1);
    ck_assert_int_eq(signins_session_get(db, "two", 199, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_get(db, "three", 199, pool, &s, &err), 1);
}
END_TEST

START_TEST(no_secret_of_a_browser_stands_in_the_file)
{
    put_request("secret-handle", 200);
    put_session("secret-token", "ann");
    signins_close(&db);
    sqlite3 *raw;
    ck_assert_int_eq(sqlite3_open(pool_printf(pool, "%s/signin.db", dir), &raw), SQLITE_OK);
    sqlite3_stmt *st;
    static const char sql[] =
        "SELECT group_concat(handle || browser) || (SELECT group_concat(hash) FROM session) FROM request";
    ck_assert_int_eq(sqlite3_prepare_v2(raw, sql, -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(st, 0);
    ck_assert_uint_eq(strlen(text), (size_t)3 * 64);
    ck_assert(!strstr(text, "secret") && !strstr(text, "browser"));
    sqlite3_finalize(st);
    sqlite3_close(raw);
    struct stat file;
    ck_assert_int_eq(stat(pool_printf(pool, "%s/signin.db", dir), &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_record_is_found_by_its_reference)
{
    char ref[SIGNINS_REF_SIZE], second[SIGNINS_REF_SIZE];
    struct signins_record r;
    signins_new_ref(ref);
    signins_new_ref(second);
    ck_assert_str_ne(ref, second);
    ck_assert_uint_eq(strlen(ref), SIGNINS_REF_SIZE - 1);
    ck_assert_int_eq(signins_record_put(
                         db, &(struct signins_record){.ref = ref, .at = 7, .email = "a@b", .reason = "because"}, &err),
                     0);
    ck_assert_int_eq(signins_record_get(db, ref, pool, &r, &err), 1);
    ck_assert_str_eq(r.reason, "because");
    ck_assert_str_eq(r.connection, "");
    ck_assert(r.result == RESULT_REFUSED && r.at == 7);
    ck_assert_int_eq(signins_record_get(db, second, pool, &r, &err), 0);
}
END_TEST

START_TEST(what_expired_is_forgotten_in_small_steps)
{
    bool more, other;
    struct signins_session s;
    for (int i = 0; i < 10; i++)
        put_request(pool_printf(pool, "old %d", i), 200);
    put_request("new", 900);
    put_session("token", "ann");
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 900, &err), 1);
    ck_assert_int_eq(signins_sweep(db, 200, 0, 4, &more, &err), 0);
    ck_assert(more);
    ck_assert_int_eq(signins_sweep(db, 200, 0, 4, &more, &err), 0);
    ck_assert(more);
    ck_assert_int_eq(signins_sweep(db, 200, 0, 4, &more, &err), 0);
    ck_assert(!more);
    ck_assert_int_eq(get_request("old 9", "browser", 199, &other), 0);
    ck_assert_int_eq(get_request("new", "browser", 199, &other), 1);
    ck_assert_int_eq(signins_session_get(db, "token", 199, pool, &s, &err), 0);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 900, &err), 0);
    ck_assert_int_eq(signins_sweep(db, 900, 0, 4, &more, &err), 0);
    ck_assert_int_eq(signins_use_once(db, "assertion", "a", 900, &err), 1);
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many)
{
    bool more, other;
    sqlite3 *raw;
    put_request("old", 900);
    put_request("new", 901);
    ck_assert_int_eq(sqlite3_open(pool_printf(pool, "%s/signin.db", dir), &raw), SQLITE_OK);
    char *sql = sqlite3_mprintf("UPDATE request SET seq = seq + %d WHERE expires = 901", SIGNINS_REQUESTS_MAX);
    ck_assert_int_eq(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
    sqlite3_close(raw);
    ck_assert_int_eq(signins_sweep(db, 200, 0, 4, &more, &err), 0);
    ck_assert_int_eq(get_request("old", "browser", 199, &other), 0);
    ck_assert_int_eq(get_request("new", "browser", 199, &other), 1);
}
END_TEST

/* Closing a descriptor of the file would give up the locks of db: the other program then takes the WAL away. */
START_TEST(a_second_handle_does_not_cost_the_first_its_locks)
{
    struct signins *second = NULL;
    put_session("before", "ann");
    ck_assert_int_eq(signins_open(dir, &second, &err), 0);
    pid_t child = fork();
    if (child == 0) {
        execlp("sqlite3", "sqlite3", pool_printf(pool, "%s/signin.db", dir), "SELECT 1 FROM session WHERE 0", NULL);
        _exit(127);
    }
    int status;
    struct signins_session s;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(access(pool_printf(pool, "%s/signin.db-wal", dir), F_OK), 0);
    put_session("after", "bob");
    signins_close(&second);
    reopen();
    ck_assert_int_eq(signins_session_get(db, "before", 199, pool, &s, &err), 1);
    ck_assert_int_eq(signins_session_get(db, "after", 199, pool, &s, &err), 1);
}
END_TEST

START_TEST(a_file_of_something_else_is_left_alone)
{
    signins_close(&db);
    sqlite3 *raw;
    ck_assert_int_eq(sqlite3_open(pool_printf(pool, "%s/signin.db", dir), &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw, "PRAGMA application_id = 7", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    ck_assert_int_eq(signins_open(dir, &db, &err), -1);
    ck_assert_int_eq(err.kind, ERR_STORE);
}
END_TEST

/* --- tests of connections ------------------------------------------------------------------------------------------------ */

START_TEST(a_test_is_one_browsers_and_answered_once)
{
    char id[DIGEST_HEX_MAX], again[DIGEST_HEX_MAX];
    struct trial t;
    ck_assert_int_eq(trials_put(db, "handle", "idp", 100, 200, &err), 0);
    reopen();
    ck_assert_int_eq(trials_get(db, "handle", 199, pool, &t, &err), 1);
    ck_assert(!t.begun && !t.answered && strcmp(t.connection, "idp") == 0);
    ck_assert_int_eq(trials_get(db, "handle", 200, pool, &t, &err), 0);
    ck_assert_int_eq(trials_begin(db, "handle", "browser", 200, id, &err), 0);
    ck_assert_int_eq(trials_begin(db, "handle", "browser", 150, id, &err), 1);
    ck_assert_int_eq(trials_begin(db, "handle", "another", 150, again, &err), 0);
    ck_assert_int_eq(trials_begin(db, "handle", "browser", 151, again, &err), 1);
    ck_assert_str_eq(id, again);
    ck_assert_str_ne(id, "handle");
    ck_assert_int_eq(trials_answer(db, "handle", "{}", 160, &err), 0);
    ck_assert_int_eq(trials_answer(db, id, "{}", 200, &err), 0);
    ck_assert_int_eq(trials_answer(db, id, "{\"a\": 1}", 199, &err), 1);
    ck_assert_int_eq(trials_answer(db, id, "{}", 199, &err), 0);
    ck_assert_int_eq(trials_begin(db, "handle", "browser", 199, id, &err), 0);
    /* The answer waits longer than the link was good. */
    ck_assert_int_eq(trials_get(db, "handle", 199 + TRIAL_REPORT_SECONDS - 1, pool, &t, &err), 1);
    ck_assert(t.answered && strcmp(t.report, "{\"a\": 1}") == 0);
    ck_assert_int_eq(trials_drop(db, "handle", &err), 0);
    ck_assert_int_eq(trials_get(db, "handle", 199, pool, &t, &err), 0);
}
END_TEST

START_TEST(tests_are_bounded_and_swept)
{
    bool more;
    struct trial t;
    for (int i = 0; i < TRIALS_MAX; i++)
        ck_assert_int_eq(trials_put(db, pool_printf(pool, "h%d", i), "idp", 100, 200, &err), 0);
    ck_assert_int_eq(trials_put(db, "more", "idp", 100, 200, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFLICT);
    ck_assert_int_eq(trials_put(db, "more", "idp", 200, 300, &err), 0);
    ck_assert_int_eq(signins_sweep(db, 200, 0, 1000, &more, &err), 0);
    ck_assert_int_eq(trials_get(db, "more", 200, pool, &t, &err), 1);
    ck_assert_int_eq(trials_get(db, "h1", 100, pool, &t, &err), 0);
}
END_TEST

/* --- what sign-ins renew --------------------------------------------------------------------------------------------------- */

static int64_t renewed(struct store *store, const char *connection, const char *entity)
{
    int64_t at = -1;
    ck_assert_msg(renewals_last(store, connection, entity, &at, &err) == 0, "%s", err.text);
    return at;
}

START_TEST(a_renewal_is_of_one_provider_and_once_an_hour)
{
    struct store *store = NULL;
    ck_assert_msg(store_open(dir, STORE_WRITE, "test", &store, &err) == 0, "%s", err.text);
    ck_assert_int_eq(renewed(store, "idp", "e"), 0);
    ck_assert_int_eq(renewals_note(db, "idp", "e", 10000, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 10000);
    ck_assert_int_eq(renewed(store, "idp", "other"), 0);
    ck_assert_int_eq(renewed(store, "other", "e"), 0);
    ck_assert_int_eq(renewals_note(db, "idp", "e", 10000 + RENEWAL_SECONDS - 1, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 10000);
    ck_assert_int_eq(renewals_note(db, "idp", "e", 10000 + RENEWAL_SECONDS, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 10000 + RENEWAL_SECONDS);
    ck_assert_int_eq(renewals_note(db, "idp", "e", 500, &err), 0); /* the clock was set back */
    ck_assert_int_eq(renewed(store, "idp", "e"), 500);
    ck_assert_int_eq(renewals_note(db, "idp", "other", 501, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 0);
    store_close(&store);
    unlink(pool_printf(pool, "%s/doorward.db", dir));
    unlink(pool_printf(pool, "%s/lock", dir));
}
END_TEST

START_TEST(without_a_file_nothing_was_renewed)
{
    struct store *store = NULL;
    signins_close(&db);
    unlink(pool_printf(pool, "%s/signin.db", dir));
    ck_assert_int_eq(store_open(dir, STORE_WRITE, "test", &store, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 0);
    open_db(); /* it comes later, and is found then */
    ck_assert_int_eq(renewals_note(db, "idp", "e", 1000, &err), 0);
    ck_assert_int_eq(renewed(store, "idp", "e"), 1000);
    store_close(&store);
    unlink(pool_printf(pool, "%s/doorward.db", dir));
    unlink(pool_printf(pool, "%s/lock", dir));
}
END_TEST

/* --- people whom no directory has ------------------------------------------------------------------------------------------ */

static int arrive(const char *connection, const char *uid, const char *email, int64_t now)
{
    return arrivals_put(db, &(struct arrival){connection, uid, email, "Given", "Family", 0, now}, &err);
}

static void count(void *ctx, const struct arrival *arrival)
{
    *(size_t *)ctx += arrival != NULL;
}

START_TEST(an_arrival_is_of_its_connection)
{
    struct arrival a;
    struct signins_session s;
    size_t n = 0;
    ck_assert_int_eq(arrive("idp", "7", "Ann@example.com", 100), 0);
    ck_assert_int_eq(arrive("idp", "7", "ann@example.com", 200), 0);
    ck_assert_int_eq(arrive("other", "7", "bob@example.com", 200), 0);
    ck_assert_int_eq(arrivals_get(db, "idp", "7", pool, &a, &err), 1);
    ck_assert(a.first_seen == 100 && a.last_seen == 200 && strcmp(a.email, "ann@example.com") == 0);
    ck_assert_int_eq(arrivals_get(db, "none", "7", pool, &a, &err), 0);
    ck_assert_int_eq(arrivals_has_email(db, "ANN@example.com", "idp", "7", &err), 0);
    ck_assert_int_eq(arrivals_has_email(db, "ANN@example.com", "other", "7", &err), 1);
    ck_assert_int_eq(arrivals_has_email(db, "new@example.com", "idp", "8", &err), 0);
    ck_assert_int_eq(arrivals_each(db, count, &n, &err), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(signins_session_put(db, "token",
                                         &(struct signins_session){.sid = "sid",
                                                                   .directory = arrivals_directory(pool, "idp"),
                                                                   .uid = "7",
                                                                   .email = "",
                                                                   .connection = "idp",
                                                                   .created = 1,
                                                                   .expires = 999,
                                                                   .ends = 999},
                                         &err),
                     0);
    ck_assert_int_eq(arrivals_drop(db, "idp", "7", &err), 1);
    ck_assert_int_eq(arrivals_drop(db, "idp", "7", &err), 0);
    ck_assert_int_eq(signins_session_get(db, "token", 10, pool, &s, &err), 0);
    ck_assert_int_eq(arrivals_get(db, "other", "7", pool, &a, &err), 1);
}
END_TEST

static struct signins_session of_browser(const char *sid, const char *browser)
{
    return (struct signins_session){.sid = sid,
                                    .directory = "hq",
                                    .uid = "u",
                                    .email = "a@example.com",
                                    .connection = "idp",
                                    .created = 1,
                                    .expires = 100,
                                    .browser = browser};
}

START_TEST(a_session_goes_on_under_another_secret)
{
    struct signins_session s, first = of_browser("sid", "b"), again = of_browser("sid", "c"), none = of_browser("gone", "");
    ck_assert_int_eq(signins_session_put(db, "one", &first, &err), 0);
    ck_assert_int_eq(visits_put(db, "sid", "wiki", "subject", 10, &err), 0);
    ck_assert_int_eq(signins_session_get(db, "one", 10, pool, &first, &err), 1);
    again.email = "b@example.com";
    again.expires = 200;
    ck_assert_int_eq(signins_session_renew(db, "two", &again, &err), 1);
    ck_assert_int_eq(signins_session_renew(db, "two", &none, &err), 0);
    ck_assert_int_eq(signins_session_get(db, "one", 10, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_get(db, "two", 10, pool, &s, &err), 1);
    ck_assert(strcmp(s.sid, "sid") == 0 && strcmp(s.email, "b@example.com") == 0 && s.expires == 200 && s.ends == 200);
    ck_assert_str_ne(s.mark, first.mark);
    const char *visits[VISITS_MAX];
    ck_assert_int_eq(visits_of(db, "sid", pool, visits, &err), 1);
    ck_assert_int_eq(signins_session_here(db, NULL, "b", 10, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_here(db, NULL, "c", 10, pool, &s, &err), 1);
}
END_TEST

START_TEST(a_browser_has_the_sessions_of_its_cookies)
{
    const struct signins_session a = of_browser("a", "b"), b = of_browser("b", ""), c = of_browser("c", NULL);
    struct signins_session s;
    ck_assert_int_eq(signins_session_put(db, "one", &a, &err), 0);
    ck_assert_int_eq(signins_session_put(db, "two", &b, &err), 0);
    ck_assert_int_eq(signins_session_put(db, "three", &c, &err), 0);
    ck_assert_int_eq(signins_session_here(db, NULL, NULL, 10, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_here(db, NULL, "", 10, pool, &s, &err), 0); /* nobody's are not everybody's */
    ck_assert_int_eq(signins_session_here(db, "two", "b", 10, pool, &s, &err), 1);
    ck_assert_str_eq(s.sid, "b");
    ck_assert_int_eq(signins_session_here(db, "none", "b", 10, pool, &s, &err), 1);
    ck_assert_str_eq(s.sid, "a");
    ck_assert_int_eq(signins_session_here(db, NULL, "b", 100, pool, &s, &err), 0); /* expired */
    ck_assert_int_eq(signins_session_end_here(db, NULL, "", "none", &err), 0);
    ck_assert_int_eq(signins_session_end_here(db, "two", "b", "a", &err), 0);
    ck_assert_int_eq(signins_session_named(db, "a", 10, pool, &s, &err), 1);
    ck_assert_int_eq(signins_session_named(db, "b", 10, pool, &s, &err), 0);
    ck_assert_int_eq(signins_session_named(db, "c", 10, pool, &s, &err), 1);
}
END_TEST

START_TEST(there_are_only_so_many_arrivals)
{
    ck_assert_int_eq(signins_begin(db, &err), 0);
    for (int i = 0; i < ARRIVALS_MAX; i++)
        ck_assert_int_eq(arrive("idp", pool_printf(pool, "%d", i), pool_printf(pool, "p%d@example.com", i), 1), 0);
    ck_assert_int_eq(arrive("idp", "more", "more@example.com", 1), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_int_eq(arrive("idp", "5", "p5@example.com", 2), 0);
    ck_assert_int_eq(signins_commit(db, &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signins");
    TCase *tc = tcase_create("signins");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_request_is_its_browsers_and_is_taken_once);
    tcase_add_test(tc, a_value_counts_once_for_everybody);
    tcase_add_test(tc, what_was_rolled_back_was_not_used);
    tcase_add_test(tc, a_session_lasts_until_its_end);
    tcase_add_test(tc, no_secret_of_a_browser_stands_in_the_file);
    tcase_add_test(tc, a_record_is_found_by_its_reference);
    tcase_add_test(tc, what_expired_is_forgotten_in_small_steps);
    tcase_add_test(tc, the_oldest_go_when_there_are_too_many);
    tcase_add_test(tc, a_second_handle_does_not_cost_the_first_its_locks);
    tcase_add_test(tc, a_file_of_something_else_is_left_alone);
    tcase_add_test(tc, a_test_is_one_browsers_and_answered_once);
    tcase_add_test(tc, tests_are_bounded_and_swept);
    tcase_add_test(tc, a_renewal_is_of_one_provider_and_once_an_hour);
    tcase_add_test(tc, without_a_file_nothing_was_renewed);
    tcase_add_test(tc, an_arrival_is_of_its_connection);
    tcase_add_test(tc, there_are_only_so_many_arrivals);
    tcase_add_test(tc, a_session_goes_on_under_another_secret);
    tcase_add_test(tc, a_browser_has_the_sessions_of_its_cookies);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
