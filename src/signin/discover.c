#include "signin/discover.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "gate/gate.h"
#include "model/domain.h"
#include "store/domain.h"

static int judge(const struct signin *in, const struct conf_section *domain, struct gate_domain *ret, struct err *err)
{
    if (!in->store)
        return err_set(
            err, ERR_REFUSED,
            "domain %s: there is no state yet, so that no domain is proved; run: doorward domain challenge %s",
            conf_name(domain), conf_name(domain));
    return gate_judge_one(in->store, in->conf, domain, in->now, in->pool, ret, err);
}

static int refuse_closed(const struct gate_domain *gate, struct err *err)
{
    return err_set(err, ERR_REFUSED, "domain %s: its gate is closed: %s; %s", gate->domain, gate->reason, gate->remedy);
}

bool discover_is_test_user(const struct conf_section *connection, const char *email)
{
    for (size_t i = 0; i < conf_count(connection, "test-user"); i++)
        if (text_same(conf_at(connection, "test-user", i), email))
            return true;
    return false;
}

/* Test users try a connection that is not active yet; of one that is, a closed gate is closed to them as well. 1, 0, -1 */
static int is_tried_out(const struct signin *in, const struct conf_section *domain,
                        const struct conf_section *connection, struct err *err)
{
    struct connection_row row;
    struct domain_row proof;
    if (!connection || !conf_count(connection, "test-user"))
        return 0;
    if (connection_get(in->store, conf_name(connection), in->pool, &row, err) != 0 ||
        domain_get(in->store, conf_name(domain), in->pool, &proof, err) != 0)
        return -1;
    return row.state != CONNECTION_ACTIVE && proof.state == DOMAIN_PROVED;
}

int discover_connection(const struct signin *in, const char *email, const char *domain_only,
                        const struct conf_section **ret, struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    struct gate_domain gate;
    if ((domain_only ? domain_normalise(domain_only, &name, err) : email_domain(email, &name, err)) != 0)
        return -1;
    const struct conf_section *domain = conf_find(in->conf, "domain", name);
    if (!domain)
        return err_set(err, ERR_REFUSED,
                       "domain %s: it is none of the organisation's; when it is, write a section [domain %s]", name,
                       name);
    if (judge(in, domain, &gate, err) != 0)
        return -1;
    const struct conf_section *connection = conf_find(in->conf, "connection", gate.connection);
    int tried = gate.open ? 0 : is_tried_out(in, domain, connection, err);
    if (tried < 0)
        return -1;
    if (!gate.open && !(tried && email && discover_is_test_user(connection, email)))
        return refuse_closed(&gate, err);
    *ret = connection;
    return 0;
}

int discover_domains(const struct signin *in, const struct conf_section *connection, const char **ret, size_t *ret_n,
                     struct err *err)
{
    struct gate_domain gate, closed = {0};
    *ret_n = 0;
    for (const struct conf_section *s = conf_next(in->conf, "domain", NULL); s && *ret_n < DISCOVER_DOMAINS_MAX;
         s = conf_next(in->conf, "domain", s)) {
        const char *bound = conf_str(s, "connection");
        if (!bound || strcmp(bound, conf_name(connection)) != 0)
            continue;
        if (judge(in, s, &gate, err) != 0)
            return -1;
        int tried = gate.open ? 0 : is_tried_out(in, s, connection, err);
        if (tried < 0)
            return -1;
        if (gate.open || tried)
            ret[(*ret_n)++] = conf_name(s);
        else
            closed = gate;
    }
    if (*ret_n)
        return 0;
    if (closed.domain)
        return refuse_closed(&closed, err);
    return err_set(err, ERR_REFUSED, "connection %s: no domain names it; write \"connection = %s\" below a domain",
                   conf_name(connection), conf_name(connection));
}

size_t discover_bound(const struct signin *in, const struct conf_section *connection, const char **ret)
{
    size_t n = 0;
    for (const struct conf_section *s = conf_next(in->conf, "domain", NULL); s && n < DISCOVER_DOMAINS_MAX;
         s = conf_next(in->conf, "domain", s)) {
        const char *bound = conf_str(s, "connection");
        if (bound && strcmp(bound, conf_name(connection)) == 0)
            ret[n++] = conf_name(s);
    }
    return n;
}
