#include "connectors/scim/settings.h"

#include <string.h>

#include "connectors/platform.h"

static const char *const update_by[] = {"auto", "patch", "put", NULL};
static const char *const auto_or_no[] = {"auto", "no", NULL};

const struct conf_item scim_rows[] = {
    {.key = "url",
     .type = CONF_URL,
     .required = true,
     .example = "https://api.example.net/scim/v2",
     .help = "Where the service's /Users and /Groups are, without these words."},
    {.key = "token-file",
     .type = CONF_SECRET_FILE,
     .required = true,
     .example = "/etc/doorward/secrets/platform",
     .help = "The bearer token in the first line. Nobody but the service may read the file. It is read again when it "
             "changes."},
    {.key = "ca-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/ca.pem",
     .help = "The authorities (PEM) that the service's certificate may come from. Default: those of the system. The "
             "certificate and its host name are always verified."},
    {.key = "connections",
     .type = CONF_INT,
     .def = "4",
     .min = 1,
     .max = 64,
     .unit = "requests",
     .help = "How many requests are under way at once."},
    {.key = "timeout",
     .type = CONF_MILLIS,
     .def = "30s",
     .min = 100,
     .max = 3600000,
     .help = "How long to wait for one whole answer."},
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
    PLATFORM_REMOTE_SETTINGS,
    {.key = NULL},
};

int scim_settings_check(const struct conf_section *section, struct err *err)
{
    const char *url = conf_str(section, "url");
    if (strchr(url, '?'))
        return err_set(err, ERR_CONFIG, "%s: url '%.400s' has a query; write only the address that /Users follows",
                       conf_where_key(section, "url", 0), url);
    return 0;
}
