/*
 * A made-up directory in memory, pulled through the real stage into a store in a temporary folder, and the plans that follow from it:
 * for the suites of the sync side. Everything but the directory's connector and the look at the gate is the program's own.
 *
 *   world_open -> (person, group, member, … -> world_pull -> world_plan | world_apply)… -> world_close
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <check.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/schema.h"
#include "crypto/digest.h"
#include "model/gate.h"
#include "push/directories.h"
#include "roster/roster.h"
#include "store/domain.h"
#include "store/drift.h"
#include "store/mirror.h"
#include "store/run.h"
#include "sync/apply.h"
#include "sync/entitle.h"
#include "sync/plan.h"
#include "sync/stage.h"

#define WORLD_ITEMS   128
#define WORLD_MEMBERS 64
#define WORLD_TEXT    128

enum trouble { TROUBLE_NONE, TROUBLE_WITH_ID, TROUBLE_WITHOUT_ID };

/* One entry of the made-up directory. */
struct item {
    char short_name[32], id[40], dn[WORLD_TEXT], alias[32];
    char attr[ATTR_COUNT][WORLD_TEXT];
    char members[WORLD_MEMBERS][WORLD_TEXT]; /* DNs; "alias:NAME" */
    size_t nmembers;
    enum entry_kind kind;
    bool there, active;
    unsigned excluded;
    enum trouble trouble;
};

struct world {
    char dir[64];
    struct store *store;
    struct conf *conf;
    struct item items[WORLD_ITEMS];
    size_t n;
    int64_t now;
    struct gate gate;
    struct gate_domain domains[2]; /* example.com, open; branch.example, closed */
    struct stage_result result;    /* of the last pull, without texts */
    size_t puts;                   /* entries that the last pull wanted in full */
    bool approved;                 /* what is withheld is let through */
    bool drift;                    /* plans repair what the last look at the platform found */
    enum pull_result ends;         /* how the next pulls end */
    struct err err;
};

#define WORLD_CONF                                                                                                     \
    "[organization]\nname = Example\ncontact = it@example.com\nurl = https://sso.example.com\nstate-dir = state\n"     \
    "[domain example.com]\nconnection = idp\n[domain branch.example]\nconnection = idp\n"                              \
    "[connection idp]\ntype = saml\nmetadata-file = idp.xml\n[platform builtin]\ntype = roster\n"
#define WORLD_TEAM(more)                                                                                               \
    "[team design]\ndirectory = hq\nplatform = builtin\nprimary-admin = alice@example.com\n" more "\n"
#define WORLD_DIRECTORY(more) "[directory hq]\ntype = ldif\nfile = hq.ldif\n" more "\n"
#define WORLD_PRODUCT(name, group, more)                                                                               \
    "[product " name "]\nteam = design\nname = " name "\ngroup = cn=" group ",ou=Groups,dc=example,dc=com\n" more "\n"

static inline char *world_path(const struct world *w, const char *name)
{
    return mem_printf("%s/%s", w->dir, name);
}

static inline void world_write(const struct world *w, const char *name, const char *text)
{
    CLEANUP(freep) char *path = world_path(w, name);
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* In place of the configuration before; what follows the parts that every case shares. */
static inline void world_conf(struct world *w, const char *text)
{
    CLEANUP(freep) char *whole = mem_printf("%s%s", WORLD_CONF, text);
    CLEANUP(freep) char *path = world_path(w, "doorward.conf");
    world_write(w, "doorward.conf", whole);
    conf_free(&w->conf);
    int r = conf_load(path, schema_get(), &w->conf, NULL, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
}

static inline void world_sql(struct world *w, const char *sql)
{
    int r = db_exec(w->store->db, sql, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
}

static inline int64_t world_int(struct world *w, const char *sql)
{
    int64_t ret = 0;
    int r = db_get_int(w->store->db, sql, &ret, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
    return ret;
}

/* The database's own gate, open for both domains: the plan's gate is what closes one of them. */
static inline void world_open_gate(struct world *w)
{
    static const char *const names[] = {"example.com", "branch.example"};
    struct connection_row idp = {.name = "idp",
                                 .state = CONNECTION_ACTIVE,
                                 .entity = "https://idp.example.com",
                                 .tested_as = "alice@example.com",
                                 .tested_at = w->now,
                                 .activated_at = w->now};
    ck_assert_int_eq(connection_put(w->store, &idp, &w->err), 0);
    ck_assert_int_eq(connection_usable_until(w->store, "idp", clock_now() + 86400, &w->err), 0);
    for (int i = 0; i < 2; i++) {
        struct domain_row row = {
            .name = names[i], .token = "t", .state = DOMAIN_PROVED, .method = "dns", .dnssec = "", .detail = ""};
        ck_assert_int_eq(domain_put(w->store, &row, &w->err), 0);
        ck_assert_int_eq(domain_bind(w->store, names[i], "idp", &w->err), 0);
        w->domains[i] = (struct gate_domain){.domain = names[i], .connection = "idp", .open = i == 0};
    }
    w->gate = (struct gate){.domains = w->domains, .n = 2};
}

static inline struct store *world_store(struct world *w, const char *name)
{
    CLEANUP(freep) char *path = world_path(w, name);
    struct store *store = NULL;
    int r = store_open(path, STORE_WRITE, "a test", &store, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
    return store;
}

static inline void world_enable(struct world *w)
{
    struct team_row team = {0};
    ck_assert_int_eq(team_get(w->store->db, "design", &team, &w->err), 0);
    team_row_release(&team);
    ck_assert_int_eq(team_enable(w->store->db, team.id, w->now, &w->err), 0);
}

static inline void world_open(struct world *w, const char *conf)
{
    *w = (struct world){.now = 1800000000, .ends = PULL_COMPLETE};
    snprintf(w->dir, sizeof w->dir, "%s/doorward-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    world_write(w, "idp.xml", "<x/>");
    world_write(w, "hq.ldif", "version: 1\n");
    world_conf(w, conf);
    w->store = world_store(w, "state");
    world_open_gate(w);
    world_enable(w);
}

static inline int world_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline void world_close(struct world *w)
{
    store_close(&w->store);
    conf_free(&w->conf);
    if (*w->dir)
        nftw(w->dir, world_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    *w->dir = '\0';
}

/* --- the directory --- */

static inline struct item *world_item(struct world *w, enum entry_kind kind, const char *name)
{
    ck_assert_uint_lt(w->n, WORLD_ITEMS);
    struct item *it = &w->items[w->n++];
    *it = (struct item){.kind = kind, .there = true, .active = true};
    snprintf(it->short_name, sizeof it->short_name, "%s", name);
    snprintf(it->id, sizeof it->id, "00000000-0000-4000-8000-%012zx", w->n);
    snprintf(it->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "%s", name);
    return it;
}

static inline struct item *person(struct world *w, const char *name)
{
    struct item *it = world_item(w, ENTRY_PERSON, name);
    snprintf(it->dn, sizeof it->dn, "uid=%s,ou=People,dc=example,dc=com", name);
    snprintf(it->attr[ATTR_EMAIL], WORLD_TEXT, "%s@example.com", name);
    return it;
}

static inline struct item *group(struct world *w, const char *name)
{
    struct item *it = world_item(w, ENTRY_GROUP, name);
    snprintf(it->dn, sizeof it->dn, "cn=%s,ou=Groups,dc=example,dc=com", name);
    return it;
}

static inline void member_name(struct item *g, const char *name)
{
    ck_assert_uint_lt(g->nmembers, WORLD_MEMBERS);
    size_t n = strlen(name);
    ck_assert_uint_lt(n, WORLD_TEXT);
    memmove(g->members[g->nmembers++], name, n + 1);
}

static inline void member(struct item *g, const struct item *m)
{
    member_name(g, m->dn);
}

static inline void not_member(struct item *g, const struct item *m)
{
    for (size_t i = 0; i < g->nmembers; i++) {
        if (strcmp(g->members[i], m->dn) != 0)
            continue;
        if (i != --g->nmembers)
            memcpy(g->members[i], g->members[g->nmembers], WORLD_TEXT);
        i--;
    }
}

static inline void set_email(struct item *p, const char *email)
{
    snprintf(p->attr[ATTR_EMAIL], WORLD_TEXT, "%s", email);
}

/* Deleted and made anew: the same name, another immutable id. */
static inline void recreate(struct item *it)
{
    static unsigned made;
    snprintf(it->id, sizeof it->id, "00000000-0000-4000-9000-%012u", ++made);
}

static inline void set_dn(struct item *it, const char *dn)
{
    snprintf(it->dn, sizeof it->dn, "%s", dn);
}

static inline struct key128 world_key(const char *name)
{
    struct key128 key;
    struct err err = ERR_INIT;
    if (strncmp(name, "alias:", 6) != 0) {
        ck_assert_int_eq(directory_connector_find("ldif")->name_key(name, &key, &err), 0);
        return key;
    }
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_start(d);
    digest_field(d, span_str(name));
    return digest_key(d);
}

static inline struct key128 item_fingerprint(const struct item *it)
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_start(d);
    digest_field(d, span_str(it->id));
    digest_field(d, span_str(it->dn));
    digest_field(d, span_str(it->alias));
    for (int a = 0; a < ATTR_COUNT; a++)
        digest_field(d, span_str(it->attr[a]));
    digest_add(d, &it->kind, sizeof it->kind);
    digest_add(d, &it->active, sizeof it->active);
    digest_add(d, &it->excluded, sizeof it->excluded);
    for (size_t i = 0; i < it->nmembers; i++)
        digest_field(d, span_str(it->members[i]));
    return digest_key(d);
}

static inline int item_deliver(struct world *w, const struct item *it, const struct sink *sink)
{
    struct span id = span_str(it->id), name = span_str(it->dn);
    if (it->trouble != TROUBLE_NONE)
        return sink->fault(sink->ctx, it->trouble == TROUBLE_WITH_ID ? id : (struct span){0}, name, "made up", &w->err);
    struct key128 fingerprint = item_fingerprint(it);
    int seen = sink->seen(sink->ctx, it->kind, id, fingerprint, &w->err);
    if (seen != 0)
        return seen < 0 ? -1 : 0;
    w->puts++;
    struct key128 members[WORLD_MEMBERS];
    for (size_t i = 0; i < it->nmembers; i++)
        members[i] = world_key(it->members[i]);
    struct entry e = {.kind = it->kind,
                      .id = id,
                      .name = name,
                      .key = world_key(it->dn),
                      .active = it->active,
                      .excluded = it->excluded,
                      .members = members,
                      .nmembers = it->nmembers,
                      .fingerprint = fingerprint};
    if (*it->alias) {
        CLEANUP(freep) char *alias = mem_printf("alias:%s", it->alias);
        e.alias = world_key(alias);
    }
    for (int a = 0; a < ATTR_COUNT; a++)
        e.attr[a] = span_str(it->attr[a]);
    return sink->put(sink->ctx, &e, &w->err);
}

static inline int world_deliver(struct world *w, struct stage *stage)
{
    w->puts = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].there && item_deliver(w, &w->items[i], stage_sink(stage)) != 0)
            return -1;
    return 0;
}

static inline const struct conf_section *world_team(const struct world *w)
{
    return conf_find(w->conf, "team", "design");
}

/* What sync/pull.c does behind the connector's pull, up to the commit. */
static inline int world_settle(struct world *w, struct stage *stage, const char *cursor)
{
    if (stage_finish(stage, w->ends, cursor, &w->err) != 0)
        return -1;
    const uint32_t *dirty;
    size_t n;
    bool all;
    stage_dirty(stage, &dirty, &n, &all);
    struct policy policy = {0};
    if (policy_load(w->store, w->conf, world_team(w), &policy, &w->err) != 0)
        return -1;
    int r = entitle_update(w->store, &policy, dirty, n, all, &w->err);
    policy_release(&policy);
    if (r == 0)
        w->result = *stage_result(stage);
    return r;
}

/* As sync/pull.c does it, with the made-up directory in place of a connector. */
static inline int world_try_pull(struct world *w)
{
    CLEANUP(stage_free) struct stage *stage = NULL;
    if (stage_begin(w->store, "hq", w->now, &stage, &w->err) != 0 || world_deliver(w, stage) != 0 ||
        world_settle(w, stage, NULL) != 0)
        return -1;
    return stage_commit(stage, &w->err);
}

static inline void world_pull(struct world *w)
{
    int r = world_try_pull(w);
    ck_assert_msg(r == 0, "%s", w->err.text);
}

/* --- plans --- */

static inline const char *world_name(struct world *w, uint32_t entry)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w->store->db, "SELECT uid FROM entry WHERE id = ?", &st, &w->err), 0);
    stmt_bind_int(st, 1, entry);
    if (stmt_step(st, &w->err) != 1)
        return "?";
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->items[i].id, stmt_text(st, 0)) == 0)
            return w->items[i].short_name;
    return "?";
}

static inline void show_change(struct world *w, const struct plan *plan, const struct change *c, struct buf *out)
{
    buf_printf(out, "%s", op_names[c->op]);
    if (c->person)
        buf_printf(out, " %s", world_name(w, c->person));
    if (c->op == OP_ASSIGN || c->op == OP_UNASSIGN) {
        for (size_t i = 0; i < plan->nseats; i++)
            if (plan->seats[i].product == c->object)
                buf_printf(out, " %s", plan->seats[i].section);
    } else if (c->object) {
        buf_printf(out, " %s", world_name(w, c->object));
    }
    buf_printf(out, ": %s", cause_names[c->cause]);
    if (c->cause == CAUSE_ATTRIBUTES || (c->op == OP_ADOPT && c->cause != CAUSE_UNDO)) {
        for (int a = 0; a < ATTR_COUNT; a++)
            if (c->detail & 1u << a)
                buf_printf(out, " %s", attr_names[a]);
    } else if (c->cause == CAUSE_EXCLUDED) {
        buf_printf(out, " %" PRIu32, c->detail);
    } else if (c->cause == CAUSE_DRIFT) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        const char *found;
        ck_assert_int_eq(drift_found(w->store->db, plan->team_id, c, pool, &found, &w->err), 0);
        buf_printf(out, ": %s", found);
    } else if (c->cause == CAUSE_UNDO) {
        buf_printf(out, " of run %" PRIu32, c->detail);
    } else if (c->detail) {
        buf_printf(out, " %s", world_name(w, c->detail));
    }
    if (c->hold == HOLD_CHANGED)
        buf_printf(out, " [%s %" PRIu32 "]", hold_names[c->hold], c->other);
    else if ((c->hold == HOLD_SAME_EMAIL || c->hold == HOLD_NEW_ID) && c->other)
        buf_printf(out, " [%s %s]", hold_names[c->hold], world_name(w, c->other));
    else if (c->hold != HOLD_NONE)
        buf_printf(out, " [%s]", hold_names[c->hold]);
    buf_printf(out, "\n");
}

static inline struct plan *world_plan(struct world *w)
{
    struct policy policy = {0};
    struct plan *plan = NULL;
    int r = policy_load(w->store, w->conf, world_team(w), &policy, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
    struct plan_settings settings = {.conf = w->conf, .policy = &policy, .gate = &w->gate, .now = w->now, .drift = w->drift,
                                     .approved = w->approved};
    plan_settings_read(&settings);
    r = plan_make(w->store, &settings, &plan, &w->err);
    policy_release(&policy);
    ck_assert_msg(r == 0, "%s", w->err.text);
    return plan;
}

/* A line for each change, then one for each that is held. */
static inline void show_plan(struct world *w, const struct plan *plan, struct buf *out)
{
    for (size_t i = 0; i < plan->n; i++)
        show_change(w, plan, &plan->changes[i], out);
    for (size_t i = 0; i < plan->nheld; i++)
        show_change(w, plan, &plan->held[i], out);
}

static inline void planned(struct world *w, const char *expected)
{
    CLEANUP(plan_free) struct plan *plan = world_plan(w);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    show_plan(w, plan, &text);
    ck_assert_str_eq(buf_str(&text), expected);
}

static inline int world_carry_out(struct world *w, const struct plan *plan, int64_t *ret_run, size_t *ret_done)
{
    struct apply_job job = {.plan = plan,
                            .plan_id = "p",
                            .command = "apply",
                            .platform = conf_find(w->conf, "platform", "builtin"),
                            .connector = &roster_platform};
    return apply_plan(w->store, &job, ret_run, ret_done, &w->err);
}

/* Makes the plan and carries it out; the number of changes. */
static inline size_t world_apply(struct world *w)
{
    CLEANUP(plan_free) struct plan *plan = world_plan(w);
    int64_t run;
    size_t done;
    int r = world_carry_out(w, plan, &run, &done);
    ck_assert_msg(r == 0, "%s", w->err.text);
    ck_assert_uint_eq(done, plan->n);
    return plan->n;
}

#endif
