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

/* Everything that the ID token says, for who looks at a test. */
static void add_attributes(const struct finish *f, struct finding *ret)
{
    json_t *all = json_loads(f->report.token->claims, 0, NULL);
    struct finding_attribute *list = pool_zero(f->in->pool, (json_object_size(all) + 1) * sizeof *list);
    const char *name;
    json_t *value;
    json_object_foreach(all, name, value)
    {
        const char **text = pool_zero(f->in->pool, sizeof *text);
        char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        *text = pool_strdup(f->in->pool, dumped ? dumped : or_none(json_string_value(value)));
        free(dumped);
        list[ret->nattributes++] = (struct finding_attribute){pool_strdup(f->in->pool, name), text, 1};
    }
    ret->attributes = list;
    json_decref(all);
}

static const struct claim *claim_of(const struct finish *f)
{
    const struct identity *who = f->report.claimed;
    const struct idtoken *token = f->report.token;
    struct claim *claim = pool_zero(f->in->pool, sizeof *claim);
    *claim = (struct claim){.id = who->field[SAML_IMMUTABLE_ID],
                            .email = who->field[SAML_EMAIL],
                            .given_name = who->field[SAML_GIVEN_NAME],
                            .family_name = who->field[SAML_FAMILY_NAME],
                            .issuer = who->issuer,
                            .subject = who->subject,
                            .subject_format = "",
                            .session = or_none(token->session),
                            .context = or_none(token->context),
                            .hint = strlen(f->report.id_token) <= HINT_MAX ? f->report.id_token : "",
                            .signed_in_at = token->signed_in_at,
                            .once_kind = CODE,
                            .once_value = name_of_code(f),
                            .once_until = f->in->now + SIGNIN_REQUEST_SECONDS};
    return claim;
}

static void find_out(const struct finish *f, bool passed, struct finding *ret)
{
    const struct identity *who = f->report.claimed;
    *ret = (struct finding){.passed = passed, .checks = f->report.checks, .nchecks = f->report.nchecks};
    if (!who || !f->report.token || !f->report.id_token)
        return;
    struct finding_field *fields = pool_zero(f->in->pool, SAML_FIELD_COUNT * sizeof *fields);
    for (int i = 0; i < SAML_FIELD_COUNT; i++)
        fields[i] = (struct finding_field){saml_field_names[i], who->field[i], who->source[i]};
    ret->claim = claim_of(f);
    ret->fields = fields;
    ret->nfields = SAML_FIELD_COUNT;
    if (*f->returned.request.trial)
        add_attributes(f, ret);
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
    struct finding finding;
    f->in = in;
    f->answer = answer;
    if (find(f, err) == 0) {
        bool passed = oidc_verify(in, &f->returned, &f->response, &f->report, err) == 0;
        find_out(f, passed, &finding);
        const struct accept_at at = {answer->old_session, answer->browser};
        if (accept_answer(in, &f->returned, &finding, &at, ret, ret_ref, err) == 0)
            return 0;
    }
    const struct signin with = record_for(in, &f->returned.request);
    record_refused(&with, f->returned.connection ? conf_name(f->returned.connection) : "", claimed_email(f), err,
                   ret_ref);
    return -1;
}
