/* What may stand in [application NAME]. */
#include "conf/rows.h"

#define MINUTE 60
#define DAY    86400

#define CLIENT_ID_MAX 255

static const char *const subjects[] = {"public", "pairwise", NULL};
static const char *const algorithms[] = {"RS256", "ES256", NULL};
static const char *const groups[] = {"none", "synced", "directory", NULL};

const struct conf_item conf_rows_application[] = {
    {.key = "client-id",
     .type = CONF_TEXT,
     .example = "wiki",
     .help = "The client id that the application is given. Not written: the section's name."},
    {.key = "client-secret-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/wiki",
     .help = "A file with the client secret in its first line. Neither a secret nor a key: a public client, such as a "
             "program on somebody's desk, of which nothing but its redirect-uri and its PKCE verifier is known."},
    {.key = "public-key-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/wiki.pem",
     .help = "In place of a secret: the application's public key or certificate, in PEM (private_key_jwt)."},
    {.key = "jwks-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/wiki.json",
     .help =
         "In place of a secret: the application's public keys as a JWK set (private_key_jwt), several at once for a "
         "roll-over."},
    {.key = "redirect-uri",
     .type = CONF_URL,
     .repeatable = true,
     .as_written = true,
     .example = "https://wiki.example.com/oidc/callback",
     .help = "Where people are sent back to after signing in. Compared byte for byte with what the application asks for. "
             "Required, where no forward-auth stands."},
    {.key = "forward-auth",
     .type = CONF_URL,
     .repeatable = true,
     .example = "https://wiki.example.com",
     .help = "An address, without a path, of a web site behind a reverse proxy that asks this server about every request "
             "(auth_request). Nobody is sent back to any other."},
    {.key = "post-logout-uri",
     .type = CONF_URL,
     .repeatable = true,
     .as_written = true,
     .example = "https://wiki.example.com/goodbye",
     .help = "Where people may be sent after signing out. Compared byte for byte."},
    {.key = "backchannel-logout-uri",
     .type = CONF_URL,
     .as_written = true,
     .example = "https://wiki.example.com/oidc/backchannel",
     .help = "Where the application is told that a session ended (OpenID Connect Back-Channel Logout)."},
    {.key = "product",
     .type = CONF_REF,
     .ref = "product",
     .example = "autocad",
     .help = "Only people with a seat of this product are let in. Not written: everybody who may sign in."},
    {.key = "subject",
     .type = CONF_CHOICE,
     .choices = subjects,
     .def = "public",
     .help = "What the application calls a person (sub), which never changes: public is the same for all "
             "applications, pairwise is another for each, so that they cannot compare their people."},
    {.key = "algorithm",
     .type = CONF_CHOICE,
     .choices = algorithms,
     .def = "RS256",
     .help = "What ID tokens for this application are signed with."},
    {.key = "groups",
     .type = CONF_CHOICE,
     .choices = groups,
     .def = "synced",
     .help =
         "Which groups the scope \"groups\" tells: none; synced, those that the person is in on the team's platform; "
         "directory, all that the person is in there, through other groups too."},
    {.key = "code-lifetime",
     .type = CONF_DURATION,
     .def = "60s",
     .min = 5,
     .max = 10 * MINUTE,
     .help = "How long the application may take to exchange a code."},
    {.key = "id-token-lifetime",
     .type = CONF_DURATION,
     .def = "10m",
     .min = MINUTE,
     .max = DAY,
     .help = "How long an ID token stands."},
    {.key = "access-token-lifetime",
     .type = CONF_DURATION,
     .def = "10m",
     .min = MINUTE,
     .max = DAY,
     .help = "How long an access token is good, while the person's session lasts."},
    {.key = "refresh-token-lifetime",
     .type = CONF_DURATION,
     .def = "8h",
     .min = MINUTE,
     .max = 30 * (int64_t)DAY,
     .help = "How long a refresh token is good when it is not used, while the person's session lasts."},
    {0},
};

/* VSCHAR of RFC 6749, appendix A.1, as far as it goes into a user name of Basic and into a URL. */
static int check_client_id(const struct conf_section *section, struct err *err)
{
    const char *id = conf_str(section, "client-id");
    const char *text = id ? id : conf_name(section);
    bool good = *text && strlen(text) <= CLIENT_ID_MAX;
    for (const char *p = text; *p; p++)
        good &= *p > ' ' && *p < 0x7f;
    return good ? 0
                : err_set(err, ERR_CONFIG,
                          "%s: client-id '%.200s' is not of 1 to %d printable ASCII characters; write another",
                          conf_where_key(section, "client-id", 0), text, CLIENT_ID_MAX);
}

/* Nothing behind the host and its port. */
static int check_origins(const struct conf_section *section, struct err *err)
{
    if (conf_count(section, "redirect-uri") + conf_count(section, "forward-auth") == 0)
        return err_set(err, ERR_CONFIG, "redirect-uri is missing; write it, or forward-auth for a site behind a proxy");
    for (size_t i = 0; i < conf_count(section, "forward-auth"); i++) {
        const char *text = conf_at(section, "forward-auth", i), *host = strstr(text, "://");
        if (!host || host[3 + strcspn(host + 3, "/?#@")])
            return err_set(err, ERR_CONFIG, "%s: forward-auth '%.200s' has more than scheme, host and port; write %.*s",
                           conf_where_key(section, "forward-auth", i), text,
                           host ? (int)(host + 3 + strcspn(host + 3, "/?#@") - text) : 0, text);
    }
    return 0;
}

int conf_check_application(const struct conf_section *section, char **ret_name, struct err *err)
{
    static const char *const ways[] = {"client-secret-file", "public-key-file", "jwks-file"};
    const char *found = NULL;
    (void)ret_name;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (!conf_has(section, ways[i]))
            continue;
        if (found)
            return err_set(err, ERR_CONFIG,
                           "%s: %s and %s stand together; one way to show who it is is enough, take the other out",
                           conf_where_key(section, ways[i], 0), found, ways[i]);
        found = ways[i];
    }
    return check_client_id(section, err) != 0 || check_origins(section, err) != 0 ? -1 : 0;
}
