#include "model/asserted.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "model/domain.h"

/* --- e-mail addresses --------------------------------------------------------------------------------------------- */

/* Dot-atom, with letters of any script (RFC 6531): quoting, comments and lists have no place in a directory. */
static bool local_part_is_plain(struct span local)
{
    if (local.n == 0 || local.n > 64 || local.p[0] == '.' || local.p[local.n - 1] == '.')
        return false;
    for (size_t i = 0; i < local.n; i++)
        if (strchr(" \"(),:;<>@[\\]", local.p[i]) || (unsigned char)local.p[i] <= 0x20)
            return false;
    return true;
}

/*
 * The mapping that makes domain names comparable drops invisible characters and folds look-alikes. A directory's domain may be typed that way; an
 * assertion's may not: in lower case it must be the A-label or the U-label already.
 */
const char *asserted_email_domain(struct pool *pool, const char *email)
{
    const char *at = strchr(email, '@');
    if (!at || !local_part_is_plain((struct span){email, (size_t)(at - email)}))
        return NULL;
    CLEANUP(freep) char *domain = NULL;
    struct err ignored = ERR_INIT;
    const char *written = text_fold(pool, span_str(at + 1));
    if (!written || email_domain(email, &domain, &ignored) != 0)
        return NULL;
    bool as_is = strcmp(written, domain) == 0 || strcmp(written, domain_display(pool, domain)) == 0;
    return as_is ? pool_strdup(pool, domain) : NULL;
}

/* --- immutable ids ------------------------------------------------------------------------------------------------ */

#define GUID_TEXT   36
#define GUID_BYTES  16
#define GUID_BASE64 24

static bool is_guid(const char *s, size_t n)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < n && n == GUID_TEXT; i++)
        if (shape[i] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] != '-')
            return false;
    return n == GUID_TEXT;
}

/*
 * Active Directory stores the first three groups of a GUID little-endian (MS-DTYP 2.3.4.2), and sends base64 of what it
 * stores.
 */
static const char *guid_of_bytes(struct pool *pool, const unsigned char *b)
{
    return pool_printf(pool, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[3], b[2], b[1],
                       b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* Of the only form that an encoder gives: written again it is the same. */
static bool decode(const char *value, unsigned char ret[static GUID_BASE64 / 4 * 3])
{
    unsigned char again[GUID_BASE64 + 1];
    return EVP_DecodeBlock(ret, (const unsigned char *)value, GUID_BASE64) == GUID_BASE64 / 4 * 3 &&
           EVP_EncodeBlock(again, ret, GUID_BYTES) == GUID_BASE64 && memcmp(again, value, GUID_BASE64) == 0;
}

const char *asserted_immutable_id(struct pool *pool, const char *value)
{
    unsigned char bytes[GUID_BASE64 / 4 * 3];
    size_t n = strlen(value);
    bool braces = n == GUID_TEXT + 2 && value[0] == '{' && value[n - 1] == '}';
    if (is_guid(value + braces, n - 2 * braces)) {
        char *copy = pool_strndup(pool, value + braces, GUID_TEXT);
        text_lower_ascii(copy);
        return copy;
    }
    if (n == GUID_BASE64 && decode(value, bytes))
        return guid_of_bytes(pool, bytes);
    return value;
}
