/*
 * What a platform connector is: a descriptor of static functions, found by the name written after "type =".
 *
 *   check (no network) -> open -> carry_out… -> close
 *
 * A platform is told some changes of one kind at a time, in the order of the plan, after they were written to the journal.
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
     * Carries out the changes [first, first + n) of a plan, all of one kind, which the journal of this run holds as numbers first + 1 and up. Runs
     * inside a transaction of the store; what was not committed was not done. ERR_GATE: the database refused it because the gate is closed.
     */
    int (*carry_out)(struct platform *platform, int64_t run, const struct change *changes, size_t first, size_t n,
                     struct err *err);
    void (*close)(struct platform **platform);
};

#endif
