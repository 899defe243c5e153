#include "connectors/scim_entry.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/resource.h"

#define SHOWN_NAME_MAX 256 /* bytes of a name in a message */

struct scim_entry {
    const struct scim_paths *paths;
    const struct sink *sink;
    struct digest *digest;
    struct pool *pool; /* of one resource */
    struct named_value *extra;
    struct key128 *members;
    size_t nmembers, cap_members;
    const char *member_fault;
    size_t count[ENTRY_GROUP + 1], faults;
    scim_entry_shared_fn *shared; /* may be NULL */
    void *shared_ctx;
    bool changes;
};

/* The resource at hand. */
struct job {
    struct scim_entry *e;
    json_t *resource; /* what is wanted of it */
    struct span scim_id;
    struct entry entry;
    const char *text[ATTR_COUNT]; /* where each value was found */
};

struct scim_entry *scim_entry_new(const struct scim_paths *paths, const struct sink *sink, bool changes)
{
    struct scim_entry *e = mem_zero(sizeof *e);
    e->paths = paths;
    e->sink = sink;
    e->changes = changes;
    e->digest = digest_new();
    e->pool = pool_new();
    e->extra = paths->nextra ? mem_resize(NULL, paths->nextra, sizeof *e->extra) : NULL;
    return e;
}

void scim_entry_free(struct scim_entry **entry)
{
    struct scim_entry *e = *entry;
    if (!e)
        return;
    digest_free(&e->digest);
    pool_free(&e->pool);
    free(e->members);
    free(e->extra);
    free(e);
    *entry = NULL;
}

void scim_entry_ask_shared(struct scim_entry *e, scim_entry_shared_fn *shared, void *ctx)
{
    e->shared = shared;
    e->shared_ctx = ctx;
}

size_t scim_entry_count(const struct scim_entry *e, enum entry_kind kind)
{
    return e->count[kind];
}

size_t scim_entry_faults(const struct scim_entry *e)
{
    return e->faults;
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

static struct span string_at(const json_t *object, const char *key)
{
    const json_t *value = scim_json_get(object, key);
    return (struct span){json_string_value(value), json_string_length(value)};
}

static const char *shown(struct pool *pool, struct span text)
{
    size_t n = text.n < SHOWN_NAME_MAX ? text.n : SHOWN_NAME_MAX;
    /* Not in the middle of a character. */
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return pool_printf(pool, "%s%s", text_printable(pool, (struct span){text.p, n}), n < text.n ? "…" : "");
}

/* As people know it, from whatever can be read. */
static struct span name_of(const json_t *resource, enum entry_kind kind)
{
    static const char *const keys[][3] = {
        [ENTRY_PERSON] = {"userName", "displayName", "id"}, [ENTRY_GROUP] = {"displayName", "id", "externalId"}};
    for (size_t i = 0; i < 3; i++) {
        struct span text = string_at(resource, keys[kind][i]);
        if (text.n)
            return text;
    }
    return span_str("?");
}

/* place may be NULL. */
static int report(struct job *job, const json_t *resource, const char *place, const char *what, struct err *err)
{
    struct scim_entry *e = job->e;
    const char *type = scim_paths_type(job->entry.kind)->name;
    const char *name = shown(e->pool, name_of(resource, job->entry.kind));
    const char *why = pool_printf(e->pool, "%s %s: %s%s%s", type, name, place ? place : "", place ? ": " : "", what);
    e->faults++;
    return e->sink->fault(e->sink->ctx, job->entry.id, span_str(name), why, err);
}

/* --- the id ------------------------------------------------------------------------------------------------------- */

/* A UUID in lower case, as of every directory. NULL, or what is wrong with it. */
static const char *normal_id(struct pool *pool, struct span id, struct span *ret)
{
    if (id.n == 0)
        return "missing";
    if (id.n > ENTRY_ID_MAX)
        return "longer than 64 bytes; set id-attribute to one that holds a shorter id";
    if (!text_is_clean(id))
        return "has control characters; mend it";
    *ret = text_id(pool, id);
    return NULL;
}

struct span scim_entry_id(const struct scim_paths *paths, const json_t *resource, struct pool *pool)
{
    const char *place;
    struct span id = {0};
    return normal_id(pool, scim_paths_first(&paths->id, resource, pool, &place), &id) ? (struct span){0} : id;
}

static const char *find_id(struct job *job, const char **ret_place)
{
    struct scim_entry *e = job->e;
    *ret_place = "id";
    job->scim_id = string_at(job->resource, "id");
    if (job->scim_id.n == 0)
        return "missing";
    if (job->scim_id.n > SCIM_MEMBER_ID_MAX)
        return "longer than 255 bytes; no member could be told by it";
    if (!text_is_clean(job->scim_id))
        return "has control characters; mend it";
    *ret_place = e->paths->id.texts[0];
    return normal_id(e->pool, scim_paths_first(&e->paths->id, job->resource, e->pool, ret_place), &job->entry.id);
}

/* --- members ------------------------------------------------------------------------------------------------------ */

void scim_entry_member(struct scim_entry *e, struct span id)
{
    if (id.n == 0 || id.n > SCIM_MEMBER_ID_MAX)
        e->member_fault = "a member without an id of at most 255 bytes; mend or remove it";
    else if (e->nmembers == ENTRY_MEMBERS_MAX)
        e->member_fault = "more than four million members; split the group";
    else
        *MEM_PUSH(&e->members, &e->nmembers, &e->cap_members) = scim_paths_id_key(e->digest, id);
}

static int by_key(const void *a, const void *b)
{
    const struct key128 *x = a, *y = b;
    if (x->hi != y->hi)
        return x->hi < y->hi ? -1 : 1;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* In an order of their own: a service gives them in another one each time, which is no change. */
static void take_members(struct job *job)
{
    struct scim_entry *e = job->e;
    const json_t *member = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(job->resource, "members"), i, member)
        scim_entry_member(e, string_at(member, "value"));
    if (e->nmembers)
        qsort(e->members, e->nmembers, sizeof *e->members, by_key);
    job->entry.members = e->members;
    job->entry.nmembers = e->nmembers;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static void fill_values(struct job *job)
{
    struct scim_entry *e = job->e;
    const struct scim_paths *paths = e->paths;
    struct entry *entry = &job->entry;
    if (entry->kind == ENTRY_GROUP)
        entry->attr[ATTR_DISPLAY_NAME] =
            scim_paths_first(&paths->group_name, job->resource, e->pool, &job->text[ATTR_DISPLAY_NAME]);
    else
        for (size_t i = 0; i < ATTR_COUNT; i++)
            entry->attr[i] = scim_paths_first(&paths->attr[i], job->resource, e->pool, &job->text[i]);
    entry->active = entry->kind == ENTRY_PERSON &&
                    (!paths->has_active || scim_paths_matches(&paths->active, ENTRY_PERSON, job->resource, e->pool));
    for (size_t i = 0; i < paths->nexclude && !entry->excluded; i++)
        if (scim_paths_matches(&paths->exclude[i], entry->kind, job->resource, e->pool))
            entry->excluded = (unsigned)i + 1;
}

static void fill_extra(struct job *job)
{
    struct scim_entry *e = job->e;
    const char *place;
    for (size_t i = 0; i < e->paths->nextra; i++) {
        struct span value = scim_paths_first(&e->paths->extra[i], job->resource, e->pool, &place);
        if (value.n > 0)
            e->extra[job->entry.nextra++] = (struct named_value){span_str(e->paths->extra[i].texts[0]), value};
    }
    job->entry.extra = e->extra;
}

static void fill_names(struct job *job)
{
    struct entry *entry = &job->entry;
    const enum attr by_kind[] = {[ENTRY_PERSON] = ATTR_USER_NAME, [ENTRY_GROUP] = ATTR_DISPLAY_NAME};
    entry->name = entry->attr[by_kind[entry->kind]].n ? entry->attr[by_kind[entry->kind]] : job->scim_id;
    entry->key = scim_paths_id_key(job->e->digest, job->scim_id);
    if (entry->kind == ENTRY_GROUP && entry->attr[ATTR_DISPLAY_NAME].n)
        entry->alias = scim_paths_group_key(job->e->digest, entry->attr[ATTR_DISPLAY_NAME]);
}

/* The keys of names follow from the values. */
static struct key128 fingerprint(const struct job *job)
{
    const struct entry *entry = &job->entry;
    struct digest *digest = job->e->digest;
    unsigned char head[] = {SCIM_PATHS_VERSION[0], 's', (unsigned char)entry->kind, entry->active};
    digest_start(digest);
    digest_add(digest, head, sizeof head);
    digest_add(digest, &entry->excluded, sizeof entry->excluded);
    digest_field(digest, entry->id);
    digest_field(digest, job->scim_id);
    for (size_t i = 0; i < ATTR_COUNT; i++)
        digest_field(digest, entry->attr[i]);
    for (size_t i = 0; i < entry->nmembers; i++)
        digest_add(digest, &entry->members[i], sizeof entry->members[i]);
    for (size_t i = 0; i < entry->nextra; i++) {
        digest_field(digest, entry->extra[i].name);
        digest_field(digest, entry->extra[i].value);
    }
    return digest_key(digest);
}

static const char *value_fault(const struct job *job, const char **ret_place)
{
    *ret_place = "members";
    if (job->e->member_fault)
        return job->e->member_fault;
    for (size_t i = 0; i < ATTR_COUNT; i++) {
        *ret_place = job->text[i];
        if (job->entry.attr[i].n > ENTRY_VALUE_MAX)
            return "longer than 1024 bytes; shorten it";
        if (!text_is_clean(job->entry.attr[i]))
            return "has control characters; mend it";
    }
    for (size_t i = 0; i < job->entry.nextra; i++) {
        *ret_place = job->entry.extra[i].name.p;
        if (job->entry.extra[i].value.n > ENTRY_VALUE_MAX)
            return "longer than 1024 bytes; shorten it, or take it out of the platform's map";
        if (!text_is_clean(job->entry.extra[i].value))
            return "has control characters; mend it";
    }
    return NULL;
}

/* --- one resource ------------------------------------------------------------------------------------------------- */

static void keep_wanted(const struct scim_wanted *wanted, json_t *resource, json_t *ret)
{
    const char *name = wanted->extension ? wanted->extension->id : wanted->attr->name, *key = NULL;
    json_t *value = NULL;
    json_object_foreach(resource, key, value) if (strcasecmp(key, name) == 0) json_object_set(ret, key, value);
}

/* What nobody looks at cannot be wrong: somebody's 600 groups, an extension of the service's own. A new reference. */
static json_t *wanted_of(const struct scim_paths *paths, enum entry_kind kind, json_t *resource)
{
    static const struct scim_attr members = {.name = "members"};
    json_t *ret = json_object();
    for (size_t i = 0; i < paths->nwanted[kind]; i++)
        keep_wanted(&paths->wanted[kind][i], resource, ret);
    if (kind == ENTRY_GROUP)
        keep_wanted(&(struct scim_wanted){NULL, &members}, resource, ret);
    return ret;
}

/* 1: somebody else has the id, and keeps it; 0; -1. The service's own ids are nobody else's. */
static int is_held(const struct job *job, struct err *err)
{
    const struct scim_entry *e = job->e;
    if (e->paths->id_is_own || !e->sink->held)
        return 0;
    int held = e->sink->held(e->sink->ctx, job->entry.id, job->entry.key, err);
    if (held == SINK_HELD_BEFORE)
        return e->changes && e->shared ? e->shared(e->shared_ctx, job->entry.id, err) : 0;
    return held < 0 ? -1 : held == SINK_HELD_NOW;
}

static int give(struct job *job, struct err *err)
{
    struct scim_entry *e = job->e;
    job->entry.fingerprint = fingerprint(job);
    int seen = e->sink->seen(e->sink->ctx, job->entry.kind, job->entry.id, job->entry.fingerprint, err);
    int held = seen == 0 ? is_held(job, err) : 0;
    if (seen < 0 || held < 0)
        return -1;
    if (held)
        return report(job, job->resource, e->paths->id.texts[0],
                      "another User or Group has the same, so it is not known who is who; mend one of them", err);
    if (e->changes && e->sink->gone_key(e->sink->ctx, job->entry.key, job->entry.id, err) != 0)
        return -1;
    return seen ? 0 : e->sink->put(e->sink->ctx, &job->entry, err);
}

static int deliver(struct job *job, struct err *err)
{
    struct scim_error error = SCIM_ERROR_INIT;
    int checked = scim_resource_check(scim_paths_type(job->entry.kind), SCIM_ANSWERED, job->resource, &error);
    const char *place, *what = find_id(job, &place);
    if (what)
        return report(job, job->resource, place, what, err);
    if (checked != 0)
        return report(job, job->resource, NULL, error.detail, err);
    fill_values(job);
    if (job->entry.kind == ENTRY_GROUP)
        take_members(job);
    else
        fill_extra(job);
    fill_names(job);
    what = value_fault(job, &place);
    if (what)
        return report(job, job->resource, place, what, err);
    return give(job, err);
}

int scim_entry_deliver(struct scim_entry *e, enum entry_kind kind, json_t *resource, struct err *err)
{
    pool_reset(e->pool);
    e->count[kind]++;
    json_auto_t *wanted = wanted_of(e->paths, kind, resource);
    struct job job = {.e = e, .resource = wanted, .entry = {.kind = kind}};
    int r = deliver(&job, err);
    e->nmembers = 0;
    e->member_fault = NULL;
    return r;
}

int scim_entry_gone(struct scim_entry *e, enum entry_kind kind, struct span id, struct err *err)
{
    struct span normal;
    pool_reset(e->pool);
    if (e->paths->id_is_own && normal_id(e->pool, id, &normal) == NULL &&
        e->sink->gone(e->sink->ctx, kind, normal, err) != 0)
        return -1;
    /* By its key as well: it may be there by what id-attribute was before. */
    return e->sink->gone_key(e->sink->ctx, scim_paths_id_key(e->digest, id), (struct span){NULL, 0}, err);
}
