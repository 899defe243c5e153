#include "connectors/ldap/tls_fault.h"

#include <ldap.h>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/ldap/session.h"

DEFINE_CLEANUP(free_url, LDAPURLDesc *, ldap_free_urldesc)
DEFINE_CLEANUP(free_cert, X509 *, X509_free)
DEFINE_CLEANUP(free_store, X509_STORE *, X509_STORE_free)
DEFINE_CLEANUP(free_verify, X509_STORE_CTX *, X509_STORE_CTX_free)

static X509 *fetch_certificate(const struct conf_section *section, const char *uri)
{
    CLEANUP(session_drop) LDAP *ld = NULL;
    struct err ignored = ERR_INIT;
    if (session_prepare(section, uri, LDAP_OPT_X_TLS_NEVER, &ld, &ignored) != 0 || ldap_connect(ld) != LDAP_SUCCESS)
        return NULL;
    if (conf_bool(section, "starttls") && ldap_start_tls_s(ld, NULL, NULL) != LDAP_SUCCESS)
        return NULL;
    struct berval der = {0, NULL};
    if (ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS || !der.bv_val)
        return NULL;
    const unsigned char *p = (const unsigned char *)der.bv_val;
    X509 *cert = d2i_X509(NULL, &p, (long)der.bv_len);
    ber_memfree(der.bv_val);
    return cert;
}

/* X509_V_OK when OpenSSL finds nothing wrong. */
static int verify(X509 *cert, const char *authorities, const char *host)
{
    CLEANUP(free_store) X509_STORE *store = X509_STORE_new();
    CLEANUP(free_verify) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (!store || !ctx)
        return X509_V_OK;
    if (authorities ? X509_STORE_load_file(store, authorities) != 1 : X509_STORE_set_default_paths(store) != 1)
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    if (X509_STORE_CTX_init(ctx, store, cert, NULL) != 1)
        return X509_V_OK;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1)
        X509_VERIFY_PARAM_set1_host(param, host, 0);
    return X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
}

static const struct {
    int code;
    const char *remedy;
} remedies[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "renew the certificate on the server"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "check the clocks of both machines"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "write a name that the certificate holds into uri"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "write a name that the certificate holds into uri, not an address"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "set ca-file to the certificate of the authority that issued it"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "set ca-file to the certificate of the authority that issued it"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "set ca-file to this very certificate, or give the server a better one"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "set ca-file to the certificate of the authority that issued it"},
    {X509_V_ERR_INVALID_PURPOSE, "give the server a certificate that is meant for servers"},
};

static const char *remedy_of(int code)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].code == code)
            return remedies[i].remedy;
    return "give the server another certificate";
}

static const char *name_text(struct pool *pool, const X509_NAME *name)
{
    char text[512];
    X509_NAME_oneline(name, text, sizeof text);
    return text_printable(pool, span_str(text));
}

int tls_fault_explain(const struct conf_section *section, const char *uri, struct err *err)
{
    CLEANUP(free_url) LDAPURLDesc *url = NULL;
    CLEANUP(free_cert) X509 *cert = fetch_certificate(section, uri);
    if (!cert || ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS || !url->lud_host)
        return -1;
    int code = verify(cert, conf_str(section, "ca-file"), url->lud_host);
    if (code == X509_V_OK)
        return -1;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    err_set(err, ERR_REFUSED, "%s: the server's certificate (%s, issued by %s) is refused: %s; %s", uri,
            name_text(pool, X509_get_subject_name(cert)), name_text(pool, X509_get_issuer_name(cert)),
            X509_verify_cert_error_string(code), remedy_of(code));
    return 0;
}
