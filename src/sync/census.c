#include "sync/census.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "sync/guard.h"
#include "sync/identity.h"
#include "sync/mapper.h"
#include "sync/repair.h"

/* One pass over all accounts costs less than looking up this many. */
#define MANY_GOING 1000

struct taking {
    const struct plan_settings *settings;
    struct census *census;
    struct keymap emails; /* of the e-mail's hash and the claim -> the person */
    char domain[256];     /* the last one looked up, and its place in the gate */
    int gate_index;
    bool scoped;
};

/* Whose an e-mail is: the account's that has it, or the person's who would get it. */
enum claim { CLAIM_HAS = 1, CLAIM_WANTS };

static struct key128 email_key(int64_t hash, enum claim claim)
{
    return (struct key128){(uint64_t)hash, claim};
}

/* Neighbours mostly share their domain. */
static int gate_index(struct taking *t, const char *domain)
{
    if (strcmp(t->domain, domain) != 0) {
        t->gate_index = gate_find(t->settings->gate, domain);
        snprintf(t->domain, sizeof t->domain, "%s", domain);
    }
    return t->gate_index;
}

static enum hold hold_of(struct taking *t, const char *domain)
{
    if (!*domain)
        return HOLD_NO_EMAIL;
    int i = gate_index(t, domain);
    if (i < 0)
        return HOLD_DOMAIN;
    if (!t->settings->gate->domains[i].open)
        return HOLD_GATE;
    return t->settings->policy->enabled_at ? HOLD_NONE : HOLD_DISABLED_SYNC;
}

static void make_room(struct census *c, uint32_t account)
{
    if (c->person_of && account <= c->max_account)
        return;
    uint32_t max = account + account / 2 + 1024;
    size_t had = c->person_of ? (size_t)c->max_account + 1 : 0;
    c->person_of = mem_resize(c->person_of, (size_t)max + 1, sizeof *c->person_of);
    memset(c->person_of + had, 0, ((size_t)max + 1 - had) * sizeof *c->person_of);
    c->max_account = max;
}

static void take_account(void *ctx, const struct account_row *row)
{
    struct taking *t = ctx;
    struct census *c = t->census;
    if (row->person > c->max_entry)
        return;
    make_room(c, row->id);
    c->person_of[row->id] = row->person;
    struct resident *r = &c->by_entry[row->person];
    r->account = row->id;
    r->state = (uint8_t)row->state;
    r->since = row->since;
    r->given = row->fingerprint;
    r->account_hold = (uint8_t)hold_of(t, row->domain);
    if (row->state == ACCOUNT_REMOVED)
        return;
    c->accounts++;
    uint32_t holder = keymap_find(&t->emails, email_key(row->email_hash, CLAIM_HAS));
    if (holder != KEYMAP_NONE)
        c->by_entry[holder].shared = r->shared = true;
    keymap_put(&t->emails, email_key(row->email_hash, CLAIM_HAS), row->person);
}

static void take_inside(void *ctx, uint32_t person, uint32_t via)
{
    struct taking *t = ctx;
    (void)via;
    if (person <= t->census->max_entry)
        t->census->by_entry[person].inside = true;
}

static void block(struct resident *all, uint32_t person, uint32_t other)
{
    all[person].blocked = true;
    all[person].other = other;
}

/*
 * An e-mail belongs to the account that has it, until that account has another; where there is none yet, two people with one e-mail
 * both wait for a human.
 */
static void settle_email(struct taking *t, uint32_t person, int64_t hash)
{
    struct resident *all = t->census->by_entry;
    uint32_t holder = keymap_find(&t->emails, email_key(hash, CLAIM_HAS));
    if (holder == person)
        return;
    uint32_t rival = keymap_find(&t->emails, email_key(hash, CLAIM_WANTS));
    if (rival == KEYMAP_NONE)
        keymap_put(&t->emails, email_key(hash, CLAIM_WANTS), person);
    else
        all[person].shared = all[rival].shared = true;
    if (holder != KEYMAP_NONE) {
        block(all, person, holder);
        return;
    }
    if (rival == KEYMAP_NONE)
        return;
    block(all, person, rival);
    block(all, rival, person);
}

static enum cause away_of(const struct taking *t, const struct person_row *row, bool inside)
{
    if (row->gone)
        return CAUSE_GONE;
    if (row->excluded)
        return CAUSE_EXCLUDED;
    if (!row->active)
        return CAUSE_DISABLED;
    return t->scoped && !inside ? CAUSE_OUT_OF_SCOPE : CAUSE_IN_DIRECTORY;
}

static void take_person(void *ctx, const struct person_row *row)
{
    struct taking *t = ctx;
    struct resident *r = &t->census->by_entry[row->id];
    r->known = true;
    r->excluded = row->excluded;
    r->base = row->base;
    r->differs = r->account && !key_eq(r->given, row->fingerprint);
    r->hold = (uint8_t)hold_of(t, row->domain);
    r->away = (uint8_t)away_of(t, row, r->inside);
    if (resident_wanted(r) && *row->domain)
        settle_email(t, row->id, row->email_hash);
}

/* Of a plan for one person: who else has a say in whose the e-mail is. */
struct near {
    uint32_t *people;
    size_t n, cap;
};

static void take_near(void *ctx, uint32_t person)
{
    struct near *near = ctx;
    *MEM_PUSH(&near->people, &near->n, &near->cap) = person;
}

static int take_scope(struct store *store, struct taking *t, const struct near *near, struct err *err)
{
    int scope = policy_scope(t->settings->policy);
    if (scope < 0)
        return 0;
    const struct target *target = &t->settings->policy->targets[scope];
    t->scoped = true;
    t->census->scope_unresolved = target->unresolved;
    if (!t->settings->only)
        return entitled_each(store->db, target->id, take_inside, t, err);
    for (size_t i = 0; i < near->n; i++)
        if (entitled_each_of(store->db, target->id, near->people[i], take_inside, t, err) != 0)
            return -1;
    return 0;
}

static int take_everybody(struct store *store, struct taking *t, struct err *err)
{
    const struct policy *p = t->settings->policy;
    keymap_reserve(&t->emails, t->census->max_entry);
    return account_each(store->db, p->team, take_account, t, err) != 0 || take_scope(store, t, NULL, err) != 0 ||
                   person_each(store->db, p->directory, take_person, t, err) != 0
               ? -1
               : 0;
}

static int take_these(struct store *store, struct taking *t, const struct near *near, struct err *err)
{
    const struct policy *p = t->settings->policy;
    for (size_t i = 0; i < near->n; i++)
        if (account_each_of(store->db, p->team, near->people[i], take_account, t, err) != 0)
            return -1;
    if (take_scope(store, t, near, err) != 0)
        return -1;
    for (size_t i = 0; i < near->n; i++)
        if (person_each_of(store->db, p->directory, near->people[i], take_person, t, err) != 0)
            return -1;
    return 0;
}

static int take_one(struct store *store, struct taking *t, struct err *err)
{
    struct near near = {0};
    int r = person_each_near(store->db, t->settings->only, take_near, &near, err);
    if (r == 0)
        r = take_these(store, t, &near, err);
    free(near.people);
    return r;
}

static bool may_go(const struct resident *r)
{
    return r->known && !resident_wanted(r) && r->account && r->state != ACCOUNT_REMOVED;
}

static void protect(void *ctx, uint32_t person, struct span email, struct span user_name)
{
    struct taking *t = ctx;
    if (person > t->census->max_entry)
        return;
    struct resident *r = &t->census->by_entry[person];
    if (may_go(r) && r->account_hold == HOLD_NONE && guard_protects(t->settings->policy->section, email, user_name))
        r->account_hold = HOLD_PROTECTED;
}

static size_t count_going(const struct census *c)
{
    size_t n = 0;
    for (uint32_t person = 1; person <= c->max_entry; person++)
        n += may_go(&c->by_entry[person]);
    return n;
}

/* Of those who would go, whom the guard protects: read one by one while they are few. */
static int take_protected(struct store *store, struct taking *t, struct err *err)
{
    if (!t->settings->only && count_going(t->census) > MANY_GOING)
        return account_each_address(store->db, t->settings->policy->team, protect, t, err);
    CLEANUP(person_reader_close) struct person_reader *reader = NULL;
    if (person_reader_open(store->db, t->settings->policy->team, &reader, err) != 0)
        return -1;
    uint32_t only = t->settings->only, last = only ? only : t->census->max_entry;
    for (uint32_t person = only ? only : 1; person <= last; person++) {
        struct person_text text;
        int found = may_go(&t->census->by_entry[person]) ? account_read(reader, person, &text, err) : 0;
        if (found < 0)
            return -1;
        if (found)
            protect(t, person, text.attr[ATTR_EMAIL], text.attr[ATTR_USER_NAME]);
    }
    return 0;
}

static void note_mapped(void *ctx, uint32_t person)
{
    struct taking *t = ctx;
    if (person <= t->census->max_entry && t->census->by_entry[person].known)
        t->census->by_entry[person].differs = true;
}

/* Beside the attributes that are kept of everybody, what the rules of the platform's own map give. */
static int take_mapped(struct store *store, struct taking *t, struct err *err)
{
    CLEANUP(mapper_close) struct mapper *mapper = NULL;
    const struct policy *p = t->settings->policy;
    uint32_t only = t->settings->only;
    if (mapper_open(store, p->platform, p->team, false, &mapper, err) != 0)
        return -1;
    if (!mapper)
        return 0;
    if (!only)
        return mapper_differing(mapper, note_mapped, t, err);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct mapper_value *values;
    size_t n;
    if (mapper_compare(mapper, only, only, MAPPER_DIFFERS, pool, &values, &n, err) != 0)
        return -1;
    if (n > 0 && t->census->by_entry[only].account)
        note_mapped(t, only);
    return 0;
}

int census_take(struct store *store, const struct plan_settings *settings, struct census *ret, struct err *err)
{
    struct taking t = {.settings = settings, .census = ret, .gate_index = -1};
    if (max_entry(store->db, &ret->max_entry, err) != 0)
        return -1;
    ret->by_entry = mem_zero(((size_t)ret->max_entry + 1) * sizeof *ret->by_entry);
    int r = settings->only ? take_one(store, &t, err) : take_everybody(store, &t, err);
    if (r == 0)
        r = take_mapped(store, &t, err);
    if (r == 0)
        r = identity_recognise(store, settings, ret, err);
    if (r == 0)
        r = take_protected(store, &t, err);
    if (r == 0)
        r = repair_load(store, settings, ret, err);
    keymap_release(&t.emails);
    return r;
}

void census_release(struct census *census)
{
    free(census->by_entry);
    free(census->person_of);
    free(census->drifted);
    *census = (struct census){0};
}
