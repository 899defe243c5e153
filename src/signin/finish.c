#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/gate.h"
#include "saml/response.h"
#include "signin/discover.h"
#include "signin/person.h"
#include "signin/record.h"

#define ASSERTION "assertion" /* kind of value that counts once */

/* One answer on its way through the rules. */
struct finish {
    const struct signin *in;
    const struct signin_answer *answer;
    const struct conf_section *connection;
    struct signins_request request;
    const char *domains[DISCOVER_DOMAINS_MAX];
    size_t ndomains;
    struct saml_report report;
    struct who who;
};

/* --- is it an answer to this browser's question? ------------------------------------------------------------------ */

static int find_request(struct finish *f, struct err *err)
{
    const struct signin_answer *a = f->answer;
    bool other = false;
    if (!a->relay || !*a->relay)
        return err_set(err, ERR_REFUSED,
                       "response: it is unsolicited: it comes without our RelayState; begin the sign-in at Doorward's "
                       "own page");
    int found = signins_request_get(f->in->signins, a->relay, a->browser ? a->browser : "", f->in->now, f->in->pool,
                                    &f->request, &other, err);
    if (found < 0)
        return -1;
    if (other)
        return err_set(
            err, ERR_REFUSED,
            "response: the request that it answers was begun by another browser, or this one sent no cookie; "
            "begin again and allow cookies");
    if (!found)
        return err_set(err, ERR_REFUSED,
                       "response: it answers no request of ours that is open: it was answered already, or begun more "
                       "than %d minutes ago; begin again",
                       SIGNIN_REQUEST_SECONDS / 60);
    if (strcmp(f->request.connection, a->connection) != 0)
        return err_set(err, ERR_REFUSED, "response: it came for connection %s, and the request went to connection %s",
                       text_printable(f->in->pool, span_str(a->connection)), f->request.connection);
    return 0;
}

static int find_connection(struct finish *f, struct err *err)
{
    struct connection_row row;
    const char *name = f->answer->connection;
    f->connection = conf_find(f->in->conf, "connection", name);
    if (!f->connection || strcmp(conf_variant(f->connection), "saml") != 0)
        return err_set(err, ERR_REFUSED, "connection %s: there is no such SAML connection",
                       text_printable(f->in->pool, span_str(name)));
    if (!f->in->store)
        return err_set(err, ERR_REFUSED, "connection %s: there is no state yet", name);
    if (connection_get(f->in->store, conf_name(f->connection), f->in->pool, &row, err) != 0)
        return -1;
    if (row.state != CONNECTION_ACTIVE)
        return err_set(err, ERR_REFUSED, "connection %s: it is not active; run: doorward sso activate %s", name, name);
    return discover_domains(f->in, f->connection, f->domains, &f->ndomains, err);
}

/* --- does it say what it may? ------------------------------------------------------------------------------------- */

static int used_before(void *arg, const char *assertion_id)
{
    const struct finish *f = arg;
    struct err ignored = ERR_INIT;
    return signins_was_used(f->in->signins, ASSERTION, assertion_id, &ignored);
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
                                .in_response_to = f->request.id,
                                .domains = f->domains,
                                .ndomains = f->ndomains,
                                .used_before = used_before,
                                .used_before_arg = f};
    for (int field = 0; field < SAML_FIELD_COUNT; field++)
        ret->attribute[field] = conf_str(f->connection, keys[field]);
}

static int verify(struct finish *f, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct sp names = {.nkeys = 0};
    struct saml_policy policy;
    if (sp_names(f->in->conf, f->connection, f->in->pool, &names, err) != 0 ||
        gate_metadata(f->connection, f->in->now, &idp, err) != 0)
        return -1;
    fill_policy(f, idp, &names, &policy);
    int r = saml_response_verify(f->in->pool, f->answer->response, &policy, &f->report, err);
    f->report.signer = NULL; /* dies with idp */
    return r;
}

/* --- then it is somebody's session -------------------------------------------------------------------------------- */

static int64_t session_end(const struct finish *f)
{
    int64_t until = f->in->now + SIGNIN_SESSION_SECONDS, told = f->report.identity->session_expires;
    return told && told < until ? told : until;
}

/* Two copies that arrive at once have both come this far; one of them takes the request and the assertion. */
static int use_up(struct finish *f, struct err *err)
{
    const struct saml_identity *who = f->report.identity;
    int request = signins_request_take(f->in->signins, f->answer->relay, err);
    if (request < 0)
        return -1;
    int assertion = signins_use_once(f->in->signins, ASSERTION, who->assertion_id, who->expires + SAML_SKEW_MAX, err);
    if (assertion < 0)
        return -1;
    if (!request || !assertion)
        return err_set(err, ERR_REFUSED, "response: it was used at the same time by another copy of it");
    return 0;
}

static int put_session(struct finish *f, const char *token, struct err *err)
{
    const struct saml_identity *who = f->report.identity;
    if (f->answer->old_session && signins_session_end(f->in->signins, f->answer->old_session, err) != 0)
        return -1;
    return signins_session_put(f->in->signins, token,
                               &(struct signins_session){.directory = f->who.directory,
                                                         .uid = f->who.uid,
                                                         .email = f->who.email,
                                                         .connection = conf_name(f->connection),
                                                         .name_id = who->name_id,
                                                         .name_id_format = who->name_id_format,
                                                         .session_index = who->session_index,
                                                         .created = f->in->now,
                                                         .expires = session_end(f)},
                               err);
}

static int let_in(struct finish *f, struct signin_done *ret, char *ret_ref, struct err *err)
{
    if (signins_begin(f->in->signins, err) != 0)
        return -1;
    token_new(ret->token);
    if (use_up(f, err) == 0 && put_session(f, ret->token, err) == 0 &&
        record_accepted(f->in, conf_name(f->connection), f->who.email, ret_ref, err) == 0)
        return signins_commit(f->in->signins, err);
    signins_rollback(f->in->signins);
    return -1;
}

static int check(struct finish *f, struct err *err)
{
    if (find_request(f, err) != 0 || find_connection(f, err) != 0 || verify(f, err) != 0)
        return -1;
    return person_of(f->in, f->report.identity->field[SAML_IMMUTABLE_ID], f->domains, f->ndomains, &f->who, err);
}

int signin_finish(const struct signin *in, const struct signin_answer *answer, struct signin_done *ret, char *ret_ref,
                  struct err *err)
{
    CLEANUP(freep) struct finish *f = mem_zero(sizeof *f);
    struct signin_done done = {0};
    f->in = in;
    f->answer = answer;
    if (check(f, err) == 0 && let_in(f, &done, ret_ref, err) == 0) {
        *ret = done;
        ret->next = f->request.next;
        return 0;
    }
    const struct saml_identity *claimed = f->report.claimed;
    record_refused(in, f->connection ? conf_name(f->connection) : "", claimed ? claimed->field[SAML_EMAIL] : NULL, err,
                   ret_ref);
    return -1;
}
