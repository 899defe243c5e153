/*
 * Single logout (SAML core 3.7, profiles 4.4): the two messages, theirs and ours.
 *
 *   in:  saml_logout_redirect | saml_logout_post -> (use the id once, in the transaction that ends the sessions)
 *   out: saml_logout_request | saml_logout_response -> saml_redirect_write (binding.h), or base64 of the signed text in a form
 *
 * A message that comes in has to meet what a response has to: signed with a key of the metadata by a certificate that is valid now, from
 * the right issuer, to our address, fresh, and (a response) in answer to the request that we sent.
 */
#ifndef SAML_LOGOUT_H
#define SAML_LOGOUT_H

#include "base/buf.h"
#include "base/pool.h"
#include "saml/binding.h"
#include "saml/metadata.h"

#define SAML_LOGOUT_MAX      (64 * 1024) /* bytes of XML */
#define SAML_LOGOUT_SESSIONS 64          /* session indexes of one request */
#define SAML_LOGOUT_AGE      600         /* seconds from its IssueInstant on that a message is taken */

struct saml_logout_policy {
    const struct saml_idp *idp;
    const char *slo_url; /* ours: Destination, compared byte for byte */
    int64_t now;
    int skew;                   /* as in response.h */
    const char *in_response_to; /* ID of our request; NULL: none was sent, which refuses every response */
};

struct saml_logout {
    enum saml_direction direction; /* SAML_REQUEST: they end a session; SAML_RESPONSE: they answer us */
    const char *id;
    int64_t expires; /* from then on the message is refused as too old, so that its id may be forgotten */
    /* of a request: */
    const char *name_id, *name_id_format;          /* the format may be "" */
    const char *sessions[SAML_LOGOUT_SESSIONS];    /* session indexes; none: all of the person's */
    size_t nsessions;
    /* of a response: */
    bool done; /* everywhere; false: they, or somebody they told, could not */
    const char *status; /* the last part of the status code, for messages */
};

/*
 * Checks a message. ERR_REFUSED, or ERR_INPUT when it cannot be read, with a text for the administrator. What comes out lives in the pool.
 * direction: what the field or parameter was called. The RelayState of a redirect comes out beside it, NULL: none.
 */
int saml_logout_redirect(struct pool *pool, struct span query, const struct saml_logout_policy *policy,
                         struct saml_logout *ret, const char **ret_relay, struct err *err);
int saml_logout_post(struct pool *pool, enum saml_direction direction, struct span message,
                     const struct saml_logout_policy *policy, struct saml_logout *ret, struct err *err);

/* What both of ours begin with. */
struct saml_logout_head {
    const char *id, *entity_id, *destination;
    int64_t now;
};
/*
 * A LogoutRequest. qualifiers: further attributes of the NameID as XML text, as saml_identity has them, or ""; session: "" for every
 * session. key: signed within the XML, as the POST binding needs it; NULL: not.
 */
int saml_logout_request(const struct saml_logout_head *head, const char *name_id, const char *format,
                        const char *qualifiers, const char *session, const struct keypair *key, struct buf *ret,
                        struct err *err);
int saml_logout_response(const struct saml_logout_head *head, const char *in_response_to, const struct keypair *key,
                         struct buf *ret, struct err *err);

#endif
