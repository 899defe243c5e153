/* RFC 7643, 3.1, 4.1, 4.2 and 4.3, with the characteristics of 8.7.1. */
#include "scim/schema.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define LIST(a)  (a), COUNT(a)
#define WORDS(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct scim_attr meta[] = {
    {.name = "resourceType",
     .description = "Name of the resource type",
     .mutability = SCIM_READ_ONLY,
     .case_exact = true},
    {.name = "created", .description = "When it was made", .type = SCIM_DATETIME, .mutability = SCIM_READ_ONLY},
    {.name = "lastModified",
     .description = "When it was last changed",
     .type = SCIM_DATETIME,
     .mutability = SCIM_READ_ONLY},
    {.name = "location",
     .description = "Its address",
     .type = SCIM_REFERENCE,
     .references = WORDS("uri"),
     .mutability = SCIM_READ_ONLY,
     .case_exact = true},
    {.name = "version",
     .description = "Its version, the value of the ETag",
     .mutability = SCIM_READ_ONLY,
     .case_exact = true},
};

static const struct scim_attr common[] = {
    {.name = "schemas",
     .description = "The schemas that the resource is made of",
     .type = SCIM_REFERENCE,
     .references = WORDS("uri"),
     .multi = true,
     .returned = SCIM_ALWAYS},
    {.name = "id",
     .description = "The service provider's own id of the resource",
     .mutability = SCIM_READ_ONLY,
     .returned = SCIM_ALWAYS,
     .uniqueness = SCIM_UNIQUE_SERVER,
     .case_exact = true},
    {.name = "externalId", .description = "The client's own id of the resource", .case_exact = true},
    {.name = "meta",
     .description = "About the resource itself",
     LIST(meta),
     .type = SCIM_COMPLEX,
     .mutability = SCIM_READ_ONLY},
};

const struct scim_schema scim_common = {"", "Common", "Attributes of every resource", LIST(common)};

static const struct scim_attr name[] = {
    {.name = "formatted", .description = "The whole name, as it is to be shown"},
    {.name = "familyName", .description = "Family name"},
    {.name = "givenName", .description = "Given name"},
    {.name = "middleName", .description = "Middle names"},
    {.name = "honorificPrefix", .description = "What stands before the name: a title"},
    {.name = "honorificSuffix", .description = "What stands behind the name"},
};

#define DISPLAY                                                                                                        \
    {                                                                                                                  \
        .name = "display", .description = "The value as it is to be shown"                                             \
    }
#define PRIMARY                                                                                                        \
    {                                                                                                                  \
        .name = "primary", .description = "Whether this is the preferred value; true at most once",                    \
        .type = SCIM_BOOLEAN                                                                                           \
    }
#define KIND(...)                                                                                                      \
    {                                                                                                                  \
        .name = "type", .description = "What the value is for", .canonical = WORDS(__VA_ARGS__)                        \
    }

static const struct scim_attr emails[] = {
    {.name = "value", .description = "An e-mail address"}, DISPLAY, KIND("work", "home", "other"), PRIMARY};
static const struct scim_attr phones[] = {{.name = "value", .description = "A telephone number"},
                                          DISPLAY,
                                          KIND("work", "home", "mobile", "fax", "pager", "other"),
                                          PRIMARY};
static const struct scim_attr ims[] = {{.name = "value", .description = "An address of an instant messaging service"},
                                       DISPLAY,
                                       KIND("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
                                       PRIMARY};
static const struct scim_attr photos[] = {{.name = "value",
                                           .description = "The address of a picture",
                                           .type = SCIM_REFERENCE,
                                           .references = WORDS("external"),
                                           .case_exact = true},
                                          DISPLAY,
                                          KIND("photo", "thumbnail"),
                                          PRIMARY};

static const struct scim_attr addresses[] = {
    {.name = "formatted", .description = "The whole address, as it is to be shown"},
    {.name = "streetAddress", .description = "Street, number, post office box"},
    {.name = "locality", .description = "City or locality"},
    {.name = "region", .description = "State or region"},
    {.name = "postalCode", .description = "Postal code"},
    {.name = "country", .description = "Country, as ISO 3166-1 alpha-2"},
    KIND("work", "home", "other"),
    PRIMARY,
};

static const struct scim_attr groups[] = {
    {.name = "value", .description = "The id of the group", .mutability = SCIM_READ_ONLY},
    {.name = "$ref",
     .description = "The address of the group",
     .type = SCIM_REFERENCE,
     .references = WORDS("User", "Group"),
     .mutability = SCIM_READ_ONLY},
    {.name = "display", .description = "The name of the group", .mutability = SCIM_READ_ONLY},
    {.name = "type",
     .description = "How the user is a member",
     .mutability = SCIM_READ_ONLY,
     .canonical = WORDS("direct", "indirect")},
};

static const struct scim_attr labels[] = {{.name = "value", .description = "The value"},
                                          DISPLAY,
                                          {.name = "type", .description = "What the value is for"},
                                          PRIMARY};
static const struct scim_attr certificates[] = {
    {.name = "value", .description = "A certificate in DER", .type = SCIM_BINARY, .case_exact = true},
    DISPLAY,
    {.name = "type", .description = "What the certificate is for"},
    PRIMARY};

static const struct scim_attr user[] = {
    {.name = "userName", .description = "The name to sign in with", .required = true, .uniqueness = SCIM_UNIQUE_SERVER},
    {.name = "name", .description = "The parts of the name", LIST(name), .type = SCIM_COMPLEX},
    {.name = "displayName", .description = "The name as it is to be shown"},
    {.name = "nickName", .description = "The casual name"},
    {.name = "profileUrl",
     .description = "The address of a page about the user",
     .type = SCIM_REFERENCE,
     .references = WORDS("external"),
     .case_exact = true},
    {.name = "title", .description = "Job title"},
    {.name = "userType", .description = "How the user belongs to the organization"},
    {.name = "preferredLanguage", .description = "Languages in order of preference, as in Accept-Language"},
    {.name = "locale", .description = "Locale, as a language tag"},
    {.name = "timezone", .description = "Time zone, by its Olson name"},
    {.name = "active", .description = "Whether the user may sign in", .type = SCIM_BOOLEAN},
    {.name = "password",
     .description = "Taken by nobody and kept nowhere here",
     .mutability = SCIM_WRITE_ONLY,
     .returned = SCIM_NEVER},
    {.name = "emails", .description = "E-mail addresses", LIST(emails), .type = SCIM_COMPLEX, .multi = true},
    {.name = "phoneNumbers", .description = "Telephone numbers", LIST(phones), .type = SCIM_COMPLEX, .multi = true},
    {.name = "ims", .description = "Instant messaging addresses", LIST(ims), .type = SCIM_COMPLEX, .multi = true},
    {.name = "photos", .description = "Pictures", LIST(photos), .type = SCIM_COMPLEX, .multi = true},
    {.name = "addresses", .description = "Postal addresses", LIST(addresses), .type = SCIM_COMPLEX, .multi = true},
    {.name = "groups",
     .description = "The groups the user is in; changed by changing the groups",
     LIST(groups),
     .type = SCIM_COMPLEX,
     .multi = true,
     .mutability = SCIM_READ_ONLY},
    {.name = "entitlements",
     .description = "What the user is entitled to",
     LIST(labels),
     .type = SCIM_COMPLEX,
     .multi = true},
    {.name = "roles", .description = "Roles of the user", LIST(labels), .type = SCIM_COMPLEX, .multi = true},
    {.name = "x509Certificates",
     .description = "Certificates of the user",
     LIST(certificates),
     .type = SCIM_COMPLEX,
     .multi = true},
};

const struct scim_schema scim_user_schema = {SCIM_USER_URN, "User", "User account", LIST(user)};

/*
 * display is in 4.2's example but in no list of 8.7.1. What a client sends there counts nothing; but it is not readOnly, or a member
 * that has nothing else would be no value, and a list of such ones no members.
 */
static const struct scim_attr members[] = {
    {.name = "value", .description = "The id of the member", .mutability = SCIM_IMMUTABLE, .case_exact = true},
    {.name = "$ref",
     .description = "The address of the member",
     .type = SCIM_REFERENCE,
     .references = WORDS("User", "Group"),
     .mutability = SCIM_IMMUTABLE},
    {.name = "type",
     .description = "What the member is",
     .mutability = SCIM_IMMUTABLE,
     .canonical = WORDS("User", "Group")},
    {.name = "display", .description = "The name of the member", .mutability = SCIM_IMMUTABLE},
};

/* 8.7.1 shows displayName as not required; 4.2, which binds, requires it. */
static const struct scim_attr group[] = {
    {.name = "displayName", .description = "The name of the group", .required = true},
    {.name = "members", .description = "Who is in the group", LIST(members), .type = SCIM_COMPLEX, .multi = true},
};

const struct scim_schema scim_group_schema = {SCIM_GROUP_URN, "Group", "Group", LIST(group)};

static const struct scim_attr manager[] = {
    {.name = "value", .description = "The id of the manager", .case_exact = true},
    {.name = "$ref", .description = "The address of the manager", .type = SCIM_REFERENCE, .references = WORDS("User")},
    {.name = "displayName", .description = "The name of the manager", .mutability = SCIM_READ_ONLY},
};

static const struct scim_attr enterprise[] = {
    {.name = "employeeNumber", .description = "Number or code of the person in the organization"},
    {.name = "costCenter", .description = "Cost center"},
    {.name = "organization", .description = "Organization"},
    {.name = "division", .description = "Division"},
    {.name = "department", .description = "Department"},
    {.name = "manager", .description = "The user's manager", LIST(manager), .type = SCIM_COMPLEX},
};

const struct scim_schema scim_enterprise_schema = {SCIM_ENTERPRISE_URN, "EnterpriseUser", "Enterprise user",
                                                   LIST(enterprise)};

static const struct scim_extension user_extensions[] = {{&scim_enterprise_schema, false}};

const struct scim_resource_type scim_users = {"User", "/Users", "User account", &scim_user_schema,
                                              LIST(user_extensions)};
const struct scim_resource_type scim_groups = {"Group", "/Groups", "Group", &scim_group_schema, NULL, 0};
