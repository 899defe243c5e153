#include "broker/logout_token.h"

#include <jansson.h>

#include "base/cleanup.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

static void jsonp(json_t **json)
{
    json_decref(*json);
}

int logout_token_make(const struct signin *in, const struct keyring *ring, const struct conf_section *application,
                      const char *subject, const char *sid, struct buf *ret, struct err *err)
{
    char id[TOKEN_SIZE];
    const char *client = conf_str(application, "client-id");
    token_new(id);
    CLEANUP(jsonp)
    json_t *claims =
        json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:{s:{}}}", "iss",
                  conf_str(conf_find(in->conf, "organization", NULL), "url"), "aud",
                  client ? client : conf_name(application), "iat", (json_int_t)in->now, "exp",
                  (json_int_t)(in->now + LOGOUT_TOKEN_SECONDS), "jti", id, "sub", subject, "sid", sid, "events", EVENT);
    CLEANUP(freep) char *text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
    if (!text)
        return err_set(err, ERR_FAILED, "application %s: its logout token cannot be written", conf_name(application));
    return keyring_sign(ring, conf_str(application, "algorithm"), "logout+jwt", text, in->now, ret, err);
}
