#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/gate.h"
#include "saml/response.h"
#include "signin/accept.h"
#include "signin/record.h"

/* One answer on its way through the rules. */
struct finish {
    const struct signin *in;
    const struct signin_saml_answer *answer;
    struct returned returned;
    struct saml_report report;
};

/* --- does it say what it may? ------------------------------------------------------------------------------------- */

static int used_before(void *arg, const char *assertion_id)
{
    const struct finish *f = arg;
    struct err ignored = ERR_INIT;
    const char *name = finding_assertion(f->in->pool, conf_name(f->returned.connection), assertion_id);
    return signins_was_used(f->in->signins, SIGNIN_ASSERTION, name, &ignored);
}

static void fill_policy(struct finish *f, const struct saml_idp *idp, const struct sp *names, struct saml_policy *ret)
{
    static const char *const keys[SAML_FIELD_COUNT] = {[SAML_EMAIL] = "attribute-email",
                                                       [SAML_GIVEN_NAME] = "attribute-given-name",
                                                       [SAML_FAMILY_NAME] = "attribute-family-name",
                                                       [SAML_IMMUTABLE_ID] = "attribute-id",
                                                       [SAML_DISPLAY_NAME] = "attribute-display-name"};
    *ret = (struct saml_policy){.entity_id = names->entity_id,
                                .acs_url = names->acs_url,
                                .idp = idp,
                                .keys = f->in->keys->keys,
                                .nkeys = f->in->keys->nkeys,
                                .now = f->in->now,
                                .skew = SAML_SKEW_MAX,
                                .require_in_response_to = f->returned.handle != NULL,
                                .unsolicited = f->returned.handle == NULL,
                                .in_response_to = f->returned.request.id,
                                .domains = f->returned.domains,
                                .ndomains = f->returned.ndomains,
                                .used_before = used_before,
                                .used_before_arg = f};
    for (int field = 0; field < SAML_FIELD_COUNT; field++)
        ret->attribute[field] = conf_str(f->returned.connection, keys[field]);
}

/* What we asked for beyond that they sign the person in. */
static int check_asked(const struct finish *f, struct err *err)
{
    const struct saml_identity *who = f->report.identity;
    const struct conf_section *connection = f->returned.connection;
    size_t n = conf_count(connection, "authn-context");
    bool among = n == 0;
    bool again = f->returned.handle ? f->returned.request.again : conf_bool(connection, "force-authn");
    int64_t since = f->returned.handle ? f->returned.request.created : f->in->now - SIGNIN_REQUEST_SECONDS;
    for (size_t i = 0; who->authn_context && i < n; i++)
        among |= strcmp(who->authn_context, conf_at(connection, "authn-context", i)) == 0;
    if (!among)
        return err_set(
            err, ERR_REFUSED,
            "AuthnStatement: the person was signed in by '%s', which no authn-context of the connection names",
            who->authn_context ? text_printable(f->in->pool, span_str(who->authn_context)) : "(not said)");
    if (again && who->authn_instant + SAML_SKEW_MAX < since)
        return err_set(err, ERR_REFUSED,
                       "AuthnStatement: the person was signed in before we asked for it, and has to be asked anew; the "
                       "identity provider does not honour ForceAuthn");
    return 0;
}

static int verify(struct finish *f, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct sp names = {.nkeys = 0};
    struct saml_policy policy;
    if (sp_names(f->in->conf, f->returned.connection, f->in->pool, &names, err) != 0 ||
        gate_metadata(f->in->store->dir, f->returned.connection, f->in->now, &idp, err) != 0)
        return -1;
    fill_policy(f, idp, &names, &policy);
    int r = saml_response_verify(f->in->pool, f->answer->response, &policy, &f->report, err);
    f->report.signer = NULL; /* dies with idp */
    return r == 0 ? check_asked(f, err) : -1;
}

/* What comes with a handle of ours has to be answered by it; what does not, nobody asked for. */
static int find_asker(struct finish *f, struct err *err)
{
    const struct signin_saml_answer *a = f->answer;
    const struct conf_section *connection = conf_find(f->in->conf, "connection", a->connection);
    bool ours = a->relay && token_is_valid(a->relay);
    if (!ours && connection && strcmp(conf_variant(connection), "saml") == 0 &&
        conf_bool(connection, "allow-unsolicited"))
        return returned_unsolicited(f->in, a->connection, "saml", &f->returned, err);
    return returned_find(f->in, a->connection, "saml", a->relay, a->browser, &f->returned, err);
}

/* --- then it is somebody's session, or the report of a test -------------------------------------------------------- */

int signin_saml_finish(const struct signin *in, const struct signin_saml_answer *answer, struct signin_done *ret,
                       char *ret_ref, struct err *err)
{
    CLEANUP(freep) struct finish *f = mem_zero(sizeof *f);
    struct finding finding;
    f->in = in;
    f->answer = answer;
    if (find_asker(f, err) == 0) {
        bool passed = verify(f, err) == 0;
        finding_of_saml(&f->report, conf_name(f->returned.connection), in->pool, &finding);
        finding.passed = passed;
        const struct accept_at at = {answer->old_session, answer->browser};
        if (accept_answer(in, &f->returned, &finding, &at, ret, ret_ref, err) == 0)
            return 0;
    }
    const struct saml_identity *claimed = f->report.claimed;
    const struct signin with = record_for(in, &f->returned.request);
    record_refused(&with, f->returned.connection ? conf_name(f->returned.connection) : "",
                   claimed ? claimed->field[SAML_EMAIL] : NULL, err, ret_ref);
    return -1;
}
