/*
 * Runs taken back: what is planned and what is held, case by case; and random runs, each of which undone leaves the roster of before, row by
 * row, and undone once more the roster that it left itself.
 */
#include "world.h"

#include "store/roster.h"
#include "sync/undo.h"
#include "suite.h"

#define CONF     WORLD_DIRECTORY("") WORLD_TEAM("groups = all")
#define SEATS(n) WORLD_PRODUCT("autocad", "cad", "seats = " n)

static struct world w;

static void setup(void)
{
    world_open(&w, "[sync]\nmax-removals = 100%\n" CONF SEATS("2"));
}

static void teardown(void)
{
    world_close(&w);
}

static int try_undo(int64_t run, struct plan **ret)
{
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    plan_settings_read(&settings);
    int r = undo_plan(w.store, &settings, run, ret, &w.err);
    policy_release(&policy);
    return r;
}

static struct plan *undo_of(int64_t run)
{
    struct plan *plan = NULL;
    int r = try_undo(run, &plan);
    ck_assert_msg(r == 0, "%s", w.err.text);
    return plan;
}

static int64_t carry_out(const struct plan *plan)
{
    int64_t run;
    size_t done;
    int r = world_carry_out(&w, plan, &run, &done);
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_uint_eq(done, plan->n);
    return run;
}

/* Pulls and applies; the run's number. */
static int64_t sync_now(void)
{
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    return carry_out(plan);
}

static void undo_shows(int64_t run, const char *expected)
{
    CLEANUP(plan_free) struct plan *plan = undo_of(run);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_plan(&w, plan, &text);
    ck_assert_str_eq(buf_str(&text), expected);
}

static int64_t undo_now(int64_t run)
{
    CLEANUP(plan_free) struct plan *plan = undo_of(run);
    return carry_out(plan);
}

static const char *one_text(const char *sql)
{
    static char text[256];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, sql, &st, &w.err), 0);
    ck_assert_int_eq(stmt_step(st, &w.err), 1);
    snprintf(text, sizeof text, "%s", stmt_text(st, 0));
    return text;
}

#define STATE "SELECT state FROM account WHERE person = 1"

/* --- case by case --- */

START_TEST(nothing_to_undo)
{
    person(&w, "anna");
    struct plan *plan = NULL;
    ck_assert_int_eq(try_undo(1, &plan), -1);
    ck_assert_int_eq(w.err.kind, ERR_NOT_FOUND);
    sync_now();
    world_sql(&w, "INSERT INTO run (team, command, started_at, state, plan, changes, held) "
                  "VALUES (1, 'apply', 1, 'failed', 'p', 3, 0)");
    ck_assert_int_eq(try_undo(2, &plan), -1);
    ck_assert_int_eq(w.err.kind, ERR_REFUSED);
    ck_assert_str_eq(w.err.text, "run 2 changed nothing, so there is nothing to undo");
}
END_TEST

START_TEST(first_run_taken_back)
{
    struct item *anna = person(&w, "anna"), *cad = group(&w, "cad");
    member(cad, anna);
    sync_now();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 1);
    undo_shows(1, "unassign anna autocad: undo of run 1\nleave anna cad: undo of run 1\n"
                  "remove anna: undo of run 1\ndrop-group cad: undo of run 1\n");
    undo_now(1);
    ck_assert_str_eq(one_text(STATE), "removed");
    ck_assert_int_eq(world_int(&w, "SELECT (SELECT count(*) FROM seat) + (SELECT count(*) FROM synced_group)"
                                   " + (SELECT count(*) FROM invitation)"),
                     0);
    planned(&w, "add-group cad: configured\ninvite anna: returned\nassign anna autocad: group cad\njoin anna cad: "
                "group cad\n");
    undo_now(2);
    ck_assert_str_eq(one_text(STATE), "invited");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 1);
    planned(&w, "");
}
END_TEST

START_TEST(sent_invitation_stays)
{
    person(&w, "anna");
    sync_now();
    world_sql(&w, "UPDATE invitation SET sent_at = 5");
    undo_now(undo_now(1));
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 1);
}
END_TEST

#define ACCOUNT_ATTRIBUTES                                                                                             \
    "domain, email_hash, user_name, email, given_name, family_name, display_name, employee_number, title, "            \
    "department, language, fp_hi, fp_lo"
#define SAME_ATTRIBUTES "SELECT count(*) FROM (SELECT * FROM was INTERSECT SELECT " ACCOUNT_ATTRIBUTES " FROM account)"

START_TEST(attributes_of_before)
{
    struct item *anna = person(&w, "anna");
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "%s", "Größe \"1\" \\ 田中");
    snprintf(anna->attr[ATTR_DEPARTMENT], WORLD_TEXT, "%s", "Design");
    sync_now();
    world_sql(&w, "CREATE TEMP TABLE was AS SELECT " ACCOUNT_ATTRIBUTES " FROM account");
    for (int a = 0; a < ATTR_COUNT; a++)
        if (a != ATTR_TITLE)
            snprintf(anna->attr[a], WORLD_TEXT, "new %d@example.com", a);
    anna->attr[ATTR_TITLE][0] = '\0';
    set_email(anna, "other@example.com");
    sync_now();
    ck_assert_int_eq(world_int(&w, SAME_ATTRIBUTES), 0);
    account_activate(w.store, 1, 1, w.now + 7, &w.err);
    undo_shows(2, "update anna: undo of run 2\n");
    undo_now(2);
    ck_assert_str_eq(one_text("SELECT title || email FROM account"), "Größe \"1\" \\ 田中anna@example.com");
    ck_assert_int_eq(world_int(&w, SAME_ATTRIBUTES), 1);
    ck_assert_str_eq(one_text(STATE), "active"); /* who signed in meanwhile stays so */
}
END_TEST

START_TEST(changed_by_a_later_run)
{
    struct item *anna = person(&w, "anna"), *ben = person(&w, "ben");
    sync_now();
    anna->attr[ATTR_TITLE][0] = 'x';
    sync_now();
    undo_shows(1, "remove ben: undo of run 1\nremove anna: undo of run 1 [changed-since 2]\n");
    struct item *cad = group(&w, "cad");
    member(cad, ben);
    sync_now();
    undo_shows(1, "remove anna: undo of run 1 [changed-since 2]\nremove ben: undo of run 1 [changed-since 3]\n");
    undo_now(3);
    undo_shows(1, "remove ben: undo of run 1\nremove anna: undo of run 1 [changed-since 2]\n");
    undo_shows(3,
               "unassign ben autocad: undo of run 3 [changed-since 4]\nleave ben cad: undo of run 3 [changed-since 4]\n"
               "drop-group cad: undo of run 3 [changed-since 4]\n");
}
END_TEST

START_TEST(changed_by_hand)
{
    struct item *anna = person(&w, "anna"), *cad = group(&w, "cad");
    member(cad, anna);
    sync_now();
    world_sql(&w, "DELETE FROM seat");
    world_sql(&w, "UPDATE account SET state = 'removed'");
    undo_shows(
        1, "leave anna cad: undo of run 1\ndrop-group cad: undo of run 1\n"
           "unassign anna autocad: undo of run 1 [changed-since 0]\nremove anna: undo of run 1 [changed-since 0]\n");
}
END_TEST

START_TEST(seat_given_to_somebody_else)
{
    struct item *all[3] = {person(&w, "anna"), person(&w, "ben"), person(&w, "carl")}, *cad = group(&w, "cad");
    member(cad, all[0]);
    member(cad, all[1]);
    sync_now();
    not_member(cad, all[0]);
    sync_now();
    member(cad, all[2]);
    sync_now();
    undo_shows(2, "join anna cad: undo of run 2\nassign anna autocad: undo of run 2 [no-seat]\n");
    undo_now(3);
    undo_shows(2, "assign anna autocad: undo of run 2\njoin anna cad: undo of run 2\n");
    int64_t via = world_int(&w, "SELECT via FROM seat");
    undo_now(2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat"), 2);
    ck_assert_int_eq(world_int(&w, "SELECT max(via) FROM seat"), via);
}
END_TEST

START_TEST(email_given_to_somebody_else)
{
    struct item *anna = person(&w, "anna"), *ben = person(&w, "ben");
    ben->there = false;
    sync_now();
    set_email(anna, "anna2@example.com");
    sync_now();
    ben->there = true;
    set_email(ben, "Anna@example.com");
    sync_now();
    undo_shows(2, "update anna: undo of run 2 [same-email ben]\n");
}
END_TEST

START_TEST(who_cannot_come_back_gets_nothing)
{
    struct item *anna = person(&w, "anna"), *ben = person(&w, "ben"), *cad = group(&w, "cad");
    member(cad, anna);
    world_conf(&w, "[sync]\nmax-removals = 100%\non-leave = remove\n" CONF SEATS("2"));
    ben->there = false;
    sync_now();
    anna->there = false;
    sync_now();
    ben->there = true;
    set_email(ben, "anna@example.com");
    sync_now();
    undo_shows(2, "restore anna: undo of run 2 [same-email ben]\nassign anna autocad: undo of run 2 [same-email ben]\n"
                  "join anna cad: undo of run 2 [same-email ben]\n");
}
END_TEST

START_TEST(gate_closed)
{
    struct item *anna = person(&w, "anna"), *cad = group(&w, "cad");
    member(cad, anna);
    sync_now();
    w.domains[0].open = false;
    undo_shows(1, "unassign anna autocad: undo of run 1 [gate]\nleave anna cad: undo of run 1 [gate]\n"
                  "remove anna: undo of run 1 [gate]\ndrop-group cad: undo of run 1 [gate]\n");
    w.domains[1].open = true; /* somebody's is open: then the group is kept by its member */
    CLEANUP(plan_free) struct plan *plan = undo_of(1);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert(plan_gate_held(plan));
}
END_TEST

/* The address of before may be of a domain whose gate is closed by now. */
START_TEST(gate_of_the_address_of_before)
{
    struct item *anna = person(&w, "anna");
    w.domains[1].open = true;
    set_email(anna, "anna@branch.example");
    sync_now();
    set_email(anna, "anna@example.com");
    sync_now();
    w.domains[1].open = false;
    undo_shows(2, "update anna: undo of run 2 [gate]\n");
}
END_TEST

/* The journal, too, is judged by the domain of before: the database's gate stands before any platform. */
START_TEST(journal_names_the_domain_of_before)
{
    struct item *anna = person(&w, "anna");
    w.domains[1].open = true;
    set_email(anna, "anna@branch.example");
    sync_now();
    set_email(anna, "anna@example.com");
    sync_now();
    undo_now(2);
    ck_assert_str_eq(one_text("SELECT domain FROM run_change WHERE run = 3"), "branch.example");
}
END_TEST

/* Past the plan, the database refuses by the domain that is put back. */
START_TEST(gate_of_the_database)
{
    struct item *anna = person(&w, "anna");
    w.domains[1].open = true;
    set_email(anna, "anna@branch.example");
    sync_now();
    set_email(anna, "anna@example.com");
    sync_now();
    CLEANUP(plan_free) struct plan *plan = undo_of(2);
    ck_assert_uint_eq(plan->n, 1);
    world_sql(&w, "UPDATE domain SET state = 'lapsed' WHERE name = 'branch.example'");
    int64_t run;
    size_t done;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_GATE);
    ck_assert_str_eq(one_text("SELECT email FROM account"), "anna@example.com");
}
END_TEST

START_TEST(administrators_stay)
{
    struct item *alice = person(&w, "alice"), *cad = group(&w, "cad");
    member(cad, alice);
    sync_now();
    undo_shows(1, "unassign alice autocad: undo of run 1 [protected]\nleave alice cad: undo of run 1 [protected]\n"
                  "remove alice: undo of run 1 [protected]\ndrop-group cad: undo of run 1 [protected]\n");
}
END_TEST

START_TEST(guard_holds_removals)
{
    for (int i = 0; i < 6; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        person(&w, name);
    }
    sync_now();
    world_conf(&w, CONF SEATS("2"));
    CLEANUP(plan_free) struct plan *plan = undo_of(1);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert_uint_eq(plan->holds[HOLD_GUARD], 6);
    ck_assert_uint_eq(plan->guard.ntrips, 1);
}
END_TEST

/* Releases that the guard holds give nobody a seat. */
START_TEST(guard_holds_seats)
{
    world_conf(&w, "[sync]\nmax-removals = 100%\n" WORLD_DIRECTORY("") WORLD_TEAM("") SEATS("6"));
    struct item *all[12], *cad;
    for (int i = 0; i < 12; i++) {
        CLEANUP(freep) char *name = mem_printf("p%02d", i);
        all[i] = person(&w, name);
    }
    cad = group(&w, "cad");
    for (int i = 0; i < 6; i++)
        member(cad, all[i]);
    sync_now();
    for (int i = 0; i < 6; i++) {
        not_member(cad, all[i]);
        member(cad, all[i + 6]);
    }
    sync_now();
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("") SEATS("6"));
    CLEANUP(plan_free) struct plan *plan = undo_of(2);
    ck_assert_uint_eq(plan->counts[OP_JOIN], plan->n);
    ck_assert_uint_eq(plan->holds[HOLD_GUARD], 12);
    ck_assert_uint_eq(plan->holds[HOLD_NO_SEAT], 6);
}
END_TEST

START_TEST(works_with_sync_disabled)
{
    person(&w, "anna");
    sync_now();
    ck_assert_int_eq(team_enable(w.store->db, 1, 0, &w.err), 0);
    undo_shows(1, "remove anna: undo of run 1\n");
}
END_TEST

/* A plan that no longer fits is refused by the roster, and nothing of it is done. */
START_TEST(plan_of_another_state)
{
    person(&w, "anna");
    person(&w, "ben");
    sync_now();
    CLEANUP(plan_free) struct plan *plan = undo_of(1);
    world_sql(&w, "UPDATE account SET state = 'removed' WHERE person = 2");
    int64_t run;
    size_t done;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_CONFLICT);
    ck_assert_str_eq(one_text(STATE), "invited");
}
END_TEST

/* --- at random --- */

#define PEOPLE 30
#define GROUPS 8

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static unsigned number_from(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void change_something(void)
{
    struct item *p = &w.items[below(PEOPLE)], *g = &w.items[PEOPLE + below(GROUPS)];
    switch (below(10)) {
    case 0:
        p->there = !p->there;
        break;
    case 1:
        p->active = !p->active;
        break;
    case 2:
        p->excluded = p->excluded ? 0 : 1;
        break;
    case 3:
        snprintf(p->attr[below(2) ? ATTR_TITLE : ATTR_FAMILY_NAME], WORLD_TEXT, "%.*s", (int)below(4), "öxy");
        break;
    case 4:
        snprintf(p->attr[ATTR_EMAIL], WORLD_TEXT, "p%u@example.com", below(PEOPLE + 10));
        break;
    case 5:
        snprintf(g->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "n%u", below(1000));
        break;
    case 6:
        recreate(below(3) ? p : g);
        break;
    default:
        not_member(g, p);
        if (below(3))
            member(g, p);
    }
}

/* What the team asks for changes too: groups come and go, whole products, and what becomes of who left. */
static void change_conf(void)
{
    static const char *const leave[] = {"suspend", "suspend", "remove", "unassign"};
    CLEANUP(freep)
    char *conf =
        mem_printf("[sync]\nmax-removals = 100%%\ngrace = 1d\non-leave = %s\n" WORLD_DIRECTORY("") "%s" WORLD_PRODUCT(
                       "revit", "g1", "") "%s",
                   leave[below(4)], below(4) ? WORLD_TEAM("adopt = yes\ngroups = all") : WORLD_TEAM("adopt = yes"),
                   below(4) ? WORLD_PRODUCT("autocad", "g0", "seats = 4") : "");
    world_conf(&w, conf);
}

/* The roster without the numbers that a group put back gets anew. */
#define SNAPSHOT(name)                                                                                                 \
    "DROP TABLE IF EXISTS temp." name "_account; DROP TABLE IF EXISTS temp." name "_seat;"                             \
    "DROP TABLE IF EXISTS temp." name "_group; DROP TABLE IF EXISTS temp." name "_member;"                             \
    "CREATE TEMP TABLE " name "_account AS SELECT * FROM account;"                                                     \
    "CREATE TEMP TABLE " name "_seat AS SELECT * FROM seat;"                                                           \
    "CREATE TEMP TABLE " name "_group AS SELECT team, grp, name FROM synced_group;"                                    \
    "CREATE TEMP TABLE " name "_member AS SELECT g.team, g.grp, m.account FROM synced_member m JOIN synced_group g"    \
    " ON g.id = m.synced_group;"
#define DIFFER(name, what)                                                                                             \
    "SELECT (SELECT count(*) FROM (SELECT * FROM " name "_" what " EXCEPT SELECT * FROM now_" what "))"                \
    " + (SELECT count(*) FROM (SELECT * FROM now_" what " EXCEPT SELECT * FROM " name "_" what "))"

/* Of accounts, those that the run made are removed now. */
#define ACCOUNTS_DIFFER(name)                                                                                          \
    "SELECT (SELECT count(*) FROM (SELECT * FROM " name "_account EXCEPT SELECT * FROM now_account))"                  \
    " + (SELECT count(*) FROM account WHERE state <> 'removed' AND id NOT IN (SELECT id FROM " name "_account))"

static void undo_whole(int64_t run, int64_t *ret_run, int step)
{
    CLEANUP(plan_free) struct plan *plan = undo_of(run);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_plan(&w, plan, &text);
    ck_assert_msg(plan->nheld == 0, "step %d: %s", step, buf_str(&text));
    *ret_run = carry_out(plan);
    world_sql(&w, SNAPSHOT("now"));
}

#define same(name)                                                                                                     \
    do {                                                                                                               \
        ck_assert_msg(world_int(&w, ACCOUNTS_DIFFER(name)) == 0, "step %d: accounts of " name, step);                  \
        ck_assert_msg(world_int(&w, DIFFER(name, "seat")) == 0, "step %d: seats of " name, step);                      \
        ck_assert_msg(world_int(&w, DIFFER(name, "group")) == 0, "step %d: groups of " name, step);                    \
        ck_assert_msg(world_int(&w, DIFFER(name, "member")) == 0, "step %d: members of " name, step);                  \
    } while (0)

START_TEST(random_runs)
{
    int steps = (int)number_from("DOORWARD_TEST_STEPS", 200);
    bool done[OP_COUNT] = {false};
    seed = number_from("DOORWARD_TEST_SEED", 20261);
    for (int i = 0; i < PEOPLE + GROUPS; i++) {
        CLEANUP(freep) char *name = mem_printf("%c%d", i < PEOPLE ? 'p' : 'g', i < PEOPLE ? i : i - PEOPLE);
        struct item *it = i < PEOPLE ? person(&w, name) : group(&w, name);
        if (i < PEOPLE)
            snprintf(it->attr[ATTR_USER_NAME], WORLD_TEXT, "%s", name);
    }
    for (int step = 0; step < steps; step++) {
        for (unsigned i = step ? below(12) : 150; i > 0; i--)
            change_something();
        if (below(3) == 0)
            change_conf();
        w.now += below(86400);
        world_pull(&w);
        world_sql(&w, SNAPSHOT("before"));
        CLEANUP(plan_free) struct plan *plan = world_plan(&w);
        if (plan->n == 0)
            continue;
        for (int op = 0; op < OP_COUNT; op++)
            done[op] |= plan->counts[op] > 0;
        int64_t run = carry_out(plan), undo, redo;
        world_sql(&w, SNAPSHOT("left"));
        w.now += 60;
        undo_whole(run, &undo, step);
        same("before");
        w.now += 60;
        undo_whole(undo, &redo, step);
        same("left");
        w.now += 60;
        if (below(2))
            undo_whole(redo, &undo, step);
    }
    for (int op = 0; op < OP_COUNT && steps >= 200; op++)
        ck_assert_msg(done[op], "no run had %s, so that nothing was shown of it", op_names[op]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("undo");
    TCase *cases = tcase_create("cases"), *random = tcase_create("random");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_checked_fixture(random, setup, teardown);
    tcase_set_timeout(random, 120);
    tcase_add_test(cases, nothing_to_undo);
    tcase_add_test(cases, first_run_taken_back);
    tcase_add_test(cases, sent_invitation_stays);
    tcase_add_test(cases, attributes_of_before);
    tcase_add_test(cases, changed_by_a_later_run);
    tcase_add_test(cases, changed_by_hand);
    tcase_add_test(cases, seat_given_to_somebody_else);
    tcase_add_test(cases, email_given_to_somebody_else);
    tcase_add_test(cases, who_cannot_come_back_gets_nothing);
    tcase_add_test(cases, gate_closed);
    tcase_add_test(cases, gate_of_the_address_of_before);
    tcase_add_test(cases, journal_names_the_domain_of_before);
    tcase_add_test(cases, gate_of_the_database);
    tcase_add_test(cases, administrators_stay);
    tcase_add_test(cases, guard_holds_removals);
    tcase_add_test(cases, guard_holds_seats);
    tcase_add_test(cases, works_with_sync_disabled);
    tcase_add_test(cases, plan_of_another_state);
    tcase_add_test(random, random_runs);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, random);
    return suite_run(suite);
}
