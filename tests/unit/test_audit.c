/* The audit log: what it holds, what the database refuses to do to it, and what is found when that was done all the same. */
#include "store/audit.h"
#include "world.h"
#include "suite.h"

static struct world w;
static struct err err;
static int64_t run; /* of three changes, ended */

static void put(enum audit_what what, const char *subject)
{
    err = (struct err)ERR_INIT;
    struct audit_record record = {what, subject, AUDIT_DETAIL(AUDIT_INT("number", 7))};
    ck_assert_msg(audit_write(w.store, &record, &err) == 0, "%s", err.text);
}

/* Records: 1 and 2 of a group's two bindings, 3 and 4 of the run, 5 of a team, 6 of a domain. */
static void setup(void)
{
    world_open(&w, WORLD_DIRECTORY("") WORLD_TEAM("") WORLD_PRODUCT("autocad", "cad", "")
                       WORLD_PRODUCT("revit", "cad", ""));
    audit_as(w.store, "alice", w.now);
    struct item *ann = person(&w, "ann"), *cad = group(&w, "cad");
    member(cad, ann);
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    size_t done;
    ck_assert_msg(world_carry_out(&w, plan, &run, &done) == 0, "%s", w.err.text);
    ck_assert_uint_ge(done, 3);
    put(AUDIT_SYNC_ENABLED, "design");
    put(AUDIT_DOMAIN_PROVED, "example.com");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM audit"), 6);
}

static void teardown(void)
{
    world_close(&w);
}

static struct audit_verdict intact(const char *expect)
{
    struct audit_verdict v = {0};
    err = (struct err)ERR_INIT;
    ck_assert_msg(audit_verify(w.store, expect, &v, &err) == 0, "%s", err.text);
    return v;
}

static void found(const char *expect, const char *says)
{
    struct audit_verdict v;
    err = (struct err)ERR_INIT;
    ck_assert_msg(audit_verify(w.store, expect, &v, &err) == -1, "not found, although %s", says);
    ck_assert_int_eq(err.kind, ERR_STORE);
    ck_assert_msg(strncmp(err.text, says, strlen(says)) == 0, "\"%s\" is not \"%s…\"", err.text, says);
}

static void drop_triggers(void)
{
    static const char *const names[] = {"audit_insert",        "audit_update",        "audit_delete",
                                        "audit_change_update", "audit_change_delete", "audit_run_insert",
                                        "audit_run_update",    "audit_run_delete",    "gate_change"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CLEANUP(freep) char *sql = mem_printf("DROP TRIGGER %s", names[i]);
        world_sql(&w, sql);
    }
}

static void compare_row(void *ctx, const struct audit_row *row)
{
    int64_t *n = ctx;
    ck_assert_int_eq(row->id, ++*n);
    ck_assert_int_eq(row->at, w.now);
    ck_assert_str_eq(row->actor, "alice");
    if (row->id == 3) {
        ck_assert_str_eq(row->what, "run-begun");
        ck_assert_str_eq(row->subject, "1");
        ck_assert_ptr_nonnull(strstr(row->detail, "{\"team\":\"design\",\"command\":"));
    } else if (row->id == 4) {
        ck_assert_str_eq(row->what, "run-ended");
        ck_assert_ptr_nonnull(strstr(row->detail, "{\"state\":\"done\",\"done\":"));
    }
}

START_TEST(what_it_holds)
{
    int64_t n = 0;
    ck_assert_int_eq(audit_each(w.store, compare_row, &n, &err), 0);
    ck_assert_int_eq(n, 6);
    struct audit_verdict v = intact(NULL);
    ck_assert_int_eq(v.records, 6);
    ck_assert_int_eq(v.runs, 1);
    ck_assert_uint_eq(strlen(v.head), 64);
}
END_TEST

START_TEST(every_word_is_one_of_its_own)
{
    for (int i = 0; i < AUDIT_COUNT; i++)
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(audit_names[i], audit_names[k]);
}
END_TEST

static void compare_detail(void *ctx, const struct audit_row *row)
{
    (void)ctx;
    if (row->id == 7)
        ck_assert_str_eq(
            row->detail,
            "{\"quoted\":\"a \\\"b\\\" \\\\\",\"none\":null,\"odd\":\"x\xEF\xBF\xBDy\",\"big\":-5000000000}");
}

START_TEST(details_are_json)
{
    struct audit_record record = {AUDIT_DIRECTORY_READ, "hq",
                                  AUDIT_DETAIL(AUDIT_TEXT("quoted", "a \"b\" \\"), AUDIT_TEXT("none", NULL),
                                               AUDIT_TEXT("odd", "x\xffy"), AUDIT_INT("big", -5000000000))};
    ck_assert_int_eq(audit_write(w.store, &record, &err), 0);
    ck_assert_int_eq(audit_each(w.store, compare_detail, NULL, &err), 0);
    ck_assert_int_eq(intact(NULL).records, 7);
}
END_TEST

START_TEST(a_group_made_anew_is_rebound)
{
    w.items[1].there = false;
    struct item *again = group(&w, "cad");
    member(again, &w.items[0]);
    world_pull(&w);
    ck_assert_int_eq(
        world_int(&w, "SELECT count(*) FROM audit WHERE id > 6 AND what = 'group-rebound' AND subject = 'design'"
                      " AND detail LIKE '%,\"group\":\"cn=cad,%\",\"entry\":3,\"before\":2}'"),
        2);
    intact(NULL);
}
END_TEST

START_TEST(goes_with_its_transaction)
{
    ck_assert_int_eq(db_begin(w.store->db, &err), 0);
    put(AUDIT_SYNC_DISABLED, "design");
    db_rollback(w.store->db);
    ck_assert_int_eq(intact(NULL).records, 6);
    put(AUDIT_SYNC_DISABLED, "design");
    ck_assert_int_eq(intact(NULL).records, 7);
}
END_TEST

START_TEST(a_killed_run_is_vouched_for)
{
    int64_t killed;
    ck_assert_int_eq(run_begin(w.store, 1, "apply", "p", 9, 0, w.now, &killed, &err), 0);
    world_sql(&w, "INSERT INTO run_change VALUES (2, 1, 0, 0, 0, 7, 0, NULL, NULL, NULL)");
    intact(NULL);
    ck_assert_int_eq(run_settle(w.store, w.now, &err), 0);
    ck_assert_int_eq(intact(NULL).runs, 2);
    drop_triggers();
    world_sql(&w, "UPDATE run_change SET object = 8 WHERE run = 2");
    found(NULL, "run 2: its row or its journal does not fit the digest in audit record 7;");
}
END_TEST

struct following {
    const struct plan *plan;
    size_t n;
};

static void compare_change(void *ctx, const struct change *c)
{
    struct following *f = ctx;
    const struct change *p = &f->plan->changes[f->n++];
    ck_assert_msg(c->op == p->op && c->cause == p->cause && c->person == p->person && c->object == p->object &&
                      c->detail == p->detail,
                  "change %zu", f->n);
}

/* More than the journal's statement takes at once, and not a multiple of it. */
START_TEST(a_long_journal_is_the_plan)
{
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        person(&w, name);
    }
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->n, 100);
    size_t done;
    int64_t second;
    ck_assert_int_eq(world_carry_out(&w, plan, &second, &done), 0);
    struct following f = {plan, 0};
    ck_assert_int_eq(run_changes(w.store, second, compare_change, &f, &err), 0);
    ck_assert_uint_eq(f.n, 100);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change WHERE run = 2 AND seq BETWEEN 1 AND 100"
                                   " AND domain = 'example.com'"),
                     100);
    ck_assert_int_eq(intact(NULL).runs, 2);
}
END_TEST

static const char *const refusals[] = {
    "UPDATE audit SET subject = subject",
    "DELETE FROM audit WHERE id = 6",
    "DELETE FROM audit",
    "INSERT INTO audit VALUES (8, 0, 'a', 'w', 's', '{}', 'd')",
    "INSERT INTO audit VALUES (6, 0, 'a', 'w', 's', '{}', 'd')",
    "INSERT OR REPLACE INTO audit VALUES (6, 0, 'a', 'w', 's', '{}', 'd')",
    "UPDATE run_change SET op = op",
    "DELETE FROM run_change",
    "UPDATE run SET state = 'running'",
    "UPDATE run SET message = 'x'",
    "DELETE FROM run",
    "INSERT OR REPLACE INTO run (id, team, command, started_at, state, plan, changes, held)"
    " VALUES (1, 1, 'apply', 1, 'running', 'p', 1, 0)",
};

START_TEST(the_database_refuses)
{
    ck_assert_msg(db_exec(w.store->db, refusals[_i], &err) == -1, "was let through: %s", refusals[_i]);
    ck_assert_msg(strstr(err.text, "audit: ") != NULL, "%s: %s", refusals[_i], err.text);
    intact(NULL);
}
END_TEST

/* Past the triggers. */
static const struct {
    const char *sql, *says;
} damages[] = {
    {"UPDATE audit SET at = at + 1 WHERE id = 2", "audit record 2 (group-bound design): its digest does not fit;"},
    {"UPDATE audit SET at = at || 'x' WHERE id = 2", "audit record 2 "},
    {"UPDATE audit SET actor = 'blice' WHERE id = 1", "audit record 1 "},
    {"UPDATE audit SET what = 'sync-disabled' WHERE id = 5", "audit record 5 (sync-disabled design)"},
    {"UPDATE audit SET subject = 'desigm' WHERE id = 5", "audit record 5 "},
    {"UPDATE audit SET actor = 'alices', what = 'ync-enabled' WHERE id = 5", "audit record 5 "},
    {"UPDATE audit SET detail = replace(detail, '7', '8') WHERE id = 6", "audit record 6 (domain-proved example.com)"},
    {"UPDATE audit SET digest = replace(digest, substr(digest, 1, 1), 'g') WHERE id = 3", "audit record 3 "},
    {"UPDATE audit SET digest = upper(digest) || ' ' WHERE id = 6", "audit record 6 "},
    {"UPDATE audit SET digest = '' WHERE id = 6", "audit record 6 "},
    {"DELETE FROM audit WHERE id = 1", "audit record 1: missing; the next that is there is 2"},
    {"DELETE FROM audit WHERE id = 3", "audit record 3: missing; the next that is there is 4"},
    {"DELETE FROM audit WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 6", "audit record 5 "},
    {"UPDATE audit SET id = 99 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = "
     "99",
     "audit record 5 "},
    {"INSERT INTO audit SELECT 0, at, actor, what, subject, detail, digest FROM audit WHERE id = 1",
     "audit record 0: "},
    {"INSERT INTO audit SELECT 7, at, actor, what, subject, detail, digest FROM audit WHERE id = 6", "audit record 7 "},
    {"DELETE FROM audit WHERE id > 3", "run 1: ended, and no audit record says so"},
    {"DELETE FROM audit WHERE id > 3; DELETE FROM run_change; DELETE FROM run",
     "run 1: in the audit log, but not among"},
    {"DELETE FROM audit WHERE id > 2; DELETE FROM run", "run 1: has a journal, but is not among the runs"},
    {"INSERT INTO run SELECT 2, team, command, 1, 1, 'done', plan, 0, 0, 0, NULL, NULL, 0, 0 FROM run",
     "run 2: ended, and no audit"},
#define UNFIT "run 1: its row or its journal does not fit the digest in audit record 4; it was changed after the run"
    {"UPDATE run SET state = 'failed'", UNFIT},
    {"UPDATE run SET state = 'running'", UNFIT},
    {"UPDATE run SET plan = 'x'", UNFIT},
    {"UPDATE run SET message = ''", UNFIT},
    {"UPDATE run SET done = done - 1", UNFIT},
    {"UPDATE run SET started_at = started_at - 1", UNFIT},
    {"UPDATE run SET ended_at = ended_at + 1", UNFIT},
    {"UPDATE run SET held = 1", UNFIT},
    {"UPDATE run_change SET op = op + 1 WHERE seq = 2", UNFIT},
    {"UPDATE run_change SET cause = cause + 1 WHERE seq = 2", UNFIT},
    {"UPDATE run_change SET person = person + 1 WHERE seq = 1", UNFIT},
    {"UPDATE run_change SET object = object + 1 WHERE seq = 3", UNFIT},
    {"UPDATE run_change SET detail = detail + 1 WHERE seq = 3", UNFIT},
    {"UPDATE run_change SET detail = detail || 'x' WHERE seq = 3", UNFIT},
    {"UPDATE run_change SET domain = 'fxample.com' WHERE domain = 'example.com'", UNFIT},
    {"UPDATE run_change SET domain = '' WHERE domain IS NULL", UNFIT},
    {"UPDATE run_change SET before = '{}' WHERE seq = 1", UNFIT},
    {"UPDATE run_change SET after = '{}' WHERE seq = 1", UNFIT},
    {"DELETE FROM run_change WHERE seq = (SELECT max(seq) FROM run_change)", UNFIT},
    {"DELETE FROM run_change WHERE seq = 1", UNFIT},
    {"DELETE FROM run_change", UNFIT},
    {"INSERT INTO run_change SELECT run, 99, op, cause, person, object, detail, domain, before, after FROM"
     " run_change WHERE seq = 1",
     UNFIT},
    {"UPDATE run_change SET seq = 99 WHERE seq = 1; UPDATE run_change SET seq = 1 WHERE seq = 2;"
     "UPDATE run_change SET seq = 2 WHERE seq = 99",
     UNFIT},
    {"DELETE FROM run", UNFIT},
};

START_TEST(damage_is_found)
{
    drop_triggers();
    world_sql(&w, "PRAGMA foreign_keys = OFF");
    intact(NULL);
    world_sql(&w, damages[_i].sql);
    found(NULL, damages[_i].says);
}
END_TEST

START_TEST(a_cut_end_is_found_with_a_head_that_was_kept)
{
    struct audit_verdict kept = intact(NULL);
    intact(kept.head);
    put(AUDIT_SYNC_DISABLED, "design");
    struct audit_verdict grown = intact(kept.head); /* the log goes on, and the head of then is still in it */
    ck_assert_str_ne(grown.head, kept.head);
    drop_triggers();
    world_sql(&w, "DELETE FROM audit WHERE id = 7");
    intact(NULL);
    intact(kept.head);
    found(grown.head, "audit log: none of its 6 records bears the digest that was kept;");
}
END_TEST

START_TEST(nothing_yet)
{
    CLEANUP(store_close) struct store *other = world_store(&w, "other");
    struct audit_verdict v;
    ck_assert_int_eq(audit_verify(other, NULL, &v, &err), 0);
    ck_assert_int_eq(v.records, 0);
    ck_assert_str_eq(v.head, "");
    ck_assert_int_eq(audit_verify(other, intact(NULL).head, &v, &err), -1);
    struct audit_record record = {.what = AUDIT_DOMAIN_GIVEN_UP, .subject = "example.org"};
    ck_assert_int_eq(audit_write(other, &record, &err), 0);
    int64_t named = 0;
    ck_assert_int_eq(db_get_int(other->db,
                                "SELECT count(*) FROM audit WHERE actor = 'unknown' AND at > 0 AND detail = '{}'",
                                &named, &err),
                     0);
    ck_assert_int_eq(named, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("audit");
    TCase *c = tcase_create("audit");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {what_it_holds,
                                  every_word_is_one_of_its_own,
                                  details_are_json,
                                  a_group_made_anew_is_rebound,
                                  goes_with_its_transaction,
                                  a_killed_run_is_vouched_for,
                                  a_long_journal_is_the_plan,
                                  a_cut_end_is_found_with_a_head_that_was_kept,
                                  nothing_yet};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, the_database_refuses, 0, sizeof refusals / sizeof *refusals);
    tcase_add_loop_test(c, damage_is_found, 0, sizeof damages / sizeof *damages);
    suite_add_tcase(s, c);
    return suite_run(s);
}
