#include "connectors/scim/source.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/random.h"

const enum entry_kind scim_source_kinds[SCIM_CHANGES_KINDS] = {ENTRY_PERSON, ENTRY_GROUP};

void scim_source_close(struct directory **directory)
{
    struct directory *d = *directory;
    if (!d)
        return;
    scim_service_close(&d->service);
    scim_paths_free(&d->paths);
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++)
        buf_release(&d->attributes[i]);
    buf_release(&d->cursor);
    free(d);
    *directory = NULL;
}

static void make_queries(struct directory *d, const struct conf_section *section)
{
    const char *groups = conf_str(section, "group-filter");
    bool none = groups && text_same_ascii(groups, "none");
    d->query[SCIM_USER] = (struct scim_list_query){
        .path = "/Users", .object = "the list of users", .filter = conf_str(section, "user-filter")};
    d->query[SCIM_GROUP] = (struct scim_list_query){
        .path = none ? NULL : "/Groups", .object = "the list of groups", .filter = groups, .inner = "members"};
}

static void name_attributes(struct directory *d)
{
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++) {
        buf_clear(&d->attributes[i]);
        scim_paths_attributes(d->paths, scim_source_kinds[i], true, &d->attributes[i]);
        buf_adds(&d->attributes[i], ",meta");
        d->query[i].attributes = d->attributes[i].data;
    }
}

/* Of all that decides what comes, and what it becomes. */
static void make_mark(struct directory *d)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    char paths[SCIM_PATHS_MARK_SIZE];
    scim_paths_mark(d->paths, paths);
    digest_start(digest);
    digest_field(digest, span_str(paths));
    digest_field(digest, span_str(d->service.base));
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++) {
        digest_field(digest, span_str(d->query[i].path));
        digest_field(digest, span_str(d->query[i].filter));
    }
    digest_hex(digest, d->mark);
}

/*
 * Asks for whom nobody is called: where somebody comes, the service leaves filters aside, and everybody would be taken
 * for whom the filter means.
 */
static int check_filter(struct directory *d, size_t i, struct err *err)
{
    static const char *const names[] = {[SCIM_USER] = "userName", [SCIM_GROUP] = "displayName"};
    static const char *const keys[] = {[SCIM_USER] = "user-filter", [SCIM_GROUP] = "group-filter"};
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    struct scim_list_query query = d->query[i];
    uint64_t nobody[2];
    bool empty;
    random_bytes(nobody, sizeof nobody);
    buf_printf(&filter, "(%s) and %s eq \"nobody-%016" PRIx64 "%016" PRIx64 "\"", query.filter, names[i], nobody[0],
               nobody[1]);
    query.filter = filter.data;
    if (scim_listing_is_empty(&d->reader, &query, &empty, err) != 0)
        return -1;
    return empty ? 0
                 : err_set(err, ERR_REFUSED,
                           "%s: the service leaves filters aside; take %s away, and leave out whom it means with "
                           "exclude or scope-group",
                           query.object, keys[i]);
}

/* That the service is there, and lets us read what is to be read. */
static int reach(struct directory *d, size_t page, struct err *err)
{
    if (scim_reader_begin(&d->reader, page, err) != 0)
        return -1;
    for (size_t i = 0; i < SCIM_CHANGES_KINDS; i++) {
        if (!d->query[i].path)
            continue;
        if (d->query[i].filter && check_filter(d, i, err) != 0)
            return -1;
        if (scim_listing_total(&d->reader, &d->query[i], &d->total[i], err) != 0)
            return -1;
    }
    return 0;
}

int scim_source_open(const struct conf_section *section, struct store *store, struct directory **ret, struct err *err)
{
    (void)store;
    CLEANUP(scim_source_close) struct directory *d = mem_zero(sizeof *d);
    if (scim_paths_new(section, &d->paths, err) != 0 || scim_service_open(section, &d->service, err) != 0)
        return -1;
    d->reader = (struct scim_reader){.service = &d->service,
                                     .most = (size_t)conf_int(section, "max-resources"),
                                     .retries = (size_t)conf_int(section, "retries"),
                                     .first_wait = conf_int(section, "retry-wait")};
    d->delta = strcmp(conf_str(section, "delta"), "auto") == 0;
    d->full_read_every = conf_int(section, "full-read-every");
    make_queries(d, section);
    name_attributes(d);
    make_mark(d);
    if (reach(d, (size_t)conf_int(section, "page-size"), err) != 0)
        return -1;
    *ret = TAKE(d);
    return 0;
}

int scim_source_want(struct directory *d, const char *const *names, size_t n, struct err *err)
{
    if (scim_paths_want(d->paths, names, n, err) != 0)
        return -1;
    name_attributes(d);
    make_mark(d);
    return 0;
}

const char *scim_source_describe(const struct directory *d)
{
    return d->service.base;
}

static void add_total(const struct directory *d, size_t i, const char *what, struct buf *ret)
{
    if (!d->query[i].path)
        buf_printf(ret, "no %s by group-filter", what);
    else if (d->total[i] < 0)
        buf_printf(ret, "%s that it does not count", what);
    else
        buf_printf(ret, "%" PRId64 " %s", d->total[i], what);
}

const char *scim_source_tell(const struct directory *d, struct pool *pool)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const struct scim_offer *offer = &d->service.offer;
    add_total(d, SCIM_USER, "people", &text);
    buf_adds(&text, ", ");
    add_total(d, SCIM_GROUP, "groups", &text);
    buf_printf(&text, "; pages of %zu by %s; %s", d->reader.page, d->reader.by_cursor ? "cursor" : "index",
               !d->delta           ? "always read whole (delta = no)"
               : offer->can.filter ? "asked for changes only, once lastModified has proved to be kept"
                                   : "always read whole, as it has no filters");
    for (size_t i = 0; i < offer->nnotes; i++)
        buf_printf(&text, "\n%s", offer->notes[i]);
    return pool_strdup(pool, text.data);
}
