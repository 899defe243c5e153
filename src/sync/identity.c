#include "sync/identity.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "base/text.h"
#include "sync/guard.h"

enum likeness { UNKNOWN, SAME, DIFFERENT }; /* UNKNOWN: not both have it */

static enum likeness compare(struct pool *pool, const struct person_text *a, const struct person_text *b,
                             enum attr attr)
{
    struct span x = a->attr[attr], y = b->attr[attr];
    if (!x.n || !y.n)
        return UNKNOWN;
    return text_same(pool_strndup(pool, x.p, x.n), pool_strndup(pool, y.p, y.n)) ? SAME : DIFFERENT;
}

bool identity_agrees(const struct person_text *account, const struct person_text *person)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    enum likeness number = compare(pool, account, person, ATTR_EMPLOYEE_NUMBER);
    if (number != UNKNOWN)
        return number == SAME;
    return compare(pool, account, person, ATTR_USER_NAME) == SAME ||
           (compare(pool, account, person, ATTR_GIVEN_NAME) == SAME &&
            compare(pool, account, person, ATTR_FAMILY_NAME) == SAME);
}

/* Could the account of this entry follow somebody? */
static bool is_left(const struct resident *r)
{
    return r->account && r->state != ACCOUNT_REMOVED && !r->shared && (!r->known || r->away == CAUSE_GONE);
}

/* Is this somebody new, whose e-mail such an account has? Who had an account once was somebody else all the time. */
static bool may_follow(const struct census *c, const struct resident *r)
{
    return resident_wanted(r) && r->account == 0 && r->blocked && !r->shared && is_left(&c->by_entry[r->other]);
}

static void follow(struct census *c, uint32_t from, uint32_t to)
{
    struct resident *was = &c->by_entry[from], *is = &c->by_entry[to];
    is->account = was->account;
    is->state = was->state;
    is->since = was->since;
    is->account_hold = was->account_hold;
    is->follows = from;
    is->blocked = false;
    is->other = 0;
    c->person_of[was->account] = to;
    was->account = 0;
    was->state = ACCOUNT_NONE;
}

static void pair(struct census *c, uint32_t from, uint32_t to)
{
    struct identity *found = &c->identity;
    found->matched++;
    if (!c->by_entry[from].known) {
        found->elsewhere++;
        found->entry = from;
    }
    if (found->adopt) {
        follow(c, from, to);
    } else {
        c->by_entry[from].twin = to;
        c->by_entry[to].twin = from;
    }
}

static int meet(struct person_reader *reader, struct census *c, uint32_t to, struct err *err)
{
    struct person_text account, person;
    uint32_t from = c->by_entry[to].other;
    int has = account_read(reader, from, &account, err), is = person_read(reader, to, &person, err);
    if (has < 0 || is < 0)
        return -1;
    if (has && is && identity_agrees(&account, &person))
        pair(c, from, to);
    return 0;
}

int identity_recognise(struct store *store, const struct plan_settings *settings, struct census *c, struct err *err)
{
    CLEANUP(person_reader_close) struct person_reader *reader = NULL;
    c->identity = (struct identity){.of = c->accounts,
                                    .limit = guard_limit(&settings->limits, c->accounts),
                                    .adopt = conf_bool(settings->policy->section, "adopt")};
    if (person_reader_open(store->db, settings->policy->team, &reader, err) != 0)
        return -1;
    for (uint32_t person = 1; person <= c->max_entry; person++)
        if (may_follow(c, &c->by_entry[person]) && meet(reader, c, person, err) != 0)
            return -1;
    return 0;
}

/* --- groups */

static struct key128 key_of_name(const char *name)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(digest_free) struct digest *d = digest_new();
    const char *folded = text_fold(pool, span_str(name));
    digest_start(d);
    digest_field(d, span_str(folded ? folded : name));
    return digest_key(d);
}

/* *ret_there: it is one of this directory's. */
static int read_group(struct store *store, const char *directory, uint32_t group, bool *ret_there, struct key128 *ret,
                      struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    if (group_get(store->db, directory, group, ret_there, &name, err) != 0)
        return -1;
    *ret = key_of_name(name);
    return 0;
}

int identity_match_groups(struct store *store, const char *directory, const uint32_t *was, size_t nwas,
                          const uint32_t *is, size_t nis, size_t *ret, struct err *err)
{
    CLEANUP(keymap_release) struct keymap names = KEYMAP_INIT;
    struct key128 name;
    bool there;
    for (size_t i = 0; i < nis; i++) {
        if (read_group(store, directory, is[i], &there, &name, err) != 0)
            return -1;
        keymap_put(&names, name, (uint32_t)i);
    }
    for (size_t i = 0; i < nwas && nis; i++) {
        if (read_group(store, directory, was[i], &there, &name, err) != 0)
            return -1;
        uint32_t found = there ? KEYMAP_NONE : keymap_find(&names, name);
        if (found != KEYMAP_NONE && !ret[found])
            ret[found] = i + 1;
    }
    return 0;
}
