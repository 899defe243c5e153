/* Pulls that bring only what changed: what a source reports as deleted, and the cursor that is kept with it. */
#include "world.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cad;
static struct stage *stage;

#define CONF WORLD_DIRECTORY("") WORLD_TEAM("") WORLD_PRODUCT("autocad", "cad", "")

static void setup(void)
{
    world_open(&w, CONF);
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cad = group(&w, "cad");
    member(cad, anna);
    member(cad, ben);
    world_pull(&w);
    w.ends = PULL_CHANGES;
    w.now += 60;
}

static void teardown(void)
{
    stage_free(&stage);
    world_close(&w);
}

static void begin(void)
{
    int r = stage_begin(w.store, "hq", w.now, &stage, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
}

static void put(const struct item *it)
{
    ck_assert_int_eq(item_deliver(&w, it, stage_sink(stage)), 0);
}

static void gone_as(enum entry_kind kind, const char *id)
{
    const struct sink *sink = stage_sink(stage);
    ck_assert_int_eq(sink->gone(sink->ctx, kind, span_str(id), &w.err), 0);
}

static void gone(const struct item *it)
{
    gone_as(it->kind, it->id);
}

static void gone_key(const struct item *it, const char *but)
{
    const struct sink *sink = stage_sink(stage);
    ck_assert_int_eq(sink->gone_key(sink->ctx, world_key(it->dn), span_str(but), &w.err), 0);
}

static void commit(const char *cursor)
{
    int r = world_settle(&w, stage, cursor);
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_int_eq(stage_commit(stage, &w.err), 0);
    stage_free(&stage);
}

static int64_t there(void)
{
    return world_int(&w, "SELECT count(*) FROM entry WHERE gone_at = 0");
}

static int64_t entitled(void)
{
    return world_int(&w, "SELECT count(DISTINCT person) FROM entitled");
}

START_TEST(absence_is_nothing)
{
    begin();
    put(anna);
    commit("1");
    ck_assert_int_eq(there(), 3);
    ck_assert_uint_eq(w.result.gone + w.result.changed + w.result.missing, 0);
    begin();
    commit("1");
    ck_assert_int_eq(there(), 3);
    ck_assert_int_eq(entitled(), 2);
}
END_TEST

START_TEST(a_report_takes_away)
{
    begin();
    gone(ben);
    commit("1");
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert_uint_eq(w.result.people, 0);
    ck_assert_int_eq(there(), 2);
    ck_assert_int_eq(entitled(), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at = 1800000060"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT version FROM directory"), 2);
    begin();
    gone(ben); /* told twice: nothing more happens */
    commit("1");
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_int_eq(world_int(&w, "SELECT version FROM directory"), 2);
}
END_TEST

START_TEST(a_group_takes_its_memberships_along)
{
    begin();
    gone(cad);
    commit("1");
    ck_assert_int_eq(entitled(), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM edge"), 0);
    ck_assert_int_eq(there(), 2);
}
END_TEST

START_TEST(unknown_ids_are_nothing)
{
    begin();
    gone_as(ENTRY_PERSON, "00000000-0000-4000-8000-ffffffffffff");
    gone_as(ENTRY_PERSON, "never heard of");
    gone_as(ENTRY_GROUP, "");
    gone_as(ENTRY_GROUP, anna->id); /* an id of another kind is not that one */
    commit("1");
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_int_eq(there(), 3);
    ck_assert_int_eq(world_int(&w, "SELECT version FROM directory"), 1);
}
END_TEST

START_TEST(gone_then_put_again)
{
    begin();
    gone(anna);
    put(anna);
    commit("1");
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_uint_eq(w.result.people, 1);
    ck_assert_int_eq(there(), 3);
    ck_assert_int_eq(entitled(), 2);
    begin();
    gone(cad);
    put(cad);
    commit("1");
    ck_assert_int_eq(entitled(), 2);
    begin();
    gone(anna);
    commit("2");
    ck_assert_int_eq(entitled(), 1);
    begin();
    put(anna);
    commit("3");
    ck_assert_int_eq(there(), 3);
    ck_assert_int_eq(entitled(), 2);
}
END_TEST

START_TEST(put_then_gone)
{
    set_email(anna, "other@example.com");
    begin();
    put(anna);
    gone(anna);
    commit("1");
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert_uint_eq(w.result.people, 0);
    ck_assert_int_eq(there(), 2);
    struct item *eve = person(&w, "eve");
    begin();
    put(eve);
    gone(eve);
    put(eve);
    commit("1");
    ck_assert_int_eq(there(), 3);
    ck_assert_uint_eq(w.result.people, 1);
}
END_TEST

START_TEST(gone_by_name)
{
    begin();
    gone_key(anna, anna->id); /* it still has this id */
    gone_key(ben, "");
    commit("1");
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert_int_eq(entitled(), 1);
    char before[sizeof anna->id];
    snprintf(before, sizeof before, "%s", anna->id);
    recreate(anna);
    begin();
    gone_key(anna, anna->id);
    put(anna);
    commit("1");
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert_uint_eq(w.result.added, 1);
    ck_assert_int_eq(there(), 2);
    ck_assert_int_eq(entitled(), 1);
    begin();
    const struct sink *sink = stage_sink(stage);
    ck_assert_int_eq(sink->gone_key(sink->ctx, world_key("uid=nobody,dc=example,dc=com"), span_str(""), &w.err), 0);
    commit("1");
    ck_assert_uint_eq(w.result.gone, 0);
}
END_TEST

/* --- the cursor -------------------------------------------------------------------------------------------------- */

START_TEST(cursor_comes_back)
{
    begin();
    ck_assert_ptr_null(stage_cursor(stage));
    put(anna);
    commit("db:17");
    begin();
    ck_assert_str_eq(stage_cursor(stage), "db:17");
    commit("db:18");
    begin();
    ck_assert_str_eq(stage_cursor(stage), "db:18");
    commit(NULL);
    begin();
    ck_assert_ptr_null(stage_cursor(stage));
}
END_TEST

START_TEST(cursor_stays_when_the_transaction_fails)
{
    begin();
    commit("db:17");
    begin();
    gone(anna);
    ck_assert_int_eq(world_settle(&w, stage, "db:18"), 0);
    stage_free(&stage); /* killed before the commit */
    begin();
    ck_assert_str_eq(stage_cursor(stage), "db:17");
    commit("db:17");
    ck_assert_int_eq(there(), 3);
    world_sql(&w, "CREATE TRIGGER full BEFORE UPDATE ON directory BEGIN SELECT raise(ABORT, 'disk full'); END");
    begin();
    gone(anna);
    ck_assert_int_eq(world_settle(&w, stage, "db:18"), -1);
    stage_free(&stage);
    world_sql(&w, "DROP TRIGGER full");
    begin();
    ck_assert_str_eq(stage_cursor(stage), "db:17");
    ck_assert_int_eq(there(), 3);
}
END_TEST

START_TEST(cursor_stays_when_the_read_was_cut_off)
{
    begin();
    commit("db:17");
    w.ends = PULL_PARTIAL;
    begin();
    gone(anna);
    ck_assert_int_eq(world_settle(&w, stage, "db:18"), -1);
    stage_free(&stage);
    begin();
    ck_assert_str_eq(stage_cursor(stage), "db:17");
    ck_assert_int_eq(there(), 3);
}
END_TEST

/* --- the guard --------------------------------------------------------------------------------------------------- */

START_TEST(guard_counts_reports_as_any_removal)
{
    struct item *crowd[20];
    begin();
    for (int i = 0; i < 20; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        crowd[i] = person(&w, name);
        member(cad, crowd[i]);
        put(crowd[i]);
    }
    put(cad);
    commit("1");
    world_apply(&w);
    begin();
    for (int i = 0; i < 10; i++)
        gone(crowd[i]);
    commit("2");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert_uint_ge(plan->nheld, 10);
    for (size_t i = 0; i < plan->nheld; i++)
        ck_assert_int_eq(plan->held[i].cause, CAUSE_GONE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stage_changes");
    TCase *c = tcase_create("stage_changes");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {absence_is_nothing,
                                  a_report_takes_away,
                                  a_group_takes_its_memberships_along,
                                  unknown_ids_are_nothing,
                                  gone_then_put_again,
                                  put_then_gone,
                                  gone_by_name,
                                  cursor_comes_back,
                                  cursor_stays_when_the_transaction_fails,
                                  cursor_stays_when_the_read_was_cut_off,
                                  guard_counts_reports_as_any_removal};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return suite_run(s);
}
