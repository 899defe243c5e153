/*
 * What a directory connector is: a descriptor of static functions, found by the name written after "type ="
 * (push/directories.h).
 *
 *   check (no network) -> open -> pull… -> close
 *
 * A connector reads a source and delivers entries. It knows nothing of the mirror, of policy or of what was there
 * before: the sink tells it only whether an entry is unchanged, so that nothing is normalised in vain.
 */
#ifndef CONNECTORS_CONNECTOR_H
#define CONNECTORS_CONNECTOR_H

#include "base/err.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "model/entry.h"

/*
 * How a pull ended. Absence is evidence only after PULL_COMPLETE: the protocol's own success result for every page of
 * every search, with no size or time limit, referral, dropped connection or unfinished ranged attribute on the way.
 */
enum pull_result {
    PULL_PARTIAL,  /* cut off; what was delivered is true, what was not says nothing. err tells what cut it off */
    PULL_CHANGES,  /* only what changed since the cursor */
    PULL_COMPLETE, /* everything there is */
};

/* By whom else an id is held. */
enum sink_held {
    SINK_FREE,
    SINK_HELD_BEFORE, /* by an entry of a pull before, which may be gone by now */
    SINK_HELD_NOW,    /* by one that this pull delivered */
};

/* Where entries go. Both functions return -1 to end the pull, with err filled. */
struct sink {
    void *ctx;
    /*
     * First for every entry: 1 when this entry is known with this very fingerprint; then the connector goes on to the
     * next without a call of put. 0: put wants it in full.
     */
    int (*seen)(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err);
    int (*put)(void *ctx, const struct entry *entry, struct err *err);
    /*
     * An entry that cannot be used, and why ("uid=x,…: no entryUUID"). It counts as there: if its id could be read
     * (else id is empty) nothing is removed for its sake, and if not, the pull does not prove any absence.
     */
    int (*fault)(void *ctx, struct span id, struct span name, const char *why, struct err *err);
    /*
     * What follows is read below this base, named as the configuration has it. Said ahead of each search by connectors
     * that have bases. May be NULL: not of interest.
     */
    int (*base)(void *ctx, struct span name, struct err *err);
    /*
     * The source says itself that the entry of this id is no more: a deletion that it reports, never one that is inferred. Of an id
     * that nobody knows nothing happens. Only connectors with deltas say so.
     */
    int (*gone)(void *ctx, enum entry_kind kind, struct span id, struct err *err);
    /*
     * The same of whoever bears this key, for sources that know their entries by something else than the id that is kept; unless the id
     * is "but" (empty: whatever it is).
     */
    int (*gone_key)(void *ctx, struct key128 key, struct span but, struct err *err);
    /*
     * Before put, for sources whose ids may be given twice: is an entry of this id there under another key? Only sources whose
     * entries keep their keys can ask; may be NULL: not of interest. enum sink_held; -1
     */
    int (*held)(void *ctx, struct span id, struct key128 key, struct err *err);
};

/* A base that the source says is not there. */
struct missing_base {
    const char *name, *where; /* as configured, and in which "FILE:LINE" */
};

struct directory; /* an open connection of some connector */
struct store;

struct directory_connector {
    const char *name;
    const char *help;
    const struct conf_item *settings;
    int (*check)(const struct conf_section *section, struct err *err);
    /*
     * Connects and authenticates. The section must outlive the directory. ERR_NETWORK, or ERR_REFUSED for a wrong
     * password or certificate. store is for a directory whose entries were brought to us, and lie beside it.
     */
    int (*open)(const struct conf_section *section, struct store *store, struct directory **ret, struct err *err);
    /*
     * Before a pull: further attributes to be delivered with each person (entry.extra), by their names in lower case, in that order, each
     * once; copied. ERR_CONFIG: the directory cannot have one of that name. NULL when a source has no others.
     */
    int (*want)(struct directory *directory, const char *const *names, size_t n, struct err *err);
    /* Can there be one of this name? ERR_CONFIG with the nearest. NULL: whatever a map can name. */
    int (*can_want)(const char *name, struct err *err);
    /*
     * Delivers entries to the sink. Returns 0 with *ret set; with PULL_PARTIAL err says what cut it off. -1: nothing
     * could be read, it cannot be read as configured (a base that is not there, data that is not the protocol), or the
     * sink ended it; what was delivered before is to be dropped. cursor is what the last pull left (NULL for the first)
     * and is ignored by connectors without deltas.
     */
    int (*pull)(struct directory *directory, const char *cursor, const struct sink *sink, enum pull_result *ret,
                struct err *err);
    /*
     * After a pull that was not partial: what the next one begins with, to be kept with what was delivered. NULL: the next reads
     * everything. Owned by the directory. The function is NULL when a source has no deltas.
     */
    const char *(*cursor)(const struct directory *directory);
    /*
     * Where the entry of this immutable id, as the sink got it, is now, outside the bases as well. 1: in *ret, which
     * lives in the pool; 0: nowhere that we may read. One question to the source each; after a pull only. NULL when a
     * source cannot tell.
     */
    int (*locate)(struct directory *directory, struct span id, struct pool *pool, const char **ret, struct err *err);
    /* Did the last pull fail because a base is not there? NULL when a source has no bases. */
    bool (*missing_base)(const struct directory *directory, struct missing_base *ret);
    /*
     * The key under which entries refer to the entry of this name, for names written in the configuration.
     * ERR_INPUT: not a name.
     */
    int (*name_key)(const char *name, struct key128 *ret, struct err *err);
    bool names_repeat; /* several groups may be called the same: then a name alone binds none of them */
    /* Where this connection goes, for messages: "ldaps://dc1.example.com". Owned by the directory. */
    const char *(*describe)(const struct directory *directory);
    /* What there is, and what the source can and cannot do, in words for the administrator; lines, in the pool. NULL: nothing to tell. */
    const char *(*tell)(const struct directory *directory, struct pool *pool);
    void (*close)(struct directory **directory);
};

#endif
