#include "signin/begin.h"

#include "signin/discover.h"
#include "signin/record.h"

static const struct {
    const char *type;
    begin_with *begin;
} protocols[] = {{"saml", saml_begin}, {"oidc", oidc_begin}};

int begin_send_away(const struct signin *in, const struct conf_section *connection, const struct signin_ask *ask,
                    struct signin_start *ret, struct err *err)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(conf_variant(connection), protocols[i].type) == 0)
            return protocols[i].begin(in, connection, ask, ret, err);
    return err_set(err, ERR_CONFIG, "connection %s: nobody can be signed in by type %s", conf_name(connection),
                   conf_variant(connection));
}

int signin_begin(const struct signin *in, const struct signin_ask *ask, struct signin_start *ret, char *ret_ref,
                 struct err *err)
{
    const struct conf_section *connection = NULL;
    if (discover_connection(in, ask->email, ask->domain, &connection, err) == 0 &&
        begin_send_away(in, connection, ask, ret, err) == 0)
        return 0;
    record_refused(in, connection ? conf_name(connection) : "", ask->email, err, ret_ref);
    return -1;
}
