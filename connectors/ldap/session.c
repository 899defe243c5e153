#include "connectors/ldap/session.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/ldap/patience.h"
#include "connectors/ldap/tls_fault.h"

/* A group of four million members is the largest thing that is taken; what claims to be longer is not read. */
#define PDU_MAX (512UL * 1024 * 1024)

#define PASSWORD_MAX 4096

const char *session_diagnostic(LDAP *ld, char *ret, size_t n)
{
    char *text = NULL;
    *ret = '\0';
    ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
    if (text && *text) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        snprintf(ret, n, " (%.300s)", text_printable(pool, span_str(text)));
    }
    ldap_memfree(text);
    return ret;
}

/* --- preparing ---------------------------------------------------------------------------------------------------- */

/* Where the systems that we run on keep the authorities they trust. */
static const char *system_authorities(void)
{
    static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                         "/etc/ssl/cert.pem"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

static int set_tls(LDAP *ld, const struct conf_section *section, int verify)
{
    const char *authorities = conf_str(section, "ca-file");
    if (!authorities)
        authorities = system_authorities();
    int oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, as_client = 0;
    int rc = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &verify);
    rc |= ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest);
    rc |= ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL);
    rc |= ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, authorities);
    rc |= ldap_set_option(ld, LDAP_OPT_X_TLS_CERTFILE, conf_str(section, "cert-file"));
    rc |= ldap_set_option(ld, LDAP_OPT_X_TLS_KEYFILE, conf_str(section, "key-file"));
    return rc | ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &as_client);
}

static int set_options(LDAP *ld, int64_t timeout)
{
    int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER, none = 0, idle = 60;
    struct timeval wait = {.tv_sec = timeout};
    int rc = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    rc |= ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    rc |= ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
    rc |= ldap_set_option(ld, LDAP_OPT_DEREF, &never);
    rc |= ldap_set_option(ld, LDAP_OPT_SIZELIMIT, &none);
    rc |= ldap_set_option(ld, LDAP_OPT_TIMELIMIT, &none);
    rc |= ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &wait);
    rc |= ldap_set_option(ld, LDAP_OPT_TIMEOUT, &wait);
    rc |= patience_set(ld);
    return rc | ldap_set_option(ld, LDAP_OPT_X_KEEPALIVE_IDLE, &idle);
}

int session_prepare(const struct conf_section *section, const char *uri, int verify, LDAP **ret, struct err *err)
{
    CLEANUP(session_drop) LDAP *ld = NULL;
    int rc = ldap_initialize(&ld, uri);
    if (rc != LDAP_SUCCESS)
        return err_set(err, ERR_CONFIG, "%s: %s", uri, ldap_err2string(rc));
    if (set_options(ld, conf_int(section, "timeout")) != LDAP_OPT_SUCCESS)
        return err_set(err, ERR_FAILED,
                       "%s: libldap refuses an option that is needed; install the libldap of your system", uri);
    bool tls = strncasecmp(uri, "ldaps:", 6) == 0 || conf_bool(section, "starttls");
    if (tls && set_tls(ld, section, verify) != LDAP_OPT_SUCCESS)
        return err_set(err, ERR_CONFIG,
                       "%s: ca-file, cert-file or key-file cannot be used; check that they are PEM and belong together",
                       uri);
    *ret = TAKE(ld);
    return 0;
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static int fail_connect(const struct conf_section *section, LDAP *ld, const char *uri, int rc, int saved_errno,
                        struct err *err)
{
    char said[400];
    session_diagnostic(ld, said, sizeof said);
    if ((strncasecmp(uri, "ldaps:", 6) == 0 || conf_bool(section, "starttls")) &&
        tls_fault_explain(section, uri, err) == 0)
        return -1;
    if (rc == LDAP_SERVER_DOWN && saved_errno)
        return err_set(err, ERR_NETWORK, "%s: cannot be reached: %s; check uri, the server and the firewall", uri,
                       strerror(saved_errno));
    return err_set(err, ERR_NETWORK, "%s: cannot be reached: %s%s; check uri, the server and the firewall", uri,
                   ldap_err2string(rc), said);
}

/*
 * What is read from the server: limited, and in blocks. Without these libldap asks the kernel three times for every
 * entry. Only once TLS is there, so that nothing that came before it can be taken for what came through it.
 */
static void tune_input(LDAP *ld)
{
    Sockbuf *sockbuf = NULL;
    ber_len_t max = PDU_MAX;
    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sockbuf) != LDAP_OPT_SUCCESS || !sockbuf)
        return;
    ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &max);
    ber_sockbuf_add_io(sockbuf, &ber_sockbuf_io_readahead, PATIENCE_LEVEL + 1, NULL);
}

static int connect_to(const struct conf_section *section, const char *uri, LDAP **ret, struct err *err)
{
    CLEANUP(session_drop) LDAP *ld = NULL;
    if (session_prepare(section, uri, LDAP_OPT_X_TLS_HARD, &ld, err) != 0)
        return -1;
    errno = 0;
    int rc = ldap_connect(ld);
    if (rc == LDAP_SUCCESS && conf_bool(section, "starttls"))
        rc = ldap_start_tls_s(ld, NULL, NULL);
    if (rc != LDAP_SUCCESS)
        return fail_connect(section, ld, uri, rc, errno, err);
    tune_input(ld);
    *ret = TAKE(ld);
    return 0;
}

/* --- authenticating ----------------------------------------------------------------------------------------------- */

/*
 * The first line. An empty one would make the bind an anonymous one that looks like success (RFC 4513 section
 * 5.1.2).
 */
static int read_password(const struct conf_section *section, struct buf *ret, struct err *err)
{
    const char *path = conf_str(section, "bind-password-file");
    if (file_check_secret(path, err) != 0 || file_read(path, PASSWORD_MAX, ret, err) != 0)
        return -1;
    ret->len = strcspn(buf_str(ret), "\r\n");
    if (ret->len == 0)
        return err_set(err, ERR_CONFIG, "%s: no password in it; write the bind password into its first line", path);
    return 0;
}

static int bind_failed(LDAP *ld, const char *uri, const char *who, int rc, struct err *err)
{
    char said[400];
    session_diagnostic(ld, said, sizeof said);
    if (rc == LDAP_INVALID_CREDENTIALS)
        return err_set(err, ERR_REFUSED,
                       "%s: refuses %.200s: wrong password or no such entry%s; check bind-dn and bind-password-file",
                       uri, who, said);
    if (rc == LDAP_SERVER_DOWN || rc == LDAP_TIMEOUT || rc == LDAP_BUSY || rc == LDAP_UNAVAILABLE ||
        rc == LDAP_CONNECT_ERROR)
        return err_set(err, ERR_NETWORK, "%s: no answer to the bind of %.200s: %s%s; try again later", uri, who,
                       ldap_err2string(rc), said);
    return err_set(err, ERR_REFUSED, "%s: refuses %.200s: %s%s; check how the server lets it authenticate", uri, who,
                   ldap_err2string(rc), said);
}

static int authenticate(const struct conf_section *section, LDAP *ld, const char *uri, struct err *err)
{
    if (strcasecmp(conf_str(section, "sasl"), "external") == 0) {
        struct berval nobody = {0, ""};
        int rc = ldap_sasl_bind_s(ld, NULL, "EXTERNAL", &nobody, NULL, NULL, NULL);
        return rc == LDAP_SUCCESS ? 0 : bind_failed(ld, uri, "SASL EXTERNAL", rc, err);
    }
    const char *dn = conf_str(section, "bind-dn");
    if (!dn)
        return 0;
    CLEANUP(buf_wipe) struct buf password = BUF_INIT;
    if (read_password(section, &password, err) != 0)
        return -1;
    struct berval secret = {password.len, password.data};
    int rc = ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
    return rc == LDAP_SUCCESS ? 0 : bind_failed(ld, uri, dn, rc, err);
}

/* --- one server after the other ----------------------------------------------------------------------------------- */

/* Keeps what each server failed with; the last one's kind stands for all. */
static void add_reason(struct buf *reasons, const struct err *one)
{
    if (reasons->len)
        buf_adds(reasons, " | ");
    buf_adds(reasons, one->text);
}

int session_open(const struct conf_section *section, struct session *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf reasons = BUF_INIT;
    struct err one = ERR_INIT;
    for (size_t i = 0; i < conf_count(section, "uri"); i++) {
        const char *uri = conf_at(section, "uri", i);
        CLEANUP(session_drop) LDAP *ld = NULL;
        bool connected = connect_to(section, uri, &ld, &one) == 0;
        if (connected && authenticate(section, ld, uri, &one) == 0) {
            *ret = (struct session){TAKE(ld), mem_strdup(uri), conf_int(section, "timeout")};
            return 0;
        }
        log_debug("%s", one.text);
        add_reason(&reasons, &one);
        if (connected && one.kind != ERR_NETWORK)
            break;
    }
    return err_set(err, one.kind, "%s", buf_str(&reasons));
}

void session_close(struct session *session)
{
    session_drop(&session->ld);
    free(session->uri);
    *session = (struct session){NULL, NULL, 0};
}
