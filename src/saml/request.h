/*
 * What we send to an identity provider, and what we say of ourselves: authentication requests and our metadata.
 *
 *   saml_authn_request -> saml_redirect_write (binding.h), or base64 of the signed text in a form
 *   saml_sp_metadata   -> printed, or served under our entity id
 */
#ifndef SAML_REQUEST_H
#define SAML_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/keypair.h"

struct saml_request {
    const char *id;          /* saml_new_id; kept until the response comes */
    const char *entity_id;   /* ours */
    const char *acs_url;     /* ours, where the response is to be posted */
    const char *destination; /* the identity provider's endpoint */
    const char *context;     /* AuthnContextClassRef that is asked for at least; NULL: none */
    const char *const *contexts; /* else: any of these, exactly */
    size_t ncontexts;
    bool force_authn;        /* the person has to sign in anew */
    int64_t now;
};

/* An AuthnRequest (SAML core, 3.4.1). key: signed within the XML, as the POST binding needs it; NULL: not. */
int saml_authn_request(const struct saml_request *request, const struct keypair *key, struct buf *ret, struct err *err);

struct saml_sp {
    const char *entity_id, *acs_url;
    const char *slo_url;                /* NULL: no logout is offered */
    const char *organization, *contact; /* an e-mail address; either may be NULL */
    const struct keypair *const *keys;  /* all are published, for signing and (RSA) for encryption; the first signs */
    size_t nkeys;                       /* 1 and up */
    int64_t now;
    int valid_days; /* validUntil: readers get it anew by then */
};

/* Our metadata (SAML metadata, 2.4.4), signed by the first key. */
int saml_sp_metadata(const struct saml_sp *sp, struct buf *ret, struct err *err);

#endif
