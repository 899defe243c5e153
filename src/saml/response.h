/*
 * A SAML 2.0 Response (Web Browser SSO profile), checked rule by rule.
 *
 *   saml_init -> metadata_read -> saml_response_verify -> (record the assertion id until "expires")
 *
 * Every rule appears in the report as one check with its result, so that "doorward sso test" can show an administrator
 * all that is wrong at once. Once the signature failed, no check that rests on what the document says is reported as
 * passed.
 */
#ifndef SAML_RESPONSE_H
#define SAML_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"
#include "crypto/keypair.h"
#include "model/check.h"
#include "saml/metadata.h"

#define SAML_RESPONSE_MAX (256 * 1024) /* bytes of XML */
#define SAML_SKEW_MAX     180          /* seconds */

/* What a person is made of. The names (saml_field_names) fit configuration keys: "email", "given-name" … */
enum saml_field {
    SAML_EMAIL,
    SAML_GIVEN_NAME,
    SAML_FAMILY_NAME,
    SAML_IMMUTABLE_ID,
    SAML_DISPLAY_NAME,
    SAML_FIELD_COUNT
};
extern const char *const saml_field_names[SAML_FIELD_COUNT];

/* entity_id and acs_url are never NULL; idp may be, which refuses everything. */
struct saml_policy {
    const char *entity_id;      /* ours: must be an audience of the assertion */
    const char *acs_url;        /* ours: Destination and Recipient, compared byte for byte */
    const struct saml_idp *idp; /* who may have signed it */
    const struct keypair *const
        *keys; /* ours, that assertions may be encrypted to; none: an encrypted one is refused */
    size_t nkeys;
    int64_t now;
    int skew; /* seconds by which clocks may differ; more than SAML_SKEW_MAX counts as that, less than 0 as 0 */
    /* false only for captured tests and connections that allow unsolicited responses */
    bool require_in_response_to;
    bool unsolicited; /* nobody asked for it: it must name no request at all */
    /* ID of our request; NULL: none was sent. When given it must match in either mode */
    const char *in_response_to;
    /* bound to the connection, as lower-case A-labels; the e-mail's domain must equal one of them */
    const char *const *domains;
    size_t ndomains;
    /* the only attribute to read a field from; NULL: the names that are common */
    const char *attribute[SAML_FIELD_COUNT];
    /*
     * Was an assertion with this id used before? 1 yes, 0 no, -1 cannot be known (refused). NULL: not asked, check
     * skipped.
     */
    int (*used_before)(void *arg, const char *assertion_id);
    void *used_before_arg;
};

struct saml_attribute {
    const char *name, *friendly_name; /* friendly_name may be NULL */
    /* text values in the order of the document; a value with markup inside is left out */
    const char *const *values;
    size_t nvalues;
};

struct saml_identity {
    const char *issuer;
    const char *name_id, *name_id_format; /* the format may be "" */
    const char *name_id_qualifiers;       /* NameQualifier and SPNameQualifier as XML text for logout.h, or "" */
    const char *assertion_id;
    /* from then on the response is refused as expired, so that its id may be forgotten */
    int64_t expires;
    const char *session_index; /* NULL: none */
    int64_t session_expires;   /* SessionNotOnOrAfter; 0: none */
    int64_t authn_instant;
    const char *authn_context; /* AuthnContextClassRef; NULL: none */
    const struct saml_attribute *attributes;
    size_t nattributes;
    /*
     * The person. NULL where the assertion does not say; never NULL in an accepted identity, save for
     * SAML_DISPLAY_NAME.
     */
    const char *field[SAML_FIELD_COUNT];
    const char *source[SAML_FIELD_COUNT]; /* name of the attribute it came from, or "NameID" */
};

struct saml_report {
    const struct check *checks; /* always all of them, in the order in which they are made */
    size_t nchecks;
    /* who the document says it is from: to be quoted as unverified; NULL: it does not say */
    const char *unverified_issuer;
    /* Set when, and only when, every check passed or was skipped by policy: this is the person who signed in. */
    const struct saml_identity *identity;
    /*
     * What the verified assertion says, to be shown when a later check failed. Nobody is signed in by it. NULL: no
     * signature stood.
     */
    const struct saml_identity *claimed;
    const struct saml_key *signer; /* in policy->idp; NULL: no signature stood */
};

/*
 * Checks a captured response, XML or base64 (xml.h), against policy. 0: accepted, ret->identity is set. -1: refused,
 * ERR_REFUSED (ERR_INPUT when it is no readable XML) with the text of the first check that failed. *ret is filled
 * either way; all of it lives in pool. The caller records identity->assertion_id in the transaction that signs the
 * person in: two copies arriving at once both pass here.
 */
int saml_response_verify(struct pool *pool, struct span response, const struct saml_policy *policy,
                         struct saml_report *ret, struct err *err);

#endif
