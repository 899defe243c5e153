#include "connectors/scim/settings.h"

#include <string.h>

#include "base/cleanup.h"
#include "connectors/mapping.h"
#include "connectors/platform.h"

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
    MAPPING_ROWS,
    PLATFORM_REMOTE_SETTINGS,
    {.key = NULL},
};

int scim_settings_check(const struct conf_section *section, struct err *err)
{
    const char *url = conf_str(section, "url");
    if (strchr(url, '?'))
        return err_set(err, ERR_CONFIG, "%s: url '%.400s' has a query; write only the address that /Users follows",
                       conf_where_key(section, "url", 0), url);
    CLEANUP(mapping_close) struct mapping *mapping = NULL;
    return mapping_open(section, &mapping, err);
}
