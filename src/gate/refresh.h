/*
 * An identity provider's metadata from its address (metadata-url), kept in the state folder: metadata/CONNECTION.xml is what counts
 * (gate/idp.h), CONNECTION.waiting waits for an administrator's word, CONNECTION.json says how it went.
 *
 *   refresh_look (asks the address) -> refresh_read -> refresh_accept
 *
 * What is fetched has to be readable, valid now, and signed where a signer is pinned. Then it counts at once when it says nothing new about whom to
 * trust: the same entity id, and no signing certificate that was not there before. Anything else counts at once only when the pinned
 * signer signed it; without one it waits. A document that counted before, and one whose validUntil is earlier than the present one's, is an older
 * one and waits, too (with a signer: is refused); one that says no validUntil any more, where the present one does, waits in any case, because an older one
 * could not be told from it. Whatever goes wrong leaves what counts as it is.
 */
#ifndef GATE_REFRESH_H
#define GATE_REFRESH_H

#include "base/pool.h"
#include "conf/conf.h"
#include "saml/metadata.h"

#define REFRESH_SEEN_MAX   64 /* documents that counted before are known for so many changes */
#define REFRESH_WORD_LEAST 8  /* digits of a digest that name a document */

enum refresh_verdict {
    REFRESH_SAME, /* byte for byte what counts */
    REFRESH_TAKE,
    REFRESH_ASK, /* wait for a word */
    REFRESH_OLD, /* the same; with a pinned signer it is a replay */
};

/* What a look means; pure. present: NULL: none counts yet. seen: digests of documents that counted before. *ret_why: of the last two. */
enum refresh_verdict refresh_judge(const struct saml_idp *present, const struct saml_idp *fetched, bool pinned,
                                   const char *const *seen, size_t nseen, struct pool *pool, const char **ret_why);

struct refresh {
    int64_t looked_at, taken_at; /* 0: never */
    const char *trouble;         /* of the last look; "" for none */
    const char *pending;         /* digest of the document that waits; "" for none */
    const char *why;             /* … why, and what is new in it */
};
/* How it stands; never fails: what cannot be read is trouble. */
void refresh_read(const char *state_dir, const struct conf_section *connection, struct pool *pool, struct refresh *ret);
/* The same as one text with the remedy; NULL: all is well. */
const char *refresh_trouble(const char *state_dir, const struct conf_section *connection, struct pool *pool);
/*
 * Asks the address of a connection with a metadata-url. 0: *ret is how it stands now, *ret_changed whether another document counts from now on.
 * What the address or its document did wrong is ret->trouble; -1 only when the state folder cannot be written.
 */
int refresh_look(const char *state_dir, const struct conf_section *connection, int64_t now, struct pool *pool,
                 struct refresh *ret, bool *ret_changed, struct err *err);
/*
 * The document that waits, whose digest begins with word, counts from now on. ERR_USAGE: none does; ERR_REFUSED: it is no longer valid. *ret (may be NULL) is
 * it, given back with metadata_free.
 */
int refresh_accept(const char *state_dir, const struct conf_section *connection, const char *word, int64_t now,
                   struct saml_idp **ret, struct err *err);

#endif
