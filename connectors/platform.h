/*
 * What a platform connector is: a descriptor of static functions, found by the name written after "type =".
 *
 *   check (no network) -> open -> carry_out… -> close
 *
 * A platform is told one change at a time, in the order of the plan, after the change was written to the journal.
 */
#ifndef CONNECTORS_PLATFORM_H
#define CONNECTORS_PLATFORM_H

#include "base/err.h"
#include "conf/conf.h"
#include "model/change.h"

struct store;
struct platform;

struct platform_connector {
    const char *name;
    const char *help;
    const struct conf_item *settings;
    int (*check)(const struct conf_section *section, struct err *err);
    /* team is the store's number of the team; now stamps what is carried out. */
    int (*open)(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                struct platform **ret, struct err *err);
    /*
     * Carries out one change, inside a transaction of the store. Everything it does is in the store, so that what was not committed was
     * not done. ERR_GATE: the database refused it because the gate is closed.
     */
    int (*carry_out)(struct platform *platform, const struct change *change, struct err *err);
    void (*close)(struct platform **platform);
};

#endif
