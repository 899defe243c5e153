#include "oidc/authrequest.h"

#include <inttypes.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/random.h"
#include "oidc/encode.h"

#define SCOPE          "openid email profile"
#define PARAM_MAX      2048 /* bytes of any parameter but the code */
#define SHOWN_MAX      200
#define VERIFIER_BYTES 32

/* --- there ---------------------------------------------------------------------------------------------------------- */

void authrequest_new(struct authrequest *ret)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    unsigned char bytes[VERIFIER_BYTES];
    random_bytes(bytes, sizeof bytes);
    encode_base64url((struct span){(const char *)bytes, sizeof bytes}, &text);
    memcpy(ret->verifier, text.data, VERIFIER_SIZE);
    token_new(ret->state);
    token_new(ret->nonce);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(text.data, text.len);
}

void authrequest_challenge(const char *verifier, struct buf *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(verifier, strlen(verifier), digest, &n, EVP_sha256(), NULL) != 1)
        abort(); /* SHA-256 is always there; an empty challenge would protect nobody */
    encode_base64url((struct span){(const char *)digest, n}, ret);
}

void authrequest_url(const struct provider *provider, const struct authrequest_ask *ask,
                     const struct authrequest *request, struct buf *ret)
{
    CLEANUP(buf_release) struct buf challenge = BUF_INIT;
    char age[24] = "";
    authrequest_challenge(request->verifier, &challenge);
    if (ask->max_age > 0 || ask->sign_in_again)
        snprintf(age, sizeof age, "%" PRId64, ask->sign_in_again ? 0 : ask->max_age);
    const char *const params[][2] = {
        {"response_type", "code"},
        {"client_id", ask->client_id},
        {"redirect_uri", ask->redirect_uri},
        {"scope", SCOPE},
        {"state", request->state},
        {"nonce", request->nonce},
        {"code_challenge", buf_str(&challenge)},
        {"code_challenge_method", "S256"},
        {"login_hint", ask->login_hint},
        {"acr_values", ask->context},
        {"max_age", *age ? age : NULL},
        {"prompt", ask->sign_in_again ? "login" : NULL},
    };
    buf_adds(ret, provider->authorization);
    if (!strchr(provider->authorization, '?'))
        buf_addc(ret, '?');
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (params[i][1])
            encode_param(params[i][0], params[i][1], ret);
}

/* --- and back ------------------------------------------------------------------------------------------------------- */

static const struct param {
    const char *name;
    size_t offset, max;
} params_read[] = {
    {"state", offsetof(struct authresponse, state), TOKEN_LENGTH},
    {"code", offsetof(struct authresponse, code), AUTHRESPONSE_MAX},
    {"iss", offsetof(struct authresponse, issuer), PARAM_MAX},
    {"error", offsetof(struct authresponse, error), PARAM_MAX},
    {"error_description", offsetof(struct authresponse, description), PARAM_MAX},
};

int authresponse_read(authresponse_param *param, const void *ctx, struct authresponse *ret, struct err *err)
{
    struct authresponse response = {0};
    for (size_t i = 0; i < sizeof params_read / sizeof *params_read; i++) {
        const struct param *p = &params_read[i];
        const char *value = NULL;
        int there = param(ctx, p->name, &value);
        if (there < 0)
            return err_set(err, ERR_INPUT,
                           "answer of the provider: its parameter %s is there more than once or is no text; sign in "
                           "again, and do not follow links that others sent",
                           p->name);
        if (there && strlen(value) > p->max)
            return err_set(err, ERR_INPUT,
                           "answer of the provider: its parameter %s is longer than %zu bytes; look at what the "
                           "provider sends",
                           p->name, p->max);
        *(const char **)((char *)&response + p->offset) = there ? value : NULL;
    }
    if (!response.state || !token_is_valid(response.state))
        return err_set(err, ERR_INPUT,
                       "answer of the provider: it has no state of ours; begin at the sign-in page, and not with a "
                       "bookmark or link");
    *ret = response;
    return 0;
}

/* The codes of RFC 6749, 4.1.2.1 and OpenID Connect Core, 3.1.2.6 that an administrator may meet. */
static const struct refusal {
    const char *error;
    enum err_kind kind;
    const char *words;
} refusals[] = {
    {"access_denied", ERR_REFUSED, "the person or the provider refused the sign-in; check who may use us there"},
    {"unauthorized_client", ERR_REFUSED, "we may not use the code flow; allow it for our client at the provider"},
    {"unsupported_response_type", ERR_REFUSED, "it does not do the code flow; allow it at the provider"},
    {"invalid_request", ERR_REFUSED, "it does not take our request; compare client id and redirect address"},
    {"invalid_request_uri", ERR_REFUSED, "it does not take our request; compare client id and redirect address"},
    {"invalid_scope", ERR_REFUSED, "it does not give the scopes openid, email and profile; allow them for our client"},
    {"login_required", ERR_REFUSED, "the person is not signed in there; sign in again"},
    {"interaction_required", ERR_REFUSED, "it has to ask the person something; sign in again"},
    {"account_selection_required", ERR_REFUSED, "the person has to choose an account there; sign in again"},
    {"consent_required", ERR_REFUSED, "it wants a consent; give it for everybody as the provider's administrator"},
    {"unmet_authentication_requirements", ERR_REFUSED, "it cannot sign in as strictly as asked; see the connection"},
    {"server_error", ERR_NETWORK, "it had a fault of its own; try again, and look at its log"},
    {"temporarily_unavailable", ERR_NETWORK, "it is busy; try again"},
};

static int refuse(const struct authresponse *response, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    static const struct refusal other = {"", ERR_REFUSED, "it refused; look at its log"};
    const struct refusal *why = &other;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(response->error, refusals[i].error) == 0)
            why = &refusals[i];
    const char *said = response->description ? response->description : response->error;
    size_t n = strlen(said);
    return err_set(err, why->kind, "provider: %s (it says '%s')", why->words,
                   text_printable(pool, (struct span){said, n < SHOWN_MAX ? n : SHOWN_MAX}));
}

static int check_issuer(const struct authresponse *response, const struct provider *provider, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (!response->issuer && !provider->says_issuer)
        return 0;
    if (!response->issuer)
        return err_set(err, ERR_REFUSED,
                       "answer of the provider: it does not say who it is from (iss), although '%s' always does; sign "
                       "in again, and do not follow links that others sent",
                       provider->issuer);
    if (strcmp(response->issuer, provider->issuer) == 0)
        return 0;
    size_t n = strlen(response->issuer);
    return err_set(err, ERR_REFUSED,
                   "answer of the provider: it is from '%s', and '%s' was asked; sign in again, and do not follow "
                   "links that others sent",
                   text_printable(pool, (struct span){response->issuer, n < SHOWN_MAX ? n : SHOWN_MAX}),
                   provider->issuer);
}

int authresponse_check(const struct authresponse *response, const struct provider *provider, const char *state,
                       struct err *err)
{
    if (!token_same(span_str(response->state), span_str(state)))
        return err_set(err, ERR_REFUSED,
                       "answer of the provider: it answers another request than this browser's (state); sign in again, "
                       "and do not follow links that others sent");
    if (check_issuer(response, provider, err) != 0)
        return -1;
    if (response->error)
        return refuse(response, err);
    if (!response->code || !*response->code)
        return err_set(err, ERR_INPUT,
                       "answer of the provider: it has neither code nor error; look at what the provider sends");
    return 0;
}
