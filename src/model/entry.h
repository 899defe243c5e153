/*
 * One entry as a directory connector delivers it: a person, a group or a container, already normalised, owned by the
 * connector and dead after the call that delivers it.
 */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/key.h"
#include "base/span.h"

/*
 * A container is what people lie below: an organisational unit and the like. It is kept so that whoever goes because a container was
 * moved or renamed is told from whoever left.
 */
enum entry_kind { ENTRY_PERSON, ENTRY_GROUP, ENTRY_CONTAINER, ENTRY_KINDS };

/* What is kept of a person, and of a group (display name only). The names below are also configuration keys ("map-email"). */
enum attr {
    ATTR_USER_NAME,
    ATTR_EMAIL,
    ATTR_GIVEN_NAME,
    ATTR_FAMILY_NAME,
    ATTR_DISPLAY_NAME,
    ATTR_EMPLOYEE_NUMBER,
    ATTR_TITLE,
    ATTR_DEPARTMENT,
    ATTR_LANGUAGE,
    ATTR_COUNT,
};

/* "user-name", "email", "given-name", "family-name", "display-name", "employee-number", "title", "department", "language" */
extern const char *const attr_names[ATTR_COUNT];

#define ENTRY_VALUE_MAX   1024 /* bytes of one attribute value; longer is a fault of the entry */
#define ENTRY_ID_MAX      64   /* bytes of an immutable id */
#define ENTRY_NAME_MAX    4096 /* bytes of a DN */
#define ENTRY_MEMBERS_MAX (4 * 1000000)
#define ENTRY_EXTRA_MAX   64   /* attributes beyond those above, of all maps together */

struct named_value {
    struct span name, value;
};

struct entry {
    enum entry_kind kind;
    struct span id;   /* immutable id as text: a UUID in lower case with hyphens, or hexadecimal for other binary ids */
    struct span name; /* how the directory names it (its DN), for people to read */
    /*
     * Under these keys other entries refer to this one: by its name (a normalised DN) and, where a directory has it, by a second,
     * shorter one (posixGroup's memberUid names a person's uid). alias is zero when there is none.
     */
    struct key128 key, alias;
    /* The first value of each mapped attribute, in the order of the directory; empty when absent. Clean UTF-8. */
    struct span attr[ATTR_COUNT];
    /*
     * People only: further attributes of the directory, because a platform's map asks for them. Those that there are, by their names in lower
     * case, in that order; the first value, as clean UTF-8, binary ones as ids are: a UUID, or hexadecimal.
     */
    const struct named_value *extra;
    size_t nextra;
    bool active;       /* people only */
    unsigned excluded; /* 0, or the number of the "exclude" line that matches, counted from 1 */
    const struct key128
        *members; /* groups only: keys of the direct members, people and groups alike, perhaps repeated */
    size_t nmembers;
    struct key128 fingerprint; /* of everything above, and of nothing else */
};

#endif
