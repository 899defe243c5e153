#include "scim/schema.h"

#include "base/text.h"

/* other may hold a NUL, at which strncasecmp stops. */
static bool same_name(const char *name, struct span other)
{
    return strncasecmp(name, other.p, other.n) == 0 && strlen(name) == other.n;
}

const struct scim_attr *scim_attr_find(const struct scim_attr *attrs, size_t n, struct span name)
{
    if (name.n == 0)
        return NULL;
    /* Nearly every look-up is by a name as it is written in the table, so the letter decides at once. */
    for (size_t i = 0; i < n; i++)
        if (((attrs[i].name[0] ^ name.p[0]) & 0xDF) == 0 && same_name(attrs[i].name, name))
            return &attrs[i];
    return NULL;
}

const struct scim_attr *scim_sub_find(const struct scim_attr *attr, const char *name)
{
    return scim_attr_find(attr->subs, attr->nsubs, span_str(name));
}

const struct scim_attr *scim_type_attr(const struct scim_resource_type *type, struct span name)
{
    const struct scim_attr *found = scim_attr_find(type->schema->attrs, type->schema->nattrs, name);
    return found ? found : scim_attr_find(scim_common.attrs, scim_common.nattrs, name);
}

const struct scim_schema *scim_type_extension(const struct scim_resource_type *type, struct span urn)
{
    for (size_t i = 0; i < type->nextensions; i++)
        if (same_name(type->extensions[i].schema->id, urn))
            return type->extensions[i].schema;
    return NULL;
}

const struct scim_resource_type *scim_type_extend(struct pool *pool, const struct scim_resource_type *type,
                                                  const struct scim_schema *schema, bool required)
{
    struct scim_resource_type *wider = pool_alloc(pool, sizeof *wider);
    struct scim_extension *all = pool_alloc(pool, (type->nextensions + 1) * sizeof *all);
    if (type->nextensions)
        memcpy(all, type->extensions, type->nextensions * sizeof *all);
    all[type->nextensions] = (struct scim_extension){schema, required};
    *wider = *type;
    wider->extensions = all;
    wider->nextensions++;
    return wider;
}
