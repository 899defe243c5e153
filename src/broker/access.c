#include "broker/access.h"

#include "base/cleanup.h"
#include "broker/claims.h"
#include "store/grants.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

static int write_json(const struct broker *broker, const json_t *object, const char **ret, struct err *err)
{
    CLEANUP(freep) char *text = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (!text)
        return err_set(err, ERR_FAILED,
                       "answer: it cannot be written as JSON; look for names in the directory that are no text");
    *ret = pool_strdup(broker->in->pool, text);
    return 0;
}

/*
 * Is it good, now: the session, the person, the product? 1; 0 with the reason in err; -1. *ret_application: whose it is, by the configuration of
 * now.
 */
static int is_good(const struct broker *broker, const char *text, enum token_kind kind, struct token *token,
                   struct signin_who *who, const struct application **ret_application, struct err *err)
{
    broker_fault fault;
    int found = strlen(text) <= BROKER_CODE_MAX
                    ? token_get(broker->in->signins, text, broker->in->now, broker->in->pool, token, err)
                    : 0;
    if (found < 0)
        return -1;
    if (!found || token->kind != kind || token->used) {
        err_set(err, ERR_REFUSED,
                "token: there is none like this, or it or its session has ended; the application has to get a new one");
        return 0;
    }
    *ret_application = applications_named(broker->applications, token->application);
    if (!*ret_application) {
        err_set(err, ERR_REFUSED,
                "token: its application %s is gone from the configuration; write it there again, or take it out of use",
                token->application);
        return 0;
    }
    found = signin_who_named(broker->in, token->sid, who, err);
    if (found < 0)
        return -1;
    if (!found) {
        err_set(err, ERR_REFUSED,
                "token: the person may no longer sign in, or the session has ended; see: doorward explain");
        return 0;
    }
    if (claims_may_use(broker, *ret_application, who, &fault, err) == 0)
        return 1;
    return fault ? 0 : -1;
}

int access_userinfo(const struct broker *broker, const char *text, const char **ret_json, broker_fault *ret_fault,
                    struct err *err)
{
    struct token token;
    struct signin_who who;
    const struct application *application;
    *ret_fault = NULL;
    int good = is_good(broker, text, TOKEN_ACCESS, &token, &who, &application, err);
    if (good < 0)
        return -1;
    if (!good) {
        *ret_fault = "invalid_token";
        return -1;
    }
    CLEANUP(jsonp) json_t *claims = json_pack("{s:s}", "sub", token.subject);
    return claims_add(broker, application, &who, token.scope, claims, err) == 0
               ? write_json(broker, claims, ret_json, err)
               : -1;
}

/* --- about tokens, for applications ---------------------------------------------------------------------------------- */

static int read_asking(const struct broker *broker, struct broker_params form, const char *authorization,
                       const struct application **ret, const char **ret_token, broker_fault *fault, struct err *err)
{
    struct client_proof proof;
    if (clientauth_read(broker, form, authorization, &proof, fault, err) != 0 ||
        clientauth_use_up(broker, &proof, fault, err) != 0)
        return -1;
    *ret = proof.application;
    *ret_token = NULL;
    if (form.get(form.ctx, "token", ret_token) == 1 && **ret_token)
        return 0;
    return broker_refuse(fault, "invalid_request", err,
                         "application %s: token is missing, or there more than once; look at what it sends",
                         proof.application->name);
}

static json_t *describe(const struct broker *broker, const struct application *application, const struct token *token)
{
    return json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "active", 1, "iss", broker->issuer, "sub",
                     token->subject, "aud", application->client_id, "client_id", application->client_id, "scope",
                     token->scope, "iat", (json_int_t)token->created, "exp", (json_int_t)token->expires, "token_type",
                     token->kind == TOKEN_REFRESH ? "refresh_token" : "Bearer");
}

int access_introspect(const struct broker *broker, struct broker_params form, const char *authorization,
                      const char **ret_json, broker_fault *ret_fault, struct err *err)
{
    const struct application *asking, *owner = NULL;
    const char *text;
    struct token token;
    struct signin_who who;
    *ret_fault = NULL;
    if (read_asking(broker, form, authorization, &asking, &text, ret_fault, err) != 0)
        return -1;
    if (asking->auth == APPLICATION_PUBLIC)
        return broker_refuse(ret_fault, "invalid_client", err,
                             "application %s: a public client may not ask about tokens; give it a secret or a key",
                             asking->name);
    int good = is_good(broker, text, TOKEN_ACCESS, &token, &who, &owner, err);
    if (good == 0)
        good = is_good(broker, text, TOKEN_REFRESH, &token, &who, &owner, err);
    if (good < 0)
        return -1;
    err_clear(err);
    CLEANUP(jsonp)
    json_t *answer = good && owner == asking ? describe(broker, asking, &token) : json_pack("{s:b}", "active", 0);
    return write_json(broker, answer, ret_json, err);
}

int access_revoke(const struct broker *broker, struct broker_params form, const char *authorization,
                  broker_fault *ret_fault, struct err *err)
{
    const struct application *asking;
    const char *text;
    struct token token;
    *ret_fault = NULL;
    if (read_asking(broker, form, authorization, &asking, &text, ret_fault, err) != 0)
        return -1;
    int found = strlen(text) <= BROKER_CODE_MAX
                    ? token_get(broker->in->signins, text, broker->in->now, broker->in->pool, &token, err)
                    : 0;
    if (found <= 0)
        return found;
    if (strcmp(token.application, asking->name) != 0)
        return broker_refuse(ret_fault, "invalid_grant", err,
                             "application %s: the token was given to application %s; look for who passes tokens on",
                             asking->name, token.application);
    return token.kind == TOKEN_REFRESH ? grant_revoke(broker->in->signins, token.grant, err)
                                       : token_drop(broker->in->signins, text, err);
}
