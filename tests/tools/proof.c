/*
 * Drives name lookup, fetching and the domain proof from integration tests; prints one JSON object.
 *
 *   proof [OPTION…] txt NAME | look DOMAIN TOKEN METHOD | fetch URL | domain TEXT | email ADDRESS | token
 *   --resolver A[@PORT] (repeatable)  --anchor FILE|none  --timeout SECONDS  --now SECONDS
 *   --ca FILE  --connect-to HOST:PORT:ADDRESS:PORT  --allow-private  --max BYTES
 *
 * Exit status: 0 with a result (whatever it says), 1 with {"error", "kind"}, 64 for wrong usage.
 */
#include <getopt.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "crypto/token.h"
#include "gate/proof.h"
#include "model/domain.h"
#include "net/resolvers.h"

DEFINE_CLEANUP(free_json, json_t *, json_decref)

struct options {
    const char *resolvers[RESOLVERS_MAX];
    struct proof_policy policy;
};

static json_t *bytes(struct span s)
{
    json_t *text = json_stringn(s.p, s.n);
    return text ? text : json_string("(not UTF-8)");
}

static void run_txt(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    static const char *const states[] = {"found", "absent", "bogus", "failed"};
    CLEANUP(dns_free) struct dns *dns = NULL;
    if (dns_open(&o->policy.dns, &dns, err) != 0)
        return;
    struct dns_answer answer;
    dns_txt(dns, argv[0], pool, &answer);
    json_t *txt = json_array();
    for (size_t i = 0; i < answer.ntxt; i++)
        json_array_append_new(txt, bytes(answer.txt[i]));
    json_object_set_new(out, "state", json_string(states[answer.state]));
    json_object_set_new(out, "security", json_string(dns_security_names[answer.security]));
    json_object_set_new(out, "nxdomain", json_boolean(answer.nxdomain));
    json_object_set_new(out, "txt", txt);
    json_object_set_new(out, "fault", answer.fault ? json_string(answer.fault) : json_null());
}

static void run_look(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    struct proof proof;
    enum proof_method method = PROOF_ANY;
    while (method < PROOF_HTTPS && strcmp(argv[2], proof_method_names[method]) != 0)
        method++;
    if (proof_look(&o->policy, argv[0], argv[1], method, pool, &proof, err) != 0)
        return;
    json_object_set_new(out, "state", json_string(proof_state_names[proof.state]));
    json_object_set_new(out, "method", json_string(proof_method_names[proof.method]));
    json_object_set_new(out, "security", json_string(dns_security_names[proof.security]));
    json_object_set_new(out, "text", bytes(span_str(proof.text)));
}

static void run_fetch(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    (void)pool;
    CLEANUP(fetch_release) struct fetch_reply reply = FETCH_REPLY_INIT;
    if (fetch_get(&o->policy.fetch, argv[0], &reply, err) != 0)
        return;
    json_object_set_new(out, "status", json_integer(reply.status));
    json_object_set_new(out, "body", bytes((struct span){buf_str(&reply.body), reply.body.len}));
}

static void run_domain(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    (void)o;
    CLEANUP(freep) char *alabel = NULL;
    if (domain_normalise(argv[0], &alabel, err) != 0 || domain_may_be_proved(alabel, err) != 0)
        return;
    json_object_set_new(out, "domain", json_string(alabel));
    json_object_set_new(out, "display", json_string(domain_display(pool, alabel)));
}

static void run_email(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    (void)o, (void)pool;
    CLEANUP(freep) char *alabel = NULL;
    if (email_domain(argv[0], &alabel, err) == 0)
        json_object_set_new(out, "domain", json_string(alabel));
}

static void run_token(const struct options *o, char **argv, struct pool *pool, json_t *out, struct err *err)
{
    (void)o, (void)argv, (void)pool, (void)err;
    char token[TOKEN_SIZE];
    token_new(token);
    json_object_set_new(out, "token", json_string(token));
}

static const struct command {
    const char *name;
    int args;
    void (*run)(const struct options *, char **, struct pool *, json_t *, struct err *);
} commands[] = {
    {"txt", 1, run_txt},       {"look", 3, run_look},   {"fetch", 1, run_fetch},
    {"domain", 1, run_domain}, {"email", 1, run_email}, {"token", 0, run_token},
};

static const char *kind_name(enum err_kind kind)
{
    static const char *const names[] = {
        [ERR_FAILED] = "failed", [ERR_NETWORK] = "network", [ERR_REFUSED] = "refused",
        [ERR_INPUT] = "input",   [ERR_STORE] = "state",     [ERR_CONFIG] = "config",
    };
    return (size_t)kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "another";
}

static int run(const struct options *o, int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[0]) != 0 || commands[i].args != argc - 1)
            continue;
        CLEANUP(pool_free) struct pool *pool = pool_new();
        CLEANUP(free_json) json_t *out = json_object();
        struct err err = ERR_INIT;
        commands[i].run(o, argv + 1, pool, out, &err);
        if (err.kind != ERR_NONE) {
            json_object_set_new(out, "error", json_string(err.text));
            json_object_set_new(out, "kind", json_string(kind_name(err.kind)));
        }
        json_dumpf(out, stdout, JSON_INDENT(1));
        putchar('\n');
        return err.kind == ERR_NONE ? 0 : 1;
    }
    fputs("usage: see the head of tests/tools/proof.c\n", stderr);
    return 64;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"resolver", required_argument, NULL, 'r'},
        {"anchor", required_argument, NULL, 'a'},
        {"timeout", required_argument, NULL, 't'},
        {"now", required_argument, NULL, 'n'},
        {"ca", required_argument, NULL, 'c'},
        {"connect-to", required_argument, NULL, 'o'},
        {"allow-private", no_argument, NULL, 'p'},
        {"max", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {0};
    struct dns_policy *dns = &o.policy.dns;
    struct fetch_policy *fetch = &o.policy.fetch;
    dns->resolvers = o.resolvers;
    for (int c; (c = getopt_long(argc, argv, "+", longs, NULL)) != -1;) {
        switch (c) {
        case 'r':
            if (dns->nresolvers < RESOLVERS_MAX)
                o.resolvers[dns->nresolvers++] = optarg;
            break;
        case 'a':
            dns->trust_anchor = optarg;
            break;
        case 't':
            dns->timeout = fetch->timeout = (int)strtol(optarg, NULL, 10);
            break;
        case 'n':
            dns->now = strtoll(optarg, NULL, 10);
            break;
        case 'c':
            fetch->ca_file = optarg;
            break;
        case 'o':
            fetch->connect_to = optarg;
            break;
        case 'p':
            fetch->allow_private = true;
            break;
        case 'm':
            fetch->max_bytes = (size_t)strtoull(optarg, NULL, 10);
            break;
        default:
            return 64;
        }
    }
    return run(&o, argc - optind, argv + optind);
}
