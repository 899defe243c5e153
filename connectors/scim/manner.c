#include "connectors/scim/manner.h"

#include <string.h>

#include "scim/limits.h"

void scim_manner_init(struct scim_manner *manner, const struct conf_section *section)
{
    const char *update = conf_str(section, "update");
    *manner = (struct scim_manner){.put = strcmp(update, "put") == 0,
                                   .filters = true,
                                   .may_put = strcmp(update, "auto") == 0,
                                   .may_bulk = strcmp(conf_str(section, "bulk"), "auto") == 0,
                                   .members_most = (size_t)conf_int(section, "members-per-patch")};
    manner->members = manner->members_most;
}

static size_t least(int64_t offered, size_t ours)
{
    return offered > 0 && (uint64_t)offered < ours ? (size_t)offered : ours;
}

void scim_manner_choose(struct scim_manner *m, const struct scim_offer *offer)
{
    if (!m->offered) {
        m->put |= m->may_put && !offer->can.patch;
        m->filters = offer->can.filter;
        m->bulk = m->may_bulk && offer->can.bulk ? least(offer->can.bulk_operations, SCIM_BULK_MOST) : 0;
        m->bulk_bytes = least(offer->can.bulk_bytes, SCIM_BULK_MAX);
        m->offered = true;
    }
    if (!m->troubled)
        m->members = m->members * 2 < m->members_most ? m->members * 2 : m->members_most;
    m->troubled = false;
}

bool scim_manner_without_patch(struct scim_manner *m)
{
    if (m->put || !m->may_put)
        return false;
    m->put = true;
    return true;
}

void scim_manner_without_bulk(struct scim_manner *m)
{
    m->bulk = 0;
}

void scim_manner_fewer_members(struct scim_manner *m, size_t most)
{
    m->members_most = most < m->members_most ? most : m->members_most;
    m->members = m->members < m->members_most ? m->members : m->members_most;
}

void scim_manner_trouble(struct scim_manner *m, size_t members)
{
    m->troubled = true;
    if (members > 1 && members / 2 < m->members)
        m->members = members / 2;
}
