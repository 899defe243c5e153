#include "gate/gate.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "store/audit.h"
#include "store/renewals.h"

void proof_settings_read(const struct conf *conf, struct proof_settings *ret)
{
    const struct conf_section *dns = conf_find(conf, "dns", NULL);
    *ret = (struct proof_settings){.recheck = conf_int(dns, "recheck"), .lapse_after = conf_int(dns, "lapse-after")};
    size_t n = conf_count(dns, "resolver");
    for (size_t i = 0; i < n && i < RESOLVERS_MAX; i++)
        ret->resolvers[i] = conf_at(dns, "resolver", i);
    ret->policy.dns = (struct dns_policy){.resolvers = ret->resolvers,
                                          .nresolvers = n < RESOLVERS_MAX ? n : RESOLVERS_MAX,
                                          .trust_anchor = conf_str(dns, "trust-anchor-file"),
                                          .timeout = (int)conf_int(dns, "timeout")};
    ret->policy.fetch = (struct fetch_policy){.allow_private = conf_bool(dns, "allow-private"),
                                              .timeout = (int)conf_int(dns, "timeout")};
}

void gate_note_proof(const struct proof *proof, int64_t lapse_after, int64_t now, struct domain_row *row)
{
    row->checked_at = now;
    row->detail = proof->text;
    if (proof->state == PROOF_FAILED)
        return;
    if (proof->state == PROOF_PROVED) {
        row->state = DOMAIN_PROVED;
        row->method = proof_method_names[proof->method];
        row->dnssec = dns_security_names[proof->security];
        row->proved_at = row->proved_at ? row->proved_at : now;
        row->absent_since = 0;
        return;
    }
    if (!row->absent_since)
        row->absent_since = now;
    if (row->state == DOMAIN_PROVED && row->absent_since + lapse_after <= now)
        row->state = DOMAIN_LAPSED;
}

static int record_domain(struct store *store, const struct domain_row *row, enum domain_state before, struct err *err)
{
    static const enum audit_what words[] = {[DOMAIN_CHALLENGED] = AUDIT_DOMAIN_CHALLENGED,
                                            [DOMAIN_PROVED] = AUDIT_DOMAIN_PROVED,
                                            [DOMAIN_LAPSED] = AUDIT_DOMAIN_LAPSED};
    if (row->state == before)
        return 0;
    return audit_write(
        store,
        &(struct audit_record){words[row->state], row->name,
                               AUDIT_DETAIL(AUDIT_TEXT("method", row->method), AUDIT_TEXT("dnssec", row->dnssec),
                                            AUDIT_TEXT("detail", row->detail))},
        err);
}

int gate_keep_domain(struct store *store, const struct domain_row *row, enum domain_state before, struct err *err)
{
    if (db_begin(store->db, err) != 0)
        return -1;
    if (domain_put(store, row, err) == 0 && record_domain(store, row, before, err) == 0)
        return db_commit(store->db, err);
    db_rollback(store->db);
    return -1;
}

static enum proof_method method_of(const struct domain_row *row)
{
    return strcmp(row->method, proof_method_names[PROOF_HTTPS]) == 0 ? PROOF_HTTPS : PROOF_DNS;
}

/* Only what was proved is looked at by itself; a challenge waits for "doorward domain verify". */
static int look_again(struct store *store, const struct proof_settings *settings, struct domain_row *row, int64_t now,
                      struct pool *pool, struct err *err)
{
    if (row->state != DOMAIN_PROVED || row->checked_at + settings->recheck > now)
        return 0;
    struct proof proof;
    if (proof_look(&settings->policy, row->name, row->token, method_of(row), pool, &proof, err) != 0)
        return -1;
    gate_note_proof(&proof, settings->lapse_after, now, row);
    return gate_keep_domain(store, row, DOMAIN_PROVED, err);
}

int64_t gate_certificates_until(const struct saml_idp *idp, int64_t now)
{
    int64_t until = 0;
    for (size_t i = 0; i < idp->nkeys; i++)
        if (idp->keys[i].cert.not_before <= now && idp->keys[i].cert.not_after > until)
            until = idp->keys[i].cert.not_after;
    return until;
}

static void add_trust(const struct store *store, const struct conf_section *connection,
                      const struct connection_row *row, int64_t now, struct pool *pool, struct gate_facts *facts)
{
    facts->keys_fetched = strcmp(conf_variant(connection), "oidc") == 0;
    if (facts->keys_fetched) {
        facts->same_entity = strcmp(conf_str(connection, "issuer"), row->entity) == 0;
        return;
    }
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err unreadable = ERR_INIT;
    if (gate_metadata(store->dir, connection, now, &idp, &unreadable) != 0) {
        facts->metadata_fault = pool_strdup(pool, unreadable.text);
        return;
    }
    facts->same_entity = strcmp(idp->entity_id, row->entity) == 0;
    facts->certificate_until = gate_certificates_until(idp, now);
    facts->metadata_until = idp->valid_until;
}

int gate_last_sign_in(struct store *store, const struct connection_row *row, int64_t now, int64_t *ret, struct err *err)
{
    int64_t renewed = 0;
    *ret = row->tested_at;
    if (!row->tested_at)
        return 0;
    if (renewals_last(store, row->name, row->entity, &renewed, err) != 0)
        return -1;
    if (renewed > *ret && renewed <= now)
        *ret = renewed;
    return 0;
}

int gate_connection(struct store *store, const struct conf *conf, const struct conf_section *section, int64_t now,
                    struct pool *pool, struct gate_facts *ret, struct err *err)
{
    struct connection_row row;
    if (connection_get(store, conf_name(section), pool, &row, err) != 0 ||
        gate_last_sign_in(store, &row, now, &ret->tested_at, err) != 0)
        return -1;
    ret->connection = conf_name(section);
    ret->by_link = conf_written(conf_find(conf, "serve", NULL));
    ret->active = row.state == CONNECTION_ACTIVE;
    ret->test_valid = conf_int(section, "test-valid");
    add_trust(store, section, &row, now, pool, ret);
    return 0;
}

static int judge(struct store *store, const struct conf *conf, const struct conf_section *domain,
                 const struct domain_row *row, int64_t now, struct pool *pool, struct gate_domain *ret, struct err *err)
{
    const char *name = conf_str(domain, "connection");
    struct gate_facts facts = {.domain = conf_name(domain),
                               .connection = "",
                               .challenged = row->state != DOMAIN_UNKNOWN,
                               .proved = row->state == DOMAIN_PROVED,
                               .lapsed = row->state == DOMAIN_LAPSED};
    if (name &&
        gate_connection(store, conf, conf_find(conf, "connection", name), now, pool, &facts, err) != 0)
        return -1;
    gate_judge(&facts, now, pool, ret);
    return 0;
}

int gate_judge_one(struct store *store, const struct conf *conf, const struct conf_section *domain, int64_t now,
                   struct pool *pool, struct gate_domain *ret, struct err *err)
{
    struct domain_row row;
    if (domain_get(store, conf_name(domain), pool, &row, err) != 0)
        return -1;
    return judge(store, conf, domain, &row, now, pool, ret, err);
}

struct given_up {
    const struct conf *conf;
    struct pool *pool;
    const char **names;
    size_t n, cap;
};

static void find_given_up(void *ctx, const char *name)
{
    struct given_up *g = ctx;
    if (!conf_find(g->conf, "domain", name))
        *MEM_PUSH(&g->names, &g->n, &g->cap) = pool_strdup(g->pool, name);
}

/* A domain that is no longer configured is given up, and its token with it: who takes it back proves it anew. */
static int drop_given_up(struct store *store, const struct conf *conf, struct err *err)
{
    struct given_up g = {.conf = conf, .pool = pool_new()};
    int r = domain_each(store, find_given_up, &g, err);
    for (size_t i = 0; r == 0 && i < g.n; i++) {
        r = domain_drop(store, g.names[i], err);
        if (r == 0)
            r = audit_write(store, &(struct audit_record){.what = AUDIT_DOMAIN_GIVEN_UP, .subject = g.names[i]}, err);
    }
    pool_free(&g.pool);
    free(g.names);
    return r;
}

/* The database's own gate gets what was found out: which connection a domain has, and until when that may be used. */
static int write_back(struct store *store, const struct conf *conf, const struct gate *gate, struct err *err)
{
    if (db_begin(store->db, err) != 0)
        return -1;
    int r = drop_given_up(store, conf, err);
    if (r == 0)
        r = domain_bind_none(store, err);
    for (const struct conf_section *c = conf_next(conf, "connection", NULL); r == 0 && c;
         c = conf_next(conf, "connection", c))
        r = connection_usable_until(store, conf_name(c), 0, err);
    for (size_t i = 0; r == 0 && i < gate->n; i++) {
        const struct gate_domain *d = &gate->domains[i];
        r = domain_bind(store, d->domain, *d->connection ? d->connection : NULL, err);
        if (r == 0 && d->open)
            r = connection_usable_until(store, d->connection, d->until, err);
    }
    if (r != 0) {
        db_rollback(store->db);
        return -1;
    }
    return db_commit(store->db, err);
}

int gate_check(struct store *store, const struct conf *conf, int64_t now, bool look, struct pool *pool,
               struct gate *ret, struct err *err)
{
    struct proof_settings settings;
    proof_settings_read(conf, &settings);
    size_t n = 0;
    for (const struct conf_section *s = conf_next(conf, "domain", NULL); s; s = conf_next(conf, "domain", s))
        n++;
    struct gate gate = {.domains = pool_zero(pool, (n ? n : 1) * sizeof *gate.domains)};
    for (const struct conf_section *s = conf_next(conf, "domain", NULL); s; s = conf_next(conf, "domain", s)) {
        struct domain_row row;
        if (domain_get(store, conf_name(s), pool, &row, err) != 0 ||
            (look && look_again(store, &settings, &row, now, pool, err) != 0) ||
            judge(store, conf, s, &row, now, pool, &gate.domains[gate.n], err) != 0)
            return err_wrap(err, "domain %s", conf_name(s));
        gate.n++;
    }
    if (look && write_back(store, conf, &gate, err) != 0)
        return -1;
    *ret = gate;
    return 0;
}
