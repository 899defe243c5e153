/* What the steps of an OIDC connection have to know of its provider, and of who we are there. */
#ifndef SIGNIN_OIDC_PROVIDER_H
#define SIGNIN_OIDC_PROVIDER_H

#include "gate/rp.h"
#include "oidc/providers.h"
#include "signin/signin.h"

struct oidc_provider {
    const struct signin *in;
    const struct conf_section *connection;
    const struct known *known;
    struct rp_names names;
};

/* ERR_NETWORK: the provider cannot be asked, and nothing is known of it. Released with oidc_provider_release. */
int oidc_provider_find(const struct signin *in, const struct conf_section *connection, struct oidc_provider *ret,
                       struct err *err);
void oidc_provider_release(struct oidc_provider *provider); /* a zeroed struct is fine */

#endif
