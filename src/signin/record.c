#include "signin/record.h"

#include "base/text.h"
#include "model/domain.h"

/* What is kept of a claim: enough to find it, whatever was sent. */
static const char *cut(const struct signin *in, const char *text)
{
    struct span s = span_str(text ? text : "");
    if (s.n > EMAIL_MAX)
        s.n = EMAIL_MAX;
    return text_printable(in->pool, s);
}

static int put(const struct signin *in, const char *connection, const char *email, enum signins_result result,
               const char *reason, char *ret_ref, struct err *err)
{
    signins_new_ref(ret_ref);
    return signins_record_put(in->signins,
                              &(struct signins_record){.ref = ret_ref,
                                                       .at = in->now,
                                                       .connection = connection,
                                                       .email = cut(in, email),
                                                       .client = in->client,
                                                       .application = in->application,
                                                       .result = result,
                                                       .reason = reason},
                              err);
}

void record_refused(const struct signin *in, const char *connection, const char *email, struct err *err, char *ret_ref)
{
    struct err fault = ERR_INIT;
    const char *reason = pool_strdup(in->pool, err->text);
    if (put(in, connection, email, RESULT_REFUSED, reason, ret_ref, &fault) != 0)
        err_set(err, err->kind, "%s (and this could not be recorded: %s)", reason, fault.text);
}

int record_accepted(const struct signin *in, const char *connection, const char *email, char *ret_ref, struct err *err)
{
    return put(in, connection, email, RESULT_SIGNED_IN, NULL, ret_ref, err);
}

int record_trial(const struct signin *in, const char *connection, const char *email, const char *fault, char *ret_ref,
                 struct err *err)
{
    const char *reason = pool_printf(in->pool, "test of the connection by link: %s", fault ? fault : "passed");
    return put(in, connection, email, RESULT_TESTED, reason, ret_ref, err);
}

int record_ended(const struct signin *in, const char *connection, const char *email, const char *reason, char *ret_ref,
                 struct err *err)
{
    return put(in, connection, email, RESULT_ENDED, pool_printf(in->pool, "the session ended: %s", reason), ret_ref,
               err);
}
