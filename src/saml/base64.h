/* Base64 (RFC 4648, section 4) as it stands in XML and in form fields: white space anywhere, nothing else beside it. */
#ifndef SAML_BASE64_H
#define SAML_BASE64_H

#include "base/buf.h"
#include "base/span.h"

/* Adds the decoded bytes to ret. -1 on a character outside the alphabet, wrong padding, or stray bits at the end. */
int saml_base64_decode(struct span text, struct buf *ret);
/* Adds the text for these bytes, on one line. */
void saml_base64_encode(struct span bytes, struct buf *ret);

#endif
