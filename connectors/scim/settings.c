#include "connectors/scim/settings.h"

#include <string.h>

#include "base/cleanup.h"
#include "connectors/mapping.h"
#include "connectors/platform.h"

const char *const scim_client_ways[] = {"client_secret_basic", "client_secret_post", NULL};
static const char *const update_by[] = {"auto", "patch", "put", NULL};
static const char *const auto_or_no[] = {"auto", "no", NULL};

const struct conf_item scim_rows[] = {
    SCIM_SERVICE_SETTINGS,
    {.key = "update",
     .type = CONF_CHOICE,
     .choices = update_by,
     .def = "auto",
     .help = "How accounts and groups are changed: patch sends only what changes; put reads, changes and writes the "
             "whole, for services without PATCH; auto goes by what the service says of itself."},
    {.key = "bulk",
     .type = CONF_CHOICE,
     .choices = auto_or_no,
     .def = "auto",
     .help = "Whether many changes go out in one request where the service offers that; no sends each by itself."},
    {.key = "members-per-patch",
     .type = CONF_INT,
     .def = "100",
     .min = 1,
     .max = 500,
     .unit = "members",
     .help = "How many members of a group change in one request, at most. AWS takes 100, Google 1. Where the service "
             "refuses them together, fewer are tried."},
    MAPPING_ROWS,
    PLATFORM_REMOTE_SETTINGS,
    {.key = NULL},
};

static int check_url(const struct conf_section *section, struct err *err)
{
    const char *url = conf_str(section, "url");
    if (strchr(url, '?'))
        return err_set(err, ERR_CONFIG, "%s: url '%.400s' has a query; write only the address that /Users follows",
                       conf_where_key(section, "url", 0), url);
    return 0;
}

static int check_token(const struct conf_section *section, struct err *err)
{
    static const char *const with_url[] = {"client-id", "client-secret-file", "scope"};
    bool file = conf_str(section, "token-file") != NULL, url = conf_str(section, "token-url") != NULL;
    if (file == url)
        return err_set(err, ERR_CONFIG, "%s; write one of them",
                       file ? "there are both token-file and token-url"
                            : "neither token-file nor token-url is written");
    for (size_t i = 0; file && i < sizeof with_url / sizeof *with_url; i++)
        if (conf_str(section, with_url[i]))
            return err_set(err, ERR_CONFIG, "%s: %s goes with token-url, and there is token-file; remove one of them",
                           conf_where_key(section, with_url[i], 0), with_url[i]);
    for (size_t i = 0; url && i < 2; i++)
        if (!conf_str(section, with_url[i]))
            return err_set(err, ERR_CONFIG, "token-url needs %s; write it", with_url[i]);
    return 0;
}

int scim_service_settings_check(const struct conf_section *section, struct err *err)
{
    return check_url(section, err) != 0 ? -1 : check_token(section, err);
}

int scim_settings_check(const struct conf_section *section, struct err *err)
{
    if (scim_service_settings_check(section, err) != 0)
        return -1;
    CLEANUP(mapping_close) struct mapping *mapping = NULL;
    return mapping_open(section, &mapping, err);
}
