/* The SCIM service of the pushed directories, below /scim/NAME/v2: who asks, and the way to src/push/ and back. */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "push/service.h"
#include "scim/limits.h"
#include "store/push_tokens.h"
#include "web/answer.h"

#define MEDIA      "application/scim+json"
#define TOKEN_MAX  1024 /* bytes of one that is looked up at all */
#define BODY_SLOW  (256 * 1024)
#define LARGE_MAX  4   /* such bodies at once: JSON takes many times its length */
#define SLOW_MAX   24  /* slow requests at once: of the threads for them, some are left to sign-ins */
#define RETRY_TIME "2" /* seconds, while somebody else keeps the database */

/* --- who asks ------------------------------------------------------------------------------------------------------------ */

/* The section and the path below the base, of "NAME/v2/Users". NULL: there is no such directory, or it is not pushed. */
static const struct conf_section *directory_of(const struct conf *conf, struct pool *pool, const char *path,
                                               const char **ret_below)
{
    const char *slash = path ? strchr(path, '/') : NULL;
    if (!slash || strncmp(slash, "/v2", 3) != 0 || (slash[3] && slash[3] != '/'))
        return NULL;
    const struct conf_section *section = conf_find(conf, "directory", pool_strndup(pool, path, (size_t)(slash - path)));
    *ret_below = slash + 3;
    return section && strcmp(conf_variant(section), "scim-push") == 0 ? section : NULL;
}

/* RFC 6750, 2.1. NULL: there is none. */
static const char *bearer_of(const struct request *request)
{
    const char *text = request_header(request, "Authorization");
    if (!text || strncasecmp(text, "Bearer ", 7) != 0)
        return NULL;
    text += 7 + strspn(text + 7, " ");
    return *text && strlen(text) <= TOKEN_MAX ? text : NULL;
}

/* 1: the token is one of this directory; 0; -1 */
static int check_token(struct web *web, struct desk *desk, const struct conf_section *section,
                       const struct request *request, struct err *err)
{
    const char *token = bearer_of(request);
    if (!section || !token || !pushed_is_there(web->state_dir)) /* without a file nobody has a token */
        return 0;
    if (desk_open_pushed(web, desk, err) != 0)
        return -1;
    return push_tokens_check(desk->pushed, conf_name(section), span_str(token), clock_now(), err);
}

static const char *path_behind(const struct request *request)
{
    return request_path(request) + strlen("/scim/");
}

/* Nobody's body is read but that of who has a token: it may be large. */
size_t scim_body_max(struct web *web, const struct request *request)
{
    struct desk *desk = NULL;
    struct err ignored = ERR_INIT; /* whoever answers meets it again */
    const char *below;
    CLEANUP(site_give) struct web_site *site = site_hold(web);
    const struct conf_section *section = directory_of(site->conf, request_pool(request), path_behind(request), &below);
    if (!section || desk_take(web, &desk, &ignored) != 0)
        return SERVER_BODY_UNREAD;
    int known = check_token(web, desk, section, request, &ignored);
    desk_give(web, desk);
    if (known != 1)
        return SERVER_BODY_UNREAD;
    return strcmp(below, "/Bulk") == 0 ? SCIM_BULK_MAX : SCIM_MESSAGE_MAX;
}

/* All members of a group are read, of which there may be any number. */
static bool reads_members(const struct request *request)
{
    const char *method = request_method(request), *excluded = "";
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "PUT") == 0;
    return reads && strstr(request_path(request), "/Groups") &&
           !(request_param(request, "excludedAttributes", &excluded) == 1 && strcasestr(excluded, "members"));
}

/* Queries may look at everything there is, and large bodies be many rows. */
bool scim_is_slow(const struct request *request)
{
    const char *path = request_path(request), *end = strrchr(path, '/'), *ignored = NULL;
    return reads_members(request) || strcmp(end, "/Bulk") == 0 || strcmp(end, "/.search") == 0 || request_body(request).n > BODY_SLOW ||
           request_param(request, "filter", &ignored) != 0 || request_param(request, "sortBy", &ignored) != 0;
}

/* --- answers --------------------------------------------------------------------------------------------------------------- */

/* application/json for whoever takes nothing else (RFC 7644, 3.1). */
static const char *media_of(const struct request *request)
{
    const char *accept = request_header_lines(request, "Accept");
    bool plain =
        accept && !strcasestr(accept, "scim+json") && !strstr(accept, "*/*") && strcasestr(accept, "application/json");
    return plain ? "application/json" : MEDIA;
}

static void answer_wrong(struct call *call, const struct scim_error *error)
{
    json_t *body = scim_error_json(error);
    char *text = json_dumps(body, JSON_COMPACT);
    call->response->status = error->status;
    call->response->type = media_of(call->request);
    buf_adds(&call->response->body, text);
    free(text);
    json_decref(body);
}

static void answer_refused(struct call *call)
{
    struct scim_error error = SCIM_ERROR_INIT;
    const struct conf_section *serve = conf_find(call->in.conf, "serve", NULL);
    unsigned wait = call->visitor.is_local ? 0
                                           : limit_take(call->web->limit, "token-rate", call->visitor.client,
                                                        conf_int(serve, "token-rate"), clock_monotonic());
    atomic_fetch_add(&call->web->counts[COUNT_PUSHES_UNKNOWN], 1);
    scim_error_set(&error, SCIM_WRONG_UNAUTHORIZED, "there is no such directory, or the token is none of it");
    if (wait) {
        atomic_fetch_add(&call->web->counts[COUNT_HELD_UP], 1);
        response_header(call->response, "Retry-After", pool_printf(call->in.pool, "%u", wait));
        error.status = 429;
    } else {
        response_header(call->response, "WWW-Authenticate", "Bearer realm=\"scim\"");
    }
    answer_wrong(call, &error);
}

/* The reason is for administrators; who may try again is told so. */
static void answer_broken(struct call *call, const struct err *err)
{
    struct scim_error error = SCIM_ERROR_INIT;
    scim_error_set(&error, SCIM_WRONG_SERVER, "the server cannot do this now; request %s", call->visitor.id);
    if (err->kind == ERR_CONFLICT) {
        error.status = 503;
        response_header(call->response, "Retry-After", RETRY_TIME);
    }
    answer_log(call, NULL, err);
    atomic_fetch_add(&call->web->counts[COUNT_FAULTS], 1);
    answer_wrong(call, &error);
}

/* How much came in, never what: for the metrics, and the request's line in the log. */
static void note(struct call *call, const struct service_tally *t)
{
    const struct {
        const char *name;
        enum count count;
        unsigned long n;
    } counted[] = {{"created", COUNT_PUSHED_CREATED, t->created}, {"changed", COUNT_PUSHED_CHANGED, t->changed},
                   {"deleted", COUNT_PUSHED_DELETED, t->deleted}, {"joined", COUNT_PUSHED_JOINED, t->joined},
                   {"left", COUNT_PUSHED_LEFT, t->left},          {"failed", COUNT_PUSHED_FAILED, t->failed}};
    call->noted = "";
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        atomic_fetch_add(&call->web->counts[counted[i].count], counted[i].n);
        if (counted[i].n)
            call->noted = pool_printf(call->in.pool, "%s %s=%lu", call->noted, counted[i].name, counted[i].n);
    }
}

/* --- a request ------------------------------------------------------------------------------------------------------------- */

/* -1: a parameter stands twice, or is not clean. */
static int read_params(const struct request *request, struct service_request *ret)
{
    const struct {
        const char *name;
        struct span *into;
    } params[] = {
        {"attributes", &ret->params.attributes}, {"excludedAttributes", &ret->params.excluded},
        {"filter", &ret->params.filter},         {"sortBy", &ret->params.sort_by},
        {"sortOrder", &ret->params.sort_order},  {"startIndex", &ret->params.start_index},
        {"count", &ret->params.count},           {"cursor", &ret->params.cursor},
    };
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        const char *value = NULL;
        int found = request_param(request, params[i].name, &value);
        if (found < 0)
            return -1;
        if (found)
            *params[i].into = span_str(value);
    }
    return 0;
}

/* The address that the client reaches us at, whatever it says of it. */
static const char *base_of(const struct call *call, const struct conf_section *section)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_printf(&text, "%s/scim/", conf_str(conf_find(call->in.conf, "organization", NULL), "url"));
    text_percent(&text, span_str(conf_name(section)));
    return pool_printf(call->in.pool, "%s/v2", buf_str(&text));
}

static int64_t micros_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put_header(struct call *call, const char *name, const char *value)
{
    if (value)
        response_header(call->response, name, value);
}

static void answer_service(struct call *call, struct desk *desk, const struct conf_section *section, const char *below)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct err err = ERR_INIT;
    const char *method = request_method(call->request);
    struct service_request request = {.method = strcmp(method, "HEAD") == 0 ? "GET" : method,
                                      .path = below,
                                      .body = request_body(call->request),
                                      .content_type = request_header(call->request, "Content-Type"),
                                      .if_match = span_str(request_header_lines(call->request, "If-Match")),
                                      .if_none_match = span_str(request_header_lines(call->request, "If-None-Match")),
                                      .base = base_of(call, section),
                                      .now = micros_now(),
                                      .line = call->web->line};
    struct service_answer answer = {0};
    if (read_params(call->request, &request) != 0) {
        scim_error_set(&error, SCIM_WRONG_VALUE, "a parameter stands twice, or is not clean UTF-8");
        answer_wrong(call, &error);
    } else if (service_answer(desk->pushed, conf_name(section), &request, call->in.pool, &answer, &err) != 0) {
        answer_broken(call, &err);
    } else {
        call->response->status = answer.status;
        call->response->body = answer.body;
        answer.body = (struct buf)BUF_INIT;
        call->response->type = call->response->body.len ? media_of(call->request) : NULL;
        put_header(call, "Location", answer.location);
        put_header(call, "ETag", answer.etag);
        put_header(call, "Allow", answer.allow);
    }
    note(call, &answer.tally);
    buf_release(&answer.body);
}

static void answer_later(struct call *call)
{
    struct scim_error error = SCIM_ERROR_INIT;
    scim_error_set(&error, SCIM_WRONG_TOO_LARGE, "too many large or slow requests are being worked on; send it again");
    error.status = 429;
    response_header(call->response, "Retry-After", RETRY_TIME);
    atomic_fetch_add(&call->web->counts[COUNT_HELD_UP], 1);
    answer_wrong(call, &error);
}

static bool begin(atomic_uint *at_once, bool counts, unsigned most)
{
    return !counts || atomic_fetch_add(at_once, 1) < most;
}

static void end(atomic_uint *at_once, bool counts)
{
    if (counts)
        atomic_fetch_sub(at_once, 1);
}

static void answer_known(struct call *call, struct desk *desk, const struct conf_section *section, const char *below)
{
    struct web *web = call->web;
    bool large = request_body(call->request).n > BODY_SLOW, slow = scim_is_slow(call->request);
    atomic_fetch_add(&web->counts[COUNT_PUSHES], 1);
    bool has_room = begin(&web->large, large, LARGE_MAX);
    has_room = begin(&web->slow, slow, SLOW_MAX) && has_room;
    if (has_room)
        answer_service(call, desk, section, below);
    else
        answer_later(call);
    end(&web->slow, slow);
    end(&web->large, large);
}

static void answer_too_large(struct call *call)
{
    struct scim_error error = SCIM_ERROR_INIT;
    scim_error_set(&error, SCIM_WRONG_TOO_LARGE, "the request is larger than %d bytes (Bulk: %d)", SCIM_MESSAGE_MAX,
                   SCIM_BULK_MAX);
    answer_wrong(call, &error);
}

static void scim_answer(struct call *call)
{
    struct desk *desk = NULL;
    struct err err = ERR_INIT;
    const char *below = "";
    const struct conf_section *section = directory_of(call->in.conf, call->in.pool, call->word, &below);
    call->policy = "default-src 'none'; frame-ancestors 'none'";
    if (request_is_too_large(call->request)) {
        answer_too_large(call); /* its token was good, or the body would not have been measured */
        return;
    }
    int known = desk_take(call->web, &desk, &err);
    if (known == 0)
        known = check_token(call->web, desk, section, call->request, &err);
    if (known < 0) {
        answer_broken(call, &err);
    } else if (known == 0) {
        answer_refused(call);
    } else if (request_is_unread(call->request)) {
        err_set(&err, ERR_CONFLICT, "the token could not be looked at when the request came");
        answer_broken(call, &err);
    } else {
        answer_known(call, desk, section, below);
    }
    if (desk)
        desk_give(call->web, desk);
}

const struct route scim_routes[] = {
    {NULL, "/scim/", scim_answer, 0, ROUTE_STATELESS | ROUTE_TREE},
    {0},
};
