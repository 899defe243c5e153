#include "cli/schema.h"

#include "base/cleanup.h"
#include "conf/rows.h"
#include "connectors/mapping.h"
#include "model/domain.h"
#include "push/directories.h"
#include "push/directory.h"
#include "roster/platforms.h"
#include "sync/assign.h"

#define ROOM(array) (sizeof(array) / sizeof *(array)-1)

/* Takes every way of writing a domain to one, so that two sections of the same domain are found; refuses what no organisation can own. */
static int check_domain(const struct conf_section *section, char **ret_name, struct err *err)
{
    if (domain_normalise(conf_name(section), ret_name, err) != 0)
        return -1;
    return domain_may_be_proved(*ret_name, err);
}

static const struct conf_variant connection_types[] = {
    {.name = "saml", .help = "A SAML 2.0 identity provider.", .items = conf_rows_saml, .check = conf_check_saml},
    {.name = "oidc", .help = "An OpenID Connect provider.", .items = conf_rows_oidc},
    {0},
};

static struct conf_variant directory_types[17], platform_types[17];

static const struct conf_kind kinds[] = {
    {.name = "organization", .required = true, .items = conf_rows_organization, .help = "Who runs this server."},
    {.name = "domain",
     .named = true,
     .items = conf_rows_domain,
     .check = check_domain,
     .example = "example.com",
     .help = "An e-mail domain of the organisation. It has to be proved: see \"doorward domain challenge\"."},
    {.name = "connection",
     .named = true,
     .check = conf_check_connection,
     .items = conf_rows_connection,
     .variants = connection_types,
     .example = "adfs",
     .help = "An identity provider that signs people in."},
    {.name = "directory",
     .named = true,
     .variants = directory_types,
     .example = "hq",
     .help = "A source of people and groups. It is only read, never written to."},
    {.name = "platform",
     .named = true,
     .variants = platform_types,
     .example = "builtin",
     .help = "Where accounts live and products are used."},
    {.name = "team",
     .named = true,
     .items = conf_rows_team,
     .example = "design",
     .help = "Binds a directory to a platform, with its administrators and products."},
    {.name = "product",
     .named = true,
     .items = conf_rows_product,
     .example = "autocad",
     .help = "What people are assigned by the groups they are in."},
    {.name = "sync",
     .items = conf_rows_sync,
     .help = "When the directories are read and what happens to people who leave."},
    {.name = "dns",
     .check = conf_check_dns,
     .items = conf_rows_dns,
     .help = "How the proofs of domains are looked up."},
    {.name = "serve",
     .check = conf_check_serve,
     .items = conf_rows_serve,
     .help = "The sign-in server, \"doorward serve\", which needs this section and the organization's url."},
    {.name = "application",
     .named = true,
     .items = conf_rows_application,
     .check = conf_check_application,
     .example = "wiki",
     .help = "A service that signs people in through this server, by OpenID Connect."},
    {0},
};

static void fill_types(void)
{
    for (size_t i = 0; directory_connectors[i] && i < ROOM(directory_types); i++)
        directory_types[i] = (struct conf_variant){.name = directory_connectors[i]->name,
                                                   .help = directory_connectors[i]->help,
                                                   .items = directory_connectors[i]->settings,
                                                   .check = directory_connectors[i]->check};
    for (size_t i = 0; platform_connectors[i] && i < ROOM(platform_types); i++)
        platform_types[i] = (struct conf_variant){.name = platform_connectors[i]->name,
                                                  .help = platform_connectors[i]->help,
                                                  .items = platform_connectors[i]->settings,
                                                  .check = platform_connectors[i]->check};
}

const struct conf_schema *schema_get(void)
{
    static const struct conf_schema schema = {.kinds = kinds};
    if (!directory_types[0].name)
        fill_types();
    return &schema;
}

static int check_product(const struct conf *conf, const struct conf_section *product, struct err *err)
{
    const struct conf_section *team = conf_find(conf, "team", conf_str(product, "team"));
    const struct conf_section *directory = conf_find(conf, "directory", conf_str(team, "directory"));
    const struct directory_connector *connector = directory_connector_find(conf_variant(directory));
    static const char *const keys[] = {"group", "priority"};
    struct key128 ignored;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (size_t i = 0; i < conf_count(product, keys[k]); i++)
            if (connector->name_key(conf_at(product, keys[k], i), &ignored, err) != 0) {
                err->kind = ERR_CONFIG;
                return err_wrap(err, "%s: product %s: %s", conf_where_key(product, keys[k], i), conf_name(product),
                                keys[k]);
            }
    return assign_check(conf, product, err);
}

int schema_check_products(const struct conf *conf, struct err *err)
{
    for (const struct conf_section *p = conf_next(conf, "product", NULL); p; p = conf_next(conf, "product", p))
        if (check_product(conf, p, err) != 0)
            return -1;
    return 0;
}

/* "FILE:LINE" of the first rule that has the name. */
static const char *where_named(const struct conf_section *platform, const char *name)
{
    for (size_t i = 0; i < conf_count(platform, "map"); i++)
        if (strcasestr(conf_at(platform, "map", i), name))
            return conf_where_key(platform, "map", i);
    return conf_where(platform);
}

static int check_raw(const struct conf_section *platform, const struct conf_section *directory, const char *name,
                     struct err *err)
{
    const struct directory_connector *connector = directory_connector_find(conf_variant(directory));
    if (connector->want && (!connector->can_want || connector->can_want(name, err) == 0))
        return 0;
    if (!connector->want)
        err_set(err, ERR_CONFIG, "'%s': a directory of its type has no such attribute", name);
    return err_wrap(err, "%s: platform %s: map: directory %s", where_named(platform, name), conf_name(platform),
                    conf_name(directory));
}

static int check_map(const struct conf *conf, const struct conf_section *team, struct err *err)
{
    const struct conf_section *platform = conf_find(conf, "platform", conf_str(team, "platform"));
    const struct conf_section *directory = conf_find(conf, "directory", conf_str(team, "directory"));
    const struct platform_connector *connector = platform_connector_find(conf_variant(platform));
    CLEANUP(mapping_close) struct mapping *mapping = NULL;
    const char *const *names;
    if (!connector->map)
        return 0;
    if (connector->map(platform, &mapping, err) != 0)
        return -1;
    for (size_t i = 0, n = scim_map_raw(mapping->map, &names); i < n; i++)
        if (check_raw(platform, directory, names[i], err) != 0)
            return -1;
    return 0;
}

int schema_check_maps(const struct conf *conf, struct err *err)
{
    for (const struct conf_section *t = conf_next(conf, "team", NULL); t; t = conf_next(conf, "team", t))
        if (check_map(conf, t, err) != 0)
            return -1;
    return 0;
}

int schema_check_pushed(const struct conf *conf, struct err *err)
{
    const struct conf_section *d = conf_next(conf, "directory", NULL);
    while (d && strcmp(conf_variant(d), PUSH_DIRECTORY) != 0)
        d = conf_next(conf, "directory", d);
    if (!d)
        return 0;
    if (!conf_written(conf_find(conf, "serve", NULL)))
        return err_set(
            err, ERR_CONFIG,
            "%s: directory %s: it is pushed to \"doorward serve\", and there is no [serve] section; add one, see: "
            "doorward help serve",
            conf_where(d), conf_name(d));
    if (!conf_str(conf_find(conf, "organization", NULL), "url"))
        return err_set(
            err, ERR_CONFIG,
            "%s: directory %s: it is pushed to an address below the organization's url, which is missing; write "
            "the address that this server is reached at",
            conf_where(d), conf_name(d));
    return 0;
}
