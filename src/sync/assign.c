#include "sync/assign.h"

#include <string.h>

#include "base/text.h"
#include "roster/platforms.h"

static const char *const words[] = {
    [PLATFORM_AS_GROUP] = "group",
    [PLATFORM_AS_ENTITLEMENT] = "entitlement",
    [PLATFORM_AS_ROLE] = "role",
};

static struct assign read_section(const struct conf_section *product)
{
    struct assign a = {.how = PLATFORM_AS_GROUP, .title = conf_str(product, "name")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(conf_str(product, "assign"), words[i]) == 0)
            a.how = (enum platform_assign)i;
    if (a.how != PLATFORM_AS_GROUP)
        a.value = conf_str(product, "assign-value") ? conf_str(product, "assign-value") : a.title;
    return a;
}

struct assign assign_of(const struct conf *conf, const char *section)
{
    const struct conf_section *product = conf ? conf_find(conf, "product", section) : NULL;
    return product ? read_section(product) : (struct assign){.how = PLATFORM_AS_GROUP, .title = section};
}

static const struct conf_section *platform_of(const struct conf *conf, const struct conf_section *product)
{
    const struct conf_section *team = conf_find(conf, "team", conf_str(product, "team"));
    return conf_find(conf, "platform", conf_str(team, "platform"));
}

/* The one that stands ahead with the same value, as platforms compare them: without regard to case. NULL: none. */
static const struct conf_section *same_value(const struct conf *conf, const struct conf_section *product)
{
    struct assign a = read_section(product);
    const struct conf_section *other = NULL;
    while ((other = conf_next(conf, "product", other)) && other != product) {
        struct assign b = read_section(other);
        if (b.how == a.how && text_same(b.value, a.value) && platform_of(conf, other) == platform_of(conf, product))
            return other;
    }
    return NULL;
}

int assign_check(const struct conf *conf, const struct conf_section *product, struct err *err)
{
    struct assign a = read_section(product);
    const struct conf_section *platform = platform_of(conf, product), *other = NULL;
    const struct platform_connector *connector = platform_connector_find(conf_variant(platform));
    if (a.how == PLATFORM_AS_GROUP && conf_str(product, "assign-value"))
        return err_set(
            err, ERR_CONFIG,
            "%s: product %s: assign-value is for assign = entitlement and assign = role; drop it, or say which",
            conf_where_key(product, "assign-value", 0), conf_name(product));
    if (a.how == PLATFORM_AS_GROUP)
        return 0;
    if (!connector->send)
        return err_set(
            err, ERR_CONFIG,
            "%s: product %s: platform %s has no entitlements and roles; drop assign, or use one of type scim",
            conf_where_key(product, "assign", 0), conf_name(product), conf_name(platform));
    other = same_value(conf, product);
    if (other)
        return err_set(err, ERR_CONFIG,
                       "%s: product %s: the %s '%s' stands for product %s, too; give each a value of its own",
                       conf_where_key(product, conf_str(product, "assign-value") ? "assign-value" : "assign", 0),
                       conf_name(product), words[a.how], a.value, conf_name(other));
    return 0;
}
