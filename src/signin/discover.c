#include "signin/discover.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "gate/gate.h"
#include "model/domain.h"

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
    if (!gate.open)
        return refuse_closed(&gate, err);
    *ret = conf_find(in->conf, "connection", gate.connection);
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
        if (gate.open)
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
