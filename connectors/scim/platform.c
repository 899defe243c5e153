#include "connectors/scim/platform.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/sending.h"
#include "connectors/scim/settings.h"
#include "connectors/scim/token.h"

struct platform {
    struct scim_service service;
    struct scim_token token;
    size_t connections;
};

static void scim_close(struct platform **platform)
{
    struct platform *p = *platform;
    if (!p)
        return;
    http_close(&p->service.http);
    scim_service_release(&p->service);
    scim_token_release(&p->token);
    free(p);
    *platform = NULL;
}

static int refresh_token(struct platform *p, struct err *err)
{
    bool changed = false;
    if (scim_token_refresh(&p->token, &changed, err) != 0)
        return -1;
    if (changed)
        http_set_token(p->service.http, p->token.text.data);
    return 0;
}

static int scim_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                     struct platform **ret, struct err *err)
{
    (void)store, (void)team, (void)now;
    CLEANUP(scim_close) struct platform *p = mem_zero(sizeof *p);
    struct http_policy policy = {.ca_file = conf_str(section, "ca-file"),
                                 .connections = (size_t)conf_int(section, "connections"),
                                 .timeout = conf_int(section, "timeout"),
                                 .max_bytes = SCIM_BODY_MAX};
    scim_ids_init(&p->service.ids);
    p->service.base = conf_str(section, "url");
    scim_service_mark(&p->service);
    scim_manner_init(&p->service.manner, section);
    p->token.path = conf_str(section, "token-file");
    p->connections = policy.connections;
    if (http_open(&policy, &p->service.http, err) != 0 || refresh_token(p, err) != 0)
        return err_wrap(err, "platform %s", conf_name(section));
    *ret = TAKE(p);
    return 0;
}

static size_t scim_width(const struct platform *platform, enum op op)
{
    return scim_sending_width(&platform->service, platform->connections, op);
}

static void stop_all(struct platform_answer *answers, size_t n, const struct err *why)
{
    for (size_t i = 0; i < n; i++)
        answers[i] = (struct platform_answer){.verdict = PLATFORM_STOP, .why = *why};
}

static void scim_send(struct platform *platform, const struct platform_task *tasks, size_t n,
                      struct platform_answer *ret)
{
    struct err why = ERR_INIT;
    if (n == 0)
        return;
    if (refresh_token(platform, &why) != 0)
        stop_all(ret, n, &why);
    else
        scim_sending_carry_out(&platform->service, platform->connections, tasks, n, ret);
}

const struct platform_connector scim_platform = {
    .name = "scim",
    .help = "A service with SCIM 2.0 (RFC 7644). A product is a group there, by its title, or a value of accounts.",
    .settings = scim_rows,
    .check = scim_settings_check,
    .open = scim_open,
    .send = scim_send,
    .width = scim_width,
    .close = scim_close,
};
