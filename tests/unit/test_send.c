/* Changes that are sent to a platform elsewhere: every answer it can give, and what it leads to. */
#include "elsewhere.h"
#include "store/pace.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cleo, *cad, *crew;

static void setup(void)
{
    world_open(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = all") WORLD_PRODUCT("autocad", "cad", ""));
    elsewhere_open(&w);
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cleo = person(&w, "cleo");
    cad = group(&w, "cad");
    crew = group(&w, "crew");
    member(cad, anna);
    member(cad, ben);
    member(crew, ben);
    world_pull(&w);
}

static void teardown(void)
{
    elsewhere_close();
    world_close(&w);
}

static void refuse(enum op op, const struct item *it)
{
    far->refused_op = op;
    snprintf(far->refused, sizeof far->refused, "%s", it->id);
}

static int64_t deliveries(const char *state, int64_t attempts)
{
    CLEANUP(freep)
    char *sql = mem_printf("SELECT count(*) FROM delivery WHERE state = '%s' AND attempts = %" PRId64, state, attempts);
    return world_int(&w, sql);
}

static const char *one_text(const char *sql)
{
    static char text[ERR_TEXT_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, sql, &st, &w.err), 0);
    ck_assert_int_eq(stmt_step(st, &w.err), 1);
    snprintf(text, sizeof text, "%s", stmt_text(st, 0));
    return text;
}

/* The run ends before its end, for this kind of reason. */
static void ends(enum err_kind kind, bool (*stop)(void *ctx), size_t done, const char *state)
{
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    int64_t run;
    size_t got;
    ck_assert_int_eq(elsewhere_carry_out(&w, plan, stop, &run, &got), -1);
    ck_assert_msg(w.err.kind == kind, "%s", w.err.text);
    ck_assert_uint_eq(got, done);
    ck_assert_str_eq(one_text("SELECT state FROM run ORDER BY id DESC LIMIT 1"), state);
}

START_TEST(everything_is_done)
{
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(far_live(), 3);
    ck_assert_int_eq(far_members(true), 2);
    ck_assert_int_eq(far_members(false), 3);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group WHERE remote LIKE 'O-0000%'"), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM product WHERE remote = 'O-product:autocad'"), 1);
    ck_assert_int_eq(deliveries("confirmed", 1), world_int(&w, "SELECT changes FROM run"));
    ck_assert_int_eq(world_int(&w, "SELECT elsewhere FROM run WHERE platform = 'vendor' AND state = 'done'"), 1);
}
END_TEST

/* However people and groups are mixed in the journal. */
START_TEST(memberships_go_out_by_groups)
{
    member(crew, cleo);
    member(cad, person(&w, "dan"));
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    ck_assert_int_eq(far_members(false), 5);
    ck_assert_uint_eq(far->turns, 2);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(every_kind_of_change)
{
    elsewhere_apply(&w);
    anna->there = false;
    ben->active = false;
    set_email(cleo, "cleo.new@example.com");
    snprintf(crew->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "The Crew");
    member(crew, cleo);
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    w.now += 30 * 86400;
    ben->active = true;
    crew->there = false;
    world_pull(&w);
    world_sql(&w, "UPDATE synced_group SET remote = 'kept'");
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(far_live(), 2);
    anna->there = true;
    world_pull(&w);
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(far_live(), 3);
}
END_TEST

START_TEST(sent_again_until_it_is_done)
{
    far->busy = 2;
    far->quietly = _i;
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(deliveries("confirmed", 3), world_int(&w, "SELECT changes FROM run"));
    for (size_t i = 0; i < far->nkeys; i++)
        ck_assert_uint_eq(far->keys[i].sent, 3);
}
END_TEST

START_TEST(the_platform_is_left_alone_as_long_as_it_asks)
{
    far->busy = 1;
    far->wait = 40;
    double began = clock_monotonic();
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    ck_assert(clock_monotonic() - began > 0.04 * 4); /* invite, assign, add group, join */
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(given_up_after_the_last_retry)
{
    far_settings(&w, "retries = 2\nretry-wait = 1ms\n");
    far->busy = 3;
    far->wait = 1; /* busy is not lost */
    ck_assert_uint_eq(elsewhere_apply(&w), (size_t)world_int(&w, "SELECT changes FROM run"));
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 0);
    ck_assert_int_eq(
        world_int(&w, "SELECT count(*) FROM run WHERE state = 'done' AND done = 0 AND message LIKE '%skipped%'"), 1);
    ck_assert_int_eq(deliveries("skipped", 3), 5);
    ck_assert_str_eq(one_text("SELECT message FROM delivery WHERE attempts = 3"), "far away: busy; try later");
    ck_assert_uint_eq(elsewhere_apply(&w), (size_t)world_int(&w, "SELECT changes FROM run"));
    far->busy = 0;
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(what_needs_the_account_is_not_tried)
{
    refuse(OP_INVITE, ben);
    ck_assert_uint_eq(elsewhere_apply(&w), 4); /* invite, assign, two groups */
    ck_assert_int_eq(deliveries("skipped", 0), 3);
    ck_assert_str_eq(one_text("SELECT message FROM delivery WHERE attempts = 0"),
                     "not tried, because the account's own change (change 4 of the run) was skipped");
    ck_assert_str_eq(one_text("SELECT message FROM delivery WHERE state = 'skipped' AND attempts = 1"),
                     "far away: it will not have it; ask there");
    elsewhere_agrees(&w);
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(what_needs_the_group_is_not_tried)
{
    far->refused_op = OP_ADD_GROUP;
    snprintf(far->refused, sizeof far->refused, "%s", crew->id);
    ck_assert_uint_eq(elsewhere_apply(&w), 2);
    elsewhere_agrees(&w);
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    refuse(OP_LEAVE, crew);
    crew->there = false;
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 2); /* and the group is not dropped over somebody's head */
    elsewhere_agrees(&w);
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(a_seat_that_was_not_released_is_not_given)
{
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none") WORLD_PRODUCT("autocad", "cad", "seats = 2"));
    world_pull(&w);
    elsewhere_apply(&w);
    not_member(cad, anna);
    member(cad, cleo);
    world_pull(&w);
    refuse(OP_UNASSIGN, anna);
    ck_assert_uint_eq(elsewhere_apply(&w), 2);
    ck_assert_int_eq(far_members(true), 2);
    ck_assert_str_eq(one_text("SELECT message FROM delivery WHERE attempts = 0"),
                     "not tried, because a seat of autocad that it was to take was not released");
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(stopped_before_anything)
{
    far->tasks = 1;
    far->stop_after = 1;
    ends(ERR_REFUSED, NULL, 0, "failed");
    ck_assert_ptr_nonnull(strstr(w.err.text, "token is wrong"));
    ck_assert_uint_eq(far->waves, 1);
    far->stop_after = 0;
    elsewhere_agrees(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(stopped_half_way)
{
    far->stop_after = 6;
    ends(ERR_REFUSED, NULL, 6, "failed");
    elsewhere_agrees(&w);
    far->stop_after = 0;
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(a_lost_platform)
{
    far->busy = -1;
    far->quietly = _i;
    far->tasks = 0;
    ends(ERR_NETWORK, NULL, 0, "interrupted");
    /* Ten, or some more that went out together with the tenth. */
    ck_assert_msg(strstr(w.err.text, "platform vendor: lost; ") &&
                      strstr(w.err.text, " changes in a row had no answer"),
                  "%s", w.err.text);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 0);
    struct settled s;
    ck_assert_int_eq(elsewhere_try_settle(&w, &s), -1);
    ck_assert_str_eq(one_text("SELECT state FROM run"), "interrupted");
    far->busy = 0;
    s = elsewhere_settle(&w);
    ck_assert_uint_gt(s.confirmed, 0);
    ck_assert_uint_eq(s.skipped, 0);
    ck_assert_str_eq(one_text("SELECT state FROM run"), "failed");
    ck_assert_ptr_nonnull(strstr(one_text("SELECT message FROM run"), "platform vendor: lost"));
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(
        world_int(&w, "SELECT count(*) FROM (SELECT 1 FROM delivery d JOIN run_change c ON c.run = d.run AND c.seq ="
                      " d.seq WHERE d.state = 'confirmed' GROUP BY c.op, c.person, c.object HAVING count(*) > 1)"),
        0);
}
END_TEST

/* It cannot be known whether the one that is always answered "later" is done: in the end the run is closed without it. */
START_TEST(a_change_that_never_ends_does_not_keep_the_run_open)
{
    far->busy = -1;
    ends(ERR_NETWORK, NULL, 0, "interrupted");
    struct settled s;
    int tries = 0;
    while (elsewhere_try_settle(&w, &s) != 0)
        ck_assert_int_lt(tries++, 8);
    ck_assert_str_eq(one_text("SELECT state FROM run"), "failed");
    far->busy = 0;
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

static bool stop_soon(void *ctx)
{
    (void)ctx;
    return far->tasks >= 2;
}

static bool stop_while_waiting(void *ctx)
{
    static int asked;
    return stop_soon(ctx) && ++asked > 3;
}

/* While it waits for a platform that asks for an hour. */
START_TEST(a_signal_ends_the_wait)
{
    far->busy = 1;
    far->wait = PLATFORM_WAIT_MAX;
    far->quietly = true;
    ends(ERR_FAILED, stop_while_waiting, 0, "interrupted");
    far->busy = 0;
    struct settled s = elsewhere_settle(&w);
    ck_assert_uint_eq(s.confirmed, 2);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(a_signal_between_two_waves)
{
    ends(ERR_FAILED, stop_soon, 2, "failed");
    ck_assert_str_eq(one_text("SELECT message FROM run"), "ended by a signal");
    elsewhere_agrees(&w);
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(the_gate_holds_what_is_to_be_settled)
{
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none"));
    world_pull(&w);
    far->busy = 1;
    far->wait = PLATFORM_WAIT_MAX;
    ends(ERR_FAILED, stop_soon, 0, "interrupted");
    far->busy = 0;
    far->wait = 0;
    size_t before = far->tasks;
    ck_assert_int_eq(connection_usable_until(w.store, "idp", clock_now() - 1, &w.err), 0);
    struct settled s = elsewhere_settle(&w);
    ck_assert_uint_eq(s.held, 3);
    ck_assert_uint_eq(s.confirmed + s.skipped, 0);
    ck_assert_uint_eq(far->tasks, before);
    ck_assert_str_eq(one_text("SELECT state FROM run"), "interrupted");
    ck_assert_int_eq(connection_usable_until(w.store, "idp", clock_now() + 1000, &w.err), 0);
    s = elsewhere_settle(&w);
    ck_assert_uint_eq(s.confirmed, 3);
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
}
END_TEST

/* The store refuses to note an answer, as a full disk does. */
START_TEST(a_fault_of_the_store)
{
    world_sql(&w, "CREATE TRIGGER full BEFORE UPDATE ON delivery WHEN NEW.state = 'confirmed' AND NEW.seq = 4"
                  " BEGIN SELECT RAISE(FAIL, 'full'); END");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    int64_t run;
    size_t done;
    ck_assert_int_eq(elsewhere_carry_out(&w, plan, NULL, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_STORE);
    ck_assert_str_eq(one_text("SELECT state FROM run"), "interrupted");
    world_sql(&w, "DROP TRIGGER full");
    size_t before = far->nkeys;
    ck_assert_uint_gt(elsewhere_settle(&w).confirmed, 0);
    ck_assert_uint_eq(far->nkeys, before); /* the same keys */
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
}
END_TEST

static void adopting(void)
{
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = all\nadopt = yes") WORLD_PRODUCT("autocad", "cad", ""));
    snprintf(anna->attr[ATTR_USER_NAME], WORLD_TEXT, "anna");
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
}

/* What comes behind an adoption is about the new id, which nothing goes by yet. */
START_TEST(what_follows_a_skipped_adoption)
{
    adopting();
    recreate(anna);
    not_member(cad, anna);
    world_pull(&w);
    refuse(OP_ADOPT, anna);
    ck_assert_uint_eq(elsewhere_apply(&w), 3);
    ck_assert_int_eq(deliveries("skipped", 0), 2); /* her seat and her membership were not touched */
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
    ck_assert_int_eq(far_live(), 3);
}
END_TEST

START_TEST(what_follows_a_skipped_adoption_of_a_group)
{
    adopting();
    recreate(crew);
    not_member(crew, ben);
    member(crew, cleo);
    world_pull(&w);
    refuse(OP_ADOPT_GROUP, crew);
    ck_assert_uint_eq(elsewhere_apply(&w), 3);
    ck_assert_int_eq(deliveries("skipped", 0), 2);
    *far->refused = '\0';
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    elsewhere_is_settled(&w);
}
END_TEST

/* Something else moved the row meanwhile. */
START_TEST(a_row_that_no_longer_fits)
{
    elsewhere_apply(&w);
    anna->there = false;
    world_pull(&w);
    far->wait = PLATFORM_WAIT_MAX;
    ends(ERR_FAILED, stop_soon, 0, "failed");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM delivery WHERE run = 2"), 0);
    far->busy = -1;
    far->tasks = 1;
    ends(ERR_FAILED, stop_soon, 0, "interrupted");
    far->wait = 0;
    world_sql(&w, "UPDATE account SET state = 'suspended' WHERE id = 1");
    far->busy = 0;
    struct settled s = elsewhere_settle(&w);
    ck_assert_uint_eq(s.skipped, 1);
    ck_assert_ptr_nonnull(
        strstr(one_text("SELECT message FROM delivery WHERE run = 3 AND state = 'skipped'"), "not as the plan"));
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
}
END_TEST

static struct plan *undo_of(int64_t run)
{
    struct policy policy = {0};
    struct plan *plan = NULL;
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    plan_settings_read(&settings);
    settings.approved = true;
    int r = undo_plan(w.store, &settings, run, &plan, &w.err);
    policy_release(&policy);
    ck_assert_msg(r == 0, "%s", w.err.text);
    return plan;
}

/* What was skipped is not there to be taken back. */
START_TEST(undone)
{
    refuse(OP_INVITE, ben);
    elsewhere_apply(&w);
    CLEANUP(plan_free) struct plan *plan = undo_of(1);
    int64_t run;
    size_t done;
    ck_assert_int_eq(elsewhere_carry_out(&w, plan, NULL, &run, &done), 0);
    ck_assert_uint_eq(done, plan->n);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change WHERE run = 2 AND person = 2"), 0);
    ck_assert_int_eq(far_live(), 0);
    elsewhere_agrees(&w);
    CLEANUP(plan_free) struct plan *back = undo_of(2);
    ck_assert_int_eq(elsewhere_carry_out(&w, back, NULL, &run, &done), 0);
    ck_assert_uint_eq(done, back->n);
    ck_assert_int_eq(far_live(), 2);
    ck_assert_str_eq(far->accounts[far_account_of(anna->id)].email, "anna@example.com");
    elsewhere_agrees(&w);
    set_email(anna, "other@example.com");
    set_email(cleo, "new@example.com");
    world_pull(&w);
    refuse(OP_UPDATE, cleo);
    elsewhere_apply(&w);
    CLEANUP(plan_free) struct plan *updates = undo_of(4);
    ck_assert_uint_eq(updates->counts[OP_UPDATE], 1);
}
END_TEST

START_TEST(at_random_a_third_fails)
{
    far->seed = (unsigned)_i + 1;
    far->faults = 30;
    for (int round = 0; round < 4; round++) {
        struct item *all[] = {anna, ben, cleo, cad, crew};
        for (int i = 0; i < 3; i++) {
            struct item *it = all[far_random(3)], *g = all[3 + far_random(2)];
            it->there = far_random(4) > 0;
            it->active = far_random(4) > 0;
            not_member(g, it);
            if (far_random(2))
                member(g, it);
        }
        w.now += 86400 * 4;
        world_pull(&w);
        ck_assert_uint_eq(elsewhere_apply(&w), 0);
        elsewhere_is_settled(&w);
    }
}
END_TEST

/* --- the store's own rules --- */

static const char *const forged[] = {
    "UPDATE delivery SET state = 'skipped'",
    "UPDATE delivery SET attempts = 9 WHERE seq = 1",
    "DELETE FROM delivery",
    "INSERT INTO delivery (run, seq, state, attempts, at) VALUES (1, 99, 'sent', 1, 0)",
    "INSERT OR REPLACE INTO delivery (run, seq, state, attempts, at) VALUES (1, 1, 'sent', 1, 0)",
    "INSERT INTO delivery (run, seq, state, attempts, at) VALUES (9, 1, 'skipped', 1, 0)",
};

START_TEST(the_database_refuses)
{
    elsewhere_apply(&w);
    ck_assert_int_eq(db_exec(w.store->db, forged[_i], &w.err), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "audit: "));
}
END_TEST

static const char *const changed[] = {
    "UPDATE delivery SET state = 'skipped' WHERE seq = 1",
    "UPDATE delivery SET state = 'sent' WHERE seq = 1",
    "UPDATE delivery SET attempts = attempts + 1 WHERE seq = 2",
    "UPDATE delivery SET at = at + 1 WHERE seq = 2",
    "UPDATE delivery SET message = 'x' WHERE seq = 2",
    "DELETE FROM delivery WHERE seq = 3",
    "INSERT INTO delivery VALUES (1, 99, 'skipped', 0, 0, NULL)",
    "UPDATE run SET platform = 'x'",
    "UPDATE run SET elsewhere = 0",
    "UPDATE run SET millis = millis + 1",
    "INSERT INTO delivery VALUES (9, 1, 'skipped', 0, 0, NULL)",
};

START_TEST(a_changed_delivery_is_found)
{
    elsewhere_apply(&w);
    world_sql(
        &w,
        "DROP TRIGGER audit_delivery_insert; DROP TRIGGER audit_delivery_update; DROP TRIGGER audit_delivery_delete;"
        " DROP TRIGGER audit_run_update");
    struct audit_verdict verdict;
    ck_assert_int_eq(audit_verify(w.store, NULL, &verdict, &w.err), 0);
    world_sql(&w, changed[_i]);
    ck_assert_int_eq(audit_verify(w.store, NULL, &verdict, &w.err), -1);
    ck_assert_msg(strncmp(w.err.text, "run 1: ", 7) == 0 || strncmp(w.err.text, "run 9: ", 7) == 0, "%s", w.err.text);
}
END_TEST

static void key_of_first(struct store *store, char ret[static DELIVERY_KEY_MAX])
{
    struct delivery *d = NULL;
    ck_assert_int_eq(delivery_open(store, 1, 1, &d, &w.err), 0);
    delivery_key(d, 1, ret);
    delivery_close(&d);
}

/* The same change of the same run has another key in another installation, and where a backup was put back and the run was another. */
START_TEST(keys_are_of_their_own)
{
    char first[DELIVERY_KEY_MAX], again[DELIVERY_KEY_MAX], other[DELIVERY_KEY_MAX];
    int64_t run;
    ck_assert_int_eq(run_begin(w.store, 1, "apply", "p", 9, 0, w.now, &run, &w.err), 0);
    key_of_first(w.store, first);
    key_of_first(w.store, again);
    ck_assert_str_eq(first, again);
    world_sql(&w, "UPDATE run SET started_at = started_at + 1");
    key_of_first(w.store, other);
    ck_assert_str_ne(first, other);
    world_sql(&w, "UPDATE run SET started_at = started_at - 1; DELETE FROM meta WHERE key = 'installation'");
    key_of_first(w.store, other);
    ck_assert_str_ne(first, other);
}
END_TEST

START_TEST(the_pace_is_measured)
{
    struct run_pace pace = {0};
    ck_assert_int_eq(run_pace(w.store, "vendor", &pace, &w.err), 0);
    far->busy = 1;
    far->wait = 10;
    elsewhere_apply(&w); /* ten changes */
    ck_assert_int_eq(world_int(&w, "SELECT done FROM run"), 10);
    ck_assert_int_eq(run_pace(w.store, "vendor", &pace, &w.err), 1);
    ck_assert_int_eq(pace.run, 1);
    ck_assert(pace.per_second > 0 && pace.per_second < 10 / 0.04);
    ck_assert_int_eq(run_pace(w.store, "builtin", &pace, &w.err), 0);
}
END_TEST

/* Of one kind: the last run that is no smaller than half, or else the largest. */
START_TEST(the_pace_of_a_kind_is_found_by_how_many_there_are)
{
    static const struct {
        size_t wanted;
        int64_t run;
        double milliseconds;
    } rows[] = {{10, 4, 5}, {40, 4, 5}, {41, 3, 50}, {400, 3, 50}, {2000, 2, 100}, {2001, 2, 100}, {100000, 2, 100}};
    struct pace_found found;
    elsewhere_apply(&w); /* run 1 */
    ck_assert_int_eq(pace_find(w.store, "vendor", OP_RENAME_GROUP, 100, &found, &w.err), 0);
    world_sql(&w, "INSERT INTO run SELECT id + 1, team, command, started_at, ended_at, state, plan, changes, done, held, message, platform,"
                  " elsewhere, millis FROM run; INSERT INTO run SELECT id + 2, team, command, started_at, ended_at, state, plan, changes,"
                  " done, held, message, platform, elsewhere, millis FROM run");
    ck_assert_int_eq(pace_add(w.store, 2, OP_RENAME_GROUP, 900, 90000, &w.err), 0);
    ck_assert_int_eq(pace_add(w.store, 2, OP_RENAME_GROUP, 100, 10000, &w.err), 0);
    ck_assert_int_eq(pace_add(w.store, 3, OP_RENAME_GROUP, 200, 10000, &w.err), 0);
    ck_assert_int_eq(pace_add(w.store, 4, OP_RENAME_GROUP, 20, 100, &w.err), 0);
    ck_assert_int_eq(pace_add(w.store, 4, OP_DROP_GROUP, 9, 100, &w.err), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(pace_find(w.store, "vendor", OP_RENAME_GROUP, rows[i].wanted, &found, &w.err), 1);
        ck_assert_msg(found.run == rows[i].run && found.milliseconds == rows[i].milliseconds, "%zu: run %d",
                      rows[i].wanted, (int)found.run);
    }
    ck_assert_int_eq(pace_find(w.store, "vendor", OP_DROP_GROUP, 10, &found, &w.err), 0);
    ck_assert_int_eq(pace_find(w.store, "another", OP_RENAME_GROUP, 10, &found, &w.err), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("send");
    TCase *c = tcase_create("send");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {everything_is_done,
                                  every_kind_of_change,
                                  memberships_go_out_by_groups,
                                  the_platform_is_left_alone_as_long_as_it_asks,
                                  given_up_after_the_last_retry,
                                  what_needs_the_account_is_not_tried,
                                  what_needs_the_group_is_not_tried,
                                  a_seat_that_was_not_released_is_not_given,
                                  stopped_before_anything,
                                  stopped_half_way,
                                  a_change_that_never_ends_does_not_keep_the_run_open,
                                  a_signal_ends_the_wait,
                                  a_signal_between_two_waves,
                                  the_gate_holds_what_is_to_be_settled,
                                  a_fault_of_the_store,
                                  what_follows_a_skipped_adoption,
                                  what_follows_a_skipped_adoption_of_a_group,
                                  a_row_that_no_longer_fits,
                                  undone,
                                  keys_are_of_their_own,
                                  the_pace_is_measured,
                                  the_pace_of_a_kind_is_found_by_how_many_there_are};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, sent_again_until_it_is_done, 0, 2);
    tcase_add_loop_test(c, a_lost_platform, 0, 2);
    tcase_add_loop_test(c, at_random_a_third_fails, 0, 20);
    tcase_add_loop_test(c, the_database_refuses, 0, sizeof forged / sizeof *forged);
    tcase_add_loop_test(c, a_changed_delivery_is_found, 0, sizeof changed / sizeof *changed);
    suite_add_tcase(s, c);
    return suite_run(s);
}
