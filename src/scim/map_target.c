/* The target of a rule: an attribute of User that may be written, found in the schemas. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "scim/limits.h"
#include "scim/map_inner.h"

#define NAMES_MAX       600 /* that are looked through for the nearest */
#define IETF_URNS       "urn:ietf:params:scim:"
#define IETF_EXTENSIONS IETF_URNS "schemas:extension:"

/* Attributes that something else writes, and what. */
static const struct {
    const char *name, *why;
} others[] = {
    {"id", "the platform gives it"},
    {"externalId", "it is always our own id of the person"},
    {"schemas", "it follows from what is written"},
    {"meta", "the platform writes it"},
    {"active", "it follows from the account's state"},
    {"password", "no password is ever sent"},
    {"groups", "it follows from the groups' members"},
    {"entitlements", "products are written there, with assign = entitlement"},
    {"roles", "products are written there, with assign = role"},
};

static const char *shown(struct scim_map *map, struct span text)
{
    return text_printable(map->pool, (struct span){text.p, text.n > 200 ? 200 : text.n});
}

/* --- somebody's own extensions ----------------------------------------------------------------------------------- */

/* Where the URN ends: at the last colon before any bracket. */
static const char *urn_end(struct span text)
{
    const char *open = memchr(text.p, '[', text.n);
    return memrchr(text.p, ':', open ? (size_t)(open - text.p) : text.n);
}

static bool is_known_urn(const struct scim_map *map, struct span urn)
{
    return (urn.n == strlen(map->type->schema->id) && strncasecmp(urn.p, map->type->schema->id, urn.n) == 0) ||
           scim_type_extension(map->type, urn);
}

/*
 * Vendors name their own extensions as if they were the standard's:
 * urn:ietf:params:scim:schemas:extension:WHATEVER:2.0:User. Only what looks
 * like a slip is none of these.
 */
static bool is_vendors(struct scim_map *map, const char *text)
{
    static const char *const known[] = {"enterprise"};
    const char *name = text + strlen(IETF_EXTENSIONS);
    if (strncasecmp(text, IETF_EXTENSIONS, strlen(IETF_EXTENSIONS)) != 0)
        return false;
    return !text_nearest(pool_strndup(map->pool, name, strcspn(name, ":")), known, 1);
}

static int check_urn(struct scim_map *map, struct span urn, struct err *err)
{
    const char *known[] = {SCIM_USER_URN, SCIM_ENTERPRISE_URN};
    char *text = pool_strndup(map->pool, urn.p, urn.n);
    if (strncasecmp(text, "urn:", 4) != 0 || urn.n < 8 || !strchr(text + 4, ':'))
        return err_set(err, ERR_CONFIG, "'%s' is not the URN of a schema; write urn:NAMESPACE:NAME:ATTRIBUTE",
                       shown(map, urn));
    if (strncasecmp(text, IETF_URNS, strlen(IETF_URNS)) != 0 || is_vendors(map, text))
        return 0;
    const char *near = text_nearest(text, known, 2);
    return err_set(err, ERR_CONFIG, "the standard has no schema '%s' for users%s%s%s", shown(map, urn),
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The schema of a URN with one attribute more; the old one stays what it was, as rules point into it. */
static const struct scim_schema *grown(struct scim_map *map, const struct scim_schema *old, const char *urn,
                                       struct scim_attr attr)
{
    struct scim_schema *schema = pool_zero(map->pool, sizeof *schema);
    struct scim_attr *attrs = pool_alloc(map->pool, ((old ? old->nattrs : 0) + 1) * sizeof *attrs);
    size_t n = 0;
    for (size_t i = 0; old && i < old->nattrs; i++)
        if (!text_same_ascii(old->attrs[i].name, attr.name))
            attrs[n++] = old->attrs[i];
    attrs[n++] = attr;
    *schema = (struct scim_schema){old ? old->id : urn, old ? old->name : urn, "", attrs, n};
    schema->name = schema->id;
    return schema;
}

static void replace_extension(struct scim_map *map, const struct scim_schema *old, const struct scim_schema *schema)
{
    struct scim_resource_type *type = pool_alloc(map->pool, sizeof *type);
    struct scim_extension *extensions = pool_alloc(map->pool, (map->type->nextensions + 1) * sizeof *extensions);
    *type = *map->type;
    memcpy(extensions, type->extensions, type->nextensions * sizeof *extensions);
    for (size_t i = 0; i < type->nextensions; i++)
        if (extensions[i].schema == old)
            extensions[i].schema = schema;
    if (!old)
        extensions[type->nextensions++] = (struct scim_extension){schema, false};
    type->extensions = extensions;
    map->type = type;
}

/* An attribute, and what it is a part of, of a schema that only the administrator knows: texts. */
static struct scim_attr own_attr(struct scim_map *map, const struct scim_schema *schema, const char *name,
                                 const char *sub)
{
    const struct scim_attr *old = schema ? scim_attr_find(schema->attrs, schema->nattrs, span_str(name)) : NULL;
    struct scim_attr attr = {.name = old ? old->name : name, .description = ""};
    if (!sub)
        return attr;
    size_t n = old ? old->nsubs : 0;
    struct scim_attr *subs = pool_zero(map->pool, (n + 1) * sizeof *subs);
    if (n > 0)
        memcpy(subs, old->subs, n * sizeof *subs);
    if (!old || !scim_attr_find(subs, n, span_str(sub)))
        subs[n++] = (struct scim_attr){.name = sub, .description = ""};
    attr.type = SCIM_COMPLEX;
    attr.subs = subs;
    attr.nsubs = n;
    return attr;
}

/* Made of what rules name, and not known from elsewhere. */
static bool is_grown(const struct scim_schema *schema)
{
    return schema && schema->name == schema->id;
}

/* Makes sure that the type knows what a target with a URN names. */
static int know_own(struct scim_map *map, struct span text, struct err *err)
{
    const char *colon = urn_end(text);
    struct span urn = {text.p, colon ? (size_t)(colon - text.p) : 0};
    if (!colon || is_known_urn(map, text) || (is_known_urn(map, urn) && !is_grown(scim_type_extension(map->type, urn))))
        return 0;
    const struct scim_schema *old = scim_type_extension(map->type, urn);
    if (!old && check_urn(map, urn, err) != 0)
        return -1;
    if (!scim_attrpath_is(text))
        return err_set(err, ERR_CONFIG, "'%s' is not an attribute of '%s'; write URN:ATTRIBUTE, or URN:ATTRIBUTE.PART",
                       shown(map, (struct span){colon + 1, text.n - urn.n - 1}), shown(map, urn));
    char *name = pool_strndup(map->pool, colon + 1, text.n - urn.n - 1), *dot = strchr(name, '.');
    if (dot)
        *dot++ = '\0';
    struct scim_attr attr = own_attr(map, old, name, dot);
    const struct scim_attr *was = old ? scim_attr_find(old->attrs, old->nattrs, span_str(name)) : NULL;
    if (was && (was->type == SCIM_COMPLEX) != (dot != NULL))
        return err_set(err, ERR_CONFIG, "'%s' has parts in one rule and none in another; write it the same way", name);
    replace_extension(map, old, grown(map, old, pool_strndup(map->pool, urn.p, urn.n), attr));
    return 0;
}

/* --- what may be written ----------------------------------------------------------------------------------------- */

static size_t add_names(const char **names, size_t n, const struct scim_schema *schema)
{
    for (size_t i = 0; i < schema->nattrs && n < NAMES_MAX; i++)
        names[n++] = schema->attrs[i].name;
    return n;
}

static const char *near_sub(struct scim_map *map, struct span name, struct span sub)
{
    struct scim_attrpath at;
    const char *names[32];
    if (!scim_attrpath_find(map->type, name, &at) || !at.attr || at.attr->nsubs > 32)
        return NULL;
    for (size_t i = 0; i < at.attr->nsubs; i++)
        names[i] = at.attr->subs[i].name;
    const char *near = text_nearest(pool_strndup(map->pool, sub.p, sub.n), names, at.attr->nsubs);
    return near ? pool_printf(map->pool, "%.*s.%s", (int)name.n, name.p, near) : NULL;
}

/* The name that was meant by one that is none; NULL: nobody knows. */
static const char *nearest(struct scim_map *map, struct span text)
{
    const char *open = memchr(text.p, '[', text.n), *colon = urn_end(text);
    struct span whole = {text.p, open ? (size_t)(open - text.p) : text.n};
    const char *from = colon ? colon + 1 : text.p, *dot = memchr(from, '.', whole.n - (size_t)(from - text.p));
    struct span name = {from, dot ? (size_t)(dot - from) : whole.n - (size_t)(from - text.p)};
    struct scim_attrpath at;
    if (dot && scim_attrpath_find(map->type, (struct span){text.p, (size_t)(dot - text.p)}, &at))
        return near_sub(map, (struct span){text.p, (size_t)(dot - text.p)},
                        (struct span){dot + 1, whole.n - (size_t)(dot - text.p) - 1});
    const struct scim_schema *own =
        colon ? scim_type_extension(map->type, (struct span){text.p, (size_t)(colon - text.p)}) : NULL;
    const char *names[NAMES_MAX];
    size_t n = add_names(names, 0, own ? own : map->type->schema);
    for (size_t i = 0; !colon && i < map->type->nextensions; i++)
        n = add_names(names, n, map->type->extensions[i].schema);
    return text_nearest(pool_strndup(map->pool, name.p, name.n), names, n);
}

static int check_known(struct scim_map *map, struct span text, const struct scim_error *error, struct err *err)
{
    const char *near = nearest(map, text);
    struct scim_attrpath at;
    const char *open = memchr(text.p, '[', text.n);
    bool known = scim_attrpath_find(map->type, (struct span){text.p, open ? (size_t)(open - text.p) : text.n}, &at);
    if (known)
        return err_set(err, ERR_CONFIG, "%s", error->detail);
    return err_set(err, ERR_CONFIG, "a User has no attribute '%s'%s%s%s", shown(map, text),
                   near ? "; did you mean '" : "; write one of RFC 7643, or one with the URN of its schema",
                   near ? near : "", near ? "'?" : "");
}

/* What the brackets say, as the value that they mean; only "type eq …" and the like says what to make. */
static json_t *element_of(const struct scim_filter *where)
{
    json_t *element = json_object();
    return scim_filter_says(where, element) ? element : (json_decref(element), NULL);
}

static int check_several(const struct scim_path *path, const char *name, json_t **ret, struct err *err)
{
    const struct scim_attr *attr = path->at.attr;
    if (!attr->multi) {
        if (path->where)
            return err_set(err, ERR_CONFIG, "'%s' has one value; write it without brackets", attr->name);
        return 0;
    }
    if (attr->type != SCIM_COMPLEX) {
        if (path->where)
            return err_set(err, ERR_CONFIG, "'%s' has plain values; write it without brackets", attr->name);
        return 0;
    }
    *ret = path->where ? element_of(path->where) : NULL;
    if (*ret)
        return 0;
    return err_set(err, ERR_CONFIG, "'%s' has several values; write which one, as in %s[type eq \"work\"].%s", name,
                   attr->name, path->at.sub ? path->at.sub->name : attr->subs[0].name);
}

static int check_whole(const struct scim_attrpath *at, struct err *err)
{
    if (!at->attr)
        return err_set(err, ERR_CONFIG, "'%s' is a whole schema; write one attribute of it, with a colon between them",
                       at->extension->id);
    if (at->attr->type == SCIM_COMPLEX && !at->sub)
        return err_set(err, ERR_CONFIG, "'%s' has parts; write which one, as in %s.%s", at->attr->name, at->attr->name,
                       at->attr->multi ? "value" : at->attr->subs[0].name);
    return 0;
}

static int check_ours(const struct scim_attrpath *at, struct err *err)
{
    for (size_t i = 0; !at->extension && i < sizeof others / sizeof *others; i++)
        if (text_same_ascii(at->attr->name, others[i].name))
            return err_set(err, ERR_CONFIG, "'%s' cannot be mapped: %s", at->attr->name, others[i].why);
    const struct scim_attr *leaf = at->sub ? at->sub : at->attr;
    if (at->attr->mutability == SCIM_READ_ONLY || leaf->mutability == SCIM_READ_ONLY)
        return err_set(err, ERR_CONFIG, "'%s' cannot be mapped: only the platform writes it", leaf->name);
    return 0;
}

/* As the schema writes it, so that two rules for one target are seen to be that. */
static const char *canonical(struct scim_map *map, const struct scim_path *path, const json_t *element)
{
    struct scim_attrpath whole = path->at;
    if (!element)
        return scim_attrpath_name(map->pool, &path->at);
    whole.sub = NULL;
    const char *key, *name = scim_attrpath_name(map->pool, &whole), *terms = "";
    json_t *value;
    json_object_foreach ((json_t *)element, key, value)
        terms = pool_printf(map->pool, json_is_string(value) ? "%s%s%s eq \"%s\"" : "%s%s%s eq %s", terms,
                            *terms ? " and " : "", key,
                            json_is_string(value) ? json_string_value(value)
                            : json_is_true(value) ? "true"
                                                  : "false");
    return pool_printf(map->pool, "%s[%s].%s", name, terms, path->at.sub->name);
}

int scim_target_parse(struct scim_map *map, struct span text, struct scim_map_line *ret, struct err *err)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_path path;
    json_auto_t *element = NULL;
    if (text.n == 0)
        return err_set(err, ERR_CONFIG, "a target is missing; write TARGET <- SOURCE");
    if (know_own(map, text, err) != 0)
        return -1;
    if (scim_path_parse(map->pool, map->type, text, &path, &error) != 0)
        return check_known(map, text, &error, err);
    if (!path.at.attr)
        return check_whole(&path.at, err);
    if (check_ours(&path.at, err) != 0 || check_several(&path, shown(map, text), &element, err) != 0 ||
        check_whole(&path.at, err) != 0)
        return -1;
    ret->path = path;
    ret->shown.target = canonical(map, &path, element);
    ret->element = element;
    element = NULL;
    return 0;
}
