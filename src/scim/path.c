#include "scim/path.h"

#include "scim/limits.h"

static int no_path(struct span text, const char *why, struct scim_error *error)
{
    return scim_error_set(error, SCIM_WRONG_PATH, "path '%.*s': %s", text.n > 200 ? 200 : (int)text.n,
                          text.n ? text.p : "", why);
}

/* rest: what stands behind the brackets: nothing, or a sub-attribute. */
static int read_sub(struct span text, struct span rest, struct scim_path *path, struct scim_error *error)
{
    if (rest.n == 0)
        return 0;
    struct span name = {rest.p + 1, rest.n - 1};
    path->at.sub = rest.p[0] == '.' ? scim_attr_find(path->at.attr->subs, path->at.attr->nsubs, name) : NULL;
    return path->at.sub ? 0 : no_path(text, "there is no such sub-attribute", error);
}

/* In a query what is not there has no value; in a path it is a mistake, and "ne" would choose all. */
static bool is_known(const struct scim_filter *f)
{
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next)
        if (!is_known(kid))
            return false;
    return f->first || f->known;
}

int scim_path_parse(struct pool *pool, const struct scim_resource_type *type, struct span text, struct scim_path *ret,
                    struct scim_error *error)
{
    struct scim_path path = {0};
    if (text.n > SCIM_PATH_MAX)
        return no_path(text, "it is too long", error);
    const char *open = text.n ? memchr(text.p, '[', text.n) : NULL;
    struct span name = {text.p, open ? (size_t)(open - text.p) : text.n};
    if (!scim_attrpath_find(type, name, &path.at))
        return no_path(text, "there is no such attribute", error);
    if (!open) {
        *ret = path;
        return 0;
    }
    /* A text in the brackets may hold a bracket; what follows them may not. */
    const char *close = memrchr(open, ']', text.n - name.n);
    if (!close || !path.at.attr || path.at.sub)
        return no_path(text, close ? "brackets stand behind an attribute" : "there is no closing ]", error);
    struct span inside = {open + 1, (size_t)(close - open) - 1};
    struct span rest = {close + 1, (size_t)(text.p + text.n - close) - 1};
    if (scim_filter_parse_values(pool, &path.at, inside, &path.where, error) != 0)
        return scim_error_wrap(error, "path '%.*s'", text.n > 200 ? 200 : (int)text.n, text.p);
    if (!is_known(path.where))
        return no_path(text, "the brackets name something that its values do not have", error);
    if (read_sub(text, rest, &path, error) != 0)
        return -1;
    *ret = path;
    return 0;
}
