#include "scim/projection.h"

#include "scim/limits.h"

static struct span trimmed(struct span s)
{
    for (; s.n && s.p[0] == ' '; s.n--)
        s.p++;
    for (; s.n && s.p[s.n - 1] == ' ';)
        s.n--;
    return s;
}

static struct span next_name(struct span *list)
{
    const char *comma = list->n ? memchr(list->p, ',', list->n) : NULL;
    struct span name = {list->p, comma ? (size_t)(comma - list->p) : list->n};
    size_t used = name.n + (comma ? 1 : 0);
    *list = (struct span){list->p + used, list->n - used};
    return trimmed(name);
}

static int read_names(struct pool *pool, struct span list, struct scim_projection *ret, struct scim_error *error)
{
    struct scim_attrpath *names = pool_alloc(pool, SCIM_NAMES_MAX * sizeof *names);
    for (size_t seen = 0; list.n; seen++) {
        struct span name = next_name(&list);
        if (seen == SCIM_NAMES_MAX)
            return scim_error_set(error, SCIM_WRONG_VALUE, "more than %d attributes are named", SCIM_NAMES_MAX);
        if (scim_attrpath_find(ret->type, name, &names[ret->n]))
            ret->n++;
    }
    ret->names = names;
    return 0;
}

int scim_projection_read(struct pool *pool, const struct scim_resource_type *type, struct span attributes,
                         struct span excluded, struct scim_projection *ret, struct scim_error *error)
{
    struct scim_projection p = {.type = type, .kind = SCIM_USUAL};
    bool only = trimmed(attributes).n > 0, except = trimmed(excluded).n > 0;
    if (only && except)
        return scim_error_set(error, SCIM_WRONG_VALUE,
                              "attributes and excludedAttributes are both there; send one of them");
    if (only || except) {
        p.kind = only ? SCIM_ONLY : SCIM_EXCEPT;
        if (read_names(pool, only ? attributes : excluded, &p, error) != 0)
            return -1;
    }
    *ret = p;
    return 0;
}

/*
 * --- what is shown of an attribute
 * --------------------------------------------------------------------------------------
 */

enum share { NOTHING, PARTS, ALL };

static bool parts_differ(const struct scim_attr *attr)
{
    for (size_t i = 0; i < attr->nsubs; i++)
        if (attr->subs[i].returned == SCIM_NEVER || attr->subs[i].returned == SCIM_ON_REQUEST)
            return true;
    return false;
}

/* How the client named it: ALL as a whole (with its extension), PARTS some sub-attributes. */
static enum share named(const struct scim_projection *p, const struct scim_schema *extension,
                        const struct scim_attr *attr)
{
    enum share found = NOTHING;
    for (size_t i = 0; i < p->n; i++) {
        const struct scim_attrpath *at = &p->names[i];
        if (at->extension != extension || (at->attr && at->attr != attr))
            continue;
        if (!at->sub)
            return ALL;
        found = PARTS;
    }
    return found;
}

static enum share share_of(const struct scim_projection *p, const struct scim_schema *extension,
                           const struct scim_attr *attr)
{
    enum share whole = parts_differ(attr) ? PARTS : ALL, by_name = named(p, extension, attr);
    if (attr->returned == SCIM_NEVER)
        return NOTHING;
    if (attr->returned == SCIM_ALWAYS)
        return whole;
    if (p->kind == SCIM_ONLY)
        return by_name == ALL ? whole : by_name;
    if (attr->returned == SCIM_ON_REQUEST || by_name == ALL)
        return NOTHING;
    return by_name == PARTS ? PARTS : whole;
}

bool scim_projection_has(const struct scim_projection *projection, const struct scim_schema *extension,
                         const struct scim_attr *attr)
{
    return share_of(projection, extension, attr) != NOTHING;
}

static bool names_sub(const struct scim_projection *p, const struct scim_schema *extension,
                      const struct scim_attr *attr, const struct scim_attr *sub)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->names[i].extension == extension && p->names[i].attr == attr && p->names[i].sub == sub)
            return true;
    return false;
}

static bool shows_sub(const struct scim_projection *p, const struct scim_schema *extension,
                      const struct scim_attr *attr, const struct scim_attr *sub)
{
    bool by_name = names_sub(p, extension, attr, sub);
    if (sub->returned == SCIM_NEVER || sub->returned == SCIM_ALWAYS)
        return sub->returned == SCIM_ALWAYS;
    if (p->kind == SCIM_ONLY && named(p, extension, attr) == PARTS)
        return by_name;
    return sub->returned != SCIM_ON_REQUEST && !(p->kind == SCIM_EXCEPT && by_name);
}

/*
 * --- resources
 * --------------------------------------------------------------------------------------------------------------
 */

/* New references, like those below; empty when nothing is left. */
static json_t *parts_of_one(const struct scim_projection *p, const struct scim_schema *extension,
                            const struct scim_attr *attr, const json_t *value)
{
    json_t *shown = json_object(), *member = NULL;
    const char *key = NULL;
    json_object_foreach ((json_t *)value, key, member) {
        const struct scim_attr *sub = scim_sub_find(attr, key);
        if (sub && shows_sub(p, extension, attr, sub))
            json_object_set(shown, key, member);
    }
    return shown;
}

static json_t *parts_of(const struct scim_projection *p, const struct scim_schema *extension,
                        const struct scim_attr *attr, const json_t *value)
{
    if (!json_is_array(value))
        return parts_of_one(p, extension, attr, value);
    json_t *shown = json_array();
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach (value, i, one) {
        json_t *parts = parts_of_one(p, extension, attr, one);
        if (json_object_size(parts))
            json_array_append(shown, parts);
        json_decref(parts);
    }
    return shown;
}

static void show(const struct scim_projection *p, const struct scim_schema *extension, const struct scim_attr *attr,
                 json_t *value, json_t *ret)
{
    enum share share = share_of(p, extension, attr);
    if (share == NOTHING)
        return;
    json_auto_t *shown = share == ALL ? json_incref(value) : parts_of(p, extension, attr, value);
    if (json_is_object(shown) ? json_object_size(shown) : !json_is_array(shown) || json_array_size(shown))
        json_object_set(ret, attr->name, shown);
}

static void show_extension(const struct scim_projection *p, const struct scim_schema *extension, const json_t *values,
                           json_t *ret)
{
    json_auto_t *shown = json_object();
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)values, key, value) {
        const struct scim_attr *attr = scim_attr_find(extension->attrs, extension->nattrs, span_str(key));
        if (attr)
            show(p, extension, attr, value, shown);
    }
    if (json_object_size(shown))
        json_object_set(ret, extension->id, shown);
}

json_t *scim_project(const struct scim_projection *projection, const json_t *resource)
{
    json_t *shown = json_object(), *value = NULL;
    const char *key = NULL;
    json_object_foreach ((json_t *)resource, key, value) {
        const struct scim_attr *attr = scim_type_attr(projection->type, span_str(key));
        const struct scim_schema *extension = attr ? NULL : scim_type_extension(projection->type, span_str(key));
        if (attr)
            show(projection, NULL, attr, value, shown);
        else if (extension)
            show_extension(projection, extension, value, shown);
    }
    return shown;
}
