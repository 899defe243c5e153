/*
 * A look at a platform elsewhere: reads what it has, compares it with our rows, and keeps what is not as they say
 * (store/drift.h) for the plan to repair.
 *
 *   look_at_platform -> plan_make with settings.drift = look_judged(&report) -> show -> look_report_release
 *
 * Ours is what bears the platform's id that we know, or our id when that one is not there. What bears neither was not
 * made by sync: it is counted and left alone, whatever its name or e-mail is. What two things there claim to be, or
 * what bears the id of somebody else by now, is told and left alone as well. Of what was sent and not answered
 * nothing is judged.
 *
 * Some 80 bytes an account.
 */
#ifndef SYNC_LOOK_H
#define SYNC_LOOK_H

#include "connectors/platform.h"
#include "store/store.h"

#define LOOK_NAMES_MAX 1000 /* names of what is left alone; more are only counted */

enum look_result {
    LOOK_NONE,    /* the platform needs no look, or nothing there is ours */
    LOOK_NEVER,   /* drift-every = never */
    LOOK_NOT_DUE, /* what the last one found still counts */
    LOOK_FAILED,  /* why says so; nothing is judged */
    LOOK_PARTIAL, /* cut off, why says by what: only what was met is judged */
    LOOK_COMPLETE,
};
extern const char *const look_result_names[]; /* as written in JSON */

/* What sync did not make, and leaves alone. */
struct look_strangers {
    size_t accounts;
    size_t borrowed; /* of these, accounts that bear our id of somebody whose account they are not */
    size_t groups;
    size_t members; /* of our groups */
    size_t seats;   /* of our accounts, of products */
};

struct look_report {
    enum look_result result;
    struct err why;
    int64_t at;              /* of NOT_DUE: when the last one was */
    size_t accounts, groups; /* that the platform has */
    size_t new_ids;          /* of ours that have another id there than before */
    struct look_strangers strangers;
    char **names; /* of strangers: "account ann", "group Staff"; printable */
    size_t nnames, names_cap;
    double seconds;
};

struct look_settings {
    struct store *store;
    const struct conf *conf;
    const struct conf_section *platform;
    const struct platform_connector *connector;
    int64_t team, now;
    void (*tick)(void *ctx, size_t met); /* now and then, with how much was met; may be NULL */
    void *ctx;
};

/* -1: a fault of the store. What is wrong with the platform is in the report, and keeps no plan from being made. */
int look_at_platform(const struct look_settings *settings, struct look_report *ret, struct err *err);
void look_report_release(struct look_report *report);

/* Is what the drift table holds to be planned? */
bool look_judged(const struct look_report *report);
/* The same for whoever does not look: of the last look at this platform, whenever that was. */
int look_known(struct store *store, int64_t team, const struct conf_section *platform, bool *ret, struct err *err);

#endif
