/*
 * Whether a service is believed when it is asked for what changed since (meta.lastModified), from one pull to the next.
 * Pure.
 *
 *   scim_changes_read (the cursor of the last pull) -> scim_changes_may -> (scim_watch_begin -> scim_watch_note… -> scim_watch_end
 *   for each kind of resource) -> scim_changes_write (that of the next)
 *
 * It is believed, for each kind of resource by itself, as long as all of this holds:
 *   - it says that it filters, and the configuration does not say otherwise (delta = no);
 *   - at a complete read every resource had a lastModified, none of them from the future;
 *   - complete reads found resources changed that had been there before, and each of them had a lastModified after the
 *     newest one that was known. One that changed without is enough to disbelieve for good: services forget groups
 *     whose members changed;
 *   - it answers to the filter, and the answer holds nothing older than asked for, and the newest that was known is among it;
 *   - as many are there as before, and as were made since: anything else says that something went, or moved in or out of
 *     what the filters of the configuration let through.
 * Where one of them does not hold, everything is read, and so it is every full-read-every: what a service might hide is found
 * then, and only then is anything absent.
 */
#ifndef CONNECTORS_SCIM_CHANGES_H
#define CONNECTORS_SCIM_CHANGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define SCIM_CHANGES_KINDS    2   /* enum scim_kind */
#define SCIM_CHANGES_MARGIN   300 /* seconds: what a service wrote that long ago may show up only now */
#define SCIM_CHANGES_MARK_MAX 65

enum scim_trust { SCIM_TRUST_UNPROVED, SCIM_TRUST_PROVED, SCIM_TRUST_BROKEN };

struct scim_known {
    int64_t newest; /* lastModified, microseconds since 1970 by the service's clock; 0: not every resource had one */
    int64_t total;
    enum scim_trust trust;
};

struct scim_changes {
    char mark[SCIM_CHANGES_MARK_MAX]; /* of all that decides what is read and what it becomes; no spaces */
    int64_t complete;                 /* when everything was read last, by our clock */
    struct scim_known known[SCIM_CHANGES_KINDS];
};

/* false: it is none, or of another mark; *ret then is that of a first pull. cursor may be NULL. */
bool scim_changes_read(const char *cursor, const char *mark, struct scim_changes *ret);
void scim_changes_write(const struct scim_changes *changes, struct buf *ret);

/* May this kind be asked for its changes? filters: the service says that it filters. every: seconds. */
bool scim_changes_may(const struct scim_changes *changes, size_t kind, bool filters, int64_t now, int64_t every);
/* "meta.lastModified ge …", together with the configuration's own filter (NULL: none). */
void scim_changes_filter(const struct scim_known *known, const char *filter, struct buf *ret);

enum scim_watched {
    SCIM_WATCH_COMPLETE, /* everything of everything is read */
    SCIM_WATCH_BESIDE,   /* everything of this kind, and of another only what changed */
    SCIM_WATCH_CHANGES,  /* what scim_changes_filter lets through */
};

/* One reading of one kind of resource. */
struct scim_watch {
    struct scim_known before;
    bool first; /* nothing is known from before */
    enum scim_watched how;
    int64_t latest; /* later than this is from the future; microseconds */
    int64_t newest;
    size_t made; /* since the newest that was known */
    bool undated, stale, moved, unmoved, met_newest;
};

void scim_watch_begin(struct scim_watch *watch, const struct scim_known *before, bool first, enum scim_watched how,
                      int64_t now);
/* changed: it is not as it was delivered last. */
void scim_watch_note(struct scim_watch *watch, const json_t *resource, bool changed);
/*
 * total: how many there are now of all that the configuration's filter lets through. NULL: *ret is what is known from now
 * on. Else (never of COMPLETE) why what was read cannot be believed, so that everything has to be read.
 */
const char *scim_watch_end(const struct scim_watch *watch, int64_t total, struct scim_known *ret);

#endif
