#include "saml/binding.h"

#include <zlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/verify.h"
#include "saml/base64.h"
#include "saml/write.h"

static const char *const message_names[] = {"SAMLRequest", "SAMLResponse"};

/* --- out ---------------------------------------------------------------------------------------------------------- */

static int deflate_raw(struct span xml, struct buf *ret)
{
    z_stream z = {.next_in = (unsigned char *)xml.p, .avail_in = (unsigned)xml.n};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -1;
    size_t room = deflateBound(&z, xml.n);
    z.next_out = (unsigned char *)buf_reserve(ret, room);
    z.avail_out = (unsigned)room;
    int r = deflate(&z, Z_FINISH);
    ret->len += z.total_out;
    deflateEnd(&z);
    return r == Z_STREAM_END ? 0 : -1;
}

static int sign_query(struct buf *query, size_t from, const struct keypair *key, struct err *err)
{
    CLEANUP(buf_release) struct buf value = BUF_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_adds(query, "&SigAlg=");
    text_percent(query, span_str(saml_signature_method(key)));
    if (keypair_sign(key, (struct span){query->data + from, query->len - from}, &value, err) != 0)
        return -1;
    saml_base64_encode((struct span){value.data, value.len}, &text);
    buf_adds(query, "&Signature=");
    text_percent(query, (struct span){text.data, text.len});
    return 0;
}

int saml_redirect_write(const char *location, enum saml_direction direction, struct span xml, const char *relay_state,
                        const struct keypair *key, struct buf *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf small = BUF_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (deflate_raw(xml, &small) != 0)
        return err_set(err, ERR_FAILED, "message of ours: zlib could not deflate it");
    saml_base64_encode((struct span){small.data, small.len}, &text);
    buf_printf(ret, "%s%c", location, strchr(location, '?') ? '&' : '?');
    size_t from = ret->len;
    buf_printf(ret, "%s=", message_names[direction]);
    text_percent(ret, (struct span){text.data, text.len});
    if (relay_state) {
        buf_adds(ret, "&RelayState=");
        text_percent(ret, span_str(relay_state));
    }
    return key ? sign_query(ret, from, key, err) : 0;
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

/* The parameters, as they stand in the query: encoded, with their names. */
struct parameters {
    struct span message, relay_state, algorithm, signature;
    enum saml_direction direction;
};

static int malformed(struct err *err, const char *fault)
{
    return err_set(err, ERR_INPUT, "logout message: %s; look at what the identity provider sends", fault);
}

static bool is_named(struct span parameter, const char *name)
{
    size_t n = strlen(name);
    return parameter.n > n && memcmp(parameter.p, name, n) == 0 && parameter.p[n] == '=';
}

static int put(struct span *place, struct span parameter, struct err *err)
{
    if (place->p)
        return malformed(err, "a parameter stands there twice");
    *place = parameter;
    return 0;
}

static int sort_out(struct parameters *p, struct span parameter, struct err *err)
{
    if (is_named(parameter, "SAMLRequest"))
        return put(&p->message, parameter, err);
    if (is_named(parameter, "SAMLResponse")) {
        p->direction = SAML_RESPONSE;
        return put(&p->message, parameter, err);
    }
    if (is_named(parameter, "RelayState"))
        return put(&p->relay_state, parameter, err);
    if (is_named(parameter, "SigAlg"))
        return put(&p->algorithm, parameter, err);
    if (is_named(parameter, "Signature"))
        return put(&p->signature, parameter, err);
    return is_named(parameter, "SAMLEncoding") ? malformed(err, "it has an encoding of its own") : 0;
}

static int take_apart(struct span query, struct parameters *p, struct err *err)
{
    while (query.n) {
        const char *end = memchr(query.p, '&', query.n);
        size_t n = end ? (size_t)(end - query.p) : query.n;
        if (sort_out(p, (struct span){query.p, n}, err) != 0)
            return -1;
        query.p += n + (end != NULL);
        query.n -= n + (end != NULL);
    }
    return p->message.p ? 0 : malformed(err, "there is none in the query");
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The value of "name=value", decoded; -1: not encoded as it should be. */
static int decode(struct span parameter, struct buf *ret)
{
    const char *p = (const char *)memchr(parameter.p, '=', parameter.n) + 1, *end = parameter.p + parameter.n;
    for (; p < end; p++) {
        if (*p == '%') {
            int high = end - p > 2 ? hex_value(p[1]) : -1, low = high < 0 ? -1 : hex_value(p[2]);
            if (low < 0 || high * 16 + low == 0)
                return -1;
            buf_addc(ret, (char)(high * 16 + low));
            p += 2;
        } else {
            buf_addc(ret, (char)(*p == '+' ? ' ' : *p));
        }
    }
    return 0;
}

static int decode_text(struct pool *pool, struct span parameter, const char **ret, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (decode(parameter, &text) != 0 || !text_is_clean((struct span){buf_str(&text), text.len}))
        return malformed(err, "a parameter is not encoded as it should be");
    *ret = pool_strdup(pool, buf_str(&text));
    return 0;
}

static int decode_bytes(struct span parameter, struct buf *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (decode(parameter, &text) != 0 || saml_base64_decode((struct span){buf_str(&text), text.len}, ret) != 0)
        return malformed(err, "a parameter is not base64");
    return 0;
}

static int inflate_raw(struct pool *pool, const struct buf *small, size_t max, struct span *ret, struct err *err)
{
    char *out = pool_alloc(pool, max + 1);
    z_stream z = {.next_in = (unsigned char *)buf_str(small),
                  .avail_in = (unsigned)small->len,
                  .next_out = (unsigned char *)out,
                  .avail_out = (unsigned)max + 1};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return err_set(err, ERR_FAILED, "zlib cannot be used");
    int r = inflate(&z, Z_FINISH);
    size_t n = z.total_out, left = z.avail_in;
    inflateEnd(&z);
    if (n > max)
        return err_set(err, ERR_INPUT, "logout message: larger than %zu KiB; nothing of that size is read", max / 1024);
    if (r != Z_STREAM_END || left)
        return malformed(err, "it is not deflated as it should be");
    *ret = (struct span){out, n};
    return 0;
}

/*
 * The signature is over the parameters as they were written, in the order of the standard, whatever their order in the query is: sender and
 * reader may encode differently.
 */
static struct span signed_octets(struct pool *pool, const struct parameters *p)
{
    struct buf octets = BUF_INIT;
    buf_add(&octets, p->message.p, p->message.n);
    if (p->relay_state.p) {
        buf_addc(&octets, '&');
        buf_add(&octets, p->relay_state.p, p->relay_state.n);
    }
    buf_addc(&octets, '&');
    buf_add(&octets, p->algorithm.p, p->algorithm.n);
    struct span ret = {pool_strndup(pool, octets.data, octets.len), octets.len};
    buf_release(&octets);
    return ret;
}

static int read_signature(struct pool *pool, const struct parameters *p, struct saml_redirect *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf value = BUF_INIT;
    if (!p->algorithm.p && !p->signature.p)
        return 0;
    if (!p->algorithm.p || !p->signature.p)
        return malformed(err, "its signature is there only in part");
    if (decode_text(pool, p->algorithm, &ret->algorithm, err) != 0 || decode_bytes(p->signature, &value, err) != 0)
        return -1;
    ret->signature = (struct span){pool_strndup(pool, buf_str(&value), value.len), value.len};
    ret->octets = signed_octets(pool, p);
    return 0;
}

int saml_redirect_read(struct pool *pool, struct span query, size_t max, struct saml_redirect *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf small = BUF_INIT;
    struct parameters p = {.direction = SAML_REQUEST};
    *ret = (struct saml_redirect){.relay_state = NULL};
    if (query.n > SAML_QUERY_MAX)
        return err_set(err, ERR_INPUT, "logout message: a query of more than %d KiB; nothing of that size is read",
                       SAML_QUERY_MAX / 1024);
    if (take_apart(query, &p, err) != 0 || decode_bytes(p.message, &small, err) != 0 ||
        inflate_raw(pool, &small, max, &ret->xml, err) != 0 || read_signature(pool, &p, ret, err) != 0)
        return -1;
    ret->direction = p.direction;
    if (!p.relay_state.p)
        return 0;
    if (decode_text(pool, p.relay_state, &ret->relay_state, err) != 0)
        return -1;
    return strlen(ret->relay_state) <= SAML_RELAY_STATE_MAX ? 0 : malformed(err, "its RelayState is too long");
}

int saml_redirect_verify(const struct saml_redirect *message, const struct saml_key *keys, size_t n,
                         const struct saml_key **ret_signer, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    enum verify_algorithm algorithm;
    if (!message->algorithm)
        return err_set(err, ERR_REFUSED,
                       "logout message: it is not signed; switch signing of logout on at the identity provider");
    if (!signature_method(message->algorithm, &algorithm))
        return err_set(err, ERR_REFUSED,
                       "logout message: signature algorithm '%s' is not accepted; set RSA or ECDSA with SHA-256",
                       text_printable(pool, span_str(message->algorithm)));
    for (size_t i = 0; i < n; i++) {
        if (verify_bytes(&keys[i].cert, algorithm, message->octets, message->signature)) {
            *ret_signer = &keys[i];
            return 0;
        }
    }
    return err_set(err, ERR_REFUSED,
                   "logout message: it was not signed with a trusted certificate; if the identity provider has "
                   "changed its certificate, get its current metadata");
}
