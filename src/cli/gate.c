#include "cli/gate.h"

#include <string.h>

#include "base/clock.h"

void gate_print(const struct gate *gate, FILE *out)
{
    if (gate->n == 0)
        fputs("gate: closed: no domain is configured; write a [domain NAME] section\n", out);
    for (size_t i = 0; i < gate->n; i++)
        if (!gate->domains[i].open)
            fprintf(out, "gate: closed for %s: %s\n      next: %s\n", gate->domains[i].domain, gate->domains[i].reason,
                    gate->domains[i].remedy);
    gate_print_warnings(gate, out);
}

static bool was_said(const struct gate *gate, size_t domain, const char *text)
{
    for (size_t i = 0; i < domain; i++)
        for (size_t w = 0; w < gate->domains[i].nwarnings; w++)
            if (strcmp(gate->domains[i].warnings[w].text, text) == 0)
                return true;
    return false;
}

void gate_print_warnings(const struct gate *gate, FILE *out)
{
    for (size_t i = 0; i < gate->n; i++)
        for (size_t w = 0; w < gate->domains[i].nwarnings; w++) {
            const struct gate_warning *warning = &gate->domains[i].warnings[w];
            if (!was_said(gate, i, warning->text))
                fprintf(out, "gate: will close: %s\n      next: %s\n", warning->text, warning->remedy);
        }
}

static json_t *warnings_json(const struct gate_domain *d)
{
    json_t *list = json_array();
    for (size_t w = 0; w < d->nwarnings; w++)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "text", d->warnings[w].text, "remedy", d->warnings[w].remedy));
    return list;
}

json_t *gate_json(const struct gate *gate)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gate->n; i++) {
        const struct gate_domain *d = &gate->domains[i];
        char until[CLOCK_TEXT_MAX];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?, s:o}", "domain", d->domain, "connection",
                                              d->connection, "open", d->open, "reason", d->reason, "remedy", d->remedy,
                                              "until", d->open ? clock_format(d->until, until) : NULL, "warnings",
                                              warnings_json(d)));
    }
    return list;
}
