#include "model/gate.h"

#include "base/clock.h"

static void close_gate(struct gate_domain *d, const char *reason, const char *remedy)
{
    d->open = false;
    d->reason = reason;
    d->remedy = remedy;
    d->until = 0;
}

static bool judge_domain(const struct gate_facts *f, struct pool *pool, struct gate_domain *ret)
{
    if (f->proved)
        return true;
    if (f->lapsed)
        close_gate(ret, pool_printf(pool, "the proof of domain %s is gone", f->domain),
                   pool_printf(pool, "publish it again, then: doorward domain verify %s", f->domain));
    else if (f->challenged)
        close_gate(ret, pool_printf(pool, "domain %s is not proved", f->domain),
                   pool_printf(pool, "doorward domain verify %s", f->domain));
    else
        close_gate(ret, pool_printf(pool, "domain %s is not proved", f->domain),
                   pool_printf(pool, "doorward domain challenge %s", f->domain));
    return false;
}

static const char *test_command(const struct gate_facts *f, struct pool *pool)
{
    return pool_printf(pool, "doorward sso test %s%s", f->connection,
                       f->keys_fetched || f->by_link ? "" : " --response FILE");
}

static const char *new_metadata(const struct gate_facts *f, struct pool *pool)
{
    return pool_printf(pool, "get new metadata from the identity provider, then: %s", test_command(f, pool));
}

static bool judge_trust(const struct gate_facts *f, int64_t now, struct pool *pool, struct gate_domain *ret)
{
    const char *remedy = new_metadata(f, pool);
    char when[CLOCK_TEXT_MAX];
    if (f->keys_fetched)
        return true;
    if (f->certificate_until <= now)
        close_gate(ret,
                   pool_printf(pool, "connection %s has no signing certificate that is still valid", f->connection),
                   remedy);
    else if (f->metadata_until && f->metadata_until <= now)
        close_gate(ret,
                   pool_printf(pool, "the metadata of connection %s ended at %s", f->connection,
                               clock_format(f->metadata_until, when)),
                   remedy);
    else
        return true;
    return false;
}

static bool judge_sign_in(const struct gate_facts *f, int64_t now, struct pool *pool, struct gate_domain *ret)
{
    const char *remedy = test_command(f, pool);
    char when[CLOCK_TEXT_MAX];
    if (!*f->connection)
        close_gate(ret, pool_printf(pool, "domain %s has no connection", f->domain),
                   pool_printf(pool, "write \"connection = NAME\" below [domain %s]", f->domain));
    else if (f->metadata_fault)
        close_gate(ret, f->metadata_fault, new_metadata(f, pool));
    else if (!f->tested_at)
        close_gate(ret, pool_printf(pool, "connection %s has not been tested", f->connection), remedy);
    else if (!f->same_entity)
        close_gate(
            ret, pool_printf(pool, "connection %s names another identity provider than the one tested", f->connection),
            remedy);
    else if (f->tested_at + f->test_valid <= now)
        close_gate(ret,
                   pool_printf(pool, "the last successful sign-in through connection %s, at %s, is too long ago",
                               f->connection, clock_format(f->tested_at, when)),
                   remedy);
    else
        return true;
    return false;
}

static bool is_near(int64_t until, int64_t now, int64_t ahead)
{
    return until > now && until - now <= ahead;
}

size_t gate_warn(const struct gate_facts *f, int64_t now, struct pool *pool,
                 struct gate_warning ret[static GATE_WARNINGS_MAX])
{
    int64_t ahead = f->test_valid / 4 < GATE_SIGN_IN_WARN ? f->test_valid / 4 : GATE_SIGN_IN_WARN;
    char when[CLOCK_TEXT_MAX], since[CLOCK_TEXT_MAX];
    size_t n = 0;
    if (!f->active)
        return 0;
    if (f->tested_at && is_near(f->tested_at + f->test_valid, now, ahead))
        ret[n++] = (struct gate_warning){
            pool_printf(pool, "nobody signed in through connection %s since %s, and at %s that is too long ago",
                        f->connection, clock_format(f->tested_at, since),
                        clock_format(f->tested_at + f->test_valid, when)),
            pool_printf(pool, "sign in once, or: %s", test_command(f, pool))};
    if (!f->keys_fetched && is_near(f->certificate_until, now, GATE_CERTIFICATE_WARN))
        ret[n++] = (struct gate_warning){
            pool_printf(pool, "the last signing certificate of connection %s ends at %s", f->connection,
                        clock_format(f->certificate_until, when)),
            "get new metadata from the identity provider before that"};
    if (!f->keys_fetched && is_near(f->metadata_until, now, GATE_METADATA_WARN))
        ret[n++] = (struct gate_warning){pool_printf(pool, "the metadata of connection %s ends at %s", f->connection,
                                                     clock_format(f->metadata_until, when)),
                                         "get new metadata from the identity provider before that"};
    return n;
}

void gate_judge(const struct gate_facts *f, int64_t now, struct pool *pool, struct gate_domain *ret)
{
    *ret = (struct gate_domain){
        .domain = pool_strdup(pool, f->domain), .connection = pool_strdup(pool, f->connection), .open = true};
    if (!judge_domain(f, pool, ret) || !judge_sign_in(f, now, pool, ret) || !judge_trust(f, now, pool, ret))
        return;
    if (!f->active) {
        close_gate(ret, pool_printf(pool, "connection %s is not active", f->connection),
                   pool_printf(pool, "doorward sso activate %s", f->connection));
        return;
    }
    ret->nwarnings = gate_warn(f, now, pool, ret->warnings);
    ret->until = f->tested_at + f->test_valid;
    if (f->keys_fetched)
        return;
    if (f->certificate_until < ret->until)
        ret->until = f->certificate_until;
    if (f->metadata_until && f->metadata_until < ret->until)
        ret->until = f->metadata_until;
}

int gate_find(const struct gate *gate, const char *domain)
{
    for (size_t i = 0; i < gate->n; i++)
        if (strcmp(gate->domains[i].domain, domain) == 0)
            return (int)i;
    return -1;
}

bool gate_all_closed(const struct gate *gate)
{
    for (size_t i = 0; i < gate->n; i++)
        if (gate->domains[i].open)
            return false;
    return true;
}

bool gate_any_closed(const struct gate *gate)
{
    for (size_t i = 0; i < gate->n; i++)
        if (!gate->domains[i].open)
            return true;
    return false;
}
