#include "sync/derive.h"

#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "model/domain.h"

/* An organisation has a handful of domains, and IDNA is slow: remember the last ones. */
#define REMEMBERED 16

struct derive {
    struct digest *digest;
    struct pool *pool;
    struct {
        char *text, *alabel; /* alabel NULL: not a domain */
    } domains[REMEMBERED];
    size_t next;
};

struct derive *derive_new(void)
{
    struct derive *d = mem_zero(sizeof *d);
    d->digest = digest_new();
    d->pool = pool_new();
    return d;
}

void derive_free(struct derive **derive)
{
    struct derive *d = *derive;
    if (!d)
        return;
    for (size_t i = 0; i < REMEMBERED; i++) {
        free(d->domains[i].text);
        free(d->domains[i].alabel);
    }
    digest_free(&d->digest);
    pool_free(&d->pool);
    free(d);
    *derive = NULL;
}

static const char *domain_of(struct derive *d, const char *email)
{
    const char *at = strrchr(email, '@');
    if (!at || at == email)
        return NULL;
    for (size_t i = 0; i < REMEMBERED; i++)
        if (d->domains[i].text && strcmp(d->domains[i].text, at + 1) == 0)
            return d->domains[i].alabel;
    size_t slot = d->next++ % REMEMBERED;
    free(d->domains[slot].text);
    free(d->domains[slot].alabel);
    d->domains[slot].text = mem_strdup(at + 1);
    d->domains[slot].alabel = NULL;
    struct err ignored = ERR_INIT;
    if (email_domain(email, &d->domains[slot].alabel, &ignored) != 0)
        d->domains[slot].alabel = NULL;
    return d->domains[slot].alabel;
}

/* E-mail addresses are the same when they differ in case or normalisation form only. */
static void derive_email(struct derive *d, struct span email, struct mirror_person *ret)
{
    const char *folded = email.n ? text_fold(d->pool, email) : NULL;
    ret->domain = folded ? domain_of(d, folded) : NULL;
    if (!ret->domain)
        return;
    digest_start(d->digest);
    digest_field(d->digest, span_str(folded));
    ret->email_hash = (int64_t)digest_key(d->digest).hi;
}

void derive_person(struct derive *d, const struct entry *e, struct mirror_person *ret)
{
    pool_reset(d->pool);
    *ret = (struct mirror_person){0};
    derive_email(d, e->attr[ATTR_EMAIL], ret);
    digest_start(d->digest);
    for (int a = 0; a < ATTR_COUNT; a++)
        digest_field(d->digest, e->attr[a]);
    ret->fingerprint = digest_key(d->digest);
}
