/* Ends of sessions: who goes on and who does not, what follows from an end, and what applications are told of it. */
#include <check.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/schema.h"
#include "saml/saml.h"
#include "signin/forward.h"
#include "signin/standing.h"
#include "signin/watch.h"
#include "store/grants.h"
#include "store/notices.h"
#include "store/passes.h"
#include "store/visits.h"
#include "suite.h"

static char dir[64];
static struct signin in;
static struct conf *conf;
static struct err err;

static const char text[] =
    "[organization]\nname = O\nurl = https://signin.example.com\n"
    "[domain example.com]\nconnection = idp\n[domain second.example]\nconnection = idp\n"
    "[domain other.org]\nconnection = foreign\n"
    "[connection idp]\ntype = oidc\nissuer = https://idp.example.com\nclient-id = c\n"
    "[connection foreign]\ntype = oidc\nissuer = https://foreign.example.com\nclient-id = c\n"
    "[platform p]\ntype = roster\n[directory hq]\ntype = ldif\nfile = conf\n"
    "[team design]\ndirectory = hq\nplatform = p\nprimary-admin = a@example.com\n"
    "[product autocad]\nteam = design\nname = A\ngroup = g\n[product maya]\nteam = design\nname = M\ngroup = g\n"
    "[application wiki]\nredirect-uri = https://wiki.example.com/c\nproduct = autocad\n"
    "[application open]\nforward-auth = https://open.example.com\nforward-auth = http://127.0.0.1:8000\n"
    "[serve]\nsession-idle = 10m\n";

static const char rows[] =
    "INSERT INTO directory (id, name) VALUES (1, 'hq');"
    "INSERT INTO entry (id, directory, kind, uid, fp_hi, fp_lo, gone_at) VALUES (1, 1, 0, 'ann', 0, 0, 0),"
    " (2, 1, 0, 'bob', 0, 0, 0);"
    "INSERT INTO person (id, name, email, domain, active, excluded, fp_hi, fp_lo) VALUES"
    " (1, 'cn=ann', 'ann@example.com', 'example.com', 1, 0, 0, 0),"
    " (2, 'cn=bob', 'bob@example.com', 'example.com', 1, 0, 0, 0);"
    "INSERT INTO connection (name, state, entity, tested_at, activated_at, usable_until) VALUES"
    " ('idp', 'active', 'https://idp.example.com', 999, 999, 99999999999);"
    "INSERT INTO domain (name, token, created_at, state, proved_at, connection) VALUES"
    " ('example.com', 't', 1, 'proved', 1, 'idp'), ('second.example', 't', 1, 'proved', 1, 'idp');"
    "INSERT INTO team (id, name) VALUES (1, 'design');"
    "INSERT INTO product (id, team, name) VALUES (1, 1, 'autocad'), (2, 1, 'maya');"
    "INSERT INTO account (id, team, person, uid, state, since, domain, email_hash, email, fp_hi, fp_lo) VALUES"
    " (1, 1, 1, 'ann', 'active', 1, 'example.com', 0, 'ann@example.com', 0, 0);"
    "INSERT INTO seat (account, product, via, since) VALUES (1, 1, 1, 1), (1, 2, 1, 1);";

static const char *path(const char *name)
{
    return pool_printf(in.pool, "%s/%s", dir, name);
}

static void main_sql(const char *sql)
{
    ck_assert_msg(db_exec(in.store->db, sql, &err) == 0, "%s: %s", sql, err.text);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-watch-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    in = (struct signin){.pool = pool_new(), .now = 1000};
    ck_assert_int_eq(file_replace(path("conf"), text, sizeof text - 1, 0600, &err), 0);
    ck_assert_msg(conf_load(path("conf"), schema_get(), &conf, NULL, &err) == 0, "%s", err.text);
    in.conf = conf;
    ck_assert_msg(store_open(dir, STORE_WRITE, "test", &in.store, &err) == 0, "%s", err.text);
    ck_assert_msg(signins_open(dir, &in.signins, &err) == 0, "%s", err.text);
    main_sql(rows);
}

static void teardown(void)
{
    static const char *const files[] = {
        "doorward.db", "doorward.db-wal", "doorward.db-shm", "signin.db", "signin.db-wal", "signin.db-shm", "lock",
        "conf"};
    store_close(&in.store);
    signins_close(&in.signins);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path(files[i]));
    rmdir(dir);
    conf_free(&conf);
    pool_free(&in.pool);
    saml_shutdown();
}

/* sid is "sid of TOKEN". */
static void put_session(const char *token, const char *uid, bool seated)
{
    const struct signins_session s = {.sid = pool_printf(in.pool, "sid of %s", token),
                                      .directory = "hq",
                                      .uid = uid,
                                      .email = pool_printf(in.pool, "%s@example.com", uid),
                                      .connection = "idp",
                                      .seated = seated,
                                      .created = 1000,
                                      .expires = 2000,
                                      .ends = 9000};
    ck_assert_msg(signins_session_put(in.signins, token, &s, &err) == 0, "%s", err.text);
}

static void put_visit(const char *token, const char *application)
{
    ck_assert_msg(visits_put(in.signins, pool_printf(in.pool, "sid of %s", token), application, "sub", 1000, &err) == 0,
                  "%s", err.text);
}

static bool is_there(const char *token)
{
    struct signins_session s;
    return signins_session_get(in.signins, token, in.now, in.pool, &s, &err) == 1;
}

static int notices(const char *application)
{
    struct notice due[10];
    return notices_due(in.signins, application, in.now, 10, in.pool, due, &err);
}

/* --- what follows from an end ---------------------------------------------------------------------------------------- */

static int end_by_token(void)
{
    return signins_session_end(in.signins, "one", &err);
}

static int end_by_sid(void)
{
    return signins_session_end_sid(in.signins, "sid of one", &err) == 1 ? 0 : -1;
}

static int end_by_person(void)
{
    int64_t ended;
    return signins_session_end_of(in.signins, "hq", "ann", &ended, &err);
}

static int end_by_time(void)
{
    bool more;
    return signins_sweep(in.signins, 2000, 0, 10, &more, &err);
}

START_TEST(however_a_session_ends_applications_are_told)
{
    int (*const ends[])(void) = {end_by_token, end_by_sid, end_by_person, end_by_time};
    struct notice due[2];
    put_session("one", "ann", false);
    put_visit("one", "wiki");
    put_visit("one", "wiki");
    put_visit("one", "open");
    ck_assert_int_eq(notices("wiki"), 0);
    ck_assert_int_eq(signins_begin(in.signins, &err), 0);
    ck_assert_int_eq(ends[_i](), 0);
    signins_rollback(in.signins);
    ck_assert_int_eq(notices("wiki"), 0);
    ck_assert_int_eq(ends[_i](), 0);
    ck_assert(!is_there("one"));
    ck_assert_int_eq(notices_due(in.signins, "wiki", in.now, 2, in.pool, due, &err), 1);
    ck_assert_str_eq(due->sid, "sid of one");
    ck_assert_str_eq(due->subject, "sub");
    ck_assert_int_eq(notices("open"), 1);
    ck_assert_int_eq(visits_put(in.signins, "sid of one", "wiki", "sub", 1000, &err), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
}
END_TEST

START_TEST(a_visit_ends_alone_with_what_it_was_given)
{
    const struct grant grant = {.sid = "sid of one",
                                .application = "wiki",
                                .subject = "sub",
                                .redirect_uri = "",
                                .challenge = "",
                                .created = 1000,
                                .code_expires = 5000};
    struct grant got;
    struct token token;
    put_session("one", "ann", false);
    put_visit("one", "wiki");
    put_visit("one", "open");
    ck_assert_int_eq(grant_put(in.signins, "code", &grant, &err), 0);
    ck_assert_int_eq(grant_of_code(in.signins, "code", in.pool, &got, &err), 1);
    ck_assert_int_eq(token_put(in.signins, "token", TOKEN_ACCESS, got.id, "", 1000, 5000, &err), 0);
    ck_assert_int_eq(token_get(in.signins, "token", 1000, in.pool, &token, &err), 1);
    ck_assert_int_eq(visits_end(in.signins, "sid of one", "wiki", &err), 1);
    ck_assert_int_eq(visits_end(in.signins, "sid of one", "wiki", &err), 0);
    ck_assert_int_eq(token_get(in.signins, "token", 1000, in.pool, &token, &err), 0);
    ck_assert_int_eq(grant_of_code(in.signins, "code", in.pool, &got, &err), 0);
    ck_assert_int_eq(notices("wiki"), 1);
    ck_assert_int_eq(notices("open"), 0);
    ck_assert(is_there("one"));
}
END_TEST

START_TEST(a_notice_waits_for_its_time)
{
    struct notice due[4];
    const char *names[4];
    int64_t dropped, count;
    for (int i = 0; i < 3; i++) {
        const char *token = pool_printf(in.pool, "%d", i);
        put_session(token, "ann", false);
        put_visit(token, "wiki");
        put_visit(token, "open");
        ck_assert_int_eq(signins_session_end(in.signins, token, &err), 0);
    }
    ck_assert_int_eq(notices_applications(in.signins, 4, in.pool, names, &err), 2);
    ck_assert_str_eq(names[0], "open");
    ck_assert_str_eq(names[1], "wiki");
    ck_assert_int_eq(notices_applications(in.signins, 1, in.pool, names, &err), 1);
    ck_assert_int_eq(notices_due(in.signins, "wiki", 1000, 2, in.pool, due, &err), 2);
    ck_assert_int_eq(notices_lease(in.signins, due[0].seq, 1000, 1060, &err), 0);
    ck_assert_int_eq(notices_done(in.signins, due[1].seq, &err), 0);
    ck_assert_int_eq(notices("wiki"), 1);
    ck_assert_int_eq(notices_due(in.signins, "wiki", 1060, 4, in.pool, due, &err), 2);
    ck_assert_int_eq(due[1].tries, 1);
    ck_assert_int_eq(due[1].since, 1000);
    ck_assert_int_eq(notices_lease(in.signins, due[1].seq, 1060, 1120, &err), 0);
    ck_assert_int_eq(notices_retry(in.signins, due[1].seq, 1062, &err), 0);
    ck_assert_int_eq(notices_due(in.signins, "wiki", 1062, 4, in.pool, due, &err), 2);
    ck_assert_int_eq(due[1].tries, 2);
    ck_assert_int_eq(due[1].since, 1000);
    ck_assert_int_eq(notices_skip(in.signins, "sid of 0", "open", &err), 0);
    ck_assert_int_eq(notices_drop(in.signins, "open", &dropped, &err), 0);
    ck_assert_int_eq(dropped, 2);
    ck_assert_int_eq(notices_count(in.signins, &count, &err), 0);
    ck_assert_int_eq(count, 2);
}
END_TEST

/* --- the watch --------------------------------------------------------------------------------------------------------- */

struct heard {
    int sessions, visits;
    char reason[512];
};

static void hear(void *ctx, const struct signins_session *session, const char *application, const char *ref,
                 const char *reason)
{
    struct heard *heard = ctx;
    struct signins_record record;
    (void)session;
    snprintf(heard->reason, sizeof heard->reason, "%s", reason);
    heard->sessions += !application;
    heard->visits += application != NULL;
    if (!application) {
        ck_assert_int_eq(signins_record_get(in.signins, ref, in.pool, &record, &err), 1);
        ck_assert(record.result == RESULT_ENDED && strstr(record.reason, reason));
    }
}

static struct heard look(void)
{
    struct heard heard = {0};
    struct watch watch = {""};
    bool more = true;
    while (more)
        ck_assert_msg(watch_step(&in, &watch, hear, &heard, &more, &err) == 0, "%s", err.text);
    return heard;
}

START_TEST(what_let_them_in_is_looked_at_again)
{
    static const struct {
        const char *sql, *reason; /* NULL: everybody goes on; "": waits */
    } cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE entry SET gone_at = 5 WHERE id = 1", "person ann: gone from directory hq"},
        {"UPDATE person SET active = 0 WHERE id = 1", "person ann: disabled in directory hq"},
        {"UPDATE person SET excluded = 2 WHERE id = 1", "exclude line 2"},
        {"UPDATE person SET domain = 'other.org' WHERE id = 1", "in no domain that this connection signs in"},
        {"UPDATE person SET domain = 'second.example' WHERE id = 1", NULL},
        {"UPDATE connection SET state = 'tested'", "connection idp: it is no longer active"},
        {"DELETE FROM seat WHERE product = 1", NULL},
        {"DELETE FROM seat", "person ann: has no seat of any product any more"},
        {"UPDATE account SET state = 'suspended'", "person ann: has no seat of any product any more"},
        {"UPDATE domain SET state = 'lapsed' WHERE name = 'example.com'", ""},
        {"UPDATE domain SET state = 'lapsed'", ""},
        {"UPDATE connection SET tested_at = -99999999", ""},
        {"UPDATE domain SET state = 'lapsed'; UPDATE person SET active = 0", "person ann: disabled in directory hq"},
    };
    put_session("one", "ann", true);
    main_sql(cases[_i].sql);
    const char *reason = cases[_i].reason;
    bool ends = reason && *reason;
    struct heard heard = look();
    ck_assert_int_eq(heard.sessions, ends);
    ck_assert_msg(!ends || strstr(heard.reason, reason), "%s", heard.reason);
    ck_assert(is_there("one") == !ends);
    /* A request is judged by the same rules. */
    struct signin_who who;
    if (ends)
        put_session("again", "ann", true);
    ck_assert_int_eq(signin_who(&in, ends ? "again" : "one", &who, &err), reason == NULL);
    ck_assert(is_there(ends ? "again" : "one") == !ends);
}
END_TEST

START_TEST(a_directory_of_no_team_lets_nobody_in)
{
    main_sql("INSERT INTO directory (id, name) VALUES (2, 'spare'); UPDATE entry SET directory = 2 WHERE id = 1");
    const struct signins_session s = {.sid = "spare",
                                      .directory = "spare",
                                      .uid = "ann",
                                      .email = "ann@example.com",
                                      .connection = "idp",
                                      .created = 1000,
                                      .expires = 2000};
    ck_assert_int_eq(signins_session_put(in.signins, "two", &s, &err), 0);
    struct heard heard = look();
    ck_assert_int_eq(heard.sessions, 1);
    ck_assert_msg(strstr(heard.reason, "directory spare: no team has it any more"), "%s", heard.reason);
}
END_TEST

START_TEST(who_never_had_a_seat_needs_none)
{
    put_session("one", "bob", false);
    put_session("two", "ann", false);
    main_sql("DELETE FROM seat");
    ck_assert_int_eq(look().sessions, 0);
    ck_assert(is_there("one") && is_there("two"));
}
END_TEST

START_TEST(a_product_that_is_lost_ends_the_visit_only)
{
    put_session("one", "ann", true);
    put_visit("one", "wiki");
    put_visit("one", "open");
    ck_assert_int_eq(look().visits, 0);
    main_sql("DELETE FROM seat WHERE product = 1");
    struct heard heard = look();
    ck_assert_int_eq(heard.sessions, 0);
    ck_assert_int_eq(heard.visits, 1);
    ck_assert_msg(strstr(heard.reason, "no seat of product autocad, which application wiki asks for"), "%s",
                  heard.reason);
    ck_assert_int_eq(notices("wiki"), 1);
    ck_assert_int_eq(notices("open"), 0);
    put_visit("one", "gone");
    heard = look();
    ck_assert_msg(strstr(heard.reason, "application gone: it is no longer configured"), "%s", heard.reason);
}
END_TEST

START_TEST(many_are_looked_at_in_small_steps)
{
    struct heard heard = {0};
    struct watch watch = {""};
    bool more;
    ck_assert_int_eq(signins_begin(in.signins, &err), 0);
    for (int i = 0; i < 2 * WATCH_MOST + 50; i++)
        put_session(pool_printf(in.pool, "%d", i), i % 2 ? "ann" : "bob", false);
    ck_assert_int_eq(signins_commit(in.signins, &err), 0);
    main_sql("UPDATE person SET active = 0 WHERE id = 1");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(watch_step(&in, &watch, hear, &heard, &more, &err), 0);
        ck_assert(more == (i < 2));
        ck_assert_int_le(heard.sessions, (i + 1) * WATCH_MOST);
    }
    ck_assert_int_eq(heard.sessions, WATCH_MOST + 25);
    ck_assert_int_eq(look().sessions, 0);
}
END_TEST

START_TEST(a_session_lasts_as_long_as_it_is_used)
{
    struct signin_who who;
    struct signins_session s;
    put_session("one", "ann", true);
    in.now = 1300; /* expires at 2000, and idle is 600: not later than now */
    ck_assert_int_eq(signin_who(&in, "one", &who, &err), 1);
    ck_assert_int_eq(who.session.expires, 2000);
    in.now = 1900;
    ck_assert_int_eq(signin_who(&in, "one", &who, &err), 1);
    ck_assert_int_eq(signins_session_get(in.signins, "one", 1900, in.pool, &s, &err), 1);
    ck_assert_int_eq(s.expires, 2500);
    in.now = 2400;
    ck_assert_int_eq(signin_who(&in, "one", &who, &err), 1);
    in.now = 8900; /* as if it had been used all the time */
    ck_assert_int_eq(signins_session_touch(in.signins, "sid of one", 9500, &err), 0);
    ck_assert_int_eq(signin_who(&in, "one", &who, &err), 1);
    ck_assert_int_eq(who.session.expires, 9000);
    in.now = 9000;
    ck_assert_int_eq(signin_who(&in, "one", &who, &err), 0);
}
END_TEST

/* --- sites behind a proxy ------------------------------------------------------------------------------------------------ */

START_TEST(only_listed_origins_are_gone_back_to)
{
    static const struct {
        const char *url, *origin;
    } cases[] = {
        {"https://open.example.com/a?b=c", "https://open.example.com"},
        {"https://OPEN.example.com/", "https://open.example.com"},
        {"https://open.example.com", "https://open.example.com"},
        {"http://127.0.0.1:8000/x", "http://127.0.0.1:8000"},
        {"http://127.0.0.1:80001/x", NULL},
        {"http://open.example.com/", NULL},
        {"https://open.example.com.evil.org/", NULL},
        {"https://open.example.com@evil.org/", NULL},
        {"https://open.example.com:8443/", NULL},
        {"https://open.example.com\\@evil.org/", NULL},
        {"https://open.example.com/ x", NULL},
        {"https://open.example.com/\n", NULL},
        {"https://open.example.com/\xc3\xa9", NULL},
        {"//open.example.com/", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *origin = forward_origin(&in, "open", cases[i].url);
        ck_assert_msg(!origin == !cases[i].origin && (!origin || strcmp(origin, cases[i].origin) == 0), "%s: %s",
                      cases[i].url, origin);
    }
    ck_assert_ptr_null(forward_origin(&in, "open", NULL)); /* of two, it has to be said which */
    ck_assert_ptr_null(forward_origin(&in, "wiki", "https://wiki.example.com/"));
    ck_assert_ptr_null(forward_origin(&in, "none", "https://open.example.com/"));
}
END_TEST

START_TEST(a_hop_goes_there_and_back_once)
{
    const char *there, *back, *start;
    struct forward_done done;
    struct signin_who who;
    const char *url = "https://open.example.com/page?x=1";
    ck_assert_int_eq(forward_start(&in, "open", url, "state", &there, &err), 0);
    const char *handle = strchr(there, '=') + 1;
    ck_assert_int_eq(strncmp(there, "https://signin.example.com/forward-auth/enter?for=", 50), 0);
    ck_assert_int_eq(forward_enter(&in, handle, NULL, &back, &err), 0);
    put_session("one", "ann", false);
    ck_assert_int_eq(forward_enter(&in, handle, "one", &back, &err), 1);
    ck_assert_int_eq(forward_enter(&in, handle, "one", &back, &err), -1);
    const char *code = strchr(back, '=') + 1;
    ck_assert_int_eq(strncmp(back, "https://open.example.com/forward-auth/callback?code=", 52), 0);
    ck_assert_int_eq(forward_callback(&in, code, "state", &done, &err), 0);
    ck_assert_str_eq(done.url, url);
    ck_assert_int_eq(forward_callback(&in, code, "state", &done, &err), -1);
    struct forward_ask ask = {.application = "open", .url = url, .pass = "no such"};
    ck_assert_int_eq(forward_check(&in, &ask, &who, &start, &err), 0);
    ck_assert_str_eq(start, "https://open.example.com/forward-auth/start?application=open&url="
                            "https%3A%2F%2Fopen.example.com%2Fpage%3Fx%3D1");
    ck_assert_int_eq(forward_start(&in, "open", url, "state", &there, &err), 0);
    ck_assert_int_eq(forward_enter(&in, strchr(there, '=') + 1, "one", &back, &err), 1);
    ck_assert_int_eq(forward_callback(&in, strchr(back, '=') + 1, "state", &done, &err), 0);
    ask.pass = done.pass;
    ck_assert_int_eq(forward_check(&in, &ask, &who, &start, &err), 1);
    ck_assert_str_eq(who.email, "ann@example.com");
    ask.url = "http://127.0.0.1:8000/";
    ck_assert_int_eq(forward_check(&in, &ask, &who, &start, &err), 0); /* a pass is of its origin */
    ask.url = url;
    ck_assert_int_eq(signins_session_end(in.signins, "one", &err), 0);
    ck_assert_int_eq(forward_check(&in, &ask, &who, &start, &err), 0);
}
END_TEST

START_TEST(a_code_is_of_one_browser_for_a_minute)
{
    const char *there, *back;
    struct forward_done done;
    put_session("one", "ann", false);
    for (int i = 0; i < 3; i++) {
        in.now = 1000;
        ck_assert_int_eq(forward_start(&in, "open", "https://open.example.com/", "state", &there, &err), 0);
        ck_assert_int_eq(forward_enter(&in, strchr(there, '=') + 1, "one", &back, &err), 1);
        in.now = i == 2 ? 1060 : 1059;
        const char *code = strchr(back, '=') + 1;
        ck_assert_int_eq(forward_callback(&in, code, i == 0 ? "another" : i == 1 ? NULL : "state", &done, &err), -1);
        ck_assert_int_eq(err.kind, ERR_REFUSED);
        in.now = 1000;
        ck_assert_int_eq(forward_callback(&in, code, "state", &done, &err), -1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tc = tcase_create("ends");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, however_a_session_ends_applications_are_told, 0, 4);
    tcase_add_test(tc, a_visit_ends_alone_with_what_it_was_given);
    tcase_add_test(tc, a_notice_waits_for_its_time);
    tcase_add_loop_test(tc, what_let_them_in_is_looked_at_again, 0, 14);
    tcase_add_test(tc, a_directory_of_no_team_lets_nobody_in);
    tcase_add_test(tc, who_never_had_a_seat_needs_none);
    tcase_add_test(tc, a_product_that_is_lost_ends_the_visit_only);
    tcase_add_test(tc, many_are_looked_at_in_small_steps);
    tcase_add_test(tc, a_session_lasts_as_long_as_it_is_used);
    tcase_add_test(tc, only_listed_origins_are_gone_back_to);
    tcase_add_test(tc, a_hop_goes_there_and_back_once);
    tcase_add_test(tc, a_code_is_of_one_browser_for_a_minute);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
