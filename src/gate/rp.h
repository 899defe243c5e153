/*
 * Who we are to an OpenID provider: our addresses, and what we show it, as the relying party of OIDC.
 *
 *   rp_names; rp_read -> (rp.client) -> rp_release
 */
#ifndef GATE_RP_H
#define GATE_RP_H

#include "base/buf.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "oidc/tokencall.h"

/* Made from [organization] url; in the pool. */
struct rp_names {
    const char *redirect_uri; /* where people come back to who signed in */
    const char *left_uri;     /* … and who signed out */
    const char *logout_uri;   /* where the provider tells of sessions that ended, by either channel */
};
/* ERR_CONFIG: there is no url to make them from. */
int rp_names(const struct conf *conf, const struct conf_section *connection, struct pool *pool, struct rp_names *ret,
             struct err *err);

struct rp {
    struct client client;
    struct buf secret;
    struct keypair *key;
};
/* The secret is the first line of its file. ERR_REFUSED: others may read a file; ERR_CONFIG: it holds something else. Texts are the configuration's. */
int rp_read(const struct conf_section *connection, struct rp *ret, struct err *err);
void rp_release(struct rp *rp); /* a zeroed struct is fine */

/* What an administrator registers at the provider, as client metadata in JSON (RFC 7591). */
int rp_metadata(const struct conf *conf, const struct conf_section *connection, struct buf *ret, struct err *err);

#endif
