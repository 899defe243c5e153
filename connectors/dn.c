#include "connectors/dn.h"

#include <ldap.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "model/entry.h"

struct dn_keyer {
    struct digest *digest;
    struct pool *pool;
    struct buf form;
};

struct dn_keyer *dn_keyer_new(void)
{
    struct dn_keyer *keyer = mem_zero(sizeof *keyer);
    keyer->digest = digest_new();
    keyer->pool = pool_new();
    return keyer;
}

void dn_keyer_free(struct dn_keyer **keyer)
{
    if (!*keyer)
        return;
    digest_free(&(*keyer)->digest);
    pool_free(&(*keyer)->pool);
    buf_release(&(*keyer)->form);
    free(*keyer);
    *keyer = NULL;
}

/*
 * Other names of the attribute types that RFC 4514 section 3 and RFC 4519 know, so that an export by another tool
 * still matches.
 */
static const struct {
    const char *other, *name;
} type_names[] = {
    {"2.5.4.3", "cn"},
    {"commonname", "cn"},
    {"2.5.4.4", "sn"},
    {"surname", "sn"},
    {"2.5.4.6", "c"},
    {"countryname", "c"},
    {"2.5.4.7", "l"},
    {"localityname", "l"},
    {"2.5.4.8", "st"},
    {"stateorprovincename", "st"},
    {"2.5.4.9", "street"},
    {"streetaddress", "street"},
    {"2.5.4.10", "o"},
    {"organizationname", "o"},
    {"2.5.4.11", "ou"},
    {"organizationalunitname", "ou"},
    {"0.9.2342.19200300.100.1.25", "dc"},
    {"domaincomponent", "dc"},
    {"0.9.2342.19200300.100.1.1", "uid"},
    {"userid", "uid"},
    {"0.9.2342.19200300.100.1.3", "mail"},
    {"rfc822mailbox", "mail"},
};

/* Puts the type that ends the buffer into its short form. No longer form is below six letters. */
static void shorten_type(char *out, size_t start, size_t *n)
{
    size_t len = *n - start;
    if (len < 6)
        return;
    if (memcmp(out + start, "oid.", 4) == 0 && out[start + 4] >= '0' && out[start + 4] <= '9') {
        len -= 4;
        memmove(out + start, out + start + 4, len);
        *n -= 4;
    }
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        const char *other = type_names[i].other;
        if (strlen(other) != len || memcmp(other, out + start, len) != 0)
            continue;
        size_t to = strlen(type_names[i].name);
        memcpy(out + start, type_names[i].name, to);
        *n = start + to;
        return;
    }
}

enum char_class { PLAIN, SPACE, COMMA, EQUALS, OTHER };

/* OTHER is whatever RFC 4514 escapes or needs thought for: those names take the long way. */
static const unsigned char class_of[256] = {
    [0 ... 31] = OTHER, [' '] = SPACE, ['"'] = OTHER,  ['#'] = OTHER, ['+'] = OTHER,  [','] = COMMA,
    [';'] = OTHER,      ['<'] = OTHER, ['='] = EQUALS, ['>'] = OTHER, ['\\'] = OTHER, [127 ... 255] = OTHER,
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Reads "type=" at *i, spaces around it ignored, and writes it. */
static bool plain_type(struct span dn, size_t *i, char *out, size_t *n)
{
    size_t start = *n, at = *i;
    while (at < dn.n && dn.p[at] == ' ')
        at++;
    for (; at < dn.n && is_type_char(lower(dn.p[at])); at++)
        out[(*n)++] = lower(dn.p[at]);
    while (at < dn.n && dn.p[at] == ' ')
        at++;
    if (*n == start || at == dn.n || dn.p[at] != '=')
        return false;
    shorten_type(out, start, n);
    out[(*n)++] = '=';
    *i = at + 1;
    return true;
}

/* Reads a value up to the comma or the end, runs of spaces as one, and writes it. */
static bool plain_value(struct span dn, size_t *i, char *out, size_t *n)
{
    size_t start = *n, at = *i;
    for (; at < dn.n; at++) {
        unsigned char class = class_of[(unsigned char)dn.p[at]];
        if (class == PLAIN)
            out[(*n)++] = lower(dn.p[at]);
        else if (class == SPACE && *n > start && out[*n - 1] != ' ')
            out[(*n)++] = ' ';
        else if (class != SPACE)
            break;
    }
    if (*n > start && out[*n - 1] == ' ')
        (*n)--;
    *i = at;
    return *n > start && (at == dn.n || dn.p[at] == ',');
}

/*
 * The fast path, for names of plain ASCII: a pull of 100,000 people meets 400,000 of them. False: take the long way.
 * The normal form is never longer than the name.
 */
static bool normalise_plain(struct span dn, char *out, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0;;) {
        if (!plain_type(dn, &i, out, &n) || !plain_value(dn, &i, out, &n))
            return false;
        if (i == dn.n)
            break;
        i++;
        out[n++] = ',';
    }
    *ret_n = n;
    return true;
}

/* One "type=value" of the long way, written so that no two different ones look alike. */
struct part {
    char *text;
};

static void put_escaped(struct buf *to, const char *value)
{
    /* Insignificant are spaces at the ends, and all but one in a run. */
    for (const char *p = value + strspn(value, " "); *p; p++) {
        if (*p == ' ' && (p[1] == ' ' || p[1] == '\0'))
            continue;
        if ((unsigned char)*p < ' ')
            buf_printf(to, "\\%02x", (unsigned char)*p); /* a bare line end is space to libldap */
        else if (strchr("\\,+=\"<>;#", *p))
            buf_printf(to, "\\%c", *p);
        else
            buf_addc(to, *p);
    }
}

static int put_value(struct buf *to, const LDAPAVA *ava, struct pool *pool)
{
    if (ava->la_flags & LDAP_AVA_BINARY) {
        if (ava->la_value.bv_len == 0)
            return -1; /* libldap takes "#" and then none for a value */
        buf_addc(to, '#');
        for (ber_len_t i = 0; i < ava->la_value.bv_len; i++)
            buf_printf(to, "%02x", (unsigned char)ava->la_value.bv_val[i]);
        return 0;
    }
    struct span value = {ava->la_value.bv_val, ava->la_value.bv_len};
    if (value.n && memchr(value.p, '\0', value.n))
        return -1;
    char *folded = text_fold(pool, value);
    if (!folded)
        return -1;
    put_escaped(to, folded);
    return 0;
}

static int put_part(struct part *part, const LDAPAVA *ava, struct pool *pool)
{
    char *type = pool_strndup(pool, ava->la_attr.bv_val, ava->la_attr.bv_len);
    text_lower_ascii(type);
    size_t n = strlen(type);
    shorten_type(type, 0, &n);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_add(&text, type, n);
    buf_addc(&text, '=');
    if (put_value(&text, ava, pool) != 0)
        return -1;
    part->text = pool_strdup(pool, text.data);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->text, ((const struct part *)b)->text);
}

static int put_rdn(struct buf *to, LDAPRDN rdn, struct pool *pool)
{
    size_t n = 0;
    while (rdn[n])
        n++;
    struct part *parts = pool_alloc(pool, n * sizeof *parts);
    for (size_t i = 0; i < n; i++)
        if (put_part(&parts[i], rdn[i], pool) != 0)
            return -1;
    qsort(parts, n, sizeof *parts, by_text);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(to, '+');
        buf_adds(to, parts[i].text);
    }
    return 0;
}

DEFINE_CLEANUP(free_dn, LDAPDN, ldap_dnfree)

static int normalise_any(struct dn_keyer *keyer, struct span dn)
{
    pool_reset(keyer->pool);
    struct berval copy = {dn.n, pool_strndup(keyer->pool, dn.p, dn.n)};
    CLEANUP(free_dn) LDAPDN parsed = NULL;
    if (ldap_bv2dn(&copy, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || !parsed || !parsed[0])
        return -1;
    for (size_t i = 0; parsed[i]; i++) {
        if (i > 0)
            buf_addc(&keyer->form, ',');
        if (put_rdn(&keyer->form, parsed[i], keyer->pool) != 0)
            return -1;
    }
    return 0;
}

static int fill_form(struct dn_keyer *keyer, struct span dn)
{
    if (dn.n == 0 || dn.n > ENTRY_NAME_MAX)
        return -1;
    buf_clear(&keyer->form);
    size_t n = 0;
    if (!normalise_plain(dn, buf_reserve(&keyer->form, dn.n), &n))
        return normalise_any(keyer, dn);
    keyer->form.len = n;
    keyer->form.data[n] = '\0';
    return 0;
}

int dn_keyer_name(struct dn_keyer *keyer, struct span dn, struct key128 *ret)
{
    if (fill_form(keyer, dn) != 0)
        return -1;
    digest_start(keyer->digest);
    digest_add(keyer->digest, keyer->form.data, keyer->form.len);
    *ret = digest_key(keyer->digest);
    return 0;
}

int dn_keyer_alias(struct dn_keyer *keyer, struct span name, struct key128 *ret)
{
    if (name.n == 0 || name.n > ENTRY_VALUE_MAX || memchr(name.p, '\0', name.n))
        return -1;
    pool_reset(keyer->pool);
    const char *folded = text_fold(keyer->pool, name);
    if (!folded)
        return -1;
    digest_start(keyer->digest);
    digest_add(keyer->digest, "alias", sizeof "alias"); /* with its NUL, which no normal form of a DN holds */
    digest_add(keyer->digest, folded, strlen(folded));
    *ret = digest_key(keyer->digest);
    return 0;
}

int dn_key_of(const char *dn, struct key128 *ret, struct err *err)
{
    CLEANUP(dn_keyer_free) struct dn_keyer *keyer = dn_keyer_new();
    if (dn_keyer_name(keyer, span_str(dn), ret) == 0)
        return 0;
    pool_reset(keyer->pool);
    return err_set(
        err, ERR_INPUT,
        "'%.200s': not a DN; write it as the directory does, for example cn=design,ou=groups,dc=example,dc=com",
        text_printable(keyer->pool, span_str(dn)));
}

int dn_normalise(struct dn_keyer *keyer, struct span dn, struct buf *ret)
{
    if (fill_form(keyer, dn) != 0)
        return -1;
    buf_add(ret, keyer->form.data, keyer->form.len);
    return 0;
}

/* Commas that are escaped (RFC 4514 section 3) or inside quotes (RFC 2253 section 4) belong to a value. */
struct span dn_parent(struct span dn)
{
    bool quoted = false;
    for (size_t i = 0; i < dn.n; i++) {
        if (dn.p[i] == '\\')
            i++;
        else if (dn.p[i] == '"')
            quoted = !quoted;
        else if (dn.p[i] == ',' && !quoted)
            return (struct span){dn.p + i + 1, dn.n - i - 1};
    }
    return (struct span){NULL, 0};
}

bool dn_is_below(const char *name, const char *base)
{
    size_t n = strlen(name), b = strlen(base);
    if (b > n || strcmp(name + (n - b), base) != 0)
        return false;
    /*
     * A comma that is escaped belongs to a value: "ou=x\,dc=a" is not below "dc=a". Backslashes in the normal form
     * come in pairs or ahead.
     */
    size_t at = n - b;
    if (at == 0)
        return true;
    size_t slashes = 0;
    for (size_t i = at - 1; i > 0 && name[i - 1] == '\\'; i--)
        slashes++;
    return name[at - 1] == ',' && slashes % 2 == 0;
}
