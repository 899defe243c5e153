#include "connectors/ldap/outcome.h"

#include <ldap.h>

static const struct outcome outcomes[] = {
    {.code = LDAP_SIZELIMIT_EXCEEDED, .kind = ERR_PARTIAL, .what = "size limit exceeded",
     .remedy = "ask for a limit for the bind DN (OpenLDAP: olcLimits with size=unlimited), or set page-size = 500",
     .remedy_paged = "ask for a limit for the bind DN that pages do not count towards (OpenLDAP: olcLimits with size.prtotal=unlimited)"},
    {.code = LDAP_TIMELIMIT_EXCEEDED, .kind = ERR_PARTIAL, .what = "time limit exceeded",
     .remedy = "ask for a time limit for the bind DN (olcLimits), or for an index on the filter's attributes"},
    {.code = LDAP_ADMINLIMIT_EXCEEDED, .kind = ERR_PARTIAL, .what = "administrative limit exceeded",
     .remedy = "ask for limits for the bind DN, set page-size = 500, or ask for an index on the filter's attributes",
     .remedy_paged = "ask for limits for the bind DN, or for an index on the filter's attributes"},
    {.code = LDAP_BUSY, .kind = ERR_NETWORK, .what = "the server is busy",
     .remedy = "try again later"},
    {.code = LDAP_UNAVAILABLE, .kind = ERR_NETWORK, .what = "the server is shutting down or not ready",
     .remedy = "try again later"},
    {.code = LDAP_SERVER_DOWN, .kind = ERR_NETWORK, .what = "the connection was cut",
     .remedy = "try again; look at the server's log"},
    {.code = LDAP_CONNECT_ERROR, .kind = ERR_NETWORK, .what = "the connection was cut",
     .remedy = "try again; look at the server's log"},
    {.code = LDAP_TIMEOUT, .kind = ERR_NETWORK, .what = "no answer in time",
     .remedy = "try again, or raise timeout"},
    {.code = LDAP_DECODING_ERROR, .kind = ERR_INPUT, .what = "the server sent what is not LDAP",
     .remedy = "look at the server's log"},
    {.code = LDAP_REFERRAL, .kind = ERR_PARTIAL, .what = "the server refers to another",
     .remedy = "write the server that holds the base into uri"},
    {.code = LDAP_UNAVAILABLE_CRITICAL_EXTENSION, .kind = ERR_CONFIG, .hopeless = true, .what = "the server does not do pages",
     .remedy = "set page-size = 0"},
    {.code = LDAP_NO_SUCH_OBJECT, .kind = ERR_CONFIG, .hopeless = true, .what = "there is no such entry",
     .remedy = "correct the base, or let the bind DN read it"},
    {.code = LDAP_INVALID_DN_SYNTAX, .kind = ERR_CONFIG, .hopeless = true, .what = "not a DN for this server",
     .remedy = "correct the base"},
    {.code = LDAP_INSUFFICIENT_ACCESS, .kind = ERR_REFUSED, .hopeless = true, .what = "the bind DN may not read it",
     .remedy = "ask for read access"},
    {.code = LDAP_STRONG_AUTH_REQUIRED, .kind = ERR_REFUSED, .hopeless = true, .what = "the server wants authentication",
     .remedy = "set bind-dn, or sasl = external"},
    {.code = LDAP_INAPPROPRIATE_AUTH, .kind = ERR_REFUSED, .hopeless = true, .what = "the server wants other authentication",
     .remedy = "set bind-dn, or sasl = external"},
    {.code = LDAP_CONFIDENTIALITY_REQUIRED, .kind = ERR_CONFIG, .hopeless = true, .what = "the server wants TLS",
     .remedy = "use ldaps:// or starttls = yes"},
    {.code = LDAP_FILTER_ERROR, .kind = ERR_CONFIG, .hopeless = true, .what = "the filter is malformed",
     .remedy = "correct person-filter or group-filter"},
};

static const struct outcome other = {.code = LDAP_OTHER, .kind = ERR_FAILED, .remedy = "look at the server's log"};

const struct outcome *outcome_of(int code)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (outcomes[i].code == code)
            return &outcomes[i];
    return &other;
}
