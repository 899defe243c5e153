/* Listings: which resources, in which order, which page. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "push/candidates.h"

/* A listing of one type, or one part of a listing of all. */
struct listing {
    struct service_call *call;
    const struct service_type *type;
    const struct scim_query *query;
    json_t *shown;
    size_t room;          /* for so many more */
    int64_t skip;         /* of those that match, before the first that is shown */
    int64_t total;        /* that match; by cursor not all are counted */
    int64_t last;         /* row of the last that was shown */
    size_t links;         /* members and groups that are shown in all of the answer */
    size_t bytes;         /* of what was shown, as the store has it */
    bool more;            /* there is another one behind the page */
    double deadline;      /* of clock_monotonic */
    struct pool *scratch; /* for one resource */
    bool shows_links;     /* members or groups */
    bool needs_links;     /* for the filter */
};

/* --- filters by the tables ----------------------------------------------------------------------------------------------- */

struct knowing {
    struct service_call *call;
    const struct pushed_resource *resource;
    bool failed;
};

/* Whoever has no such id is in no group, and no group has it. */
static int is_linked(struct knowing *knowing, struct span id)
{
    struct service_call *call = knowing->call;
    struct pushed_resource other;
    bool is_group = knowing->resource->kind == PUSHED_GROUP;
    int r = pushed_get_any(call->pushed, call->directory, id, call->pool, &other, call->err);
    if (r == 1)
        r = pushed_is_member(call->pushed, is_group ? knowing->resource->row : other.row,
                             is_group ? other.row : knowing->resource->row, call->err);
    knowing->failed |= r < 0;
    return r > 0;
}

static int know(void *ctx, const struct scim_filter *term)
{
    struct knowing *knowing = ctx;
    struct span id = candidates_linked_id(&service_types[knowing->resource->kind], term);
    return id.p ? is_linked(knowing, id) : -1;
}

/* Whether some term looks at members, or groups, in another way than by id. */
static bool looks_into_links(const struct service_type *type, const struct scim_filter *f)
{
    if (f->known && f->at.attr == service_attr(type, type->links))
        return !candidates_linked_id(type, f).p;
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next)
        if (looks_into_links(type, kid))
            return true;
    return false;
}

/* --- matching and showing ------------------------------------------------------------------------------------------------- */

static int too_long(struct listing *l)
{
    return scim_error_set(&l->call->error, SCIM_WRONG_TOO_MANY,
                          "the query looks at too many resources; filter by id, %s, externalId, emails.value or "
                          "meta.lastModified, with eq (or gt)",
                          l->type->name);
}

static int match_in(struct listing *l, const struct pushed_resource *r, json_t **ret)
{
    json_auto_t *whole = NULL;
    struct knowing knowing = {.call = l->call, .resource = r};
    const struct scim_oracle oracle = {know, &knowing};
    if (clock_monotonic() > l->deadline)
        return too_long(l);
    if (service_whole(l->call, r, l->needs_links, &whole) != 0)
        return -1;
    if (l->query->filter && !scim_filter_match(l->query->filter, whole, l->needs_links ? NULL : &oracle))
        return knowing.failed ? -1 : 0;
    *ret = json_incref(whole);
    return knowing.failed ? -1 : 1;
}

/* 1: it matches, and *ret is it; 0; -1. There may be many: what one of them takes is given back behind it. */
static int match(struct listing *l, const struct pushed_resource *r, json_t **ret)
{
    struct pool *own = l->call->pool;
    pool_reset(l->scratch);
    l->call->pool = l->scratch;
    int matches = match_in(l, r, ret);
    l->call->pool = own;
    return matches;
}

/* A page ends before it is more than an answer should hold; what is alone is shown whole. */
static int has_room(struct listing *l, const struct pushed_resource *r)
{
    int64_t n = 0;
    if (l->shows_links && r->kind == PUSHED_GROUP && l->room &&
        pushed_member_count(l->call->pushed, r->row, &n, l->call->err) != 0)
        return -1;
    if ((l->links > 0 && l->links + (size_t)n > SERVICE_MEMBERS_SHOWN) ||
        (l->bytes > 0 && l->bytes + r->text.n > SERVICE_PAGE_BYTES))
        l->room = 0;
    return l->room > 0;
}

static int show(struct listing *l, const struct pushed_resource *r, json_t *whole)
{
    json_auto_t *with_links = NULL;
    if (l->shows_links && !l->needs_links) {
        if (service_whole(l->call, r, true, &with_links) != 0)
            return -1;
        whole = with_links;
    }
    if (l->shows_links)
        l->links += json_array_size(json_object_get(whole, l->type->links));
    json_array_append_new(l->shown, scim_project(&l->query->projection, whole));
    l->bytes += r->text.n;
    l->last = r->row;
    l->room--;
    return 0;
}

static int visit(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct listing *l = ctx;
    json_auto_t *whole = NULL;
    (void)err;
    int matches = match(l, r, &whole);
    if (matches != 1)
        return matches;
    l->total++;
    if (l->skip > 0) {
        l->skip--;
        return 0;
    }
    int fits = has_room(l, r);
    if (fits < 0)
        return -1;
    if (fits == 0) {
        l->more = true;
        return l->query->page.by_cursor;
    }
    return show(l, r, whole);
}

/* --- in an order ------------------------------------------------------------------------------------------------------------ */

/* What is put in order: the attribute alone, and the row as "#". */
struct sorting {
    struct listing *l;
    json_t **keys;
    size_t n, cap;
    size_t bytes; /* at most, of what the keys hold */
};

static void sorting_release(struct sorting *s)
{
    for (size_t i = 0; i < s->n; i++)
        json_decref(s->keys[i]);
    free(s->keys);
}

static json_t *sort_key(const struct scim_order *order, json_t *whole, int64_t row)
{
    json_t *key = json_pack("{s:I}", "#", (json_int_t)row), *into = key;
    if (order->at.extension)
        json_object_set_new(key, order->at.extension->id, into = json_object());
    json_t *value = scim_attrpath_get(&order->at, whole);
    if (value)
        json_object_set(into, order->at.attr->name, value);
    return key;
}

static int collect(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct sorting *s = ctx;
    json_auto_t *whole = NULL;
    (void)err;
    int matches = match(s->l, r, &whole);
    if (matches != 1)
        return matches;
    s->bytes += r->text.n;
    if (s->n == SERVICE_SORT_MAX || s->bytes > SERVICE_SORT_BYTES)
        return scim_error_set(&s->l->call->error, SCIM_WRONG_TOO_MANY,
                              "more than %d resources, or large ones, would be put in order; sort by %s, or filter",
                              SERVICE_SORT_MAX, s->l->type->name);
    *MEM_PUSH(&s->keys, &s->n, &s->cap) = sort_key(&s->l->query->order, whole, r->row);
    return 0;
}

static int show_row(struct listing *l, int64_t row)
{
    struct pushed_resource r;
    json_auto_t *whole = NULL;
    if (pushed_get_row(l->call->pushed, row, true, l->call->pool, &r, l->call->err) < 0 ||
        service_whole(l->call, &r, l->needs_links, &whole) != 0)
        return -1;
    int fits = has_room(l, &r);
    return fits == 1 ? show(l, &r, whole) : fits;
}

static int list_sorted(struct listing *l, struct candidates *c)
{
    CLEANUP(sorting_release) struct sorting s = {.l = l};
    if (candidates_each(l->call, c, collect, &s) != 0)
        return -1;
    if (s.n)
        scim_order_sort(l->call->pool, &l->query->order, s.keys, s.n);
    l->total = (int64_t)s.n;
    for (size_t i = (size_t)l->skip; i < s.n && l->room; i++)
        if (show_row(l, json_integer_value(json_object_get(s.keys[i], "#"))) != 0)
            return -1;
    return 0;
}

/* --- a page ----------------------------------------------------------------------------------------------------------------- */

static bool is_by_name(const struct listing *l)
{
    return !l->query->filter && l->query->order.at.attr == service_attr(l->type, l->type->name);
}

static int list_type(struct listing *l)
{
    struct candidates c;
    const struct scim_order *order = &l->query->order;
    const struct scim_projection *projection = &l->query->projection;
    struct pushed_about about;
    l->shows_links = scim_projection_has(projection, NULL, service_attr(l->type, l->type->links));
    l->needs_links = l->query->filter && looks_into_links(l->type, l->query->filter);
    if (candidates_choose(l->call, l->type, l->query->filter, &c) != 0)
        return -1;
    c.query.after = l->last;
    if (order->asked && !is_by_name(l))
        return list_sorted(l, &c);
    c.query.way = order->asked ? PUSHED_BY_NAME : c.query.way;
    c.query.descending = order->descending;
    if (l->query->filter || l->query->page.by_cursor)
        return candidates_each(l->call, &c, visit, l);
    /* Everything there is: how many stands beside it, and the page is read alone. */
    if (pushed_about(l->call->pushed, l->call->directory, &about, l->call->err) != 0)
        return -1;
    int64_t total = l->type->kind == PUSHED_USER ? about.users : about.groups;
    c.query.skip = l->skip;
    c.query.most = (int64_t)l->room;
    l->skip = 0;
    if (l->room && candidates_each(l->call, &c, visit, l) != 0)
        return -1;
    l->total = total;
    return 0;
}

/* "u12": users behind row 12. */
static int read_cursor(struct service_call *call, struct span cursor, int64_t *ret_after, enum pushed_kind *ret_kind)
{
    int64_t row = 0;
    if (cursor.n == 0)
        return 0;
    bool good = cursor.n > 1 && cursor.n < 20 && (cursor.p[0] == 'u' || cursor.p[0] == 'g');
    for (size_t i = 1; good && i < cursor.n; i++) {
        good = cursor.p[i] >= '0' && cursor.p[i] <= '9';
        row = row * 10 + (cursor.p[i] - '0');
    }
    if (!good)
        return scim_error_set(&call->error, SCIM_WRONG_CURSOR, "the cursor is none of this service's");
    *ret_after = row;
    *ret_kind = cursor.p[0] == 'u' ? PUSHED_USER : PUSHED_GROUP;
    return 0;
}

/* The types that are listed, from the one that the cursor is in. */
struct parts {
    const struct service_type *type; /* NULL: all */
    const struct scim_params *params;
    enum pushed_kind first;
    int64_t after;
};

static int list_parts(struct service_call *call, const struct parts *parts, const struct scim_page *page, json_t *shown,
                      int64_t *ret_total, const char **ret_next)
{
    CLEANUP(pool_free) struct pool *scratch = pool_new();
    double seconds = call->request->seconds > 0 ? call->request->seconds : SERVICE_SEARCH_SECONDS;
    struct listing l = {.call = call,
                        .shown = shown,
                        .room = page->count,
                        .last = parts->after,
                        .deadline = clock_monotonic() + seconds,
                        .scratch = scratch};
    l.skip = page->by_cursor ? 0 : (int64_t)page->start - 1;
    for (enum pushed_kind kind = parts->first; kind <= PUSHED_GROUP && !(l.more && page->by_cursor); kind++) {
        struct scim_query query;
        l.type = parts->type ? parts->type : &service_types[kind];
        l.total = 0;
        int64_t skip = l.skip;
        if (scim_query_read(call->pool, l.type->scim, parts->params, false, &query, &call->error) != 0)
            return -1;
        l.query = &query;
        if (query.order.asked && (page->by_cursor || !parts->type))
            return scim_error_set(&call->error, SCIM_WRONG_VALUE,
                                  page->by_cursor ? "sortBy and cursor are both there; send one of them"
                                                  : "sortBy needs an endpoint of one type; ask /Users or /Groups");
        if (list_type(&l) != 0)
            return -1;
        *ret_total += l.total;
        l.skip = skip > l.total ? skip - l.total : 0;
        if (page->by_cursor && l.more)
            *ret_next = pool_printf(call->pool, "%c%lld", kind == PUSHED_USER ? 'u' : 'g', (long long)l.last);
        l.last = 0;
        if (parts->type)
            break;
    }
    return 0;
}

int service_list(struct service_call *call, const struct service_type *type, const struct scim_params *params)
{
    struct parts parts = {.type = type, .params = params, .first = type ? type->kind : PUSHED_USER};
    struct scim_query query;
    const char *next = NULL;
    int64_t total = 0;
    json_auto_t *shown = json_array();
    if (scim_query_read(call->pool, type ? type->scim : &scim_users, params, false, &query, &call->error) != 0 ||
        read_cursor(call, query.page.by_cursor ? query.page.cursor : (struct span){0}, &parts.after, &parts.first) != 0)
        return -1;
    if (type && parts.first != type->kind)
        return scim_error_set(&call->error, SCIM_WRONG_CURSOR, "the cursor is of another endpoint");
    if (call->directory && list_parts(call, &parts, &query.page, shown, &total, &next) != 0)
        return -1;
    service_body(call, 200,
                 scim_list_json(&query.page, query.page.by_cursor ? -1 : total, json_incref(shown), next, NULL));
    return 0;
}
