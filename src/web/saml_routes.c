/* What identity providers of SAML read and send. */
#include <string.h>

#include "base/log.h"
#include "gate/sp.h"
#include "saml/logout.h"
#include "saml/response.h"
#include "signin/record.h"
#include "web/answer.h"

static void show_metadata(struct call *call)
{
    struct err err = ERR_INIT;
    const struct conf_section *connection = conf_find(call->in.conf, "connection", call->word);
    struct sp sp = call->site->keys;
    if (!connection || strcmp(conf_variant(connection), "saml") != 0) {
        answer_fault(call, 404, FAULT_NOT_FOUND, NULL);
        return;
    }
    if (sp_names(call->in.conf, connection, call->in.pool, &sp, &err) != 0 ||
        sp_metadata(call->in.conf, &sp, call->in.now, &call->response->body, &err) != 0) {
        buf_clear(&call->response->body);
        answer_error(call, NULL, &err);
        return;
    }
    call->response->status = 200;
    call->response->type = "application/samlmetadata+xml";
}

static void finish(struct call *call)
{
    struct signin_saml_answer answer = {.connection = call->word,
                                        .browser = cookie_get(call, COOKIE_BROWSER),
                                        .old_session = cookie_get(call, COOKIE_SESSION)};
    char ref[SIGNINS_REF_SIZE];
    struct signin_done done;
    struct err err = ERR_INIT;
    if (request_field_octets(call->request, "SAMLResponse", &answer.response) != 1 ||
        request_field(call->request, "RelayState", &answer.relay) < 0) {
        err_set(&err, ERR_INPUT, "response: the form has no SAMLResponse, or a field twice");
        record_refused(&call->in, "", NULL, &err, ref);
        answer_error(call, ref, &err);
        return;
    }
    if (signin_saml_finish(&call->in, &answer, &done, ref, &err) != 0) {
        answer_error(call, ref, &err);
        return;
    }
    answer_done(call, &done);
}

/* --- single logout ------------------------------------------------------------------------------------------------------- */

static void listen(struct call *call, const struct signin_saml_told *told)
{
    struct page_about who = answer_about(call);
    char ref[SIGNINS_REF_SIZE];
    struct signin_saml_left left;
    struct err err = ERR_INIT;
    if (signin_saml_logout(&call->in, told, &left, ref, &err) != 0) {
        answer_error(call, ref, &err);
        return;
    }
    if (left.told)
        log_event(LOG_LEVEL_INFO, "connection %s: the identity provider signed somebody out, of %lld sessions",
                  told->connection, (long long)left.ended);
    if (answer_start(call, &left.start))
        return;
    if (left.next && strcmp(left.next, "/signedout") != 0) {
        answer_redirect(call, left.next);
        return;
    }
    answer_html(call, 200);
    page_signed_out(&call->response->body, &who);
}

static void logout_redirect(struct call *call)
{
    listen(call, &(struct signin_saml_told){.connection = call->word,
                                            .query = request_query(call->request),
                                            .browser = cookie_get(call, COOKIE_BROWSER)});
}

static void logout_form(struct call *call)
{
    struct signin_saml_told told = {.connection = call->word, .browser = cookie_get(call, COOKIE_BROWSER)};
    char ref[SIGNINS_REF_SIZE];
    struct err err = ERR_INIT;
    struct span request = {NULL, 0}, response = {NULL, 0};
    int asks = request_field_octets(call->request, "SAMLRequest", &request);
    int answers = request_field_octets(call->request, "SAMLResponse", &response);
    if (asks < 0 || answers < 0 || asks + answers != 1 || request_field(call->request, "RelayState", &told.relay) < 0) {
        err_set(&err, ERR_INPUT,
                "logout message: the form has neither SAMLRequest nor SAMLResponse, or both, or a field twice");
        record_refused(&call->in, "", NULL, &err, ref);
        answer_error(call, ref, &err);
        return;
    }
    told.answers = answers == 1;
    told.message = asks ? request : response;
    listen(call, &told);
}

/* Base64 is a third longer, and a form may write each "+", "/" and "=" as three octets. */
#define ACS_MAX (SAML_RESPONSE_MAX / 3 * 4 + 64 * 1024)
#define SLO_MAX (SAML_LOGOUT_MAX / 3 * 4 + 64 * 1024)

const struct route saml_routes[] = {
    {"GET", "/saml/metadata/", show_metadata, 0, true},
    {"POST", "/saml/acs/", finish, ACS_MAX, false},
    {"GET", "/saml/slo/", logout_redirect, 0, false},
    {"POST", "/saml/slo/", logout_form, SLO_MAX, false},
    {0},
};
