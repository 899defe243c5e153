#include "sync/look.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "roster/platforms.h"
#include "sync/look_inner.h"

DEFINE_CLEANUP(rollback, struct db *, db_rollback)

const char *const look_result_names[] = {"none", "never", "not-due", "failed", "partial", "complete"};

/* --- what the parts share ----------------------------------------------------------------------------------------- */

struct key128 look_key(struct looking *l, struct span text)
{
    digest_start(l->digest);
    digest_add(l->digest, text.p, text.n);
    return digest_key(l->digest);
}

void look_add(struct looking *l, struct fact fact)
{
    *MEM_PUSH(&l->facts, &l->nfacts, &l->facts_cap) = fact;
}

const char *look_text(struct looking *l, struct span text)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span cut = span_str(text_printable(pool, text));
    if (cut.n > DRIFT_FOUND_MAX)
        cut.n = DRIFT_FOUND_MAX;
    while (cut.n && (cut.p[cut.n] & 0xc0) == 0x80) /* not within a character */
        cut.n--;
    return pool_strndup(l->pool, cut.p, cut.n);
}

void look_stranger(struct looking *l, const char *what, struct span name, const char *more)
{
    struct look_report *r = l->report;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (r->nnames < LOOK_NAMES_MAX)
        *MEM_PUSH(&r->names, &r->nnames, &r->names_cap) = mem_printf("%s %s%s", what, text_printable(pool, name), more);
}

/* --- which of it counts ------------------------------------------------------------------------------------------- */

/*
 * What was found of something that turned out not to be ours, or of an account of which nothing can be said, does not
 * count.
 */
static bool counts(const struct looking *l, const struct fact *f)
{
    const struct seen *s = f->account ? &l->seen[f->account] : NULL;
    if ((f->absence && l->report->result != LOOK_COMPLETE) || (f->idless && !l->bearing))
        return false;
    if (s && (!s->person || s->unsure))
        return false;
    if (f->stance == DRIFT_UNCLEAR)
        return true;
    if (s && s->claim != CLAIM_NONE && !look_is_ours(s->claim))
        return false;
    if (s && s->claim == CLAIM_NONE && s->contested)
        return false;
    if (!f->object || f->object->value)
        return f->from == 0 || f->from == s->at;
    return f->from == 0 || (f->from == f->object->at && look_is_ours(f->object->claim));
}

static uint32_t print_of(struct looking *l, const char *found)
{
    return (uint32_t)look_key(l, span_str(found)).hi;
}

static int keep_facts(struct looking *l, struct drift_look *look, struct err *err)
{
    for (size_t i = 0; i < l->nfacts; i++) {
        const struct fact *f = &l->facts[i];
        struct drift_row row = {.op = (enum op)f->op,
                                .stance = (enum drift_stance)f->stance,
                                .account = f->account,
                                .object = f->object ? f->object->object : 0,
                                .print = print_of(l, f->found),
                                .found = f->found};
        if (counts(l, f) && drift_put(look, &row, err) != 0)
            return -1;
    }
    return 0;
}

static int keep_id(struct looking *l, const struct new_id *n, struct err *err)
{
    const struct object *o = n->object;
    uint64_t at = o ? o->at : l->seen[n->account].at;
    if (at != n->at || (o ? o->claim : l->seen[n->account].claim) != CLAIM_BY_UID)
        return 0;
    l->report->new_ids += n->had_other;
    if (!o)
        return there_keep_account(l->there, n->account, n->remote, err);
    return (o->product ? there_keep_product : there_keep_group)(l->there, o->id, n->remote, err);
}

/* One transaction. */
static int keep(struct looking *l, struct err *err)
{
    const struct look_settings *s = l->s;
    struct drift_look *look = NULL;
    if (db_begin(s->store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = s->store->db;
    if (drift_begin(s->store->db, s->team, conf_name(s->platform), s->now, &look, err) != 0)
        return -1;
    int r = keep_facts(l, look, err);
    for (size_t i = 0; r == 0 && i < l->nnew_ids; i++)
        r = keep_id(l, &l->new_ids[i], err);
    struct err ignored = ERR_INIT;
    if (drift_end(&look, l->report->result == LOOK_COMPLETE, r == 0 ? err : &ignored) != 0 || r != 0)
        return -1;
    open = NULL;
    return db_commit(s->store->db, err);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int read_all(struct looking *l, struct err *err)
{
    const struct look_settings *s = l->s;
    struct look_report *r = l->report;
    struct platform_sink sink = {
        .ctx = l, .account = look_account, .value = look_value, .group = look_group, .member = look_member};
    enum pull_result result = PULL_PARTIAL;
    if (s->connector->open(s->platform, s->store, s->team, s->now, &l->platform, &r->why) != 0 ||
        s->connector->read(l->platform, &sink, &result, &r->why) != 0) {
        r->result = LOOK_FAILED;
        if (l->store_failed)
            *err = r->why;
        return l->store_failed ? -1 : 0;
    }
    r->result = result == PULL_COMPLETE ? LOOK_COMPLETE : LOOK_PARTIAL;
    if (look_end_account(l, err) != 0)
        return -1;
    look_end_group(l);
    if (r->result != LOOK_COMPLETE)
        return keep(l, err);
    look_missing_accounts(l);
    return look_missing_objects(l, err) != 0 ? -1 : keep(l, err);
}

static int look(struct looking *l, struct err *err)
{
    const struct look_settings *s = l->s;
    if (mapper_open(s->store, s->platform, s->team, false, &l->mapper, err) != 0 ||
        there_open(s->store, s->team, &l->there, err) != 0 || look_load_accounts(l, err) != 0 ||
        look_load_objects(l, err) != 0)
        return -1;
    if (!l->nours)
        return drift_forget(s->store->db, s->team, err);
    double began = clock_monotonic();
    int r = read_all(l, err);
    l->report->seconds = clock_monotonic() - began;
    log_debug("platform %s: looked at %zu accounts and %zu groups in %.3f s: %s, %zu findings", conf_name(s->platform),
              l->report->accounts, l->report->groups, l->report->seconds, look_result_names[l->report->result],
              l->nfacts);
    return r;
}

static void release(struct looking *l)
{
    if (l->platform)
        l->s->connector->close(&l->platform);
    there_close(&l->there);
    mapper_close(&l->mapper);
    pool_free(&l->pool);
    pool_free(&l->task);
    mapper_close(&l->mapper);
    digest_free(&l->digest);
    keymap_release(&l->accounts);
    keymap_release(&l->by_uid);
    keymap_release(&l->by_remote);
    keymap_release(&l->by_name);
    buf_release(&l->text);
    free(l->seen);
    free(l->objects);
    free(l->stamp);
    free(l->expected);
    free(l->facts);
    free(l->new_ids);
}

static bool is_never(const struct conf_section *platform)
{
    return strcmp(conf_at(platform, "drift-every", 0), "never") == 0;
}

int look_at_platform(const struct look_settings *s, struct look_report *ret, struct err *err)
{
    *ret = (struct look_report){0};
    if (!s->connector->read)
        return 0;
    if (is_never(s->platform)) {
        ret->result = LOOK_NEVER;
        return drift_forget(s->store->db, s->team, err);
    }
    if (drift_looked_at(s->store->db, s->team, conf_name(s->platform), &ret->at, err) != 0)
        return -1;
    int64_t every = conf_int(s->platform, "drift-every");
    if (every && ret->at && ret->at <= s->now && s->now - ret->at < every) {
        ret->result = LOOK_NOT_DUE;
        return 0;
    }
    struct looking l = {.s = s, .report = ret, .pool = pool_new(), .task = pool_new(), .digest = digest_new()};
    int r = look(&l, err);
    release(&l);
    return r;
}

void look_report_release(struct look_report *r)
{
    for (size_t i = 0; i < r->nnames; i++)
        free(r->names[i]);
    free(r->names);
    *r = (struct look_report){0};
}

bool look_judged(const struct look_report *r)
{
    return r->result == LOOK_NOT_DUE || r->result == LOOK_PARTIAL || r->result == LOOK_COMPLETE;
}

int look_known(struct store *store, int64_t team, const struct conf_section *platform, bool *ret, struct err *err)
{
    const struct platform_connector *connector = platform_connector_find(conf_variant(platform));
    int64_t at = 0;
    *ret = false;
    if (!connector || !connector->read || is_never(platform))
        return 0;
    if (drift_looked_at(store->db, team, conf_name(platform), &at, err) != 0)
        return -1;
    *ret = at != 0;
    return 0;
}
