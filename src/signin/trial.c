#include "signin/trial.h"

#include "base/text.h"
#include "signin/accept.h"
#include "signin/begin.h"
#include "signin/compare.h"
#include "signin/record.h"
#include "store/trials.h"

/* --- there ----------------------------------------------------------------------------------------------------------- */

static int refuse_link(struct err *err)
{
    return err_set(err, ERR_REFUSED,
                   "sso test: this link is for no test that waits: it was used, begun by another browser, or is older "
                   "than %d minutes; run doorward sso test again",
                   TRIAL_SECONDS / 60);
}

int signin_trial_find(const struct signin *in, const char *handle, const char **ret_connection, struct err *err)
{
    struct trial trial;
    int found = trials_get(in->signins, handle, in->now, in->pool, &trial, err);
    if (found != 1)
        return found;
    *ret_connection = trial.connection;
    return !trial.answered && conf_find(in->conf, "connection", trial.connection);
}

static int take(const struct signin *in, const char *handle, const struct signin_ask *ask,
                const struct conf_section **ret, char *ret_id, struct err *err)
{
    const char *name;
    int found = signin_trial_find(in, handle, &name, err);
    if (found < 0)
        return -1;
    if (!found)
        return refuse_link(err);
    *ret = conf_find(in->conf, "connection", name);
    int taken = trials_begin(in->signins, handle, ask->browser, in->now, ret_id, err);
    if (taken == 0)
        refuse_link(err);
    return taken == 1 ? 0 : -1;
}

int signin_trial_begin(const struct signin *in, const char *handle, const struct signin_ask *ask,
                       struct signin_start *ret, char *ret_ref, struct err *err)
{
    const struct conf_section *connection = NULL;
    char id[DIGEST_HEX_MAX];
    if (take(in, handle, ask, &connection, id, err) == 0 &&
        begin_send_away(in, connection,
                        &(struct signin_ask){.email = "", .browser = ask->browser, .next = "/", .trial = id}, ret,
                        err) == 0)
        return 0;
    record_refused(in, connection ? conf_name(connection) : "", NULL, err, ret_ref);
    return -1;
}

/* --- and back -------------------------------------------------------------------------------------------------------- */

/* The value that counts once goes along, so that the main database forgets it no earlier than signin.db does. */
static const char *write_report(const struct signin *in, const struct returned *returned,
                                const struct finding *finding, const struct check *compared, const char *fault)
{
    const struct claim *claim = finding->claim;
    json_t *report =
        finding_report(conf_name(returned->connection), finding, compared, COMPARE_CHECKS, fault, in->pool);
    if (!fault && claim->once_kind)
        json_object_set_new(report, "once",
                            json_pack("{s:s, s:s, s:I}", "kind", claim->once_kind, "value", claim->once_value, "until",
                                      (json_int_t)claim->once_until));
    char *text = json_dumps(report, JSON_COMPACT);
    const char *kept = pool_strdup(in->pool, text ? text : "{}");
    free(text);
    json_decref(report);
    return kept;
}

static int keep(const struct signin *in, const struct returned *returned, const struct finding *finding,
                const char *report, const char *fault, char *ret_ref, struct err *err)
{
    const struct claim *claim = finding->claim;
    if (signins_begin(in->signins, err) != 0)
        return -1;
    int answered = 0;
    if (accept_use_up(in, returned->handle, finding->passed ? claim : NULL, err) == 0 &&
        record_trial(in, conf_name(returned->connection), claim ? claim->email : NULL, fault, ret_ref, err) == 0)
        answered = trials_answer(in->signins, returned->request.trial, report, in->now, err);
    if (answered == 1)
        return signins_commit(in->signins, err);
    signins_rollback(in->signins);
    return err->kind ? -1 : refuse_link(err);
}

int trial_finish(const struct signin *in, const struct returned *returned, const struct finding *finding,
                 struct signin_done *ret, char *ret_ref, struct err *err)
{
    struct check compared[COMPARE_CHECKS];
    const char *fault = finding->passed ? NULL : pool_strdup(in->pool, err->text);
    err_clear(err);
    if (compare_with_mirror(in, returned->connection, finding->claim, false, compared, err) != 0)
        return -1;
    if (!fault)
        fault = compare_fault(compared, COMPARE_CHECKS);
    const char *report = write_report(in, returned, finding, compared, fault);
    if (keep(in, returned, finding, report, fault, ret_ref, err) != 0)
        return -1;
    *ret = (struct signin_done){.next = fault ? "/sso-test/" TRIAL_FAILED : "/sso-test/" TRIAL_PASSED, .trial = true};
    return 0;
}
