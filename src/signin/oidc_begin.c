#include "base/cleanup.h"
#include "oidc/authrequest.h"
#include "signin/begin.h"
#include "signin/oidc_provider.h"

/* The state is the request's handle, so that what comes back leads to it. */
int oidc_begin(const struct signin *in, const struct conf_section *connection, const struct signin_ask *ask,
               struct signin_start *ret, struct err *err)
{
    CLEANUP(oidc_provider_release) struct oidc_provider provider = {.in = NULL};
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    struct authrequest request;
    if (oidc_provider_find(in, connection, &provider, err) != 0)
        return -1;
    const struct authrequest_ask there = {.client_id = conf_str(connection, "client-id"),
                                          .redirect_uri = provider.names.redirect_uri,
                                          .login_hint = ask->email && *ask->email ? ask->email : NULL,
                                          .context = ask->context,
                                          .sign_in_again = ask->again};
    authrequest_new(&request);
    authrequest_url(&provider.known->provider, &there, &request, &url);
    *ret = (struct signin_start){.connection = conf_name(connection), .location = pool_strdup(in->pool, buf_str(&url))};
    return signins_request_put(in->signins,
                               &(struct signins_request){.handle = request.state,
                                                         .id = request.nonce,
                                                         .connection = conf_name(connection),
                                                         .browser = ask->browser,
                                                         .verifier = request.verifier,
                                                         .next = ask->next,
                                                         .application = in->application,
                                                         .again = ask->again,
                                                         .trial = ask->trial,
                                                         .created = in->now,
                                                         .expires = in->now + SIGNIN_REQUEST_SECONDS},
                               err);
}
