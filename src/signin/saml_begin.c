#include "base/cleanup.h"
#include "gate/gate.h"
#include "saml/base64.h"
#include "saml/binding.h"
#include "saml/request.h"
#include "saml/write.h"
#include "signin/begin.h"

/* Redirect where the identity provider has it: the form needs one more press of a button, because no page of ours has a script. */
static int write_request(const struct signin *in, const struct saml_idp *idp, struct saml_request *request,
                         struct signin_start *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const char *redirect = metadata_sso(idp, SAML_BINDING_REDIRECT);
    const struct keypair *key = in->keys->nkeys ? in->keys->keys[0] : NULL;
    request->destination = redirect ? redirect : metadata_sso(idp, SAML_BINDING_POST);
    if (saml_authn_request(request, redirect ? NULL : key, &xml, err) != 0)
        return -1;
    struct span message = {xml.data, xml.len};
    if (redirect) {
        if (saml_redirect_write(redirect, SAML_REQUEST, message, ret->relay, key, &text, err) != 0)
            return -1;
        ret->location = pool_strdup(in->pool, buf_str(&text));
        return 0;
    }
    saml_base64_encode(message, &text);
    ret->post_to = pool_strdup(in->pool, request->destination);
    ret->message = pool_strdup(in->pool, buf_str(&text));
    return 0;
}

int saml_begin(const struct signin *in, const struct conf_section *connection, const struct signin_ask *ask,
               struct signin_start *ret, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    char id[SAML_ID_SIZE], handle[TOKEN_SIZE];
    struct sp names = {.nkeys = 0};
    if (sp_names(in->conf, connection, in->pool, &names, err) != 0 ||
        gate_metadata(in->store->dir, connection, in->now, &idp, err) != 0)
        return -1;
    saml_new_id(id);
    token_new(handle);
    *ret = (struct signin_start){.connection = conf_name(connection), .relay = pool_strdup(in->pool, handle)};
    const char **contexts = pool_alloc(in->pool, (conf_count(connection, "authn-context") + 1) * sizeof *contexts);
    for (size_t i = 0; i < conf_count(connection, "authn-context"); i++)
        contexts[i] = conf_at(connection, "authn-context", i);
    struct saml_request request = {.id = id,
                                   .entity_id = names.entity_id,
                                   .acs_url = names.acs_url,
                                   .now = in->now,
                                   .context = ask->context,
                                   .contexts = contexts,
                                   .ncontexts = conf_count(connection, "authn-context"),
                                   .force_authn = ask->again || conf_bool(connection, "force-authn")};
    if (write_request(in, idp, &request, ret, err) != 0)
        return -1;
    return signins_request_put(in->signins,
                               &(struct signins_request){.handle = handle,
                                                         .id = id,
                                                         .connection = conf_name(connection),
                                                         .browser = ask->browser,
                                                         .next = ask->next,
                                                         .application = in->application,
                                                         .trial = ask->trial,
                                                         .again = request.force_authn,
                                                         .created = in->now,
                                                         .expires = in->now + SIGNIN_REQUEST_SECONDS},
                               err);
}
