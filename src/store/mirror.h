/*
 * Rows of the mirror: entries, people, groups, references and edges of one directory.
 *
 *   mirror_open -> mirror_load_… , mirror_put_… , mirror_done -> mirror_close
 *
 * Everything between belongs to one transaction of the caller (db_begin). Ids are given by the caller (sync/stage.h), densely, from
 * what mirror_max_id and mirror_max_ref say.
 */
#ifndef STORE_MIRROR_H
#define STORE_MIRROR_H

#include "model/entry.h"
#include "store/db.h"

struct mirror;

struct mirror_directory {
    int64_t id;
    int64_t read_at; /* end of the last complete read; 0: never */
    int64_t version; /* moves with every change */
    char *cursor;    /* NULL: none; owned by the struct */
    char *extra;     /* names of the further attributes that the last read asked for; NULL: none; owned by the struct */
};

/* Makes the directory's row when there is none. */
int mirror_open(struct db *db, const char *directory, struct mirror **ret, struct err *err);
void mirror_close(struct mirror **mirror);
const struct mirror_directory *mirror_directory(const struct mirror *mirror);

int mirror_max_id(struct mirror *mirror, uint32_t *ret_entry, uint32_t *ret_ref, struct err *err);

struct mirror_row {
    uint32_t id;
    enum entry_kind kind;
    struct span uid;
    struct key128 fingerprint;
    uint32_t base;
    bool gone;
};
/* Every entry of the directory, gone ones too, in order of id. each returns -1 to stop. */
int mirror_load_entries(struct mirror *mirror, int (*each)(void *ctx, const struct mirror_row *row), void *ctx,
                        struct err *err);
/* Every reference: its id, its key and the entry that bears it (0: none). */
int mirror_load_refs(struct mirror *mirror, void (*each)(void *ctx, uint32_t id, struct key128 key, uint32_t entry),
                     void *ctx, struct err *err);
/* The members of one group, as references. */
int mirror_load_edges(struct mirror *mirror, uint32_t group, void (*each)(void *ctx, uint32_t ref), void *ctx,
                      struct err *err);

/* What the core derives of a person beside the entry itself. */
struct mirror_person {
    const char *domain;        /* of the e-mail, as an A-label; NULL: no usable e-mail */
    int64_t email_hash;        /* of the e-mail folded for comparison: 64 bits of SHA-256 */
    struct key128 fingerprint; /* of the attributes a platform gets */
};

/* Inserts or replaces; a gone entry is there again. base: the number of the search base it was read through, or 0. */
int mirror_put_person(struct mirror *mirror, uint32_t id, uint32_t base, const struct entry *entry,
                      const struct mirror_person *person, struct err *err);
/* The person's further attributes, behind mirror_put_person, which leaves those of before. */
int mirror_put_extra(struct mirror *mirror, uint32_t id, const struct named_value *extra, size_t n, struct err *err);
int mirror_put_group(struct mirror *mirror, uint32_t id, uint32_t base, const struct entry *entry, struct err *err);
/* now: of the read that met it; noted with the name that it had before when it has another. */
int mirror_put_container(struct mirror *mirror, uint32_t id, uint32_t base, const struct entry *entry, int64_t now,
                         struct err *err);
/* The number of this search base, made when there is none. */
int mirror_base(struct mirror *mirror, const char *name, uint32_t *ret, struct err *err);
int mirror_put_ref(struct mirror *mirror, uint32_t id, struct key128 key, uint32_t entry, struct err *err);
int mirror_bind_ref(struct mirror *mirror, uint32_t id, uint32_t entry,
                    struct err *err); /* entry 0: nobody bears it now */
int mirror_put_edge(struct mirror *mirror, uint32_t group, uint32_t ref, struct err *err);
int mirror_drop_edge(struct mirror *mirror, uint32_t group, uint32_t ref, struct err *err);
int mirror_gone(struct mirror *mirror, uint32_t id, int64_t now, struct err *err);
/*
 * Around the writing of many references and edges into a database that has none: their indexes are built at the end, in one go, which
 * takes a third of the time. No-op when there are some. Both ends belong into the same transaction.
 */
int mirror_bulk_begin(struct mirror *mirror, bool *ret_bulk, struct err *err);
int mirror_bulk_end(struct mirror *mirror, struct err *err);
/*
 * The read ended well: new cursor (NULL: none), the names of further attributes (NULL: none), time, and a new version when something
 * changed.
 */
int mirror_done(struct mirror *mirror, const char *cursor, const char *extra, int64_t now, bool changed,
                struct err *err);

#endif
