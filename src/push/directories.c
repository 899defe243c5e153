#include "push/directories.h"

#include "base/text.h"
#include "connectors/ldap/directory.h"
#include "connectors/ldif/ldif.h"
#include "connectors/scim/directory.h"
#include "push/directory.h"

const struct directory_connector *const directory_connectors[] = {&ldap_connector, &ldif_connector, &scim_directory,
                                                                  &push_connector, NULL};

const struct directory_connector *directory_connector_find(const char *name)
{
    for (const struct directory_connector *const *c = directory_connectors; *c; c++)
        if (text_same_ascii((*c)->name, name))
            return *c;
    return NULL;
}
