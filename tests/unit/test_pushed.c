/* push.db: what is pushed to us, by whom it can be found, and what a pull goes on from. */
#include <check.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store/pushed.h"
#include "suite.h"

static char dir[64];
static struct pushed *db;
static struct pool *pool;
static struct err err;
static int64_t hq, other;

static void ok(int r)
{
    ck_assert_msg(r == 0, "%s", err.text);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-pushed-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    pool = pool_new();
    ok(pushed_open(dir, &db, &err));
    ok(pushed_directory_make(db, "hq", &hq, &err));
    ok(pushed_directory_make(db, "other", &other, &err));
}

static void teardown(void)
{
    static const char *const files[] = {"push.db", "push.db-wal", "push.db-shm"};
    pushed_close(&db);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(pool_printf(pool, "%s/%s", dir, files[i]));
    rmdir(dir);
    pool_free(&pool);
}

static int make_at(int64_t directory, enum pushed_kind kind, const char *name, int64_t now, struct pushed_resource *ret)
{
    const struct pushed_key keys[] = {{PUSHED_NAME, span_str(name)},
                                      {PUSHED_EXTERNAL, span_str("ext")},
                                      {PUSHED_EMAIL, span_str("a@x")},
                                      {PUSHED_EMAIL, span_str("a@x")}};
    const struct pushed_content content = {span_str("{}"), name, keys, 4};
    ok(pushed_begin(db, &err));
    int r = pushed_create(db, directory, kind, &content, now, pool, ret, &err);
    ck_assert_msg(r >= 0, "%s", err.text);
    ok(pushed_commit(db, &err));
    return r;
}

static struct pushed_resource make(enum pushed_kind kind, const char *name)
{
    struct pushed_resource r;
    ck_assert_int_eq(make_at(hq, kind, name, 1000, &r), 1);
    return r;
}

static void join(const struct pushed_resource *group, const struct pushed_resource *member)
{
    ok(pushed_begin(db, &err));
    ck_assert_int_eq(pushed_member_add(db, group->row, member->row, &err), 1);
    ok(pushed_commit(db, &err));
}

/* Names of what is given, each with "-" ahead for a tombstone. */
static int note(void *ctx, const struct pushed_resource *r, struct err *unused)
{
    char *text = ctx;
    (void)unused;
    size_t n = strlen(text);
    snprintf(text + n, 200 - n, "%s%s%s", *text ? " " : "", r->gone ? "-" : "", r->gone ? r->id : r->display);
    return 0;
}

static const char *since(int64_t change)
{
    char text[200] = "";
    ok(pushed_snapshot(db, &err));
    ok(pushed_each_since(db, hq, change, note, text, &err));
    pushed_rollback(db);
    return pool_strdup(pool, text);
}

static const char *listed(struct pushed_query query)
{
    char text[200] = "";
    query.directory = hq;
    ok(pushed_each(db, &query, note, text, &err));
    return pool_strdup(pool, text);
}

static int64_t last_change(void)
{
    struct pushed_about about;
    ok(pushed_about(db, hq, &about, &err));
    return about.change;
}

START_TEST(the_file_is_private_and_keeps_its_id)
{
    struct stat st;
    const char *path = pool_printf(pool, "%s/push.db", dir), *id = pool_strdup(pool, pushed_database(db));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    pushed_close(&db);
    ok(pushed_open(dir, &db, &err));
    ck_assert_str_eq(pushed_database(db), id);
    CLEANUP(pushed_close) struct pushed *reader = NULL;
    ok(pushed_open_read(dir, &reader, &err));
    ck_assert_str_eq(pushed_database(reader), id);
}
END_TEST

START_TEST(a_file_that_is_not_ours_is_left_alone)
{
    sqlite3 *raw = NULL;
    pushed_close(&db);
    ck_assert_int_eq(sqlite3_open(pool_printf(pool, "%s/push.db", dir), &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw, "PRAGMA application_id = 7", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    ck_assert_int_eq(pushed_open(dir, &db, &err), -1);
    ck_assert_int_eq(err.kind, ERR_STORE);
    ck_assert_int_eq(pushed_open_read(dir, &db, &err), -1);
    ck_assert_int_eq(err.kind, ERR_STORE);
}
END_TEST

START_TEST(nothing_pushed_is_no_fault)
{
    struct pushed *none = NULL;
    sqlite3 *raw = NULL;
    const char *path = pool_printf(pool, "%s/push.db", dir);
    pushed_close(&db);
    ck_assert(pushed_is_there(dir));
    unlink(path);
    ck_assert(!pushed_is_there(dir));
    ck_assert_int_eq(sqlite3_open(path, &raw), SQLITE_OK); /* as it is while somebody makes it */
    ck_assert_int_eq(sqlite3_exec(raw, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    ck_assert_int_eq(pushed_open_read(dir, &none, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
    ck_assert_int_eq(pushed_open_read("/nonexistent", &none, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_resource_is_found_in_its_own_directory_alone)
{
    struct pushed_resource ann = make(PUSHED_USER, "ann"), found;
    ck_assert_int_eq(pushed_get(db, hq, PUSHED_USER, span_str(ann.id), true, pool, &found, &err), 1);
    ck_assert_str_eq(found.display, "ann");
    ck_assert_int_eq((int)found.text.n, 2);
    ck_assert_int_eq(pushed_get(db, hq, PUSHED_GROUP, span_str(ann.id), false, pool, &found, &err), 0);
    ck_assert_int_eq(pushed_get(db, other, PUSHED_USER, span_str(ann.id), false, pool, &found, &err), 0);
    ck_assert_int_eq(pushed_get_any(db, hq, span_str(ann.id), pool, &found, &err), 1);
    ck_assert_int_eq(pushed_get_any(db, other, span_str(ann.id), pool, &found, &err), 0);
    ck_assert_int_eq(pushed_get_any(db, hq, (struct span){0}, pool, &found, &err), 0);
}
END_TEST

START_TEST(a_users_name_is_its_own)
{
    struct pushed_resource r, bob = make(PUSHED_USER, "bob");
    make(PUSHED_USER, "ann");
    ck_assert_int_eq(make_at(hq, PUSHED_USER, "ann", 1, &r), 0);
    ck_assert_int_eq(make_at(other, PUSHED_USER, "ann", 1, &r), 1);
    ck_assert_int_eq(make_at(hq, PUSHED_GROUP, "ann", 1, &r), 1);
    ck_assert_int_eq(make_at(hq, PUSHED_GROUP, "ann", 1, &r), 1);
    const struct pushed_key key = {PUSHED_NAME, span_str("ann")}, own = {PUSHED_NAME, span_str("bob")};
    struct pushed_content content = {span_str("{}"), "ann", &key, 1};
    ok(pushed_begin(db, &err));
    ck_assert_int_eq(pushed_replace(db, &bob, hq, &content, 1, &err), 0);
    content.keys = &own;
    ck_assert_int_eq(pushed_replace(db, &bob, hq, &content, 1, &err), 1);
    ok(pushed_commit(db, &err));
}
END_TEST

START_TEST(numbers_go_up_whatever_the_clock_does)
{
    struct pushed_resource a, b, c;
    ck_assert_int_eq(make_at(hq, PUSHED_USER, "a", 5000, &a), 1);
    ck_assert_int_eq(make_at(hq, PUSHED_USER, "b", 5000, &b), 1);
    ck_assert_int_eq(make_at(hq, PUSHED_USER, "c", 10, &c), 1);
    ck_assert_int_eq(a.change, 5000);
    ck_assert_int_eq(b.change, 5001);
    ck_assert_int_eq(c.change, 5002);
    ck_assert_int_eq(last_change(), 5002);
}
END_TEST

START_TEST(listings)
{
    struct pushed_resource c = make(PUSHED_USER, "c"), a = make(PUSHED_USER, "a"), g = make(PUSHED_GROUP, "g");
    make(PUSHED_USER, "b");
    join(&g, &a);
    ck_assert_str_eq(listed((struct pushed_query){0}), "c a b");
    ck_assert_str_eq(listed((struct pushed_query){.skip = 1, .most = 1}), "a");
    ck_assert_str_eq(listed((struct pushed_query){.after = c.row}), "a b");
    ck_assert_str_eq(listed((struct pushed_query){.way = PUSHED_BY_NAME}), "a b c");
    ck_assert_str_eq(listed((struct pushed_query){.way = PUSHED_BY_NAME, .descending = true, .most = 2}), "c b");
    ck_assert_str_eq(listed((struct pushed_query){.way = PUSHED_KEYED, .key = {PUSHED_EMAIL, span_str("a@x")}}),
                     "c a b");
    ck_assert_str_eq(listed((struct pushed_query){.way = PUSHED_KEYED, .key = {PUSHED_NAME, span_str("b")}}), "b");
    ck_assert_str_eq(listed((struct pushed_query){.way = PUSHED_SINCE, .since = a.change}), "b");
    ck_assert_str_eq(listed((struct pushed_query){.kind = PUSHED_GROUP, .way = PUSHED_MEMBER_OF, .member = a.row}),
                     "g");
    ck_assert_str_eq(listed((struct pushed_query){.kind = PUSHED_GROUP, .way = PUSHED_MEMBER_OF, .member = c.row}), "");
}
END_TEST

START_TEST(who_is_deleted_leaves_a_tombstone_and_the_groups)
{
    struct pushed_resource ann = make(PUSHED_USER, "ann"), all = make(PUSHED_GROUP, "all"),
                           inner = make(PUSHED_GROUP, "inner"), found;
    struct pushed_about about;
    int64_t n = 0, before;
    join(&all, &inner);
    join(&inner, &ann);
    before = last_change();
    ok(pushed_begin(db, &err));
    ok(pushed_delete(db, &ann, hq, 1, &err));
    ok(pushed_commit(db, &err));
    ck_assert_int_eq(pushed_get(db, hq, PUSHED_USER, span_str(ann.id), false, pool, &found, &err), 0);
    ok(pushed_member_count(db, inner.row, &n, &err));
    ck_assert_int_eq(n, 0);
    ck_assert_str_eq(since(before), pool_printf(pool, "-%s inner", ann.id));
    ck_assert_int_eq(make_at(hq, PUSHED_USER, "ann", 1, &found), 1);
    ok(pushed_begin(db, &err));
    ok(pushed_delete(db, &inner, hq, 1, &err));
    ok(pushed_commit(db, &err));
    ok(pushed_member_count(db, all.row, &n, &err));
    ck_assert_int_eq(n, 0);
    ok(pushed_about(db, hq, &about, &err));
    ck_assert_int_eq(about.users, 1);
    ck_assert_int_eq(about.groups, 1);
}
END_TEST

START_TEST(members_count_once)
{
    struct pushed_resource g = make(PUSHED_GROUP, "g"), a = make(PUSHED_USER, "a"), b = make(PUSHED_USER, "b");
    char text[200] = "";
    int64_t left = 0;
    join(&g, &b);
    join(&g, &a);
    ok(pushed_begin(db, &err));
    ck_assert_int_eq(pushed_member_add(db, g.row, a.row, &err), 0);
    ck_assert_int_eq(pushed_is_member(db, g.row, a.row, &err), 1);
    ok(pushed_members(db, g.row, note, text, &err));
    ck_assert_str_eq(text, "a b");
    ck_assert_int_eq(pushed_member_remove(db, g.row, a.row, &err), 1);
    ck_assert_int_eq(pushed_member_remove(db, g.row, a.row, &err), 0);
    ok(pushed_members_clear(db, g.row, &left, &err));
    ck_assert_int_eq(left, 1);
    ok(pushed_commit(db, &err));
}
END_TEST

START_TEST(a_part_is_undone_alone)
{
    struct pushed_resource g = make(PUSHED_GROUP, "g"), a = make(PUSHED_USER, "a"), b = make(PUSHED_USER, "b");
    ok(pushed_begin(db, &err));
    ok(pushed_mark(db, &err));
    ck_assert_int_eq(pushed_member_add(db, g.row, a.row, &err), 1);
    ok(pushed_keep(db, &err));
    ok(pushed_mark(db, &err));
    ck_assert_int_eq(pushed_member_add(db, g.row, b.row, &err), 1);
    pushed_undo(db);
    ok(pushed_commit(db, &err));
    ck_assert_int_eq(pushed_is_member(db, g.row, a.row, &err), 1);
    ck_assert_int_eq(pushed_is_member(db, g.row, b.row, &err), 0);
}
END_TEST

/* Threads that carry connections open it: they must not stand behind somebody who writes much. */
START_TEST(opened_while_somebody_writes)
{
    struct pushed *another = NULL;
    ok(pushed_begin(db, &err));
    ok(pushed_open(dir, &another, &err));
    pushed_close(&another);
    pushed_rollback(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pushed");
    TCase *t = tcase_create("push.db");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_file_is_private_and_keeps_its_id);
    tcase_add_test(t, a_file_that_is_not_ours_is_left_alone);
    tcase_add_test(t, nothing_pushed_is_no_fault);
    tcase_add_test(t, a_resource_is_found_in_its_own_directory_alone);
    tcase_add_test(t, a_users_name_is_its_own);
    tcase_add_test(t, numbers_go_up_whatever_the_clock_does);
    tcase_add_test(t, listings);
    tcase_add_test(t, who_is_deleted_leaves_a_tombstone_and_the_groups);
    tcase_add_test(t, members_count_once);
    tcase_add_test(t, a_part_is_undone_alone);
    tcase_add_test(t, opened_while_somebody_writes);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
