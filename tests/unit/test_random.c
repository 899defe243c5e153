/*
 * Directories that change at random, from a fixed seed: what is kept incrementally must be what a fresh store makes of the same
 * directory, and what an independent reckoning says; after a plan was applied there is nothing left to plan; and the plan for one person
 * is what the plan for everybody says of that person.
 *
 * DOORWARD_TEST_SEED and DOORWARD_TEST_STEPS choose others.
 */
#include "world.h"
#include "suite.h"

#define PEOPLE     26
#define GROUPS     12
#define CONFIGURED 5 /* of them, the first */

static struct world w;
static struct item delivered[WORLD_ITEMS]; /* each item as it was last delivered without trouble */
static uint64_t seed;
static bool configured_stay; /* the groups that the configuration names */

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

#define CONF                                                                                                           \
    "[sync]\nmax-removals = 100%\n" WORLD_DIRECTORY(                                                                   \
        "scope-group = cn=g0,ou=Groups,dc=example,dc=com\nscope-group = cn=g1,ou=Groups,dc=example,dc=com")            \
        WORLD_TEAM("groups = all\nadopt = yes")                                                                        \
            WORLD_PRODUCT("autocad", "g2", "group = cn=g3,ou=Groups,dc=example,dc=com")                                \
                WORLD_PRODUCT("revit", "g4", "")                                                                       \
                    WORLD_PRODUCT("3dsmax", "g0", "group = cn=g2,ou=Groups,dc=example,dc=com")

/* Who has a user name beside the e-mail is known again under a new id. */
static bool is_recognised(int i)
{
    return i % 5 != 4;
}

static void setup(void)
{
    configured_stay = false;
    seed = number_from("DOORWARD_TEST_SEED", 20260);
    memset(delivered, 0, sizeof delivered);
    world_open(&w, CONF);
    for (int i = 0; i < PEOPLE; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        struct item *p = person(&w, name);
        snprintf(p->alias, sizeof p->alias, "%s", name);
        if (is_recognised(i))
            snprintf(p->attr[ATTR_USER_NAME], WORLD_TEXT, "%s", name);
        if (i % 9 == 8) {
            CLEANUP(freep) char *email = mem_printf("%s@branch.example", name);
            set_email(p, email);
        }
    }
    for (int i = 0; i < GROUPS; i++) {
        CLEANUP(freep) char *name = mem_printf("g%d", i);
        group(&w, name);
    }
    for (int i = 0; i < GROUPS * 10; i++) {
        struct item *g = &w.items[PEOPLE + i % GROUPS];
        member(g, &w.items[i % 8 == 0 ? PEOPLE + below(GROUPS) : below(PEOPLE)]);
    }
}

static void teardown(void)
{
    world_close(&w);
}

static struct item *any(enum entry_kind kind)
{
    return kind == ENTRY_PERSON ? &w.items[below(PEOPLE)] : &w.items[PEOPLE + below(GROUPS)];
}

static bool name_taken(const char *dn)
{
    for (size_t i = 0; i < w.n; i++)
        if (w.items[i].there && strcmp(w.items[i].dn, dn) == 0)
            return true;
    return false;
}

static bool alias_taken(const char *alias)
{
    for (size_t i = 0; i < w.n; i++)
        if (w.items[i].there && strcmp(w.items[i].alias, alias) == 0)
            return true;
    return false;
}

/* --- single changes --- */

static void change_name(void)
{
    struct item *it = any(below(4) == 0 ? ENTRY_GROUP : ENTRY_PERSON);
    char dn[WORLD_TEXT];
    if (it->kind == ENTRY_PERSON)
        snprintf(dn, sizeof dn, "uid=p%u,ou=%s,dc=example,dc=com", below(PEOPLE), below(2) ? "People" : "Others");
    else
        snprintf(dn, sizeof dn, "cn=g%u,ou=%s,dc=example,dc=com", below(GROUPS), below(2) ? "Groups" : "Others");
    if (!name_taken(dn))
        set_dn(it, dn);
}

static void swap_names(void)
{
    struct item *a = any(ENTRY_PERSON), *b = any(ENTRY_PERSON);
    char was[WORLD_TEXT];
    if (!a->there || !b->there || a == b)
        return;
    memcpy(was, a->dn, sizeof was);
    memcpy(a->dn, b->dn, sizeof was);
    memcpy(b->dn, was, sizeof was);
}

static void change_alias(void)
{
    struct item *it = any(ENTRY_PERSON);
    char alias[32];
    snprintf(alias, sizeof alias, "p%u", below(PEOPLE));
    if (below(4) == 0)
        it->alias[0] = '\0';
    else if (!alias_taken(alias))
        memcpy(it->alias, alias, sizeof alias);
}

static void come_or_go(void)
{
    struct item *it = any(below(5) == 0 ? ENTRY_GROUP : ENTRY_PERSON);
    bool configured = it >= w.items + PEOPLE && it < w.items + PEOPLE + CONFIGURED;
    if (it->there)
        it->there = configured && configured_stay;
    else if (!name_taken(it->dn) && !(*it->alias && alias_taken(it->alias)))
        it->there = true;
}

static void change_attribute(void)
{
    struct item *it = any(below(6) == 0 ? ENTRY_GROUP : ENTRY_PERSON);
    snprintf(it->attr[it->kind == ENTRY_PERSON ? ATTR_TITLE : ATTR_DISPLAY_NAME], WORLD_TEXT, "n%u", below(1000));
}

static void change_state(void)
{
    struct item *it = any(ENTRY_PERSON);
    if (below(2))
        it->active = below(4) != 0;
    else
        it->excluded = below(4) ? 0 : 1 + below(3);
}

static void add_member(void)
{
    struct item *g = any(ENTRY_GROUP);
    if (g->nmembers == WORLD_MEMBERS)
        return;
    unsigned what = below(10);
    char name[WORLD_TEXT];
    snprintf(name, sizeof name, "alias:p%u", below(PEOPLE));
    if (what == 0)
        member_name(g, "cn=nobody,dc=elsewhere");
    else if (what == 1)
        member_name(g, name);
    else
        member(g, any(what < 5 ? ENTRY_GROUP : ENTRY_PERSON));
}

static void drop_member(void)
{
    struct item *g = any(ENTRY_GROUP);
    if (g->nmembers == 0)
        return;
    unsigned i = below((unsigned)g->nmembers);
    if (i != --g->nmembers)
        memcpy(g->members[i], g->members[g->nmembers], WORLD_TEXT);
}

/* Deleted and made anew under the same name; the groups that the configuration names would be looked up anew. */
static void make_anew(void)
{
    struct item *it = any(below(2) ? ENTRY_GROUP : ENTRY_PERSON);
    if (it < w.items + PEOPLE || it >= w.items + PEOPLE + CONFIGURED)
        recreate(it);
}

static void empty_group(void)
{
    if (below(4) == 0)
        any(ENTRY_GROUP)->nmembers = 0;
}

static void fall_into_trouble(void)
{
    struct item *it = any(below(4) == 0 ? ENTRY_GROUP : ENTRY_PERSON);
    const struct item *last = &delivered[it - w.items];
    bool still = last->there == it->there && strcmp(last->id, it->id) == 0 && strcmp(last->dn, it->dn) == 0 &&
                 strcmp(last->alias, it->alias) == 0;
    it->trouble = it->trouble == TROUBLE_NONE && still && below(3) == 0 ? TROUBLE_WITH_ID : TROUBLE_NONE;
}

static void nothing(void)
{
}

/* An item in trouble keeps in the mirror what it was; it must not be moved meanwhile, or its old name would be borne twice. */
static void change_something(bool troubles)
{
    static void (*const changes[])(void) = {change_name,      change_name,      come_or_go, come_or_go,  swap_names,
                                            change_alias,     add_member,       add_member, add_member,  drop_member,
                                            change_attribute, change_state,     nothing,    empty_group, make_anew,
                                            make_anew,        fall_into_trouble};
    struct world before;
    memcpy(before.items, w.items, sizeof w.items);
    changes[below(sizeof changes / sizeof *changes - !troubles)]();
    for (size_t i = 0; i < w.n; i++) {
        struct item *now = &w.items[i], *was = &before.items[i];
        bool stuck = now->trouble != TROUBLE_NONE || was->trouble != TROUBLE_NONE;
        bool moved = strcmp(now->dn, was->dn) != 0 || strcmp(now->alias, was->alias) != 0 || now->there != was->there ||
                     strcmp(now->id, was->id) != 0;
        if (stuck && moved) {
            memcpy(w.items, before.items, sizeof w.items);
            return;
        }
    }
}

/* Trouble ends only by being delivered as it was; so what was delivered last is what counts. */
static void note_delivered(void)
{
    for (size_t i = 0; i < w.n; i++) {
        if (w.items[i].trouble == TROUBLE_NONE)
            delivered[i] = w.items[i];
        else if (!w.items[i].there)
            delivered[i].there = false;
    }
}

/* --- an independent reckoning --- */

static const struct item *bearer(const char *name)
{
    struct key128 key = world_key(name);
    for (size_t i = 0; i < w.n; i++) {
        const struct item *it = &delivered[i];
        CLEANUP(freep) char *alias = mem_printf("alias:%s", it->alias);
        if (it->there && (key_eq(world_key(it->dn), key) || (*it->alias && key_eq(world_key(alias), key))))
            return it;
    }
    return NULL;
}

static bool leads_to(const struct item *g, const struct item *p, bool *visited)
{
    if (visited[g - delivered])
        return false;
    visited[g - delivered] = true;
    for (size_t i = 0; i < g->nmembers; i++) {
        const struct item *m = bearer(g->members[i]);
        if (m == p || (m && m->kind == ENTRY_GROUP && leads_to(m, p, visited)))
            return true;
    }
    return false;
}

/* --- comparing stores --- */

#define ENTITLED_ROWS                                                                                                  \
    "SELECT t.kind || ' ' || CASE t.kind WHEN 2 THEN (SELECT uid FROM entry WHERE id = t.grp) ELSE t.name END || ' '"  \
    " || p.uid FROM entitled e JOIN target t ON t.id = e.target JOIN entry p ON p.id = e.person ORDER BY 1"
#define MIRROR_ROWS                                                                                                    \
    "SELECT e.uid || ' ' || e.fp_hi || ' ' || e.fp_lo || ' ' || coalesce((SELECT name || active || excluded ||"        \
    " coalesce(title, '') FROM person p WHERE p.id = e.id), '') || coalesce((SELECT group_concat(uid) FROM (SELECT"    \
    " DISTINCT m.uid FROM edge JOIN ref ON ref.id = edge.ref JOIN entry m ON m.id = ref.entry WHERE edge.grp = e.id"   \
    " AND m.gone_at = 0 ORDER BY m.uid)), '') FROM entry e WHERE e.gone_at = 0 ORDER BY e.uid"

static void read_rows(struct store *store, const char *sql, struct buf *out)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(store->db, sql, &st, &w.err), 0);
    while (stmt_step(st, &w.err) == 1)
        buf_printf(out, "%s\n", stmt_text(st, 0));
}

/* A configured name stays with the group it was bound to at first sight: the fresh store has to know what the old one saw. */
static void copy_bindings(struct store *from, struct store *to)
{
    struct team_row team = {0};
    ck_assert_int_eq(team_get(to->db, "design", &team, &w.err), 0);
    team_row_release(&team);
    CLEANUP(stmt_free) struct stmt *st = NULL, *find = NULL;
    ck_assert_int_eq(db_prepare(from->db,
                                "SELECT t.kind, t.name, b.configured, e.uid FROM target_group b"
                                " JOIN target t ON t.id = b.target JOIN entry e ON e.id = b.grp",
                                &st, &w.err),
                     0);
    ck_assert_int_eq(db_prepare(to->db, "SELECT id FROM entry WHERE uid = ?", &find, &w.err), 0);
    while (stmt_step(st, &w.err) == 1) {
        uint32_t target;
        stmt_bind_text(find, 1, stmt_text(st, 3));
        if (stmt_step(find, &w.err) == 1) {
            uint32_t entry = (uint32_t)stmt_int(find, 0);
            ck_assert_int_eq(
                target_get(to->db, team.id, (enum target_kind)stmt_int(st, 0), stmt_text(st, 1), 0, &target, &w.err),
                0);
            ck_assert_int_eq(target_bind(to->db, target, stmt_text(st, 2), entry, &w.err), 0);
        }
        stmt_reset(find);
    }
}

/* The same directory, pulled at once by a store that knows nothing; in another order, because order must not matter. */
static struct store *make_fresh(int step)
{
    CLEANUP(freep) char *name = mem_printf("fresh%d", step);
    static struct world fresh;
    fresh = w;
    for (size_t i = 0; i < w.n; i++)
        fresh.items[i] = delivered[w.n - 1 - i];
    fresh.store = world_store(&fresh, name);
    fresh.ends = PULL_COMPLETE;
    CLEANUP(stage_free) struct stage *stage = NULL;
    ck_assert_int_eq(stage_begin(fresh.store, "hq", w.now, &stage, &w.err), 0);
    ck_assert_int_eq(world_deliver(&fresh, stage), 0);
    ck_assert_int_eq(stage_finish(stage, PULL_COMPLETE, NULL, &w.err), 0);
    copy_bindings(w.store, fresh.store);
    struct policy policy = {0};
    int r = policy_load(fresh.store, w.conf, world_team(&w), &policy, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    ck_assert_int_eq(entitle_update(fresh.store, &policy, NULL, 0, true, &w.err), 0);
    policy_release(&policy);
    ck_assert_int_eq(stage_commit(stage, &w.err), 0);
    return fresh.store;
}

static void same_rows(struct store *fresh, const char *sql, int step)
{
    CLEANUP(buf_release) struct buf kept = BUF_INIT, made = BUF_INIT;
    read_rows(w.store, sql, &kept);
    read_rows(fresh, sql, &made);
    const char *k = buf_str(&kept), *m = buf_str(&made);
    while (*k && strcspn(k, "\n") == strcspn(m, "\n") && strncmp(k, m, strcspn(k, "\n") + 1) == 0) {
        m += strcspn(k, "\n") + 1;
        k += strcspn(k, "\n") + 1;
    }
    ck_assert_msg(!*k && !*m, "step %d: kept: %.*s; made from scratch: %.*s", step, (int)strcspn(k, "\n"), k,
                  (int)strcspn(m, "\n"), m);
}

/* Every row says through which group: the person must be directly in it. */
static void via_is_true(void)
{
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entitled e WHERE NOT EXISTS (SELECT 1 FROM edge JOIN ref ON"
                                   " ref.id = edge.ref WHERE edge.grp = e.via AND ref.entry = e.person)"),
                     0);
}

START_TEST(incremental_is_full)
{
    int steps = (int)number_from("DOORWARD_TEST_STEPS", 250);
    size_t rows = 0;
    for (int step = 0; step < steps; step++) {
        for (unsigned i = below(4); i > 0; i--)
            change_something(true);
        w.now += 60;
        world_pull(&w);
        note_delivered();
        via_is_true();
        struct store *fresh = make_fresh(step);
        same_rows(fresh, MIRROR_ROWS, step);
        same_rows(fresh, ENTITLED_ROWS, step);
        rows += (size_t)world_int(&w, "SELECT count(*) FROM entitled");
        store_close(&fresh);
        CLEANUP(freep) char *name = mem_printf("fresh%d", step);
        CLEANUP(freep) char *path = world_path(&w, name);
        nftw(path, world_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    ck_assert_uint_gt(rows, (size_t)steps * 20); /* or the directories were too dull to show anything */
}
END_TEST

/* --- plans --- */

static bool in_group(const char *id, const struct item *p)
{
    bool visited[WORLD_ITEMS] = {false};
    for (size_t i = 0; i < w.n; i++)
        if (delivered[i].there && delivered[i].kind == ENTRY_GROUP && strcmp(delivered[i].id, id) == 0)
            return leads_to(&delivered[i], p, visited);
    return false;
}

/* The group that a configured name is bound to is the one that bore it first: its index is in the name. */
static bool in_configured(int g, const struct item *p)
{
    return in_group(w.items[PEOPLE + g].id, p);
}

static bool is_wanted(const struct item *p)
{
    return p->there && p->active && !p->excluded && (in_configured(0, p) || in_configured(1, p));
}

static bool may_have_account(const struct item *p)
{
    return strstr(p->attr[ATTR_EMAIL], "@example.com") != NULL;
}

static void holds(const char *sql, const struct item *p, bool expected, int step, const char *what)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, sql, &st, &w.err), 0);
    stmt_bind_text(st, 1, p->id);
    ck_assert_int_eq(stmt_step(st, &w.err), 1);
    bool found = stmt_int(st, 0) != 0;
    ck_assert_msg(found == expected, "step %d: %s %s %s", step, p->short_name, found ? "has" : "has not", what);
}

#define SEAT(product)                                                                                                  \
    "SELECT count(*) FROM seat s JOIN account a ON a.id = s.account JOIN product p ON p.id = s.product WHERE a.uid = " \
    "? AND p.name = '" product "'"

static void platform_agrees(int step)
{
    static bool had[WORLD_ITEMS], ever[WORLD_ITEMS],
        lost[WORLD_ITEMS]; /* lost: the account waits for an id that is gone */
    static char known_as[WORLD_ITEMS][40];
    unsigned accounts = 0;
    if (step == 0)
        memset(had, 0, sizeof had), memset(ever, 0, sizeof ever), memset(lost, 0, sizeof lost);
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct item *p = &delivered[i];
        if (strcmp(known_as[i], p->id) != 0) {
            lost[i] = lost[i] || (ever[i] && !is_recognised((int)i));
            had[i] = false;
        }
        memcpy(known_as[i], p->id, sizeof known_as[i]);
        bool wanted = is_wanted(p) && may_have_account(p) && !lost[i];
        had[i] = had[i] || wanted;
        ever[i] = ever[i] || had[i];
        accounts += ever[i];
        holds("SELECT count(*) FROM account WHERE uid = ?", p, had[i], step, "an account");
        holds("SELECT count(*) FROM account WHERE state = 'invited' AND uid = ?", p, wanted, step, "a live account");
        holds(SEAT("autocad"), p, wanted && (in_configured(2, p) || in_configured(3, p)), step, "autocad");
        holds(SEAT("revit"), p, wanted && in_configured(4, p), step, "revit");
        holds(SEAT("3dsmax"), p, wanted && (in_configured(0, p) || in_configured(2, p)), step, "3dsmax");
        for (size_t g = PEOPLE; g < w.n; g++) {
            CLEANUP(stmt_free) struct stmt *st = NULL;
            ck_assert_int_eq(db_prepare(w.store->db,
                                        "SELECT count(*) FROM synced_member m JOIN synced_group s ON s.id ="
                                        " m.synced_group JOIN entry e ON e.id = s.grp JOIN account a ON a.id ="
                                        " m.account WHERE a.uid = ? AND e.uid = ?",
                                        &st, &w.err),
                             0);
            stmt_bind_text(st, 1, p->id);
            stmt_bind_text(st, 2, delivered[g].id);
            ck_assert_int_eq(stmt_step(st, &w.err), 1);
            bool expected = wanted && delivered[g].there && in_group(delivered[g].id, p);
            ck_assert_msg((stmt_int(st, 0) != 0) == expected, "step %d: %s is%s in group %s", step, p->short_name,
                          expected ? " not" : "", delivered[g].short_name);
        }
    }
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account"), accounts); /* nobody has two */
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM synced_group"),
                     world_int(&w, "SELECT count(*) FROM grp g JOIN entry e ON e.id = g.id WHERE e.gone_at = 0"));
}

START_TEST(nothing_is_left_after_a_plan)
{
    int steps = (int)number_from("DOORWARD_TEST_STEPS", 100);
    size_t changes = 0, adopted[2] = {0};
    configured_stay = true; /* without them changes are held, which test_plan looks at */
    for (int step = 0; step < steps; step++) {
        for (unsigned i = below(6); step > 0 && i > 0; i--)
            change_something(false);
        w.now += 60;
        world_pull(&w);
        note_delivered();
        CLEANUP(plan_free) struct plan *plan = world_plan(&w), *twin = world_plan(&w);
        CLEANUP(buf_release) struct buf text = BUF_INIT, again = BUF_INIT;
        show_plan(&w, plan, &text);
        show_plan(&w, twin, &again);
        ck_assert_str_eq(buf_str(&text), buf_str(&again));
        int64_t run;
        size_t done;
        int r = world_carry_out(&w, plan, &run, &done);
        ck_assert_msg(r == 0, "step %d: %s\n%s", step, w.err.text, buf_str(&text));
        changes += done;
        adopted[0] += plan->counts[OP_ADOPT];
        adopted[1] += plan->counts[OP_ADOPT_GROUP];
        CLEANUP(plan_free) struct plan *rest = world_plan(&w);
        ck_assert_msg(rest->n == 0, "step %d: %zu changes left, after\n%s", step, rest->n, buf_str(&text));
        ck_assert_uint_eq(rest->nheld, plan->nheld);
        platform_agrees(step);
    }
    ck_assert_uint_gt(changes, (size_t)steps);
    ck_assert(steps < 100 || (adopted[0] && adopted[1]));
}
END_TEST

/* --- plans for one person --- */

#define CONF_SCARCE                                                                                                    \
    "[sync]\nmax-removals-count = 2\n" WORLD_DIRECTORY(                                                                \
        "scope-group = cn=g0,ou=Groups,dc=example,dc=com\nscope-group = cn=g1,ou=Groups,dc=example,dc=com")            \
        WORLD_TEAM("groups = all\nprotect = p3@*")                                                                     \
            WORLD_PRODUCT("autocad", "g2", "seats = 3\ngroup = cn=g3,ou=Groups,dc=example,dc=com")                     \
                WORLD_PRODUCT("revit", "g4", "seats = 1") WORLD_PRODUCT("3dsmax", "g0", "seats = 9")                   \
                    WORLD_PRODUCT("maya", "g1", "seats = 5")

/* An address that somebody else has, or had, or nobody; of a domain that is open, closed, or none of ours. */
static void change_email(void)
{
    static const char *const domains[] = {"example.com", "example.com", "EXAMPLE.com", "branch.example",
                                          "elsewhere.example"};
    CLEANUP(freep) char *email = mem_printf("p%u@%s", below(PEOPLE), domains[below(5)]);
    if (below(12) == 0)
        email[0] = '\0';
    set_email(any(ENTRY_PERSON), email);
}

static void mine(const struct plan *plan, uint32_t person, struct buf *out)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->changes[i].person == person)
            show_change(&w, plan, &plan->changes[i], out);
    for (size_t i = 0; i < plan->nheld; i++)
        if (plan->held[i].person == person)
            show_change(&w, plan, &plan->held[i], out);
}

static struct plan *plan_with(const struct policy *policy, uint32_t only, bool approved, bool guarded)
{
    struct plan_settings settings = {.conf = w.conf,
                                     .policy = policy,
                                     .gate = &w.gate,
                                     .now = w.now,
                                     .approved = approved,
                                     .only = only,
                                     .guarded = guarded};
    plan_settings_read(&settings);
    struct plan *plan = NULL;
    int r = plan_make(w.store, &settings, &plan, &w.err);
    ck_assert_msg(r == 0, "%s", w.err.text);
    return plan;
}

struct told {
    size_t n, waiting, blocked, guarded;
};

static void one_is_part_of_all(const struct policy *policy, bool approved, int step, struct told *told)
{
    CLEANUP(plan_free) struct plan *whole = plan_with(policy, 0, approved, false);
    for (uint32_t person = 1; person <= w.n; person++) {
        bool guarded = !approved && whole->guard.ntrips > 0;
        CLEANUP(plan_free) struct plan *one = plan_with(policy, person, approved, guarded);
        CLEANUP(buf_release) struct buf expected = BUF_INIT, text = BUF_INIT, all = BUF_INIT;
        mine(whole, person, &expected);
        mine(one, person, &text);
        show_plan(&w, one, &all);
        ck_assert_msg(strcmp(buf_str(&text), buf_str(&expected)) == 0, "step %d, %s: alone\n%sof all\n%s", step,
                      world_name(&w, person), buf_str(&text), buf_str(&expected));
        ck_assert_str_eq(buf_str(&all), buf_str(&text)); /* nobody else's */
        told->n += one->n + one->nheld;
    }
    told->waiting += whole->holds[HOLD_NO_SEAT];
    told->blocked += whole->holds[HOLD_SAME_EMAIL];
    told->guarded += whole->holds[HOLD_GUARD];
}

START_TEST(one_person_is_planned_as_in_all)
{
    int steps = (int)number_from("DOORWARD_TEST_STEPS", 50);
    struct told told = {0};
    world_conf(&w, CONF_SCARCE);
    seed += (uint64_t)_i;
    for (int step = 0; step < steps; step++) {
        for (unsigned i = below(8); step > 0 && i > 0; i--)
            below(4) == 0 ? change_email() : change_something(false);
        w.now += below(3) == 0 ? 40 * 86400 : 60;
        world_pull(&w);
        note_delivered();
        struct policy policy = {0};
        int r = policy_load(w.store, w.conf, world_team(&w), &policy, &w.err);
        ck_assert_msg(r == 0, "%s", w.err.text);
        one_is_part_of_all(&policy, true, step, &told);
        one_is_part_of_all(&policy, false, step, &told);
        policy_release(&policy);
        if (below(2) == 0)
            world_apply(&w);
    }
    /* Or there was nothing to disagree about. */
    ck_assert_uint_gt(told.n, (size_t)steps * 4);
    ck_assert_uint_gt(told.waiting, (size_t)steps);
    ck_assert_uint_gt(told.blocked, (size_t)steps / 2);
    ck_assert_uint_gt(told.guarded, (size_t)steps / 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("random");
    TCase *c = tcase_create("random");
    tcase_set_timeout(c, 600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, incremental_is_full);
    tcase_add_test(c, nothing_is_left_after_a_plan);
    tcase_add_loop_test(c, one_person_is_planned_as_in_all, 0, 4);
    suite_add_tcase(s, c);
    return suite_run(s);
}
