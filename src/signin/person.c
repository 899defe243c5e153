#include "signin/person.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "model/domain.h"
#include "saml/base64.h"
#include "signin/discover.h"
#include "store/arrivals.h"
#include "store/domain.h"
#include "sync/derive.h"

#define GUID_BYTES 16
#define ID_MAX     1024 /* bytes of an id that is recorded */

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* --- somebody of the mirror ------------------------------------------------------------------------------------------- */

/* The connection of the person's domain is on, or tries itself out on this person. */
static int judge_connection(const struct signin *in, const struct who *who, struct err *err)
{
    const struct conf_section *domain = conf_find(in->conf, "domain", who->domain);
    const char *name = domain ? conf_str(domain, "connection") : NULL;
    struct connection_row row;
    if (!name)
        return err_set(err, ERR_REFUSED, "domain %s: it has no connection", who->domain);
    if (connection_get(in->store, name, in->pool, &row, err) != 0)
        return -1;
    if (row.state == CONNECTION_ACTIVE || discover_is_test_user(conf_find(in->conf, "connection", name), who->email))
        return 0;
    return err_set(err, ERR_REFUSED,
                   "person %s: connection %s is not active, and %s is none of its test users; run: doorward sso "
                   "activate %s",
                   text_printable(in->pool, span_str(who->uid)), name, text_printable(in->pool, span_str(who->email)),
                   name);
}

static int judge(const struct signin *in, const struct who *who, const char *const *domains, size_t n, struct err *err)
{
    const char *id = text_printable(in->pool, span_str(who->uid));
    if (who->excluded)
        return err_set(err, ERR_REFUSED,
                       "person %s: left out of directory %s by its exclude line %u; take the line out to let them in",
                       id, who->directory, who->excluded);
    if (!who->active)
        return err_set(err, ERR_REFUSED, "person %s: disabled in directory %s; enable the person there", id,
                       who->directory);
    if (!is_among(who->domain, domains, n))
        return err_set(err, ERR_REFUSED,
                       "person %s: the e-mail in directory %s is in no domain that this connection signs in; "
                       "mend the e-mail there, or bind its domain to the connection",
                       id, who->directory);
    return judge_connection(in, who, err);
}

/* Active Directory's objectGUID as its own servers send it: base64 of sixteen bytes, of which the first eight are turned round. */
static const char *guid_of(struct pool *pool, const char *text)
{
    static const unsigned char order[GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    CLEANUP(buf_release) struct buf bytes = BUF_INIT;
    char guid[2 * GUID_BYTES + 5], *p = guid;
    if (strlen(text) != 24 || saml_base64_decode(span_str(text), &bytes) != 0 || bytes.len != GUID_BYTES)
        return NULL;
    for (int i = 0; i < GUID_BYTES; i++)
        p += snprintf(p, sizeof guid - (size_t)(p - guid), i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                      (unsigned char)bytes.data[order[i]]);
    return pool_strdup(pool, guid);
}

/* In one directory, in any form in which the id may have been sent. 1, 0, -1 */
static int find_in(const struct signin *in, const char *directory, const char *id, struct who *ret, struct err *err)
{
    char *lower = pool_strdup(in->pool, id);
    text_lower_ascii(lower);
    const char *const forms[] = {id, lower, guid_of(in->pool, id)};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        int found = forms[i] ? who_find(in->store->db, directory, forms[i], in->pool, ret, err) : 0;
        if (found)
            return found;
    }
    return 0;
}

/* In the directories of all teams. 1: let in; 0: not there; -1: ERR_REFUSED, or the mirror could not be read */
static int find_let_in(const struct signin *in, const char *id, const char *const *domains, size_t n, struct who *ret,
                       struct err *err)
{
    struct who who;
    bool any = false;
    for (const struct conf_section *team = conf_next(in->conf, "team", NULL); team;
         team = conf_next(in->conf, "team", team)) {
        int found = find_in(in, conf_str(team, "directory"), id, &who, err);
        if (found < 0)
            return -1;
        if (found && judge(in, &who, domains, n, err) == 0) {
            err_clear(err); /* that somebody of the same id elsewhere is refused does not matter */
            *ret = who;
            return 1;
        }
        any |= found;
    }
    return any ? -1 : 0;
}

int person_find(const struct signin *in, const char *id, struct who *ret, struct err *err)
{
    struct who who;
    int any = 0;
    for (const struct conf_section *team = conf_next(in->conf, "team", NULL); team;
         team = conf_next(in->conf, "team", team)) {
        int found = find_in(in, conf_str(team, "directory"), id, &who, err);
        if (found < 0)
            return -1;
        if (found && (!any || (who.active && !who.excluded)))
            *ret = who;
        any |= found;
    }
    return any;
}

int person_by_email(const struct signin *in, const char *email, const char **ret_directory, const char **ret_uid,
                    struct err *err)
{
    CLEANUP(derive_free) struct derive *derive = derive_new();
    struct entry entry = {.kind = ENTRY_PERSON};
    struct mirror_person person;
    entry.attr[ATTR_EMAIL] = span_str(email);
    derive_person(derive, &entry, &person);
    return person.domain ? who_has_email(in->store->db, person.email_hash, in->pool, ret_directory, ret_uid, err) : 0;
}

/* --- somebody whom no directory has (jit) ------------------------------------------------------------------------------ */

/* Neither the id nor the e-mail was ever seen in a directory: whoever left, or is left out, does not come back this way. */
static int refuse_known(const struct signin *in, const char *id, const char *email, struct err *err)
{
    const char *directory, *uid, *shown = text_printable(in->pool, span_str(id));
    int64_t gone_at;
    char *lower = pool_strdup(in->pool, id);
    text_lower_ascii(lower);
    const char *const forms[] = {id, lower, guid_of(in->pool, id)};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        int was = forms[i] ? who_was(in->store->db, forms[i], in->pool, &directory, &gone_at, err) : 0;
        if (was < 0)
            return -1;
        if (was)
            return err_set(err, ERR_REFUSED,
                           "person %s: %s directory %s%s; jit is for people whom no directory ever had", shown,
                           gone_at ? "gone from" : "in", directory, gone_at ? "" : ", which is no team's");
    }
    int has = person_by_email(in, email, &directory, &uid, err);
    if (has > 0)
        err_set(err, ERR_REFUSED,
                "person %s: directory %s knows their e-mail %s by another immutable id, '%s'; run: doorward sso test",
                shown, directory, text_printable(in->pool, span_str(email)), text_printable(in->pool, span_str(uid)));
    return has ? -1 : 0;
}

static int judge_arrival(const struct signin *in, const struct conf_section *connection, const struct arrival *a,
                         const char *const *domains, size_t n, struct who *ret, struct err *err)
{
    CLEANUP(freep) char *domain = NULL;
    struct connection_row row;
    const char *shown = text_printable(in->pool, span_str(a->uid));
    if (connection_get(in->store, conf_name(connection), in->pool, &row, err) != 0)
        return -1;
    if (row.state != CONNECTION_ACTIVE)
        return err_set(
            err, ERR_REFUSED,
            "person %s: in no team's directory, and connection %s is not active, so that its jit is not either", shown,
            conf_name(connection));
    if (email_domain(a->email, &domain, err) != 0)
        return err_wrap(err, "person %s", shown);
    if (!is_among(domain, domains, n))
        return err_set(err, ERR_REFUSED, "person %s: the e-mail %s is in no domain that this connection signs in",
                       shown, text_printable(in->pool, span_str(a->email)));
    if (refuse_known(in, a->uid, a->email, err) != 0)
        return -1;
    *ret = (struct who){.directory = arrivals_directory(in->pool, conf_name(connection)),
                        .uid = a->uid,
                        .email = a->email,
                        .domain = pool_strdup(in->pool, domain),
                        .name = pool_printf(in->pool, "%s %s", a->given_name, a->family_name),
                        .given_name = a->given_name,
                        .family_name = a->family_name,
                        .active = true};
    return 0;
}

static bool is_whole(const char *text)
{
    return text && *text && strlen(text) <= ID_MAX && text_is_clean(span_str(text));
}

static int arrive(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
                  const char *const *domains, size_t n, struct who *ret, struct err *err)
{
    const struct arrival arrival = {.connection = conf_name(connection),
                                    .uid = claim->id,
                                    .email = claim->email,
                                    .given_name = claim->given_name,
                                    .family_name = claim->family_name};
    if (!is_whole(claim->id) || !is_whole(claim->email) || !is_whole(claim->given_name) ||
        !is_whole(claim->family_name))
        return err_set(err, ERR_REFUSED,
                       "person %s: in no team's directory, and the identity provider does not send everything that jit "
                       "needs: immutable id, e-mail, given name, family name",
                       text_printable(in->pool, span_str(claim->id)));
    if (judge_arrival(in, connection, &arrival, domains, n, ret, err) != 0)
        return -1;
    int taken = arrivals_has_email(in->signins, claim->email, arrival.connection, claim->id, err);
    if (taken > 0)
        err_set(
            err, ERR_REFUSED,
            "person %s: somebody else arrived with the e-mail %s; see doorward report arrivals, and take out who is "
            "wrong: doorward sso forget",
            text_printable(in->pool, span_str(claim->id)), text_printable(in->pool, span_str(claim->email)));
    return taken ? -1 : 0;
}

static int arrived_still(const struct signin *in, const char *name, const char *uid, const char *const *domains,
                         size_t n, struct who *ret, struct err *err)
{
    const struct conf_section *connection = conf_find(in->conf, "connection", name);
    struct arrival arrival;
    int found = find_let_in(in, uid, domains, n, ret, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (!connection || !conf_bool(connection, "jit"))
        return err_set(err, ERR_REFUSED,
                       "person %s: in no team's directory, and connection %s has no jit = yes (any more)",
                       text_printable(in->pool, span_str(uid)), name);
    found = arrivals_get(in->signins, name, uid, in->pool, &arrival, err);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_REFUSED, "person %s: forgotten since; they may sign in again",
                       text_printable(in->pool, span_str(uid)));
    return judge_arrival(in, connection, &arrival, domains, n, ret, err);
}

/* --- who is let in ----------------------------------------------------------------------------------------------------- */

/* Whoever signs in is looked for in the directories of teams: one that is no team's any more is read by nobody. */
static int check_directory(const struct signin *in, const char *directory, struct err *err)
{
    for (const struct conf_section *team = conf_next(in->conf, "team", NULL); team;
         team = conf_next(in->conf, "team", team))
        if (strcmp(conf_str(team, "directory"), directory) == 0)
            return 0;
    return err_set(err, ERR_REFUSED, "directory %s: no team has it any more", directory);
}

int person_still(const struct signin *in, const char *directory, const char *uid, const char *const *domains,
                 size_t ndomains, struct who *ret, struct err *err)
{
    size_t n = strlen(ARRIVALS_DIRECTORY);
    if (strncmp(directory, ARRIVALS_DIRECTORY, n) == 0)
        return arrived_still(in, directory + n, uid, domains, ndomains, ret, err);
    if (check_directory(in, directory, err) != 0)
        return -1;
    int found = who_find(in->store->db, directory, uid, in->pool, ret, err);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_REFUSED, "person %s: gone from directory %s", text_printable(in->pool, span_str(uid)),
                       directory);
    return judge(in, ret, domains, ndomains, err);
}

int person_of(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
              const char *const *domains, size_t ndomains, struct who *ret, struct err *err)
{
    int found = find_let_in(in, claim->id, domains, ndomains, ret, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (conf_bool(connection, "jit"))
        return arrive(in, connection, claim, domains, ndomains, ret, err);
    return err_set(err, ERR_REFUSED,
                   "person %s: nobody with this immutable id is in a team's directory as it was last read; when the "
                   "person is new there, run: doorward apply",
                   text_printable(in->pool, span_str(claim->id)));
}
