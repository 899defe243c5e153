/* push/directory.h: from push.db into the mirror, one pull after the other. */
#include "world.h"

#include "base/file.h"
#include "connectors/scim_paths.h"
#include "daemon/settled.h"
#include "store/pushed.h"
#include "suite.h"
#include "sync/pull.h"

static struct world w;
static struct pushed *pushed;
static int64_t directory, now_us = 1800000000000000;
static struct pull_report report;
static struct pool *pool;

#define CONF(more)                                                                                                     \
    "[directory hq]\ntype = scim-push\n" more "\n"                                                                     \
    "[directory other]\ntype = scim-push\n" WORLD_TEAM("") "[product autocad]\nteam = design\nname = A\ngroup = CAD\n"

static void open_pushed(void)
{
    CLEANUP(freep) char *state = world_path(&w, "state");
    int r = pushed_open(state, &pushed, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_int_eq(pushed_directory_make(pushed, "hq", &directory, &w.err), 0);
}

static void setup(void)
{
    world_open(&w, CONF(""));
    pool = pool_new();
}

static void teardown(void)
{
    pool_free(&pool);
    pull_report_release(&report);
    pushed_close(&pushed);
    world_close(&w);
}

/* --- what a client does --- */

static const char *user_text(const char *name, const char *more)
{
    return pool_printf(pool,
                       "{\"userName\": \"%s\", \"emails\": [{\"value\": \"%s@example.com\", \"type\": \"work\"}]%s}",
                       name, name, more);
}

static const char *group_text(const char *name)
{
    return pool_printf(pool, "{\"displayName\": \"%s\"}", name);
}

static struct pushed_content content_of(const char *name, const char *text, struct pushed_key *key)
{
    *key = (struct pushed_key){PUSHED_NAME, span_str(name)};
    return (struct pushed_content){.text = span_str(text), .display = name, .keys = key, .nkeys = 1};
}

static struct pushed_resource create(enum pushed_kind kind, const char *name, const char *text)
{
    struct pushed_key key;
    struct pushed_resource made;
    const struct pushed_content content = content_of(name, text, &key);
    ck_assert_int_eq(pushed_begin(pushed, &w.err), 0);
    ck_assert_int_eq(pushed_create(pushed, directory, kind, &content, now_us++, pool, &made, &w.err), 1);
    ck_assert_int_eq(pushed_commit(pushed, &w.err), 0);
    return made;
}

static struct pushed_resource user(const char *name)
{
    return create(PUSHED_USER, name, user_text(name, ""));
}

static void replace(struct pushed_resource *r, const char *name, const char *text)
{
    struct pushed_key key;
    const struct pushed_content content = content_of(name, text, &key);
    ck_assert_int_eq(pushed_begin(pushed, &w.err), 0);
    ck_assert_int_eq(pushed_replace(pushed, r, directory, &content, now_us++, &w.err), 1);
    ck_assert_int_eq(pushed_commit(pushed, &w.err), 0);
}

static void drop(const struct pushed_resource *r)
{
    ck_assert_int_eq(pushed_begin(pushed, &w.err), 0);
    ck_assert_int_eq(pushed_delete(pushed, r, directory, now_us++, &w.err), 0);
    ck_assert_int_eq(pushed_commit(pushed, &w.err), 0);
}

static void join(struct pushed_resource *group, const struct pushed_resource *member)
{
    ck_assert_int_eq(pushed_begin(pushed, &w.err), 0);
    ck_assert_int_eq(pushed_member_add(pushed, group->row, member->row, &w.err), 1);
    ck_assert_int_eq(pushed_touch(pushed, group, directory, now_us++, &w.err), 0);
    ck_assert_int_eq(pushed_commit(pushed, &w.err), 0);
}

/* --- what we make of it --- */

static int try_pull(void)
{
    pull_report_release(&report);
    w.now += 60;
    return pull_directory(w.store, w.conf, conf_find(w.conf, "directory", "hq"), w.now, NULL, &report, &w.err);
}

static void pull(size_t added, size_t changed, size_t gone)
{
    int r = try_pull();
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_int_eq(report.result, PULL_CHANGES);
    ck_assert_msg(report.summary.added == added && report.summary.changed == changed && report.summary.gone == gone,
                  "added %zu, changed %zu, gone %zu", report.summary.added, report.summary.changed,
                  report.summary.gone);
}

static size_t met(void)
{
    return report.summary.people + report.summary.groups;
}

static int64_t there(void)
{
    return world_int(&w, "SELECT count(*) FROM entry WHERE gone_at = 0");
}

static int64_t entitled(void)
{
    return world_int(&w, "SELECT count(*) FROM entitled e JOIN target t ON t.id = e.target WHERE t.kind = 1");
}

START_TEST(nothing_was_pushed)
{
    pull(0, 0, 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM directory WHERE cursor IS NOT NULL"), 0);
    open_pushed();
    pull(0, 0, 0);
    user("anna");
    pull(1, 0, 0);
}
END_TEST

START_TEST(only_what_changed)
{
    open_pushed();
    struct pushed_resource anna = user("anna"), ben = user("ben");
    struct pushed_resource cad = create(PUSHED_GROUP, "CAD", group_text("CAD"));
    join(&cad, &anna);
    pull(3, 0, 0);
    ck_assert_int_eq(entitled(), 1);
    pull(0, 0, 0);
    ck_assert_uint_eq(met(), 0);
    replace(&ben, "ben", user_text("ben", ", \"title\": \"Boss\""));
    join(&cad, &ben);
    pull(0, 2, 0);
    ck_assert_uint_eq(met(), 2);
    ck_assert_int_eq(entitled(), 2);
    drop(&anna);
    pull(0, 1, 1); /* the group changes, too */
    ck_assert_int_eq(there(), 2);
    ck_assert_int_eq(entitled(), 1);
    pull(0, 0, 0);
}
END_TEST

START_TEST(groups_hold_groups)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    struct pushed_resource inner = create(PUSHED_GROUP, "Inner", group_text("Inner"));
    struct pushed_resource cad = create(PUSHED_GROUP, "CAD", group_text("CAD"));
    join(&cad, &inner);
    join(&inner, &anna);
    pull(3, 0, 0);
    ck_assert_int_eq(entitled(), 1);
    drop(&inner);
    pull(0, 1, 1);
    ck_assert_int_eq(entitled(), 0);
}
END_TEST

static void noted(const char *what)
{
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    if (!what)
        ck_assert_msg(policy.nnotes == 0, "%s", policy.nnotes ? policy.notes[0] : "");
    else
        ck_assert_msg(policy.nnotes == 1 && strstr(policy.notes[0], what), "%s",
                      policy.nnotes ? policy.notes[0] : "no note");
    policy_release(&policy);
}

/* Names of groups are nobody's alone: which one is meant has to be said, and then stays so. */
START_TEST(names_of_two_groups)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    struct pushed_resource one = create(PUSHED_GROUP, "cad", group_text("cad"));
    struct pushed_resource two = create(PUSHED_GROUP, "CAD", group_text("CAD"));
    join(&one, &anna);
    pull(3, 0, 0);
    ck_assert_int_eq(entitled(), 0);
    noted("group 'CAD' is the name of 2 groups in directory hq, so nothing is taken away");
    CLEANUP(freep)
    char *by_id = mem_printf("[directory hq]\ntype = scim-push\n" WORLD_TEAM("") "[product autocad]\nteam = design\n"
                                                                                 "name = A\ngroup = id:%s\n",
                             one.id);
    world_conf(&w, by_id);
    pull(0, 0, 0);
    ck_assert_int_eq(entitled(), 1);
    noted(NULL);
    replace(&two, "Else", group_text("Else"));
    world_conf(&w, CONF(""));
    pull(0, 1, 0);
    ck_assert_int_eq(entitled(), 1);
    noted(NULL); /* found, although the other took the name with it */
}
END_TEST

START_TEST(renamed_groups_stay_bound)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    struct pushed_resource cad = create(PUSHED_GROUP, "CAD", group_text("CAD"));
    join(&cad, &anna);
    pull(2, 0, 0);
    noted(NULL);
    replace(&cad, "Draughting", group_text("Draughting"));
    pull(0, 1, 0);
    ck_assert_int_eq(entitled(), 1);
    noted("group 'CAD' is now called 'Draughting'");
}
END_TEST

START_TEST(a_directory_has_its_own)
{
    open_pushed();
    user("anna");
    ck_assert_int_eq(pushed_directory_make(pushed, "other", &directory, &w.err), 0);
    user("anna");
    user("ben");
    pull(1, 0, 0);
    ck_assert_int_eq(there(), 1);
}
END_TEST

/* Another file than that of the cursor: its numbers mean nothing, and who is not in it is not gone. */
START_TEST(another_database)
{
    open_pushed();
    user("anna");
    pull(1, 0, 0);
    pushed_close(&pushed);
    CLEANUP(freep) char *path = world_path(&w, "state/push.db");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(try_pull(), -1);
    ck_assert_int_eq(w.err.kind, ERR_STORE);
    ck_assert_ptr_nonnull(strstr(w.err.text, "push.db: it is gone"));
    now_us -= 1000;
    open_pushed();
    user("ben");
    pull(1, 0, 0);
    ck_assert_int_eq(there(), 2);
}
END_TEST

/* What was pushed since the backup is not in the file, and nothing says that it is gone; what changed is as it was. */
START_TEST(put_back_from_a_backup)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    pull(1, 0, 0);
    pushed_close(&pushed);
    CLEANUP(freep) char *path = world_path(&w, "state/push.db");
    CLEANUP(buf_release) struct buf bytes = BUF_INIT;
    ck_assert_int_eq(file_read(path, 1 << 24, &bytes, &w.err), 0);
    open_pushed();
    replace(&anna, "anna", user_text("anna", ", \"title\": \"Boss\""));
    user("ben");
    pull(1, 1, 0);
    pushed_close(&pushed);
    ck_assert_int_eq(file_replace(path, bytes.data, bytes.len, 0600, &w.err), 0);
    open_pushed();
    pull(0, 1, 0);
    ck_assert_int_eq(there(), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM person WHERE title = 'Boss'"), 0);
    user("carl");
    pull(1, 0, 0);
}
END_TEST

/* The client deletes somebody and makes them anew: somebody of the same e-mail under a new id, as of any directory. */
START_TEST(deleted_and_made_anew)
{
    open_pushed();
    struct pushed_resource anna = create(PUSHED_USER, "anna", user_text("anna", ", \"title\": \"Boss\""));
    pull(1, 0, 0);
    ck_assert_uint_gt(world_apply(&w), 0);
    drop(&anna);
    create(PUSHED_USER, "anna", user_text("anna", ", \"title\": \"Boss\""));
    pull(1, 0, 1);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_plan(&w, plan, &text);
    ck_assert_str_eq(buf_str(&text), "suspend ?: gone [new-id ?]\ninvite ?: in-directory [new-id ?]\n");
}
END_TEST

START_TEST(another_map_delivers_everything_anew)
{
    open_pushed();
    create(PUSHED_USER, "anna", user_text("anna", ", \"nickName\": \"Nana\""));
    user("ben");
    pull(2, 0, 0);
    world_conf(&w, CONF("map-display-name = nickName"));
    pull(0, 1, 0);
    ck_assert_uint_eq(met(), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM person WHERE display_name = 'Nana'"), 1);
    pull(0, 0, 0);
    ck_assert_uint_eq(met(), 0);
}
END_TEST

START_TEST(known_by_the_external_id)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    struct pushed_resource anna = create(PUSHED_USER, "anna", user_text("anna", ", \"externalId\": \"e-anna\""));
    struct pushed_resource ben = create(PUSHED_USER, "ben", user_text("ben", ", \"externalId\": \"e-ben\""));
    struct pushed_resource cad = create(PUSHED_GROUP, "CAD", "{\"displayName\": \"CAD\", \"externalId\": \"e-cad\"}");
    join(&cad, &anna);
    join(&cad, &ben);
    pull(3, 0, 0);
    ck_assert_int_eq(entitled(), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE uid = 'e-anna'"), 1);
    replace(&anna, "anna", user_text("anna", ", \"externalId\": \"e-anna-2\""));
    pull(1, 0, 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE uid = 'e-anna' AND gone_at = 0"), 0);
    ck_assert_int_eq(entitled(), 2); /* she is still a member, under her new id */
    drop(&ben);
    pull(0, 1, 1);
    ck_assert_int_eq(there(), 2);
    ck_assert_int_eq(entitled(), 1);
}
END_TEST

static struct pushed_resource known_as(const char *name, const char *external)
{
    return create(PUSHED_USER, name, user_text(name, pool_printf(pool, ", \"externalId\": \"%s\"", external)));
}

static int64_t borne_by(const char *uid, const char *user_name)
{
    CLEANUP(freep)
    char *sql = mem_printf("SELECT count(*) FROM entry e JOIN person p ON p.id = e.id WHERE e.uid = '%s'"
                           " AND e.gone_at = 0 AND p.user_name = '%s'",
                           uid, user_name);
    return world_int(&w, sql);
}

static void pull_faulty(size_t faults, const char *why)
{
    ck_assert_msg(try_pull() == 0, "%s", w.err.text);
    ck_assert_uint_eq(report.nfaults, faults);
    for (size_t i = 0; i < faults; i++)
        ck_assert_msg(strstr(report.faults[i].why, why), "%s", report.faults[i].why);
}

/* Only what is written as a UUID is one: nobody takes the place of somebody else by an id that begins like theirs. */
START_TEST(ids_that_look_like_uuids)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    known_as("anna", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
    pull(1, 0, 0);
    known_as("ben", "aaaaaaaabbbb4ccc8dddeeeeeeeeeeeezzzz");
    known_as("carl", "aaaaaaaabbbb4ccc8dddeeeeeeeeeeee0123");
    pull(2, 0, 0);
    ck_assert_int_eq(there(), 3);
    ck_assert_int_eq(borne_by("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "anna"), 1);
}
END_TEST

#define ANOTHER "externalId: another User or Group has the same"

START_TEST(two_with_one_external_id)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    struct pushed_resource anna = known_as("anna", "e-1"), ben = known_as("ben", "e-1");
    for (int i = 0; i < 2; i++) {
        pull_faulty(1, "User ben: " ANOTHER);
        ck_assert_int_eq(there(), 1);
        ck_assert_int_eq(borne_by("e-1", "anna"), 1);
    }
    replace(&anna, "anna", user_text("anna", ", \"externalId\": \"e-1\", \"active\": false"));
    pull_faulty(1, "User ben: " ANOTHER); /* which keeps nothing of hers back */
    ck_assert_int_eq(world_int(&w, "SELECT active FROM person"), 0);
    replace(&ben, "ben", user_text("ben", ", \"externalId\": \"e-2\""));
    pull(1, 0, 0);
    ck_assert_int_eq(borne_by("e-2", "ben"), 1);
    ck_assert_int_eq(there(), 2);
}
END_TEST

/* Whoever was known by the id first keeps it, for as long as they have it. */
START_TEST(an_external_id_is_not_taken_over)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    struct pushed_resource anna = known_as("anna", "6F9619FF-8B86-D011-B42D-00CF4FC964FF");
    struct pushed_resource ben = known_as("ben", "e-2");
    pull(2, 0, 0);
    replace(&ben, "ben", user_text("ben", ", \"externalId\": \"6f9619ff-8b86-d011-b42d-00cf4fc964ff\""));
    for (int i = 0; i < 2; i++) {
        pull_faulty(1, "User ben: " ANOTHER);
        ck_assert_int_eq(borne_by("6f9619ff-8b86-d011-b42d-00cf4fc964ff", "anna"), 1);
        ck_assert_int_eq(borne_by("e-2", "ben"), 1); /* a slip takes nobody away */
    }
    drop(&anna);
    pull_faulty(0, "");
    ck_assert_int_eq(borne_by("6f9619ff-8b86-d011-b42d-00cf4fc964ff", "ben"), 1);
    ck_assert_int_eq(there(), 1);
    pull(0, 0, 0);
    ck_assert_int_eq(there(), 1);
}
END_TEST

/* A database that was lost is filled anew: the same people, by the same ids, as other resources. */
START_TEST(external_ids_outlive_a_database)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    known_as("anna", "e-1");
    pull(1, 0, 0);
    pushed_close(&pushed);
    CLEANUP(freep) char *path = world_path(&w, "state/push.db");
    ck_assert_int_eq(unlink(path), 0);
    open_pushed();
    known_as("anna", "e-1");
    pull(0, 1, 0);
    ck_assert_int_eq(there(), 1);
}
END_TEST

/* The same resources by other ids: nobody stays behind under the former one, whoever was deleted meanwhile least of all. */
START_TEST(another_id_attribute)
{
    world_conf(&w, CONF("id-attribute = externalId"));
    open_pushed();
    struct pushed_resource anna = known_as("anna", "e-1"), ben = known_as("ben", "e-2");
    pull(2, 0, 0);
    drop(&ben);
    world_conf(&w, CONF(""));
    pull(1, 0, 2);
    ck_assert_int_eq(there(), 1);
    ck_assert_int_eq(borne_by(anna.id, "anna"), 1);
    world_conf(&w, CONF("id-attribute = externalId"));
    pull(0, 1, 1);
    ck_assert_int_eq(borne_by("e-1", "anna"), 1);
    ck_assert_int_eq(there(), 1);
}
END_TEST

/* Whoever is deleted changes several groups at one time: a fault among them is met again, too. */
START_TEST(faults_of_one_change)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    struct pushed_resource one = create(PUSHED_GROUP, "One", group_text("One"));
    struct pushed_resource two = create(PUSHED_GROUP, "Two", group_text("T\\u0007wo"));
    join(&one, &anna);
    join(&two, &anna);
    pull_faulty(1, "has control characters");
    drop(&anna);
    for (int i = 0; i < 2; i++)
        pull_faulty(1, "has control characters");
}
END_TEST

/* A fault is met again until it is mended, so that nobody has to have looked at the right moment. */
START_TEST(faults_stay)
{
    open_pushed();
    user("anna");
    struct pushed_resource ben = create(PUSHED_USER, "ben", user_text("ben", ", \"title\": \"a\\u0007b\""));
    user("carl");
    for (int i = 0; i < 2; i++) {
        pull(i ? 0 : 2, 0, 0);
        ck_assert_uint_eq(report.nfaults, 1);
        ck_assert_ptr_nonnull(strstr(report.faults[0].why, "User ben: title: has control characters"));
    }
    replace(&ben, "ben", user_text("ben", ""));
    pull(1, 0, 0);
    ck_assert_uint_eq(report.nfaults, 0);
    pull(0, 0, 0);
    ck_assert_uint_eq(met(), 0);
}
END_TEST

START_TEST(cursor_stays_when_the_pull_fails)
{
    open_pushed();
    struct pushed_resource anna = user("anna");
    pull(1, 0, 0);
    drop(&anna);
    world_sql(&w, "CREATE TRIGGER full BEFORE UPDATE ON directory BEGIN SELECT raise(ABORT, 'disk full'); END");
    ck_assert_int_eq(try_pull(), -1);
    world_sql(&w, "DROP TRIGGER full");
    ck_assert_int_eq(there(), 1);
    pull(0, 0, 1);
}
END_TEST

static bool is_due(struct settled *s, double now)
{
    CLEANUP(freep) char *state = world_path(&w, "state");
    return settled_is_due(s, w.conf, state, now);
}

static void run_begins(struct settled *s, double now)
{
    CLEANUP(freep) char *state = world_path(&w, "state");
    settled_run(s, w.conf, state, now);
}

#define SETTLING(delay) CONF("") "[sync]\npush-delay = " delay "\n"

START_TEST(a_run_waits_until_pushes_settle)
{
    struct settled s = {0};
    world_conf(&w, SETTLING("10s"));
    run_begins(&s, 100);
    ck_assert(!is_due(&s, 120)); /* nothing was ever pushed */
    open_pushed();
    user("anna");
    ck_assert(!is_due(&s, 130));
    ck_assert(!is_due(&s, 131)); /* no look yet */
    ck_assert(!is_due(&s, 139));
    user("ben");
    ck_assert(!is_due(&s, 145));
    ck_assert(!is_due(&s, 150));
    ck_assert(is_due(&s, 156));
    run_begins(&s, 156);
    ck_assert(!is_due(&s, 200));
    ck_assert_int_eq(pushed_directory_make(pushed, "other", &directory, &w.err), 0);
    user("carl"); /* to a directory that no team has */
    ck_assert(!is_due(&s, 210) && !is_due(&s, 230));
    world_conf(&w, SETTLING("none"));
    ck_assert_int_eq(pushed_directory_make(pushed, "hq", &directory, &w.err), 0);
    user("dora");
    ck_assert(!is_due(&s, 250) && !is_due(&s, 270));
}
END_TEST

START_TEST(a_damaged_text_is_no_entry)
{
    open_pushed();
    create(PUSHED_USER, "anna", "{\"userName\": ");
    ck_assert_int_eq(try_pull(), -1);
    ck_assert_int_eq(w.err.kind, ERR_STORE);
    ck_assert_int_eq(there(), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("push_directory");
    TCase *c = tcase_create("push_directory");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {nothing_was_pushed,
                                  only_what_changed,
                                  groups_hold_groups,
                                  names_of_two_groups,
                                  renamed_groups_stay_bound,
                                  a_directory_has_its_own,
                                  another_database,
                                  put_back_from_a_backup,
                                  deleted_and_made_anew,
                                  another_map_delivers_everything_anew,
                                  known_by_the_external_id,
                                  ids_that_look_like_uuids,
                                  two_with_one_external_id,
                                  an_external_id_is_not_taken_over,
                                  external_ids_outlive_a_database,
                                  another_id_attribute,
                                  faults_of_one_change,
                                  faults_stay,
                                  cursor_stays_when_the_pull_fails,
                                  a_run_waits_until_pushes_settle,
                                  a_damaged_text_is_no_entry};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return suite_run(s);
}
