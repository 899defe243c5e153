/*
 * The gate, kept true: facts from the database and the identity providers' metadata, proofs looked at again when they are due, and the
 * verdict written back for the database's own constraint.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "conf/conf.h"
#include "gate/idp.h"
#include "gate/proof.h"
#include "net/resolvers.h"
#include "model/gate.h"
#include "saml/metadata.h"
#include "saml/saml.h"
#include "store/domain.h"

/* The rules of looking from the [dns] section. Texts are the configuration's. */
struct proof_settings {
    struct proof_policy policy;
    const char *resolvers[RESOLVERS_MAX];
    int64_t recheck, lapse_after; /* seconds */
};
void proof_settings_read(const struct conf *conf, struct proof_settings *ret);

/*
 * Judges every configured domain, in the order written. look: proofs that are due (older than recheck) are looked at again first. A proof is
 * given up only when it was really absent at every look over lapse-after. Needs a store open for writing, unless look is false.
 */
int gate_check(struct store *store, const struct conf *conf, int64_t now, bool look, struct pool *pool,
               struct gate *ret, struct err *err);

/* One configured domain as it stands: the proof is not looked at, and nothing is written. */
int gate_judge_one(struct store *store, const struct conf *conf, const struct conf_section *domain, int64_t now,
                   struct pool *pool, struct gate_domain *ret, struct err *err);

/*
 * What one look at a proof means for the row; pure. Proved: proved now. Really absent or wrong: an open domain lapses when it has been so since
 * lapse_after seconds, and one that was never proved stays challenged. Failed: only the time and detail of the look change.
 */
void gate_note_proof(const struct proof *proof, int64_t lapse_after, int64_t now, struct domain_row *row);

/* Keeps the row, and when its state is another than before, a record in the audit log with it: one transaction. */
int gate_keep_domain(struct store *store, const struct domain_row *row, enum domain_state before, struct err *err);

/*
 * When somebody last signed in well: in a test, or through the active connection since, by the same identity provider (store/renewals.h). 0: it was never
 * tested, whatever else is recorded.
 */
int gate_last_sign_in(struct store *store, const struct connection_row *row, int64_t now, int64_t *ret,
                      struct err *err);

/* Fills what the facts say of a connection, whatever its domains. */
int gate_connection(struct store *store, const struct conf *conf, const struct conf_section *section, int64_t now,
                    struct pool *pool, struct gate_facts *ret, struct err *err);

/* When the last of the signing certificates ends. */
int64_t gate_certificates_until(const struct saml_idp *idp, int64_t now);

#endif
