/*
 * What a SCIM service offers: its ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643, 5 to 7), or guesses that
 * do no harm where a document is missing or makes no sense.
 *
 *   scim_offer_init -> scim_offer_take (a reply for each document) -> can, scim_offer_… -> scim_offer_release
 *
 * All of it is pure. scim_offer_get (job.h) asks the service, once.
 */
#ifndef CONNECTORS_SCIM_FEATURES_H
#define CONNECTORS_SCIM_FEATURES_H

#include "base/pool.h"
#include "net/http.h"
#include "scim/discovery.h"
#include "scim/schema.h"

#define SCIM_NOTES_MAX 16

enum scim_document { SCIM_DOC_CONFIG, SCIM_DOC_TYPES, SCIM_DOC_SCHEMAS, SCIM_DOCUMENTS };

struct scim_offer {
    /*
     * Never contradicts itself: bulk comes with bulk_operations > 1 and bulk_bytes > 0, one way of paging is always
     * there, page_usual is at most page_max unless that is not said (0).
     */
    struct scim_features can;
    bool users, groups; /* resource types; true where nothing is said */
    /* URNs of the extensions of User; known_types: the service said which. */
    const char **extensions;
    size_t nextensions;
    const struct scim_schema **schemas; /* known_schemas: all of them */
    size_t nschemas;
    bool known_config, known_types, known_schemas;
    const char *notes[SCIM_NOTES_MAX]; /* what was guessed or is wrong, in words for the administrator */
    size_t nnotes;
    struct pool *pool; /* owns all of it */
};

/* Where the document is, behind the address of the service: "/ServiceProviderConfig". */
const char *scim_document_path(enum scim_document which);

/* All guesses, with nothing known: PATCH, filters and paging by index, no bulk, no sorting, no ETags. */
void scim_offer_init(struct scim_offer *offer);
void scim_offer_release(struct scim_offer *offer);
/*
 * Whether the reply says something of the document, be it that it is not there. false: it says something of now (no
 * answer, too many requests, out of order for a moment), and asking later may help.
 */
bool scim_offer_is_final(const struct http_reply *reply);
/* Takes a reply, whatever it is; where it is no such document a note says what is taken instead. */
void scim_offer_take(struct scim_offer *offer, enum scim_document which, const struct http_reply *reply);

/* Whether User has this extension: 1, 0, or -1 when the service does not say. */
int scim_offer_extension(const struct scim_offer *offer, const char *urn);
/*
 * Whether a schema has an attribute ("entitlements") or a sub-attribute ("name.givenName"); 1, 0, or -1 when the
 * service does not show its schemas. ret may be NULL; else the attribute's table when 1.
 */
int scim_offer_attribute(const struct scim_offer *offer, const char *urn, const char *name,
                         const struct scim_attr **ret);

#endif
