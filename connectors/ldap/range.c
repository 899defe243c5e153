#include "connectors/ldap/range.h"

#include <stdint.h>

#include "base/mem.h"
#include "connectors/ldap/search.h"
#include "connectors/ldap/walk.h"
#include "model/entry.h"

struct range {
    LDAPMessage **parts;
    size_t n, cap;
};

void range_free(struct range **range)
{
    if (!*range)
        return;
    for (size_t i = 0; i < (*range)->n; i++)
        ldap_msgfree((*range)->parts[i]);
    free((*range)->parts);
    free(*range);
    *range = NULL;
}

/* The option's last number; complete for "*". False: the type has no such option. */
static bool parse_range(struct span type, bool *ret_complete, uint64_t *ret_last)
{
    CLEANUP(freep) char *text = mem_strndup(type.n ? type.p : "", type.n);
    const char *option = strcasestr(text, ";range=");
    const char *dash = option ? strchr(option, '-') : NULL;
    if (!dash)
        return false;
    *ret_complete = dash[1] == '*';
    *ret_last = strtoull(dash + 1, NULL, 10);
    return true;
}

static size_t find_open(const struct raw *raw, uint64_t *ret_last)
{
    for (size_t i = 0; i < raw->nattrs; i++) {
        bool complete;
        /* The cheap question first: this is asked of every attribute of every entry. */
        if (raw->attrs[i].type.n && memchr(raw->attrs[i].type.p, ';', raw->attrs[i].type.n) &&
            parse_range(raw->attrs[i].type, &complete, ret_last) && !complete)
            return i;
    }
    return RAW_NONE;
}

bool range_is_open(const struct raw *raw)
{
    uint64_t last;
    return find_open(raw, &last) != RAW_NONE;
}

static int keep(void *ctx, LDAPMessage **entry, struct err *err)
{
    struct range *range = ctx;
    (void)err;
    *MEM_PUSH(&range->parts, &range->n, &range->cap) = *entry;
    *entry = NULL;
    return 0;
}

/* One more message at the end of the range. */
static int ask(const struct session *session, const char *dn, const char **attrs, struct range *range, struct err *err)
{
    size_t before = range->n;
    struct search search = {.session = session,
                            .base = dn,
                            .filter = "(objectClass=*)",
                            .scope = LDAP_SCOPE_BASE,
                            .attrs = attrs,
                            .what = "parts of the entry",
                            .take = keep,
                            .ctx = range};
    int rc = search_run(&search, err);
    if (rc == 1 && range->n != before + 1)
        return err_set(err, ERR_CONFIG, "%s: '%s' is gone", session->uri, dn);
    return rc;
}

/* What is complete loses its option, so that the parts are one attribute for whoever reads raw. */
static void close_ranges(struct raw *raw)
{
    for (size_t i = 0; i < raw->nattrs; i++) {
        bool complete;
        uint64_t last;
        if (parse_range(raw->attrs[i].type, &complete, &last))
            raw->attrs[i].type = raw_base_type(raw->attrs[i].type);
    }
}

/* Asks for what follows attribute i, which ends at last. */
static int ask_next(const struct session *session, const char *dn, struct raw *raw, size_t i, uint64_t last,
                    struct range *range, struct err *err)
{
    struct span base = raw_base_type(raw->attrs[i].type);
    CLEANUP(freep) char *type = mem_printf("%.*s;range=%llu-*", SPAN_ARG(base), (unsigned long long)last + 1);
    const char *attrs[] = {type, NULL};
    raw->attrs[i].type = base;
    int rc = ask(session, dn, attrs, range, err);
    if (rc != 1)
        return rc;
    size_t before = raw->nvalues;
    bool stuck = walk_more(session->ld, range->parts[range->n - 1], raw) != 0 || raw->nvalues == before ||
                 raw->nvalues > ENTRY_MEMBERS_MAX;
    uint64_t again;
    bool complete;
    /* A server that answers with the same part for ever is not followed. */
    for (size_t j = i + 1; !stuck && j < raw->nattrs; j++)
        stuck = parse_range(raw->attrs[j].type, &complete, &again) && !complete && again <= last;
    if (!stuck)
        return 1;
    err_set(err, ERR_PARTIAL, "%s: '%.400s': the server does not give the rest of %.*s; look at the server's log",
            session->uri, dn, SPAN_ARG(base));
    return 0;
}

int range_read(const struct session *session, const char *dn, const char **attrs, struct raw *raw, struct range **ret,
               struct err *err)
{
    CLEANUP(range_free) struct range *range = mem_zero(sizeof *range);
    int rc = ask(session, dn, attrs, range, err);
    if (rc != 1)
        return rc;
    if (walk_entry(session->ld, range->parts[0], raw) != 0)
        return err_set(err, ERR_INPUT, "%s: '%.400s' is not decodable or too large; look at the server's log",
                       session->uri, dn);
    uint64_t last;
    for (size_t i; (i = find_open(raw, &last)) != RAW_NONE;) {
        rc = ask_next(session, dn, raw, i, last, range, err);
        if (rc != 1)
            return rc;
    }
    close_ranges(raw);
    *ret = TAKE(range);
    return 1;
}
