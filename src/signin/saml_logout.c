/* Single logout: what identity providers tell us, and what we tell them. */
#include "base/cleanup.h"
#include "base/text.h"
#include "gate/gate.h"
#include "saml/base64.h"
#include "saml/logout.h"
#include "saml/response.h"
#include "saml/write.h"
#include "signin/leave.h"
#include "signin/record.h"

#define LOGOUT "logout" /* kind of value that counts once */

/* What is said to one identity provider, and how. */
struct talk {
    const struct signin *in;
    const struct conf_section *connection;
    struct saml_idp *idp;
    struct sp names;
};

static void talk_release(struct talk *talk)
{
    metadata_free(&talk->idp);
}

static int talk_begin(const struct signin *in, const struct conf_section *connection, struct talk *ret, struct err *err)
{
    *ret = (struct talk){.in = in, .connection = connection};
    if (!in->store)
        return err_set(err, ERR_REFUSED, "connection %s: there is no state yet", conf_name(connection));
    return sp_names(in->conf, connection, in->pool, &ret->names, err) != 0 ||
                   gate_metadata(in->store->dir, connection, in->now, &ret->idp, err) != 0
               ? -1
               : 0;
}

/* --- out -------------------------------------------------------------------------------------------------------------- */

/* A message of ours, but for where it goes. */
struct saying {
    enum saml_direction direction;
    const struct signins_session *session; /* of a request */
    const char *in_response_to;            /* of a response */
    const char *relay;
};

static int write_message(const struct saying *say, const struct saml_logout_head *head, const struct keypair *key,
                         struct buf *ret, struct err *err)
{
    const struct signins_session *s = say->session;
    if (say->direction == SAML_RESPONSE)
        return saml_logout_response(head, say->in_response_to, key, ret, err);
    return saml_logout_request(head, s->name_id, s->name_id_format, s->hint, s->session_index, key, ret, err);
}

static const char *address(const struct talk *talk, enum saml_direction direction, const char *binding)
{
    return direction == SAML_REQUEST ? metadata_slo(talk->idp, binding) : metadata_slo_answer(talk->idp, binding);
}

/* Redirect where there is a choice, as in saml_begin.c. Nothing when the identity provider has no address, or we no key. */
static int send(const struct talk *talk, const struct saying *say, const char *id, struct signin_start *ret,
                struct err *err)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const struct signin *in = talk->in;
    const struct keypair *key = in->keys->nkeys ? in->keys->keys[0] : NULL;
    const char *redirect = address(talk, say->direction, SAML_BINDING_REDIRECT);
    const char *to = redirect ? redirect : address(talk, say->direction, SAML_BINDING_POST);
    struct saml_logout_head head = {.id = id, .entity_id = talk->names.entity_id, .destination = to, .now = in->now};
    if (!to || !key)
        return 0;
    if (write_message(say, &head, redirect ? NULL : key, &xml, err) != 0)
        return -1;
    struct span message = {xml.data, xml.len};
    if (!redirect)
        saml_base64_encode(message, &text);
    else if (saml_redirect_write(redirect, say->direction, message, say->relay, key, &text, err) != 0)
        return -1;
    *ret = (struct signin_start){.connection = conf_name(talk->connection),
                                 .location = redirect ? pool_strdup(in->pool, buf_str(&text)) : NULL,
                                 .post_to = redirect ? NULL : pool_strdup(in->pool, to),
                                 .message = redirect ? NULL : pool_strdup(in->pool, buf_str(&text)),
                                 .relay = say->relay,
                                 .answers = say->direction == SAML_RESPONSE};
    return 0;
}

int saml_leave(const struct signin *in, const struct conf_section *connection, const struct signins_session *session,
               const char *handle, struct signin_start *ret, struct err *err)
{
    CLEANUP(talk_release) struct talk talk = {.in = in};
    char id[SAML_ID_SIZE];
    saml_new_id(id);
    const struct saying say = {SAML_REQUEST, session, NULL, pool_strdup(in->pool, handle)};
    if (!*session->name_id)
        return 0;
    if (talk_begin(in, connection, &talk, err) != 0 || send(&talk, &say, id, ret, err) != 0)
        return -1;
    ret->id = pool_strdup(in->pool, id);
    return ret->location || ret->post_to;
}

/* --- in: they end sessions --------------------------------------------------------------------------------------------- */

static int end_each(const struct signin *in, const char *connection, const struct saml_logout *logout,
                    int64_t *ret_ended, struct err *err)
{
    int64_t ended;
    size_t n = logout->nsessions;
    for (size_t i = 0; i < (n ? n : 1); i++) {
        if (signins_session_end_there(in->signins, connection, logout->name_id, n ? logout->sessions[i] : NULL, &ended,
                                      err) != 0)
            return -1;
        *ret_ended += ended;
    }
    return 0;
}

/* The message counts once, and what it ends is ended with that. */
static int end_sessions(const struct talk *talk, const struct saml_logout *logout, int64_t *ret_ended, struct err *err)
{
    const struct signin *in = talk->in;
    const char *connection = conf_name(talk->connection);
    if (signins_begin(in->signins, err) != 0)
        return -1;
    int once = signins_use_once(in->signins, LOGOUT, pool_printf(in->pool, "%s %s", connection, logout->id),
                                logout->expires, err);
    if (once == 0)
        err_set(err, ERR_REFUSED, "logout message: '%s' was used before, and each may be used once",
                text_printable(in->pool, span_str(logout->id)));
    if (once == 1 && end_each(in, connection, logout, ret_ended, err) == 0)
        return signins_commit(in->signins, err);
    signins_rollback(in->signins);
    return -1;
}

static int obey(const struct talk *talk, const struct saml_logout *logout, const char *relay,
                struct signin_saml_left *ret, struct err *err)
{
    char id[SAML_ID_SIZE];
    saml_new_id(id);
    const struct saying say = {SAML_RESPONSE, NULL, logout->id, relay};
    if (end_sessions(talk, logout, &ret->ended, err) != 0)
        return -1;
    ret->told = true;
    return send(talk, &say, id, &ret->start, err);
}

/* --- in: they answer us ------------------------------------------------------------------------------------------------ */

/* The request to sign out that this browser began. */
static int find_request(const struct talk *talk, const char *handle, const char *browser, struct signins_request *ret,
                        struct err *err)
{
    const struct signin *in = talk->in;
    struct signins_request request = {.id = NULL};
    bool other = false;
    int found = handle && *handle ? signins_request_get(in->signins, handle, browser ? browser : "", in->now, in->pool,
                                                        &request, &other, err)
                                  : 0;
    if (found < 0)
        return -1;
    if (!found || strcmp(request.connection, conf_name(talk->connection)) != 0 || !request.leaving)
        return err_set(err, ERR_REFUSED,
                       "logout message: it answers no request of ours to sign out that is open, of this browser and "
                       "of this connection");
    *ret = request;
    return 0;
}

static int take_answer(const struct talk *talk, const struct saml_logout *logout, const char *handle, struct err *err)
{
    int taken = signins_request_take(talk->in->signins, handle, err);
    if (taken < 0)
        return -1;
    if (!taken)
        return err_set(err, ERR_REFUSED, "logout message: the request that it answers was answered already");
    if (!logout->done)
        return err_set(err, ERR_REFUSED,
                       "logout: the identity provider says '%s': the person is signed out here, and perhaps not "
                       "everywhere else",
                       logout->status);
    return 0;
}

/* --- one message ------------------------------------------------------------------------------------------------------- */

/* Of a redirect, what it is called and its RelayState stand in the query, which is taken apart once more for the signature. */
static int peek(const struct signin *in, const struct signin_saml_told *told, enum saml_direction *ret_direction,
                const char **ret_relay, struct err *err)
{
    struct saml_redirect message;
    *ret_direction = told->answers ? SAML_RESPONSE : SAML_REQUEST;
    *ret_relay = told->relay;
    if (told->message.p)
        return 0;
    if (saml_redirect_read(in->pool, told->query, SAML_LOGOUT_MAX, &message, err) != 0)
        return -1;
    *ret_direction = message.direction;
    *ret_relay = message.relay_state;
    return 0;
}

static int read_message(const struct talk *talk, const struct signin_saml_told *told, enum saml_direction direction,
                        const char *expected, struct saml_logout *ret, struct err *err)
{
    const struct saml_logout_policy policy = {.idp = talk->idp,
                                              .slo_url = talk->names.slo_url,
                                              .now = talk->in->now,
                                              .skew = SAML_SKEW_MAX,
                                              .in_response_to = expected};
    const char *relay;
    if (told->message.p)
        return saml_logout_post(talk->in->pool, direction, told->message, &policy, ret, err);
    return saml_logout_redirect(talk->in->pool, told->query, &policy, ret, &relay, err);
}

static int listen(const struct talk *talk, const struct signin_saml_told *told, struct signin_saml_left *ret,
                  struct err *err)
{
    enum saml_direction direction;
    const char *relay;
    struct signins_request request = {.id = NULL};
    struct saml_logout logout;
    if (peek(talk->in, told, &direction, &relay, err) != 0 ||
        (direction == SAML_RESPONSE && find_request(talk, relay, told->browser, &request, err) != 0) ||
        read_message(talk, told, direction, request.id, &logout, err) != 0)
        return -1;
    ret->next = request.next;
    return direction == SAML_REQUEST ? obey(talk, &logout, relay, ret, err) : take_answer(talk, &logout, relay, err);
}

int signin_saml_logout(const struct signin *in, const struct signin_saml_told *told, struct signin_saml_left *ret,
                       char *ret_ref, struct err *err)
{
    CLEANUP(talk_release) struct talk talk = {.in = in};
    const struct conf_section *connection = conf_find(in->conf, "connection", told->connection);
    *ret = (struct signin_saml_left){.ended = 0};
    if (!connection || strcmp(conf_variant(connection), "saml") != 0) {
        connection = NULL;
        err_set(err, ERR_REFUSED, "connection %s: there is no such connection of type saml",
                text_printable(in->pool, span_str(told->connection)));
    } else if (talk_begin(in, connection, &talk, err) == 0 && listen(&talk, told, ret, err) == 0) {
        return 0;
    }
    record_refused(in, connection ? conf_name(connection) : "", NULL, err, ret_ref);
    return -1;
}
