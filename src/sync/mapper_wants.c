/* What the maps of platforms want of a directory. */
#include <stdlib.h>

#include "base/mem.h"
#include "roster/platforms.h"
#include "sync/mapper.h"

struct names {
    const char **v;
    size_t n, cap;
};

static void names_release(struct names *names)
{
    free(names->v);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_platform(struct names *names, const struct conf_section *platform, struct pool *pool, struct err *err)
{
    const struct platform_connector *connector = platform ? platform_connector_find(conf_variant(platform)) : NULL;
    CLEANUP(mapping_close) struct mapping *mapping = NULL;
    const char *const *raw;
    if (!connector || !connector->map)
        return 0;
    if (connector->map(platform, &mapping, err) != 0)
        return -1;
    for (size_t i = 0, n = scim_map_raw(mapping->map, &raw); i < n; i++)
        *MEM_PUSH(&names->v, &names->n, &names->cap) = pool_strdup(pool, raw[i]);
    return 0;
}

static int add_teams(struct names *names, const struct conf *conf, const struct conf_section *directory,
                     struct pool *pool, struct err *err)
{
    for (const struct conf_section *team = conf_next(conf, "team", NULL); team; team = conf_next(conf, "team", team)) {
        const struct conf_section *platform = conf_find(conf, "platform", conf_str(team, "platform"));
        if (strcmp(conf_str(team, "directory"), conf_name(directory)) == 0 &&
            add_platform(names, platform, pool, err) != 0)
            return -1;
    }
    return 0;
}

static void drop_doubles(struct names *names)
{
    size_t n = 0;
    if (names->n > 0)
        qsort(names->v, names->n, sizeof *names->v, by_text);
    for (size_t i = 0; i < names->n; i++)
        if (n == 0 || strcmp(names->v[n - 1], names->v[i]) != 0)
            names->v[n++] = names->v[i];
    names->n = n;
}

int mapper_wants(const struct conf *conf, const struct conf_section *directory, struct pool *pool,
                 const char *const **ret, size_t *ret_n, const char **ret_names, struct err *err)
{
    CLEANUP(names_release) struct names names = {0};
    if (add_teams(&names, conf, directory, pool, err) != 0)
        return -1;
    drop_doubles(&names);
    const char **copy = pool_alloc(pool, (names.n + 1) * sizeof *copy);
    *ret_names = "";
    for (size_t i = 0; i < names.n; i++) {
        copy[i] = names.v[i];
        *ret_names = pool_printf(pool, "%s%s%s", *ret_names, i ? "," : "", names.v[i]);
    }
    *ret = copy;
    *ret_n = names.n;
    return 0;
}
