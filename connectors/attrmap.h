/*
 * Which attribute of a directory means what: the configuration rows that the directory connectors share, made ready for
 * use.
 *
 *   attrmap_new -> attrmap_wanted (what to ask the source for), deliver.h (what to make of it) -> attrmap_free
 */
#ifndef CONNECTORS_ATTRMAP_H
#define CONNECTORS_ATTRMAP_H

#include "conf/conf.h"
#include "connectors/flavour.h"

/* "ATTRIBUTE=PATTERN" or "ATTRIBUTE!=PATTERN", the pattern as text_glob has it. */
struct attr_rule {
    size_t slot;
    const char *pattern;
    bool negated;
};

/* Numbers of slots, in the order in which they are tried. */
struct attr_choice {
    size_t slots[FLAVOUR_CANDIDATES];
    size_t n;
};

enum member_kind { MEMBER_DN, MEMBER_DN_AND_UID, MEMBER_ALIAS, MEMBER_KINDS };

struct attr_slot {
    const char *name;
    size_t n; /* its length */
    bool wanted[ENTRY_KINDS];
};

#define ATTRMAP_NONE SIZE_MAX

struct attrmap {
    struct pool *pool;
    const struct flavour *flavour;
    struct attr_slot *slots; /* every attribute that is asked for, once */
    size_t nslots, cap_slots;
    size_t id, alias; /* alias: ATTRMAP_NONE when the flavour has none */
    struct attr_choice attr[ATTR_COUNT], group_name;
    bool has_active;
    struct attr_rule active;
    struct attr_rule *exclude;
    size_t nexclude, cap_exclude;
    size_t member[MEMBER_KINDS];
    struct {
        const char *name; /* in lower case, as it was asked for */
        size_t slot;
    } * extra; /* see attrmap_want; by name */
    size_t nextra;
};

/* ERR_CONFIG with the place of the line that is wrong. Keeps nothing of section. */
int attrmap_new(const struct conf_section *section, struct attrmap **ret, struct err *err);
void attrmap_free(struct attrmap **map);
/* As attrmap_new, for a connector's check. */
int attrmap_check(const struct conf_section *section, struct err *err);

/*
 * Further attributes of people, to be delivered as entry.extra: as often as wanted, the last counts. names: in lower case, ordered, each once; they are
 * copied. ERR_CONFIG: one that no directory has.
 */
int attrmap_want(struct attrmap *map, const char *const *names, size_t n, struct err *err);

/* Names to ask the source for, NULL-terminated; the array is the caller's (free), the names are the map's. */
const char **attrmap_wanted(const struct attrmap *map, enum entry_kind kind);
/* The attribute of the immutable id, as configured or the flavour's: "entryUUID". */
const char *attrmap_id_name(const struct conf_section *section);
/* The attribute that says who is active; it lives in the pool. NULL: everyone is. */
const char *attrmap_active_name(const struct conf_section *section, struct pool *pool);

/* The slot of this type (without options), or ATTRMAP_NONE. */
size_t attrmap_slot(const struct attrmap *map, struct span type);

/* The rows, to stand in a connector's own settings. */
#define ATTRMAP_ROW(key_, example_, what)                                                                              \
    {                                                                                                                  \
        .key = (key_), .type = CONF_TEXT, .repeatable = true, .example = example_, .help = what                        \
    }
#define ATTRMAP_ROWS                                                                                                   \
    {.key = "flavour",                                                                                                 \
     .type = CONF_CHOICE,                                                                                              \
     .def = "generic",                                                                                                 \
     .choices = flavour_names,                                                                                         \
     .help = "The kind of server: sets the defaults of id-attribute, of the map- keys and of the filters."},           \
        {.key = "id-attribute",                                                                                        \
         .type = CONF_TEXT,                                                                                            \
         .example = "entryUUID",                                                                                       \
         .help =                                                                                                       \
             "Attribute whose value never changes for an entry and is never given to another. Default: entryUUID. "    \
             "A value that is not text is kept in hexadecimal."},                                                      \
        ATTRMAP_ROW("map-user-name", "uid",                                                                            \
                    "Attributes of the user name; of several the first with a value is taken, and of "                 \
                    "several values the first. \"none\": not read. Default: uid."),                                    \
        ATTRMAP_ROW("map-email", "mail", "Attributes of the e-mail address. Default: mail."),                          \
        ATTRMAP_ROW("map-given-name", "givenName", "Attributes of the given name. Default: givenName."),               \
        ATTRMAP_ROW("map-family-name", "sn", "Attributes of the family name. Default: sn."),                           \
        ATTRMAP_ROW("map-display-name", "displayName",                                                                 \
                    "Attributes of the name shown. Default: displayName, then cn."),                                   \
        ATTRMAP_ROW("map-employee-number", "employeeNumber",                                                           \
                    "Attributes of the employee number. Default: employeeNumber."),                                    \
        ATTRMAP_ROW("map-title", "title", "Attributes of the title. Default: title."),                                 \
        ATTRMAP_ROW("map-department", "departmentNumber",                                                              \
                    "Attributes of the department. Default: departmentNumber, then ou, then department."),             \
        ATTRMAP_ROW("map-language", "preferredLanguage", "Attributes of the language. Default: preferredLanguage."),   \
        ATTRMAP_ROW("map-group-name", "cn", "Attributes of a group's name. Default: cn."),                             \
        {.key = "map-active",                                                                                          \
         .type = CONF_TEXT,                                                                                            \
         .example = "employeeType!=disabled",                                                                          \
         .help = "Who is active: \"always\" (everyone), ATTRIBUTE=PATTERN (whoever has a value that matches) or "      \
                 "ATTRIBUTE!=PATTERN (whoever has none that matches); * and ? stand for any text and any letter. "     \
                 "Default for openldap: pwdAccountLockedTime!=000001010000Z (not locked by an administrator), else "   \
                 "always."},                                                                                           \
        {.key = "exclude",                                                                                             \
         .type = CONF_TEXT,                                                                                            \
         .repeatable = true,                                                                                           \
         .example = "mail=*-test@example.com",                                                                         \
         .help = "ATTRIBUTE=PATTERN: people and groups with a value that matches are left out of everything."},        \
    {                                                                                                                  \
        .key = "scope-group", .type = CONF_TEXT, .repeatable = true,                                                   \
        .example = "cn=design,ou=groups,dc=example,dc=com",                                                            \
        .help = "DN of a group: only its members, nested ones too, are synced. Without it, everybody is."              \
    }

#endif
