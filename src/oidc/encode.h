/* How values stand in URLs, forms and tokens: percent-encoding (RFC 3986, 2.1) and base64url without padding (RFC 7515, 2). */
#ifndef OIDC_ENCODE_H
#define OIDC_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Adds "name=value", with "&" ahead when out does not end in one of "?&" or is not empty. The name is written as it is. */
void encode_param(const char *name, const char *value, struct buf *out);
void encode_base64url(struct span bytes, struct buf *out);

/* What encode_base64url could have written. */
bool encode_is_base64url(struct span text);
/*
 * Three such texts with dots between them: the compact form of something signed (RFC 7515, 7.1). Asked before libcjose sees anything that
 * came from outside: it ends the process (assert) at base64 of an impossible length.
 */
bool encode_is_compact(struct span text);

#endif
