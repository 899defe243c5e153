#include "scim/patch_members.h"

#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"

static const char *text_of(struct pool *pool, const json_t *object, const char *key)
{
    const json_t *value = scim_json_get(object, key);
    return json_is_string(value) && json_string_length(value) <= SCIM_STRING_MAX
               ? pool_strdup(pool, json_string_value(value))
               : NULL;
}

static int check_id(const char *id, size_t n, struct scim_error *error)
{
    if (id && n > 0 && n <= SCIM_MEMBER_ID_MAX && text_is_clean((struct span){id, n}))
        return 0;
    return scim_error_set(error, SCIM_WRONG_VALUE,
                          "a member has no \"value\", or none that can be an id; send the id of a "
                          "user or group");
}

/* {"value": "…", …}, or the id alone. */
static int read_member(struct pool *pool, const json_t *value, struct scim_member *ret, struct scim_error *error)
{
    const json_t *id = json_is_object(value) ? scim_json_get(value, "value") : value;
    if (check_id(json_string_value(id), json_string_length(id), error) != 0)
        return -1;
    *ret = (struct scim_member){.id = pool_strdup(pool, json_string_value(id)),
                                .type = text_of(pool, value, "type"),
                                .display = text_of(pool, value, "display")};
    return 0;
}

static int read_members(struct pool *pool, const json_t *value, struct scim_edit *edit, struct scim_error *error)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    struct scim_member *members = pool_alloc(pool, (n ? n : 1) * sizeof *members);
    for (size_t i = 0; i < n; i++)
        if (read_member(pool, json_is_array(value) ? json_array_get(value, i) : value, &members[i], error) != 0)
            return -1;
    edit->members = members;
    edit->nmembers = n;
    return 0;
}

/* members[value eq "a" or value eq "b"] are the members a and b; any other filter is the store's to answer. */
static int members_of_filter(struct pool *pool, struct scim_edit *edit, struct scim_error *error)
{
    struct span ids[SCIM_FILTER_TERMS_MAX];
    size_t n =
        scim_filter_equals(edit->path.where, scim_sub_find(edit->path.at.attr, "value"), ids, SCIM_FILTER_TERMS_MAX);
    struct scim_member *members = pool_zero(pool, (n ? n : 1) * sizeof *members);
    for (size_t i = 0; i < n; i++) {
        if (check_id(ids[i].p, ids[i].n, error) != 0)
            return -1;
        members[i].id = ids[i].p;
    }
    if (n == 0)
        return 0;
    edit->members = members;
    edit->nmembers = n;
    edit->path.where = NULL;
    return 0;
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value);
}

static int remove_members(struct pool *pool, json_t *value, struct scim_edit *edit, struct scim_error *error)
{
    if (edit->path.where)
        return members_of_filter(pool, edit, error);
    edit->all = is_nothing(value);
    /* An empty list takes nobody away: whoever wants to empty the group says so without a list. */
    return edit->all ? 0 : read_members(pool, value, edit, error);
}

int scim_patch_members(struct pool *pool, json_t *value, struct scim_edit *edit, struct scim_error *error)
{
    edit->apart = true;
    if (edit->path.at.sub)
        return scim_error_set(error, SCIM_WRONG_MUTABILITY,
                              "%s.%s of a member cannot be changed; add or remove the member", edit->path.at.attr->name,
                              edit->path.at.sub->name);
    if (edit->op == SCIM_REMOVE)
        return remove_members(pool, value, edit, error);
    if (edit->path.where && edit->op == SCIM_REPLACE)
        return scim_error_set(error, SCIM_WRONG_MUTABILITY, "a member cannot be changed; add or remove it");
    if (edit->path.where)
        return members_of_filter(pool, edit, error) != 0 ? -1
               : edit->path.where ? scim_error_set(error, SCIM_WRONG_PATH, "members are added by their ids alone")
                                  : 0;
    if (is_nothing(value))
        return 0;
    return read_members(pool, value, edit, error);
}
