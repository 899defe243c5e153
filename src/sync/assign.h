/* How a product is given to somebody on a platform elsewhere: what its section says, with its defaults. */
#ifndef SYNC_ASSIGN_H
#define SYNC_ASSIGN_H

#include "conf/conf.h"
#include "connectors/platform.h"

struct assign {
    enum platform_assign how;
    const char *value; /* of an entitlement or a role; NULL: a group */
    const char *title; /* the product's name */
};

/* conf may be NULL, or have no such section any more: then the product is a group named as the section was. */
struct assign assign_of(const struct conf *conf, const char *section);

/*
 * Values only where the platform has them, and never one for two products: taking one product away would take the other,
 * too. ERR_CONFIG.
 */
int assign_check(const struct conf *conf, const struct conf_section *product, struct err *err);

#endif
