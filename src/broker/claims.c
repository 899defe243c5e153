#include "broker/claims.h"

#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oidc/encode.h"
#include "signin/standing.h"
#include "store/holdings.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

/* --- whom ------------------------------------------------------------------------------------------------------------ */

/* Of directory and id, as two directories may have the same one: nobody may become somebody else by that. */
const char *claims_subject(const struct broker *broker, const struct application *application, const char *directory,
                           const char *uid)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    char hex[DIGEST_HEX_MAX];
    bool pairwise = strcmp(conf_str(application->section, "subject"), "pairwise") == 0;
    digest_field(digest, pairwise ? (struct span){keyring_salt(broker->keys), KEYRING_SALT} : span_str("public"));
    digest_field(digest, span_str(pairwise ? application->name : ""));
    digest_field(digest, span_str(directory));
    digest_field(digest, span_str(uid));
    digest_hex(digest, hex);
    return pool_strdup(broker->in->pool, hex);
}

int claims_may_use(const struct broker *broker, const struct application *application, const struct signin_who *who,
                   broker_fault *ret_fault, struct err *err)
{
    *ret_fault = NULL;
    if (standing_at(broker->in, &who->who, application->section, err) == 0)
        return 0;
    *ret_fault = err->kind == ERR_REFUSED ? "access_denied" : NULL;
    return -1;
}

/* --- what ------------------------------------------------------------------------------------------------------------ */

static void add_text(json_t *claims, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(claims, name, json_string(text));
}

static void add_name(void *list, const char *name)
{
    json_array_append_new(list, json_string(name));
}

static void keep_first(void *first, const char *name)
{
    json_t *text = first;
    if (!*json_string_value(text))
        json_string_set(text, name);
}

static void add_profile(const struct signin_who *who, json_t *claims)
{
    add_text(claims, "name", who->name);
    add_text(claims, "given_name", who->who.given_name);
    add_text(claims, "family_name", who->who.family_name);
}

static int add_groups(const struct broker *broker, const struct application *application, const struct signin_who *who,
                      json_t *claims, struct err *err)
{
    const char *which = conf_str(application->section, "groups"), *directory = who->session.directory;
    struct db *db = broker->in->store->db;
    if (strcmp(which, "none") == 0)
        return 0;
    json_t *list = json_array();
    json_object_set_new(claims, "groups", list);
    if (strcmp(which, "directory") == 0)
        return holdings_directory_groups(db, directory, who->uid, add_name, list, err);
    return holdings_synced_groups(db, directory, who->uid, standing_team(broker->in, application->section), add_name, list, err);
}

/* Of an application for one product nothing is told of other teams. */
static int add_products(const struct broker *broker, const struct application *application,
                        const struct signin_who *who, json_t *claims, struct err *err)
{
    const char *team = standing_team(broker->in, application->section), *directory = who->session.directory;
    struct db *db = broker->in->store->db;
    json_t *list = json_array();
    CLEANUP(jsonp) json_t *first = json_string(team ? team : "");
    json_object_set_new(claims, "products", list);
    if (!team && holdings_teams(db, directory, who->uid, keep_first, first, err) != 0)
        return -1;
    add_text(claims, "team", json_string_value(first));
    return holdings_products(db, directory, who->uid, team, add_name, list, err);
}

int claims_add(const struct broker *broker, const struct application *application, const struct signin_who *who,
               const char *scope, json_t *claims, struct err *err)
{
    if (scope_has(scope, "profile"))
        add_profile(who, claims);
    if (scope_has(scope, "email") && *who->email) {
        add_text(claims, "email", who->email);
        json_object_set_new(claims, "email_verified", json_true()); /* its domain is proved, or there were no session */
    }
    if (scope_has(scope, "groups") && add_groups(broker, application, who, claims, err) != 0)
        return -1;
    return scope_has(scope, "products") ? add_products(broker, application, who, claims, err) : 0;
}

/* --- the ID token ---------------------------------------------------------------------------------------------------- */

/* The left half of its SHA-256 (3.1.3.6): both algorithms use that. */
static void add_hash(json_t *claims, const char *access_token)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(access_token, strlen(access_token), digest, &n, EVP_sha256(), NULL) != 1)
        return;
    encode_base64url((struct span){(const char *)digest, n / 2}, &text);
    add_text(claims, "at_hash", buf_str(&text));
}

int claims_id_token(const struct broker *broker, const struct claims_token *about, struct buf *ret, struct err *err)
{
    const struct application *application = about->application;
    const struct signins_session *session = &about->who->session;
    int64_t now = broker->in->now, until = now + conf_int(application->section, "id-token-lifetime");
    CLEANUP(jsonp)
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "iss", broker->issuer, "sub", about->subject,
                               "aud", application->client_id, "exp", (json_int_t)until, "iat", (json_int_t)now,
                               "auth_time", (json_int_t)session->signed_in_at, "sid", session->sid);
    add_text(claims, "nonce", about->nonce);
    add_text(claims, "acr", session->context);
    add_hash(claims, about->access_token);
    if (claims_add(broker, application, about->who, about->scope, claims, err) != 0)
        return -1;
    CLEANUP(freep) char *text = json_dumps(claims, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!text)
        return err_set(
            err, ERR_FAILED,
            "application %s: the ID token cannot be written as JSON; look for names in the directory that are no text",
            application->name);
    return keyring_sign(broker->keys, conf_str(application->section, "algorithm"), "JWT", text, now, ret, err);
}
