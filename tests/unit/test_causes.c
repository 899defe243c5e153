/* Causes: from what is gone to what it comes from, by the containers and groups that the mirror keeps. */
#include "store/container.h"
#include "sync/causes.h"
#include "sync/ways.h"
#include "world.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cad;

#define CONF                                                                                                           \
    "[sync]\nmax-removals = 100%\n" WORLD_DIRECTORY("") WORLD_TEAM("groups = none") WORLD_PRODUCT("autocad", "cad", "")

static void setup(void)
{
    world_open(&w, CONF);
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cad = group(&w, "cad");
}

static void teardown(void)
{
    world_close(&w);
}

static struct item *container(const char *dn)
{
    struct item *it = world_item(&w, ENTRY_CONTAINER, "unit");
    set_dn(it, dn);
    return it;
}

static struct item *person_at(const char *name, const char *above)
{
    struct item *it = person(&w, name);
    CLEANUP(freep) char *dn = mem_printf("uid=%s,%s", name, above);
    set_dn(it, dn);
    return it;
}

static void pull_and_apply(void)
{
    world_pull(&w);
    world_apply(&w);
}

static void later(void)
{
    w.now += 60;
    world_pull(&w);
}

static void moved(const struct item *it, const char *to)
{
    CLEANUP(freep) char *sql = mem_printf("SELECT id FROM entry WHERE uid = '%s'", it->id);
    int64_t id = 0;
    ck_assert_int_eq(db_number(w.store->db, sql, NULL, 0, &id, &w.err), 0);
    ck_assert_int_eq(container_set_moved(w.store->db, (uint32_t)id, to, &w.err), 0);
}

/* A line for each cause: name, people, seats, memberships, and where it was and is. */
static void show_causes(struct buf *out)
{
    struct policy policy = {0};
    struct causes causes;
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    int r = causes_make(w.store, &policy, plan, &causes, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    for (size_t i = 0; i < causes.n; i++) {
        const struct removal_cause *c = &causes.v[i];
        buf_printf(out, "%s %u %u %u", why_names[c->why], c->people, c->seats, c->members);
        if (c->container)
            buf_printf(out, " %s", c->container);
        if (c->moved_to)
            buf_printf(out, " → %s", c->moved_to);
        if (c->why >= WHY_LEFT_GROUP && c->why <= WHY_GROUP_UNTIED)
            buf_printf(out, " %s", world_name(&w, c->subject));
        buf_addc(out, '\n');
    }
    causes_release(&causes);
    policy_release(&policy);
}

static void caused_by(const char *expected)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_causes(&text);
    ck_assert_str_eq(buf_str(&text), expected);
}

START_TEST(topmost_container)
{
    struct item *upper = container("ou=Upper,dc=example,dc=com"),
                *lower = container("ou=Lower,ou=Upper,dc=example,dc=com");
    struct item *one = person_at("one", "OU=lower, ou=upper,dc=example,dc=com"), *two = person_at("two", upper->dn);
    struct item *deep = person_at("deep", "cn=unknown,ou=Lower,ou=Upper,dc=example,dc=com");
    member(cad, one);
    pull_and_apply();
    upper->there = lower->there = one->there = two->there = deep->there = ben->there = false;
    later();
    caused_by("container-gone 3 1 0 ou=Upper,dc=example,dc=com\ngone 1 0 0\n");
    moved(upper, "ou=Upper,dc=elsewhere");
    caused_by("container-moved 3 1 0 ou=Upper,dc=example,dc=com → ou=Upper,dc=elsewhere\ngone 1 0 0\n");
}
END_TEST

START_TEST(only_the_lower_one)
{
    struct item *upper = container("ou=Upper,dc=example,dc=com"),
                *lower = container("ou=Lower,ou=Upper,dc=example,dc=com");
    struct item *one = person_at("one", lower->dn), *two = person_at("two", upper->dn);
    pull_and_apply();
    lower->there = one->there = two->there = false;
    later();
    caused_by("container-gone 1 0 0 ou=Lower,ou=Upper,dc=example,dc=com\ngone 1 0 0\n");
}
END_TEST

/* A comma that belongs to a value is no step upward. */
START_TEST(escaped_names)
{
    struct item *odd = container("ou=Sales\\, Seoul,dc=example,dc=com");
    struct item *trap = container("ou=Seoul,dc=example,dc=com");
    struct item *one = person_at("one", "ou=Sales\\2C Seoul,dc=example,dc=com");
    pull_and_apply();
    odd->there = trap->there = one->there = false;
    later();
    caused_by("container-gone 1 0 0 ou=Sales\\, Seoul,dc=example,dc=com\n");
}
END_TEST

/* Of the same name, but of another read: not what took this person along. */
START_TEST(container_of_another_read)
{
    struct item *unit = container("ou=Unit,dc=example,dc=com"), *one = person_at("one", unit->dn);
    pull_and_apply();
    unit->there = false;
    later();
    one->there = false;
    later();
    caused_by("gone 1 0 0\n");
}
END_TEST

/* Back again: it was where it was said to be no longer. */
START_TEST(container_comes_back)
{
    struct item *unit = container("ou=Unit,dc=example,dc=com"), *one = person_at("one", unit->dn);
    pull_and_apply();
    unit->there = one->there = false;
    later();
    moved(unit, "ou=Unit,dc=elsewhere");
    unit->there = one->there = true;
    later();
    caused_by("");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM container WHERE moved_to IS NOT NULL"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at <> 0"), 0);
}
END_TEST

/* Containers count nowhere and mend nothing: not in what was met, added or gone, nor in the mirror's version. */
START_TEST(containers_are_not_counted)
{
    pull_and_apply();
    int64_t version = world_int(&w, "SELECT version FROM directory");
    struct item *unit = container("ou=Unit,dc=example,dc=com");
    later();
    ck_assert_uint_eq(w.result.people, 2);
    ck_assert_uint_eq(w.result.groups, 1);
    ck_assert_uint_eq(w.result.added + w.result.changed, 0);
    unit->there = false;
    later();
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_int_eq(world_int(&w, "SELECT version FROM directory"), version);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at <> 0"), 1);
}
END_TEST

/* While an entry without a readable id may be any of them, no container is gone either. */
START_TEST(containers_and_absence_unproved)
{
    struct item *unit = container("ou=Unit,dc=example,dc=com");
    pull_and_apply();
    unit->there = false;
    ben->trouble = TROUBLE_WITHOUT_ID;
    later();
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at <> 0"), 0);
}
END_TEST

START_TEST(groups)
{
    struct item *seoul = group(&w, "seoul"), *busan = group(&w, "busan");
    struct item *p = person(&w, "p"), *q = person(&w, "q"), *r = person(&w, "r");
    member(cad, seoul);
    member(cad, busan);
    member(cad, r);
    member(seoul, p);
    member(seoul, anna);
    member(busan, q);
    pull_and_apply();
    not_member(seoul, p);
    later();
    caused_by("left-group 0 1 0 seoul\n");
    busan->nmembers = 0;
    not_member(cad, seoul);
    later();
    caused_by("group-untied 0 2 0 seoul\ngroup-empty 0 1 0 busan\n");
    busan->there = false;
    later();
    caused_by("group-untied 0 2 0 seoul\ngroup-gone 0 1 0 busan\n");
}
END_TEST

static void way(struct ways *ways, const struct plan *plan, const struct item *from, const char *expected)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    CLEANUP(freep) char *sql = mem_printf("SELECT id FROM entry WHERE uid = '%s'", from->id);
    struct path path;
    int64_t id = world_int(&w, sql);
    ck_assert_int_eq(ways_of(ways, OP_ASSIGN, plan->seats[0].product, (uint32_t)id, pool, &path, &w.err), 0);
    for (size_t i = 0; i < path.n; i++)
        buf_printf(&text, "%s%s", i ? " " : "", world_name(&w, path.groups[i]));
    ck_assert_str_eq(buf_str(&text), expected);
}

/* One after the other from the same search: what was found for one start is forgotten for the next. */
START_TEST(ways_upward)
{
    struct item *a = group(&w, "a"), *b = group(&w, "b"), *c = group(&w, "c"), *other = group(&w, "other");
    member(cad, b);
    member(b, c);
    member(c, a);
    member(a, c); /* a cycle */
    member(cad, c);
    member(other, anna);
    world_pull(&w);
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    CLEANUP(ways_free) struct ways *ways = ways_new(w.store, &policy, plan);
    way(ways, plan, cad, "cad");
    way(ways, plan, a, "a c cad");
    way(ways, plan, other, "");
    way(ways, plan, b, "b cad");
    way(ways, plan, a, "a c cad");
    policy_release(&policy);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("causes");
    TCase *c = tcase_create("causes");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, topmost_container);
    tcase_add_test(c, only_the_lower_one);
    tcase_add_test(c, escaped_names);
    tcase_add_test(c, container_of_another_read);
    tcase_add_test(c, container_comes_back);
    tcase_add_test(c, containers_are_not_counted);
    tcase_add_test(c, containers_and_absence_unproved);
    tcase_add_test(c, groups);
    tcase_add_test(c, ways_upward);
    suite_add_tcase(s, c);
    return suite_run(s);
}
