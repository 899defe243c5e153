#include "signin/oidc_logout.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "oidc/idtoken.h"
#include "oidc/logouttoken.h"
#include "signin/oidc_provider.h"
#include "signin/record.h"

#define LOGOUT "logout" /* kind of value that counts once */

static int find(const struct signin *in, const char *name, const struct conf_section **ret, struct err *err)
{
    const struct conf_section *connection = conf_find(in->conf, "connection", name);
    if (!connection || strcmp(conf_variant(connection), "oidc") != 0)
        return err_set(err, ERR_REFUSED,
                       "connection %s: there is no such connection of type oidc; check the address that the provider "
                       "has of us",
                       text_printable(in->pool, span_str(name)));
    *ret = connection;
    return 0;
}

/* --- the back channel --------------------------------------------------------------------------------------------------- */

static int verify(const struct signin *in, struct oidc_provider *provider, const char *token,
                  struct logouttoken_report *ret, struct err *err)
{
    struct logouttoken_policy policy = {.keys = provider->known->keys,
                                        .issuer = conf_str(provider->connection, "issuer"),
                                        .client_id = conf_str(provider->connection, "client-id"),
                                        .now = in->now,
                                        .skew = IDTOKEN_SKEW_MAX,
                                        .without_expiry = conf_bool(provider->connection, "logout-without-expiry")};
    if (logouttoken_verify(in->pool, span_str(token), &policy, ret, err) == 0)
        return 0;
    if (!ret->unknown_key || !providers_renew(in->providers, in->now, &provider->known))
        return -1;
    err_clear(err); /* the provider has new keys */
    policy.keys = provider->known->keys;
    return logouttoken_verify(in->pool, span_str(token), &policy, ret, err);
}

static int end_once(const struct signin *in, const char *connection, const struct logouttoken *token,
                    int64_t *ret_ended, struct err *err)
{
    char hex[DIGEST_HEX_MAX];
    const char *name = pool_printf(in->pool, "%s %s", connection, token->id);
    digest_hex_of(name, strlen(name), hex);
    int once = signins_use_once(in->signins, LOGOUT, hex, token->until, err);
    if (once < 0)
        return -1;
    if (!once)
        return err_set(err, ERR_REFUSED, "logout token: it came before; look for who sends it again");
    return signins_session_end_there(in->signins, connection, token->subject, token->session, ret_ended, err);
}

static int end(const struct signin *in, const char *connection, const struct logouttoken *token, int64_t *ret_ended,
               struct err *err)
{
    if (signins_begin(in->signins, err) != 0)
        return -1;
    if (end_once(in, connection, token, ret_ended, err) == 0)
        return signins_commit(in->signins, err);
    signins_rollback(in->signins);
    return -1;
}

static int take(const struct signin *in, const struct conf_section *connection, const char *token, int64_t *ret_ended,
                struct err *err)
{
    CLEANUP(oidc_provider_release) struct oidc_provider provider = {.in = NULL};
    struct logouttoken_report report;
    if (oidc_provider_find(in, connection, &provider, err) != 0 || verify(in, &provider, token, &report, err) != 0)
        return -1;
    return end(in, conf_name(connection), report.token, ret_ended, err);
}

int oidc_logout_told(const struct signin *in, const char *connection, const char *token, int64_t *ret_ended,
                     char *ret_ref, struct err *err)
{
    const struct conf_section *section = NULL;
    if (find(in, connection, &section, err) == 0 && take(in, section, token, ret_ended, err) == 0)
        return 0;
    record_refused(in, section ? conf_name(section) : "", NULL, err, ret_ref);
    return -1;
}

/* --- the front channel -------------------------------------------------------------------------------------------------- */

int oidc_logout_shown(const struct signin *in, const char *connection, const char *issuer, const char *session,
                      const char **ret_issuer, int64_t *ret_ended, struct err *err)
{
    const struct conf_section *section = NULL;
    if (find(in, connection, &section, err) != 0)
        return -1;
    const char *ours = conf_str(section, "issuer");
    if (!issuer || !session || !*session || strcmp(issuer, ours) != 0)
        return err_set(err, ERR_REFUSED,
                       "connection %s: a logout that does not name its provider and the session (iss, sid); have the "
                       "provider send both",
                       conf_name(section));
    *ret_issuer = ours;
    return signins_session_end_there(in->signins, conf_name(section), NULL, session, ret_ended, err);
}
