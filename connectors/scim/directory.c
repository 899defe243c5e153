#include "connectors/scim/directory.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/scim/changes.h"
#include "connectors/scim/directory_settings.h"
#include "connectors/scim/source.h"
#include "connectors/scim_entry.h"
#include "scim/json.h"

/* One pull. */
struct pull {
    struct directory *directory;
    const struct sink *inner;
    struct sink sink; /* inner, with a look at what is put */
    struct scim_entry *entry;
    struct scim_changes before, after;
    bool known; /* before is of an earlier pull */
    int64_t now;
    struct scim_watch watch; /* of the listing at hand */
    enum entry_kind kind;
    bool put, stopped; /* the resource at hand was put; the sink ended it */
    struct buf group;  /* the body of a group */
};

/* --- what is put is noted ----------------------------------------------------------------------------------------- */

static int pass_seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err)
{
    const struct pull *p = ctx;
    return p->inner->seen(p->inner->ctx, kind, id, fingerprint, err);
}

static int pass_put(void *ctx, const struct entry *entry, struct err *err)
{
    struct pull *p = ctx;
    p->put = true;
    return p->inner->put(p->inner->ctx, entry, err);
}

static int pass_fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    const struct pull *p = ctx;
    return p->inner->fault(p->inner->ctx, id, name, why, err);
}

static int pass_gone(void *ctx, enum entry_kind kind, struct span id, struct err *err)
{
    const struct pull *p = ctx;
    return p->inner->gone(p->inner->ctx, kind, id, err);
}

static int pass_gone_key(void *ctx, struct key128 key, struct span but, struct err *err)
{
    const struct pull *p = ctx;
    return p->inner->gone_key(p->inner->ctx, key, but, err);
}

static int pass_held(void *ctx, struct span id, struct key128 key, struct err *err)
{
    const struct pull *p = ctx;
    return p->inner->held(p->inner->ctx, id, key, err);
}

static void make_sink(struct pull *p)
{
    p->sink = (struct sink){.ctx = p,
                            .seen = pass_seen,
                            .put = pass_put,
                            .fault = pass_fault,
                            .gone = p->inner->gone ? pass_gone : NULL,
                            .gone_key = p->inner->gone_key ? pass_gone_key : NULL,
                            .held = p->inner->held ? pass_held : NULL};
}

/* --- one resource ------------------------------------------------------------------------------------------------- */

/* 1: what is there is not SCIM, and err says so. */
static int add_members(struct pull *p, struct scim_pieces *members, const struct buf *body, struct err *err)
{
    struct scim_error why = SCIM_ERROR_INIT;
    for (;;) {
        json_auto_t *member = NULL;
        int r = scim_pieces_next(members, &member, &why);
        if (r < 0)
            scim_reader_not_scim("the members of a group", body, &why, err);
        if (r <= 0)
            return r == 0 ? 0 : 1;
        const json_t *value = scim_json_get(member, "value");
        scim_entry_member(p->entry, (struct span){json_string_value(value), json_string_length(value)});
    }
}

/*
 * A listing without "members" has none to give, or leaves them out, as some services do: the group itself tells. 1: it
 * cannot be read, and err says why.
 */
static int ask_for_members(struct pull *p, const json_t *group, struct err *err)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    struct scim_error why = SCIM_ERROR_INIT;
    struct scim_pieces members;
    json_auto_t *whole = NULL;
    struct span id = scim_id_of(group);
    if (id.n == 0)
        return 0;
    buf_printf(&url, "%s/Groups/", p->directory->service.base);
    text_percent(&url, id);
    buf_adds(&url, "?attributes=members");
    if (scim_reader_get(&p->directory->reader, url.data, "the members of a group", false, &p->group, err) != SCIM_GOT)
        return 1;
    if (scim_pieces_begin((struct span){p->group.data, p->group.len}, "members", &whole, &members, &why) != 0 ||
        !span_eq(scim_id_of(whole), id)) {
        if (!*why.detail)
            scim_error_set(&why, SCIM_WRONG_VALUE, "it is of another group");
        scim_reader_not_scim("the members of a group", &p->group, &why, err);
        return 1;
    }
    return add_members(p, &members, &p->group, err);
}

static int on_resource(void *ctx, json_t *resource, struct scim_pieces *inner, struct err *err)
{
    struct pull *p = ctx;
    const struct buf none = BUF_INIT;
    if (p->kind == ENTRY_GROUP) {
        bool listed = scim_json_get(resource, "members") != NULL;
        int r = listed ? add_members(p, inner, &none, err) : ask_for_members(p, resource, err);
        if (r != 0)
            return r;
    }
    p->put = false;
    p->stopped = scim_entry_deliver(p->entry, p->kind, resource, err) != 0;
    if (p->stopped)
        return -1;
    scim_watch_note(&p->watch, resource, p->put);
    return 0;
}

/* --- one kind of them --------------------------------------------------------------------------------------------- */

enum read {
    READ_ALL,
    READ_DISBELIEVED, /* everything has to be read */
    READ_PARTIAL,     /* err */
    READ_FAILED,      /* err */
};

static bool may_filter(const struct pull *p, size_t i)
{
    const struct directory *d = p->directory;
    return d->delta && d->query[i].path &&
           scim_changes_may(&p->before, i, d->service.offer.can.filter, p->now, d->full_read_every);
}

static enum read judge(struct pull *p, size_t i, size_t count, struct err *err)
{
    struct directory *d = p->directory;
    int64_t total = (int64_t)count;
    if (p->watch.how == SCIM_WATCH_CHANGES && scim_listing_total(&d->reader, &d->query[i], &total, err) != 0)
        return READ_PARTIAL;
    const char *why = scim_watch_end(&p->watch, total, &p->after.known[i]);
    if (why)
        log_debug("%s: everything is read: %s", d->query[i].object, why);
    return why ? READ_DISBELIEVED : READ_ALL;
}

static enum read read_kind(struct pull *p, size_t i, bool changes, struct err *err)
{
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    struct scim_list_query query = p->directory->query[i];
    enum scim_watched how = !changes ? SCIM_WATCH_COMPLETE : may_filter(p, i) ? SCIM_WATCH_CHANGES : SCIM_WATCH_BESIDE;
    enum pull_result result;
    size_t count = 0;
    if (!query.path)
        return READ_ALL;
    if (how == SCIM_WATCH_CHANGES) {
        scim_changes_filter(&p->before.known[i], query.filter, &filter);
        query.filter = filter.data;
    }
    p->kind = scim_source_kinds[i];
    scim_watch_begin(&p->watch, &p->before.known[i], !p->known, how, p->now);
    if (scim_listing_read(&p->directory->reader, &query, on_resource, p, &result, &count, err) != 0)
        return how == SCIM_WATCH_CHANGES && !p->stopped ? READ_DISBELIEVED : READ_FAILED;
    return result == PULL_COMPLETE ? judge(p, i, count, err) : READ_PARTIAL;
}

static enum read read_kinds(struct pull *p, bool changes, struct err *err)
{
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(p->directory->paths, &p->sink, changes);
    enum read r = READ_ALL;
    size_t n = 0;
    p->entry = entry;
    for (size_t i = 0; i < SCIM_CHANGES_KINDS && r == READ_ALL; i++)
        r = read_kind(p, i, changes, err);
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++)
        n += scim_entry_count(entry, scim_source_kinds[i]);
    if (r == READ_ALL && !changes && n == 0) {
        err_set(err, ERR_INPUT, "%s: no person and no group there; check url, the filters, and what the token may read",
                p->directory->service.base);
        return READ_FAILED;
    }
    return r;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum read read_all(struct pull *p, bool *ret_changes, struct err *err)
{
    *ret_changes = may_filter(p, SCIM_USER) || may_filter(p, SCIM_GROUP);
    enum read r = *ret_changes ? read_kinds(p, true, err) : READ_DISBELIEVED;
    if (r != READ_DISBELIEVED)
        return r;
    *ret_changes = false;
    p->after.complete = p->now;
    return read_kinds(p, false, err);
}

static int scim_pull(struct directory *d, const char *cursor, const struct sink *sink, enum pull_result *ret,
                     struct err *err)
{
    struct pull p = {.directory = d, .inner = sink, .now = clock_now(), .group = BUF_INIT};
    bool changes;
    p.known = scim_changes_read(cursor, d->mark, &p.before);
    p.after = p.before;
    make_sink(&p);
    enum read r = read_all(&p, &changes, err);
    buf_release(&p.group);
    if (r == READ_FAILED)
        return -1;
    buf_clear(&d->cursor);
    if (r == READ_ALL)
        scim_changes_write(&p.after, &d->cursor);
    *ret = r != READ_ALL ? PULL_PARTIAL : changes ? PULL_CHANGES : PULL_COMPLETE;
    return 0;
}

static const char *scim_cursor(const struct directory *d)
{
    return d->cursor.len ? d->cursor.data : NULL;
}

const struct directory_connector scim_directory = {
    .name = "scim",
    .help = "A directory with SCIM 2.0 (RFC 7644), read over HTTPS.",
    .settings = scim_directory_rows,
    .check = scim_directory_settings_check,
    .open = scim_source_open,
    .want = scim_source_want,
    .can_want = scim_paths_can_want,
    .pull = scim_pull,
    .cursor = scim_cursor,
    .name_key = scim_paths_name_key,
    .names_repeat = true,
    .describe = scim_source_describe,
    .tell = scim_source_tell,
    .close = scim_source_close,
};
