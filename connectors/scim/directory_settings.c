#include "connectors/scim/directory_settings.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/scim/settings.h"
#include "connectors/scim_paths.h"
#include "scim/filter.h"

static const char *const delta_words[] = {"auto", "no", NULL};

const struct conf_item scim_directory_rows[] = {
    SCIM_SERVICE_SETTINGS,
    {.key = "user-filter",
     .type = CONF_TEXT,
     .example = "userType eq \"Employee\"",
     .help = "A SCIM filter: only people whom it lets through are read. The service has to know filters."},
    {.key = "group-filter",
     .type = CONF_TEXT,
     .example = "displayName sw \"APP_\"",
     .help = "The same for groups; members are given by groups that are read. \"none\": no groups."},
    {.key = "page-size",
     .type = CONF_INT,
     .def = "500",
     .min = 1,
     .max = 10000,
     .unit = "resources",
     .help = "How many people or groups are asked for at once; fewer where the service says so."},
    {.key = "max-resources",
     .type = CONF_INT,
     .def = "2000000",
     .min = 1,
     .max = 10000000,
     .unit = "resources",
     .help = "A listing with more people or groups than this is not read: a service that never ends its listing."},
    {.key = "delta",
     .type = CONF_CHOICE,
     .def = "auto",
     .choices = delta_words,
     .help = "auto: between complete reads only what changed since the last one is read (meta.lastModified), once "
             "complete reads "
             "have shown that the service keeps it for every change. no: every read is complete."},
    {.key = "full-read-every",
     .type = CONF_DURATION,
     .def = "1d",
     .min = 60,
     .max = 2592000,
     .help =
         "How often everything is read although changes alone could be. Who is gone without the service's saying so is "
         "found then."},
    {.key = "retries",
     .type = CONF_INT,
     .def = "4",
     .min = 0,
     .max = 100,
     .help = "How often a request is sent again when the service is busy or does not answer. After that the read is "
             "cut off, and changes nothing."},
    {.key = "retry-wait",
     .type = CONF_MILLIS,
     .def = "1s",
     .min = 1,
     .max = 3600000,
     .help = "How long is waited before that for the first time; each further wait is twice as long, up to a minute. "
             "Where the service asks for a longer wait, that counts."},
    SCIM_PATHS_ROWS,
    {.key = NULL},
};

static int check_filter(const struct conf_section *section, const char *key, enum entry_kind kind, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct scim_error why = SCIM_ERROR_INIT;
    const struct scim_filter *filter;
    const char *text = conf_str(section, key);
    if (!text || (kind == ENTRY_GROUP && text_same_ascii(text, "none")) ||
        scim_filter_parse(pool, scim_paths_type(kind), span_str(text), &filter, &why) == 0)
        return 0;
    return err_set(err, ERR_CONFIG, "%s: %s: %s; mend the filter", conf_where_key(section, key, 0), key, why.detail);
}

int scim_directory_settings_check(const struct conf_section *section, struct err *err)
{
    if (scim_service_settings_check(section, err) != 0 || scim_paths_check(section, err) != 0)
        return -1;
    if (check_filter(section, "user-filter", ENTRY_PERSON, err) != 0)
        return -1;
    return check_filter(section, "group-filter", ENTRY_GROUP, err);
}
