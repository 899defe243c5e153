#include "connectors/scim/changes.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/span.h"
#include "scim/json.h"
#include "scim/value.h"

#define FORMAT_VERSION "scim1"
#define SECOND         1000000
#define FUTURE         86400 /* seconds that a service's clock may go ahead of ours */

/* --- the cursor --------------------------------------------------------------------------------------------------- */

bool scim_changes_read(const char *cursor, const char *mark, struct scim_changes *ret)
{
    struct scim_changes c = {.complete = 0};
    struct scim_known *u = &c.known[0], *g = &c.known[1];
    unsigned trust[SCIM_CHANGES_KINDS] = {0};
    int end = 0;
    *ret = (struct scim_changes){.complete = 0};
    snprintf(ret->mark, sizeof ret->mark, "%s", mark);
    if (!cursor ||
        sscanf(cursor, FORMAT_VERSION " %64s %" SCNd64 " %" SCNd64 " %" SCNd64 " %u %" SCNd64 " %" SCNd64 " %u%n",
               c.mark, &c.complete, &u->newest, &u->total, &trust[0], &g->newest, &g->total, &trust[1], &end) != 8 ||
        cursor[end] != '\0' || strcmp(c.mark, mark) != 0)
        return false;
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++) {
        if (trust[i] > SCIM_TRUST_BROKEN || c.known[i].newest < 0 || c.known[i].total < 0)
            return false;
        c.known[i].trust = (enum scim_trust)trust[i];
    }
    *ret = c;
    return true;
}

void scim_changes_write(const struct scim_changes *c, struct buf *ret)
{
    buf_printf(ret, FORMAT_VERSION " %s %" PRId64, c->mark, c->complete);
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++)
        buf_printf(ret, " %" PRId64 " %" PRId64 " %u", c->known[i].newest, c->known[i].total,
                   (unsigned)c->known[i].trust);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

bool scim_changes_may(const struct scim_changes *c, size_t kind, bool filters, int64_t now, int64_t every)
{
    const struct scim_known *known = &c->known[kind];
    return filters && known->trust == SCIM_TRUST_PROVED && known->newest > 0 && c->complete > 0 && now >= c->complete &&
           now - c->complete < every;
}

static int64_t asked_since(const struct scim_known *known)
{
    return known->newest / SECOND - SCIM_CHANGES_MARGIN;
}

void scim_changes_filter(const struct scim_known *known, const char *filter, struct buf *ret)
{
    char when[CLOCK_TEXT_MAX];
    if (filter)
        buf_printf(ret, "(%s) and ", filter);
    buf_printf(ret, "meta.lastModified ge \"%s\"", clock_format(asked_since(known), when));
}

/* --- what comes --------------------------------------------------------------------------------------------------- */

void scim_watch_begin(struct scim_watch *w, const struct scim_known *before, bool first, enum scim_watched how,
                      int64_t now)
{
    *w = (struct scim_watch){.before = *before, .first = first, .how = how, .latest = (now + FUTURE) * SECOND};
}

/* 0: there is none. */
static int64_t time_of(const json_t *resource, const char *name)
{
    const json_t *value = scim_json_get(scim_json_get(resource, "meta"), name);
    int64_t when;
    struct span text = {json_string_value(value), json_string_length(value)};
    return text.n && scim_time_parse(text, &when) == 0 && when > 0 ? when : 0;
}

void scim_watch_note(struct scim_watch *w, const json_t *resource, bool changed)
{
    int64_t modified = time_of(resource, "lastModified"), made = time_of(resource, "created");
    bool dated = modified > 0 && modified <= w->latest;
    w->undated |= !dated;
    if (!dated)
        return;
    w->newest = modified > w->newest ? modified : w->newest;
    w->met_newest |= modified >= w->before.newest;
    w->stale |= modified / SECOND < asked_since(&w->before);
    w->made += w->before.newest > 0 && made > w->before.newest;
    if (!changed)
        return;
    w->unmoved |= modified / SECOND < asked_since(&w->before);
    w->moved |= made > 0 && made <= w->before.newest && modified > w->before.newest;
}

static enum scim_trust judge(const struct scim_watch *w)
{
    if (w->how == SCIM_WATCH_CHANGES || w->before.trust == SCIM_TRUST_BROKEN)
        return w->before.trust;
    if (w->first || w->before.newest == 0)
        return SCIM_TRUST_UNPROVED;
    if (w->unmoved)
        return SCIM_TRUST_BROKEN;
    return w->moved ? SCIM_TRUST_PROVED : w->before.trust;
}

static const char *disbelieve_filter(const struct scim_watch *w)
{
    if (w->undated)
        return "a resource has no lastModified, or one of the future";
    if (w->stale)
        return "the service leaves the filter for lastModified aside";
    return w->met_newest ? NULL : "the newest resource of before is not among the changed ones";
}

const char *scim_watch_end(const struct scim_watch *w, int64_t total, struct scim_known *ret)
{
    const char *why = w->how == SCIM_WATCH_CHANGES ? disbelieve_filter(w) : NULL;
    if (why)
        return why;
    if (w->how != SCIM_WATCH_COMPLETE && total != w->before.total + (int64_t)w->made)
        return "the number of resources is not explained by what was made";
    int64_t newest = w->how == SCIM_WATCH_CHANGES && w->before.newest > w->newest ? w->before.newest : w->newest;
    *ret = (struct scim_known){.newest = w->undated ? 0 : newest, .total = total, .trust = judge(w)};
    return NULL;
}
