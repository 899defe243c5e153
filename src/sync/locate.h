/*
 * Where containers went that are no longer below the bases: asked once, right after the read that missed them, and kept
 * in the mirror, so that every later plan can tell it.
 *
 *   stage_finish -> locate_missing -> stage_commit;  a read that failed: locate_base
 */
#ifndef SYNC_LOCATE_H
#define SYNC_LOCATE_H

#include "connectors/connector.h"
#include "store/store.h"

#define LOCATE_MAX 32 /* questions to the source in one read */

struct located_source {
    const struct directory_connector *connector;
    struct directory *directory;
    const char *name;         /* section name */
    const char *id_attribute; /* for messages */
};

/*
 * Asks for those of these containers that lie in no other of them, the shortest names first. A source that does not
 * answer is no failure: then it is not known where they are. -1: the database's trouble.
 */
int locate_missing(struct store *store, const struct located_source *source, const uint32_t *containers, size_t n,
                   struct err *err);
/*
 * After a read that failed because a base is not there: when the mirror knows the base's entry and the source where it
 * is now, err says so in place of what it says.
 */
void locate_base(struct store *store, const struct located_source *source, struct err *err);

#endif
