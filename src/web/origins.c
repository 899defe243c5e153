#include "web/origins.h"

#include <string.h>

#include "base/clock.h"
#include "gate/gate.h"

const char *origins_of(struct pool *pool, const char *url)
{
    const char *host = strstr(url, "://");
    size_t n = host ? (size_t)(host - url) + 3 : 0;
    n += host ? strcspn(host + 3, "/?#") : 0;
    for (size_t i = 0; i < n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:/[]", url[i]))
            return "";
    return pool_strndup(pool, url, n);
}

const char *origins_add(struct pool *pool, const char *list, const char *url)
{
    const char *origin = origins_of(pool, url);
    if (!*origin || strstr(list, pool_printf(pool, " %s ", origin)))
        return list;
    return pool_printf(pool, "%s%s ", list, origin);
}

struct adding {
    struct pool *pool;
    const char *list;
};

static void add(void *ctx, const struct provider *provider)
{
    struct adding *a = ctx;
    a->list = origins_add(a->pool, a->list, provider->authorization);
    if (provider->end_session)
        a->list = origins_add(a->pool, a->list, provider->end_session);
}

const char *origins_add_providers(struct pool *pool, const char *list, struct providers *providers)
{
    struct adding a = {pool, list};
    providers_each(providers, add, &a);
    return a.list;
}

static const char *add_saml_origins(struct pool *pool, const char *origins, const char *state_dir,
                                    const struct conf_section *connection)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err ignored = ERR_INIT;
    if (gate_metadata(state_dir, connection, clock_now(), &idp, &ignored) != 0)
        return origins; /* the gate says so, and nobody is sent there */
    for (size_t i = 0; i < idp->nsso; i++)
        origins = origins_add(pool, origins, idp->sso[i].location);
    for (size_t i = 0; i < idp->nslo; i++) {
        origins = origins_add(pool, origins, idp->slo[i].location);
        if (idp->slo[i].answer)
            origins = origins_add(pool, origins, idp->slo[i].answer);
    }
    return origins;
}

static const char *add_applications(struct pool *pool, const char *origins, const struct conf *conf)
{
    static const char *const keys[] = {"redirect-uri", "post-logout-uri", "forward-auth"};
    for (const struct conf_section *a = conf_next(conf, "application", NULL); a; a = conf_next(conf, "application", a))
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            for (size_t i = 0; i < conf_count(a, keys[k]); i++)
                origins = origins_add(pool, origins, conf_at(a, keys[k], i));
    return origins;
}

/* Those of OpenID providers join when they are known; most have their issuer's. A sign-in ends at an application, so they stand there, too. */
const char *origins_find(const struct conf *conf, const char *state_dir, struct pool *pool)
{
    const char *origins = " ";
    for (const struct conf_section *c = conf_next(conf, "connection", NULL); c; c = conf_next(conf, "connection", c))
        origins = strcmp(conf_variant(c), "saml") == 0 ? add_saml_origins(pool, origins, state_dir, c)
                                                       : origins_add(pool, origins, conf_str(c, "issuer"));
    return add_applications(pool, origins, conf);
}
