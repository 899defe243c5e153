#include "broker/clientauth.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "broker/assertion.h"
#include "crypto/token.h"
#include "saml/base64.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define BASIC          "Basic "
#define BASIC_MAX      8192

/* What was sent, of which one way may be used. NULL: not there. */
struct words {
    const char *client_id, *secret, *assertion, *assertion_type;
    const char *basic_id, *basic_secret;
};

/* -1: no hexadecimal digit */
static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char letter = c | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* As in a form (RFC 6749, 2.3.1 and appendix B). NULL: not so written, or not clean. */
static const char *form_decode(struct pool *pool, const char *text, size_t n)
{
    char *ret = pool_strndup(pool, text, n);
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex(text[i + 1]) : -1, low = high >= 0 ? hex(text[i + 2]) : -1;
            if (low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        ret[length++] = c;
    }
    ret[length] = '\0';
    return text_is_clean((struct span){ret, length}) && !memchr(ret, '\0', length) ? ret : NULL;
}

static int read_basic(const struct broker *broker, const char *header, struct words *ret, broker_fault *fault,
                      struct err *err)
{
    CLEANUP(buf_wipe) struct buf pair = BUF_INIT;
    const char *text = header + sizeof BASIC - 1;
    buf_reserve(&pair, BASIC_MAX);
    if (strlen(text) > BASIC_MAX || saml_base64_decode(span_str(text), &pair) != 0)
        return broker_refuse(fault, "invalid_client", err,
                             "client: its Authorization header is no Basic one; look at what the application sends");
    const char *colon = pair.len ? memchr(pair.data, ':', pair.len) : NULL;
    size_t n = colon ? (size_t)(colon - pair.data) : 0;
    ret->basic_id = colon ? form_decode(broker->in->pool, pair.data, n) : NULL;
    ret->basic_secret = colon ? form_decode(broker->in->pool, colon + 1, pair.len - n - 1) : NULL;
    if (!ret->basic_id || !ret->basic_secret)
        return broker_refuse(fault, "invalid_client", err,
                             "client: id and secret of its Authorization header are not written as in a form (RFC "
                             "6749, 2.3.1); set the application to client_secret_post, or to encode them");
    return 0;
}

static int read_words(const struct broker *broker, struct broker_params form, const char *authorization,
                      struct words *ret, broker_fault *fault, struct err *err)
{
    const struct {
        const char *name, **value;
    } fields[] = {{"client_id", &ret->client_id},
                  {"client_secret", &ret->secret},
                  {"client_assertion", &ret->assertion},
                  {"client_assertion_type", &ret->assertion_type}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *value = NULL;
        if (form.get(form.ctx, fields[i].name, &value) < 0)
            return broker_refuse(
                fault, "invalid_request", err,
                "client: %s is there more than once, or is not clean text; look at what the application sends",
                fields[i].name);
        *fields[i].value = value && *value ? value : NULL;
    }
    if (!authorization)
        return 0;
    if (strncasecmp(authorization, BASIC, sizeof BASIC - 1) != 0)
        return broker_refuse(fault, "invalid_client", err,
                             "client: its Authorization header is not Basic; look at what the application sends");
    return read_basic(broker, authorization, ret, fault, err);
}

/* A secret is compared by its digest, in a time that says nothing of where it differs. */
static int check_secret(const struct application *application, const char *secret, broker_fault *fault, struct err *err)
{
    char given[DIGEST_HEX_MAX];
    if (application->auth != APPLICATION_SECRET)
        return broker_refuse(fault, "invalid_client", err,
                             "application %s: it sent a secret, and is not configured with one; write "
                             "client-secret-file, or take the secret out there",
                             application->name);
    digest_hex_of(secret, strlen(secret), given);
    if (!token_same(span_str(given), span_str(application->secret)))
        return broker_refuse(fault, "invalid_client", err, "application %s: its secret is wrong; compare both sides",
                             application->name);
    return 0;
}

static int check_assertion(const struct broker *broker, const struct words *words, struct client_proof *ret,
                           broker_fault *fault, struct err *err)
{
    const struct application *application = ret->application;
    if (!words->assertion_type || strcmp(words->assertion_type, ASSERTION_TYPE) != 0)
        return broker_refuse(fault, "invalid_client", err,
                             "application %s: client_assertion_type is not %s; look at what it sends",
                             application->name, ASSERTION_TYPE);
    if (application->auth != APPLICATION_KEY)
        return broker_refuse(
            fault, "invalid_client", err,
            "application %s: it sent a signed word, and no key of it is configured; write public-key-file or jwks-file",
            application->name);
    return assertion_read(broker, application, words->assertion, ret, fault, err);
}

static int check(const struct broker *broker, const struct words *words, struct client_proof *ret, broker_fault *fault,
                 struct err *err)
{
    const char *secret = words->basic_id ? words->basic_secret : words->secret;
    if (secret)
        return check_secret(ret->application, secret, fault, err);
    if (words->assertion)
        return check_assertion(broker, words, ret, fault, err);
    if (ret->application->auth != APPLICATION_PUBLIC)
        return broker_refuse(fault, "invalid_client", err,
                             "application %s: it did not show who it is; set its secret or key there",
                             ret->application->name);
    return 0;
}

/* A signed word names its client inside, too; client_id may be left out beside it (RFC 7521, 4.2), and is not by those we know. */
int clientauth_read(const struct broker *broker, struct broker_params form, const char *authorization,
                    struct client_proof *ret, broker_fault *ret_fault, struct err *err)
{
    struct words words = {0};
    *ret = (struct client_proof){0};
    *ret_fault = NULL;
    if (read_words(broker, form, authorization, &words, ret_fault, err) != 0)
        return -1;
    if ((words.basic_id != NULL) + (words.secret != NULL) + (words.assertion != NULL) > 1)
        return broker_refuse(ret_fault, "invalid_request", err,
                             "client: it shows who it is in two ways at once; set the application to one");
    if (words.basic_id && words.client_id && strcmp(words.basic_id, words.client_id) != 0)
        return broker_refuse(
            ret_fault, "invalid_request", err,
            "client: client_id is another than that of its Authorization header; look at what the application sends");
    const char *id = words.basic_id ? words.basic_id : words.client_id;
    ret->application = id ? applications_find(broker->applications, id) : NULL;
    if (!ret->application)
        return broker_refuse(ret_fault, "invalid_client", err,
                             "client: there is no application with client_id '%s'; check what it was given",
                             broker_shown(broker, id));
    return check(broker, &words, ret, ret_fault, err);
}

int clientauth_use_up(const struct broker *broker, const struct client_proof *proof, broker_fault *ret_fault,
                      struct err *err)
{
    if (!proof->once)
        return 0;
    int used = signins_use_once(broker->in->signins, "client-assertion", proof->once, proof->once_until, err);
    if (used == 0)
        return broker_refuse(
            ret_fault, "invalid_client", err,
            "application %s: its signed word was used before (jti); it has to make a new one for each call",
            proof->application->name);
    return used < 0 ? -1 : 0;
}
