/*
 * The gate: nobody is synced before single sign-on works for their domain. Pure: facts and now go in, the verdict comes out.
 */
#ifndef MODEL_GATE_H
#define MODEL_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

/* What is known of one domain and its connection when the gate is judged. */
struct gate_facts {
    const char *domain;     /* A-label */
    const char *connection; /* name; "": the configuration names none */
    bool challenged;        /* a token was made */
    bool proved;            /* proved, and the proof has not lapsed */
    bool lapsed;            /* was proved once */
    bool keys_fetched;      /* its keys are fetched when they are needed: no certificate and no metadata of it end */
    bool by_link;           /* a test is made by a link: there is a sign-in server */
    bool active;            /* activated by an administrator */
    const char *metadata_fault; /* why the metadata cannot be read or has ended; NULL: it is good */
    bool same_entity;           /* the identity provider is the one that was tested */
    int64_t tested_at;          /* last successful sign-in; 0: never */
    int64_t test_valid;         /* seconds for which it counts */
    int64_t certificate_until;  /* the last signing certificate ends; 0: none can be used */
    int64_t metadata_until;     /* the metadata ends; 0: it names no end */
};

/* What will close a gate that is open, unless something is done. */
#define GATE_WARNINGS_MAX     3
#define GATE_CERTIFICATE_WARN (30 * 86400L) /* seconds ahead */
#define GATE_METADATA_WARN    (3 * 86400L)
#define GATE_SIGN_IN_WARN     (7 * 86400L) /* and no more than a quarter of test-valid */

struct gate_warning {
    const char *text, *remedy;
};

struct gate_domain {
    const char *domain, *connection;
    bool open;
    const char *reason; /* closed: what is missing; open: NULL */
    const char *remedy; /* closed: what to do, with the command */
    int64_t until;      /* open: when it would close by itself */
    struct gate_warning warnings[GATE_WARNINGS_MAX]; /* open: what of that is near */
    size_t nwarnings;
};

struct gate {
    struct gate_domain *domains;
    size_t n;
};

/* The texts live in the pool. */
void gate_judge(const struct gate_facts *facts, int64_t now, struct pool *pool, struct gate_domain *ret);
/* Of an active connection, whatever its domains: the part of the facts from by_link on. Texts live in the pool. */
size_t gate_warn(const struct gate_facts *facts, int64_t now, struct pool *pool,
                 struct gate_warning ret[static GATE_WARNINGS_MAX]);
/* The index of this domain, or -1 when it is none of the organisation's. */
int gate_find(const struct gate *gate, const char *domain);
bool gate_all_closed(const struct gate *gate);
bool gate_any_closed(const struct gate *gate);

#endif
