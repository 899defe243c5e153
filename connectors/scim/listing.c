#include "connectors/scim/listing.h"

#include "base/cleanup.h"
#include "base/keymap.h"
#include "base/text.h"
#include "connectors/scim/ahead.h"
#include "crypto/digest.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/page.h"
#include "scim/pieces.h"

#define ROUNDS          2  /* readings of one listing when it does not agree with itself; see say_changed */
#define PAGE_SHRINK     8  /* by so many times fewer resources are asked for where a page was too large */
#define EMPTY_PAGES_MAX 20 /* with a cursor, one behind the other: a filter may leave some */

/* What came of a page, or of a reading. */
enum came {
    CAME_MORE,
    CAME_END,
    CAME_CHANGED, /* it does not agree with itself; err */
    CAME_FAULT,   /* it cannot be read; err */
    CAME_STOPPED, /* each ended it; err */
};

struct listing {
    struct scim_reader *reader;
    const struct scim_list_query *query;
    scim_each *each;
    void *ctx;
    struct scim_ahead ahead;
    struct digest *digest;
    struct keymap met; /* id -> the round in which it came last */
    struct buf body;
    bool heard; /* a page came */
    bool plain; /* the service refused to be told which attributes are wanted */
    size_t page;

    /* Of one round. */
    uint32_t round;
    size_t count;  /* resources that came */
    int64_t total; /* -1: not said */
    struct key128 last;
    bool aligned;             /* the service begins pages where it likes: none begins with the last of the one before */
    size_t empty_pages, full; /* full: resources of the last page, the one that it began with too */
    char cursor[SCIM_CURSOR_MAX + 1]; /* of the next page; "": there is none */
};

/* --- asking ----------------------------------------------------------------------------------------------------- */

static bool overlaps(const struct listing *l)
{
    return l->count > 1 && !l->aligned && !*l->cursor && !key_is_zero(l->last);
}

static void add_parameter(struct buf *url, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(url, "&%s=", name);
    text_percent(url, span_str(value));
}

static bool by_cursor(const struct listing *l)
{
    return *l->cursor || (l->count == 0 && l->reader->by_cursor);
}

static size_t next_start(const struct listing *l)
{
    return overlaps(l) ? l->count : l->count + 1;
}

/* start: of a page by index. */
static void write_url(const struct listing *l, size_t start, struct buf *ret)
{
    const struct scim_list_query *query = l->query;
    buf_printf(ret, "%s%s?", l->reader->service->base, query->path);
    if (by_cursor(l))
        buf_printf(ret, "cursor=%s", l->cursor);
    else
        buf_printf(ret, "startIndex=%zu", start);
    buf_printf(ret, "&count=%zu", l->page);
    add_parameter(ret, "filter", query->filter);
    add_parameter(ret, "attributes", l->plain ? NULL : query->attributes);
    add_parameter(ret, "excludedAttributes", l->plain ? NULL : query->excluded);
}

/* --- one page --------------------------------------------------------------------------------------------------- */

struct page {
    struct scim_list list;
    struct scim_pieces pieces;
    bool by_cursor, within;    /* asked for by a cursor; by one that the service gave */
    bool overlaps, overlapped; /* the last of the page before is to come first; it did */
    bool says_start;
    size_t asked, n; /* startIndex; resources in it */
};

static enum came changed(const struct listing *l, struct err *err, const char *what)
{
    err_set(err, ERR_NETWORK, "%s: %s", l->query->object, what);
    return CAME_CHANGED;
}

static enum came too_many(const struct listing *l, struct err *err)
{
    err_set(err, ERR_REFUSED, "%s: it has more than %zu resources; narrow what is read", l->query->object,
            l->reader->most);
    return CAME_FAULT;
}

static enum came not_scim(const struct listing *l, const struct scim_error *why, struct err *err)
{
    scim_reader_not_scim(l->query->object, &l->body, why, err);
    return CAME_FAULT;
}

static struct key128 key_of(struct listing *l, struct span id)
{
    digest_start(l->digest);
    digest_field(l->digest, id);
    return digest_key(l->digest);
}

/* Where what came last is not what comes first now, something ahead of it came or went. */
static enum came check_overlap(struct listing *l, struct page *page, struct key128 key, struct err *err)
{
    page->overlaps = false;
    page->overlapped = key_eq(key, l->last);
    if (page->overlapped)
        return CAME_MORE;
    if (page->says_start && page->list.start != (int64_t)page->asked) {
        l->aligned = true;
        return CAME_END;
    }
    return changed(l, err, "it moved between two pages");
}

static enum came give(struct listing *l, json_t *resource, struct scim_pieces *inner, struct err *err)
{
    int r = l->each(l->ctx, resource, inner, err);
    return r == 0 ? CAME_MORE : r > 0 ? CAME_FAULT : CAME_STOPPED;
}

static enum came take(struct listing *l, struct page *page, json_t *resource, struct scim_pieces *inner,
                      struct err *err)
{
    struct span id = scim_id_of(resource);
    struct key128 key = id.n ? key_of(l, id) : (struct key128){0, 0};
    uint32_t before = id.n ? keymap_find(&l->met, key) : KEYMAP_NONE;
    if (page->overlaps)
        return check_overlap(l, page, key, err);
    if (before == l->round)
        return changed(l, err, "a resource stands in it twice");
    l->count++;
    page->n++;
    l->last = key;
    if (l->total >= 0 && l->count > (size_t)l->total)
        return changed(l, err, "it has more resources than its totalResults");
    if (l->count > l->reader->most)
        return too_many(l, err);
    if (id.n)
        keymap_put(&l->met, key, l->round);
    bool again = before != KEYMAP_NONE || (id.n == 0 && l->round > 1);
    return again ? CAME_MORE : give(l, resource, inner, err);
}

static int next_resource(struct listing *l, struct page *page, json_t **ret, struct scim_pieces *ret_inner,
                         struct scim_error *why)
{
    struct span text;
    *ret_inner = (struct scim_pieces){.ended = true};
    if (!l->query->inner)
        return scim_pieces_next(&page->pieces, ret, why);
    int r = scim_pieces_next_text(&page->pieces, &text, why);
    return r <= 0 ? r : scim_pieces_begin(text, l->query->inner, ret, ret_inner, why) == 0 ? 1 : -1;
}

static enum came take_all(struct listing *l, struct page *page, struct err *err)
{
    struct scim_error why = SCIM_ERROR_INIT;
    for (;;) {
        json_auto_t *resource = NULL;
        struct scim_pieces inner;
        int r = next_resource(l, page, &resource, &inner, &why);
        if (r < 0)
            return not_scim(l, &why, err);
        if (r == 0)
            return CAME_MORE;
        enum came came = take(l, page, resource, &inner, err);
        if (came != CAME_MORE)
            return came;
    }
}

/* What the page says about the listing as a whole. */
static enum came read_head(struct listing *l, const json_t *rest, struct page *page, struct err *err)
{
    struct scim_error why = SCIM_ERROR_INIT;
    if (scim_list_read(rest, &page->list, &why) != 0)
        return not_scim(l, &why, err);
    page->says_start = json_is_integer(scim_json_get(rest, "startIndex"));
    if (page->list.total >= 0 && l->total >= 0 && page->list.total != l->total)
        return changed(l, err, "its totalResults changed");
    l->total = page->list.total >= 0 ? page->list.total : l->total;
    if (l->total > 0 && (size_t)l->total > l->reader->most)
        return too_many(l, err);
    return CAME_MORE;
}

static enum came turn_by_index(struct listing *l, const struct page *page, struct err *err)
{
    if (l->total < 0) {
        err_set(err, ERR_REFUSED, "%s: the service does not say its totalResults; ask its makers", l->query->object);
        return CAME_FAULT;
    }
    if (l->count == (size_t)l->total)
        return CAME_END;
    if (page->n == 0 && page->overlapped)
        l->aligned = true; /* pages of one: with the last of the one before there is no getting on */
    else if (page->n == 0)
        return changed(l, err, "it ends before its totalResults");
    return CAME_MORE;
}

/* Who is asked by cursor and gives none has given everything, or leaves cursors aside. */
static enum came turn(struct listing *l, const struct page *page, struct err *err)
{
    l->full = page->n + page->overlapped;
    l->empty_pages = page->n == 0 ? l->empty_pages + 1 : 0;
    snprintf(l->cursor, sizeof l->cursor, "%s", page->list.next ? page->list.next : "");
    if (*l->cursor)
        return l->empty_pages < EMPTY_PAGES_MAX ? CAME_MORE : changed(l, err, "one page after the other is empty");
    if (page->by_cursor && l->total < 0)
        return CAME_END;
    if (page->within && l->count != (size_t)l->total)
        return changed(l, err, "it ends before its totalResults");
    return turn_by_index(l, page, err);
}

static enum came read_page(struct listing *l, struct page *page, struct err *err)
{
    struct scim_error why = SCIM_ERROR_INIT;
    json_auto_t *rest = NULL;
    if (scim_pieces_begin((struct span){l->body.data, l->body.len}, "Resources", &rest, &page->pieces, &why) != 0)
        return not_scim(l, &why, err);
    enum came came = read_head(l, rest, page, err);
    if (came == CAME_MORE)
        came = take_all(l, page, err);
    if (came == CAME_END) /* in the middle: the same page again, from behind the last resource */
        return CAME_MORE;
    return came == CAME_MORE ? turn(l, page, err) : came;
}

/* Asked for in another way it may be had. */
static bool ask_otherwise(struct listing *l, enum scim_got got)
{
    bool first = l->count == 0 && !*l->cursor;
    if (got == SCIM_GOT_LARGE && l->page > 1) {
        l->page = l->page > PAGE_SHRINK ? l->page / PAGE_SHRINK : 1;
        l->full = 0;
        return true;
    }
    if (got == SCIM_GOT_REFUSAL && first && l->reader->by_cursor) {
        l->reader->by_cursor = false;
        return true;
    }
    if (got == SCIM_GOT_REFUSAL && first && !l->plain && (l->query->attributes || l->query->excluded)) {
        l->plain = true;
        return true;
    }
    return false;
}

/*
 * Several pages at once, as long as pages are as long as the last one was: from a shorter one on, those behind it begin at
 * places that nobody asks for.
 */
static void look_ahead(struct listing *l)
{
    struct buf urls[SCIM_AHEAD_MAX] = {{NULL, 0, 0}};
    const char *texts[SCIM_AHEAD_MAX];
    size_t starts[SCIM_AHEAD_MAX], n = 0, step = overlaps(l) ? l->full - 1 : l->full;
    bool worth = !by_cursor(l) && l->total > 0 && l->full > 1 && l->body.len < SCIM_AHEAD_SIZE;
    size_t width = worth ? scim_ahead_width(l->reader) : 0;
    for (size_t start = next_start(l); width > 1 && n < width && start < (size_t)l->total; start += step) {
        write_url(l, start, &urls[n]);
        texts[n] = urls[n].data;
        starts[n++] = start;
    }
    if (n > 1)
        scim_ahead_fetch(&l->ahead, l->reader, starts, texts, n);
    for (size_t i = 0; i < n; i++)
        buf_release(&urls[i]);
}

static enum scim_got fetch(struct listing *l, struct err *err)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    size_t start = next_start(l);
    if (!*l->cursor && scim_ahead_take(&l->ahead, start, &l->body))
        return SCIM_GOT;
    look_ahead(l);
    if (!*l->cursor && scim_ahead_take(&l->ahead, start, &l->body))
        return SCIM_GOT;
    write_url(l, start, &url);
    return scim_reader_get(l->reader, url.data, l->query->object, false, &l->body, err);
}

static enum came next_page(struct listing *l, struct err *err)
{
    struct page page = {.overlaps = overlaps(l), .asked = l->count, .within = *l->cursor, .by_cursor = by_cursor(l)};
    enum scim_got got = fetch(l, err);
    if (got != SCIM_GOT && ask_otherwise(l, got))
        return CAME_MORE;
    if (got != SCIM_GOT)
        return got == SCIM_GOT_REFUSAL && page.within ? CAME_CHANGED : CAME_FAULT;
    l->heard = true;
    return read_page(l, &page, err);
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static enum came read_round(struct listing *l, uint32_t round, struct err *err)
{
    enum came came = CAME_MORE;
    l->round = round;
    l->count = l->empty_pages = l->full = 0;
    scim_ahead_clear(&l->ahead);
    l->total = -1;
    l->last = (struct key128){0, 0};
    *l->cursor = '\0';
    while (came == CAME_MORE)
        came = next_page(l, err);
    return came;
}

static void say_changed(struct err *err)
{
    const struct err last = *err;
    err_set(err, last.kind, "%s; it was read twice, and did not agree with itself either time", last.text);
}

static int read_listing(struct listing *l, enum pull_result *ret, struct err *err)
{
    enum came came = CAME_CHANGED;
    for (uint32_t round = 1; round <= ROUNDS && came == CAME_CHANGED; round++)
        came = read_round(l, round, err);
    if (came == CAME_STOPPED || (came != CAME_END && !l->heard))
        return -1;
    if (came == CAME_CHANGED)
        say_changed(err);
    if (came == CAME_END)
        err_clear(err); /* of what the second reading made good */
    *ret = came == CAME_END ? PULL_COMPLETE : PULL_PARTIAL;
    return 0;
}

int scim_listing_read(struct scim_reader *reader, const struct scim_list_query *query, scim_each *each, void *ctx,
                      enum pull_result *ret, size_t *ret_count, struct err *err)
{
    struct listing l = {
        .reader = reader, .query = query, .each = each, .ctx = ctx, .digest = digest_new(), .page = reader->page};
    int r = read_listing(&l, ret, err);
    if (ret_count)
        *ret_count = l.count;
    scim_ahead_clear(&l.ahead);
    digest_free(&l.digest);
    keymap_release(&l.met);
    buf_release(&l.body);
    return r;
}

/* The first page, of one resource. */
static int peek(struct scim_reader *reader, const struct scim_list_query *query, struct scim_list *ret, bool *ret_any,
                struct err *err)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT, body = BUF_INIT;
    struct listing l = {.reader = reader, .query = query, .page = 1, .plain = true};
    struct scim_error why = SCIM_ERROR_INIT;
    struct scim_pieces pieces;
    struct span first;
    json_auto_t *rest = NULL;
    write_url(&l, 1, &url);
    enum scim_got got = scim_reader_get(reader, url.data, query->object, false, &body, err);
    if (got == SCIM_GOT_REFUSAL && reader->by_cursor) {
        reader->by_cursor = false;
        return peek(reader, query, ret, ret_any, err);
    }
    if (got != SCIM_GOT)
        return -1;
    if (scim_pieces_begin((struct span){body.data, body.len}, "Resources", &rest, &pieces, &why) != 0 ||
        scim_list_read(rest, ret, &why) != 0)
        return scim_reader_not_scim(query->object, &body, &why, err);
    *ret_any = scim_pieces_next_text(&pieces, &first, &why) != 0;
    return 0;
}

int scim_listing_total(struct scim_reader *reader, const struct scim_list_query *query, int64_t *ret, struct err *err)
{
    struct scim_list list;
    bool any;
    if (peek(reader, query, &list, &any, err) != 0)
        return -1;
    *ret = list.total;
    return 0;
}

int scim_listing_is_empty(struct scim_reader *reader, const struct scim_list_query *query, bool *ret, struct err *err)
{
    struct scim_list list;
    bool any;
    if (peek(reader, query, &list, &any, err) != 0)
        return -1;
    *ret = !any && list.total <= 0;
    return 0;
}
