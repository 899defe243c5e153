/* Plans, change by change: every operation, every cause, every hold; and what carrying them out leaves behind. */
#include "store/roster.h"
#include "world.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cad;

#define PRODUCT(more)    WORLD_PRODUCT("autocad", "cad", more)
#define CONF(team, more) WORLD_DIRECTORY("") WORLD_TEAM(team) PRODUCT(more)
#define NONE             "groups = none"

static void setup(void)
{
    world_open(&w, CONF(NONE, ""));
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cad = group(&w, "cad");
    member(cad, anna);
}

static void teardown(void)
{
    world_close(&w);
}

static void pull_and_apply(void)
{
    world_pull(&w);
    world_apply(&w);
    planned(&w, "");
}

static void later(int64_t seconds)
{
    w.now += seconds;
}

START_TEST(invite_and_assign)
{
    world_pull(&w);
    planned(&w, "invite anna: in-directory\n"
                "invite ben: in-directory\n"
                "assign anna autocad: group cad\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE state = 'invited'"), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat"), 1);
}
END_TEST

START_TEST(update_names_what_changed)
{
    pull_and_apply();
    set_email(anna, "anna.maria@example.com");
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "Head");
    world_pull(&w);
    planned(&w, "update anna: attributes email title\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE email = 'anna.maria@example.com'"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 2);
}
END_TEST

START_TEST(left_group)
{
    pull_and_apply();
    cad->nmembers = 0;
    world_pull(&w);
    planned(&w, "unassign anna autocad: left-group cad\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat"), 0);
}
END_TEST

START_TEST(gone_then_removed_then_back)
{
    pull_and_apply();
    anna->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone\nunassign anna autocad: gone\n");
    pull_and_apply();
    later(7 * 86400 - 1);
    planned(&w, "");
    later(1);
    planned(&w, "remove anna: grace-over\n");
    pull_and_apply();
    anna->there = true;
    world_pull(&w);
    planned(&w, "invite anna: returned\nassign anna autocad: group cad\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 3);
}
END_TEST

START_TEST(back_within_grace)
{
    pull_and_apply();
    ck_assert_int_eq(account_activate(w.store, 1, 1, w.now, &w.err), 0);
    ck_assert_int_eq(account_activate(w.store, 1, 1, w.now + 9, &w.err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT activated_at FROM account WHERE state = 'active'"), w.now);
    anna->there = false;
    ben->there = false;
    pull_and_apply();
    anna->there = true;
    ben->there = true;
    world_pull(&w);
    planned(&w, "restore anna: returned\nrestore ben: returned\nassign anna autocad: group cad\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE person = 1 AND state = 'active'"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE person = 2 AND state = 'invited'"), 1);
}
END_TEST

START_TEST(disabled_is_never_removed)
{
    pull_and_apply();
    anna->active = false;
    world_pull(&w);
    planned(&w, "suspend anna: disabled\nunassign anna autocad: disabled\n");
    pull_and_apply();
    later(400 * 86400);
    planned(&w, "");
    world_conf(&w, "[sync]\non-leave = remove\n" CONF(NONE, ""));
    planned(&w, "");
}
END_TEST

START_TEST(on_leave_remove)
{
    world_conf(&w, "[sync]\non-leave = remove\n" CONF(NONE, ""));
    pull_and_apply();
    anna->there = false;
    ben->active = false;
    world_pull(&w);
    planned(&w, "suspend ben: disabled\nremove anna: gone\nunassign anna autocad: gone\n");
    pull_and_apply();
}
END_TEST

START_TEST(on_leave_unassign)
{
    world_conf(&w, "[sync]\non-leave = unassign\n" CONF(NONE, ""));
    pull_and_apply();
    anna->there = false;
    world_pull(&w);
    planned(&w, "unassign anna autocad: gone\n");
    pull_and_apply();
    later(400 * 86400);
    planned(&w, "");
}
END_TEST

START_TEST(excluded)
{
    pull_and_apply();
    anna->excluded = 2;
    anna->active = false;
    world_pull(&w);
    planned(&w, "suspend anna: excluded 2\nunassign anna autocad: excluded 2\n");
}
END_TEST

START_TEST(out_of_scope)
{
    struct item *scope = group(&w, "scope");
    member(scope, anna);
    member(scope, ben);
    world_conf(&w, WORLD_DIRECTORY("scope-group = cn=scope,ou=Groups,dc=example,dc=com") WORLD_TEAM(NONE) PRODUCT(""));
    pull_and_apply();
    not_member(scope, anna);
    world_pull(&w);
    planned(&w, "suspend anna: out-of-scope\nunassign anna autocad: out-of-scope\n");
    scope->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: out-of-scope [unresolved-group]\n"
                "suspend ben: out-of-scope [unresolved-group]\n"
                "unassign anna autocad: out-of-scope [unresolved-group]\n");
}
END_TEST

START_TEST(product_unconfigured)
{
    pull_and_apply();
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM(NONE));
    world_pull(&w);
    planned(&w, "unassign anna autocad: unconfigured\n");
    pull_and_apply();
}
END_TEST

START_TEST(group_not_found)
{
    pull_and_apply();
    cad->there = false;
    world_pull(&w);
    planned(&w, "unassign anna autocad: left-group cad [unresolved-group]\n");
    anna->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone\nunassign anna autocad: gone\n");
}
END_TEST

START_TEST(groups_come_and_go)
{
    world_conf(&w, CONF("", ""));
    world_pull(&w);
    planned(&w, "add-group cad: configured\n"
                "invite anna: in-directory\n"
                "invite ben: in-directory\n"
                "assign anna autocad: group cad\n"
                "join anna cad: group cad\n");
    pull_and_apply();
    snprintf(cad->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "CAD people");
    member(cad, ben);
    not_member(cad, anna);
    world_pull(&w);
    planned(&w, "unassign anna autocad: left-group cad\n"
                "leave anna cad: left-group\n"
                "rename-group cad: renamed\n"
                "assign ben autocad: group cad\n"
                "join ben cad: group cad\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group WHERE name = 'CAD people'"), 1);
    world_conf(&w, CONF(NONE, ""));
    world_pull(&w);
    planned(&w, "leave ben cad: unconfigured\ndrop-group cad: unconfigured\n");
    pull_and_apply();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group"), 0);
}
END_TEST

START_TEST(synced_group_not_found)
{
    world_conf(&w, CONF("", ""));
    pull_and_apply();
    cad->there = false;
    world_pull(&w);
    planned(&w, "unassign anna autocad: left-group cad [unresolved-group]\n"
                "leave anna cad: unconfigured [unresolved-group]\n"
                "drop-group cad: unconfigured [unresolved-group]\n");
}
END_TEST

START_TEST(group_stays_while_somebody_in_it_is_held)
{
    world_conf(&w, CONF("", ""));
    member(cad, ben);
    pull_and_apply();
    set_email(ben, "ben@branch.example");
    w.domains[1].open = true;
    pull_and_apply();
    w.domains[1].open = false;
    world_conf(&w, CONF(NONE, ""));
    world_pull(&w);
    planned(&w, "leave anna cad: unconfigured\n"
                "leave ben cad: unconfigured [gate]\n"
                "drop-group cad: unconfigured [gate]\n");
    world_apply(&w);
    w.domains[1].open = true;
    planned(&w, "leave ben cad: unconfigured\ndrop-group cad: unconfigured\n");
    pull_and_apply();
}
END_TEST

START_TEST(group_stays_while_a_local_member_is_in_it)
{
    world_conf(&w, CONF("", ""));
    pull_and_apply();
    world_sql(&w, "INSERT INTO synced_member (synced_group, account) VALUES (1, 99)");
    world_conf(&w, CONF(NONE, ""));
    world_pull(&w);
    planned(&w, "leave anna cad: unconfigured\n");
    pull_and_apply();
}
END_TEST

/* --- holds --- */

START_TEST(sync_is_off)
{
    world_conf(&w, CONF("", ""));
    ck_assert_int_eq(team_enable(w.store->db, 1, 0, &w.err), 0);
    world_pull(&w);
    planned(&w, "add-group cad: configured [sync-disabled]\n"
                "invite anna: in-directory [sync-disabled]\n"
                "invite ben: in-directory [sync-disabled]\n"
                "assign anna autocad: group cad [sync-disabled]\n"
                "join anna cad: group cad [sync-disabled]\n");
    ck_assert_uint_eq(world_apply(&w), 0);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert(plan_gate_held(plan));
    ck_assert_uint_eq(plan->holds[HOLD_DISABLED_SYNC], 5);
}
END_TEST

START_TEST(gate_is_closed)
{
    pull_and_apply();
    anna->there = false;
    snprintf(ben->attr[ATTR_TITLE], WORLD_TEXT, "Head");
    person(&w, "cleo");
    w.domains[0].open = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone [gate]\n"
                "unassign anna autocad: gone [gate]\n"
                "invite cleo: in-directory [gate]\n"
                "update ben: attributes title [gate]\n");
    world_conf(&w, CONF("", ""));
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert_uint_eq(plan->counts[OP_ADD_GROUP], 0);
}
END_TEST

START_TEST(domain_of_somebody_else_and_none)
{
    set_email(anna, "anna@elsewhere.example");
    set_email(ben, "");
    world_pull(&w);
    planned(&w, "invite anna: in-directory [domain]\n"
                "invite ben: in-directory [no-email]\n"
                "assign anna autocad: group cad [domain]\n");
    set_email(anna, "no address");
    world_pull(&w);
    planned(&w, "invite anna: in-directory [no-email]\n"
                "invite ben: in-directory [no-email]\n"
                "assign anna autocad: group cad [no-email]\n");
}
END_TEST

START_TEST(email_lost)
{
    pull_and_apply();
    set_email(anna, "");
    world_pull(&w);
    planned(&w, "update anna: attributes email [no-email]\n");
    anna->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone\nunassign anna autocad: gone\n");
}
END_TEST

START_TEST(too_few_seats)
{
    world_conf(&w, CONF(NONE, "seats = 1"));
    member(cad, ben);
    world_pull(&w);
    planned(&w, "invite anna: in-directory\n"
                "invite ben: in-directory\n"
                "assign anna autocad: group cad\n"
                "assign ben autocad: group cad [no-seat]\n");
    world_apply(&w);
    not_member(cad, anna);
    world_pull(&w);
    planned(&w, "unassign anna autocad: left-group cad\nassign ben autocad: group cad\n");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->nseats, 1);
    ck_assert_uint_eq(plan->seats[0].before, 1);
    ck_assert_uint_eq(plan->seats[0].after, 1);
    ck_assert_uint_eq(plan->seats[0].waiting, 0);
    pull_and_apply();
    world_conf(&w, CONF(NONE, "seats = 0"));
    member(cad, anna);
    world_pull(&w);
    planned(&w, "assign anna autocad: group cad [no-seat]\n"); /* nobody loses a seat for a lower limit */
    CLEANUP(plan_free) struct plan *over = world_plan(&w);
    ck_assert_uint_eq(over->seats[0].after, 1);
    ck_assert_uint_eq(over->seats[0].waiting, 1);
}
END_TEST

START_TEST(a_held_person_takes_no_seat)
{
    world_conf(&w, CONF(NONE, "seats = 1"));
    set_email(anna, "anna@branch.example");
    member(cad, ben);
    world_pull(&w);
    planned(&w, "invite ben: in-directory\n"
                "assign ben autocad: group cad\n"
                "invite anna: in-directory [gate]\n"
                "assign anna autocad: group cad [gate]\n");
}
END_TEST

START_TEST(one_email_for_two)
{
    set_email(ben, "ANNA@example.com");
    world_pull(&w);
    planned(&w, "invite anna: in-directory [same-email ben]\n"
                "invite ben: in-directory [same-email anna]\n"
                "assign anna autocad: group cad [same-email ben]\n");
    set_email(ben, "ben@example.com");
    pull_and_apply();
    set_email(ben, "anna@example.com");
    world_pull(&w);
    planned(&w, "update ben: attributes email [same-email anna]\n");
    anna->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone\n"
                "unassign anna autocad: gone\n"
                "update ben: attributes email [same-email anna]\n");
}
END_TEST

/* Whoever held the address before is free to leave it, whichever of the two the directory met first. */
START_TEST(email_passes_to_another)
{
    pull_and_apply();
    struct item *from = _i == 0 ? anna : ben, *to = _i == 0 ? ben : anna;
    set_email(to, from->attr[ATTR_EMAIL]);
    set_email(from, "fresh@example.com");
    world_pull(&w);
    CLEANUP(freep)
    char *expected = mem_printf("update %s: attributes email\nupdate %s: attributes email [same-email %s]\n",
                                from->short_name, to->short_name, from->short_name);
    planned(&w, expected);
    world_apply(&w);
    CLEANUP(freep) char *rest = mem_printf("update %s: attributes email\n", to->short_name);
    planned(&w, rest);
    pull_and_apply();
}
END_TEST

START_TEST(two_move_to_one_email)
{
    pull_and_apply();
    set_email(anna, "design@example.com");
    set_email(ben, "design@example.com");
    world_pull(&w);
    planned(&w, "update anna: attributes email [same-email ben]\n"
                "update ben: attributes email [same-email anna]\n");
}
END_TEST

/* Removed, and back under another domain: the one of before, which closed meanwhile, holds nothing. */
START_TEST(back_from_a_domain_that_closed)
{
    w.domains[1].open = true;
    set_email(anna, "anna@branch.example");
    pull_and_apply();
    anna->there = false;
    pull_and_apply();
    later(8 * 86400);
    pull_and_apply();
    w.domains[1].open = false;
    anna->there = true;
    set_email(anna, "anna@example.com");
    world_pull(&w);
    planned(&w, "invite anna: returned\nassign anna autocad: group cad\n");
    pull_and_apply();
}
END_TEST

START_TEST(too_many_removals)
{
    struct item *many[6];
    for (int i = 0; i < 6; i++) {
        CLEANUP(freep) char *name = mem_printf("many%d", i);
        many[i] = person(&w, name);
    }
    pull_and_apply();
    for (int i = 0; i < 5; i++)
        many[i]->there = false;
    world_pull(&w);
    CLEANUP(plan_free) struct plan *few = world_plan(&w);
    ck_assert_uint_eq(few->counts[OP_SUSPEND], GUARD_FLOOR);
    ck_assert_uint_eq(few->nheld, 0);
    many[5]->there = false;
    member(cad, ben);
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->guard.ntrips, 1);
    ck_assert_uint_eq(plan->holds[HOLD_GUARD], 6);
    ck_assert_uint_eq(plan->n, 1); /* ben's seat: the rest proceeds */
    ck_assert_int_eq(plan->changes[0].op, OP_ASSIGN);
    world_conf(&w, "[sync]\nmax-removals = 100%\n" CONF(NONE, ""));
    CLEANUP(plan_free) struct plan *allowed = world_plan(&w);
    ck_assert_uint_eq(allowed->counts[OP_SUSPEND], 6);
}
END_TEST

/* --- carrying out --- */

static void note_change(void *ctx, const struct change *c)
{
    struct plan *plan = ((void **)ctx)[0];
    show_change(&w, plan, c, ((void **)ctx)[1]);
}

START_TEST(journal_is_the_plan)
{
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    CLEANUP(buf_release) struct buf text = BUF_INIT, journal = BUF_INIT;
    show_plan(&w, plan, &text);
    int64_t run, team;
    size_t done;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), 0);
    ck_assert_int_eq(run_changes(w.store, run, note_change, (void *[]){plan, &journal}, &w.err), 0);
    ck_assert_str_eq(buf_str(&journal), buf_str(&text));
    ck_assert_int_eq(run_team(w.store, run, &team, &w.err), 0);
    ck_assert_int_eq(team, plan->team_id);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change WHERE domain = 'example.com'"), 3);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run WHERE state = 'done' AND done = 3"), 1);
}
END_TEST

START_TEST(empty_plan_makes_no_run)
{
    pull_and_apply();
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    int64_t run = 7;
    size_t done = 7;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), 0);
    ck_assert_int_eq(run, 0);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run"), 1);
}
END_TEST

START_TEST(a_failing_change_takes_its_batch_back)
{
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    world_apply(&w);
    world_sql(&w, "DELETE FROM invitation; DELETE FROM seat; DELETE FROM account WHERE person = 2");
    int64_t run, was = world_int(&w, "SELECT count(*) FROM run_change");
    size_t done;
    struct change *last =
        &plan->changes[plan->n - 1]; /* a seat for ben, who is not in the plan's group but may have one */
    last->person = 99;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_GATE); /* nobody: no domain */
    ck_assert_uint_eq(done, 0);
    ck_assert_int_gt(run, 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change"), was);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run WHERE state = 'failed' AND done = 0 AND ended_at > 0 AND"
                                   " message LIKE 'gate:%'"),
                     1);
}
END_TEST

START_TEST(a_plan_made_from_another_state_is_refused)
{
    pull_and_apply();
    cad->nmembers = 0;
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    world_sql(&w, "DELETE FROM seat");
    int64_t run;
    size_t done;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(w.err.text, "not as the plan found it"));
}
END_TEST

/* The plan was made while the gate was open; the database's own gate closed before it was carried out. */
START_TEST(the_database_keeps_the_gate)
{
    world_pull(&w);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_int_eq(connection_usable_until(w.store, "idp", clock_now() - 1, &w.err), 0);
    int64_t run;
    size_t done;
    ck_assert_int_eq(world_carry_out(&w, plan, &run, &done), -1);
    ck_assert_int_eq(w.err.kind, ERR_GATE);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change"), 0);
}
END_TEST

START_TEST(a_killed_run_is_settled)
{
    int64_t run;
    ck_assert_int_eq(run_begin(w.store, 1, "apply", "p", 9, 0, w.now, &run, &w.err), 0);
    ck_assert_int_eq(run_progress(w.store, run, 4, &w.err), 0);
    ck_assert_int_eq(run_settle(w.store, w.now + 5, &w.err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run WHERE state = 'failed' AND done = 4 AND message LIKE"
                                   " 'ended before its time;%'"),
                     1);
    ck_assert_int_eq(world_int(&w, "SELECT ended_at FROM run"), w.now + 5);
    int64_t second;
    ck_assert_int_eq(run_begin(w.store, 1, "apply", "p", 9, 0, w.now, &second, &w.err), 0);
    ck_assert_int_eq(run_end(w.store, second, RUN_DONE, NULL, w.now, &w.err), 0);
    ck_assert_int_eq(run_settle(w.store, w.now + 9, &w.err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run WHERE state = 'done'"), 1);
}
END_TEST

START_TEST(active_at_once)
{
    world_pull(&w);
    static const char text[] = "[platform second]\ntype = roster\nactivate = at-once\n" CONF(NONE, "");
    world_conf(&w, text);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    struct apply_job job = {.plan = plan,
                            .plan_id = "p",
                            .command = "apply",
                            .platform = conf_find(w.conf, "platform", "second"),
                            .connector = &roster_platform};
    int64_t run;
    size_t done;
    ck_assert_int_eq(apply_plan(w.store, &job, &run, &done, &w.err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE state = 'active' AND activated_at > 0"), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {invite_and_assign,
                                  update_names_what_changed,
                                  left_group,
                                  gone_then_removed_then_back,
                                  back_within_grace,
                                  disabled_is_never_removed,
                                  on_leave_remove,
                                  on_leave_unassign,
                                  excluded,
                                  out_of_scope,
                                  product_unconfigured,
                                  group_not_found,
                                  groups_come_and_go,
                                  synced_group_not_found,
                                  group_stays_while_somebody_in_it_is_held,
                                  group_stays_while_a_local_member_is_in_it,
                                  sync_is_off,
                                  gate_is_closed,
                                  domain_of_somebody_else_and_none,
                                  email_lost,
                                  too_few_seats,
                                  a_held_person_takes_no_seat,
                                  one_email_for_two,
                                  two_move_to_one_email,
                                  back_from_a_domain_that_closed,
                                  too_many_removals,
                                  journal_is_the_plan,
                                  empty_plan_makes_no_run,
                                  a_failing_change_takes_its_batch_back,
                                  a_plan_made_from_another_state_is_refused,
                                  the_database_keeps_the_gate,
                                  a_killed_run_is_settled,
                                  active_at_once};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, email_passes_to_another, 0, 2);
    suite_add_tcase(s, c);
    return suite_run(s);
}
