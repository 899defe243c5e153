/*
 * Whatever an application, or somebody in its name, sends: a header and a form. No crash; what is taken to be asked for can be answered at an
 * address of the configuration only, with a challenge; who is taken for an application showed its secret; and every refusal can be shown, has
 * a remedy, and a word for the application unless there is nobody to tell.
 *
 * The first line is the Authorization header, "-" for none; the rest is the form, or the query.
 */
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "broker/authorize.h"
#include "broker/clientauth.h"
#include "cli/schema.h"
#include "crypto/keypair.h"

#define BACK      "https://app.example.com/back"
#define PAIRS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char text[] = "[organization]\nname = O\nurl = https://signin.example.com\n"
                           "[application hand]\nclient-secret-file = secret\nredirect-uri = " BACK "\n"
                           "[application desk]\nredirect-uri = " BACK "\n"
                           "[application key]\npublic-key-file = key.pem\nredirect-uri = " BACK "\n";
static struct conf *conf;
static struct applications *applications;

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char dir[] = "/tmp/doorward-fuzz-XXXXXX", path[64];
    struct err err = ERR_INIT;
    (void)argc, (void)argv;
    require(mkdtemp(dir) && chdir(dir) == 0);
    require(file_replace("secret", "geheim", 6, 0600, &err) == 0);
    require(keypair_make_ec("key.pem", "app", 2, 1000000, &err) == 0);
    require(file_replace("conf", text, sizeof text - 1, 0600, &err) == 0);
    snprintf(path, sizeof path, "%s/conf", dir);
    require(conf_load(path, schema_get(), &conf, NULL, &err) == 0 && applications_read(conf, &applications, &err) == 0);
    for (const char *const *name = (const char *const[]){"secret", "key.pem", "conf", NULL}; *name; name++)
        unlink(*name);
    require(chdir("/") == 0 && rmdir(dir) == 0);
    return 0;
}

struct form {
    const char *names[PAIRS_MAX];
    struct span values[PAIRS_MAX];
    size_t n;
};

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static struct span decoded(struct pool *pool, const char *at, size_t n)
{
    char *out = pool_strndup(pool, at, n);
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        bool escape = at[i] == '%' && i + 2 < n && digit(at[i + 1]) >= 0 && digit(at[i + 2]) >= 0;
        out[length++] = escape ? (char)(digit(at[i + 1]) * 16 + digit(at[i + 2])) : at[i] == '+' ? ' ' : at[i];
        i += escape ? 2 : 0;
    }
    out[length] = '\0';
    return (struct span){out, length};
}

static void split(struct pool *pool, const char *at, const char *end, struct form *ret)
{
    while (at < end && ret->n < PAIRS_MAX) {
        const char *stop = memchr(at, '&', (size_t)(end - at)), *to = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(to - at));
        if (equals) {
            ret->names[ret->n] = decoded(pool, at, (size_t)(equals - at)).p;
            ret->values[ret->n++] = decoded(pool, equals + 1, (size_t)(to - equals - 1));
        }
        at = to + 1;
    }
}

/* As request_param has it. */
static int get(const void *ctx, const char *name, const char **ret)
{
    const struct form *form = ctx;
    int found = 0;
    struct span value = {0};
    for (size_t i = 0; i < form->n; i++)
        if (strcmp(form->names[i], name) == 0) {
            found++;
            value = form->values[i];
        }
    if (found > 1 || (found && (memchr(value.p, '\0', value.n) || !text_is_clean(value))))
        return -1;
    if (found)
        *ret = value.p;
    return found;
}

static void check_refusal(const struct err *err)
{
    require(err->kind == ERR_REFUSED && text_is_clean(span_str(err->text)) && strstr(err->text, "; "));
}

static void try_authorize(const struct broker *broker, struct broker_params params)
{
    struct authorization a;
    broker_fault fault = NULL;
    struct err err = ERR_INIT;
    int r = authorize_read(broker, params, &a, &fault, &err);
    if (r != 0)
        check_refusal(&err);
    if (r == 0 || fault)
        require(strcmp(a.redirect_uri, BACK) == 0 && applications_named(applications, a.application));
    if (r == 0)
        require(strlen(a.challenge) == 43 && scope_has(a.scope, "openid") && a.max_age >= -1 && !(a.silent && a.again));
}

static void try_client(const struct broker *broker, struct broker_params params, const char *header)
{
    struct client_proof proof;
    broker_fault fault = NULL;
    struct err err = ERR_INIT;
    const char *secret = "";
    if (clientauth_read(broker, params, header, &proof, &fault, &err) != 0) {
        check_refusal(&err);
        require(fault != NULL);
        return;
    }
    require(proof.application->auth != APPLICATION_KEY); /* nobody here has the private key */
    if (proof.application->auth == APPLICATION_SECRET && !header)
        require(get(params.ctx, "client_secret", &secret) == 1 && strcmp(secret, "geheim") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const struct signin in = {.conf = conf, .pool = pool, .now = 1000000};
    const struct broker broker = {&in, applications, NULL, "https://signin.example.com"};
    struct form form = {.n = 0};
    const char *input = pool_strndup(pool, (const char *)data, size), *end = input + size;
    const char *line = size ? memchr(input, '\n', size) : NULL;
    const char *header = line ? pool_strndup(pool, input, (size_t)(line - input)) : "-";
    split(pool, line ? line + 1 : input, end, &form);
    try_authorize(&broker, (struct broker_params){get, &form});
    try_client(&broker, (struct broker_params){get, &form}, strcmp(header, "-") == 0 ? NULL : header);
    return 0;
}
