#include "cli/evidence.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/attrmap.h"

/* A way that was asked for. */
struct known {
    struct path path;
    const char *text; /* NULL: not made yet */
};

struct evidence {
    struct store *store;
    struct pool *pool;
    const struct conf_section *directory;
    struct ways *ways;
    const char *active;
    struct keymap by_change; /* of what makes two ways alike -> place in known */
    struct known *known;
    size_t n, cap;
    struct keymap there; /* of a group -> 1 or 0 */
};

struct evidence *evidence_open(struct store *store, const struct conf *conf, const struct policy *policy,
                               const struct plan *plan)
{
    struct evidence *e = mem_zero(sizeof *e);
    e->store = store;
    e->pool = pool_new();
    e->directory = conf_find(conf, "directory", plan->directory);
    e->ways = ways_new(store, policy, plan);
    if (e->directory)
        e->active = attrmap_active_name(e->directory, e->pool);
    return e;
}

void evidence_close(struct evidence **evidence)
{
    struct evidence *e = *evidence;
    if (!e)
        return;
    ways_free(&e->ways);
    pool_free(&e->pool);
    keymap_release(&e->by_change);
    keymap_release(&e->there);
    free(e->known);
    free(e);
    *evidence = NULL;
}

static int find(struct evidence *e, const struct change *c, struct known **ret, struct err *err)
{
    struct key128 key = {(uint64_t)c->object << 32 | c->detail, c->op};
    uint32_t at = keymap_find(&e->by_change, key);
    if (at == KEYMAP_NONE) {
        struct path path;
        if (ways_of(e->ways, (enum op)c->op, c->object, c->detail, e->pool, &path, err) != 0)
            return -1;
        at = (uint32_t)e->n;
        *MEM_PUSH(&e->known, &e->n, &e->cap) = (struct known){.path = path};
        keymap_put(&e->by_change, key, at);
    }
    *ret = &e->known[at];
    return 0;
}

int evidence_path(struct evidence *e, const struct change *c, struct path *ret, struct err *err)
{
    struct known *known;
    if (find(e, c, &known, err) != 0)
        return -1;
    *ret = known->path;
    return 0;
}

static int way_words(struct evidence *e, struct words *w, const struct change *c, const char **ret, struct err *err)
{
    struct known *known;
    if (find(e, c, &known, err) != 0)
        return -1;
    *ret = known->text;
    if (known->text)
        return 0;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const char *name;
    if (words_group(w, c->detail, &name, err) != 0)
        return -1;
    buf_printf(&text, "in group %s", name);
    for (size_t i = 1; i < known->path.n; i++) {
        if (words_group(w, known->path.groups[i], &name, err) != 0)
            return -1;
        buf_printf(&text, ", part of %s", name);
    }
    *ret = known->text = pool_strdup(e->pool, buf_str(&text));
    return 0;
}

static int is_there(struct evidence *e, uint32_t group, bool *ret, struct err *err)
{
    struct key128 key = {group, 0};
    uint32_t known = keymap_find(&e->there, key);
    if (known == KEYMAP_NONE) {
        bool any;
        if (group_state(e->store->db, group, ret, &any, err) != 0)
            return -1;
        known = *ret;
        keymap_put(&e->there, key, known);
    }
    *ret = known != 0;
    return 0;
}

const char *evidence_active(const struct evidence *e)
{
    return e->active;
}

const char *evidence_exclude(const struct evidence *e, uint32_t line)
{
    if (!e->directory || line == 0 || line > conf_count(e->directory, "exclude"))
        return pool_printf(e->pool, "exclude line %u of the directory", line);
    return pool_printf(e->pool, "exclude line %u: %s, %s", line,
                       text_printable(e->pool, span_str(conf_at(e->directory, "exclude", line - 1))),
                       conf_where_key(e->directory, "exclude", line - 1));
}

/* The group that somebody is said to have left, or that the configuration is said not to ask for; 0: neither. */
static uint32_t group_left(const struct change *c)
{
    if (c->cause == CAUSE_LEFT_GROUP && c->detail)
        return c->detail;
    return c->op == OP_LEAVE && (c->cause == CAUSE_LEFT_GROUP || c->cause == CAUSE_UNCONFIGURED) ? c->object : 0;
}

static int gone_words(struct evidence *e, struct words *w, uint32_t group, struct buf *out, struct err *err)
{
    bool there;
    const char *name;
    if (is_there(e, group, &there, err) != 0 || words_group(w, group, &name, err) != 0)
        return -1;
    if (!there)
        buf_printf(out, "group %s is no longer in the directory", name);
    return !there;
}

int evidence_words(struct evidence *e, struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    const char *text;
    uint32_t left = group_left(c);
    if (left)
        return gone_words(e, w, left, out, err);
    if (c->cause == CAUSE_GROUP) {
        if (way_words(e, w, c, &text, err) != 0)
            return -1;
        buf_adds(out, text);
    } else if (c->cause == CAUSE_EXCLUDED) {
        buf_printf(out, "excluded by %s", evidence_exclude(e, c->detail));
    } else if (c->cause == CAUSE_DISABLED && e->active) {
        buf_printf(out, "disabled in the directory (%s)", e->active);
    } else {
        return 0;
    }
    return 1;
}
