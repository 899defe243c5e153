/*
 * The map of a platform, as its section has it: the rows of "map", and the tables that they name.
 *
 *   mapping_open -> mapping->map (scim/map.h) -> mapping_close
 *
 * Tables are read when it is opened, so that another opening sees what they have by then.
 */
#ifndef CONNECTORS_MAPPING_H
#define CONNECTORS_MAPPING_H

#include "conf/conf.h"
#include "crypto/digest.h"
#include "scim/map.h"

/* The rows of a platform that can have a map. */
#define MAPPING_ROWS                                                                                                   \
    {.key = "extension-schema",                                                                                        \
     .type = CONF_FILE,                                                                                                \
     .repeatable = true,                                                                                               \
     .example = "/etc/doorward/badge.schema.json",                                                                     \
     .help = "A schema of the platform's own for users, as its /Schemas shows it (JSON). Lines of \"map\" are checked " \
             "against it, and its booleans and numbers are sent as such. Attributes of extensions without one are "    \
             "texts."},                                                                                                \
    {                                                                                                                  \
        .key = "map", .type = CONF_TEXT, .repeatable = true, .example = "nickName <- first(initials, given-name)",     \
        .help = "TARGET <- SOURCE: what an attribute of an account is made of, in place of the default. TARGET: an "   \
                "attribute of a SCIM User, such as title, phoneNumbers[type eq \"work\"].value or "                    \
                "urn:example:scim:User:badge. SOURCE: user-name, email, given-name, family-name, display-name, "       \
                "employee-number, title, department, language or id, any other attribute of the directory by its "     \
                "name there, \"text\", first(A, B), join(\" \", A, B), lower(A), upper(A), lookup(\"FILE\", A) with "  \
                "a file of lines KEY = VALUE, or none, which leaves the attribute to others."                          \
    }

struct mapping {
    struct scim_map *map;
    size_t nrows; /* 0: the defaults alone */
    struct pool *pool;
    char tables[DIGEST_HEX_MAX]; /* digest of what the tables hold; "": there are none */
};

/* ERR_CONFIG: "FILE:LINE: map 'TARGET <- SOURCE': fault; remedy". */
int mapping_open(const struct conf_section *section, struct mapping **ret, struct err *err);
void mapping_close(struct mapping **mapping);

#endif
