#include "connectors/ldap/outcome.h"

#include <ldap.h>

static const struct outcome outcomes[] = {
    {LDAP_SIZELIMIT_EXCEEDED,             ERR_PARTIAL, false, "size limit exceeded",
     "ask for a limit for the bind DN (olcLimits), or set page-size = 500"                                                                },
    {LDAP_TIMELIMIT_EXCEEDED,             ERR_PARTIAL, false, "time limit exceeded",
     "ask for a time limit for the bind DN (olcLimits), or for an index on the filter's attributes"                                       },
    {LDAP_ADMINLIMIT_EXCEEDED,            ERR_PARTIAL, false, "administrative limit exceeded",
     "ask for limits for the bind DN, set page-size = 500, or ask for an index on the filter's attributes"                                },
    {LDAP_BUSY,                           ERR_NETWORK, false, "the server is busy",                         "try again later"             },
    {LDAP_UNAVAILABLE,                    ERR_NETWORK, false, "the server is shutting down or not ready",   "try again later"             },
    {LDAP_SERVER_DOWN,                    ERR_NETWORK, false, "the connection was cut",                     "try again; look at the server's log"},
    {LDAP_CONNECT_ERROR,                  ERR_NETWORK, false, "the connection was cut",                     "try again; look at the server's log"},
    {LDAP_TIMEOUT,                        ERR_NETWORK, false, "no answer in time",                          "try again, or raise timeout" },
    {LDAP_DECODING_ERROR,                 ERR_INPUT,   false, "the server sent what is not LDAP",           "look at the server's log"    },
    {LDAP_REFERRAL,                       ERR_PARTIAL, false, "the server refers to another",
     "write the server that holds the base into uri"                                                                                      },
    {LDAP_UNAVAILABLE_CRITICAL_EXTENSION, ERR_CONFIG,  true,  "the server does not do pages",               "set page-size = 0"           },
    {LDAP_NO_SUCH_OBJECT,                 ERR_CONFIG,  true,  "there is no such entry",
     "correct the base, or let the bind DN read it"                                                                                       },
    {LDAP_INVALID_DN_SYNTAX,              ERR_CONFIG,  true,  "not a DN for this server",                   "correct the base"            },
    {LDAP_INSUFFICIENT_ACCESS,            ERR_REFUSED, true,  "the bind DN may not read it",                "ask for read access"         },
    {LDAP_STRONG_AUTH_REQUIRED,           ERR_REFUSED, true,  "the server wants authentication",            "set bind-dn, or sasl = external"},
    {LDAP_INAPPROPRIATE_AUTH,             ERR_REFUSED, true,  "the server wants other authentication",      "set bind-dn, or sasl = external"},
    {LDAP_CONFIDENTIALITY_REQUIRED,       ERR_CONFIG,  true,  "the server wants TLS",                       "use ldaps:// or starttls = yes"},
    {LDAP_FILTER_ERROR,                   ERR_CONFIG,  true,  "the filter is malformed",                    "correct person-filter or group-filter"},
};

static const struct outcome other = {LDAP_OTHER, ERR_FAILED, false, NULL, "look at the server's log"};

const struct outcome *outcome_of(int code)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (outcomes[i].code == code)
            return &outcomes[i];
    return &other;
}
