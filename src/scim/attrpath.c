#include "scim/attrpath.h"

#include "scim/limits.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '$';
}

static bool is_attrname(struct span s)
{
    if (s.n == 0 || (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_name_char(s.p[i]))
            return false;
    return true;
}

static struct span behind(struct span s, size_t n)
{
    return (struct span){s.p + n, s.n - n};
}

/* Splits at the dot; ret_sub is empty (p NULL) when there is none. */
static struct span split_sub(struct span s, struct span *ret_sub)
{
    const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
    *ret_sub = (struct span){0};
    if (!dot)
        return s;
    size_t n = (size_t)(dot - s.p);
    *ret_sub = behind(s, n + 1);
    return (struct span){s.p, n};
}

static bool is_attr_with_sub(struct span s)
{
    struct span sub, attr = split_sub(s, &sub);
    return is_attrname(attr) && (!sub.p || is_attrname(sub));
}

bool scim_attrpath_is(struct span name)
{
    if (name.n == 0 || name.n > SCIM_NAME_MAX)
        return false;
    const char *colon = memrchr(name.p, ':', name.n);
    if (!colon)
        return is_attr_with_sub(name);
    for (const char *p = name.p; p < colon; p++)
        if ((unsigned char)*p <= ' ' || strchr("\"()[]\\<>", *p))
            return false;
    return is_attr_with_sub(behind(name, (size_t)(colon - name.p) + 1));
}

/* The rest behind "URN:", when it begins so. */
static bool has_urn(struct span name, const char *urn, struct span *ret_rest)
{
    size_t n = strlen(urn);
    if (name.n <= n || name.p[n] != ':' || strncasecmp(name.p, urn, n) != 0)
        return false;
    *ret_rest = behind(name, n + 1);
    return true;
}

static bool find_sub(const struct scim_schema *extension, const struct scim_attr *attr, struct span sub,
                     struct scim_attrpath *ret)
{
    const struct scim_attr *found = sub.p && attr ? scim_attr_find(attr->subs, attr->nsubs, sub) : NULL;
    if (!attr || (sub.p && !found))
        return false;
    *ret = (struct scim_attrpath){extension, attr, found};
    return true;
}

static bool find_in(const struct scim_schema *schema, struct span name, struct scim_attrpath *ret)
{
    struct span sub, attr = split_sub(name, &sub);
    return find_sub(schema, scim_attr_find(schema->attrs, schema->nattrs, attr), sub, ret);
}

static bool find_plain(const struct scim_resource_type *type, struct span name, struct scim_attrpath *ret)
{
    struct span sub, attr = split_sub(name, &sub);
    const struct scim_attr *own = scim_type_attr(type, attr);
    if (own)
        return find_sub(NULL, own, sub, ret);
    for (size_t i = 0; i < type->nextensions; i++)
        if (find_in(type->extensions[i].schema, name, ret))
            return true;
    return false;
}

bool scim_attrpath_find(const struct scim_resource_type *type, struct span name, struct scim_attrpath *ret)
{
    struct span rest;
    if (name.n == 0 || name.n > SCIM_NAME_MAX)
        return false;
    if (!memchr(name.p, ':', name.n))
        return find_plain(type, name, ret);
    if (has_urn(name, type->schema->id, &rest)) {
        struct span sub, attr = split_sub(rest, &sub);
        return find_sub(NULL, scim_type_attr(type, attr), sub, ret);
    }
    const struct scim_schema *whole = scim_type_extension(type, name);
    if (whole) {
        *ret = (struct scim_attrpath){whole, NULL, NULL};
        return true;
    }
    for (size_t i = 0; i < type->nextensions; i++)
        if (has_urn(name, type->extensions[i].schema->id, &rest))
            return find_in(type->extensions[i].schema, rest, ret);
    return false;
}

json_t *scim_attrpath_get(const struct scim_attrpath *at, const json_t *resource)
{
    const json_t *in = at->extension ? json_object_get(resource, at->extension->id) : resource;
    return at->attr ? json_object_get(in, at->attr->name) : (json_t *)in;
}

const char *scim_attrpath_name(struct pool *pool, const struct scim_attrpath *at)
{
    const char *urn = at->extension ? at->extension->id : "";
    if (!at->attr)
        return pool_strdup(pool, urn);
    return pool_printf(pool, "%s%s%s%s%s", urn, *urn ? ":" : "", at->attr->name, at->sub ? "." : "",
                       at->sub ? at->sub->name : "");
}
