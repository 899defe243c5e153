/* What is told of one person: the way through groups, who is meant, and that reading agrees with planning and writes nothing. */
#include "sync/explain.h"
#include "sync/last.h"
#include "world.h"
#include "suite.h"

static struct pool *pool;

static void pool_begin(void)
{
    pool = pool_new();
}

static void pool_end(void)
{
    pool_free(&pool);
}

/* --- paths --- */

static void ck_path(const struct paths *p, uint32_t to, size_t n, const uint32_t *expected)
{
    struct path path = paths_to(p, to, pool);
    ck_assert_uint_eq(path.n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(path.groups[i], expected[i]);
}
#define CK_PATH(p, to, ...)                                                                                            \
    ck_path(p, to, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

START_TEST(path_is_the_shortest)
{
    CLEANUP(paths_free) struct paths *p = paths_new();
    paths_start(p, 1);
    paths_start(p, 7);
    for (uint32_t g = 1; g < 5; g++)
        paths_nest(p, g + 1, g); /* 1 → 2 → 3 → 4 → 5 */
    paths_nest(p, 5, 8);         /* 7 → 8 → 5 */
    paths_nest(p, 8, 7);
    paths_solve(p);
    CK_PATH(p, 5, 7, 8, 5);
    CK_PATH(p, 4, 1, 2, 3, 4);
    CK_PATH(p, 7, 7);
    ck_assert_uint_eq(paths_to(p, 6, pool).n, 0);
    ck_assert_uint_eq(paths_to(p, 4000000000u, pool).n, 0);
}
END_TEST

START_TEST(path_upward_only_and_through_cycles)
{
    CLEANUP(paths_free) struct paths *p = paths_new();
    paths_start(p, 2);
    paths_start(p, 2);
    paths_nest(p, 2, 2);
    paths_nest(p, 3, 2);
    paths_nest(p, 2, 3);
    paths_nest(p, 2, 1); /* below: the person is not in it */
    paths_nest(p, 4, 3);
    paths_nest(p, 3, 4);
    paths_solve(p);
    CK_PATH(p, 2, 2);
    CK_PATH(p, 4, 2, 3, 4);
    ck_assert_uint_eq(paths_to(p, 1, pool).n, 0);
}
END_TEST

START_TEST(path_of_nobody)
{
    CLEANUP(paths_free) struct paths *p = paths_new();
    paths_solve(p);
    ck_assert_uint_eq(paths_to(p, 0, pool).n, 0);
    ck_assert_uint_eq(paths_to(p, 1, pool).n, 0);
}
END_TEST

START_TEST(path_of_any_depth)
{
    CLEANUP(paths_free) struct paths *p = paths_new();
    paths_start(p, 1);
    for (uint32_t g = 1; g < 200000; g++)
        paths_nest(p, g + 1, g);
    paths_solve(p);
    struct path path = paths_to(p, 200000, pool);
    ck_assert_uint_eq(path.n, 200000);
    ck_assert_uint_eq(path.groups[0], 1);
    ck_assert_uint_eq(path.groups[199999], 200000);
}
END_TEST

/* --- on a directory --- */

#define CONF(directory, more)                                                                                          \
    WORLD_DIRECTORY(directory) WORLD_TEAM("groups = assigned") WORLD_PRODUCT("autocad", "cad", "seats = 1") more
#define SCOPED "scope-group = cn=staff,ou=Groups,dc=example,dc=com"

static struct world w;
static struct item *anna, *ben, *cad, *inner;
static struct explanation e;

static void setup(void)
{
    pool_begin();
    e = (struct explanation){0};
    world_open(&w, CONF("", ""));
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cad = group(&w, "cad");
    inner = group(&w, "inner");
    member(cad, inner);
    member(inner, anna);
}

static void teardown(void)
{
    explain_release(&e);
    world_close(&w);
    pool_end();
}

static size_t who(const char *typed, const struct item *expected)
{
    struct explain_match *found;
    size_t n;
    int r = explain_who(w.store, w.conf, typed, pool, &found, &n, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    if (expected) {
        ck_assert_msg(n == 1, "%s: %zu", typed, n);
        ck_assert_str_eq(world_name(&w, found[0].person), expected->short_name);
    }
    return n;
}

/* Everything is read from a store that cannot be written to. */
static const struct explain_team *explain(const struct item *of)
{
    CLEANUP(freep) char *dir = world_path(&w, "state");
    CLEANUP(store_close) struct store *store = NULL;
    struct explain_match *found;
    size_t n;
    explain_release(&e);
    int r = store_open(dir, STORE_READ, "a test", &store, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_int_eq(explain_begin(store->db, &w.err), 0);
    ck_assert_int_eq(explain_who(store, w.conf, of->id, pool, &found, &n, &w.err), 0);
    ck_assert_uint_eq(n, 1);
    r = explain_make(store, w.conf, &w.gate, w.now, found[0].person, pool, &e, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    db_rollback(store->db);
    ck_assert_uint_eq(e.nteams, 1);
    return &e.teams[0];
}

START_TEST(who_is_meant)
{
    snprintf(anna->attr[ATTR_USER_NAME], WORLD_TEXT, "akow");
    snprintf(anna->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "Anna Kowalska");
    set_email(ben, "BÉN@example.com");
    world_pull(&w);
    who(anna->id, anna);
    who("AKOW", anna);
    who("Anna@EXAMPLE.com", anna);
    who("be\u0301n@example.com", ben); /* another form of the same letters */
    who("anna kowalska", anna);
    who("UID = anna , OU=people,dc=example,dc=com", anna);
    ck_assert_uint_eq(who("nobody", NULL), 0);
    ck_assert_uint_eq(who("cad", NULL), 0); /* a group is nobody */
    ck_assert_uint_eq(who(cad->id, NULL), 0);
    ck_assert_uint_eq(who("", NULL), 0);
    ck_assert_uint_eq(who("%", NULL), 0);
}
END_TEST

START_TEST(who_of_several)
{
    snprintf(anna->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "Sam");
    snprintf(ben->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "Sam");
    world_pull(&w);
    ck_assert_uint_eq(who("sam", NULL), 2);
    ben->there = false;
    world_pull(&w);
    who("sam", anna);
    who(ben->id, ben);
    who(ben->dn, ben); /* nobody bears the name any more */
}
END_TEST

START_TEST(who_by_the_account)
{
    world_pull(&w);
    world_apply(&w);
    set_email(anna, "other@example.com");
    world_pull(&w);
    who("anna@example.com", anna);
    who("other@example.com", anna);
}
END_TEST

START_TEST(path_to_the_product)
{
    world_pull(&w);
    const struct explain_team *t = explain(anna);
    ck_assert_uint_eq(t->nproducts, 1);
    ck_assert_uint_eq(t->products[0].path.n, 2);
    ck_assert_str_eq(world_name(&w, t->products[0].path.groups[0]), "inner");
    ck_assert_str_eq(world_name(&w, t->products[0].path.groups[1]), "cad");
    ck_assert_int_eq(t->products[0].seat_since, 0);
    ck_assert_int_eq(t->away, CAUSE_IN_DIRECTORY);
    ck_assert_uint_eq(t->account.id, 0);
    ck_assert_ptr_nonnull(t->plan);
    ck_assert_uint_eq(explain(ben)->products[0].path.n, 0);
}
END_TEST

START_TEST(what_the_platform_holds)
{
    world_pull(&w);
    world_apply(&w);
    const struct explain_team *t = explain(anna);
    ck_assert_int_eq(t->account.state, ACCOUNT_INVITED);
    ck_assert_int_eq(t->products[0].seat_since, w.now);
    ck_assert_int_eq(t->products[0].taken, 1);
    ck_assert_uint_eq(t->ngroups, 1);
    ck_assert(t->groups[0].member && t->groups[0].wanted);
    ck_assert_uint_eq(t->ndone, 3);
    ck_assert_int_eq(t->done[0].at, w.now);
    ck_assert_uint_eq(t->differs, 0);
    snprintf(anna->attr[ATTR_TITLE], WORLD_TEXT, "Head");
    inner->nmembers = 0;
    world_pull(&w);
    t = explain(anna);
    ck_assert_uint_eq(t->differs, 1u << ATTR_TITLE);
    ck_assert_uint_eq(t->products[0].path.n, 0);
    ck_assert(t->groups[0].member && !t->groups[0].wanted);
}
END_TEST

START_TEST(why_not_wanted)
{
    world_conf(&w, CONF(SCOPED, ""));
    struct item *staff = group(&w, "staff");
    member(staff, anna);
    world_pull(&w);
    ck_assert_int_eq(explain(anna)->away, CAUSE_IN_DIRECTORY);
    ck_assert_uint_eq(e.nscope, 1);
    ck_assert_int_eq(explain(ben)->away, CAUSE_OUT_OF_SCOPE);
    anna->active = false;
    world_pull(&w);
    ck_assert_int_eq(explain(anna)->away, CAUSE_DISABLED);
    anna->excluded = 1;
    world_pull(&w);
    ck_assert_int_eq(explain(anna)->away, CAUSE_EXCLUDED);
    anna->there = false;
    world_pull(&w);
    ck_assert_int_eq(explain(anna)->away, CAUSE_GONE);
    ck_assert_int_eq(e.person.gone_at, w.now);
}
END_TEST

START_TEST(same_email)
{
    set_email(ben, "ANNA@example.com");
    world_pull(&w);
    const struct explain_team *t = explain(anna);
    ck_assert_uint_eq(t->nrivals, 1);
    ck_assert_str_eq(world_name(&w, t->rivals[0].person), "ben");
    ck_assert_int_eq(t->rivals[0].state, ACCOUNT_NONE);
    ben->there = false;
    world_pull(&w);
    ck_assert_uint_eq(explain(anna)->nrivals, 0);
    world_apply(&w);
    set_email(anna, "new@example.com");
    ben->there = true;
    world_pull(&w);
    t = explain(ben);
    ck_assert_uint_eq(t->nrivals, 1);
    ck_assert_int_eq(t->rivals[0].state, ACCOUNT_INVITED);
}
END_TEST

START_TEST(nothing_is_planned_from_another_configuration)
{
    world_pull(&w);
    world_conf(&w, CONF("", WORLD_PRODUCT("revit", "inner", "")));
    const struct explain_team *t = explain(anna);
    ck_assert_ptr_null(t->plan);
    ck_assert_uint_eq(t->nproducts, 2);
    ck_assert_uint_eq(t->products[1].path.n, 1); /* the way is known all the same */
    world_pull(&w);
    ck_assert_ptr_nonnull(explain(anna)->plan);
}
END_TEST

START_TEST(nothing_was_ever_planned)
{
    world_pull(&w);
    world_sql(&w, "DELETE FROM entitled; DELETE FROM target_group; DELETE FROM target; DELETE FROM team");
    const struct explain_team *t = explain(anna);
    ck_assert_ptr_null(t->plan);
    ck_assert_uint_eq(t->products[0].path.n, 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM team"), 0);
}
END_TEST

START_TEST(plan_without_writing_is_the_same)
{
    world_conf(&w, CONF("", WORLD_PRODUCT("revit", "inner", "") WORLD_PRODUCT("maya", "cad", "")));
    world_pull(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM product"), 0);
    const struct explain_team *t = explain(anna);
    CLEANUP(buf_release) struct buf read = BUF_INIT, made = BUF_INIT;
    show_plan(&w, t->plan, &read);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM product"), 0);
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    show_plan(&w, plan, &made);
    size_t hers = 0;
    for (size_t i = 0; i < plan->n; i++)
        hers += plan->changes[i].person == e.person.id;
    ck_assert_uint_gt(hers, 4);
    ck_assert_uint_eq(t->plan->n, hers);
    ck_assert_ptr_nonnull(strstr(buf_str(&read), "assign anna revit"));
    ck_assert_ptr_nonnull(strstr(buf_str(&read), "assign anna maya"));
}
END_TEST

/* --- what only the plan for everybody knows --- */

static void note(void)
{
    CLEANUP(plan_free) struct plan *plan = world_plan(&w);
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    struct plan_settings settings = {.conf = w.conf, .policy = &policy, .gate = &w.gate, .now = w.now};
    int r = last_note(w.store, &settings, plan, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    policy_release(&policy);
}

static void disable_many(struct item **people, size_t n, size_t disabled)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(freep) char *name = mem_printf("many%zu", i);
        people[i] = person(&w, name);
        member(cad, people[i]);
    }
    world_pull(&w);
    world_apply(&w);
    for (size_t i = 0; i < disabled; i++)
        people[i]->active = false;
    w.now += 60;
    world_pull(&w);
}

START_TEST(held_by_the_guard)
{
    struct item *people[20];
    disable_many(people, 20, 10);
    const struct explain_team *t = explain(people[0]);
    ck_assert(!t->current && !t->plan->narrowed);
    ck_assert_uint_eq(t->plan->holds[HOLD_GUARD], 0); /* nobody knows yet */
    ck_assert_uint_gt(t->plan->counts[OP_SUSPEND], 0);
    note();
    t = explain(people[0]);
    ck_assert(t->current);
    ck_assert_int_eq(t->last.made_at, w.now);
    ck_assert_uint_gt(t->last.ntrips, 0);
    ck_assert_uint_eq(t->plan->n, 0);
    ck_assert_uint_eq(t->plan->nheld, t->plan->holds[HOLD_GUARD]);
    ck_assert_uint_gt(t->plan->nheld, 1);
    ck_assert_uint_eq(explain(people[15])->plan->n, 0);
    people[15]->active = false;
    world_pull(&w);
    ck_assert(!explain(people[0])->current); /* the mirror moved */
}
END_TEST

START_TEST(a_quiet_plan_notes_nothing)
{
    struct item *people[20];
    disable_many(people, 20, 10);
    note();
    int64_t made_at = w.now, changes = world_int(&w, "SELECT total_changes()");
    w.now += 60;
    world_pull(&w);
    int64_t pulled = world_int(&w, "SELECT total_changes()") - changes;
    note();
    ck_assert_int_eq(world_int(&w, "SELECT total_changes()"), changes + pulled);
    ck_assert_int_eq(explain(people[0])->last.made_at, made_at);
    ck_assert(e.teams[0].current);
}
END_TEST

/* The one seat is taken; whether it becomes free is looked for, and if it may be, everybody is planned. */
START_TEST(who_waits_for_a_seat)
{
    member(cad, ben);
    world_pull(&w);
    world_apply(&w);
    const struct explain_team *t = explain(ben);
    ck_assert_uint_eq(t->plan->holds[HOLD_NO_SEAT], 1);
    ck_assert(!t->plan->narrowed && !t->current);
    ck_assert_int_eq(t->products[0].waiting, -1);
    note();
    ck_assert_int_eq(explain(ben)->products[0].waiting, 1);
    anna->active = false;
    world_pull(&w);
    t = explain(ben);
    ck_assert(t->plan->narrowed);
    ck_assert_uint_eq(t->plan->counts[OP_ASSIGN], 1);
    ck_assert_int_eq(t->products[0].waiting, 0);
}
END_TEST

/* --- the journal --- */

static void list_change(void *ctx, const struct explain_change *c)
{
    buf_printf(ctx, "%" PRId64 " %d %" PRIu32 " %" PRIu32 "\n", c->run, c->change.op, c->change.object,
               c->change.detail);
}

static size_t same_in_the_journal(uint32_t who)
{
    CLEANUP(buf_release) struct buf found = BUF_INIT, there = BUF_INIT;
    ck_assert_int_eq(explain_changes(w.store->db, 1, who, 1000, list_change, &found, &w.err), 0);
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_query(w.store->db,
                              "SELECT run, op, object, detail FROM run_change WHERE person = ? ORDER BY run DESC, seq",
                              DB_ARGS(DB_INT(who)), &st, &w.err),
                     0);
    while (stmt_step(st, &w.err) == 1)
        buf_printf(&there, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", stmt_int(st, 0), stmt_int(st, 1),
                   stmt_int(st, 2), stmt_int(st, 3));
    ck_assert_str_eq(buf_str(&found), buf_str(&there));
    return found.len;
}

/* Long runs, in which changes are searched: nobody's is missed, and nobody else's is taken. */
START_TEST(changes_of_long_runs)
{
    enum { PEOPLE = 110 };
    struct item *people[PEOPLE];
    world_conf(&w, "[sync]\nmax-removals = 100%\non-leave = unassign\n" WORLD_DIRECTORY("") WORLD_TEAM("groups = all")
                       WORLD_PRODUCT("autocad", "cad", "") WORLD_PRODUCT("revit", "cad", ""));
    for (int i = 0; i < PEOPLE; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        people[i] = person(&w, name);
        member(i % 2 ? cad : inner, people[i]);
    }
    for (int run = 0; run < 3; run++) {
        world_pull(&w);
        ck_assert_uint_gt(world_apply(&w), 256);
        for (int i = 0; i < PEOPLE; i++)
            people[i]->active = run == 1 || i % 10 == 0;
    }
    size_t found = 0;
    for (uint32_t id = 0; id <= (uint32_t)w.n + 1; id++)
        found += same_in_the_journal(id);
    ck_assert_uint_gt(found, 0);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* On made-up nestings, cycles among them: there is a way exactly where the sync's own closure finds an entitlement. */
START_TEST(ways_agree_with_entitlements)
{
    enum { PEOPLE = 12, GROUPS = 14 };
    struct item *people[PEOPLE], *groups[GROUPS];
    uint32_t state = (uint32_t)_i * 7919u + 1;
    for (int i = 0; i < PEOPLE; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        people[i] = person(&w, name);
    }
    for (int i = 0; i < GROUPS; i++) {
        CLEANUP(freep) char *name = mem_printf("g%d", i);
        groups[i] = group(&w, name);
        member(groups[i], people[next_random(&state) % PEOPLE]);
    }
    for (int i = 0; i < GROUPS; i++)
        member(groups[next_random(&state) % GROUPS], groups[i]);
    member(cad, groups[next_random(&state) % GROUPS]);
    world_pull(&w);
    size_t led = 0;
    for (int i = 0; i < PEOPLE; i++) {
        const struct explain_team *t = explain(people[i]);
        int64_t entitled;
        ck_assert_int_eq(db_number(w.store->db,
                                   "SELECT count(*) FROM entitled JOIN target t ON t.id = target"
                                   " JOIN entry e ON e.id = person WHERE t.kind = 1 AND e.uid = ?",
                                   DB_ARGS(DB_TEXT(people[i]->id)), &entitled, &w.err),
                         0);
        ck_assert_int_eq(entitled, t->products[0].path.n > 0);
        led += t->products[0].path.n > 0;
    }
    ck_assert_uint_gt(led, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explain");
    TCase *paths = tcase_create("paths");
    tcase_add_checked_fixture(paths, pool_begin, pool_end);
    tcase_add_test(paths, path_is_the_shortest);
    tcase_add_test(paths, path_upward_only_and_through_cycles);
    tcase_add_test(paths, path_of_nobody);
    tcase_add_test(paths, path_of_any_depth);
    suite_add_tcase(s, paths);
    TCase *people = tcase_create("people");
    tcase_add_checked_fixture(people, setup, teardown);
    tcase_set_timeout(people, 60);
    tcase_add_test(people, who_is_meant);
    tcase_add_test(people, who_of_several);
    tcase_add_test(people, who_by_the_account);
    tcase_add_test(people, path_to_the_product);
    tcase_add_test(people, what_the_platform_holds);
    tcase_add_test(people, why_not_wanted);
    tcase_add_test(people, same_email);
    tcase_add_test(people, nothing_is_planned_from_another_configuration);
    tcase_add_test(people, nothing_was_ever_planned);
    tcase_add_test(people, plan_without_writing_is_the_same);
    tcase_add_test(people, held_by_the_guard);
    tcase_add_test(people, a_quiet_plan_notes_nothing);
    tcase_add_test(people, who_waits_for_a_seat);
    tcase_add_test(people, changes_of_long_runs);
    tcase_add_loop_test(people, ways_agree_with_entitlements, 0, 10);
    suite_add_tcase(s, people);
    return suite_run(s);
}
