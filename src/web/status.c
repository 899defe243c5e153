/* For machines that watch: is it alive, can it work, how much has it done. On a listener of its own. */
#include <string.h>

#include <inttypes.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "gate/gate.h"
#include "store/domain.h"
#include "web/inner.h"

static void show_health(struct web *web, const struct request *request, struct response *response)
{
    (void)web, (void)request;
    response->status = 200;
    buf_adds(&response->body, "ok\n");
}

/* The main database can be read, and signin.db written. */
static int try_work(struct web *web, struct pool *pool, struct err *err)
{
    struct desk *desk = NULL;
    struct connection_row ignored;
    if (desk_take(web, &desk, err) != 0)
        return -1;
    int r = desk->store ? connection_get(desk->store, "", pool, &ignored, err)
                        : err_set(err, ERR_NOT_FOUND, "state folder %s: there is no state yet; run: doorward apply",
                                  web->state_dir);
    if (r == 0) {
        r = signins_begin(desk->signins, err);
        signins_rollback(desk->signins);
    }
    desk_give(web, desk);
    return r;
}

static void show_ready(struct web *web, const struct request *request, struct response *response)
{
    struct err err = ERR_INIT;
    bool ready = try_work(web, request_pool(request), &err) == 0;
    response->status = ready ? 200 : 503;
    buf_printf(&response->body, "%s\n", ready ? "ready" : err.text);
}

/* Names are letters, digits and what does no harm in a label (conf/section.c); the rest is escaped by nobody. */
static void show_connection(const struct gate_facts *facts, int64_t now, struct buf *out)
{
    const struct {
        const char *name;
        int64_t until;
    } days[] = {{"certificate", facts->certificate_until},
                {"metadata", facts->metadata_until},
                {"sign_in", facts->tested_at ? facts->tested_at + facts->test_valid : 0}};
    buf_printf(out, "doorward_connection_active{connection=\"%s\"} %d\n", facts->connection, facts->active);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (days[i].until)
            buf_printf(out, "doorward_connection_days_left{connection=\"%s\",until=\"%s\"} %.2f\n", facts->connection,
                       days[i].name, (double)(days[i].until - now) / 86400);
}

/* How long each connection goes on by itself. Nothing is said as long as there is no state, or when it cannot be read now: /readyz says that. */
static void show_connections(struct web *web, struct pool *pool, struct buf *out)
{
    struct desk *desk = NULL;
    struct err ignored = ERR_INIT;
    int64_t now = clock_now();
    if (desk_take(web, &desk, &ignored) != 0)
        return;
    CLEANUP(site_give) struct web_site *site = site_hold(web);
    buf_adds(out,
             "# HELP doorward_connection_active Whether the connection is active.\n"
             "# TYPE doorward_connection_active gauge\n"
             "# HELP doorward_connection_days_left Days until its last signing certificate or its metadata ends, or "
             "the last good sign-in is too long ago (test-valid).\n"
             "# TYPE doorward_connection_days_left gauge\n");
    for (const struct conf_section *c = conf_next(site->conf, "connection", NULL); c && desk->store;
         c = conf_next(site->conf, "connection", c)) {
        struct gate_facts facts = {.domain = ""};
        if (gate_connection(desk->store, site->conf, c, now, pool, &facts, &ignored) == 0)
            show_connection(&facts, now, out);
    }
    desk_give(web, desk);
}

struct gauge {
    const char *name, *help;
    size_t at; /* of struct pushed_about */
    double unit;
};

static void show_directory(struct pushed *pushed, const char *name, const struct gauge *gauge, struct buf *out)
{
    struct pushed_about about;
    struct err ignored = ERR_INIT;
    int64_t directory, value;
    if (pushed_directory(pushed, name, &directory, &ignored) != 1 ||
        pushed_about(pushed, directory, &about, &ignored) != 0)
        return;
    memcpy(&value, (const char *)&about + gauge->at, sizeof value);
    buf_printf(out, "%s{directory=\"%s\"} %.15g\n", gauge->name, name, (double)value / gauge->unit);
}

static void show_gauge(struct pushed *pushed, const struct conf *conf, const struct gauge *gauge, struct buf *out)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", gauge->name, gauge->help, gauge->name);
    for (const struct conf_section *d = conf_next(conf, "directory", NULL); d; d = conf_next(conf, "directory", d))
        if (strcmp(conf_variant(d), "scim-push") == 0)
            show_directory(pushed, conf_name(d), gauge, out);
}

/* What there is of each directory that was pushed to, and when that changed last. */
static void show_pushed(struct web *web, struct buf *out)
{
    static const struct gauge gauges[] = {
        {"doorward_scim_users", "Users that are there.", offsetof(struct pushed_about, users), 1},
        {"doorward_scim_groups", "Groups that are there.", offsetof(struct pushed_about, groups), 1},
        {"doorward_scim_changed_seconds", "When something was pushed last, in seconds since 1970.",
         offsetof(struct pushed_about, change), 1e6},
    };
    struct desk *desk = NULL;
    struct err ignored = ERR_INIT;
    if (!pushed_is_there(web->state_dir) || desk_take(web, &desk, &ignored) != 0)
        return;
    CLEANUP(site_give) struct web_site *site = site_hold(web);
    if (desk_open_pushed(web, desk, &ignored) == 0)
        for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
            show_gauge(desk->pushed, site->conf, &gauges[i], out);
    desk_give(web, desk);
}

static void show_metrics(struct web *web, const struct request *request, struct response *response)
{
    static const struct {
        enum count count;
        const char *name, *help;
    } metrics[] = {
        {COUNT_REQUESTS, "doorward_http_requests_total", "Requests answered."},
        {COUNT_FAULTS, "doorward_http_faults_total", "Requests that failed for a reason of our own."},
        {COUNT_STARTED, "doorward_signins_started_total", "People sent to their identity provider."},
        {COUNT_ACCEPTED, "doorward_signins_accepted_total", "Sign-ins that were accepted."},
        {COUNT_REFUSED, "doorward_signins_refused_total", "Sign-ins that were refused."},
        {COUNT_TOLD, "doorward_logout_notices_delivered_total", "Ended visits that an application was told of."},
        {COUNT_UNTOLD, "doorward_logout_notices_failed_total", "Tries to tell an application that failed."},
        {COUNT_PUSHES, "doorward_scim_requests_total", "SCIM requests with a token that is good."},
        {COUNT_PUSHES_UNKNOWN, "doorward_scim_refused_total", "SCIM requests without one."},
        {COUNT_PUSHED_CREATED, "doorward_scim_created_total", "Users and groups that were pushed."},
        {COUNT_PUSHED_CHANGED, "doorward_scim_changed_total", "Users and groups that were changed, members too."},
        {COUNT_PUSHED_DELETED, "doorward_scim_deleted_total", "Users and groups that were deleted."},
        {COUNT_PUSHED_JOINED, "doorward_scim_joined_total", "Members that joined a group."},
        {COUNT_PUSHED_LEFT, "doorward_scim_left_total", "Members that left a group, but for deleted ones."},
        {COUNT_PUSHED_FAILED, "doorward_scim_bulk_failed_total", "Operations of bulk requests that failed."},
        {COUNT_HELD_UP, "doorward_http_held_up_total", "Requests above signin-rate, application-rate or token-rate."},
    };
    response->status = 200;
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        buf_printf(&response->body, "# HELP %s %s\n# TYPE %s counter\n%s %lu\n", metrics[i].name, metrics[i].help,
                   metrics[i].name, metrics[i].name, atomic_load(&web->counts[metrics[i].count]));
    show_connections(web, request_pool(request), &response->body);
    show_pushed(web, &response->body);
}

static const struct {
    const char *path;
    void (*answer)(struct web *web, const struct request *request, struct response *response);
} routes[] = {{"/healthz", show_health}, {"/readyz", show_ready}, {"/metrics", show_metrics}};

void status_answer(void *web, const struct request *request, struct response *response)
{
    response->status = 404;
    response->type = "text/plain; charset=utf-8";
    response_header(response, "Cache-Control", "no-store");
    response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(request_path(request), routes[i].path) == 0 && strcmp(request_method(request), "GET") == 0)
            routes[i].answer(web, request, response);
}

size_t status_body_max(void *web, const struct request *request)
{
    (void)web, (void)request;
    return 0;
}
