/* What somebody changed on the platform by hand: what is found, what is repaired, and what is left alone. */
#include "elsewhere.h"
#include "store/undo.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cleo, *cad, *crew;
static struct look_report report;

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
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
}

static void teardown(void)
{
    look_report_release(&report);
    elsewhere_close();
    world_close(&w);
}

static void look(enum look_result result)
{
    look_report_release(&report);
    report = elsewhere_look(&w);
    ck_assert_msg(report.result == result, "%s: %s", look_result_names[report.result], report.why.text);
}

static struct far_account *at(const struct item *it)
{
    return &far->accounts[far_account_of(it->id)];
}

static size_t place(const struct item *it)
{
    return far_account_of(it->id);
}

/* Found, planned so, repaired, and then nothing is left to be done. */
static void repaired(const char *expected)
{
    look(LOOK_COMPLETE);
    planned(&w, expected);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    planned(&w, "");
    look(LOOK_COMPLETE);
    elsewhere_is_settled(&w);
}

START_TEST(nothing_drifted)
{
    look(LOOK_COMPLETE);
    elsewhere_is_settled(&w);
    ck_assert_uint_eq(report.accounts, 3);
    ck_assert_uint_eq(report.groups, 3);
    ck_assert_uint_eq(report.nnames, 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift"), 0);
}
END_TEST

START_TEST(an_account_is_gone)
{
    at(ben)->there = false;
    for (size_t i = 0; i < far->nobjects; i++)
        far->objects[i].member[place(ben)] = false;
    repaired("restore ben: drift: there is no account any more\n"
             "assign ben autocad: drift: gone with the account\n"
             "join ben cad: drift: gone with the account\n"
             "join ben crew: drift: gone with the account\n");
}
END_TEST

START_TEST(an_account_cannot_be_used)
{
    at(anna)->active = false;
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    repaired("restore anna: drift: the account cannot be used; title is Chief\n");
}
END_TEST

START_TEST(attributes_differ)
{
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    repaired("update anna: drift: title is Chief\n");
    ck_assert_str_eq(at(anna)->title, "");
}
END_TEST

START_TEST(whoever_was_suspended_can_use_it_again)
{
    cleo->active = false;
    world_pull(&w);
    elsewhere_apply(&w);
    at(cleo)->active = true;
    repaired("suspend cleo: drift: the account can be used\n");
    ck_assert(!at(cleo)->active);
    at(cleo)->there = false; /* which changes nothing for somebody who may not use it */
    look(LOOK_COMPLETE);
    planned(&w, "");
}
END_TEST

START_TEST(seats_and_members)
{
    far_object_of("product:autocad")->member[place(anna)] = false;
    far_object_of(crew->id)->member[place(ben)] = false;
    far_object_of(crew->id)->member[place(cleo)] = true;
    repaired("leave cleo crew: drift: a member\n"
             "assign anna autocad: drift: the account is without it\n"
             "join ben crew: drift: not a member\n");
}
END_TEST

START_TEST(groups_gone_and_renamed)
{
    struct far_object *o = far_object_of(crew->id);
    o->there = false;
    o->member[place(ben)] = false;
    snprintf(far_object_of(cad->id)->name, sizeof o->name, "Draughtsmen");
    repaired("add-group crew: drift: there is no such group any more\n"
             "rename-group cad: drift: it is called Draughtsmen\n"
             "join ben crew: drift: gone with the group\n");
}
END_TEST

/* Of a read that was cut off nobody knows whether the account that was known is there still. */
START_TEST(our_id_proves_nothing_in_part_of_a_listing)
{
    size_t twin = far_account_of("twin");
    far->accounts[twin] =
        (struct far_account){.uid = "twin", .email = "a@example.com", .there = true, .active = false, .stranger = true};
    snprintf(far->accounts[twin].bears, sizeof far->accounts[twin].bears, "%s", anna->id);
    at(anna)->there = false;
    far_object_of(crew->id)->member[place(ben)] = false;
    far->reading = FAR_NEARLY;
    look(LOOK_PARTIAL);
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE remote = 'A-twin'"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance <> 3"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT at FROM platform_look"), 0); /* and it is due again */
}
END_TEST

/* Two teams on one platform. */
START_TEST(what_another_team_has_is_no_stranger)
{
    far->accounts[far_account_of("odd")] =
        (struct far_account){.uid = "odd", .email = "odd@example.com", .there = true, .active = true, .stranger = true};
    snprintf(far->accounts[far_account_of("odd")].bears, 64, "%s", cleo->id);
    far_object_of("product:maya")->there = true;
    world_sql(&w, "INSERT INTO team (id, name) VALUES (77, 'other')");
    world_sql(&w, "INSERT INTO product (team, name) VALUES (77, 'maya')");
    world_sql(&w, "UPDATE account SET team = 77 WHERE email = 'cleo@example.com'");
    at(cleo)->there = false;
    look(LOOK_COMPLETE);
    ck_assert_uint_eq(report.strangers.accounts, 0);
    ck_assert_uint_eq(report.strangers.groups, 0);
    ck_assert_uint_eq(report.nnames, 0);
}
END_TEST

START_TEST(what_sync_did_not_make_is_left_alone)
{
    size_t guest = far_account_of("guest");
    far->accounts[guest] = (struct far_account){
        .uid = "guest", .email = "guest@example.com", .there = true, .active = true, .stranger = true};
    struct far_object *staff = far_object_of("staff");
    *staff = (struct far_object){.uid = "staff", .name = "Staff", .there = true, .stranger = true};
    staff->member[place(ben)] = true;
    far_object_of(crew->id)->member[guest] = true;
    far_object_of("product:autocad")->member[place(cleo)] = true; /* a seat given to one person */
    far_object_of("product:autocad")->foreign = 2;
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_uint_eq(report.strangers.accounts, 1);
    ck_assert_uint_eq(report.strangers.groups, 1);
    ck_assert_uint_eq(report.strangers.members, 3);
    ck_assert_uint_eq(report.strangers.seats, 1);
    ck_assert_uint_eq(report.nnames, 2);
    ck_assert_str_eq(report.names[0], "account guest@example.com");
    ck_assert_str_eq(report.names[1], "group Staff");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance <> 3"), 0);
}
END_TEST

/* Dropping it would take something from people who are not ours. */
START_TEST(a_group_with_others_in_it_is_not_dropped)
{
    far_object_of(crew->id)->foreign = 1;
    look(LOOK_COMPLETE);
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none") WORLD_PRODUCT("autocad", "cad", ""));
    world_pull(&w);
    planned(&w, "leave anna cad: unconfigured\n"
                "leave ben cad: unconfigured\n"
                "leave ben crew: unconfigured\n"
                "drop-group cad: unconfigured\n");
}
END_TEST

START_TEST(an_id_that_changed)
{
    snprintf(at(anna)->id, sizeof at(anna)->id, "other");
    snprintf(far_object_of(crew->id)->id, sizeof at(anna)->id, "another");
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_uint_eq(report.new_ids, 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE remote = 'other'"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group WHERE remote = 'another'"), 1);
    elsewhere_is_settled(&w);
}
END_TEST

START_TEST(an_account_that_lost_our_id_gets_it_again)
{
    snprintf(at(anna)->bears, sizeof at(anna)->bears, "-");
    repaired("update anna: drift: the account does not bear our id any more\n");
    for (size_t i = 0; i < far->naccounts; i++) /* a platform that keeps none is not to blame */
        snprintf(far->accounts[i].bears, sizeof far->accounts[i].bears, "-");
    look(LOOK_COMPLETE);
    planned(&w, "");
}
END_TEST

/* Whose it is now is for people to say; nothing is sent there. */
START_TEST(an_account_that_bears_another_id)
{
    const char *other = _i == 0 ? "of-another-system" : ben->id;
    snprintf(at(anna)->bears, sizeof at(anna)->bears, "%s", other);
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    at(anna)->active = false;
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "Architect");
    world_pull(&w);
    look(LOOK_COMPLETE);
    planned(&w, "update anna: attributes title [unclear-account]\n");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance = 2"), 1);
    anna->there = false;
    world_pull(&w);
    planned(&w, "suspend anna: gone [unclear-account]\n"
                "unassign anna autocad: gone [unclear-account]\n"
                "leave anna cad: gone [unclear-account]\n");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->withheld, 3); /* which somebody may approve, who knows that it is hers */
    w.approved = true;
    planned(&w, "suspend anna: gone\n"
                "unassign anna autocad: gone\n"
                "leave anna cad: gone\n");
    w.approved = false;
    *at(anna)->bears = '\0';
    look(LOOK_COMPLETE);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
}
END_TEST

/* A look that fails, or ends before it gets there, does not make clear whose it is. */
START_TEST(what_is_unclear_stays_so_until_it_is_read)
{
    snprintf(at(anna)->bears, sizeof at(anna)->bears, "of-another-system");
    look(LOOK_COMPLETE);
    anna->there = at(anna)->there = false;
    world_pull(&w);
    far->reading = _i == 0 ? FAR_SILENT : FAR_CUT_OFF;
    look(_i == 0 ? LOOK_FAILED : LOOK_PARTIAL);
    planned(&w, "suspend anna: gone [unclear-account]\n"
                "unassign anna autocad: gone [unclear-account]\n"
                "leave anna cad: gone [unclear-account]\n");
    at(anna)->there = true;
    *at(anna)->bears = '\0';
    far->reading = FAR_ALL;
    look(LOOK_COMPLETE);
    planned(&w, "suspend anna: gone\n"
                "unassign anna autocad: gone\n"
                "leave anna cad: gone\n");
}
END_TEST

START_TEST(a_group_that_bears_another_id)
{
    snprintf(far_object_of(crew->id)->bears, 64, "of-another-system");
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance = 2"), 1);
    member(crew, anna);
    world_pull(&w);
    for (int approved = 1; approved >= 0; approved--) { /* removals can be, and nothing else */
        w.approved = approved;
        planned(&w, "join anna crew: group crew [unclear-account]\n");
    }
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none") WORLD_PRODUCT("autocad", "cad", ""));
    world_pull(&w);
    planned(&w, "leave anna cad: unconfigured\n"
                "leave ben cad: unconfigured\n"
                "drop-group cad: unconfigured\n"
                "leave ben crew: unconfigured [unclear-account]\n"
                "drop-group crew: unconfigured [unclear-account]\n");
    w.approved = true;
    planned(&w, "leave anna cad: unconfigured\n"
                "leave ben cad: unconfigured\n"
                "leave ben crew: unconfigured\n"
                "drop-group cad: unconfigured\n"
                "drop-group crew: unconfigured\n");
}
END_TEST

START_TEST(two_accounts_that_bear_one_id)
{
    size_t twin = far_account_of("twin");
    far->accounts[twin] =
        (struct far_account){.uid = "twin", .email = "a@example.com", .there = true, .active = true, .stranger = true};
    snprintf(far->accounts[twin].bears, sizeof far->accounts[twin].bears, "%s", anna->id);
    look(LOOK_COMPLETE); /* the one that we know is hers, and the other is told */
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance = 2"), 1);
    snprintf(at(anna)->id, sizeof at(anna)->id, "other");
    anna->there = false;
    world_pull(&w);
    look(LOOK_COMPLETE); /* neither is known */
    planned(&w, "suspend anna: gone [unclear-account]\n"
                "unassign anna autocad: gone [unclear-account]\n"
                "leave anna cad: gone [unclear-account]\n");
}
END_TEST

/* Somebody made an account under the id of a person who has none, or none any more. */
START_TEST(an_account_made_with_our_id)
{
    far->accounts[far_account_of("odd")] =
        (struct far_account){.uid = "odd", .email = "odd@example.com", .there = true, .active = true, .stranger = true};
    snprintf(far->accounts[far_account_of("odd")].bears, 64, "%s", cleo->id);
    world_sql(&w, "UPDATE account SET state = 'removed', remote = NULL WHERE email = 'cleo@example.com'");
    at(cleo)->there = false;
    cleo->there = false;
    world_pull(&w);
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_uint_eq(report.strangers.borrowed, 1);
    ck_assert_ptr_nonnull(strstr(report.names[0], "bears the id of somebody"));
}
END_TEST

START_TEST(nothing_is_judged_unless_it_was_read)
{
    at(ben)->there = false;
    far->reading = FAR_SILENT;
    look(LOOK_FAILED);
    ck_assert_str_eq(report.why.text, "far away: no answer; try later");
    planned(&w, "");
    far->reading = FAR_CUT_OFF; /* what was met counts, what was not does not */
    at(anna)->active = false;
    look(LOOK_PARTIAL);
    planned(&w, "restore anna: drift: the account cannot be used\n");
}
END_TEST

/* Another tenant behind the same address, or a listing that lies. */
START_TEST(too_many_are_missing)
{
    static const char *const names[] = {"d", "e", "f", "g", "h", "i", "j", "k"};
    for (size_t i = 0; i < 8; i++)
        person(&w, names[i]);
    world_pull(&w);
    elsewhere_apply(&w);
    cleo->active = false;
    world_pull(&w);
    far->reading = (enum far_reading)_i;
    look(LOOK_COMPLETE);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert_uint_eq(plan->repairs, 0);
    ck_assert_uint_eq(plan->guard.ntrips, 1);
    ck_assert_str_eq(plan->guard.trips[0].what, "accounts missing on the platform");
    ck_assert_uint_eq(plan->holds[HOLD_GUARD], plan->nheld);
    ck_assert_uint_eq(plan->withheld, plan->nheld);
    far->reading = FAR_ALL;
    look(LOOK_COMPLETE);
    planned(&w, "suspend cleo: disabled\n");
}
END_TEST

START_TEST(the_directorys_own_change_comes_first)
{
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    at(ben)->there = false;
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "Architect");
    snprintf(ben->attr[ATTR_TITLE], WORLD_TEXT, "Engineer");
    member(crew, cleo);
    far_object_of(crew->id)->member[place(cleo)] = true;
    not_member(cad, anna);
    far_object_of("product:autocad")->member[place(anna)] = false;
    world_pull(&w);
    repaired("unassign anna autocad: left-group cad\n"
             "leave anna cad: left-group\n"
             "restore ben: drift: there is no account any more\n"
             "update anna: attributes title\n"
             "update ben: attributes title\n"
             "assign ben autocad: drift: gone with the account\n"
             "join ben cad: drift: gone with the account\n"
             "join ben crew: drift: gone with the account\n"
             "join cleo crew: group crew\n");
    ck_assert_str_eq(at(ben)->title, "Engineer");
}
END_TEST

/* The account gets what it had, not what the directory would have it get. */
START_TEST(a_repair_gives_what_the_account_has)
{
    set_email(anna, "ben@example.com");
    at(anna)->there = false;
    world_pull(&w);
    look(LOOK_COMPLETE);
    planned(&w, "restore anna: drift: there is no account any more\n"
                "assign anna autocad: drift: gone with the account\n"
                "join anna cad: drift: gone with the account\n"
                "update anna: attributes email [same-email ben]\n");
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    ck_assert_str_eq(at(anna)->email, "anna@example.com");
}
END_TEST

START_TEST(nobody_is_repaired_behind_a_closed_gate)
{
    at(anna)->there = false;
    look(LOOK_COMPLETE);
    w.domains[0].open = false;
    planned(&w, "restore anna: drift: there is no account any more [gate]\n"
                "assign anna autocad: drift: gone with the account [gate]\n"
                "join anna cad: drift: gone with the account [gate]\n");
}
END_TEST

START_TEST(what_the_platform_wants_is_told_and_left)
{
    at(anna)->own_title = true;
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    look(LOOK_COMPLETE);
    planned(&w, "update anna: drift: title is Chief\n");
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance = 1 AND times = 1 AND open = 1"), 1);
    look(LOOK_COMPLETE);
    planned(&w, "");
    snprintf(at(anna)->title, sizeof at(anna)->title, "Boss"); /* something else is tried once more */
    look(LOOK_COMPLETE);
    planned(&w, "update anna: drift: title is Boss\n");
}
END_TEST

/* It comes back each night. */
START_TEST(what_comes_back_is_repaired_three_times)
{
    for (int i = 0; i < 3; i++) {
        snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
        repaired("update anna: drift: title is Chief\n");
    }
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    look(LOOK_COMPLETE);
    planned(&w, "");
    *at(anna)->title = '\0';
    w.now += 31 * 86400;
    look(LOOK_COMPLETE);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift"), 0);
}
END_TEST

START_TEST(access_is_taken_as_often_as_it_is_given)
{
    cleo->active = false;
    world_pull(&w);
    elsewhere_apply(&w);
    for (int i = 0; i < 5; i++) {
        at(cleo)->active = true;
        look(LOOK_COMPLETE);
        planned(&w, "suspend cleo: drift: the account can be used\n");
        ck_assert_uint_eq(elsewhere_apply(&w), 0);
    }
}
END_TEST

static size_t tasks_before;

static bool ended_by_hand(void *ctx)
{
    (void)ctx;
    return far->tasks > tasks_before;
}

START_TEST(what_was_skipped_is_planned_again)
{
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    far->refused_op = OP_UPDATE;
    snprintf(far->refused, sizeof far->refused, "%s", anna->id);
    look(LOOK_COMPLETE);
    ck_assert_uint_eq(elsewhere_apply(&w), 1);
    planned(&w, "update anna: drift: title is Chief\n");
    *far->refused = '\0';
    repaired("update anna: drift: title is Chief\n");
}
END_TEST

START_TEST(what_is_refused_is_told_in_the_end)
{
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    far->refused_op = OP_UPDATE;
    snprintf(far->refused, sizeof far->refused, "%s", anna->id);
    for (int i = 0; i < 3; i++) {
        look(LOOK_COMPLETE);
        ck_assert_uint_eq(elsewhere_apply(&w), 1);
    }
    look(LOOK_COMPLETE);
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE stance = 1 AND times = 3"), 1);
}
END_TEST

/* A repair whose answer was lost is sent again, and is done then. */
START_TEST(a_repair_is_settled)
{
    snprintf(at(anna)->title, sizeof at(anna)->title, "Chief");
    look(LOOK_COMPLETE);
    tasks_before = far->tasks;
    far->busy = -1;
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    int64_t run;
    size_t done;
    ck_assert_int_eq(elsewhere_carry_out(&w, plan, ended_by_hand, &run, &done), -1);
    far->busy = 0;
    ck_assert_uint_eq(elsewhere_settle(&w).confirmed, 1);
    ck_assert_str_eq(at(anna)->title, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift WHERE open = 0 AND times = 1"), 1);
    look(LOOK_COMPLETE);
    elsewhere_is_settled(&w);
}
END_TEST

/* Nothing is judged of what was sent and not answered: it may be either way. */
START_TEST(what_is_unanswered_is_not_judged)
{
    cleo->active = false; /* the only change */
    world_pull(&w);
    tasks_before = far->tasks;
    far->busy = -1;
    far->quietly = true;
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    int64_t run;
    size_t done;
    ck_assert_int_eq(elsewhere_carry_out(&w, plan, ended_by_hand, &run, &done), -1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM delivery WHERE state = 'sent'"), 1);
    ck_assert(!at(cleo)->active);
    look(LOOK_COMPLETE);
    planned(&w, "suspend cleo: disabled\n");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift"), 0);
    far->busy = 0;
    elsewhere_settle(&w);
    repaired("");
}
END_TEST

START_TEST(repairs_are_not_undone)
{
    at(anna)->there = false;
    snprintf(ben->attr[ATTR_TITLE], WORLD_TEXT, "Engineer");
    world_pull(&w);
    look(LOOK_COMPLETE);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    int64_t run = world_int(&w, "SELECT max(id) FROM run"), repairs;
    ck_assert_int_eq(undo_repairs(w.store, run, &repairs, &w.err), 0);
    ck_assert_int_eq(repairs, 3);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM run_change WHERE cause = 15 AND before ="
                                   " '{\"found\":\"there is no account any more\"}'"),
                     1);
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    plan_settings_read(&settings);
    CLEANUP(plan_free) struct plan *plan = NULL;
    ck_assert_int_eq(undo_plan(w.store, &settings, run, &plan, &w.err), 0);
    ck_assert_uint_eq(plan->n, 1);
    ck_assert_int_eq(plan->changes[0].op, OP_UPDATE);
    look(LOOK_COMPLETE);
    at(anna)->there = false;
    look(LOOK_COMPLETE);
    elsewhere_apply(&w);
    ck_assert_int_eq(undo_plan(w.store, &settings, run + 1, &plan, &w.err), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "only repaired what had drifted"));
    policy_release(&policy);
}
END_TEST

/* What the run made is somebody else's by now, as far as anybody can say. */
START_TEST(what_is_unclear_is_not_undone)
{
    static const enum op expected[] = {OP_LEAVE, OP_REMOVE};
    int64_t run = world_int(&w, "SELECT max(id) FROM run");
    snprintf(at(anna)->bears, sizeof at(anna)->bears, "of-another-system");
    snprintf(far_object_of(crew->id)->bears, 64, "of-another-system");
    look(LOOK_COMPLETE);
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    plan_settings_read(&settings);
    for (int approved = 0; approved < 2; approved++) {
        CLEANUP(plan_free) struct plan *plan = NULL;
        settings.approved = approved;
        ck_assert_int_eq(undo_plan(w.store, &settings, run, &plan, &w.err), 0);
        unsigned unclear[OP_COUNT] = {0};
        for (size_t i = 0; i < plan->nheld; i++)
            unclear[plan->held[i].op] += plan->held[i].hold == HOLD_UNCLEAR;
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
            ck_assert_uint_eq(unclear[expected[i]], approved                   ? 0
                                                     : expected[i] == OP_LEAVE ? 2
                                                                               : 1);
        ck_assert_uint_eq(unclear[OP_DROP_GROUP], approved ? 0 : 2); /* anna stays in the other one */
    }
    policy_release(&policy);
}
END_TEST

START_TEST(what_is_unclear_gets_nothing_back)
{
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "Architect");
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    int64_t run = world_int(&w, "SELECT max(id) FROM run");
    snprintf(at(anna)->bears, sizeof at(anna)->bears, "of-another-system");
    look(LOOK_COMPLETE);
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {
        .conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now, .approved = true};
    plan_settings_read(&settings);
    CLEANUP(plan_free) struct plan *plan = NULL;
    ck_assert_int_eq(undo_plan(w.store, &settings, run, &plan, &w.err), 0);
    ck_assert_uint_eq(plan->n, 0);
    ck_assert_uint_eq(plan->nheld, 1);
    ck_assert_int_eq(plan->held[0].hold, HOLD_UNCLEAR);
    policy_release(&policy);
}
END_TEST

START_TEST(how_often_it_is_read)
{
    far_settings(&w, "drift-every = 1h\n");
    look(LOOK_COMPLETE);
    at(anna)->active = false;
    look(LOOK_NOT_DUE);
    planned(&w, "");
    w.now += 3600;
    look(LOOK_COMPLETE);
    look(LOOK_NOT_DUE); /* what was found counts until then, and what was repaired is done */
    planned(&w, "restore anna: drift: the account cannot be used\n");
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    planned(&w, "");
    at(anna)->active = false;
    far_settings(&w, "drift-every = never\n");
    look(LOOK_NEVER);
    planned(&w, "");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM drift"), 0);
}
END_TEST

/* A seat of a product that is a value of the account. */
START_TEST(products_as_values)
{
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none") WORLD_PRODUCT("revit", "crew", "assign = role"));
    world_pull(&w);
    elsewhere_apply(&w);
    elsewhere_is_settled(&w);
    struct far_object *revit = far_object_of("product:revit");
    ck_assert_int_eq(revit->how, PLATFORM_AS_ROLE);
    revit->member[place(ben)] = false;
    revit->member[place(cleo)] = true;
    look(LOOK_COMPLETE);
    planned(&w, "assign ben revit: drift: the account is without it\n");
    ck_assert_uint_eq(report.strangers.seats, 1);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    ck_assert(revit->member[place(ben)]);
    at(ben)->there = false;
    revit->member[place(ben)] = false;
    revit->member[place(cleo)] = false;
    repaired("restore ben: drift: there is no account any more\n"
             "assign ben revit: drift: gone with the account\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("drift");
    TCase *c = tcase_create("drift");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nothing_drifted);
    tcase_add_test(c, an_account_is_gone);
    tcase_add_test(c, an_account_cannot_be_used);
    tcase_add_test(c, attributes_differ);
    tcase_add_test(c, whoever_was_suspended_can_use_it_again);
    tcase_add_test(c, seats_and_members);
    tcase_add_test(c, groups_gone_and_renamed);
    tcase_add_test(c, our_id_proves_nothing_in_part_of_a_listing);
    tcase_add_test(c, what_another_team_has_is_no_stranger);
    tcase_add_test(c, what_sync_did_not_make_is_left_alone);
    tcase_add_test(c, a_group_with_others_in_it_is_not_dropped);
    tcase_add_test(c, an_id_that_changed);
    tcase_add_test(c, an_account_that_lost_our_id_gets_it_again);
    tcase_add_loop_test(c, what_is_unclear_stays_so_until_it_is_read, 0, 2);
    tcase_add_test(c, a_group_that_bears_another_id);
    tcase_add_loop_test(c, an_account_that_bears_another_id, 0, 2);
    tcase_add_test(c, two_accounts_that_bear_one_id);
    tcase_add_test(c, an_account_made_with_our_id);
    tcase_add_test(c, nothing_is_judged_unless_it_was_read);
    tcase_add_loop_test(c, too_many_are_missing, FAR_EMPTY, FAR_HALF + 1);
    tcase_add_test(c, the_directorys_own_change_comes_first);
    tcase_add_test(c, a_repair_gives_what_the_account_has);
    tcase_add_test(c, nobody_is_repaired_behind_a_closed_gate);
    tcase_add_test(c, what_the_platform_wants_is_told_and_left);
    tcase_add_test(c, what_comes_back_is_repaired_three_times);
    tcase_add_test(c, access_is_taken_as_often_as_it_is_given);
    tcase_add_test(c, what_was_skipped_is_planned_again);
    tcase_add_test(c, what_is_unanswered_is_not_judged);
    tcase_add_test(c, what_is_refused_is_told_in_the_end);
    tcase_add_test(c, a_repair_is_settled);
    tcase_add_test(c, repairs_are_not_undone);
    tcase_add_test(c, what_is_unclear_is_not_undone);
    tcase_add_test(c, what_is_unclear_gets_nothing_back);
    tcase_add_test(c, how_often_it_is_read);
    tcase_add_test(c, products_as_values);
    suite_add_tcase(s, c);
    return suite_run(s);
}
