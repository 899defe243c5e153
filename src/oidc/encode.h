/* How values stand in URLs, forms and tokens: percent-encoding (RFC 3986, 2.1) and base64url without padding (RFC 7515, 2). */
#ifndef OIDC_ENCODE_H
#define OIDC_ENCODE_H

#include "base/buf.h"
#include "base/span.h"

/* Adds "name=value", with "&" ahead when out does not end in one of "?&" or is not empty. The name is written as it is. */
void encode_param(const char *name, const char *value, struct buf *out);
void encode_base64url(struct span bytes, struct buf *out);

#endif
