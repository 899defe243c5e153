/*
 * A directory with SCIM that is open: who is asked, and what for. See directory.h for the whole.
 *
 *   scim_source_open -> scim_source_want -> (a pull) -> scim_source_close
 */
#ifndef CONNECTORS_SCIM_SOURCE_H
#define CONNECTORS_SCIM_SOURCE_H

#include "connectors/connector.h"
#include "connectors/scim/changes.h"
#include "connectors/scim/listing.h"
#include "connectors/scim_paths.h"

extern const enum entry_kind scim_source_kinds[SCIM_CHANGES_KINDS]; /* by enum scim_kind */

struct directory {
    struct scim_service service;
    struct scim_reader reader;
    struct scim_paths *paths;
    struct scim_list_query query[SCIM_CHANGES_KINDS]; /* everything; path NULL: none of this kind */
    struct buf attributes[SCIM_CHANGES_KINDS];
    char mark[DIGEST_HEX_MAX];
    int64_t full_read_every;
    bool delta;
    int64_t total[SCIM_CHANGES_KINDS]; /* when it was opened; -1: not said */
    struct buf cursor;                 /* of the next pull */
};

/* As struct directory_connector has them. */
int scim_source_open(const struct conf_section *section, struct store *store, struct directory **ret, struct err *err);
void scim_source_close(struct directory **directory);
int scim_source_want(struct directory *directory, const char *const *names, size_t n, struct err *err);
const char *scim_source_describe(const struct directory *directory);
const char *scim_source_tell(const struct directory *directory, struct pool *pool);

#endif
