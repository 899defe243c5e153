/*
 * A large answer taken apart before it is parsed: the elements of one array of the outermost object come one by one, and
 * the rest of the object has that array empty. So memory follows the largest element, not the answer.
 *
 *   scim_pieces_begin -> scim_pieces_next… until 0
 *
 * Where the elements are is found by looking for quotes, brackets and commas only; every byte is then parsed by jansson,
 * as a part of an element or of the rest.
 */
#ifndef SCIM_PIECES_H
#define SCIM_PIECES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"
#include "scim/error.h"

struct scim_pieces {
    const char *at, *end;
    bool begun, ended;
};

/*
 * name: of the array, in whatever case. When there is none of this name, or it is no array, there are no elements, and the
 * rest is the whole. text outlives ret. ret_rest: a new reference. invalidSyntax: not a JSON object, or the name
 * stands twice.
 */
int scim_pieces_begin(struct span text, const char *name, json_t **ret_rest, struct scim_pieces *ret,
                      struct scim_error *error);
/*
 * 1: the next element is in *ret (a new reference); 0: there are no more; -1: it is no JSON object, or over the limits of
 * scim_json_load for depth and values.
 */
int scim_pieces_next(struct scim_pieces *pieces, json_t **ret, struct scim_error *error);
/* The same without parsing it: the element as it stands there, which may be anything. For elements that are large themselves. */
int scim_pieces_next_text(struct scim_pieces *pieces, struct span *ret, struct scim_error *error);

#endif
