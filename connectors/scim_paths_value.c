/* What stands at the places that were read from the configuration, and what names of groups mean. */
#include "connectors/scim_paths.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/value.h"

/* --- values ------------------------------------------------------------------------------------------------------- */

/* Empty: it is no simple value, or a blank one. */
static struct span text_of(const json_t *value, struct pool *pool)
{
    if (json_is_string(value))
        return text_trim((struct span){json_string_value(value), json_string_length(value)});
    if (json_is_boolean(value))
        return span_str(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return span_str(pool_printf(pool, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
    return (struct span){NULL, 0};
}

/* The simple value that the path means of one value of its attribute. */
static struct span leaf(const struct scim_path *path, const json_t *value, struct pool *pool)
{
    if (path->where && !scim_filter_match_value(path->where, value))
        return (struct span){NULL, 0};
    if (json_is_object(value))
        value = json_object_get(value, path->at.sub ? path->at.sub->name : "value");
    return text_of(value, pool);
}

/* The first value for which fits holds (NULL: that is not blank). */
static struct span find_value(const struct scim_path *path, const json_t *resource, struct pool *pool,
                              bool (*fits)(const char *pattern, struct span value), const char *pattern)
{
    const json_t *all = scim_attrpath_get(&path->at, resource);
    size_t n = json_is_array(all) ? json_array_size(all) : 1;
    for (size_t i = 0; all && i < n; i++) {
        struct span text = leaf(path, json_is_array(all) ? json_array_get(all, i) : all, pool);
        if (text.n && (!fits || fits(pattern, text)))
            return text;
    }
    return (struct span){NULL, 0};
}

struct span scim_paths_first(const struct scim_choice *choice, const json_t *resource, struct pool *pool,
                             const char **ret_text)
{
    for (size_t i = 0; i < choice->n; i++) {
        struct span text = find_value(&choice->paths[i], resource, pool, NULL, NULL);
        if (text.n == 0)
            continue;
        *ret_text = choice->texts[i];
        return text;
    }
    return (struct span){NULL, 0};
}

/* A photograph is not for patterns. */
static bool fits_pattern(const char *pattern, struct span value)
{
    return value.n <= ENTRY_NAME_MAX && text_glob(pattern, value);
}

bool scim_paths_matches(const struct scim_rule *rule, enum entry_kind kind, const json_t *resource, struct pool *pool)
{
    const struct scim_path *path = &rule->paths[kind];
    bool some = path->at.attr && find_value(path, resource, pool, fits_pattern, rule->pattern).n;
    return some != rule->negated;
}

void scim_paths_attributes(const struct scim_paths *p, enum entry_kind kind, bool members, struct buf *ret)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < p->nwanted[kind]; i++) {
        const struct scim_attrpath at = {p->wanted[kind][i].extension, p->wanted[kind][i].attr, NULL};
        buf_printf(ret, "%s%s", i ? "," : "", scim_attrpath_name(pool, &at));
    }
    if (members && kind == ENTRY_GROUP)
        buf_adds(ret, ",members");
}

/* --- what it is made of ------------------------------------------------------------------------------------------- */

static void digest_choice(struct digest *digest, const struct scim_choice *choice)
{
    for (size_t i = 0; i < choice->n; i++)
        digest_field(digest, span_str(choice->texts[i]));
    digest_field(digest, (struct span){NULL, 0});
}

void scim_paths_mark(const struct scim_paths *p, char ret[static SCIM_PATHS_MARK_SIZE])
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    digest_field(digest, span_str(SCIM_PATHS_VERSION));
    digest_choice(digest, &p->id);
    for (size_t i = 0; i < ATTR_COUNT; i++)
        digest_choice(digest, &p->attr[i]);
    digest_choice(digest, &p->group_name);
    digest_field(digest, span_str(p->active.text));
    for (size_t i = 0; i < p->nexclude; i++)
        digest_field(digest, span_str(p->exclude[i].text));
    for (size_t i = 0; i < p->nextra; i++)
        digest_choice(digest, &p->extra[i]);
    digest_hex(digest, ret);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static struct key128 key_of(struct digest *digest, const char *space, struct span text)
{
    digest_start(digest);
    digest_field(digest, span_str(space));
    digest_field(digest, text);
    return digest_key(digest);
}

struct key128 scim_paths_id_key(struct digest *digest, struct span id)
{
    return key_of(digest, "scim id", id);
}

struct key128 scim_paths_group_key(struct digest *digest, struct span display_name)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    return key_of(digest, "scim group", scim_fold(pool, text_trim(display_name)));
}

int scim_paths_name_key(const char *name, struct key128 *ret, struct err *err)
{
    struct span text = text_trim(span_str(name));
    if (text.n == 0 || text.n > ENTRY_VALUE_MAX || !text_is_clean(text))
        return err_set(err, ERR_INPUT, "not the name of a group; write its displayName, or id: and its SCIM id");
    CLEANUP(digest_free) struct digest *digest = digest_new();
    if (text.n > 3 && strncasecmp(text.p, "id:", 3) == 0)
        *ret = scim_paths_id_key(digest, text_trim((struct span){text.p + 3, text.n - 3}));
    else
        *ret = scim_paths_group_key(digest, text);
    return 0;
}
