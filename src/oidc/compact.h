/* A signed token in compact form (RFC 7515, 7.1). */
#ifndef OIDC_COMPACT_H
#define OIDC_COMPACT_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/keypair.h"

/* Adds it to ret. header, claims: JSON, as they are signed; the header's alg has to be the key's. */
int compact_sign(const struct keypair *key, const char *header, const char *claims, struct buf *ret, struct err *err);

#endif
