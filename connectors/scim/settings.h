/* What may be written in a [platform NAME] section with type = scim. */
#ifndef CONNECTORS_SCIM_SETTINGS_H
#define CONNECTORS_SCIM_SETTINGS_H

#include "conf/conf.h"

extern const struct conf_item scim_rows[];
extern const char *const scim_client_ways[];

/* Rules between keys. */
int scim_settings_check(const struct conf_section *section, struct err *err);

/* How a SCIM service is reached: of platforms and directories alike (scim_service_open reads them). */
#define SCIM_SERVICE_SETTINGS                                                                                          \
    {.key = "url",                                                                                                     \
     .type = CONF_URL,                                                                                                 \
     .required = true,                                                                                                 \
     .example = "https://api.example.net/scim/v2",                                                                     \
     .help = "Where the service's /Users and /Groups are, without these words."},                                      \
        {.key = "token-file",                                                                                          \
         .type = CONF_SECRET_FILE,                                                                                     \
         .example = "/etc/doorward/secrets/platform",                                                                  \
         .help =                                                                                                       \
             "The bearer token in the first line. Nobody but the service may read the file. It is read again when it " \
             "changes, also while a run lasts. This, or token-url."},                                                  \
        {.key = "token-url",                                                                                           \
         .type = CONF_URL,                                                                                             \
         .as_written = true,                                                                                           \
         .example = "https://login.example.net/oauth2/token",                                                          \
         .help = "Where tokens are given for client-id and the secret (OAuth 2.0, client credentials), in place of "   \
                 "token-file."},                                                                                       \
        {.key = "client-id",                                                                                           \
         .type = CONF_TEXT,                                                                                            \
         .example = "doorward",                                                                                        \
         .help = "With token-url: what we are called there."},                                                         \
        {.key = "client-secret-file",                                                                                  \
         .type = CONF_SECRET_FILE,                                                                                     \
         .example = "/etc/doorward/secrets/platform-client",                                                           \
         .help = "With token-url: the client's secret in the first line. Nobody but the service may read the file."},  \
        {.key = "client-authentication",                                                                               \
         .type = CONF_CHOICE,                                                                                          \
         .choices = scim_client_ways,                                                                                  \
         .def = "client_secret_basic",                                                                                 \
         .help = "With token-url: whether the secret goes there in a header or in the body."},                         \
        {.key = "scope",                                                                                               \
         .type = CONF_TEXT,                                                                                            \
         .example = "scim.write",                                                                                      \
         .help = "With token-url: what the token is to be good for, where the service wants it to be said."},          \
        {.key = "ca-file",                                                                                             \
         .type = CONF_FILE,                                                                                            \
         .example = "/etc/doorward/ca.pem",                                                                            \
         .help =                                                                                                       \
             "The authorities (PEM) that the certificates of the service and of token-url may come from. Default: "    \
             "those of the system. Certificate and host name are always verified."},                                   \
        {.key = "connections",                                                                                         \
         .type = CONF_INT,                                                                                             \
         .def = "4",                                                                                                   \
         .min = 1,                                                                                                     \
         .max = 64,                                                                                                    \
         .unit = "requests",                                                                                           \
         .help = "How many requests are under way at once."},                                                          \
    {                                                                                                                  \
        .key = "timeout", .type = CONF_MILLIS, .def = "30s", .min = 100, .max = 3600000,                               \
        .help = "How long to wait for one whole answer."                                                               \
    }

/* The rules between those keys. */
int scim_service_settings_check(const struct conf_section *section, struct err *err);

#endif
