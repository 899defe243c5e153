/* From a request to the function that answers it. */
#include "push/service_inner.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/etag.h"
#include "scim/json.h"
#include "scim/limits.h"

/* --- transactions ------------------------------------------------------------------------------------------------------ */

int service_ready(struct service_call *call)
{
    return call->directory ? 0 : pushed_directory_make(call->pushed, call->name, &call->directory, call->err);
}

int service_begin(struct service_call *call)
{
    return pushed_begin(call->pushed, call->err) != 0 ? -1 : service_ready(call);
}

void service_count(struct service_call *call)
{
    struct service_tally *all = &call->answer->tally, *now = &call->tally;
    all->created += now->created;
    all->changed += now->changed;
    all->deleted += now->deleted;
    all->joined += now->joined;
    all->left += now->left;
    all->failed += now->failed;
    *now = (struct service_tally){0};
}

int service_commit(struct service_call *call)
{
    if (pushed_commit(call->pushed, call->err) != 0)
        return -1;
    service_count(call);
    return 0;
}

/* --- bodies ------------------------------------------------------------------------------------------------------------- */

/* "application/scim+json; charset=utf-8" */
static bool is_json(const char *type)
{
    size_t n = type ? strcspn(type, "; \t") : 0;
    struct span media = {type, n};
    const char *charset = type ? strcasestr(type + n, "charset=") : NULL;
    bool known = !type || (n == 21 && strncasecmp(media.p, "application/scim+json", n) == 0) ||
                 (n == 16 && strncasecmp(media.p, "application/json", n) == 0);
    if (!known || !charset)
        return known;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "utf8", 4) == 0;
}

int service_load_body(struct service_call *call, size_t max, json_t **ret)
{
    if (!is_json(call->request->content_type)) {
        scim_error_set(&call->error, SCIM_WRONG_SYNTAX, "send application/scim+json in UTF-8");
        call->error.status = 415;
        call->error.type = NULL;
        return -1;
    }
    return scim_json_load(call->request->body, max, ret, &call->error);
}

/* --- one resource ------------------------------------------------------------------------------------------------------- */

struct service_target service_target_of(const struct service_call *call, const struct service_type *type,
                                        const char *id)
{
    return (struct service_target){type, span_str(id), call->request->if_match, call->request->if_none_match};
}

int service_projection_of(struct service_call *call, const struct service_type *type, struct scim_projection *ret)
{
    const struct scim_params *p = &call->request->params;
    return scim_projection_read(call->pool, type->scim, p->attributes, p->excluded, ret, &call->error);
}

static int get_one(struct service_call *call, const struct service_type *type, const char *id)
{
    struct service_target target = service_target_of(call, type, id);
    struct scim_projection projection;
    struct pushed_resource r;
    if (service_projection_of(call, type, &projection) != 0 || service_find(call, &target, true, &r) != 0)
        return -1;
    const char *etag = service_etag(call, &r);
    if (scim_etag_check(target.if_match, target.if_none_match, etag, true) == SCIM_NOT_MODIFIED) {
        call->answer->status = 304;
        call->answer->etag = etag;
        return 0;
    }
    return service_show(call, &r, &projection, 200);
}

/* --- listings, bulk, and what there is not ------------------------------------------------------------------------------- */

static int list(struct service_call *call, const struct service_type *type, const char *id)
{
    (void)id;
    return service_list(call, type, &call->request->params);
}

static int search(struct service_call *call, const struct service_type *type, const char *id)
{
    json_auto_t *message = NULL;
    struct scim_params params;
    (void)id;
    if (service_load_body(call, SCIM_BULK_MAX, &message) != 0 ||
        scim_params_search(call->pool, message, &params, &call->error) != 0)
        return -1;
    return service_list(call, type, &params);
}

static int bulk(struct service_call *call, const struct service_type *type, const char *id)
{
    json_auto_t *message = NULL;
    (void)type, (void)id;
    return service_load_body(call, SCIM_BULK_MAX, &message) != 0 ? -1 : service_bulk(call, message);
}

static int me(struct service_call *call, const struct service_type *type, const char *id)
{
    (void)type, (void)id;
    return scim_error_set(&call->error, SCIM_WRONG_NOT_IMPLEMENTED, "a token is nobody's, so there is no Me");
}

static int config(struct service_call *call, const struct service_type *type, const char *id)
{
    (void)type;
    return service_about_config(call, id);
}

static int schemas(struct service_call *call, const struct service_type *type, const char *id)
{
    (void)type;
    return service_about_schemas(call, id);
}

static int types(struct service_call *call, const struct service_type *type, const char *id)
{
    (void)type;
    return service_about_types(call, id);
}

/* --- which it is ------------------------------------------------------------------------------------------------------------ */

enum depth { ALONE, WITH_ID, EITHER };

/* An endpoint of a type stands once; NULL: "/Users" and "/Groups". */
static const struct row {
    const char *method; /* NULL: any */
    const char *endpoint;
    enum depth depth;
    int (*answer)(struct service_call *call, const struct service_type *type, const char *id);
} rows[] = {
    {"POST", NULL, ALONE, service_post},
    {"GET", NULL, ALONE, list},
    {"GET", NULL, WITH_ID, get_one},
    {"PUT", NULL, WITH_ID, service_put},
    {"PATCH", NULL, WITH_ID, service_patch_one},
    {"DELETE", NULL, WITH_ID, service_delete_one},
    {"GET", "", ALONE, list},
    {"POST", "/.search", ALONE, search},
    {"POST", "/Bulk", ALONE, bulk},
    {"GET", "/ServiceProviderConfig", EITHER, config},
    {"GET", "/Schemas", EITHER, schemas},
    {"GET", "/ResourceTypes", EITHER, types},
    {NULL, "/Me", EITHER, me},
};
static const struct row type_search = {"POST", NULL, ALONE, search};

struct place {
    const struct service_type *type;
    const char *endpoint; /* "/Users"; "" for the base */
    const char *id;       /* "" for none */
};

/* "/Users/2819c223"; a "/" at the end means nothing, nor one more at the start: the base was typed with one at its end. */
static struct place read_path(struct service_call *call)
{
    const char *path = call->request->path;
    while (path[0] == '/' && path[1] == '/')
        path++;
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    char *text = pool_strndup(call->pool, path, n), *slash = n ? strchr(text + 1, '/') : NULL;
    struct place place = {.endpoint = text, .id = ""};
    if (slash) {
        *slash = '\0';
        place.id = slash + 1;
    }
    for (size_t i = 0; i < 2; i++)
        if (strcmp(service_types[i].scim->endpoint, text) == 0)
            place.type = &service_types[i];
    return place;
}

static bool is_at(const struct row *row, const struct place *place)
{
    if (row->endpoint ? strcmp(row->endpoint, place->endpoint) != 0 : !place->type)
        return false;
    return row->depth == EITHER || (row->depth == WITH_ID) == (*place->id != '\0');
}

static const struct row *refuse(struct service_call *call, const char *allow)
{
    if (*allow) {
        scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "this endpoint takes %s", allow);
        call->error.status = 405;
        call->answer->allow = allow;
    } else {
        scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "there is no endpoint '%s'", call->request->path);
    }
    return NULL;
}

static const struct row *find(struct service_call *call, const struct place *place)
{
    const char *allow = "", *method = call->request->method;
    if (place->type && strcmp(place->id, ".search") == 0)
        return strcmp(method, "POST") == 0 ? &type_search : refuse(call, "POST");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!is_at(&rows[i], place))
            continue;
        if (!rows[i].method || strcmp(rows[i].method, method) == 0)
            return &rows[i];
        allow = pool_printf(call->pool, "%s%s%s", allow, *allow ? ", " : "", rows[i].method);
    }
    return refuse(call, allow);
}

static bool only_reads(const struct row *row)
{
    return row->answer == list || row->answer == get_one || row->answer == search;
}

static int answer(struct service_call *call)
{
    const struct place place = read_path(call);
    const struct row *row = find(call, &place);
    if (!row || (only_reads(row) && pushed_snapshot(call->pushed, call->err) != 0))
        return -1;
    return row->answer(call, place.type, place.id);
}

int service_answer(struct pushed *pushed, const char *name, const struct service_request *request, struct pool *pool,
                   struct service_answer *ret, struct err *err)
{
    struct service_call call = {
        .pushed = pushed, .name = name, .request = request, .pool = pool, .answer = ret, .err = err};
    if (pushed_directory(pushed, name, &call.directory, err) < 0)
        return -1;
    int status = answer(&call);
    pushed_rollback(pushed); /* a snapshot, or what was not committed */
    if (status == 0)
        return 0;
    buf_clear(&ret->body);
    ret->location = ret->etag = NULL;
    if (!call.error.status)
        return -1;
    service_body(&call, call.error.status, scim_error_json(&call.error));
    return 0;
}
