/* The members of a group: rows of a table, each found by its id. */
#include "base/cleanup.h"
#include "base/mem.h"
#include "push/service_inner.h"

int service_members_take(struct service_call *call, json_t *resource, size_t sent, const struct scim_member **ret,
                         size_t *ret_n)
{
    const json_t *values = json_object_get(resource, "members"), *value = NULL;
    size_t n = 0, i = 0;
    struct scim_member *members = pool_zero(call->pool, (json_array_size(values) + 1) * sizeof *members);
    json_array_foreach(values, i, value)
    {
        const char *id = json_string_value(json_object_get(value, "value"));
        if (id)
            members[n++].id = pool_strdup(call->pool, id);
    }
    if (n < sent)
        return scim_error_set(&call->error, SCIM_WRONG_VALUE,
                              "a member has no \"value\"; send the id of a user or group");
    json_object_del(resource, "members");
    *ret = members;
    *ret_n = n;
    return 0;
}

/* Who is not there cannot join. */
static int resolve(struct service_call *call, const char *id, int64_t *ret_row)
{
    struct pushed_resource r;
    int found = pushed_get_any(call->pushed, call->directory, span_str(id), call->pool, &r, call->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return scim_error_set(&call->error, SCIM_WRONG_VALUE, "members: there is no user and no group '%s'", id);
    *ret_row = r.row;
    return 0;
}

static int join(struct service_call *call, int64_t group, int64_t row, bool *ret_changed)
{
    int joined = pushed_member_add(call->pushed, group, row, call->err);
    call->tally.joined += joined > 0;
    *ret_changed |= joined > 0;
    return joined < 0 ? -1 : 0;
}

static int leave(struct service_call *call, int64_t group, int64_t row, bool *ret_changed)
{
    int left = pushed_member_remove(call->pushed, group, row, call->err);
    call->tally.left += left > 0;
    *ret_changed |= left > 0;
    return left < 0 ? -1 : 0;
}

/* --- all of them ----------------------------------------------------------------------------------------------------------- */

struct rows {
    int64_t *rows;
    size_t n, cap;
    struct service_call *call; /* that they are counted for; NULL: none */
};

static void rows_release(struct rows *rows)
{
    free(rows->rows);
}

static int by_row(const void *one, const void *other)
{
    const int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

/* Somebody waits for the transaction to end. */
static int look(struct service_call *call)
{
    if (call->rows++ < SERVICE_ROWS_MAX)
        return 0;
    return scim_error_set(&call->error, SCIM_WRONG_TOO_MANY,
                          "the request looks at more than %d members; send several, and name members by \"value\"",
                          SERVICE_ROWS_MAX);
}

static int add_row(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct rows *rows = ctx;
    (void)err;
    *MEM_PUSH(&rows->rows, &rows->n, &rows->cap) = r->row;
    return rows->call ? look(rows->call) : 0;
}

static int resolve_all(struct service_call *call, const struct scim_member *members, size_t n, struct rows *rows)
{
    for (size_t i = 0; i < n; i++) {
        int64_t row;
        if (resolve(call, members[i].id, &row) != 0)
            return -1;
        *MEM_PUSH(&rows->rows, &rows->n, &rows->cap) = row;
    }
    if (rows->n)
        qsort(rows->rows, rows->n, sizeof *rows->rows, by_row);
    return 0;
}

/* Two sorted lists: only what differs is written. Who is wanted twice joins once. */
int service_members_set(struct service_call *call, int64_t group, const struct scim_member *members, size_t n,
                        bool *ret_changed)
{
    CLEANUP(rows_release) struct rows wanted = {0}, present = {.call = call};
    size_t w = 0, p = 0;
    if (resolve_all(call, members, n, &wanted) != 0 ||
        pushed_members(call->pushed, group, add_row, &present, call->err) != 0)
        return -1;
    while (w < wanted.n || p < present.n) {
        int order = w == wanted.n ? 1 : p == present.n ? -1 : by_row(&wanted.rows[w], &present.rows[p]);
        if (order < 0 && join(call, group, wanted.rows[w], ret_changed) != 0)
            return -1;
        if (order > 0 && leave(call, group, present.rows[p], ret_changed) != 0)
            return -1;
        w += order <= 0;
        p += order >= 0;
    }
    return 0;
}

/* --- one edit ------------------------------------------------------------------------------------------------------------- */

static int add(struct service_call *call, int64_t group, const struct scim_edit *edit, bool *ret_changed)
{
    for (size_t i = 0; i < edit->nmembers; i++) {
        int64_t row;
        if (resolve(call, edit->members[i].id, &row) != 0 || join(call, group, row, ret_changed) != 0)
            return -1;
    }
    return 0;
}

struct choice {
    struct service_call *call;
    const struct scim_filter *where;
    struct rows rows;
};

static int choose(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct choice *choice = ctx;
    json_auto_t *value = service_link(choice->call, r, true);
    if (look(choice->call) != 0)
        return -1;
    return scim_filter_match_value(choice->where, value) ? add_row(&choice->rows, r, err) : 0;
}

static int remove_chosen(struct service_call *call, int64_t group, const struct scim_filter *where, bool *ret_changed)
{
    struct choice choice = {.call = call, .where = where};
    int status = pushed_members(call->pushed, group, choose, &choice, call->err);
    for (size_t i = 0; status == 0 && i < choice.rows.n; i++)
        status = leave(call, group, choice.rows.rows[i], ret_changed);
    rows_release(&choice.rows);
    return status;
}

static int remove_all(struct service_call *call, int64_t group, bool *ret_changed)
{
    int64_t left = 0;
    if (pushed_members_clear(call->pushed, group, &left, call->err) != 0)
        return -1;
    call->tally.left += (unsigned long)left;
    *ret_changed |= left > 0;
    return 0;
}

/* Who is not there is no member either: it is as was asked. */
static int remove_named(struct service_call *call, int64_t group, const struct scim_edit *edit, bool *ret_changed)
{
    for (size_t i = 0; i < edit->nmembers; i++) {
        struct pushed_resource r;
        int found =
            pushed_get_any(call->pushed, call->directory, span_str(edit->members[i].id), call->pool, &r, call->err);
        if (found < 0 || (found == 1 && leave(call, group, r.row, ret_changed) != 0))
            return -1;
    }
    return 0;
}

int service_members_edit(struct service_call *call, int64_t group, const struct scim_patch *patch, bool *ret_changed)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < patch->n; i++) {
        const struct scim_edit *edit = &patch->edits[i];
        if (!edit->apart)
            continue;
        if (edit->op == SCIM_ADD)
            status = add(call, group, edit, ret_changed);
        else if (edit->op == SCIM_REPLACE)
            status = service_members_set(call, group, edit->members, edit->nmembers, ret_changed);
        else if (edit->all)
            status = remove_all(call, group, ret_changed);
        else if (edit->path.where)
            status = remove_chosen(call, group, edit->path.where, ret_changed);
        else
            status = remove_named(call, group, edit, ret_changed);
    }
    return status;
}
