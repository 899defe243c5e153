#include "signin/oidc_provider.h"

int oidc_provider_find(const struct signin *in, const struct conf_section *connection, struct oidc_provider *ret,
                       struct err *err)
{
    struct oidc_provider found = {.in = in, .connection = connection};
    if (!in->providers)
        return err_set(err, ERR_FAILED,
                       "connection %s: its provider cannot be asked from here; sign in through "
                       "\"doorward serve\"",
                       conf_name(connection));
    if (rp_names(in->conf, connection, in->pool, &found.names, err) != 0 ||
        providers_get(in->providers, conf_str(connection, "issuer"), in->now, &found.known, err) != 0)
        return -1;
    *ret = found;
    return 0;
}

void oidc_provider_release(struct oidc_provider *provider)
{
    if (provider->in)
        providers_give(provider->in->providers, &provider->known);
}
