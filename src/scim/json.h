/* JSON from outside, measured before it is parsed: jansson recurses, and takes a hundred bytes for a value of two. */
#ifndef SCIM_JSON_H
#define SCIM_JSON_H

#include <jansson.h>

#include "base/span.h"
#include "scim/error.h"
#include "scim/limits.h"

/*
 * An object of at most max bytes (a constant of limits.h), SCIM_JSON_DEPTH deep and of SCIM_NODES_MAX values. A name
 * that stands twice in an object, a NUL, and what is not UTF-8 are invalidSyntax; too much of it is 413. ret: a new
 * reference.
 */
int scim_json_load(struct span text, size_t max, json_t **ret, struct scim_error *error);

/*
 * What an object has under a name, in whatever case (RFC 7643, 2.1: names are not case sensitive); the exact name
 * first. A borrowed reference; NULL: nothing. For messages; resources get their exact names by scim_resource_check.
 */
json_t *scim_json_get(const json_t *object, const char *name);
/* Whether "schemas" of a message has the URN. A message without "schemas" passes: some clients forget it. */
bool scim_json_is(const json_t *message, const char *urn);
/* true, false, or either of them as text in whatever case ("False"), as Entra ID sends. 1, 0; -1: neither. */
int scim_json_boolean(const json_t *value);

#endif
