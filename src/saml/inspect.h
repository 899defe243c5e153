/*
 * Internal to src/saml: how the rules of a response are written and run.
 *
 * A rule is one row with a code, a title and a function of one concern; the rows of a table run in order on a shared
 * struct inspection. rules_document.c finds the nodes and verifies them, the other tables read only what was verified.
 */
#ifndef SAML_INSPECT_H
#define SAML_INSPECT_H

#include "saml/response.h"
#include "saml/signature.h"
#include "saml/xml.h"

#include <libxml/tree.h>

/* How many elements of these names stand in the response, at whatever depth. */
struct census {
    size_t encrypted_assertions, encrypted_data, assertions, signatures;
};

struct inspection {
    struct pool *pool;
    const struct saml_policy *policy;
    int64_t skew;
    struct span input;

    xmlDoc *doc; /* freed by saml_response_verify */
    enum xml_fault xml_fault;
    enum signature_fault signature_fault;
    const char *fault_text;              /* of whichever of the two is set */
    enum err_kind kind;                  /* of a refusal */
    xmlNode *response, *assertion;       /* set by rules_document */
    struct census census;                /* of what is in the document now */
    const struct saml_key *outer_signer; /* of the Response, when it was verified before its assertion was decrypted */

    xmlNode *bearer; /* SubjectConfirmationData; set by rules_conditions */
    const xmlNode *conditions;
    struct saml_identity *claimed;
    const struct saml_key *signer;

    struct check *checks;
    size_t nchecks, room;
    const char *detail; /* of the rule that runs */
};

/* How a rule's failure affects what comes after it. */
enum rule_weight {
    RULE_PLAIN, /* the others are looked at all the same */
    RULE_FATAL, /* nothing after it can be looked at */
    RULE_CLAIM, /* fatal, and when it passes it repeats what the document claims: withdrawn when the signature fails */
};

struct rule {
    const char *code, *title;
    enum rule_weight weight;
    enum check_outcome (*check)(struct inspection *in);
};

struct rules {
    const struct rule *rule;
    size_t n;
};

extern const struct rules rules_document, rules_message, rules_conditions, rules_person;

/* Runs a table; false when a fatal rule failed, after which the rest of this table is listed as skipped. */
bool inspect_run(struct inspection *in, const struct rules *rules);
/* Lists a table as skipped. */
void inspect_skip(struct inspection *in, const struct rules *rules);

/* What a rule returns, with its detail. */
enum check_outcome rule_passed(struct inspection *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum check_outcome rule_failed(struct inspection *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum check_outcome rule_skipped(struct inspection *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A value from the document for a message: cut, fit for a terminal, "(missing)" for NULL. */
const char *rule_shown(struct inspection *in, const char *value);

/* attributes.c: all attributes with their values, into in->claimed. */
void saml_read_attributes(struct inspection *in);
/* mapping.c: the person, from the attributes and the NameID, into in->claimed. */
void saml_map_person(struct inspection *in);

#endif
