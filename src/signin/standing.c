#include "signin/standing.h"

#include "base/mem.h"
#include "base/text.h"
#include "signin/person.h"
#include "store/domain.h"

/* --- the connection ---------------------------------------------------------------------------------------------------- */

static void set_reason(const struct signin *in, struct ground *ground, enum standing standing, struct err *err)
{
    ground->standing = standing;
    ground->reason = pool_strdup(in->pool, err->text);
    err_clear(err);
}

static void bind_domains(const struct signin *in, struct ground *ground)
{
    for (const struct conf_section *s = conf_next(in->conf, "domain", NULL); s && ground->nbound < DISCOVER_DOMAINS_MAX;
         s = conf_next(in->conf, "domain", s)) {
        const char *bound = conf_str(s, "connection");
        if (bound && strcmp(bound, ground->connection) == 0)
            ground->bound[ground->nbound++] = conf_name(s);
    }
}

static int look_at(const struct signin *in, struct ground *ground, struct err *err)
{
    struct connection_row row;
    const struct conf_section *connection = conf_find(in->conf, "connection", ground->connection);
    if (!connection || !in->store) {
        err_set(err, ERR_REFUSED, "connection %s: %s", ground->connection,
                connection ? "there is no state yet" : "it is no longer configured");
        set_reason(in, ground, connection ? STANDING_CLOSED : STANDING_OVER, err);
        return 0;
    }
    if (connection_get(in->store, ground->connection, in->pool, &row, err) != 0)
        return -1;
    if (row.state != CONNECTION_ACTIVE && !conf_count(connection, "test-user")) {
        err_set(err, ERR_REFUSED, "connection %s: it is no longer active", ground->connection);
        set_reason(in, ground, STANDING_OVER, err);
        return 0;
    }
    bind_domains(in, ground);
    if (discover_domains(in, connection, ground->open, &ground->nopen, err) == 0)
        return 0;
    if (err->kind != ERR_REFUSED)
        return -1;
    set_reason(in, ground, STANDING_CLOSED, err);
    return 0;
}

static int ground_of(const struct signin *in, const char *connection, struct grounds *grounds,
                     const struct ground **ret, struct err *err)
{
    for (size_t i = 0; i < grounds->n; i++)
        if (strcmp(grounds->found[i]->connection, connection) == 0) {
            *ret = grounds->found[i];
            return 0;
        }
    struct ground *ground = pool_zero(in->pool, sizeof *ground);
    ground->connection = pool_strdup(in->pool, connection);
    ground->reason = "";
    if (look_at(in, ground, err) != 0)
        return -1;
    *MEM_PUSH(&grounds->found, &grounds->n, &grounds->cap) = ground;
    *ret = ground;
    return 0;
}

void grounds_release(struct grounds *grounds)
{
    free(grounds->found);
    *grounds = (struct grounds){0};
}

/* --- the person -------------------------------------------------------------------------------------------------------- */

static bool is_open(const struct ground *ground, const char *domain)
{
    for (size_t i = 0; i < ground->nopen; i++)
        if (strcmp(ground->open[i], domain) == 0)
            return true;
    return false;
}

/* Who never had a seat is not sent away for having none: there may be no products at all. */
static int check_seat(const struct signin *in, const struct signins_session *session, const struct who *who,
                      struct err *err)
{
    bool any = true;
    if (session->seated && who_has_seat(in->store->db, who->id, &any, err) != 0)
        return -1;
    return any ? 0
               : err_set(err, ERR_REFUSED, "person %s: has no seat of any product any more",
                         text_printable(in->pool, span_str(who->uid)));
}

int standing_of(const struct signin *in, const struct signins_session *session, struct grounds *grounds,
                enum standing *ret, struct who *ret_who, struct err *err)
{
    const struct ground *ground;
    if (ground_of(in, session->connection, grounds, &ground, err) != 0)
        return -1;
    *ret = STANDING_OVER;
    if (ground->standing == STANDING_OVER || !in->store) {
        *ret = ground->standing;
        err_set(err, ERR_REFUSED, "%s", ground->reason);
        return 0;
    }
    if (person_still(in, session->directory, session->uid, ground->bound, ground->nbound, ret_who, err) != 0 ||
        check_seat(in, session, ret_who, err) != 0)
        return err->kind == ERR_REFUSED ? 0 : -1;
    *ret = ground->standing;
    if (ground->standing == STANDING_CLOSED)
        err_set(err, ERR_REFUSED, "%s", ground->reason);
    else if (!is_open(ground, ret_who->domain)) {
        *ret = STANDING_CLOSED;
        err_set(err, ERR_REFUSED, "domain %s: its gate is closed", ret_who->domain);
    }
    return 0;
}

/* --- the application ----------------------------------------------------------------------------------------------------- */

int standing_at(const struct signin *in, const struct who *who, const struct conf_section *application, struct err *err)
{
    const char *name = conf_str(application, "product");
    bool holds = false;
    if (!name)
        return 0;
    const struct conf_section *product = conf_find(in->conf, "product", name);
    if (who_holds(in->store->db, who->id, conf_str(product, "team"), name, &holds, err) != 0)
        return -1;
    return holds ? 0
                 : err_set(
                       err, ERR_REFUSED,
                       "person %s: has no seat of product %s, which application %s asks for; see: doorward explain %s",
                       text_printable(in->pool, span_str(who->uid)), name, conf_name(application),
                       text_printable(in->pool, span_str(who->email)));
}

const char *standing_team(const struct signin *in, const struct conf_section *application)
{
    const char *product = conf_str(application, "product");
    return product ? conf_str(conf_find(in->conf, "product", product), "team") : NULL;
}

/* --- time ---------------------------------------------------------------------------------------------------------------- */

int64_t standing_until(const struct signin *in, int64_t ends)
{
    int64_t idle = conf_int(conf_find(in->conf, "serve", NULL), "session-idle");
    return idle && in->now + idle < ends ? in->now + idle : ends;
}
