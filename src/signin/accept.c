#include "signin/accept.h"

#include "base/text.h"
#include "signin/person.h"
#include "signin/record.h"
#include "signin/standing.h"
#include "signin/trial.h"
#include "store/arrivals.h"
#include "store/renewals.h"

static int64_t session_end(const struct signin *in, const struct claim *claim)
{
    int64_t until = in->now + conf_int(conf_find(in->conf, "serve", NULL), "session-length");
    int64_t told = claim->session_expires;
    return told && told < until ? told : until;
}

int accept_use_up(const struct signin *in, const char *handle, const struct claim *claim, struct err *err)
{
    int once = 1, request = handle ? signins_request_take(in->signins, handle, err) : 1;
    if (request < 0)
        return -1;
    if (claim && claim->once_kind)
        once = signins_use_once(in->signins, claim->once_kind, claim->once_value, claim->once_until, err);
    if (once < 0)
        return -1;
    if (!request || !once)
        return err_set(err, ERR_REFUSED, "response: it was used at the same time by another copy of it");
    return 0;
}

/*
 * The same person again, because an application asked for it, say. Not who had a seat and has none now: that session is over, and this sign-in
 * begins another.
 */
static bool goes_on(const struct signins_session *old, const struct signins_session *s)
{
    return strcmp(old->directory, s->directory) == 0 && strcmp(old->uid, s->uid) == 0 &&
           strcmp(old->connection, s->connection) == 0 && (s->seated || !old->seated);
}

/* In the caller's transaction, so that of two sign-ins of a browser at once the second finds what the first made. */
static int keep_session(const struct signin *in, const struct accept_at *at, struct signins_session *s,
                        const char *token, struct err *err)
{
    struct signins *signins = in->signins;
    struct signins_session old;
    int found = signins_session_here(signins, at->session, at->browser, in->now, in->pool, &old, err);
    bool on = found == 1 && goes_on(&old, s);
    if (on)
        s->sid = old.sid;
    if (found < 0 || signins_session_end_here(signins, at->session, at->browser, s->sid, err) != 0)
        return -1;
    if (!on)
        return signins_session_put(signins, token, s, err);
    return signins_session_renew(signins, token, s, err) == 1 ? 0 : -1;
}

static int put_session(const struct signin *in, const struct returned *returned, const struct claim *claim,
                       const struct who *who, const struct accept_at *at, const char *token, struct err *err)
{
    char sid[TOKEN_SIZE];
    bool seated;
    int64_t ends = session_end(in, claim);
    if (who_has_seat(in->store->db, who->id, &seated, err) != 0)
        return -1;
    token_new(sid);
    struct signins_session session = {.sid = sid,
                                      .directory = who->directory,
                                      .uid = who->uid,
                                      .email = who->email,
                                      .connection = conf_name(returned->connection),
                                      .name_id = claim->subject,
                                      .name_id_format = claim->subject_format,
                                      .session_index = claim->session,
                                      .context = claim->context,
                                      .hint = claim->hint,
                                      .signed_in_at = claim->signed_in_at ? claim->signed_in_at : in->now,
                                      .seated = seated,
                                      .created = in->now,
                                      .expires = standing_until(in, ends),
                                      .ends = ends,
                                      .browser = at->browser};
    return keep_session(in, at, &session, token, err);
}

/* What else an accepted sign-in leaves: that the connection works, and whom no directory has. */
static int note(const struct signin *in, const struct returned *returned, const struct claim *claim,
                const struct who *who, struct err *err)
{
    const char *connection = conf_name(returned->connection);
    if (returned->active && claim->issuer && renewals_note(in->signins, connection, claim->issuer, in->now, err) != 0)
        return -1;
    if (strncmp(who->directory, ARRIVALS_DIRECTORY, strlen(ARRIVALS_DIRECTORY)) != 0)
        return 0;
    int taken = arrivals_has_email(in->signins, who->email, connection, who->uid, err);
    if (taken) /* person_of looked, too, but not in this transaction */
        return taken < 0 ? -1
                         : err_set(err, ERR_REFUSED, "person %s: somebody else arrived with the e-mail %s at the same time",
                                   text_printable(in->pool, span_str(who->uid)),
                                   text_printable(in->pool, span_str(who->email)));
    return arrivals_put(in->signins,
                        &(struct arrival){.connection = connection,
                                          .uid = who->uid,
                                          .email = who->email,
                                          .given_name = who->given_name,
                                          .family_name = who->family_name,
                                          .last_seen = in->now},
                        err);
}

static int let_in(const struct signin *in, const struct returned *returned, const struct claim *claim,
                  const struct accept_at *at, struct signin_done *ret, char *ret_ref, struct err *err)
{
    const struct signin with = record_for(in, &returned->request);
    struct who who;
    if (person_of(in, returned->connection, claim, returned->domains, returned->ndomains, &who, err) != 0 ||
        signins_begin(in->signins, err) != 0)
        return -1;
    token_new(ret->token);
    if (accept_use_up(in, returned->handle, claim, err) == 0 &&
        put_session(in, returned, claim, &who, at, ret->token, err) == 0 &&
        note(in, returned, claim, &who, err) == 0 &&
        record_accepted(&with, conf_name(returned->connection), who.email, ret_ref, err) == 0) {
        ret->next = returned->request.next;
        return signins_commit(in->signins, err);
    }
    signins_rollback(in->signins);
    return -1;
}

int accept_answer(const struct signin *in, const struct returned *returned, const struct finding *finding,
                  const struct accept_at *at, struct signin_done *ret, char *ret_ref, struct err *err)
{
    *ret = (struct signin_done){.next = "/"};
    if (returned->request.trial && *returned->request.trial)
        return trial_finish(in, returned, finding, ret, ret_ref, err);
    return finding->passed ? let_in(in, returned, finding->claim, at, ret, ret_ref, err) : -1;
}
