/*
 * Saved plans: "plan -o FILE" writes what was shown, and "apply FILE" carries out exactly that.
 *
 * The file is the plan's JSON document on one line, as a ticket can hold it, with the state it was made of and, last, a digest over every
 * byte before it. It is never carried out from the file: the plan is made anew, and must come out the same.
 */
#ifndef CLI_SAVED_H
#define CLI_SAVED_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "crypto/digest.h"

#define SAVED_MAX ((size_t)512 * 1024 * 1024) /* bytes of a file; a plan of a million changes has some 300 MB */

/* What a plan was made of. */
struct saved_state {
    char configuration[DIGEST_HEX_MAX];
    int64_t mirror;   /* version of the directory's mirror */
    int64_t last_run; /* of the team; 0: none */
    char drift[DIGEST_HEX_MAX]; /* of what was found on the platform; "": it was not read */
};

struct saved {
    const char *path, *id, *team, *made_at;
    struct saved_state state;
    int64_t guarded; /* removals that the guard held */
};

/* Puts the digest behind the document and the file in its place (mode 0600). */
int saved_write(const char *path, struct buf *document, struct err *err);
/* ERR_INPUT: not a saved plan, or a byte of it was changed. The texts live in the pool. */
int saved_read(const char *path, struct pool *pool, struct saved *ret, struct err *err);
/* ERR_STALE, naming what moved, unless the state is still the same. */
int saved_compare(const struct saved *saved, const struct saved_state *now, const char *directory, struct err *err);

#endif
