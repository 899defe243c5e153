/* Who is meant by what was typed. */
#include "base/mem.h"
#include "push/directories.h"
#include "sync/derive.h"
#include "sync/explain.h"

#define MATCHES_MAX 1000 /* a name that fits more people than this is not what anybody meant to type */

struct matches {
    struct explain_match *v;
    size_t n, cap;
};

static void keep(void *ctx, uint32_t person, bool gone)
{
    struct matches *m = ctx;
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].person == person)
            return;
    if (m->n < MATCHES_MAX)
        *MEM_PUSH(&m->v, &m->n, &m->cap) = (struct explain_match){person, gone};
}

/* By the rules of names, so that blanks and case do not matter; what the directory's connector cannot read as a name is none. */
static int match_dn(struct store *store, const struct conf *conf, const char *typed, struct matches *m, struct err *err)
{
    for (const struct conf_section *s = conf_next(conf, "directory", NULL); s; s = conf_next(conf, "directory", s)) {
        struct key128 key;
        struct err ignored = ERR_INIT;
        if (directory_connector_find(conf_variant(s))->name_key(typed, &key, &ignored) == 0 &&
            explain_find_key(store->db, conf_name(s), key, keep, m, err) != 0)
            return -1;
    }
    return m->n ? 0 : explain_find(store->db, EXPLAIN_BY_DN, typed, 0, keep, m, err);
}

static int match_email(struct store *store, const char *typed, struct matches *m, struct err *err)
{
    CLEANUP(derive_free) struct derive *derive = derive_new();
    struct entry entry = {.kind = ENTRY_PERSON};
    struct mirror_person person;
    entry.attr[ATTR_EMAIL] = span_str(typed);
    derive_person(derive, &entry, &person);
    if (!person.domain)
        return 0;
    if (explain_find(store->db, EXPLAIN_BY_EMAIL, NULL, person.email_hash, keep, m, err) != 0)
        return -1;
    return m->n ? 0 : explain_find(store->db, EXPLAIN_BY_ACCOUNT_EMAIL, NULL, person.email_hash, keep, m, err);
}

static int match(struct store *store, const struct conf *conf, const char *typed, struct matches *m, struct err *err)
{
    static const enum explain_by names[] = {EXPLAIN_BY_USER_NAME, EXPLAIN_BY_DISPLAY_NAME};
    if (explain_find(store->db, EXPLAIN_BY_UID, typed, 0, keep, m, err) != 0 ||
        (!m->n && strchr(typed, '=') && match_dn(store, conf, typed, m, err) != 0) ||
        (!m->n && strchr(typed, '@') && match_email(store, typed, m, err) != 0))
        return -1;
    for (size_t i = 0; i < 2 && !m->n; i++)
        if (explain_find(store->db, names[i], typed, 0, keep, m, err) != 0)
            return -1;
    return 0;
}

/* Whoever left and came back under a new id: the one who is there now is meant. */
static void prefer_present(struct matches *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!m->v[i].gone)
            m->v[kept++] = m->v[i];
    if (kept)
        m->n = kept;
}

int explain_who(struct store *store, const struct conf *conf, const char *typed, struct pool *pool,
                struct explain_match **ret, size_t *ret_n, struct err *err)
{
    struct matches m = {0};
    int r = match(store, conf, typed, &m, err);
    if (r == 0) {
        prefer_present(&m);
        *ret = pool_alloc(pool, (m.n + 1) * sizeof **ret);
        if (m.n)
            memcpy(*ret, m.v, m.n * sizeof *m.v);
        *ret_n = m.n;
    }
    free(m.v);
    return r;
}
