#include "signin/person.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "saml/base64.h"

#define GUID_BYTES 16

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
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
    return 0;
}

int person_still(const struct signin *in, const char *directory, const char *uid, const char *const *domains,
                 size_t ndomains, struct who *ret, struct err *err)
{
    int found = who_find(in->store->db, directory, uid, in->pool, ret, err);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_REFUSED, "person %s: gone from directory %s", text_printable(in->pool, span_str(uid)),
                       directory);
    return judge(in, ret, domains, ndomains, err);
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

int person_of(const struct signin *in, const char *id, const char *const *domains, size_t ndomains, struct who *ret,
              struct err *err)
{
    struct who who;
    bool any = false;
    for (const struct conf_section *team = conf_next(in->conf, "team", NULL); team;
         team = conf_next(in->conf, "team", team)) {
        int found = find_in(in, conf_str(team, "directory"), id, &who, err);
        if (found < 0)
            return -1;
        if (found && judge(in, &who, domains, ndomains, err) == 0) {
            err_clear(err); /* that somebody of the same id elsewhere is refused does not matter */
            *ret = who;
            return 0;
        }
        any |= found;
    }
    if (any)
        return -1; /* why not stands in err */
    return err_set(err, ERR_REFUSED,
                   "person %s: nobody with this immutable id is in a team's directory as it was last read; when the "
                   "person is new there, run: doorward apply",
                   text_printable(in->pool, span_str(id)));
}
