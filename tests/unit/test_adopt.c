/* People and groups that are there again under a new id: who is recognised, what waits, what follows, and how it is taken back. */
#include "world.h"

#include "sync/identity.h"
#include "sync/undo.h"
#include "suite.h"

#define HEAD       "[sync]\nmax-removals = 100%\n"
#define CONF(team) HEAD WORLD_DIRECTORY("") WORLD_TEAM(team) WORLD_PRODUCT("autocad", "cad", "")
#define NO         "groups = none"
#define YES        "groups = none\nadopt = yes"

static struct world w;
static struct item *anna, *again, *cad;

/* Anna has an account and a seat; then her entry is gone, and one of the same e-mail and user name is there. */
static void setup(void)
{
    world_open(&w, CONF(NO));
    anna = person(&w, "anna");
    snprintf(anna->attr[ATTR_USER_NAME], WORLD_TEXT, "anna");
    again = person(&w, "again");
    set_email(again, "anna@example.com");
    snprintf(again->attr[ATTR_USER_NAME], WORLD_TEXT, "Anna");
    snprintf(again->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "anna");
    again->there = false;
    cad = group(&w, "cad");
    member(cad, anna);
    world_pull(&w);
    world_apply(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), 1);
}

static void teardown(void)
{
    world_close(&w);
}

static void come_again(void)
{
    anna->there = false;
    again->there = true;
    not_member(cad, anna);
    member(cad, again);
    world_pull(&w);
}

/* Lines more of the team's section. */
static void with(const char *lines)
{
    CLEANUP(freep)
    char *conf =
        mem_printf("%s%s\n%s", HEAD WORLD_DIRECTORY("") WORLD_TEAM(""), lines, WORLD_PRODUCT("autocad", "cad", ""));
    world_conf(&w, conf);
    world_pull(&w);
}

static void says(const char *expected)
{
    planned(&w, expected);
}

static struct plan *approved(void)
{
    struct policy policy = {0};
    struct plan *plan = NULL;
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {
        .conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now, .approved = true};
    plan_settings_read(&settings);
    ck_assert_int_eq(plan_make(w.store, &settings, &plan, &w.err), 0);
    policy_release(&policy);
    return plan;
}

static void undone(int64_t run, const char *expected, bool carry_out)
{
    struct policy policy = {0};
    CLEANUP(plan_free) struct plan *plan = NULL;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    plan_settings_read(&settings);
    int r = undo_plan(w.store, &settings, run, &plan, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    policy_release(&policy);
    show_plan(&w, plan, &text);
    ck_assert_str_eq(buf_str(&text), expected);
    size_t done;
    if (carry_out)
        ck_assert_msg(world_carry_out(&w, plan, &run, &done) == 0, "%s", w.err.text);
}

#define HELD                                                                                                           \
    "suspend anna: gone [new-id again]\n"                                                                              \
    "unassign anna autocad: gone [new-id again]\n"                                                                     \
    "invite again: in-directory [new-id anna]\n"                                                                       \
    "assign again autocad: group cad [new-id anna]\n"

START_TEST(both_wait_for_a_decision)
{
    come_again();
    says(HELD);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->withheld, 2);
    ck_assert_uint_eq(plan->identity.matched, 1);
    ck_assert_uint_eq(plan->identity.of, 1);
    ck_assert_uint_eq(plan->identity.entry, 0);
    ck_assert(!plan->identity.adopt);
}
END_TEST

START_TEST(approved_they_are_two)
{
    come_again();
    CLEANUP(plan_free) struct plan *plan = approved();
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_plan(&w, plan, &text);
    ck_assert_str_eq(buf_str(&text), "suspend anna: gone\n"
                                     "unassign anna autocad: gone\n"
                                     "invite again: in-directory [same-email anna]\n"
                                     "assign again autocad: group cad [same-email anna]\n");
    ck_assert_uint_eq(plan->withheld, 0);
}
END_TEST

START_TEST(the_account_follows)
{
    world_conf(&w, CONF(YES));
    snprintf(again->attr[ATTR_TITLE], WORLD_TEXT, "Head");
    world_sql(&w, "UPDATE account SET state = 'active', activated_at = 7, since = 7");
    come_again();
    says("adopt again anna: new-id user-name title\n");
    world_apply(&w);
    ck_assert_int_eq(world_int(&w,
                               "SELECT count(*) FROM account a JOIN entry e ON e.id = a.person AND e.uid = a.uid WHERE"
                               " e.gone_at = 0 AND state = 'active' AND since = 7 AND a.title = 'Head'"),
                     1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM invitation"), 1);
    says("");
    undone(2, "adopt anna again: undo of run 2\n", true);
    ck_assert_int_eq(world_int(&w,
                               "SELECT count(*) FROM account a JOIN entry e ON e.id = a.person AND e.uid = a.uid WHERE"
                               " e.gone_at <> 0 AND state = 'active' AND since = 7 AND a.title IS NULL"),
                     1);
    says("adopt again anna: new-id user-name title\n");
    undone(3, "adopt again anna: undo of run 3\n", true);
    says("");
}
END_TEST

START_TEST(seats_compare_as_usual)
{
    world_conf(&w, CONF(YES));
    come_again();
    not_member(cad, again);
    world_pull(&w);
    says("adopt again anna: new-id user-name\nunassign again autocad: left-group cad\n");
    world_apply(&w);
    says("");
    undone(2, "assign again autocad: undo of run 2\nadopt anna again: undo of run 2\n", true);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat s JOIN account a ON a.id = s.account WHERE a.person = 1"),
                     1);
    undone(3, "adopt again anna: undo of run 3\nunassign again autocad: undo of run 3\n", true);
    says("");
}
END_TEST

START_TEST(suspended_and_restored)
{
    world_conf(&w, CONF(YES));
    anna->there = false;
    not_member(cad, anna);
    world_pull(&w);
    world_apply(&w);
    come_again();
    says("adopt again anna: new-id user-name\nassign again autocad: group cad\n");
    world_apply(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE state = 'invited'"), 1);
    says("");
    undone(3, "unassign again autocad: undo of run 3\nadopt anna again: undo of run 3\n", true);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE state = 'suspended' AND person = 1"), 1);
}
END_TEST

/* Suspended again, it would keep a seat that a later run gave it. */
START_TEST(given_a_seat_afterwards)
{
    world_conf(&w, CONF(YES));
    anna->there = false;
    not_member(cad, anna);
    world_pull(&w);
    world_apply(&w);
    come_again();
    not_member(cad, again);
    world_pull(&w);
    says("adopt again anna: new-id user-name\n");
    world_apply(&w);
    member(cad, again);
    world_pull(&w);
    says("assign again autocad: group cad\n");
    world_apply(&w);
    undone(3, "adopt anna again: undo of run 3 [changed-since 4]\n", false);
    undone(4, "unassign again autocad: undo of run 4\n", true);
    undone(3, "adopt anna again: undo of run 3\n", true);
}
END_TEST

/* --- who is the same --- */

static void give(struct person_text *t, enum attr attr, const char *value)
{
    t->attr[attr] = span_str(value);
}

static const struct {
    const char *number[2], *user[2], *given[2], *family[2];
    bool same;
} pairs[] = {
    {{"", ""}, {"", ""}, {"", ""}, {"", ""}, false},
    {{"7", "7"}, {"", ""}, {"", ""}, {"", ""}, true},
    {{"7", ""}, {"", ""}, {"", ""}, {"", ""}, false},
    {{"7", "8"}, {"anna", "anna"}, {"Anna", "Anna"}, {"Kim", "Kim"}, false},
    {{"7", ""}, {"anna", "ANNA"}, {"", ""}, {"", ""}, true},
    {{"", ""}, {"anna", "ben"}, {"", ""}, {"", ""}, false},
    {{"", ""}, {"anna", "akim"}, {"Anna", "anna"}, {"Kim", "KIM"}, true},
    {{"", ""}, {"", ""}, {"Anna", "Anna"}, {"", ""}, false},
    {{"", ""}, {"", ""}, {"Anna", "Anna"}, {"Kim", "Lee"}, false},
    {{"", ""}, {"", ""}, {"", ""}, {"Kim", "Kim"}, false},
    {{"", ""}, {"", ""}, {"Jürgen", "JU\xcc\x88RGEN"}, {"Groß", "groß"}, true},
    {{"", ""}, {"", ""}, {"Ольга", "ОЛЬГА"}, {"Петрова", "петрова"}, true},
    {{"", ""}, {"", ""}, {"Anna", "Аnnа"}, {"Kim", "Kim"}, false}, /* Cyrillic А and а */
    {{"", ""}, {"", ""}, {"지수", "지수"}, {"한", "한"}, true},
};

START_TEST(agreement)
{
    struct person_text account = {0}, person = {0};
    give(&account, ATTR_EMPLOYEE_NUMBER, pairs[_i].number[0]);
    give(&person, ATTR_EMPLOYEE_NUMBER, pairs[_i].number[1]);
    give(&account, ATTR_USER_NAME, pairs[_i].user[0]);
    give(&person, ATTR_USER_NAME, pairs[_i].user[1]);
    give(&account, ATTR_GIVEN_NAME, pairs[_i].given[0]);
    give(&person, ATTR_GIVEN_NAME, pairs[_i].given[1]);
    give(&account, ATTR_FAMILY_NAME, pairs[_i].family[0]);
    give(&person, ATTR_FAMILY_NAME, pairs[_i].family[1]);
    ck_assert_int_eq(identity_agrees(&account, &person), pairs[_i].same);
    ck_assert_int_eq(identity_agrees(&person, &account), pairs[_i].same);
}
END_TEST

/* --- never a take-over; with adopt = yes, too --- */

#define CONFLICT                                                                                                       \
    "suspend anna: gone\n"                                                                                             \
    "unassign anna autocad: gone\n"                                                                                    \
    "invite again: in-directory [same-email anna]\n"                                                                   \
    "assign again autocad: group cad [same-email anna]\n"

START_TEST(address_passed_on)
{
    world_conf(&w, CONF(YES));
    snprintf(again->attr[ATTR_USER_NAME], WORLD_TEXT, "another");
    come_again();
    says(CONFLICT);
}
END_TEST

START_TEST(two_claim_the_address)
{
    world_conf(&w, CONF(YES));
    struct item *twin = person(&w, "twin");
    set_email(twin, "Anna@example.com");
    snprintf(twin->attr[ATTR_USER_NAME], WORLD_TEXT, "anna");
    come_again();
    says("suspend anna: gone\n"
         "unassign anna autocad: gone\n"
         "invite again: in-directory [same-email anna]\n"
         "invite twin: in-directory [same-email anna]\n"
         "assign again autocad: group cad [same-email anna]\n");
    twin->active = false; /* who is not wanted claims nothing */
    world_pull(&w);
    says("adopt again anna: new-id user-name\n");
}
END_TEST

START_TEST(an_account_moves_to_the_address)
{
    world_conf(&w, CONF(YES));
    struct item *ben = person(&w, "ben");
    world_pull(&w);
    world_apply(&w);
    set_email(ben, "anna@example.com");
    come_again();
    says("suspend anna: gone\n"
         "unassign anna autocad: gone\n"
         "invite again: in-directory [same-email anna]\n"
         "update ben: attributes email [same-email anna]\n"
         "assign again autocad: group cad [same-email anna]\n");
}
END_TEST

START_TEST(addresses_swapped)
{
    world_conf(&w, CONF(YES));
    struct item *ben = person(&w, "ben");
    snprintf(ben->attr[ATTR_USER_NAME], WORLD_TEXT, "ben");
    world_pull(&w);
    world_apply(&w);
    ben->there = false;
    struct item *new_ben = person(&w, "newben");
    snprintf(new_ben->attr[ATTR_USER_NAME], WORLD_TEXT, "ben");
    set_email(new_ben, "anna@example.com");
    set_email(again, "ben@example.com");
    come_again();
    says("suspend anna: gone\n"
         "suspend ben: gone\n"
         "unassign anna autocad: gone\n"
         "invite again: in-directory [same-email ben]\n"
         "invite newben: in-directory [same-email anna]\n"
         "assign again autocad: group cad [same-email ben]\n");
}
END_TEST

START_TEST(still_there)
{
    world_conf(&w, CONF(YES));
    again->there = true;
    anna->active = false;
    world_pull(&w);
    says("suspend anna: disabled\nunassign anna autocad: disabled\ninvite again: in-directory [same-email anna]\n");
}
END_TEST

START_TEST(an_account_of_ones_own_stays)
{
    world_conf(&w, CONF(YES));
    set_email(again, "again@example.com");
    again->there = true;
    world_pull(&w);
    world_apply(&w);
    set_email(again, "anna@example.com");
    come_again();
    says("suspend anna: gone\n"
         "unassign anna autocad: gone\n"
         "assign again autocad: group cad\n"
         "update again: attributes email [same-email anna]\n");
}
END_TEST

/* --- what stands in the way --- */

START_TEST(gate_closed)
{
    world_conf(&w, CONF(YES));
    come_again();
    w.domains[0].open = false;
    says("adopt again anna: new-id user-name [gate]\n");
    world_conf(&w, CONF(NO));
    says("suspend anna: gone [gate]\n"
         "unassign anna autocad: gone [gate]\n"
         "invite again: in-directory [gate]\n"
         "assign again autocad: group cad [gate]\n");
}
END_TEST

START_TEST(protected_follow_too)
{
    come_again();
    with("groups = none\nprotect = anna*");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->holds[HOLD_PROTECTED], 2 + 0);
    ck_assert_uint_eq(plan->withheld, 0);
    with("groups = none\nprotect = anna*\nadopt = yes");
    CLEANUP(plan_free) struct plan *follows = world_plan(&w);
    ck_assert_uint_eq(follows->counts[OP_ADOPT], 1);
}
END_TEST

START_TEST(the_id_of_before_is_taken)
{
    world_conf(&w, CONF(YES));
    come_again();
    world_apply(&w);
    anna->there = true;
    set_email(anna, "anna.kim@example.com");
    world_pull(&w);
    says("invite anna: in-directory\n");
    world_apply(&w);
    undone(2, "adopt anna again: undo of run 2 [changed-since 3]\n", false);
    anna->there = false;
    world_pull(&w);
    world_apply(&w);
    undone(2, "adopt anna again: undo of run 2 [changed-since 4]\n", false);
}
END_TEST

START_TEST(changed_after_it_followed)
{
    world_conf(&w, CONF(YES));
    come_again();
    not_member(cad, again);
    world_pull(&w);
    world_apply(&w);
    snprintf(again->attr[ATTR_TITLE], WORLD_TEXT, "Head");
    world_pull(&w);
    world_apply(&w);
    undone(1, "unassign anna autocad: undo of run 1 [changed-since 0]\nremove anna: undo of run 1 [changed-since 2]\n",
           false);
    undone(2, "assign again autocad: undo of run 2\nadopt anna again: undo of run 2 [changed-since 3]\n", true);
}
END_TEST

/* The undo of an undo gives the id again first; what cannot get it, gets nothing. */
START_TEST(what_cannot_get_the_id_again_gets_nothing)
{
    world_conf(&w, CONF(YES));
    come_again();
    not_member(cad, again);
    world_pull(&w);
    world_apply(&w);
    undone(2, "assign again autocad: undo of run 2\nadopt anna again: undo of run 2\n", true);
    world_sql(
        &w,
        "INSERT INTO account (id, team, person, uid, state, since, activated_at, domain, email_hash, user_name, email,"
        " given_name, family_name, display_name, employee_number, title, department, language, fp_hi, fp_lo)"
        " SELECT 99, team, 3, uid, state, since, activated_at, domain, 99, user_name, email,"
        " given_name, family_name, display_name, employee_number, title, department, language, fp_hi, fp_lo"
        " FROM account");
    undone(3,
           "adopt again anna: undo of run 3 [changed-since 0]\n"
           "unassign again autocad: undo of run 3 [changed-since 0]\n",
           false);
}
END_TEST

/* --- groups --- */

START_TEST(group_follows)
{
    with("adopt = yes");
    struct item *ben = person(&w, "ben");
    member(cad, ben);
    world_pull(&w);
    world_apply(&w);
    recreate(cad);
    not_member(cad, ben);
    come_again();
    says("adopt-group ?: new-id cad\n"
         "adopt again anna: new-id user-name\n"
         "unassign ben autocad: left-group ?\n"
         "leave ben cad: left-group\n");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group"), 1);
    world_apply(&w);
    says("");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_member"), 1);
    undone(3,
           "assign ben autocad: undo of run 3\n"
           "join ben cad: undo of run 3\n"
           "adopt anna again: undo of run 3\n"
           "adopt-group cad: undo of run 3\n",
           true);
    ck_assert_int_eq(
        world_int(&w, "SELECT count(*) FROM synced_group g JOIN entry e ON e.id = g.grp WHERE e.gone_at <> 0"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_member"), 2);
}
END_TEST

START_TEST(group_waits_with_its_people)
{
    with("");
    world_apply(&w);
    recreate(cad);
    come_again();
    says("suspend anna: gone [new-id again]\n"
         "unassign anna autocad: gone [new-id again]\n"
         "leave anna ?: unconfigured [new-id again]\n"
         "drop-group ?: unconfigured [new-id]\n"
         "add-group cad: configured [new-id]\n"
         "invite again: in-directory [new-id anna]\n"
         "assign again autocad: group cad [new-id anna]\n"
         "join again cad: group cad [new-id anna]\n");
    CLEANUP(plan_free) struct plan *plan = approved();
    ck_assert_uint_eq(plan->n, 5);
    ck_assert_uint_eq(plan->nheld, 3);
}
END_TEST

/* Of nobody but people who are still there: as any group that goes and another that comes. */
START_TEST(group_of_known_people)
{
    with("");
    world_apply(&w);
    recreate(cad);
    world_pull(&w);
    says("leave anna ?: unconfigured\n"
         "drop-group ?: unconfigured\n"
         "add-group cad: configured\n"
         "join anna cad: group cad\n");
}
END_TEST

/* --- a section of another name --- */

static void rename_section(void)
{
    world_sql(&w, "UPDATE directory SET name = 'old'");
    world_pull(&w);
}

START_TEST(section_renamed)
{
    with("");
    world_apply(&w);
    rename_section();
    says("add-group cad: configured [new-id]\n"
         "invite anna: in-directory [new-id anna]\n"
         "assign anna autocad: group cad [new-id anna]\n"
         "join anna cad: group cad [new-id anna]\n");
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_uint_eq(plan->identity.elsewhere, 1);
    ck_assert_uint_eq(plan->identity.entry, 1);
    ck_assert_uint_eq(plan->withheld, 0);
    with("adopt = yes");
    says("adopt-group cad: new-id cad\nadopt anna anna: new-id\n");
    world_apply(&w);
    says("");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM seat"), 1);
    undone(3, "adopt anna anna: undo of run 3\nadopt-group cad: undo of run 3\n", true);
    world_sql(&w, "UPDATE directory SET name = 'new' WHERE id = 2; UPDATE directory SET name = 'hq' WHERE id = 1");
    world_pull(&w);
    says("");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("adopt");
    TCase *c = tcase_create("adopt");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {both_wait_for_a_decision,
                                  approved_they_are_two,
                                  the_account_follows,
                                  seats_compare_as_usual,
                                  suspended_and_restored,
                                  given_a_seat_afterwards,
                                  address_passed_on,
                                  two_claim_the_address,
                                  an_account_moves_to_the_address,
                                  addresses_swapped,
                                  still_there,
                                  an_account_of_ones_own_stays,
                                  gate_closed,
                                  protected_follow_too,
                                  the_id_of_before_is_taken,
                                  changed_after_it_followed,
                                  what_cannot_get_the_id_again_gets_nothing,
                                  group_follows,
                                  group_waits_with_its_people,
                                  group_of_known_people,
                                  section_renamed};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, agreement, 0, sizeof pairs / sizeof *pairs);
    suite_add_tcase(s, c);
    return suite_run(s);
}
