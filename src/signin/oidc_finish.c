#include "base/cleanup.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "signin/accept.h"
#include "signin/oidc_verify.h"
#include "signin/record.h"

#define CODE     "code" /* kind of value that counts once */
#define HINT_MAX 4096   /* bytes of an ID token that is kept: at logout it goes into an address */

struct finish {
    const struct signin *in;
    const struct signin_oidc_answer *answer;
    struct authresponse response;
    struct returned returned;
    struct oidc_report report;
};

/* Found by its state, before anything of it is believed and the provider is asked anything. */
static int find(struct finish *f, struct err *err)
{
    if (authresponse_read(f->answer->param, f->answer->params, &f->response, err) != 0)
        return -1;
    return returned_find(f->in, f->answer->connection, "oidc", f->response.state, f->answer->browser, &f->returned,
                         err);
}

/* A code is the provider's: two of them may give the same. */
static const char *name_of_code(const struct finish *f)
{
    char hex[DIGEST_HEX_MAX];
    const char *text = pool_printf(f->in->pool, "%s %s", conf_name(f->returned.connection), f->response.code);
    digest_hex_of(text, strlen(text), hex);
    return pool_strdup(f->in->pool, hex);
}

static const char *or_none(const char *text)
{
    return text ? text : "";
}

static int let_in(const struct finish *f, struct signin_done *ret, char *ret_ref, struct err *err)
{
    const struct identity *who = f->report.identity;
    const struct idtoken *token = f->report.token;
    const struct claim claim = {.id = who->field[SAML_IMMUTABLE_ID],
                                .subject = who->subject,
                                .subject_format = "",
                                .session = or_none(token->session),
                                .context = or_none(token->context),
                                .hint = strlen(f->report.id_token) <= HINT_MAX ? f->report.id_token : "",
                                .signed_in_at = token->signed_in_at,
                                .once_kind = CODE,
                                .once_value = name_of_code(f),
                                .once_until = f->in->now + SIGNIN_REQUEST_SECONDS};
    return accept_claim(f->in, &f->returned, &claim, f->answer->old_session, ret, ret_ref, err);
}

/* Whom it named, for the record. */
static const char *claimed_email(const struct finish *f)
{
    const struct identity *who = f->report.claimed;
    return !who ? NULL : who->unbelieved_email ? who->unbelieved_email : who->field[SAML_EMAIL];
}

int signin_oidc_finish(const struct signin *in, const struct signin_oidc_answer *answer, struct signin_done *ret,
                       char *ret_ref, struct err *err)
{
    CLEANUP(freep) struct finish *f = mem_zero(sizeof *f);
    f->in = in;
    f->answer = answer;
    if (find(f, err) == 0 && oidc_verify(in, &f->returned, &f->response, &f->report, err) == 0 &&
        let_in(f, ret, ret_ref, err) == 0)
        return 0;
    record_refused(in, f->returned.connection ? conf_name(f->returned.connection) : "", claimed_email(f), err, ret_ref);
    return -1;
}
