#include "web/origins.h"

#include <string.h>

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
