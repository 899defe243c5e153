/*
 * A platform elsewhere, in memory that outlives a killed child: it does what it is told, answers as the case says, and remembers every key,
 * to prove that nothing is done twice and no key stands for two things.
 *
 *   elsewhere_open -> elsewhere_apply, elsewhere_settle… -> elsewhere_agrees -> elsewhere_close
 *
 * It can be read as well, and be changed by hand: elsewhere_look compares it with our rows, and the plans behind it repair what drifted.
 */
#ifndef TESTS_UNIT_ELSEWHERE_H
#define TESTS_UNIT_ELSEWHERE_H

#include <signal.h>
#include <sys/mman.h>

#include "store/audit.h"
#include "store/delivery.h"
#include "sync/look.h"
#include "sync/settle.h"
#include "sync/undo.h"
#include "world.h"

#define FAR_ROOM  64   /* accounts, and objects */
#define FAR_KEYS  4096 /* tasks that were ever sent */
#define FAR_WIDTH 4

struct far_account {
    char uid[64], email[128], title[64];
    bool there, active;
    char id[64], bears[64]; /* when it is not A-uid; when it is not uid, "-" for none */
    bool stranger;          /* uid is its name, and nobody's id */
    bool own_title;         /* the platform sets the title itself */
};

struct far_object {
    char uid[64], name[128];
    bool there, member[FAR_ROOM];
    unsigned foreign; /* members that are not ours */
    bool stranger;
    enum platform_assign how;
    char value[64];
    char id[64], bears[64]; /* as of accounts */
};

/* How a listing ends. */
enum far_reading { FAR_ALL, FAR_CUT_OFF, FAR_SILENT, FAR_EMPTY, FAR_HALF, FAR_NEARLY };

struct far_key {
    char key[40], what[160];
    unsigned sent, done; /* done: how often it changed something here */
};

struct far {
    struct far_account accounts[FAR_ROOM];
    struct far_object objects[FAR_ROOM];
    struct far_key keys[FAR_KEYS];
    size_t naccounts, nobjects, nkeys, waves, tasks;
    size_t turns; /* how often a join was of another group than the one before it */
    char joined[64];
    /* How it answers; 0 or NULL: always done. */
    unsigned faults, seed; /* percent of tasks, at random */
    int busy;              /* so many tasks get RETRY before one is done; -1: all of them */
    int64_t wait;          /* that it asks for with RETRY */
    bool quietly;          /* … and do it all the same: the answer was lost */
    int stop_after;        /* so many tasks are done, then STOP; 0: never */
    enum far_reading reading;
    enum op refused_op;
    char refused[64]; /* uid of whom, or of what: SKIP; "" : nobody */
    /* Kills the process just before the so manieth step: statements of the store, tasks before and behind. 0: never. */
    long kill_at, steps;
};

static struct far *far;
static struct conf *far_conf;

static inline void far_step(void)
{
    if (far->kill_at && ++far->steps == far->kill_at)
        kill(getpid(), SIGKILL);
}

/* --- what it holds --- */

static inline size_t far_account_of(const char *uid)
{
    for (size_t i = 0; i < far->naccounts; i++)
        if (strcmp(far->accounts[i].uid, uid) == 0)
            return i;
    ck_assert_uint_lt(far->naccounts, FAR_ROOM);
    snprintf(far->accounts[far->naccounts].uid, sizeof far->accounts->uid, "%s", uid);
    return far->naccounts++;
}

/* What is adopted goes by another id from now on; whether it went by the former one. */
static inline bool far_adopt(const struct platform_task *t)
{
    const char *now = t->person ? t->person : t->object_uid;
    for (size_t i = 0; t->former && t->person && i < far->naccounts; i++) {
        if (strcmp(far->accounts[i].uid, t->former) == 0) {
            snprintf(far->accounts[i].uid, sizeof far->accounts->uid, "%s", now);
            return true;
        }
    }
    for (size_t i = 0; t->former && !t->person && i < far->nobjects; i++) {
        if (strcmp(far->objects[i].uid, t->former) == 0) {
            snprintf(far->objects[i].uid, sizeof far->objects->uid, "%s", now);
            return true;
        }
    }
    return false;
}

static inline struct far_object *far_object_of(const char *uid)
{
    for (size_t i = 0; i < far->nobjects; i++)
        if (strcmp(far->objects[i].uid, uid) == 0)
            return &far->objects[i];
    ck_assert_uint_lt(far->nobjects, FAR_ROOM);
    snprintf(far->objects[far->nobjects].uid, sizeof far->objects->uid, "%s", uid);
    return &far->objects[far->nobjects++];
}

static inline struct far_key *far_key_of(const struct platform_task *t)
{
    char what[160];
    snprintf(what, sizeof what, "%s %s %s", op_names[t->op], t->person ? t->person : "",
             t->object_uid ? t->object_uid : "");
    ck_assert_uint_eq(strlen(t->key), DELIVERY_KEY_MAX - 1);
    for (size_t i = 0; i < far->nkeys; i++) {
        if (strcmp(far->keys[i].key, t->key) != 0)
            continue;
        ck_assert_str_eq(far->keys[i].what, what);
        return &far->keys[i];
    }
    ck_assert_uint_lt(far->nkeys, FAR_KEYS);
    struct far_key *k = &far->keys[far->nkeys++];
    snprintf(k->key, sizeof k->key, "%s", t->key);
    snprintf(k->what, sizeof k->what, "%s", what);
    return k;
}

static inline bool far_set(bool *value, bool to)
{
    bool changes = *value != to;
    *value = to;
    return changes;
}

/* Whether anything changed by it. */
static inline bool far_put(const struct platform_task *t, struct far_account *a)
{
    bool changes = far_set(&a->there, true);
    changes |= far_set(&a->active, t->active);
    changes |= !span_eq(span_str(a->email), t->attr[ATTR_EMAIL]) || t->claim;
    changes |= !a->own_title && !span_eq(span_str(a->title), t->attr[ATTR_TITLE]);
    if (!a->own_title)
        snprintf(a->title, sizeof a->title, "%.*s", (int)t->attr[ATTR_TITLE].n, t->attr[ATTR_TITLE].p);
    if (t->claim)
        *a->bears = '\0';
    snprintf(a->email, sizeof a->email, "%.*s", (int)t->attr[ATTR_EMAIL].n, t->attr[ATTR_EMAIL].p);
    return changes;
}

static inline bool far_do(const struct platform_task *t)
{
    bool adopted = far_adopt(t);
    size_t i = t->person ? far_account_of(t->person) : 0;
    struct far_account *a = &far->accounts[i];
    struct far_object *o = t->object_uid ? far_object_of(t->object_uid) : NULL;
    bool changes;
    switch (t->op) {
    case OP_INVITE:
    case OP_RESTORE:
    case OP_UPDATE:
        return far_put(t, a);
    case OP_ADOPT:
        ck_assert(a->there);
        return far_put(t, a) || adopted;
    case OP_SUSPEND:
        ck_assert(a->there);
        return far_set(&a->active, false);
    case OP_REMOVE:
        a->active = false;
        return far_set(&a->there, false);
    case OP_ASSIGN:
    case OP_JOIN:
        ck_assert(a->there && (t->op == OP_ASSIGN || o->there));
        o->there = true;
        o->how = t->assign;
        snprintf(o->value, sizeof o->value, "%s", t->value ? t->value : "");
        return far_set(&o->member[i], true);
    case OP_UNASSIGN:
    case OP_LEAVE:
        return far_set(&o->member[i], false);
    case OP_DROP_GROUP:
        for (size_t m = 0; m < FAR_ROOM; m++)
            ck_assert(!o->member[m]);
        return far_set(&o->there, false);
    default:
        changes = far_set(&o->there, true) || adopted || strcmp(o->name, t->object_name) != 0;
        snprintf(o->name, sizeof o->name, "%s", t->object_name);
        return changes;
    }
}

/* --- the connector --- */

static inline unsigned far_random(unsigned below)
{
    far->seed = far->seed * 1103515245u + 12345u;
    return (far->seed >> 16) % below;
}

static inline int far_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                           struct platform **ret, struct err *err)
{
    (void)section, (void)store, (void)team, (void)now, (void)err;
    *ret = (struct platform *)far;
    return 0;
}

static inline void far_shut(struct platform **platform)
{
    *platform = NULL;
}

static inline size_t far_width(const struct platform *platform, enum op op)
{
    (void)platform, (void)op;
    return FAR_WIDTH;
}

static inline void far_again(struct platform_answer *a)
{
    a->verdict = PLATFORM_RETRY;
    a->wait = far->wait;
    err_set(&a->why, ERR_NETWORK, "far away: busy; try later");
}

static inline void far_id(char kind, const char *own, const char *uid, char ret[static PLATFORM_ID_MAX])
{
    if (*own)
        snprintf(ret, PLATFORM_ID_MAX, "%s", own);
    else
        snprintf(ret, PLATFORM_ID_MAX, "%c-%s", kind, uid);
}

static inline void far_done(const struct platform_task *t, struct far_key *k, struct platform_answer *a)
{
    k->done += far_do(t);
    a->verdict = PLATFORM_DONE;
    if (t->person && t->op != OP_REMOVE)
        far_id('A', far->accounts[far_account_of(t->person)].id, t->person, a->account);
    if (t->object_uid)
        far_id('O', far_object_of(t->object_uid)->id, t->object_uid, a->object);
}

static inline bool far_refuses(const struct platform_task *t)
{
    return *far->refused && t->op == far->refused_op &&
           strcmp(t->person && t->op != OP_LEAVE ? t->person : t->object_uid, far->refused) == 0;
}

static inline void far_answer(const struct platform_task *t, struct far_key *k, struct platform_answer *a)
{
    if (far->stop_after && far->tasks > (size_t)far->stop_after) {
        a->verdict = PLATFORM_STOP;
        err_set(&a->why, ERR_REFUSED, "far away: the token is wrong; write another");
    } else if (far_refuses(t)) {
        a->verdict = PLATFORM_SKIP;
        err_set(&a->why, ERR_REFUSED, "far away: it will not have it; ask there");
    } else if (far->busy && (far->busy < 0 || (int)k->sent <= far->busy)) {
        if (far->quietly)
            k->done += far_do(t);
        far_again(a);
    } else if (far_random(100) < far->faults) {
        if (far_random(2))
            k->done += far_do(t);
        far_again(a);
        a->wait = far_random(3) == 0;
    } else {
        far_done(t, k, a);
    }
}

static inline void far_note_turns(const struct platform_task *tasks, size_t n)
{
    for (size_t i = 0; i < n && tasks[0].op == OP_JOIN; i++) {
        far->turns += strcmp(far->joined, tasks[i].object_uid) != 0;
        snprintf(far->joined, sizeof far->joined, "%s", tasks[i].object_uid);
    }
}

/* Backwards: the order within a wave is the platform's. */
static inline void far_send(struct platform *platform, const struct platform_task *tasks, size_t n,
                            struct platform_answer *ret)
{
    (void)platform;
    ck_assert_uint_le(n, FAR_WIDTH);
    far->waves++;
    far_note_turns(tasks, n);
    for (size_t i = n; i-- > 0;) {
        ck_assert_int_eq(tasks[i].op, tasks[0].op);
        for (size_t k = 0; k < i && tasks[i].person; k++)
            ck_assert_str_ne(tasks[i].person, tasks[k].person);
        far_step();
        struct far_key *key = far_key_of(&tasks[i]);
        ck_assert_msg(!tasks[i].first || key->sent == 0, "%s: sent before, and said to be first", key->what);
        key->sent++;
        far->tasks++;
        far_answer(&tasks[i], key, &ret[i]);
        far_step();
    }
}

/* --- reading it --- */

static inline int far_read_account(const struct platform_sink *sink, const struct far_account *a, struct err *err)
{
    char id[PLATFORM_ID_MAX];
    far_id('A', a->id, a->uid, id);
    const char *ours = *a->bears ? a->bears : a->stranger ? "-" : a->uid;
    struct platform_found found = {.id = span_str(id),
                                   .ours = span_str(strcmp(ours, "-") == 0 ? "" : ours),
                                   .name = span_str(a->email),
                                   .active = a->active,
                                   .raw = a};
    if (sink->account(sink->ctx, &found, err) != 0)
        return -1;
    for (size_t i = 0; i < far->nobjects; i++)
        if (far->objects[i].how != PLATFORM_AS_GROUP && far->objects[i].member[a - far->accounts] &&
            sink->value(sink->ctx, far->objects[i].how, span_str(far->objects[i].value), err) != 0)
            return -1;
    return 0;
}

static inline int far_read_members(const struct platform_sink *sink, const struct far_object *o, struct err *err)
{
    char id[PLATFORM_ID_MAX];
    for (size_t m = 0; m < far->naccounts; m++) {
        far_id('A', far->accounts[m].id, far->accounts[m].uid, id);
        if (o->member[m] && sink->member(sink->ctx, span_str(id), err) != 0)
            return -1;
    }
    for (unsigned i = 0; i < o->foreign; i++)
        if (sink->member(sink->ctx, span_str("A-somebody"), err) != 0)
            return -1;
    return 0;
}

static inline int far_read_object(const struct platform_sink *sink, const struct far_object *o, struct err *err)
{
    char id[PLATFORM_ID_MAX];
    bool members = false;
    far_id('O', o->id, o->uid, id);
    struct platform_found found = {.id = span_str(id),
                                   .ours = span_str(o->stranger ? "" : *o->bears ? o->bears : o->uid),
                                   .name = span_str(o->name),
                                   .raw = o};
    if (sink->group(sink->ctx, &found, &members, err) != 0)
        return -1;
    return members ? far_read_members(sink, o, err) : 0;
}

static inline int far_read(struct platform *platform, const struct platform_sink *sink, enum pull_result *ret,
                           struct err *err)
{
    (void)platform;
    size_t n = far->reading == FAR_EMPTY ? 0 : far->reading == FAR_HALF ? far->naccounts / 2 : far->naccounts;
    if (far->reading == FAR_SILENT)
        return err_set(err, ERR_NETWORK, "far away: no answer; try later");
    for (size_t i = 0; i < n; i++)
        if (far->accounts[i].there && far_read_account(sink, &far->accounts[i], err) != 0)
            return -1;
    bool cut = far->reading == FAR_CUT_OFF || far->reading == FAR_NEARLY;
    for (size_t i = 0; (far->reading == FAR_ALL || far->reading == FAR_NEARLY) && i < far->nobjects; i++)
        if (far->objects[i].there && far->objects[i].how == PLATFORM_AS_GROUP &&
            far_read_object(sink, &far->objects[i], err) != 0)
            return -1;
    *ret = cut ? PULL_PARTIAL : PULL_COMPLETE;
    if (cut)
        err_set(err, ERR_NETWORK, "far away: it stopped in the middle");
    return 0;
}

static inline int far_differs(struct platform *platform, const struct platform_task *task,
                              const struct platform_found *found, struct buf *ret)
{
    (void)platform;
    if (task->object_uid)
        return strcmp(((const struct far_object *)found->raw)->name, task->object_name) != 0;
    const struct far_account *a = found->raw;
    bool email = !span_eq(span_str(a->email), task->attr[ATTR_EMAIL]),
         title = !span_eq(span_str(a->title), task->attr[ATTR_TITLE]);
    if (email)
        buf_printf(ret, "e-mail is %s%s", a->email, title ? ", " : "");
    if (title)
        buf_printf(ret, "title is %s", a->title);
    return email || title;
}

static const struct conf_item far_items[] = {PLATFORM_REMOTE_SETTINGS, {0}};
static const struct conf_variant far_types[] = {{.name = "far", .help = "x", .items = far_items}, {0}};
static const struct conf_kind far_kinds[] = {{.name = "platform", .named = true, .variants = far_types, .help = "x"},
                                             {0}};
static const struct conf_schema far_schema = {.kinds = far_kinds};

static const struct platform_connector far_platform = {.name = "far",
                                                       .help = "x",
                                                       .settings = far_items,
                                                       .open = far_open,
                                                       .send = far_send,
                                                       .width = far_width,
                                                       .read = far_read,
                                                       .differs = far_differs,
                                                       .close = far_shut};

/* --- with the world --- */

static inline void far_settings(struct world *w, const char *settings)
{
    CLEANUP(freep) char *text = mem_printf("[platform vendor]\ntype = far\n%s", settings);
    CLEANUP(freep) char *path = world_path(w, "far.conf");
    world_write(w, "far.conf", text);
    conf_free(&far_conf);
    int r = conf_load(path, &far_schema, &far_conf, NULL, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
}

static inline void elsewhere_open(struct world *w)
{
    far = mmap(NULL, sizeof *far, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(far, MAP_FAILED);
    far_settings(w, "retry-wait = 1ms\n");
}

static inline void elsewhere_close(void)
{
    conf_free(&far_conf);
    munmap(far, sizeof *far);
}

static inline int elsewhere_carry_out(struct world *w, const struct plan *plan, bool (*stop)(void *ctx),
                                      int64_t *ret_run, size_t *ret_done)
{
    struct apply_job job = {.plan = plan,
                            .plan_id = "p",
                            .command = "apply",
                            .conf = w->conf,
                            .platform = conf_find(far_conf, "platform", "vendor"),
                            .connector = &far_platform,
                            .stop = stop};
    return apply_plan(w->store, &job, ret_run, ret_done, &w->err);
}

/* Reads it and compares; plans repair from then on what was found, unless it could not be read. Release the report. */
static inline struct look_report elsewhere_look(struct world *w)
{
    struct look_report report;
    struct look_settings settings = {.store = w->store,
                                     .conf = w->conf,
                                     .platform = conf_find(far_conf, "platform", "vendor"),
                                     .connector = &far_platform,
                                     .team = world_int(w, "SELECT id FROM team WHERE name = 'design'"),
                                     .now = w->now};
    int r = look_at_platform(&settings, &report, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
    w->drift = look_judged(&report);
    return report;
}

/* Carries the plan of now out; the number of changes that were not done. */
static inline size_t elsewhere_apply(struct world *w)
{
    CLEANUP(plan_free) struct plan *plan = world_plan(w);
    int64_t run;
    size_t done;
    int r = elsewhere_carry_out(w, plan, NULL, &run, &done);
    ck_assert_msg(r == 0, "%s", w->err.text);
    return plan->n - done;
}

struct to_settle {
    struct world *w;
    struct unsettled_run runs[8];
    size_t n;
    struct settled sum;
};

static inline void note_unsettled(void *ctx, const struct unsettled_run *run)
{
    struct to_settle *t = ctx;
    ck_assert_str_eq(run->team, "design");
    ck_assert_str_eq(run->platform, "vendor");
    t->runs[t->n++] = *run;
}

/* As the program does before a plan is applied. */
static inline int elsewhere_try_settle(struct world *w, struct settled *ret)
{
    struct to_settle t = {.w = w};
    *ret = (struct settled){0};
    if (run_settle(w->store, w->now, &w->err) != 0 ||
        delivery_each_unsettled(w->store, note_unsettled, &t, &w->err) != 0)
        return -1;
    for (size_t i = 0; i < t.n; i++) {
        struct settle_job job = {.run = t.runs[i].run,
                                 .team = t.runs[i].team_id,
                                 .now = w->now,
                                 .done = (size_t)t.runs[i].done,
                                 .conf = w->conf,
                                 .platform = conf_find(far_conf, "platform", "vendor"),
                                 .connector = &far_platform};
        if (settle_run(w->store, &job, ret, &w->err) != 0)
            return -1;
    }
    return 0;
}

static inline struct settled elsewhere_settle(struct world *w)
{
    struct settled s;
    int r = elsewhere_try_settle(w, &s);
    ck_assert_msg(r == 0, "%s", w->err.text);
    return s;
}

static inline int64_t far_live(void)
{
    int64_t n = 0;
    for (size_t i = 0; i < far->naccounts; i++)
        n += far->accounts[i].there && !far->accounts[i].stranger;
    return n;
}

static inline int64_t far_members(bool products)
{
    int64_t n = 0;
    for (size_t i = 0; i < far->nobjects; i++)
        for (size_t m = 0; m < FAR_ROOM; m++)
            n += far->objects[i].member[m] && !far->objects[i].stranger && products == (strncmp(far->objects[i].uid, "product:", 8) == 0);
    return n;
}

/* Our rows are what is there, and no change was done twice, or confirmed without being done. */
static inline void elsewhere_agrees(struct world *w)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int64_t live = 0;
    ck_assert_int_eq(
        db_prepare(w->store->db, "SELECT uid, state, email, coalesce(remote, '') FROM account", &st, &w->err), 0);
    while (stmt_step(st, &w->err) == 1) {
        enum account_state state = account_state_of(stmt_text(st, 1));
        const struct far_account *a = &far->accounts[far_account_of(stmt_text(st, 0))];
        ck_assert_int_eq(a->there, state != ACCOUNT_REMOVED);
        live += a->there;
        ck_assert_int_eq(a->active, state == ACCOUNT_ACTIVE);
        char remote[PLATFORM_ID_MAX];
        far_id('A', a->id, a->uid, remote);
        ck_assert_str_eq(stmt_text(st, 3), a->there ? remote : "");
        if (a->there)
            ck_assert_str_eq(stmt_text(st, 2), a->email);
    }
    ck_assert_int_eq(far_live(), live);
    ck_assert_int_eq(far_members(true), world_int(w, "SELECT count(*) FROM seat"));
    ck_assert_int_eq(far_members(false), world_int(w, "SELECT count(*) FROM synced_member"));
    for (size_t i = 0; i < far->nkeys; i++)
        ck_assert_msg(far->keys[i].done <= 1, "%s: done %u times", far->keys[i].what, far->keys[i].done);
    ck_assert_int_eq(world_int(w, "SELECT count(*) FROM run WHERE state IN ('done', 'failed') AND done <>"
                                  " (SELECT count(*) FROM delivery d WHERE d.run = run.id AND d.state = 'confirmed')"),
                     0);
    ck_assert_int_eq(world_int(w, "SELECT count(*) FROM invitation"), 0);
}

/* Nothing is left to be done, nothing is open, and the log vouches for all of it. */
static inline void elsewhere_is_settled(struct world *w)
{
    planned(w, "");
    elsewhere_agrees(w);
    ck_assert_int_eq(world_int(w, "SELECT count(*) FROM delivery WHERE state = 'sent'"), 0);
    ck_assert_int_eq(world_int(w, "SELECT count(*) FROM run WHERE state IN ('running', 'interrupted')"), 0);
    struct audit_verdict verdict;
    int r = audit_verify(w->store, NULL, &verdict, &w->err);
    ck_assert_msg(r == 0, "%s", w->err.text);
}

#endif
