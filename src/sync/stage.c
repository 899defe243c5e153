#include "sync/stage.h"

#include "base/mem.h"
#include "base/text.h"
#include "store/mirror.h"
#include "sync/derive.h"
#include "sync/known.h"
#include "sync/refs.h"

struct stage {
    struct store *store;
    struct mirror *mirror;
    int64_t now;
    struct sink sink;
    struct derive *derive;
    struct known_set known;
    struct refs *refs; /* loaded when the first difference shows up */
    uint32_t max_id, max_ref, base;
    uint32_t *missing; /* containers that are newly gone */
    size_t nmissing, missing_cap;
    uint32_t *dirty;
    size_t ndirty, dirty_cap;
    bool dirty_all, changed, open, loaded;
    bool had_extra; /* people may have further attributes from the last read */
    char *extra;    /* names of those that this one asks for; NULL: none */
    struct stage_result result;
};

static int remember_row(void *ctx, const struct mirror_row *row)
{
    struct stage *s = ctx;
    struct known *k = known_add(&s->known, known_key(&s->known, row->uid), row->id, row->kind);
    k->fingerprint = row->fingerprint;
    k->gone = row->gone;
    k->base = (uint16_t)row->base;
    return 0;
}

/* NULL: containers count nowhere. */
static size_t *count_of(struct stage *s, const struct known *k)
{
    size_t *counts[ENTRY_KINDS] = {[ENTRY_PERSON] = &s->result.people, [ENTRY_GROUP] = &s->result.groups};
    return counts[k->kind];
}

static void count_met(struct stage *s, struct known *k)
{
    if (k->seen)
        return;
    k->seen = true;
    size_t *count = count_of(s, k);
    if (count)
        *count += 1;
}

/* Not before the first entry is there: while we load, the server is already sending. */
static int need_known(struct stage *s, struct err *err)
{
    if (s->loaded)
        return 0;
    s->loaded = true;
    known_reserve(&s->known, s->max_id);
    return mirror_load_entries(s->mirror, remember_row, s, err);
}

static int on_seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0)
        return -1;
    struct key128 key;
    struct known *k = known_find(&s->known, id, &key);
    if (!k || k->gone || k->kind != kind || k->base != (uint16_t)s->base || !key_eq(k->fingerprint, fingerprint))
        return 0;
    count_met(s, k);
    k->taken = true;
    return 1;
}

static int on_base(void *ctx, struct span name, struct err *err)
{
    struct stage *s = ctx;
    CLEANUP(freep) char *text = mem_strndup(name.p, name.n);
    return mirror_base(s->mirror, text, &s->base, err);
}

static void add_dirty(void *ctx, uint32_t entry, bool is_group)
{
    struct stage *s = ctx;
    if (is_group)
        s->dirty_all = true;
    else if (!s->dirty_all)
        *MEM_PUSH(&s->dirty, &s->ndirty, &s->dirty_cap) = entry;
}

static int need_refs(struct stage *s, struct err *err)
{
    if (s->refs)
        return 0;
    if (refs_load(s->mirror, s->max_id, s->max_ref, add_dirty, s, &s->refs, err) != 0)
        return -1;
    for (size_t i = 0; i < s->known.n; i++)
        if (s->known.all[i].kind == ENTRY_GROUP)
            refs_mark_group(s->refs, s->known.all[i].id);
    return 0;
}

static int on_fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0)
        return -1;
    if (s->result.nfaults < STAGE_FAULTS_SHOWN) {
        struct stage_fault *f = &s->result.faults[s->result.nfaults];
        CLEANUP(pool_free) struct pool *pool = pool_new();
        f->name = mem_strdup(text_printable(pool, name));
        f->why = mem_strdup(why);
    }
    s->result.nfaults++;
    struct key128 key;
    struct known *k = id.n ? known_find(&s->known, id, &key) : NULL;
    if (k)
        count_met(s, k);
    if (id.n == 0)
        s->result.absence_unproved = true;
    return 0;
}

/* Keeps that the entry is gone. k moves when known grows, which it does not here. */
static int let_go(struct stage *s, struct known *k, struct err *err)
{
    if (need_refs(s, err) != 0 || mirror_gone(s->mirror, k->id, s->now, err) != 0)
        return -1;
    k->gone = true;
    s->result.gone++;
    s->changed = true;
    if (k->kind == ENTRY_GROUP)
        return refs_set_members(s->refs, k->id, NULL, 0, err);
    add_dirty(s, k->id, false);
    return 0;
}

/* A report counts from where it stands: what was met before it is no more, what comes behind it is there again. */
static int take_report(struct stage *s, struct known *k, struct err *err)
{
    if (k->gone || k->kind == ENTRY_CONTAINER)
        return 0;
    if (k->seen && count_of(s, k))
        *count_of(s, k) -= 1;
    k->seen = k->taken = false;
    k->told = true;
    return let_go(s, k, err);
}

static int on_gone(void *ctx, enum entry_kind kind, struct span id, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0)
        return -1;
    struct key128 key;
    struct known *k = known_find(&s->known, id, &key);
    return k && k->kind == kind ? take_report(s, k, err) : 0;
}

static int on_gone_key(void *ctx, struct key128 name, struct span but, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0 || need_refs(s, err) != 0)
        return -1;
    struct key128 key;
    uint32_t bearer = refs_bearer(s->refs, name);
    struct known *k = bearer ? known_numbered(&s->known, bearer) : NULL;
    if (!k || (but.n && known_find(&s->known, but, &key) == k))
        return 0;
    return take_report(s, k, err);
}

static int on_held(void *ctx, struct span id, struct key128 name, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0)
        return -1;
    struct key128 key;
    const struct known *k = known_find(&s->known, id, &key);
    if (!k || k->gone)
        return SINK_FREE;
    if (need_refs(s, err) != 0)
        return -1;
    if (refs_bearer(s->refs, name) == k->id)
        return SINK_FREE;
    return k->taken ? SINK_HELD_NOW : SINK_HELD_BEFORE;
}

static int put_group(struct stage *s, uint32_t id, const struct entry *e, struct err *err)
{
    if (mirror_put_group(s->mirror, id, s->base, e, err) != 0)
        return -1;
    return refs_set_members(s->refs, id, e->members, e->nmembers, err);
}

static int put_person(struct stage *s, uint32_t id, const struct entry *e, struct err *err)
{
    struct mirror_person p;
    derive_person(s->derive, e, &p);
    if (mirror_put_person(s->mirror, id, s->base, e, &p, err) != 0)
        return -1;
    return e->nextra || s->had_extra ? mirror_put_extra(s->mirror, id, e->extra, e->nextra, err) : 0;
}

/* Nobody is entitled to anything by a container: it is kept, and counts nowhere. */
static int put_container(struct stage *s, const struct entry *e, struct err *err)
{
    struct key128 key;
    struct known *k = known_find(&s->known, e->id, &key);
    if (k && (k->kind != ENTRY_CONTAINER || k->seen))
        return 0;
    if (!k)
        k = known_add(&s->known, key, ++s->max_id, ENTRY_CONTAINER);
    k->seen = true;
    k->gone = false;
    k->base = (uint16_t)s->base;
    k->fingerprint = e->fingerprint;
    return mirror_put_container(s->mirror, k->id, s->base, e, s->now, err);
}

static int on_put(void *ctx, const struct entry *e, struct err *err)
{
    struct stage *s = ctx;
    if (need_known(s, err) != 0)
        return -1;
    if (e->kind == ENTRY_CONTAINER)
        return put_container(s, e, err);
    if (need_refs(s, err) != 0)
        return -1;
    struct key128 key;
    struct known *k = known_find(&s->known, e->id, &key);
    if (k && k->kind != e->kind)
        return on_fault(s, e->id, e->name, "the same id was an entry of another kind; it stays what it was", err);
    if (k && k->taken)
        return 0; /* changed between two searches of one pull: the next pull sees it whole */
    if (!k) {
        k = known_add(&s->known, key, ++s->max_id, e->kind);
        s->result.added++;
    } else if (k->gone || !key_eq(k->fingerprint, e->fingerprint)) {
        s->result.changed++; /* else it is the same, through another base */
    }
    s->result.gone -= k->told;
    k->told = false;
    count_met(s, k);
    k->taken = true;
    k->gone = false;
    k->base = (uint16_t)s->base;
    k->fingerprint = e->fingerprint;
    s->changed = true;
    uint32_t id = k->id; /* k moves when known grows */
    if ((e->kind == ENTRY_GROUP ? put_group : put_person)(s, id, e, err) != 0)
        return -1;
    if (e->kind == ENTRY_PERSON)
        add_dirty(s, id, false); /* whom a group concerns, refs tells */
    return refs_name_entry(s->refs, id, e->kind == ENTRY_GROUP, e->key, e->alias, err);
}

int stage_begin(struct store *store, const char *directory, int64_t now, struct stage **ret, struct err *err)
{
    CLEANUP(stage_free) struct stage *s = mem_zero(sizeof *s);
    s->store = store;
    s->now = now;
    known_init(&s->known);
    s->derive = derive_new();
    s->sink = (struct sink){.ctx = s,
                            .seen = on_seen,
                            .put = on_put,
                            .fault = on_fault,
                            .base = on_base,
                            .gone = on_gone,
                            .gone_key = on_gone_key,
                            .held = on_held};
    if (db_begin(store->db, err) != 0)
        return -1;
    s->open = true;
    if (mirror_open(store->db, directory, &s->mirror, err) != 0 ||
        mirror_max_id(s->mirror, &s->max_id, &s->max_ref, err) != 0)
        return -1;
    s->had_extra = mirror_directory(s->mirror)->extra != NULL;
    *ret = TAKE(s);
    return 0;
}

void stage_free(struct stage **stage)
{
    struct stage *s = *stage;
    if (!s)
        return;
    mirror_close(&s->mirror);
    free(s->extra);
    if (s->open)
        db_rollback(s->store->db);
    for (size_t i = 0; i < s->result.nfaults && i < STAGE_FAULTS_SHOWN; i++) {
        free(s->result.faults[i].name);
        free(s->result.faults[i].why);
    }
    refs_free(&s->refs);
    derive_free(&s->derive);
    known_release(&s->known);
    free(s->dirty);
    free(s->missing);
    free(s);
    *stage = NULL;
}

void stage_ask(struct stage *s, const char *names)
{
    free(s->extra);
    s->extra = *names ? mem_strdup(names) : NULL;
}

const char *stage_cursor(const struct stage *s)
{
    return mirror_directory(s->mirror)->cursor;
}

const struct sink *stage_sink(struct stage *s)
{
    return &s->sink;
}

static int mark_container_gone(struct stage *s, const struct known *k, struct err *err)
{
    if (s->result.absence_unproved)
        return 0;
    *MEM_PUSH(&s->missing, &s->nmissing, &s->missing_cap) = k->id;
    return mirror_gone(s->mirror, k->id, s->now, err);
}

static int mark_gone(struct stage *s, struct known *k, struct err *err)
{
    if (k->seen || k->gone)
        return 0;
    if (k->kind == ENTRY_CONTAINER)
        return mark_container_gone(s, k, err);
    if (s->result.absence_unproved) {
        s->result.missing++;
        return 0;
    }
    return let_go(s, k, err);
}

int stage_finish(struct stage *s, enum pull_result result, const char *cursor, struct err *err)
{
    if (result == PULL_PARTIAL)
        return err_set(err, ERR_NETWORK, "a read that was cut off changes nothing");
    if (need_known(s, err) != 0)
        return -1;
    for (size_t i = 0; i < s->known.n && result == PULL_COMPLETE; i++)
        if (mark_gone(s, &s->known.all[i], err) != 0)
            return -1;
    if (s->refs && refs_flush(s->refs, err) != 0)
        return -1;
    return mirror_done(s->mirror, cursor, s->extra, s->now, s->changed, err);
}

int stage_commit(struct stage *s, struct err *err)
{
    s->open = false;
    return db_commit(s->store->db, err);
}

const struct stage_result *stage_result(const struct stage *s)
{
    return &s->result;
}

void stage_missing(const struct stage *s, const uint32_t **ret_containers, size_t *ret_n)
{
    *ret_containers = s->missing;
    *ret_n = s->nmissing;
}

void stage_dirty(const struct stage *s, const uint32_t **ret_people, size_t *ret_n, bool *ret_all)
{
    *ret_people = s->dirty;
    *ret_n = s->ndirty;
    *ret_all = s->dirty_all;
}
