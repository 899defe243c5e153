#include "sync/locate.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/dn.h"
#include "store/container.h"

/* A container that is asked for. */
struct lost {
    uint32_t id;
    size_t n; /* bytes of form */
    const char *uid, *name;
    char *form; /* the normalised name */
};

struct search {
    struct pool *pool;
    struct dn_keyer *keyer;
    const uint32_t *wanted; /* sorted */
    size_t nwanted;
    struct lost *lost;
    size_t n, cap;
    const char *base; /* locate_base: the normalised name that is looked for */
};

static void search_release(struct search *s)
{
    pool_free(&s->pool);
    dn_keyer_free(&s->keyer);
    free(s->lost);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Shortest first: an ancestor's name is shorter than its descendants' are. */
static int by_length(const void *a, const void *b)
{
    const struct lost *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static char *normal_form(struct search *s, struct span name)
{
    CLEANUP(buf_release) struct buf form = BUF_INIT;
    return dn_normalise(s->keyer, name, &form) == 0 ? pool_strdup(s->pool, buf_str(&form)) : NULL;
}

static void keep(struct search *s, const struct container_row *row, char *form)
{
    *MEM_PUSH(&s->lost, &s->n, &s->cap) = (struct lost){.id = row->id,
                                                        .n = strlen(form),
                                                        .uid = pool_strndup(s->pool, row->uid.p, row->uid.n),
                                                        .name = pool_strndup(s->pool, row->name.p, row->name.n),
                                                        .form = form};
}

static void take_wanted(void *ctx, const struct container_row *row)
{
    struct search *s = ctx;
    if (!bsearch(&row->id, s->wanted, s->nwanted, sizeof *s->wanted, by_number))
        return;
    char *form = normal_form(s, row->name);
    if (form)
        keep(s, row, form);
}

static bool lies_in(const struct lost *asked, size_t n, const struct lost *l)
{
    for (size_t i = 0; i < n; i++)
        if (dn_is_below(l->form, asked[i].form))
            return true;
    return false;
}

/* Moves those to be asked for to the front; their number. */
static size_t choose(struct lost *lost, size_t n)
{
    size_t chosen = 0;
    if (n)
        qsort(lost, n, sizeof *lost, by_length);
    for (size_t i = 0; i < n && chosen < LOCATE_MAX; i++)
        if (!lies_in(lost, chosen, &lost[i]))
            lost[chosen++] = lost[i];
    return chosen;
}

/* 1: found; 0: not, or the source does not say. */
static int ask(struct search *s, const struct located_source *source, const char *uid, const char **ret)
{
    struct err own = ERR_INIT;
    int r = source->connector->locate(source->directory, span_str(uid), s->pool, ret, &own);
    if (r < 0)
        log_debug("directory %s: %s", source->name, own.text);
    return r;
}

int locate_missing(struct store *store, const struct located_source *source, const uint32_t *containers, size_t n,
                   struct err *err)
{
    if (n == 0 || !source->connector->locate)
        return 0;
    CLEANUP(freep) uint32_t *sorted = mem_alloc(n * sizeof *sorted);
    memcpy(sorted, containers, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    CLEANUP(search_release)
    struct search s = {.pool = pool_new(), .keyer = dn_keyer_new(), .wanted = sorted, .nwanted = n};
    if (container_each(store->db, source->name, false, take_wanted, &s, err) != 0)
        return -1;
    size_t chosen = choose(s.lost, s.n);
    for (size_t i = 0; i < chosen; i++) {
        const char *now = NULL;
        int r = ask(&s, source, s.lost[i].uid, &now);
        if (r < 0)
            return 0; /* the next question would fare no better */
        if (container_set_moved(store->db, s.lost[i].id, r ? now : "", err) != 0)
            return -1;
    }
    return 0;
}

static void take_base(void *ctx, const struct container_row *row)
{
    struct search *s = ctx;
    char *form = normal_form(s, row->name);
    if (form && strcmp(form, s->base) == 0)
        keep(s, row, form);
}

void locate_base(struct store *store, const struct located_source *source, struct err *err)
{
    struct missing_base missing;
    const struct directory_connector *c = source->connector;
    if (!c->missing_base || !c->locate || !c->missing_base(source->directory, &missing))
        return;
    CLEANUP(search_release) struct search s = {.pool = pool_new(), .keyer = dn_keyer_new()};
    s.base = normal_form(&s, span_str(missing.name));
    struct err ignored = ERR_INIT;
    if (!s.base || container_each(store->db, source->name, true, take_base, &s, &ignored) != 0)
        return;
    const char *now = NULL;
    for (size_t i = s.n; i-- > 0;) {
        if (ask(&s, source, s.lost[i].uid, &now) != 1)
            continue;
        err_set(err, err->kind,
                "base %.400s: it is not there any more; the entry (same %s) is now %.400s: correct base in %s, then "
                "run the command again",
                text_printable(s.pool, span_str(missing.name)), source->id_attribute,
                text_printable(s.pool, span_str(now)), missing.where);
        return;
    }
}
