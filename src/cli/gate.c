#include "cli/gate.h"

#include "base/clock.h"

void gate_print(const struct gate *gate, FILE *out)
{
    if (gate->n == 0)
        fputs("gate: closed: no domain is configured; write a [domain NAME] section\n", out);
    for (size_t i = 0; i < gate->n; i++)
        if (!gate->domains[i].open)
            fprintf(out, "gate: closed for %s: %s\n      next: %s\n", gate->domains[i].domain, gate->domains[i].reason,
                    gate->domains[i].remedy);
}

json_t *gate_json(const struct gate *gate)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gate->n; i++) {
        const struct gate_domain *d = &gate->domains[i];
        char until[CLOCK_TEXT_MAX];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?}", "domain", d->domain, "connection",
                                              d->connection, "open", d->open, "reason", d->reason, "remedy", d->remedy,
                                              "until", d->open ? clock_format(d->until, until) : NULL));
    }
    return list;
}
