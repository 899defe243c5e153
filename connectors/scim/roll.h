/*
 * Who is there, by our ids and by name: for services that do not look up. One listing answers for all of them.
 *
 *   scim_roll_read -> scim_roll_find…, scim_roll_drop -> scim_roll_release
 *
 * Memory: the ids of the service, and some 80 bytes for each.
 */
#ifndef CONNECTORS_SCIM_ROLL_H
#define CONNECTORS_SCIM_ROLL_H

#include "base/err.h"
#include "base/keymap.h"
#include "connectors/scim/request.h"

struct scim_service;

struct scim_roll {
    struct keymap places; /* of a name or of our id -> place in ids */
    char **ids;           /* "": two have it; NULL: dropped */
    size_t n, cap;
    bool is_read;      /* all of them; what is not in it is not there */
    unsigned sends;    /* how many sends there had been */
    bool may_lack_new; /* something was begun since, of which no answer came */
};

/*
 * Reads it anew; waits, so never from inside http_run. -1: not the whole could be read (ERR_NETWORK: now), and the roll is
 * empty.
 */
int scim_roll_read(struct scim_service *service, enum scim_kind kind, struct scim_roll *roll, struct err *err);
/* The service's id of what bears our id, or of the account with this user name. NULL: none; "": several have it. */
const char *scim_roll_find(const struct scim_roll *roll, const char *ours);
const char *scim_roll_find_name(const struct scim_roll *roll, const char *name);
/* It is gone. */
void scim_roll_drop(struct scim_roll *roll, const char *ours);
void scim_roll_release(struct scim_roll *roll);

#endif
