/*
 * Who we are to an identity provider: our names, addresses and keys, as the service provider of SAML.
 *
 *   sp_read -> … -> sp_release
 *
 * Names and addresses are made from [organization] url, keys are those of its key-file lines. Where none is written, one key is made in the
 * state folder, for whoever may write there.
 */
#ifndef GATE_SP_H
#define GATE_SP_H

#include <stdbool.h>

#include "base/pool.h"
#include "conf/conf.h"
#include "saml/request.h"

#define SP_KEYS_MAX      8
#define SP_KEY_DAYS      3650 /* of the key that is made: it is pinned by who reads our metadata, and rolled over by hand */
#define SP_METADATA_DAYS 14

struct sp {
    const char *entity_id, *acs_url, *slo_url; /* in the caller's pool */
    const struct keypair *keys[SP_KEYS_MAX];   /* the first signs; all decrypt */
    size_t nkeys;
};

/* Our names for this connection. ERR_CONFIG: there is no url to make them from. */
int sp_names(const struct conf *conf, const struct conf_section *connection, struct pool *pool, struct sp *ret,
             struct err *err);
/*
 * The keys beside them. state_dir: where the made one lies. make: it is made when it is missing; else it is no fault when there is none.
 */
int sp_keys(const struct conf *conf, const char *state_dir, bool make, int64_t now, struct sp *ret, struct err *err);
void sp_release(struct sp *sp); /* the keys; a zeroed struct is fine */

/* Our metadata for this connection. */
int sp_metadata(const struct conf *conf, const struct sp *sp, int64_t now, struct buf *ret, struct err *err);

#endif
