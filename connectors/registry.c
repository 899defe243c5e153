#include "connectors/connector.h"

#include "base/text.h"
#include "connectors/ldap/directory.h"
#include "connectors/ldif/ldif.h"

/* The connector itself comes with src/push/. */
static const struct conf_item none[] = {{0}};

static int fail(const struct conf_section *section, struct store *store, struct directory **ret, struct err *err)
{
    (void)section, (void)store, (void)ret;
    return err_set(err, ERR_FAILED, "not yet");
}

static const struct directory_connector push_connector = {
    .name = "scim-push", .help = "A directory that is pushed to this server by SCIM 2.0.", .settings = none, .open = fail};

const struct directory_connector *const directory_connectors[] = {&ldap_connector, &ldif_connector, &push_connector, NULL};

const struct directory_connector *directory_connector_find(const char *name)
{
    for (const struct directory_connector *const *c = directory_connectors; *c; c++)
        if (text_same_ascii((*c)->name, name))
            return *c;
    return NULL;
}
