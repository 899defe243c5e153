/* What we say of ourselves as a provider (OpenID Connect Discovery 1.0, 3; RFC 8414, 2). */
#ifndef BROKER_ABOUT_H
#define BROKER_ABOUT_H

#include "base/buf.h"

/* Adds the document. */
void about_write(const char *issuer, struct buf *ret);

#endif
