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
    return signins_was_used(f->in->signins, SIGNIN_ASSERTION, assertion_id, &ignored);
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
                                .require_in_response_to = true,
                                .in_response_to = f->returned.request.id,
                                .domains = f->returned.domains,
                                .ndomains = f->returned.ndomains,
                                .used_before = used_before,
                                .used_before_arg = f};
    for (int field = 0; field < SAML_FIELD_COUNT; field++)
        ret->attribute[field] = conf_str(f->returned.connection, keys[field]);
}

static int verify(struct finish *f, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct sp names = {.nkeys = 0};
    struct saml_policy policy;
    if (sp_names(f->in->conf, f->returned.connection, f->in->pool, &names, err) != 0 ||
        gate_metadata(f->returned.connection, f->in->now, &idp, err) != 0)
        return -1;
    fill_policy(f, idp, &names, &policy);
    int r = saml_response_verify(f->in->pool, f->answer->response, &policy, &f->report, err);
    f->report.signer = NULL; /* dies with idp */
    return r;
}

/* --- then it is somebody's session, or the report of a test -------------------------------------------------------- */

int signin_saml_finish(const struct signin *in, const struct signin_saml_answer *answer, struct signin_done *ret,
                       char *ret_ref, struct err *err)
{
    CLEANUP(freep) struct finish *f = mem_zero(sizeof *f);
    struct finding finding;
    f->in = in;
    f->answer = answer;
    if (returned_find(in, answer->connection, "saml", answer->relay, answer->browser, &f->returned, err) == 0) {
        verify(f, err);
        finding_of_saml(&f->report, in->pool, &finding);
        if (accept_answer(in, &f->returned, &finding, answer->old_session, ret, ret_ref, err) == 0)
            return 0;
    }
    const struct saml_identity *claimed = f->report.claimed;
    record_refused(in, f->returned.connection ? conf_name(f->returned.connection) : "",
                   claimed ? claimed->field[SAML_EMAIL] : NULL, err, ret_ref);
    return -1;
}
