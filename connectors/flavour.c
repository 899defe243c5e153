#include "connectors/flavour.h"

#include "base/text.h"

static const char *const rfc_person_classes[] = {"person", "organizationalPerson", "inetOrgPerson", NULL};
static const char *const rfc_group_classes[] = {"groupOfNames", "groupOfUniqueNames", "groupOfMembers", "posixGroup",
                                                NULL};

const char *const flavour_container_classes[] = {"organizationalUnit",
                                                 "organization",
                                                 "container",
                                                 "builtinDomain",
                                                 "domain",
                                                 "dcObject",
                                                 "country",
                                                 "locality",
                                                 NULL};

/* Of RFC 2798, 4519 and 4524: what every server's own flavour starts from. */
#define RFC_ATTRS                                                                                                      \
    .attr = {                                                                                                          \
        [ATTR_USER_NAME] = {"uid"},                                                                                    \
        [ATTR_EMAIL] = {"mail"},                                                                                       \
        [ATTR_GIVEN_NAME] = {"givenName"},                                                                             \
        [ATTR_FAMILY_NAME] = {"sn"},                                                                                   \
        [ATTR_DISPLAY_NAME] = {"displayName", "cn"},                                                                   \
        [ATTR_EMPLOYEE_NUMBER] = {"employeeNumber"},                                                                   \
        [ATTR_TITLE] = {"title"},                                                                                      \
        [ATTR_DEPARTMENT] = {"departmentNumber", "ou", "department"},                                                  \
        [ATTR_LANGUAGE] = {"preferredLanguage"},                                                                       \
    }

#define RFC_CLASSES                                                                                                    \
    .person_filter = "(objectClass=person)",                                                                           \
    .group_filter = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",           \
    .person_classes = rfc_person_classes, .group_classes = rfc_group_classes

static const struct flavour flavours[] = {
    {
        .name = "openldap",
        .id = "entryUUID",
        RFC_ATTRS,
        .group_name = {"cn"},
        .alias = "uid",
        /*
         * The password policy's mark of an administrator. A lock for wrong passwords carries a real time and passes
         * by itself.
         */
        .active = "pwdAccountLockedTime!=000001010000Z",
        RFC_CLASSES,
        .page_size = 0,
    },
    {
        .name = "generic",
        .id = "entryUUID",
        RFC_ATTRS,
        .group_name = {"cn"},
        .alias = "uid",
        .active = "always",
        RFC_CLASSES,
        .page_size = 1000,
    },
};

const char *const flavour_names[] = {"openldap", "generic", NULL};

const struct flavour *flavour_find(const char *name)
{
    for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++)
        if (text_same_ascii(flavours[i].name, name))
            return &flavours[i];
    return NULL;
}
