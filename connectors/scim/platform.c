#include "connectors/scim/platform.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/mapping.h"
#include "connectors/scim/examine.h"
#include "connectors/scim/look.h"
#include "connectors/scim/sending.h"
#include "connectors/scim/settings.h"
#include "connectors/scim/survey.h"

struct platform {
    struct scim_service service;
    struct mapping *mapping;
    size_t connections, retries;
    int64_t retry_wait;
};

static void scim_close(struct platform **platform)
{
    struct platform *p = *platform;
    if (!p)
        return;
    scim_service_close(&p->service);
    mapping_close(&p->mapping);
    free(p);
    *platform = NULL;
}

static int scim_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                     struct platform **ret, struct err *err)
{
    (void)store, (void)team, (void)now;
    CLEANUP(scim_close) struct platform *p = mem_zero(sizeof *p);
    if (mapping_open(section, &p->mapping, err) != 0)
        return -1;
    if (scim_service_open(section, &p->service, err) != 0)
        return err_wrap(err, "platform %s", conf_name(section));
    p->service.map = p->mapping->map;
    scim_manner_init(&p->service.manner, section);
    p->connections = (size_t)conf_int(section, "connections");
    p->retries = (size_t)conf_int(section, "retries");
    p->retry_wait = conf_int(section, "retry-wait");
    brake_init(&p->service.brake, p->connections, p->retry_wait);
    *ret = TAKE(p);
    return 0;
}

static size_t scim_width(const struct platform *platform, enum op op)
{
    return scim_sending_width(&platform->service, platform->connections, op);
}

static void answer_all(struct platform_answer *answers, size_t n, const struct platform_answer *same)
{
    for (size_t i = 0; i < n; i++)
        answers[i] = *same;
}

static void scim_send(struct platform *platform, const struct platform_task *tasks, size_t n,
                      struct platform_answer *ret)
{
    struct platform_answer fault;
    if (n == 0)
        return;
    if (scim_service_ready(&platform->service, &fault) != 0) {
        answer_all(ret, n, &fault);
        return;
    }
    scim_survey_if_worth(&platform->service, tasks, n);
    scim_sending_carry_out(&platform->service, platform->connections, tasks, n, ret);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int scim_read_all(struct platform *p, const struct platform_sink *sink, enum pull_result *ret, struct err *err)
{
    struct scim_reader reader = {.service = &p->service,
                                 .most = SCIM_RESOURCES_MAX,
                                 .retries = p->retries,
                                 .first_wait = p->retry_wait};
    if (scim_reader_begin(&reader, SCIM_PAGE, err) != 0)
        return -1;
    return scim_look(&reader, sink, ret, err);
}

static int differs(struct platform *platform, const struct platform_task *task, const struct platform_found *found,
                   struct buf *ret)
{
    return scim_differs(platform->service.map, task, found, ret);
}

static int examine(struct platform *platform, struct pool *pool, struct platform_report *ret, struct err *err)
{
    return scim_examine(&platform->service, pool, ret, err);
}

const struct platform_connector scim_platform = {
    .name = "scim",
    .help = "A service with SCIM 2.0 (RFC 7644). A product is a group there, by its title, or a value of accounts.",
    .settings = scim_rows,
    .check = scim_settings_check,
    .open = scim_open,
    .map = mapping_open,
    .send = scim_send,
    .width = scim_width,
    .read = scim_read_all,
    .differs = differs,
    .examine = examine,
    .close = scim_close,
};
