/* What a store can learn from a filter without a resource. */
#include "scim/filter.h"

static bool is_equal_of(const struct scim_filter *f, const struct scim_attr *attr, const struct scim_attr *sub)
{
    return f->op == SCIM_EQ && f->known && f->value.kind == SCIM_TEXT && f->at.attr == attr && f->at.sub == sub;
}

/*
 * Below AND, and in the brackets of a value path, everything has to hold. Below NOT nothing is known, below OR only
 * what all of them need, which is not worth the search.
 */
const struct scim_filter *scim_filter_needs_equal(const struct scim_filter *f, const struct scim_attr *attr,
                                                  const struct scim_attr *sub)
{
    if (is_equal_of(f, attr, sub))
        return f;
    if (f->op != SCIM_AND && f->op != SCIM_VALUE_PATH)
        return NULL;
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next) {
        const struct scim_filter *found = scim_filter_needs_equal(kid, attr, sub);
        if (found)
            return found;
    }
    return NULL;
}

bool scim_filter_mentions(const struct scim_filter *f, const struct scim_attr *attr)
{
    if (f->known && f->at.attr == attr)
        return true;
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next)
        if (scim_filter_mentions(kid, attr))
            return true;
    return false;
}

size_t scim_filter_equals(const struct scim_filter *f, const struct scim_attr *sub, struct span *ret, size_t max)
{
    size_t n = 0;
    const struct scim_filter *kid = f->op == SCIM_OR ? f->first : f;
    for (; kid; kid = f->op == SCIM_OR ? kid->next : NULL) {
        if (n == max || kid->op != SCIM_EQ || !kid->known || kid->at.sub != sub || kid->value.kind != SCIM_TEXT)
            return 0;
        ret[n++] = kid->value.spelled;
    }
    return n;
}

bool scim_filter_says(const struct scim_filter *where, json_t *object)
{
    if (where->op == SCIM_AND) {
        bool all = true;
        for (const struct scim_filter *kid = where->first; kid; kid = kid->next)
            all &= scim_filter_says(kid, object);
        return all;
    }
    bool simple = where->op == SCIM_EQ && where->known && where->at.sub;
    if (simple && where->value.kind == SCIM_TEXT)
        return json_object_set_new(object, where->at.sub->name,
                                   json_stringn(where->value.spelled.p, where->value.spelled.n)) == 0;
    if (simple && where->value.kind == SCIM_TRUTH)
        return json_object_set_new(object, where->at.sub->name, json_boolean(where->value.truth)) == 0;
    return false;
}
