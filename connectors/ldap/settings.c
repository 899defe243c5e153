#include "connectors/ldap/settings.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <ldap.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/attrmap.h"
#include "connectors/dn.h"

static const char *const sasl_choices[] = {"none", "external", NULL};

const struct conf_item ldap_rows[] = {
    {.key = "uri",
     .type = CONF_TEXT,
     .required = true,
     .repeatable = true,
     .example = "ldaps://dc1.example.com",
     .help = "ldaps://HOST[:PORT], ldap://HOST[:PORT] or ldapi://%2Fpath%2Fof%2Fsocket. Several are tried in order."},
    {.key = "base",
     .type = CONF_TEXT,
     .required = true,
     .repeatable = true,
     .example = "dc=example,dc=com",
     .help = "DN below which people and groups are."},
    {.key = "person-base",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "ou=people,dc=example,dc=com",
     .help = "For people, in place of base."},
    {.key = "group-base",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "ou=groups,dc=example,dc=com",
     .help = "For groups, in place of base."},
    {.key = "bind-dn",
     .type = CONF_TEXT,
     .example = "cn=doorward,ou=service,dc=example,dc=com",
     .help = "Who reads the directory, with the password of bind-password-file. Neither this nor sasl: anonymous."},
    {.key = "bind-password-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/hq",
     .help = "The password in the first line. Nobody but the service may read the file."},
    {.key = "sasl",
     .type = CONF_CHOICE,
     .choices = sasl_choices,
     .def = "none",
     .help = "external: the server knows us by cert-file, or over ldapi by the user that doorward runs as."},
    {.key = "starttls",
     .type = CONF_BOOL,
     .def = "no",
     .help = "Turn ldap:// into TLS before anything else is said. Its failure ends the connection."},
    {.key = "ca-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/ca.pem",
     .help = "The authorities (PEM) that the server's certificate may come from. Default: those of the system. The "
             "certificate and its host "
             "name are always verified."},
    {.key = "cert-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/client.pem",
     .help = "Our own certificate (PEM), with key-file."},
    {.key = "key-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/client.key",
     .help = "The private key of cert-file (PEM)."},
    {.key = "timeout",
     .type = CONF_DURATION,
     .def = "30s",
     .min = 1,
     .max = 3600,
     .help = "How long to wait for a connection, and for each next entry."},
    {.key = "person-filter",
     .type = CONF_TEXT,
     .example = "(&(objectClass=inetOrgPerson)(mail=*))",
     .help = "Which entries are people. Default: (objectClass=person)."},
    {.key = "group-filter",
     .type = CONF_TEXT,
     .example = "(objectClass=groupOfNames)",
     .help = "Which entries are groups; an entry that person-filter matches as well is a person. Default: "
             "groupOfNames, groupOfUniqueNames and "
             "posixGroup (its memberUid lines, not those who have it as their primary group)."},
    {.key = "page-size",
     .type = CONF_INT,
     .max = 100000,
     .example = "500",
     .unit = "entries",
     .help = "Read in pages of this many entries; 0: in one stream, which is fastest. Needed when the server limits "
             "how many it gives at once. "
             "Default for openldap: 0, else 1000."},
    ATTRMAP_ROWS,
    {.key = NULL},
};

/* The place stands ahead, where the configuration's reader looks for it and adds whose key it is. */
static int fault(const struct conf_section *section, const char *key, size_t i, const char *what, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *value = i < conf_count(section, key) ? text_printable(pool, span_str(conf_at(section, key, i))) : "";
    return err_set(err, ERR_CONFIG, "%s: %s '%.400s' %s", conf_where_key(section, key, i), key, value, what);
}

DEFINE_CLEANUP(free_url, LDAPURLDesc *, ldap_free_urldesc)

/* By address, or by the one name that is promised to be one (RFC 6761 section 6.3). "127.evil.example" is neither. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return text_same_ascii(host, "localhost") || (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static bool sends_secret(const struct conf_section *section)
{
    return conf_has(section, "bind-dn");
}

static bool external(const struct conf_section *section)
{
    return text_same_ascii(conf_str(section, "sasl"), "external");
}

static int check_plain(const struct conf_section *section, size_t i, const LDAPURLDesc *url, struct err *err)
{
    if (!text_same_ascii(url->lud_scheme, "ldap") || conf_bool(section, "starttls"))
        return 0;
    if (external(section))
        return fault(section, "uri", i, "has no TLS for sasl = external; use ldaps://, ldapi:// or starttls = yes",
                     err);
    if (sends_secret(section) && !is_loopback(url->lud_host))
        return fault(section, "uri", i, "would send the bind password in the clear; use ldaps:// or starttls = yes",
                     err);
    return 0;
}

static int check_uri(const struct conf_section *section, size_t i, struct err *err)
{
    const char *uri = conf_at(section, "uri", i);
    CLEANUP(free_url) LDAPURLDesc *url = NULL;
    if (strpbrk(uri, " ,\t") || ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS ||
        text_same_ascii(url->lud_scheme, "cldap") || text_same_ascii(url->lud_scheme, "pldap"))
        return fault(section, "uri", i,
                     "is not the address of a server; write ldaps://HOST, ldap://HOST or ldapi://SOCKET, one a line",
                     err);
    if ((url->lud_dn && *url->lud_dn) || url->lud_attrs || url->lud_exts || strchr(uri, '?'))
        return fault(section, "uri", i,
                     "says more than the server; write the DN into base and the filter into person-filter", err);
    bool ldapi = text_same_ascii(url->lud_scheme, "ldapi");
    if (!url->lud_host || !*url->lud_host)
        return fault(section, "uri", i, "names no server; write it behind the slashes", err);
    if (conf_bool(section, "starttls") && !text_same_ascii(url->lud_scheme, "ldap"))
        return fault(section, "uri", i,
                     ldapi ? "is a socket of this machine; remove starttls" : "is TLS already; remove starttls", err);
    if (external(section) && !ldapi && !conf_has(section, "cert-file"))
        return fault(section, "uri", i, "needs cert-file and key-file for sasl = external", err);
    return check_plain(section, i, url, err);
}

static int check_bind(const struct conf_section *section, struct err *err)
{
    bool dn = conf_has(section, "bind-dn"), password = conf_has(section, "bind-password-file");
    if (dn != password)
        return fault(section, dn ? "bind-dn" : "bind-password-file", 0,
                     dn ? "has no password; add bind-password-file" : "belongs to no one; add bind-dn", err);
    if (dn && external(section))
        return fault(section, "bind-dn", 0, "is not used with sasl = external; remove one of them", err);
    struct key128 key;
    if (dn && dn_key_of(conf_str(section, "bind-dn"), &key, err) != 0)
        return err_wrap(err, "%s: bind-dn", conf_where_key(section, "bind-dn", 0));
    bool cert = conf_has(section, "cert-file"), private_key = conf_has(section, "key-file");
    if (cert != private_key)
        return fault(section, cert ? "cert-file" : "key-file", 0,
                     cert ? "has no key; add key-file" : "has no certificate; add cert-file", err);
    return 0;
}

static const char *const base_keys[] = {[ENTRY_PERSON] = "person-base", [ENTRY_GROUP] = "group-base"};
static const char *const filter_keys[] = {[ENTRY_PERSON] = "person-filter", [ENTRY_GROUP] = "group-filter"};

/* Where a base lies inside another, its entries would come twice. */
static int check_bases(const struct conf_section *section, const char *key, struct err *err)
{
    size_t n = conf_count(section, key);
    struct buf *forms = mem_zero((n + 1) * sizeof *forms);
    CLEANUP(dn_keyer_free) struct dn_keyer *keyer = dn_keyer_new();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (dn_normalise(keyer, span_str(conf_at(section, key, i)), &forms[i]) != 0)
            rc = fault(section, key, i, "is not a DN; write it as in dc=example,dc=com", err);
        for (size_t j = 0; rc == 0 && j < i; j++)
            if (dn_is_below(forms[i].data, forms[j].data) || dn_is_below(forms[j].data, forms[i].data))
                rc = fault(section, key, i, "overlaps another line of the same key; remove the inner one", err);
    }
    for (size_t i = 0; i < n; i++)
        buf_release(&forms[i]);
    free(forms);
    return rc;
}

/* Parentheses that match, so that filters can be put together; the rest is for libldap and the server. */
static bool is_balanced(const char *filter)
{
    int depth = 0;
    for (const char *p = filter; *p; p++) {
        depth += (*p == '(') - (*p == ')');
        if (depth < 0 || (depth == 0 && p[1] != '\0' && filter[0] == '('))
            return false;
    }
    return depth == 0 && *filter;
}

static int check_filter(const struct conf_section *section, const char *key, struct err *err)
{
    const char *filter = conf_str(section, key);
    if (filter && !is_balanced(filter))
        return fault(section, key, 0, "is not a filter; write it as in (&(objectClass=person)(mail=*))", err);
    return 0;
}

int settings_check(const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < conf_count(section, "uri"); i++)
        if (check_uri(section, i, err) != 0)
            return -1;
    if (check_bind(section, err) != 0 || check_bases(section, "base", err) != 0)
        return -1;
    for (int kind = ENTRY_PERSON; kind <= ENTRY_GROUP; kind++)
        if (check_bases(section, base_keys[kind], err) != 0 || check_filter(section, filter_keys[kind], err) != 0)
            return -1;
    return attrmap_check(section, err);
}

static const char *base_key(const struct conf_section *section, enum entry_kind kind)
{
    return conf_count(section, base_keys[kind]) ? base_keys[kind] : "base";
}

/* The key that the i-th base of this kind stands under, and its place there in *i. */
static const char *key_of_base(const struct conf_section *section, enum entry_kind kind, size_t *i)
{
    const char *key = base_key(section, kind == ENTRY_CONTAINER ? ENTRY_PERSON : kind);
    if (kind != ENTRY_CONTAINER || *i < conf_count(section, key))
        return key;
    *i -= conf_count(section, key);
    return base_key(section, ENTRY_GROUP);
}

size_t settings_base_count(const struct conf_section *section, enum entry_kind kind)
{
    if (kind != ENTRY_CONTAINER)
        return conf_count(section, base_key(section, kind));
    const char *people = base_key(section, ENTRY_PERSON), *groups = base_key(section, ENTRY_GROUP);
    return conf_count(section, people) + (strcmp(people, groups) == 0 ? 0 : conf_count(section, groups));
}

const char *settings_base(const struct conf_section *section, enum entry_kind kind, size_t i)
{
    const char *key = key_of_base(section, kind, &i);
    return conf_at(section, key, i);
}

const char *settings_base_where(const struct conf_section *section, enum entry_kind kind, size_t i)
{
    const char *key = key_of_base(section, kind, &i);
    return conf_where_key(section, key, i);
}

static char *container_filter(void)
{
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    buf_adds(&filter, "(|");
    for (const char *const *class = flavour_container_classes; *class; class ++)
        buf_printf(&filter, "(objectClass=%s)", *class);
    buf_addc(&filter, ')');
    return mem_strdup(buf_str(&filter));
}

char *settings_filter(const struct conf_section *section, enum entry_kind kind)
{
    if (kind == ENTRY_CONTAINER)
        return container_filter();
    const struct flavour *flavour = flavour_find(conf_str(section, "flavour"));
    const char *filter = conf_str(section, filter_keys[kind]);
    if (!filter)
        filter = kind == ENTRY_PERSON ? flavour->person_filter : flavour->group_filter;
    return mem_printf(*filter == '(' ? "%s" : "(%s)", filter);
}

int64_t settings_page_size(const struct conf_section *section)
{
    if (conf_has(section, "page-size"))
        return conf_int(section, "page-size");
    return flavour_find(conf_str(section, "flavour"))->page_size;
}
