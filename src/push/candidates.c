/* Filters that an index answers, at least in part. */
#include "push/candidates.h"

#include "base/cleanup.h"
#include "base/mem.h"

struct span candidates_linked_id(const struct service_type *type, const struct scim_filter *f)
{
    const struct scim_attr *links = service_attr(type, type->links), *value = scim_sub_find(links, "value");
    struct span id = {0};
    if (f->op == SCIM_VALUE_PATH && f->at.attr == links && f->first->op == SCIM_EQ &&
        scim_filter_equals(f->first, value, &id, 1) == 1)
        return id;
    if (f->op == SCIM_EQ && f->at.attr == links && scim_filter_equals(f, value, &id, 1) == 1)
        return id;
    return (struct span){0};
}

static const struct scim_filter *equal_on(const struct candidates *c, const char *name, const char *sub_name)
{
    const struct scim_attr *attr = service_attr(c->type, name);
    const struct scim_attr *sub = attr && sub_name ? scim_sub_find(attr, sub_name) : NULL;
    return attr ? scim_filter_needs_equal(c->filter, attr, sub) : NULL;
}

static void by_key(struct candidates *c, enum pushed_key_kind kind, const struct scim_filter *term)
{
    c->query.way = PUSHED_KEYED;
    c->query.key = (struct pushed_key){kind, term->value.text};
}

/* The id that every match has to be linked with. */
static struct span needed_link(const struct service_type *type, const struct scim_filter *f)
{
    struct span id = f->known ? candidates_linked_id(type, f) : (struct span){0};
    for (const struct scim_filter *kid = f->op == SCIM_AND ? f->first : NULL; kid && !id.p; kid = kid->next)
        id = needed_link(type, kid);
    return id;
}

static int by_link(struct service_call *call, struct candidates *c, struct span id)
{
    struct pushed_resource other;
    int found = pushed_get_any(call->pushed, call->directory, id, call->pool, &other, call->err);
    if (found < 0)
        return -1;
    c->none = found == 0;
    c->members = c->type->kind == PUSHED_USER;
    c->query.way = PUSHED_MEMBER_OF;
    c->query.member = found ? other.row : 0;
    return 0;
}

/* meta.lastModified gt "…": the instant that every match was changed behind; shown are milliseconds, kept microseconds. */
static const struct scim_filter *needed_instant(const struct scim_filter *f)
{
    bool later = f->op == SCIM_GT || f->op == SCIM_GE;
    if (later && f->known && f->value.kind == SCIM_INSTANT && f->at.sub && strcmp(f->at.attr->name, "meta") == 0 &&
        strcmp(f->at.sub->name, "lastModified") == 0)
        return f;
    for (const struct scim_filter *kid = f->op == SCIM_AND || f->op == SCIM_VALUE_PATH ? f->first : NULL; kid;
         kid = kid->next) {
        const struct scim_filter *found = needed_instant(kid);
        if (found)
            return found;
    }
    return NULL;
}

int candidates_choose(struct service_call *call, const struct service_type *type, const struct scim_filter *filter,
                      struct candidates *ret)
{
    const struct scim_filter *term;
    struct candidates *c = ret;
    *c = (struct candidates){.type = type, .filter = filter};
    c->query = (struct pushed_query){.directory = call->directory, .kind = type->kind, .way = PUSHED_ALL};
    if (!filter)
        return 0;
    if ((term = equal_on(c, "id", NULL))) {
        c->one = true;
        c->id = term->value.text;
    } else if ((term = equal_on(c, type->name, NULL))) {
        by_key(c, PUSHED_NAME, term);
    } else if ((term = equal_on(c, "externalId", NULL))) {
        by_key(c, PUSHED_EXTERNAL, term);
    } else if ((term = equal_on(c, "emails", "value"))) {
        by_key(c, PUSHED_EMAIL, term);
    } else if (needed_link(type, filter).p) {
        return by_link(call, c, needed_link(type, filter));
    } else if ((term = needed_instant(filter))) {
        c->query.way = PUSHED_SINCE;
        c->query.since = term->value.integer - 1;
    }
    return 0;
}

/* Rows first, so that what an index gives in another order comes in that of a listing. */
struct found {
    int64_t *rows;
    size_t n, cap;
    enum pushed_kind kind;
};

static void found_release(struct found *found)
{
    free(found->rows);
}

static int note_row(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct found *found = ctx;
    (void)err;
    if (r->kind == found->kind)
        *MEM_PUSH(&found->rows, &found->n, &found->cap) = r->row;
    return 0;
}

static int by_row(const void *one, const void *other)
{
    const int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static int each_row(struct service_call *call, const struct found *found, int64_t after, pushed_each_fn *each,
                    void *ctx)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < found->n; i++) {
        struct pushed_resource r;
        if (found->rows[i] <= after)
            continue;
        int told = pushed_get_row(call->pushed, found->rows[i], true, pool, &r, call->err);
        if (told == 1)
            told = each(ctx, &r, call->err);
        if (told != 0)
            return told < 0 ? -1 : 0;
        pool_reset(pool);
    }
    return 0;
}

int candidates_each(struct service_call *call, struct candidates *c, pushed_each_fn *each, void *ctx)
{
    if (c->none)
        return 0;
    if (c->one) {
        struct pushed_resource r;
        int found = pushed_get(call->pushed, call->directory, c->type->kind, c->id, true, call->pool, &r, call->err);
        return found < 0 || (found == 1 && r.row > c->query.after && each(ctx, &r, call->err) < 0) ? -1 : 0;
    }
    if (!c->members && c->query.way != PUSHED_SINCE) {
        c->query.with_text = true;
        return pushed_each(call->pushed, &c->query, each, ctx, call->err);
    }
    CLEANUP(found_release) struct found found = {.kind = c->type->kind};
    int status = c->members ? pushed_members(call->pushed, c->query.member, note_row, &found, call->err)
                            : pushed_each(call->pushed, &c->query, note_row, &found, call->err);
    if (found.n)
        qsort(found.rows, found.n, sizeof *found.rows, by_row);
    return status != 0 ? -1 : each_row(call, &found, c->query.after, each, ctx);
}
