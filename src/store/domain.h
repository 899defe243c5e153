/* Rows of domains and connections, and values that may be used once only: what the gate is judged by. */
#ifndef STORE_DOMAIN_H
#define STORE_DOMAIN_H

#include "base/pool.h"
#include "store/store.h"

enum domain_state { DOMAIN_UNKNOWN, DOMAIN_CHALLENGED, DOMAIN_PROVED, DOMAIN_LAPSED };
extern const char *const domain_state_names[]; /* "not challenged", "challenged", "proved", "lapsed" */

struct domain_row {
    const char *name; /* A-label */
    const char *token;
    enum domain_state state;              /* DOMAIN_UNKNOWN: there is no row */
    const char *method, *dnssec, *detail; /* of the last look; "" when there was none */
    int64_t created_at, proved_at, checked_at;
    int64_t absent_since; /* first of the looks in a row that found the proof really absent; 0: none */
};

/* Texts live in the pool. A domain without a row comes back as DOMAIN_UNKNOWN. */
int domain_get(struct store *store, const char *name, struct pool *pool, struct domain_row *ret, struct err *err);
/* Inserts or replaces the whole row. */
int domain_put(struct store *store, const struct domain_row *row, struct err *err);
int domain_each(struct store *store, void (*each)(void *ctx, const char *name), void *ctx, struct err *err);
int domain_drop(struct store *store, const char *name, struct err *err);
/* Which connection signs the domain's people in, for the database's own gate. NULL: none. */
int domain_bind(struct store *store, const char *name, const char *connection, struct err *err);
/* Domains that are no longer configured lose their connection; names is sorted by nobody. */
int domain_bind_none(struct store *store, struct err *err);

enum connection_state { CONNECTION_CONFIGURED, CONNECTION_TESTED, CONNECTION_ACTIVE };
extern const char *const connection_state_names[];

struct connection_row {
    const char *name;
    enum connection_state state;
    const char *entity;    /* identity provider that passed the last test; "" */
    const char *tested_as; /* e-mail of the person who signed in */
    int64_t tested_at, activated_at;
    int64_t usable_until; /* the database's own gate closes then; 0: closed */
};

/* A connection without a row comes back as configured. */
int connection_get(struct store *store, const char *name, struct pool *pool, struct connection_row *ret,
                   struct err *err);
int connection_put(struct store *store, const struct connection_row *row, struct err *err);
int connection_usable_until(struct store *store, const char *name, int64_t until, struct err *err);

/* Was this value used before? Values are kept until expires_at, then swept. */
int once_seen(struct store *store, const char *kind, const char *value, bool *ret, struct err *err);
int once_use(struct store *store, const char *kind, const char *value, int64_t expires_at, int64_t now,
             struct err *err);

#endif
