#include "scim/etag.h"

const char *scim_etag(struct pool *pool, const char *version)
{
    return pool_printf(pool, "W/\"%s\"", version);
}

/* "x" of W/"x" or "x" at the front of the list, which goes on behind it. false: it is none. */
static bool take_tag(struct span *list, struct span *ret)
{
    const char *p = list->p, *end = p + list->n;
    if (end - p > 2 && p[0] == 'W' && p[1] == '/')
        p += 2;
    if (p == end || *p != '"')
        return false;
    const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
    if (!close)
        return false;
    *ret = (struct span){p, (size_t)(close + 1 - p)};
    *list = (struct span){close + 1, (size_t)(end - close - 1)};
    return true;
}

static void skip(struct span *list, const char *any)
{
    while (list->n && list->p[0] && strchr(any, list->p[0])) {
        list->p++;
        list->n--;
    }
}

static bool lists(struct span list, const char *etag)
{
    struct span own = span_str(etag), wanted, tag;
    skip(&list, " \t");
    if (list.n && list.p[0] == '*')
        return true;
    if (!take_tag(&own, &wanted))
        return false;
    for (skip(&list, " \t,"); take_tag(&list, &tag); skip(&list, " \t,"))
        if (span_eq(tag, wanted))
            return true;
    return false;
}

enum scim_condition scim_etag_check(struct span if_match, struct span if_none_match, const char *etag, bool read)
{
    if (if_match.p && !(etag && lists(if_match, etag)))
        return SCIM_PRECONDITION_FAILED;
    if (if_none_match.p && etag && lists(if_none_match, etag))
        return read ? SCIM_NOT_MODIFIED : SCIM_PRECONDITION_FAILED;
    return SCIM_PROCEED;
}
