#include "connectors/deliver.h"

#include <stdint.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/dn.h"
#include "crypto/digest.h"

/* Raised when the same directory would give other keys or values than before, so that every entry is taken anew. */
#define FINGERPRINT_VERSION "1"

#define SHOWN_NAME_MAX 256 /* bytes of a DN in a message */

struct found {
    size_t first, last; /* indexes into raw's attributes, or RAW_NONE */
};

struct deliver {
    const struct attrmap *map;
    const struct sink *sink;
    bool id_from_name;
    struct dn_keyer *keyer;
    struct digest *digest;
    struct pool *pool; /* of one entry */
    struct found *found;
    struct named_value *extra;
    size_t cap_extra;
    struct key128 *members;
    size_t cap_members;
    size_t count[ENTRY_KINDS];
};

/* The entry at hand. */
struct job {
    struct deliver *d;
    const struct raw *raw;
    struct entry entry;
    size_t slot[ATTR_COUNT]; /* which attribute each value came from */
    struct span alias;
    const char *bad_range; /* a ranged attribute that is not complete */
};

struct deliver *deliver_new(const struct attrmap *map, const struct sink *sink, bool id_from_name)
{
    struct deliver *d = mem_zero(sizeof *d);
    d->map = map;
    d->sink = sink;
    d->id_from_name = id_from_name;
    d->keyer = dn_keyer_new();
    d->digest = digest_new();
    d->pool = pool_new();
    d->found = mem_resize(NULL, map->nslots, sizeof *d->found);
    d->extra = map->nextra ? mem_resize(NULL, map->nextra, sizeof *d->extra) : NULL;
    return d;
}

void deliver_free(struct deliver **deliver)
{
    if (!*deliver)
        return;
    dn_keyer_free(&(*deliver)->keyer);
    digest_free(&(*deliver)->digest);
    pool_free(&(*deliver)->pool);
    free((*deliver)->found);
    free((*deliver)->extra);
    free((*deliver)->members);
    free(*deliver);
    *deliver = NULL;
}

size_t deliver_count(const struct deliver *deliver, enum entry_kind kind)
{
    return deliver->count[kind];
}

static const char *shown_name(struct pool *pool, struct span name)
{
    if (name.n <= SHOWN_NAME_MAX)
        return text_printable(pool, name);
    /* Not in the middle of a character. */
    size_t n = SHOWN_NAME_MAX;
    while (n > 0 && ((unsigned char)name.p[n] & 0xC0) == 0x80)
        n--;
    return pool_printf(pool, "%s…", text_printable(pool, (struct span){name.p, n}));
}

/* attribute may be NULL. */
static int report(struct job *job, const char *attribute, const char *what, struct err *err)
{
    struct deliver *d = job->d;
    const char *name = shown_name(d->pool, job->raw->name);
    const char *why = attribute ? pool_printf(d->pool, "%s: %s: %s", name, attribute, what)
                                : pool_printf(d->pool, "%s: %s", name, what);
    return d->sink->fault(d->sink->ctx, job->entry.id, span_str(name), why, err);
}

/* --- which attribute is where ------------------------------------------------------------------------------------- */

/* Options: a language or another subtype is not the attribute itself; a range has to be the whole. */
static bool is_usable(struct job *job, struct span type, struct span base)
{
    struct span option = {type.p + base.n, type.n - base.n};
    if (option.n == 0 || (option.n == 7 && strncasecmp(option.p, ";binary", 7) == 0))
        return true;
    if (option.n < 7 || strncasecmp(option.p, ";range=", 7) != 0)
        return false;
    if (option.n == 10 && memcmp(option.p + 7, "0-*", 3) == 0)
        return true;
    job->bad_range = text_printable(job->d->pool, type);
    return false;
}

static void find_attrs(struct job *job, struct raw *raw)
{
    struct deliver *d = job->d;
    for (size_t i = 0; i < d->map->nslots; i++)
        d->found[i] = (struct found){RAW_NONE, RAW_NONE};
    for (size_t i = 0; i < raw->nattrs; i++) {
        struct raw_attr *attr = &raw->attrs[i];
        attr->next = RAW_NONE;
        struct span base = raw_base_type(attr->type);
        size_t slot = attrmap_slot(d->map, base);
        if (slot == ATTRMAP_NONE || attr->n == 0 || !is_usable(job, attr->type, base))
            continue;
        struct found *found = &d->found[slot];
        if (found->first == RAW_NONE)
            found->first = i;
        else
            raw->attrs[found->last].next = i;
        found->last = i;
    }
}

/* The first value that is not blank. */
static struct span first_value(const struct job *job, size_t slot)
{
    const struct raw *raw = job->raw;
    for (size_t a = job->d->found[slot].first; a != RAW_NONE; a = raw->attrs[a].next)
        for (size_t i = 0; i < raw->attrs[a].n; i++) {
            struct span value = text_trim(raw->values[raw->attrs[a].first + i]);
            if (value.n > 0)
                return value;
        }
    return (struct span){NULL, 0};
}

static void choose(struct job *job, enum attr attr, const struct attr_choice *choice)
{
    for (size_t i = 0; i < choice->n; i++) {
        struct span value = first_value(job, choice->slots[i]);
        if (value.n == 0)
            continue;
        job->entry.attr[attr] = value;
        job->slot[attr] = choice->slots[i];
        return;
    }
}

static bool rule_matches(const struct job *job, const struct attr_rule *rule)
{
    const struct raw *raw = job->raw;
    for (size_t a = job->d->found[rule->slot].first; a != RAW_NONE; a = raw->attrs[a].next)
        for (size_t i = 0; i < raw->attrs[a].n; i++) {
            struct span value = raw->values[raw->attrs[a].first + i];
            /* A photograph is not for patterns. */
            if (value.n <= ENTRY_NAME_MAX && text_glob(rule->pattern, value))
                return true;
        }
    return false;
}

/* --- the id ------------------------------------------------------------------------------------------------------- */

static struct span hex(struct pool *pool, const void *data, size_t n)
{
    char *text = pool_alloc(pool, 2 * n + 1);
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", ((const unsigned char *)data)[i]);
    return (struct span){text, 2 * n};
}

/* NULL, or what is wrong with it. */
static const char *read_id(struct job *job, struct span value)
{
    struct pool *pool = job->d->pool;
    if (text_is_clean(value)) {
        if (value.n > ENTRY_ID_MAX)
            return "longer than 64 bytes; set id-attribute to one that holds a shorter id";
        job->entry.id = text_id(pool, value);
    } else {
        if (value.n > ENTRY_ID_MAX / 2)
            return "longer than 32 bytes and not text; set id-attribute to one that holds a shorter id";
        job->entry.id = hex(pool, value.p, value.n);
    }
    return NULL;
}

/* Untrimmed: a binary id may end in the byte of a space. */
static struct span id_value(const struct job *job)
{
    size_t a = job->d->found[job->d->map->id].first;
    return a == RAW_NONE ? (struct span){NULL, 0} : job->raw->values[job->raw->attrs[a].first];
}

static const char *find_id(struct job *job)
{
    struct span value = id_value(job);
    if (value.n > 0)
        return read_id(job, value);
    if (!job->d->id_from_name)
        return "missing; set id-attribute, or let the bind DN read it";
    if (dn_keyer_name(job->d->keyer, job->raw->name, &job->entry.key) != 0)
        return "missing, and the entry's name is not a DN that could stand for it";
    job->entry.id = hex(job->d->pool, &job->entry.key, sizeof job->entry.key);
    return NULL;
}

/* --- the fingerprint ---------------------------------------------------------------------------------------------- */

static void digest_members(const struct job *job, enum member_kind kind)
{
    const struct raw *raw = job->raw;
    size_t count = 0;
    for (size_t a = job->d->found[job->d->map->member[kind]].first; a != RAW_NONE; a = raw->attrs[a].next)
        count += raw->attrs[a].n;
    digest_add(job->d->digest, &count, sizeof count);
    for (size_t a = job->d->found[job->d->map->member[kind]].first; a != RAW_NONE; a = raw->attrs[a].next)
        for (size_t i = 0; i < raw->attrs[a].n; i++)
            digest_field(job->d->digest, raw->values[raw->attrs[a].first + i]);
}

/*
 * Over what the directory holds and not over what is made of it: keys follow from names, so that an entry that is known
 * costs one digest and nothing else.
 */
static struct key128 fingerprint(const struct job *job)
{
    const struct entry *entry = &job->entry;
    struct digest *digest = job->d->digest;
    unsigned char head[] = {FINGERPRINT_VERSION[0], (unsigned char)entry->kind, entry->active};
    digest_start(digest);
    digest_add(digest, head, sizeof head);
    digest_add(digest, &entry->excluded, sizeof entry->excluded);
    digest_field(digest, entry->id);
    digest_field(digest, entry->name);
    digest_field(digest, job->alias);
    for (size_t i = 0; i < ATTR_COUNT; i++)
        digest_field(digest, entry->attr[i]);
    if (entry->kind == ENTRY_GROUP)
        for (size_t i = 0; i < MEMBER_KINDS; i++)
            digest_members(job, (enum member_kind)i);
    for (size_t i = 0; i < entry->nextra; i++) {
        digest_field(digest, entry->extra[i].name);
        digest_field(digest, entry->extra[i].value);
    }
    return digest_key(digest);
}

/* --- members ------------------------------------------------------------------------------------------------------ */

/* NameAndOptionalUID (RFC 4517 section 3.3.21): a bit string may follow the DN. */
static struct span without_uid(struct span value)
{
    if (value.n < 4 || memcmp(value.p + value.n - 2, "'B", 2) != 0)
        return value;
    size_t i = value.n - 2;
    while (i > 0 && (value.p[i - 1] == '0' || value.p[i - 1] == '1'))
        i--;
    if (i < 3 || value.p[i - 1] != '\'' || value.p[i - 2] != '#')
        return value;
    return (struct span){value.p, i - 2};
}

static int member_key(struct job *job, enum member_kind kind, struct span value, struct key128 *ret)
{
    if (kind == MEMBER_ALIAS)
        return dn_keyer_alias(job->d->keyer, text_trim(value), ret);
    return dn_keyer_name(job->d->keyer, kind == MEMBER_DN_AND_UID ? without_uid(value) : value, ret);
}

static const char *add_members(struct job *job, enum member_kind kind)
{
    const struct raw *raw = job->raw;
    struct deliver *d = job->d;
    for (size_t a = d->found[d->map->member[kind]].first; a != RAW_NONE; a = raw->attrs[a].next)
        for (size_t i = 0; i < raw->attrs[a].n; i++) {
            struct span value = raw->values[raw->attrs[a].first + i];
            if (text_trim(value).n == 0)
                continue; /* the empty DN, which stands for nobody: groupOfNames may not be without a member */
            struct key128 key;
            if (member_key(job, kind, value, &key) != 0)
                return pool_printf(d->pool, "'%s' is not a name that a member can have; mend or remove it",
                                   shown_name(d->pool, value));
            if (job->entry.nmembers == ENTRY_MEMBERS_MAX)
                return "more than four million members; split the group";
            *MEM_PUSH(&d->members, &job->entry.nmembers, &d->cap_members) = key;
        }
    return NULL;
}

static int fill_members(struct job *job, const char **ret_attribute, const char **ret_what)
{
    for (size_t i = 0; i < MEMBER_KINDS; i++) {
        *ret_what = add_members(job, (enum member_kind)i);
        if (*ret_what) {
            *ret_attribute = job->d->map->slots[job->d->map->member[i]].name;
            return -1;
        }
    }
    job->entry.members = job->d->members;
    return 0;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static const char *value_fault(struct span value)
{
    if (value.n > ENTRY_VALUE_MAX)
        return "longer than 1024 bytes; shorten it";
    if (!text_is_clean(value))
        return "not UTF-8, or with control characters; mend it";
    return NULL;
}

/* Untrimmed where it is not text: a binary value may begin or end in the byte of a space. */
static struct span extra_value(const struct job *job, size_t slot)
{
    size_t a = job->d->found[slot].first;
    struct span text = first_value(job, slot);
    return text.n == 0 || text_is_clean(text) ? text : job->raw->values[job->raw->attrs[a].first];
}

/* As the source has them, which is what the fingerprint is of. */
static void find_extra(struct job *job)
{
    const struct attrmap *map = job->d->map;
    size_t n = 0;
    for (size_t i = 0; i < map->nextra; i++) {
        struct span value = extra_value(job, map->extra[i].slot);
        if (value.n > 0)
            job->d->extra[n++] = (struct named_value){span_str(map->extra[i].name), value};
    }
    job->entry.extra = job->d->extra;
    job->entry.nextra = n;
}

/* In the form that ids have. */
static int fill_extra(struct job *job, const char **ret_attribute, const char **ret_what)
{
    struct pool *pool = job->d->pool;
    for (size_t i = 0; i < job->entry.nextra; i++) {
        struct span *value = &job->d->extra[i].value;
        *ret_attribute = job->d->extra[i].name.p;
        *ret_what = "longer than 1024 bytes; shorten it, or take it out of the platform's map";
        if (value->n > ENTRY_VALUE_MAX)
            return -1;
        bool clean = text_is_clean(*value);
        if (!clean && value->n > ENTRY_VALUE_MAX / 2)
            return -1;
        *value = clean ? text_id(pool, *value) : hex(pool, value->p, value->n);
    }
    return 0;
}

static int check_values(const struct job *job, const char **ret_attribute, const char **ret_what)
{
    for (size_t i = 0; i < ATTR_COUNT; i++) {
        *ret_what = value_fault(job->entry.attr[i]);
        if (*ret_what) {
            *ret_attribute = job->d->map->slots[job->slot[i]].name;
            return -1;
        }
    }
    return 0;
}

static int fill_keys(struct job *job, const char **ret_attribute, const char **ret_what)
{
    *ret_attribute = NULL;
    if (dn_keyer_name(job->d->keyer, job->raw->name, &job->entry.key) != 0 || !text_is_clean(job->raw->name)) {
        *ret_what = "not a DN of at most 4096 bytes without control characters; rename the entry";
        return -1;
    }
    if (job->alias.n > 0 && dn_keyer_alias(job->d->keyer, job->alias, &job->entry.alias) != 0) {
        *ret_attribute = job->d->map->flavour->alias;
        *ret_what = "not UTF-8, or longer than 1024 bytes; mend it";
        return -1;
    }
    return 0;
}

static void fill_values(struct job *job)
{
    const struct attrmap *map = job->d->map;
    struct entry *entry = &job->entry;
    if (entry->kind == ENTRY_GROUP) {
        choose(job, ATTR_DISPLAY_NAME, &map->group_name);
    } else {
        for (size_t i = 0; i < ATTR_COUNT; i++)
            choose(job, (enum attr)i, &map->attr[i]);
        if (map->alias != ATTRMAP_NONE)
            job->alias = first_value(job, map->alias);
        if (map->nextra)
            find_extra(job);
    }
    entry->active =
        entry->kind == ENTRY_PERSON && (!map->has_active || rule_matches(job, &map->active) != map->active.negated);
    for (size_t i = 0; i < map->nexclude && !entry->excluded; i++)
        if (rule_matches(job, &map->exclude[i]))
            entry->excluded = (unsigned)i + 1;
}

/* A container is kept to tell moves by its id. One that cannot be kept proves nothing, and is no fault. */
static int deliver_container(struct job *job, struct err *err)
{
    const struct sink *sink = job->d->sink;
    const char *attribute, *what;
    if (id_value(job).n == 0 || find_id(job))
        return 0;
    job->entry.fingerprint = fingerprint(job);
    int seen = sink->seen(sink->ctx, ENTRY_CONTAINER, job->entry.id, job->entry.fingerprint, err);
    if (seen != 0)
        return seen < 0 ? -1 : 0;
    return fill_keys(job, &attribute, &what) == 0 ? sink->put(sink->ctx, &job->entry, err) : 0;
}

int deliver_entry(struct deliver *d, enum entry_kind kind, struct raw *raw, struct err *err)
{
    pool_reset(d->pool);
    d->count[kind]++;
    struct job job = {.d = d, .raw = raw, .entry = {.kind = kind, .name = raw->name}};
    find_attrs(&job, raw);
    if (kind == ENTRY_CONTAINER)
        return deliver_container(&job, err);
    const char *attribute = d->map->slots[d->map->id].name, *what = find_id(&job);
    if (what)
        return report(&job, attribute, what, err);
    if (job.bad_range)
        return report(&job, job.bad_range, "only a part of its values", err);
    fill_values(&job);
    job.entry.fingerprint = fingerprint(&job);
    int seen = d->sink->seen(d->sink->ctx, kind, job.entry.id, job.entry.fingerprint, err);
    if (seen != 0)
        return seen < 0 ? -1 : 0;
    if (check_values(&job, &attribute, &what) != 0 || fill_extra(&job, &attribute, &what) != 0 || fill_keys(&job, &attribute, &what) != 0 ||
        fill_members(&job, &attribute, &what) != 0)
        return report(&job, attribute, what, err);
    return d->sink->put(d->sink->ctx, &job.entry, err);
}
