/*
 * SAML 2.0 as pure code: bytes, trust and "now" go in, a result comes out. No sockets, no files, no clock.
 *
 *   saml_init -> metadata_read -> saml_response_verify… -> metadata_free -> saml_shutdown
 *
 * xml.h        the one parse that everything from outside goes through
 * node.h       reading the parsed tree
 * signature.h  XML signatures against pinned keys
 * metadata.h   an identity provider's metadata
 * response.h   a response, checked rule by rule
 */
#ifndef SAML_SAML_H
#define SAML_SAML_H

#include "base/err.h"

#define SAML_NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_XENC      "http://www.w3.org/2001/04/xmlenc#"

#define SAML_BINDING_POST      "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define SAML_BINDING_REDIRECT  "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define SAML_NAMEID_EMAIL      "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define SAML_NAMEID_PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define SAML_NAMEID_TRANSIENT  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/*
 * Sets up libxml2 and libxmlsec1, once per process and before threads start; further calls do nothing. ERR_FAILED when
 * the installed libxmlsec1 does not fit. After it neither library can open a file or a URL on behalf of a document.
 */
int saml_init(struct err *err);
/* Gives back what saml_init took. Every document, key and metadata must be freed before. */
void saml_shutdown(void);

#endif
