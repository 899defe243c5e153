#include "web/notice.h"

#include "base/log.h"
#include "gate/gate.h"

static void tell(const struct gate_facts *facts, const struct gate_domain *verdict)
{
    for (size_t i = 0; i < verdict->nwarnings; i++)
        log_event(LOG_LEVEL_WARNING, "gate: will close: %s; next: %s", verdict->warnings[i].text,
                  verdict->warnings[i].remedy);
    if (facts->active && !verdict->open)
        log_event(LOG_LEVEL_ERROR, "gate: closed: %s; next: %s", verdict->reason, verdict->remedy);
}

/* By connection, as if every domain were proved: that is another matter, and domains share what is wrong with their connection. */
int notice_connections(const struct signin *in, struct err *err)
{
    for (const struct conf_section *c = conf_next(in->conf, "connection", NULL); c && in->store;
         c = conf_next(in->conf, "connection", c)) {
        struct gate_facts facts = {.domain = "", .proved = true};
        struct gate_domain verdict;
        if (gate_connection(in->store, in->conf, c, in->now, in->pool, &facts, err) != 0)
            return -1;
        gate_judge(&facts, in->now, in->pool, &verdict);
        tell(&facts, &verdict);
    }
    return 0;
}
