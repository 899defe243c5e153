/*
 * What people lie below: the containers and search bases of a directory, and whoever is gone from below them.
 *
 * Written by the stage (store/mirror.h); read here, to say why people go.
 */
#ifndef STORE_CONTAINER_H
#define STORE_CONTAINER_H

#include <stdbool.h>

#include "base/pool.h"
#include "store/db.h"

struct container_row {
    uint32_t id, base;
    struct span uid, name, moved_to; /* moved_to: empty unless it was found */
    bool asked;                      /* somebody said where it is, or that it is nowhere */
    int64_t gone_at;                 /* 0: there */
    struct span was;                 /* the name before; empty: none */
    int64_t was_until;               /* the read that met the name it has now */
};
/* The containers of a directory, those that are gone or had another name, or all. Texts are dead after the call of each. */
int container_each(struct db *db, const char *directory, bool all,
                   void (*each)(void *ctx, const struct container_row *row), void *ctx, struct err *err);
/* It was not met; moved_to: where it is now; "": nowhere. */
int container_set_moved(struct db *db, uint32_t container, const char *moved_to, struct err *err);

/* People who are gone, with the name they had. */
struct gone_row {
    uint32_t person, base;
    int64_t gone_at;
    struct span name;
};
int gone_each(struct db *db, const char *directory, void (*each)(void *ctx, const struct gone_row *row), void *ctx,
              struct err *err);

/* A search base as it was configured, in the pool; NULL when there is none of this number. */
int base_name(struct db *db, uint32_t base, struct pool *pool, const char **ret, struct err *err);

/* Was anything that is there read through it? Looks through all entries. */
int base_is_read(struct db *db, uint32_t base, bool *ret, struct err *err);

#endif
