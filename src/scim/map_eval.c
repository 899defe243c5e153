/* What a source gives for somebody. */
#include <unicase.h>

#include "base/cleanup.h"
#include "scim/map_inner.h"

static const struct span nothing = {NULL, 0};

/* At a character: a rule cannot make more of a value than fits. */
static struct span cut(struct span s)
{
    if (s.n <= SCIM_MAP_VALUE_MAX)
        return s;
    s.n = SCIM_MAP_VALUE_MAX;
    while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
        s.n--;
    return s;
}

static struct span raw_value(const struct scim_person *person, struct span name)
{
    for (size_t i = 0; i < person->nextra; i++)
        if (span_eq(person->extra[i].name, name))
            return person->extra[i].value;
    return nothing;
}

static struct span first_of(const struct scim_expr *expr, const struct scim_person *person, struct pool *pool)
{
    for (const struct scim_expr *kid = expr->first; kid; kid = kid->next) {
        struct span value = scim_expr_eval(kid, person, pool);
        if (value.n > 0)
            return value;
    }
    return nothing;
}

static struct span join(const struct scim_expr *expr, const struct scim_person *person, struct pool *pool)
{
    CLEANUP(buf_release) struct buf all = BUF_INIT;
    for (const struct scim_expr *kid = expr->first; kid && all.len <= SCIM_MAP_VALUE_MAX; kid = kid->next) {
        struct span value = scim_expr_eval(kid, person, pool);
        if (value.n == 0)
            continue;
        if (all.len > 0)
            buf_add(&all, expr->text.p, expr->text.n);
        buf_add(&all, value.p, value.n);
    }
    if (all.len == 0)
        return nothing;
    struct span text = cut((struct span){all.data, all.len});
    return (struct span){pool_strndup(pool, text.p, text.n), text.n};
}

/* By the mapping that belongs to no language: a Turkish i is nobody's business here. */
static struct span change_case(const struct scim_expr *expr, const struct scim_person *person, struct pool *pool)
{
    struct span value = scim_expr_eval(expr->first, person, pool);
    if (value.n == 0)
        return nothing;
    size_t n = 0;
    CLEANUP(freep)
    uint8_t *changed = (expr->op == EXPR_LOWER ? u8_tolower : u8_toupper)((const uint8_t *)value.p, value.n, "",
                                                                          UNINORM_NFC, NULL, &n);
    if (!changed)
        return value;
    struct span text = cut((struct span){(const char *)changed, n});
    return (struct span){pool_strndup(pool, text.p, text.n), text.n};
}

struct span scim_expr_eval(const struct scim_expr *expr, const struct scim_person *person, struct pool *pool)
{
    switch (expr->op) {
    case EXPR_ATTR:
        return person->attr[expr->attr];
    case EXPR_ID:
        return person->id;
    case EXPR_RAW:
        return raw_value(person, expr->text);
    case EXPR_TEXT:
        return expr->text;
    case EXPR_FIRST:
        return first_of(expr, person, pool);
    case EXPR_JOIN:
        return join(expr, person, pool);
    case EXPR_LOWER:
    case EXPR_UPPER:
        return change_case(expr, person, pool);
    default: {
        struct span key = scim_expr_eval(expr->first, person, pool);
        return key.n ? scim_table_find(expr->table, key) : nothing;
    }
    }
}
