/*
 * Which attribute of a SCIM resource means what: the configuration rows that the SCIM directories share, made ready
 * for use.
 *
 *   scim_paths_new -> scim_paths_first, scim_paths_matches (scim_entry.h does) -> scim_paths_free
 *
 * Places are written as PATCH writes them: userName, name.givenName, emails[type eq "work"].value,
 * urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department.
 */
#ifndef CONNECTORS_SCIM_PATHS_H
#define CONNECTORS_SCIM_PATHS_H

#include <jansson.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "crypto/digest.h"
#include "model/entry.h"
#include "scim/path.h"

/* Raised when the same resource would give other keys or values than before, so that every entry is taken anew. */
#define SCIM_PATHS_VERSION "1"

#define SCIM_PATHS_CANDIDATES 4
#define SCIM_PATHS_MARK_SIZE  DIGEST_HEX_MAX

/* The places that are tried in this order. */
struct scim_choice {
    struct scim_path paths[SCIM_PATHS_CANDIDATES];
    const char *texts[SCIM_PATHS_CANDIDATES]; /* as written */
    size_t n;
};

/*
 * "PATH=PATTERN" or "PATH!=PATTERN", the pattern as text_glob has it. A type that does not have the attribute has no
 * value there.
 */
struct scim_rule {
    struct scim_path paths[ENTRY_GROUP + 1]; /* by entry kind; attr NULL: the type does not have it */
    const char *text;                        /* as written */
    const char *pattern;
    bool negated;
};

/* An attribute that some path begins with. */
struct scim_wanted {
    const struct scim_schema *extension;
    const struct scim_attr *attr;
};

struct scim_paths {
    struct pool *pool;
    struct scim_choice id, attr[ATTR_COUNT], group_name;
    bool id_is_own; /* id-attribute is "id" */
    bool has_active;
    struct scim_rule active;
    struct scim_rule *exclude;
    size_t nexclude, cap_exclude;
    struct scim_choice *extra; /* see scim_paths_want; texts[0]: the name */
    size_t nextra;
    struct scim_wanted *wanted[ENTRY_GROUP + 1];
    size_t nwanted[ENTRY_GROUP + 1], cap_wanted[ENTRY_GROUP + 1];
};

/*
 * directory_connector.want: further attributes of Users, by their names as a path without brackets. They are copied, and belong to the mark.
 * scim_paths_can_want: may a platform's map name this one? ERR_CONFIG with the nearest name, without a place.
 */
int scim_paths_want(struct scim_paths *paths, const char *const *names, size_t n, struct err *err);
int scim_paths_can_want(const char *name, struct err *err);

/* Users for people, Groups for groups. kind: ENTRY_PERSON or ENTRY_GROUP. */
const struct scim_resource_type *scim_paths_type(enum entry_kind kind);

/* ERR_CONFIG with the place of the line that is wrong, and the nearest name. Keeps nothing of section. */
int scim_paths_new(const struct conf_section *section, struct scim_paths **ret, struct err *err);
void scim_paths_free(struct scim_paths **paths);
/* As scim_paths_new, for a connector's check; scope-group is looked at, too. */
int scim_paths_check(const struct conf_section *section, struct err *err);

/*
 * The first value that is not blank, trimmed, in the resource or the pool; *ret_text is where it was found. Empty:
 * none.
 */
struct span scim_paths_first(const struct scim_choice *choice, const json_t *resource, struct pool *pool,
                             const char **ret_text);
/* Does any value match (negated: does none)? */
bool scim_paths_matches(const struct scim_rule *rule, enum entry_kind kind, const json_t *resource, struct pool *pool);

/*
 * What to ask a service for, as the value of its parameter "attributes": "id,userName,emails,…". members: with a
 * group's members.
 */
void scim_paths_attributes(const struct scim_paths *paths, enum entry_kind kind, bool members, struct buf *ret);

/*
 * Of all that decides what a resource becomes: belongs into the cursor of a source with deltas, which has to deliver
 * everything anew when it is another one.
 */
void scim_paths_mark(const struct scim_paths *paths, char ret[static SCIM_PATHS_MARK_SIZE]);

/*
 * directory_connector.name_key: a group by its displayName without regard to case, or "id:" and its SCIM id. A name
 * that two groups bear is for the caller to notice.
 */
int scim_paths_name_key(const char *name, struct key128 *ret, struct err *err);
/* The key under which others refer to the resource of this SCIM id; and a group's under its name. */
struct key128 scim_paths_id_key(struct digest *digest, struct span id);
struct key128 scim_paths_group_key(struct digest *digest, struct span display_name);

/* The rows themselves, to stand among a connector's own. */
#define SCIM_PATHS_ROW(key_, example_, what)                                                                           \
    {                                                                                                                  \
        .key = (key_), .type = CONF_TEXT, .repeatable = true, .example = example_, .help = what                        \
    }
#define SCIM_PATHS_ROWS                                                                                                \
    {.key = "id-attribute",                                                                                            \
     .type = CONF_TEXT,                                                                                                \
     .def = "id",                                                                                                      \
     .help = "Attribute whose value never changes for a person or group and is never given to another: \"id\" of the " \
             "service, or \"externalId\" where that is what the identity provider sends as the immutable id."},        \
        SCIM_PATHS_ROW("map-user-name", "userName",                                                                    \
                       "Where the user name is; of several lines the first with a value is taken, and of several "     \
                       "values the first. \"none\": not read. Default: userName."),                                    \
        SCIM_PATHS_ROW("map-email", "emails[type eq \"work\"].value",                                                  \
                       "Where the e-mail address is. Default: the primary one of emails, then the one for work, "      \
                       "then the first."),                                                                             \
        SCIM_PATHS_ROW("map-given-name", "name.givenName", "Where the given name is. Default: name.givenName."),       \
        SCIM_PATHS_ROW("map-family-name", "name.familyName", "Where the family name is. Default: name.familyName."),   \
        SCIM_PATHS_ROW("map-display-name", "displayName",                                                              \
                       "Where the name shown is. Default: displayName, then name.formatted."),                         \
        SCIM_PATHS_ROW("map-employee-number", SCIM_ENTERPRISE_URN ":employeeNumber",                                   \
                       "Where the employee number is. Default: employeeNumber of the enterprise extension."),          \
        SCIM_PATHS_ROW("map-title", "title", "Where the title is. Default: title."),                                   \
        SCIM_PATHS_ROW("map-department", SCIM_ENTERPRISE_URN ":department",                                            \
                       "Where the department is. Default: department of the enterprise extension."),                   \
        SCIM_PATHS_ROW("map-language", "preferredLanguage",                                                            \
                       "Where the language is. Default: preferredLanguage, then locale."),                             \
        SCIM_PATHS_ROW("map-group-name", "displayName", "Where a group's name is. Default: displayName."),             \
        {.key = "map-active",                                                                                          \
         .type = CONF_TEXT,                                                                                            \
         .def = "active!=false",                                                                                       \
         .help = "Who is active: \"always\" (everyone), PATH=PATTERN (whoever has a value that matches) or "           \
                 "PATH!=PATTERN (whoever has none that matches, so also who has no value at all); * and ? stand for "  \
                 "any text and any letter."},                                                                          \
        {.key = "exclude",                                                                                             \
         .type = CONF_TEXT,                                                                                            \
         .repeatable = true,                                                                                           \
         .example = "emails.value=*-test@example.com",                                                                 \
         .help = "PATH=PATTERN: people and groups with a value that matches are left out of everything."},             \
    {                                                                                                                  \
        .key = "scope-group", .type = CONF_TEXT, .repeatable = true, .example = "Design",                              \
        .help = "displayName of a group, or \"id:\" and its SCIM id: only its members, nested ones too, are synced. "  \
                "Without it, everybody is."                                                                            \
    }

#endif
