#include "signin/returned.h"

#include "base/text.h"
#include "store/domain.h"

static int find_request(const struct signin *in, const char *connection, const char *browser, struct returned *r,
                        struct err *err)
{
    bool other = false;
    if (!r->handle || !*r->handle)
        return err_set(err, ERR_REFUSED,
                       "response: it is unsolicited: it comes without our RelayState or state; begin the sign-in at "
                       "Doorward's own page");
    int found = signins_request_get(in->signins, r->handle, browser ? browser : "", in->now, in->pool, &r->request,
                                    &other, err);
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
    if (r->request.leaving)
        return err_set(err, ERR_REFUSED,
                       "response: it answers a request to sign out, and signs nobody in; begin again");
    if (strcmp(r->request.connection, connection) != 0)
        return err_set(err, ERR_REFUSED, "response: it came for connection %s, and the request went to connection %s",
                       text_printable(in->pool, span_str(connection)), r->request.connection);
    return 0;
}

static int find_connection(const struct signin *in, const char *name, const char *variant, struct returned *r,
                           struct err *err)
{
    struct connection_row row;
    r->connection = conf_find(in->conf, "connection", name);
    if (!r->connection || strcmp(conf_variant(r->connection), variant) != 0)
        return err_set(err, ERR_REFUSED, "connection %s: there is no such connection of type %s",
                       text_printable(in->pool, span_str(name)), variant);
    if (!in->store)
        return err_set(err, ERR_REFUSED, "connection %s: there is no state yet", name);
    if (connection_get(in->store, conf_name(r->connection), in->pool, &row, err) != 0)
        return -1;
    r->active = row.state == CONNECTION_ACTIVE;
    if (r->request.trial && *r->request.trial) {
        r->ndomains = discover_bound(in, r->connection, r->domains);
        return 0;
    }
    if (!r->active && !conf_count(r->connection, "test-user"))
        return err_set(err, ERR_REFUSED, "connection %s: it is not active; run: doorward sso activate %s", name, name);
    return discover_domains(in, r->connection, r->domains, &r->ndomains, err);
}

int returned_find(const struct signin *in, const char *connection, const char *variant, const char *handle,
                  const char *browser, struct returned *ret, struct err *err)
{
    *ret = (struct returned){.handle = handle};
    if (find_request(in, connection, browser, ret, err) != 0)
        return -1;
    return find_connection(in, connection, variant, ret, err);
}

int returned_unsolicited(const struct signin *in, const char *connection, const char *variant, struct returned *ret,
                         struct err *err)
{
    *ret = (struct returned){.request = {.next = "/"}};
    return find_connection(in, connection, variant, ret, err);
}
