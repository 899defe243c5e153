#include "connectors/ldap/locate.h"

#include "base/buf.h"
#include "base/text.h"
#include "connectors/ldap/search.h"

#define CONTEXTS_MAX 16

struct asking {
    const struct locate *locate;
    struct pool *pool;
    const char *contexts[CONTEXTS_MAX];
    size_t n;
    const char *found;
};

DEFINE_CLEANUP(free_values, struct berval **, ldap_value_free_len)
DEFINE_CLEANUP(free_text, char *, ldap_memfree)

static int take_contexts(void *ctx, LDAPMessage **entry, struct err *err)
{
    (void)err;
    struct asking *a = ctx;
    CLEANUP(free_values)
    struct berval **values = ldap_get_values_len(a->locate->session->ld, *entry, "namingContexts");
    for (size_t i = 0; values && values[i] && a->n < CONTEXTS_MAX; i++)
        a->contexts[a->n++] = pool_strndup(a->pool, values[i]->bv_val, values[i]->bv_len);
    return 0;
}

static int take_found(void *ctx, LDAPMessage **entry, struct err *err)
{
    (void)err;
    struct asking *a = ctx;
    CLEANUP(free_text) char *dn = ldap_get_dn(a->locate->session->ld, *entry);
    if (dn && !a->found)
        a->found = pool_strdup(a->pool, dn);
    return 0;
}

static int find_contexts(struct asking *a, struct err *err)
{
    const char *attrs[] = {"namingContexts", NULL};
    struct search search = {.session = a->locate->session,
                            .base = "",
                            .filter = "(objectClass=*)",
                            .scope = LDAP_SCOPE_BASE,
                            .attrs = attrs,
                            .what = "naming contexts",
                            .take = take_contexts,
                            .ctx = a};
    return search_run(&search, err) == 1 ? 0 : -1;
}

/* Every byte as RFC 4515 section 3 escapes it, so that none means anything to the filter. */
static void add_escaped(struct buf *filter, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        buf_printf(filter, "\\%02x", (unsigned char)bytes.p[i]);
}

/* An id of bytes is kept in hexadecimal: its digits are the bytes that the server has. */
static bool add_hex(struct buf *filter, struct span id)
{
    if (id.n < 2 || id.n % 2)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (!strchr("0123456789abcdef", id.p[i]))
            return false;
    for (size_t i = 0; i < id.n; i += 2)
        buf_printf(filter, "\\%.2s", id.p + i);
    return true;
}

static void make_filter(const struct asking *a, struct span id, struct buf *filter)
{
    const char *attribute = a->locate->id_attribute;
    buf_printf(filter, "(|(%s=", attribute);
    add_escaped(filter, id);
    buf_addc(filter, ')');
    CLEANUP(buf_release) struct buf bytes = BUF_INIT;
    if (add_hex(&bytes, id))
        buf_printf(filter, "(%s=%s)", attribute, buf_str(&bytes));
    buf_addc(filter, ')');
}

/* A context that we may not read, or that is another server's, says nothing; the next one may. */
static int ask(struct asking *a, const char *context, const char *filter, struct err *err)
{
    const char *none[] = {LDAP_NO_ATTRS, NULL};
    struct search search = {.session = a->locate->session,
                            .base = context,
                            .filter = filter,
                            .scope = LDAP_SCOPE_SUBTREE,
                            .attrs = none,
                            .page_size = a->locate->page_size,
                            .what = "entries of this id",
                            .take = take_found,
                            .ctx = a};
    struct err own = ERR_INIT;
    if (search_run(&search, &own) == 1 || own.kind != ERR_NETWORK)
        return 0;
    *err = own;
    return -1;
}

int locate_entry(const struct locate *locate, struct span id, struct pool *pool, const char **ret, struct err *err)
{
    struct asking a = {.locate = locate, .pool = pool};
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    if (find_contexts(&a, err) != 0)
        return -1;
    make_filter(&a, id, &filter);
    for (size_t i = 0; i < a.n && !a.found; i++)
        if (ask(&a, a.contexts[i], buf_str(&filter), err) != 0)
            return -1;
    *ret = a.found;
    return a.found != NULL;
}
