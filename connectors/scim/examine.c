#include "connectors/scim/examine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "connectors/scim/listing.h"

#define RETRIES    2
#define FIRST_WAIT 500

static void __attribute__((format(printf, 5, 6)))
add(struct platform_report *report, struct pool *pool, const char *name, bool can, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (report->nabilities == PLATFORM_ABILITIES_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    report->abilities[report->nabilities++] =
        (struct platform_ability){.name = name, .words = pool_strdup(pool, text), .can = can};
}

static void add_note(struct platform_report *report, const char *text)
{
    if (report->nnotes < PLATFORM_NOTES_MAX)
        report->notes[report->nnotes++] = text;
}

static void add_features(const struct scim_features *can, struct pool *pool, struct platform_report *ret)
{
    add(ret, pool, "patch", can->patch, "change single attributes (PATCH)");
    if (can->bulk)
        add(ret, pool, "bulk", true, "several changes in one request (bulk, up to %" PRId64 ")", can->bulk_operations);
    else
        add(ret, pool, "bulk", false, "several changes in one request (bulk)");
    if (can->filter && can->filter_results)
        add(ret, pool, "filter", true, "look up by filter (up to %" PRId64 " results)", can->filter_results);
    else
        add(ret, pool, "filter", can->filter, "look up by filter");
    add(ret, pool, "index-pages", can->index_pages, "page by index");
    add(ret, pool, "cursor-pages", can->cursor_pages, "page by cursor");
    add(ret, pool, "etag", can->etag, "tell versions apart (ETag)");
    add(ret, pool, "sort", can->sort, "sort");
    if (!can->patch)
        add_note(ret,
                 "without PATCH, accounts and groups are read, changed and written as a whole: what others change in "
                 "between is seen only where there are ETags");
    if (!can->filter)
        add_note(ret, "without filters, each run reads all accounts once");
}

/* What is not said is taken as there, which a note says. */
static void add_schemas(const struct scim_offer *offer, struct pool *pool, struct platform_report *ret)
{
    add(ret, pool, "groups", offer->groups, "groups");
    add(ret, pool, "entitlements", scim_offer_attribute(offer, SCIM_USER_URN, "entitlements", NULL) != 0,
        "entitlements of accounts");
    add(ret, pool, "roles", scim_offer_attribute(offer, SCIM_USER_URN, "roles", NULL) != 0, "roles of accounts");
    add(ret, pool, "enterprise", scim_offer_extension(offer, SCIM_ENTERPRISE_URN) != 0,
        "department, employee number and the rest of the enterprise extension");
    for (size_t i = 0; i < offer->nextensions; i++)
        if (strcasecmp(offer->extensions[i], SCIM_ENTERPRISE_URN) != 0)
            add(ret, pool, "extension", true, "the extension %.300s", offer->extensions[i]);
}

void scim_examine_offer(const struct scim_offer *offer, struct pool *pool, struct platform_report *ret)
{
    add_features(&offer->can, pool, ret);
    add_schemas(offer, pool, ret);
    for (size_t i = 0; i < offer->nnotes; i++)
        add_note(ret, pool_strdup(pool, offer->notes[i]));
}

int scim_examine(struct scim_service *service, struct pool *pool, struct platform_report *ret, struct err *err)
{
    static const struct scim_list_query users = {.path = "/Users", .object = "the list of accounts"},
                                        groups = {.path = "/Groups", .object = "the list of groups"};
    struct scim_reader reader = {
        .service = service, .most = SCIM_RESOURCES_MAX, .retries = RETRIES, .first_wait = FIRST_WAIT};
    int64_t nusers = 0, ngroups = 0;
    *ret = (struct platform_report){0};
    if (scim_reader_begin(&reader, SCIM_PAGE, err) != 0 || scim_listing_total(&reader, &users, &nusers, err) != 0)
        return -1;
    const struct scim_offer *offer = &service->offer;
    if (offer->groups && scim_listing_total(&reader, &groups, &ngroups, err) != 0)
        return -1;
    ret->where = pool_printf(pool, "%s, %" PRId64 " accounts, %" PRId64 " groups", service->base, nusers, ngroups);
    scim_examine_offer(offer, pool, ret);
    return 0;
}
