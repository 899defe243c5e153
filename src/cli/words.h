/*
 * Changes in words: who, what, why. Reads names from the database when they are asked for.
 *
 *   words_open -> words_person…, words_what…, words_cause… -> words_close
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "base/buf.h"
#include "model/gate.h"
#include "store/account.h"
#include "sync/plan.h"

struct words {
    struct store *store;
    struct person_reader *reader;
    const struct plan *plan; /* NULL for the changes of a run: products are then named by their section */
    const struct gate *gate; /* may be NULL */
    int64_t team;
    struct pool *pool;   /* owns the names of groups */
    const char **groups; /* by entry: names read before */
    size_t ngroups;
    struct shown_name *people; /* by entry, once words_load_people was called */
    size_t npeople;
    struct mapper *mapper;     /* see words_map; NULL: nothing is mapped */
    struct evidence *evidence; /* for the changes of a plan; NULL: they are told without it */
};

int words_open(struct store *store, int64_t team, const struct plan *plan, const struct gate *gate, struct words *ret,
               struct err *err);
void words_close(struct words *words);
/* For the changes of a plan: what the platform's own map gives is told by attribute. platform may be NULL. */
int words_map(struct words *words, const struct conf_section *platform, struct err *err);

/* Reads everybody's name at once, before many are asked for. */
int words_load_people(struct words *words, struct err *err);
/* The person's name as people know it (else e-mail, user name, DN) and the e-mail. Printable; they live in the pool. */
int words_person(struct words *words, uint32_t person, struct pool *pool, const char **ret_name, const char **ret_email,
                 struct err *err);
/* A group's name; printable; lives as long as words. */
int words_group(struct words *words, uint32_t group, const char **ret, struct err *err);
const char *words_product(struct words *words, uint32_t product);
/* "assign " and "AutoCAD", "invite" and "". */
int words_what(struct words *words, const struct change *change, const char **ret_verb, const char **ret_object,
               struct err *err);
/* "in group Design Seoul", "family name: Schmidt → Müller" */
int words_cause(struct words *words, const struct change *change, struct buf *out, struct err *err);
/* Why it is held, and what to do. */
int words_hold(struct words *words, const struct change *change, struct buf *out, struct err *err);

#endif
