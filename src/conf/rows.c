#include "conf/rows.h"

#include <arpa/inet.h>

#define MINUTE 60
#define HOUR   3600
#define DAY    86400

const struct conf_item conf_rows_organization[] = {
    {.key = "name",
     .type = CONF_TEXT,
     .required = true,
     .example = "Example Corp",
     .help = "The organisation's name, as people know it."},
    {.key = "contact",
     .type = CONF_EMAIL,
     .example = "it@example.com",
     .help = "Whom people turn to when they cannot sign in. Shown on the sign-in pages."},
    {.key = "url",
     .type = CONF_URL,
     .example = "https://signin.example.com",
     .help = "How browsers reach this server. Identity providers are given addresses below it, so it should not change "
             "later."},
    {.key = "key-file",
     .type = CONF_SECRET_FILE,
     .repeatable = true,
     .example = "/etc/doorward/secrets/saml.pem",
     .help =
         "Our private key and its certificate, in PEM: signs requests, and decrypts assertions that are encrypted to "
         "us. Not written: one is made in the state folder. Of several the first one signs, and all are published: "
         "to roll over, add the new one behind, wait until the identity providers have our new metadata, then put "
         "it first, and take the old one out."},
    {.key = "state-dir",
     .type = CONF_PATH,
     .def = "/var/lib/doorward",
     .help = "Where the database lies: what was observed and done. Back this directory up."},
    {0},
};

const struct conf_item conf_rows_domain[] = {
    {.key = "connection",
     .type = CONF_REF,
     .ref = "connection",
     .example = "adfs",
     .help =
         "The connection that signs people of this domain in. Until it is written, nobody of this domain is synced."},
    {0},
};

const struct conf_item conf_rows_connection[] = {
    {.key = "test-valid",
     .type = CONF_DURATION,
     .def = "30d",
     .min = HOUR,
     .max = 365 * DAY,
     .help = "How long a passed \"doorward sso test\" counts: within this time the connection can be activated. Every "
             "sign-in through the active connection renews it; when it runs out, nobody new of its domains is let in "
             "or synced until the next test."},
    {.key = "test-user",
     .type = CONF_EMAIL,
     .repeatable = true,
     .example = "alice@example.com",
     .help = "Somebody who may sign in through the connection while it is not active yet, when the domain is proved. At "
             "most 30."},
    {.key = "jit",
     .type = CONF_BOOL,
     .def = "no",
     .help = "Let in people of the proved domains whom no directory has, too, when the identity provider sends "
             "everything of them: \"doorward report arrivals\" shows who they are. They hold no product, so that only "
             "applications without one accept them. Nobody who was in a directory, or is left out of one, comes in this "
             "way."},
    {0},
};

const struct conf_item conf_rows_saml[] = {
    {.key = "metadata-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/adfs.xml",
     .help = "The identity provider's SAML metadata: its entity id, addresses and signing certificates. Either this or "
             "metadata-url. Read again when the file is another one."},
    {.key = "metadata-url",
     .type = CONF_URL,
     .as_written = true,
     .example = "https://adfs.example.com/FederationMetadata/2007-06/FederationMetadata.xml",
     .help =
         "Where the identity provider publishes its metadata, over https. \"doorward serve\" takes it anew by itself, "
         "\"doorward sso refresh\" at once. Without metadata-signer-file, another entity id or a new signing "
         "certificate counts only after \"doorward sso accept\"."},
    {.key = "metadata-signer-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/federation.pem",
     .help =
         "The certificate, in PEM, that the document at metadata-url has to be signed with. Whatever it signs counts, "
         "new certificates too; what it did not sign is refused."},
    {.key = "metadata-ca-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/ca.pem",
     .help = "Certificate authorities, in PEM, that vouch for the server of metadata-url. Not written: the system's."},
    {.key = "metadata-refresh",
     .type = CONF_DURATION,
     .def = "1h",
     .min = MINUTE,
     .max = 7 * DAY,
     .help = "How often \"doorward serve\" looks at metadata-url."},
    {.key = "allow-unsolicited",
     .type = CONF_BOOL,
     .def = "no",
     .help =
         "Whether people may begin at the identity provider, without having been sent there by this server. Then a "
         "page of somebody else can sign a browser in as another person without its user's knowing, so leave it off "
         "where you can."},
    {.key = "force-authn",
     .type = CONF_BOOL,
     .def = "no",
     .help =
         "Whether people have to show their credentials at every sign-in, even when they are signed in at the identity "
         "provider."},
    {.key = "authn-context",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
     .help =
         "How people have to be signed in at the identity provider: an AuthnContextClassRef. Of several, any; what it "
         "says must be among them."},
    {.key = "attribute-id",
     .type = CONF_TEXT,
     .example = "objectGUID",
     .help = "The attribute with the person's immutable id, the same as in the directory. Not written: the usual names "
             "are tried."},
    {.key = "attribute-email",
     .type = CONF_TEXT,
     .example = "mail",
     .help = "The attribute with the e-mail address. Not written: the usual names are tried."},
    {.key = "attribute-given-name",
     .type = CONF_TEXT,
     .example = "givenName",
     .help = "The attribute with the given name. Not written: the usual names are tried."},
    {.key = "attribute-family-name",
     .type = CONF_TEXT,
     .example = "sn",
     .help = "The attribute with the family name. Not written: the usual names are tried."},
    {.key = "attribute-display-name",
     .type = CONF_TEXT,
     .example = "displayName",
     .help = "The attribute with the name as it is shown. Not written: the usual names are tried."},
    {0},
};

static const char *const client_ways[] = {
    "auto", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", NULL};

const struct conf_item conf_rows_oidc[] = {
    {.key = "issuer",
     .type = CONF_URL,
     .required = true,
     .as_written = true,
     .example = "https://login.example.com",
     .help = "The provider's issuer, exactly as its discovery document names it, a slash at the end included."},
    {.key = "client-id",
     .type = CONF_TEXT,
     .required = true,
     .example = "doorward",
     .help = "The client id that the provider gave to this server."},
    {.key = "client-secret-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/oidc",
     .help = "A file with the client secret in its first line."},
    {.key = "client-key-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/oidc.pem",
     .help = "In place of a secret: our private key and its certificate, in PEM, whose public half the provider has "
             "(private_key_jwt), or which it knows us by at the TLS connection (tls_client_auth). Where both are "
             "written the secret is not used."},
    {.key = "client-authentication",
     .type = CONF_CHOICE,
     .def = "auto",
     .choices = client_ways,
     .help = "How we show the provider who we are, when it knows more ways than it takes of us; auto takes the first "
             "that it says it knows: with a key private_key_jwt, then tls_client_auth; with a secret "
             "client_secret_basic, then client_secret_post."},
    {.key = "ca-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/ca.pem",
     .help = "The authorities, in PEM, that the provider's certificate may be of. Not written: the system's."},
    {.key = "attribute-id",
     .type = CONF_TEXT,
     .example = "oid",
     .help = "The claim with the person's immutable id, the same as in the directory. Not written: oid of Entra, and "
             "sub of every other provider."},
    {.key = "attribute-email",
     .type = CONF_TEXT,
     .example = "email",
     .help = "The claim with the e-mail address. Not written: email. It counts when the provider says that it verified "
             "the address, or when its domain is one of this connection's."},
    {.key = "attribute-given-name",
     .type = CONF_TEXT,
     .example = "given_name",
     .help = "The claim with the given name. Not written: given_name."},
    {.key = "attribute-family-name",
     .type = CONF_TEXT,
     .example = "family_name",
     .help = "The claim with the family name. Not written: family_name."},
    {.key = "attribute-display-name",
     .type = CONF_TEXT,
     .example = "name",
     .help = "The claim with the name as it is shown. Not written: name."},
    {.key = "logout-without-expiry",
     .type = CONF_BOOL,
     .def = "no",
     .help = "Accept a back-channel logout token that does not say when it expires (exp), for ten minutes from when it "
             "was issued. The standard demands exp; providers that go by its drafts do not send it."},
    {0},
};

static const char *const plans[] = {"standard", "business", NULL};
static const char *const synced_groups[] = {"assigned", "all", "none", NULL};

const struct conf_item conf_rows_team[] = {
    {.key = "directory",
     .type = CONF_REF,
     .required = true,
     .ref = "directory",
     .example = "hq",
     .help = "Where the team's people and groups come from."},
    {.key = "platform",
     .type = CONF_REF,
     .required = true,
     .ref = "platform",
     .example = "builtin",
     .help = "Where the team's accounts live."},
    {.key = "plan",
     .type = CONF_CHOICE,
     .def = "standard",
     .choices = plans,
     .help = "What the team has bought. When one team of a primary administrator is on business, all of that "
             "administrator's teams have to be."},
    {.key = "primary-admin",
     .type = CONF_EMAIL,
     .required = true,
     .example = "alice@example.com",
     .help = "The one person who answers for the team. Sets up domains, connections and sync."},
    {.key = "secondary-admin",
     .type = CONF_EMAIL,
     .repeatable = true,
     .example = "carol@example.com",
     .help = "Somebody who looks after people and products, but not after domains, connections and sync."},
    {.key = "sso-admin",
     .type = CONF_EMAIL,
     .repeatable = true,
     .example = "bob@example.com",
     .help = "Somebody who sets up domains, connections and sync beside the primary administrator."},
    {.key = "protect",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "*@board.example.com",
     .help = "People whose e-mail or user name fits this pattern (* and ?) are never removed by sync, nor are the "
             "team's administrators."},
    {.key = "groups",
     .type = CONF_CHOICE,
     .def = "assigned",
     .choices = synced_groups,
     .help = "Which of the directory's groups are made on the platform: those that the team's products name, all of "
             "them, or none."},
    {.key = "adopt",
     .type = CONF_BOOL,
     .def = "no",
     .help = "What happens when a person who is gone appears again under a new id (same e-mail, and the same employee "
             "number, user name or full name), as after the directory was rebuilt: yes lets the account follow, with "
             "seats and groups, and a synced group of the same full name too; no holds both until somebody decides."},
    {0},
};

static const char *const assign_as[] = {"group", "entitlement", "role", NULL};

const struct conf_item conf_rows_product[] = {
    {.key = "team",
     .type = CONF_REF,
     .required = true,
     .ref = "team",
     .example = "design",
     .help = "The team whose people use the product."},
    {.key = "name",
     .type = CONF_TEXT,
     .required = true,
     .example = "AutoCAD",
     .help = "The product's name, as people know it."},
    {.key = "group",
     .type = CONF_TEXT,
     .required = true,
     .repeatable = true,
     .example = "CN=CAD Users,OU=Groups,DC=example,DC=com",
     .help = "A group of the directory, by its full name, whose members get the product; members of groups inside it "
             "too. A person in several takes one seat."},
    {.key = "priority",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "CN=CAD Leads,OU=Groups,DC=example,DC=com",
     .help = "When seats are short, members of this group (by its full name; of groups inside it too) get free ones "
             "before everybody else who is entitled; several are served in the order written. Nobody loses a seat for "
             "it."},
    {.key = "seats",
     .type = CONF_INT,
     .min = 0,
     .max = 10000000,
     .unit = "seats",
     .example = "250",
     .help = "How many people may have the product at once. Not written: as many as there are."},
    {.key = "assign",
     .type = CONF_CHOICE,
     .choices = assign_as,
     .def = "group",
     .help = "What stands for a seat on a platform of type scim: being a member of a group of the product's name, or "
             "a value of the account's entitlements or of its roles. Values that others gave an account stay."},
    {.key = "assign-value",
     .type = CONF_TEXT,
     .example = "autocad-full",
     .help = "The value, where assign is entitlement or role. Default: the product's name."},
    {0},
};

static const char *const on_leave[] = {"suspend", "remove", "unassign", NULL};

static const char *const no_schedule[] = {"none", NULL};
static const char *const no_delay[] = {"none", NULL};

const struct conf_item conf_rows_sync[] = {
    {.key = "schedule",
     .type = CONF_DURATION,
     .choices = no_schedule,
     .def = "15m",
     .min = 5,
     .max = 7 * DAY,
     .help = "Time from one run of \"doorward serve\" to the next, which begins up to a tenth later, so that not all "
             "sites begin at once; none leaves the runs to somebody else, such as doorward-sync.timer."},
    {.key = "push-delay",
     .type = CONF_DURATION,
     .choices = no_delay,
     .def = "30s",
     .min = 1,
     .max = 3600,
     .help = "What is pushed to a directory (type = scim-push) need not wait for the schedule: a run of \"doorward "
             "serve\" begins when nothing more was pushed for so long; none: the schedule alone counts."},
    {.key = "max-removals",
     .type = CONF_PERCENT,
     .def = "5%",
     .min = 0,
     .max = 100,
     .help = "The guard: when a plan would take more than this part of a team's people, of its seats or of one group's "
             "members away (and "
             "more than 5), all removals of the plan are held, and the rest proceeds."},
    {.key = "max-removals-count",
     .type = CONF_INT,
     .def = "500",
     .min = 0,
     .max = 10000000,
     .unit = "removals",
     .help = "The same as a number: whichever is reached first holds the removals."},
    {.key = "on-leave",
     .type = CONF_CHOICE,
     .def = "suspend",
     .choices = on_leave,
     .help = "What happens to the account of a person who left the directory: suspend it and remove it after grace, "
             "remove it at once, or only take its products away."},
    {.key = "grace",
     .type = CONF_DURATION,
     .def = "7d",
     .min = 0,
     .max = 3650 * (int64_t)DAY,
     .help = "How long an account stays suspended before it is removed."},
    {0},
};

static const char *const no_anchor[] = {"none", NULL};

const struct conf_item conf_rows_dns[] = {
    {.key = "resolver",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "10.0.0.53",
     .help = "Address of a DNS server, or ADDRESS@PORT. Not written: the system's, from /etc/resolv.conf."},
    {.key = "trust-anchor-file",
     .type = CONF_FILE,
     .choices = no_anchor,
     .example = "none",
     .help = "The DNSSEC root key, in a file; none turns validation off. Not written: the system's root key."},
    {.key = "timeout",
     .type = CONF_DURATION,
     .def = "5s",
     .min = 1,
     .max = MINUTE,
     .help = "How long an answer is waited for."},
    {.key = "recheck",
     .type = CONF_DURATION,
     .def = "15m",
     .min = 0,
     .max = 7 * DAY,
     .help = "A proof that was looked at longer ago than this is looked at again at the next run."},
    {.key = "lapse-after",
     .type = CONF_DURATION,
     .def = "3d",
     .min = 0,
     .max = 90 * DAY,
     .help = "Only a proof seen to be absent for this long closes an open gate, so that a slip in the DNS does not "
             "stop the sync."},
    {.key = "allow-private",
     .type = CONF_BOOL,
     .def = "no",
     .help = "Whether the HTTPS proof may be fetched from a private address."},
    {0},
};

static const char *const no_listener[] = {"none", NULL};

static const char *const no_idle[] = {"none", NULL};

const struct conf_item conf_rows_serve[] = {
    {.key = "listen",
     .type = CONF_TEXT,
     .def = "127.0.0.1:8080",
     .help = "Where browsers are listened to: ADDRESS:PORT, IPv6 as [ADDRESS]:PORT. Port 0 takes any free one."},
    {.key = "certificate-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/signin.pem",
     .help =
         "The server's certificate in PEM, with the chain behind it. Not written: plain HTTP, for behind a proxy on "
         "this machine or one that trusted-proxy names. Read anew at a reload."},
    {.key = "key-file",
     .type = CONF_SECRET_FILE,
     .example = "/etc/doorward/secrets/signin.key",
     .help = "The certificate's private key in PEM."},
    {.key = "trusted-proxy",
     .type = CONF_TEXT,
     .repeatable = true,
     .example = "10.0.0.80",
     .help = "Address of a reverse proxy. What it says in Forwarded headers about who connects is believed, and of "
             "nobody else."},
    {.key = "status-listen",
     .type = CONF_TEXT,
     .choices = no_listener,
     .def = "127.0.0.1:9080",
     .help = "Where /healthz, /readyz and /metrics are: ADDRESS:PORT, or none. Not for the Internet."},
    {.key = "threads",
     .type = CONF_INT,
     .def = "8",
     .min = 1,
     .max = 256,
     .unit = "requests",
     .help = "How many requests are answered at once."},
    {.key = "session-length",
     .type = CONF_DURATION,
     .def = "8h",
     .min = 5 * MINUTE,
     .max = 30 * DAY,
     .help = "How long somebody stays signed in at most. The identity provider may set an earlier end."},
    {.key = "session-idle",
     .type = CONF_DURATION,
     .choices = no_idle,
     .def = "none",
     .min = MINUTE,
     .max = 30 * DAY,
     .help =
         "A session that is used for nothing for so long ends, and with it the person's visits to applications; none: "
         "only session-length counts. What an application does by itself is not seen here, but for its exchanging of "
         "tokens."},
    {.key = "key-rotation",
     .type = CONF_DURATION,
     .def = "90d",
     .min = 3 * DAY,
     .max = 3650 * (int64_t)DAY,
     .help =
         "How long a key signs ID tokens for applications. The next one is published a day before it signs, the old "
         "one until two days after."},
    {.key = "signin-rate",
     .type = CONF_INT,
     .def = "600",
     .min = 1,
     .max = 1000000,
     .unit = "requests a minute",
     .help =
         "How often one address (of IPv6, one /64 network) may begin and finish sign-ins; one takes two requests. An "
         "office behind one address counts as one. Addresses of this machine are not held up, so name a proxy that "
         "runs on it in trusted-proxy."},
    {.key = "application-rate",
     .type = CONF_INT,
     .def = "6000",
     .min = 1,
     .max = 1000000,
     .unit = "requests a minute",
     .help = "The same of what applications ask for by themselves: tokens, and what is behind them."},
    {.key = "token-rate",
     .type = CONF_INT,
     .def = "60",
     .min = 1,
     .max = 1000000,
     .unit = "requests a minute",
     .help = "How often one address may come to a pushed directory (type = scim-push) with a token that is not good. Good "
             "ones are never held up."},
    {.key = "signin-retention",
     .type = CONF_DURATION,
     .def = "90d",
     .min = DAY,
     .max = 3650 * (int64_t)DAY,
     .help = "How long the record of a sign-in is kept: who, when, from which address, with which result."},
    {.key = "logo-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/logo.svg",
     .help =
         "The organisation's logo on the pages: PNG, JPEG or SVG of at most 256 KB. Read anew at a reload, as are the "
         "next two."},
    {.key = "accent",
     .type = CONF_TEXT,
     .example = "#0b57d0",
     .help = "The colour of buttons, dark enough for white text on it."},
    {.key = "texts-file",
     .type = CONF_FILE,
     .example = "/etc/doorward/texts.ini",
     .help = "Texts that replace those of the pages, in sections [en], [ko] and [ja]; a text that is not written there "
             "stays. texts.ini.sample has them all."},
    {0},
};

static bool is_address(const char *text)
{
    struct in6_addr any;
    return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static bool is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    long port = n > 0 && n <= 5 && !text[n] ? strtol(text, NULL, 10) : 0;
    return port >= 1 && port <= 65535;
}

static bool is_resolver(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    size_t n = strcspn(text, "@");
    if (n >= sizeof address || (text[n] && !is_port(text + n + 1)))
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    return is_address(address);
}

#define TEST_USERS_MAX 30

int conf_check_connection(const struct conf_section *section, char **ret_name, struct err *err)
{
    (void)ret_name;
    if (conf_count(section, "test-user") <= TEST_USERS_MAX)
        return 0;
    return err_set(err, ERR_CONFIG, "%s: there are more than %d test users; activate the connection instead",
                   conf_where_key(section, "test-user", TEST_USERS_MAX), TEST_USERS_MAX);
}

int conf_check_saml(const struct conf_section *section, struct err *err)
{
    static const char *const of_url[] = {"metadata-signer-file", "metadata-ca-file"};
    const char *file = conf_str(section, "metadata-file"), *url = conf_str(section, "metadata-url");
    if (!file == !url)
        return err_set(err, ERR_CONFIG, "%s: connection %s: metadata-file and metadata-url are %s; write one of them",
                       conf_where(section), conf_name(section), file ? "both there" : "both missing");
    if (url && strncmp(url, "https://", 8) != 0)
        return err_set(err, ERR_CONFIG, "%s: metadata-url '%.200s' does not begin with https://",
                       conf_where_key(section, "metadata-url", 0), url);
    for (size_t i = 0; file && i < sizeof of_url / sizeof *of_url; i++)
        if (conf_str(section, of_url[i]))
            return err_set(err, ERR_CONFIG, "%s: %s goes with metadata-url, and there is a metadata-file; take one out",
                           conf_where_key(section, of_url[i], 0), of_url[i]);
    return 0;
}

int conf_check_dns(const struct conf_section *section, char **ret_name, struct err *err)
{
    (void)ret_name;
    for (size_t i = 0; i < conf_count(section, "resolver"); i++) {
        const char *text = conf_at(section, "resolver", i);
        if (!is_resolver(text))
            return err_set(err, ERR_CONFIG,
                           "%s: resolver '%.200s' is not an address; write an IPv4 or IPv6 address, or ADDRESS@PORT",
                           conf_where_key(section, "resolver", i), text);
    }
    return 0;
}

/* ADDRESS:PORT or [ADDRESS]:PORT into its address; false when it is neither. */
static bool read_endpoint(const char *text, char ret[static INET6_ADDRSTRLEN])
{
    const char *colon = strrchr(text, ':');
    if (!colon || (!is_port(colon + 1) && strcmp(colon + 1, "0") != 0))
        return false;
    bool bracketed = *text == '[' && colon[-1] == ']';
    const char *begin = bracketed ? text + 1 : text;
    size_t n = (size_t)(colon - begin) - bracketed;
    if (colon <= begin || n == 0 || n >= INET6_ADDRSTRLEN)
        return false;
    memcpy(ret, begin, n);
    ret[n] = '\0';
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(bracketed ? AF_INET6 : AF_INET, ret, address) == 1;
}

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(address, "::1") == 0;
}

static int check_endpoint(const struct conf_section *section, const char *key, char ret[static INET6_ADDRSTRLEN],
                          struct err *err)
{
    const char *text = conf_str(section, key);
    if (read_endpoint(text, ret))
        return 0;
    return err_set(err, ERR_CONFIG,
                   "%s: %s '%.200s' is not an address with a port; write it as 127.0.0.1:8080 or [::1]:8080",
                   conf_where_key(section, key, 0), key, text);
}

static int check_proxies(const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < conf_count(section, "trusted-proxy"); i++) {
        const char *text = conf_at(section, "trusted-proxy", i);
        if (!is_address(text))
            return err_set(err, ERR_CONFIG,
                           "%s: trusted-proxy '%.200s' is not an address; write an IPv4 or IPv6 address",
                           conf_where_key(section, "trusted-proxy", i), text);
    }
    return 0;
}

int conf_check_serve(const struct conf_section *section, char **ret_name, struct err *err)
{
    (void)ret_name;
    static const char *const pair[] = {"certificate-file", "key-file"};
    char listen[INET6_ADDRSTRLEN], status[INET6_ADDRSTRLEN];
    bool has[2] = {conf_has(section, pair[0]), conf_has(section, pair[1])};
    if (has[0] != has[1])
        return err_set(err, ERR_CONFIG, "%s: %s stands without %s; write both, or none for plain HTTP behind a proxy",
                       conf_where_key(section, pair[has[1]], 0), pair[has[1]], pair[has[0]]);
    if (check_endpoint(section, "listen", listen, err) != 0 || check_proxies(section, err) != 0)
        return -1;
    if (!has[0] && !is_loopback(listen) && conf_count(section, "trusted-proxy") == 0)
        return err_set(
            err, ERR_CONFIG,
            "%s: listen '%.200s' would speak plain HTTP to the network; write certificate-file and key-file, "
            "or name the proxy in front of it with trusted-proxy",
            conf_where_key(section, "listen", 0), conf_str(section, "listen"));
    if (strcmp(conf_str(section, "status-listen"), "none") == 0)
        return 0;
    return check_endpoint(section, "status-listen", status, err);
}
