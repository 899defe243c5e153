/*
 * libFuzzer: whatever arrives as a logout message, by either binding: no fault of memory, none accepted without a signature, and nothing
 * comes out that could not be looked for or shown.
 *
 *   build/fuzz/fuzz_saml_logout build/fuzz/corpus/saml_logout tests/data/saml-logout
 *
 * No input that the fuzzer invents is signed, so each is also signed with a key made at the start: as the query of a redirect, and within, behind
 * its first Issuer, as a form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/logout.h"
#include "saml/saml.h"
#include "saml/write.h"

#define NOW 1893456000
#define IDP "https://idp.example.com/saml"
#define SLO "https://signin.example.com/saml/slo/adfs"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct keypair *key;
static struct saml_logout_policy policy = {.slo_url = SLO, .now = NOW, .skew = 180, .in_response_to = "_ours"};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void make_key(struct pool *pool, struct err *err)
{
    const char *path = pool_printf(pool, "%s/fuzz-logout-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    char *folder = pool_strdup(pool, path);
    require(mkdtemp(folder) != NULL);
    const char *file = pool_printf(pool, "%s/key.pem", folder);
    require(keypair_make(file, "Idp", 2048, 30, NOW, err) == 0 && keypair_read(file, &key, err) == 0);
    require(unlink(file) == 0 && rmdir(folder) == 0);
}

static void check(int r, const struct saml_logout *logout, const struct err *err)
{
    if (r != 0) {
        require(err->kind != ERR_NONE && text_is_clean(span_str(err->text)));
        return;
    }
    require(*logout->id && logout->expires > NOW - 180 && logout->expires <= NOW + 180 + SAML_LOGOUT_AGE + 180);
    require(logout->direction == SAML_RESPONSE || (*logout->name_id && text_is_clean(span_str(logout->name_id))));
    for (size_t i = 0; i < logout->nsessions; i++)
        require(*logout->sessions[i] && text_is_clean(span_str(logout->sessions[i])));
    require(logout->direction == SAML_REQUEST || text_is_clean(span_str(logout->status)));
}

static int by_redirect(struct pool *pool, struct span query, struct saml_logout *ret)
{
    const char *relay;
    struct err err = ERR_INIT;
    int r = saml_logout_redirect(pool, query, &policy, ret, &relay, &err);
    check(r, ret, &err);
    return r;
}

static int by_post(struct pool *pool, enum saml_direction direction, struct span message, struct saml_logout *ret)
{
    struct err err = ERR_INIT;
    int r = saml_logout_post(pool, direction, message, &policy, ret, &err);
    check(r, ret, &err);
    return r;
}

/* The ID that stands first is what the signature is over; when that is none of the root, it is refused. */
static int sign_within(struct pool *pool, enum saml_direction direction, struct span xml)
{
    struct saml_logout logout;
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const char *copy = pool_strndup(pool, xml.p, xml.n), *end = strstr(copy, "</saml:Issuer>"), *id = strstr(copy, " ID=\"");
    size_t n = id ? strcspn(id + 5, "\"") : 0;
    if (!end || n == 0 || n > 100)
        return -1;
    buf_adds(&text, copy);
    if (saml_sign(&text, (size_t)(end - copy) + strlen("</saml:Issuer>"), pool_strndup(pool, id + 5, n), key, &err) != 0)
        return -1;
    return by_post(pool, direction, (struct span){text.data, text.len}, &logout);
}

static int sign_query(struct pool *pool, enum saml_direction direction, struct span xml)
{
    struct saml_logout logout;
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    if (saml_redirect_write("x", direction, xml, "handle", key, &url, &err) != 0)
        return -1;
    return by_redirect(pool, (struct span){url.data + 2, url.len - 2}, &logout);
}

/* A good one is accepted, so that the rules behind the signature are reached. */
static void try_good(struct pool *pool)
{
    static const char good[] =
        "<samlp:LogoutRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
        "\" ID=\"_l1\" Version=\"2.0\" IssueInstant=\"2030-01-01T00:00:00Z\" Destination=\"" SLO "\"><saml:Issuer>" IDP
        "</saml:Issuer><saml:NameID>alice</saml:NameID></samlp:LogoutRequest>";
    require(sign_query(pool, SAML_REQUEST, span_str(good)) == 0 && sign_within(pool, SAML_REQUEST, span_str(good)) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    static struct saml_idp *idp;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    struct err err = ERR_INIT;
    require(saml_init(&err) == 0);
    make_key(pool, &err);
    const struct cert *cert = keypair_cert(key);
    buf_adds(&xml, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" entityID=\"" IDP
                   "\"><md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL
                   "\"><md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\"><ds:X509Data><ds:X509Certificate>");
    saml_base64_encode((struct span){(const char *)cert->der, cert->der_len}, &xml);
    buf_adds(&xml, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding=\""
                   SAML_BINDING_POST "\" Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>");
    require(metadata_read((struct span){xml.data, xml.len}, NOW, &idp, NULL, &err) == 0);
    policy.idp = idp;
    try_good(pool);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span input = {(const char *)data, size};
    struct saml_logout logout;
    require(by_redirect(pool, input, &logout) != 0);
    for (enum saml_direction direction = SAML_REQUEST; direction <= SAML_RESPONSE; direction++) {
        require(by_post(pool, direction, input, &logout) != 0);
        sign_within(pool, direction, input);
        sign_query(pool, direction, input);
    }
    return 0;
}
