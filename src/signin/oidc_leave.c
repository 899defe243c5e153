/* Signing out at an OpenID provider (OpenID Connect RP-Initiated Logout 1.0). */
#include "base/cleanup.h"
#include "oidc/encode.h"
#include "signin/leave.h"
#include "signin/oidc_provider.h"

int oidc_leave(const struct signin *in, const struct conf_section *connection, const struct signins_session *session,
               const char *handle, struct signin_start *ret, struct err *err)
{
    CLEANUP(oidc_provider_release) struct oidc_provider provider = {.in = NULL};
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    if (oidc_provider_find(in, connection, &provider, err) != 0)
        return -1;
    const char *there = provider.known->provider.end_session;
    if (!there)
        return 0;
    const char *const params[][2] = {{"id_token_hint", session->hint},
                                     {"client_id", conf_str(connection, "client-id")},
                                     {"post_logout_redirect_uri", provider.names.left_uri},
                                     {"state", handle}};
    buf_adds(&url, there);
    if (!strchr(there, '?'))
        buf_addc(&url, '?');
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (*params[i][1])
            encode_param(params[i][0], params[i][1], &url);
    ret->location = pool_strdup(in->pool, buf_str(&url));
    return 1;
}
