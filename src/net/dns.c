#include "net/dns.h"

#include <errno.h>
#include <poll.h>
#include <unbound.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/probe.h"
#include "net/resolvers.h"

#define TYPE_TXT       16
#define CLASS_IN       1
#define RCODE_NOERROR  0
#define RCODE_NXDOMAIN 3

const char *const dns_security_names[] = {
    [DNS_UNCHECKED] = "unchecked",
    [DNS_INSECURE] = "insecure",
    [DNS_SECURE] = "secure",
};

struct dns {
    struct ub_ctx *ctx;
    struct pool *pool; /* of what follows */
    const char **resolvers;
    size_t nresolvers;
    char *asked; /* the resolvers, for messages */
    int timeout;
    bool validates;
};

/* Debian and Ubuntu; Fedora, RHEL and openSUSE; Arch; Alpine. All in a form that libunbound reads. */
static const char *const anchor_places[] = {
    "/usr/share/dns/root.key",
    "/var/lib/unbound/root.key",
    "/etc/unbound/root.key",
    "/etc/trusted-key.key",
    "/usr/share/dnssec-root/trusted-key.key",
};

static int find_anchor(const char **ret, struct err *err)
{
    struct err ignored = ERR_INIT;
    for (size_t i = 0; i < sizeof anchor_places / sizeof *anchor_places; i++) {
        if (file_check(anchor_places[i], &ignored) == 0) {
            *ret = anchor_places[i];
            return 0;
        }
    }
    return err_set(err, ERR_CONFIG,
                   "DNSSEC: the system has no root trust anchor; install dns-root-data (Debian, Ubuntu) or "
                   "unbound-libs (Fedora, RHEL), or name a file with 'trust-anchor-file' in section [dns]");
}

static int set_option(struct dns *dns, const char *name, const char *value, struct err *err)
{
    int status = ub_ctx_set_option(dns->ctx, name, value);
    return status == 0
               ? 0
               : err_set(err, ERR_FAILED, "DNS: libunbound refuses %s %s: %s", name, value, ub_strerror(status));
}

/*
 * A resolver on this very machine (systemd-resolved, dnsmasq) is common, and libunbound does not ask one unless told.
 */
static int set_options(struct dns *dns, const struct dns_policy *policy, struct err *err)
{
    if (set_option(dns, "do-not-query-localhost:", "no", err) != 0)
        return -1;
    if (policy->now == 0)
        return 0;
    CLEANUP(freep) char *now = mem_printf("%lld", (long long)policy->now);
    return set_option(dns, "val-override-date:", now, err);
}

static int add_resolvers(struct dns *dns, const char *const *resolvers, size_t n, struct err *err)
{
    CLEANUP(buf_release) struct buf asked = BUF_INIT;
    dns->resolvers = pool_alloc(dns->pool, n * sizeof *resolvers);
    for (size_t i = 0; i < n; i++) {
        if (resolver_check(resolvers[i], err) != 0)
            return -1;
        int status = ub_ctx_set_fwd(dns->ctx, resolvers[i]);
        if (status != 0)
            return err_set(err, ERR_INPUT, "resolver '%s': %s", resolvers[i], ub_strerror(status));
        buf_printf(&asked, "%s%s", i ? ", " : "", resolvers[i]);
        dns->resolvers[dns->nresolvers++] = pool_strdup(dns->pool, resolvers[i]);
    }
    dns->asked = pool_strdup(dns->pool, buf_str(&asked));
    return 0;
}

static int set_resolvers(struct dns *dns, const struct dns_policy *policy, struct err *err)
{
    if (policy->nresolvers > RESOLVERS_MAX)
        return err_set(err, ERR_INPUT, "[dns] resolver: more than %d are named; keep the nearest ones", RESOLVERS_MAX);
    if (policy->nresolvers > 0)
        return add_resolvers(dns, policy->resolvers, policy->nresolvers, err);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *const *system = NULL;
    size_t n = 0;
    if (resolvers_read(RESOLVERS_SYSTEM, pool, &system, &n, err) != 0)
        return -1;
    return add_resolvers(dns, system, n, err);
}

/*
 * libunbound reads the anchor when its settings become final, which the first lookup would do; taking a built-in zone
 * away does it here, where the fault can still be told apart. That zone is "test.", which libunbound would answer by
 * itself: it is for the administrator's trials, as in a demo.
 */
static int settle(struct dns *dns, const char *anchor, struct err *err)
{
    int status = anchor ? ub_ctx_add_ta_file(dns->ctx, anchor) : 0;
    if (status == 0)
        status = ub_ctx_zone_remove(dns->ctx, "test.");
    if (status == 0)
        return 0;
    if (anchor)
        return err_set(err, ERR_CONFIG,
                       "%s: not a DNSSEC trust anchor (%s); it must hold DS or DNSKEY records, one on a line", anchor,
                       ub_strerror(status));
    return err_set(err, ERR_FAILED, "DNS: libunbound does not start: %s", ub_strerror(status));
}

static int set_anchor(struct dns *dns, const char *trust_anchor, struct err *err)
{
    const char *anchor = trust_anchor;
    if (anchor && strcmp(anchor, DNS_TRUST_ANCHOR_OFF) == 0)
        return settle(dns, NULL, err);
    if (!anchor && find_anchor(&anchor, err) != 0)
        return -1;
    dns->validates = true;
    if (file_check(anchor, err) != 0) {
        err->kind = ERR_CONFIG;
        return err_wrap(err, "DNSSEC trust anchor");
    }
    return settle(dns, anchor, err);
}

int dns_open(const struct dns_policy *policy, struct dns **ret, struct err *err)
{
    CLEANUP(dns_free) struct dns *dns = mem_zero(sizeof *dns);
    if (policy->timeout < 0 || policy->timeout > DNS_TIMEOUT_MAX)
        return err_set(err, ERR_INPUT, "[dns] timeout: %d is not within 1 and %d seconds", policy->timeout,
                       DNS_TIMEOUT_MAX);
    dns->timeout = policy->timeout ? policy->timeout : DNS_TIMEOUT_DEFAULT;
    dns->pool = pool_new();
    dns->ctx = ub_ctx_create();
    if (!dns->ctx)
        return err_set(err, ERR_FAILED, "DNS: libunbound does not start");
    /*
     * What it would print is in the answers already; a thread leaves our children and signals alone, a fork would
     * not.
     */
    ub_ctx_debugout(dns->ctx, NULL);
    ub_ctx_async(dns->ctx, 1);
    if (set_options(dns, policy, err) != 0 || set_resolvers(dns, policy, err) != 0 ||
        set_anchor(dns, policy->trust_anchor, err) != 0)
        return -1;
    *ret = TAKE(dns);
    return 0;
}

void dns_free(struct dns **dns)
{
    if (!*dns)
        return;
    if ((*dns)->ctx)
        ub_ctx_delete((*dns)->ctx);
    pool_free(&(*dns)->pool);
    free(*dns);
    *dns = NULL;
}

/* --- one lookup -------------------------------------------------------------------------------------------------- */

struct lookup {
    bool done;
    int status; /* of libunbound */
    struct ub_result *result;
};

DEFINE_CLEANUP(free_result, struct ub_result *, ub_resolve_free)

static void on_done(void *arg, int status, struct ub_result *result)
{
    struct lookup *lookup = arg;
    lookup->done = true;
    lookup->status = status;
    lookup->result = result;
}

/* Waits for the thread that resolves, never longer than the deadline. */
static int wait_until(struct dns *dns, struct lookup *lookup, double deadline)
{
    while (!lookup->done) {
        double left = deadline - clock_monotonic();
        if (left <= 0)
            return 0;
        struct pollfd fd = {.fd = ub_fd(dns->ctx), .events = POLLIN};
        int n = poll(&fd, 1, (int)(left * 1000) + 1);
        if (n < 0 && errno != EINTR)
            return UB_PIPE;
        int status = n > 0 ? ub_process(dns->ctx) : 0;
        if (status != 0)
            return status;
    }
    return 0;
}

static int run(struct dns *dns, const char *name, struct lookup *lookup)
{
    int id = 0;
    int status = ub_resolve_async(dns->ctx, name, TYPE_TXT, CLASS_IN, lookup, on_done, &id);
    if (status != 0)
        return status;
    status = wait_until(dns, lookup, clock_monotonic() + dns->timeout);
    /* A cancelled lookup does not call back, so that "lookup" may go away. */
    if (!lookup->done)
        ub_cancel(dns->ctx, id);
    return status;
}

/* A TXT record is a row of strings of at most 255 bytes, each with its length ahead (RFC 1035, 3.3.14). */
static bool join_strings(struct pool *pool, const char *rdata, size_t n, struct span *ret)
{
    char *joined = pool_alloc(pool, n + 1);
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        size_t part = (unsigned char)rdata[i++];
        if (part > n - i)
            return false;
        memcpy(joined + length, rdata + i, part);
        length += part;
        i += part;
    }
    joined[length] = '\0';
    *ret = (struct span){joined, length};
    return true;
}

static void fail(struct dns_answer *ret, enum dns_state state, const char *fault)
{
    *ret = (struct dns_answer){.state = state, .fault = fault};
}

static void take_records(struct dns *dns, const struct ub_result *r, struct pool *pool, struct dns_answer *ret)
{
    size_t n = 0, taken = 0;
    while (r->data[n])
        n++;
    if (n > DNS_RECORDS_MAX) {
        fail(ret, DNS_FAILED,
             pool_printf(pool, "%s: %zu TXT records, over the limit of %d; remove those that are not needed", r->qname,
                         n, DNS_RECORDS_MAX));
        return;
    }
    struct span *txt = pool_alloc(pool, (n + 1) * sizeof *txt);
    for (size_t i = 0; i < n; i++)
        taken += join_strings(pool, r->data[i], (size_t)r->len[i], &txt[taken]);
    if (taken == 0) {
        fail(ret, DNS_FAILED, pool_printf(pool, "%s: malformed TXT record from %s", r->qname, dns->asked));
        return;
    }
    ret->state = DNS_FOUND;
    ret->txt = txt;
    ret->ntxt = taken;
}

static const char *bogus_text(struct dns *dns, const struct ub_result *r, struct pool *pool)
{
    const char *why = r->why_bogus ? r->why_bogus : "no reason given";
    return pool_printf(
        pool,
        "%s: the answer of %s fails DNSSEC validation (%s); mend the zone's signatures or its DS record, or, if "
        "the resolver is known to drop DNSSEC records, name another one with 'resolver' in section [dns]",
        r->qname, dns->asked, text_printable(pool, (struct span){why, strnlen(why, 512)}));
}

/* libunbound reports as SERVFAIL what it got as such, and what it did not get at all; the probe tells them apart. */
static const char *failed_text(struct dns *dns, const char *name, const char *fault, struct pool *pool)
{
    return pool_printf(
        pool,
        "%s: %s; resolver %s; check that it runs, can be reached over UDP and TCP, and resolves this name, or name "
        "another one with 'resolver' in section [dns]",
        name, fault, probe_resolvers(dns->resolvers, dns->nresolvers, name, pool));
}

static void read_result(struct dns *dns, const struct ub_result *r, struct pool *pool, struct dns_answer *ret)
{
    if (r->bogus) {
        fail(ret, DNS_BOGUS, bogus_text(dns, r, pool));
        return;
    }
    if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN) {
        const char *fault = pool_printf(pool, "no usable answer (%s)", probe_rcode(pool, r->rcode));
        fail(ret, DNS_FAILED, failed_text(dns, r->qname, fault, pool));
        return;
    }
    ret->security = !dns->validates ? DNS_UNCHECKED : r->secure ? DNS_SECURE : DNS_INSECURE;
    ret->nxdomain = r->rcode == RCODE_NXDOMAIN;
    if (r->havedata && !ret->nxdomain)
        take_records(dns, r, pool, ret);
    else
        ret->state = DNS_ABSENT;
}

void dns_txt(struct dns *dns, const char *name, struct pool *pool, struct dns_answer *ret)
{
    struct lookup lookup = {0};
    int status = run(dns, name, &lookup);
    CLEANUP(free_result) struct ub_result *result = lookup.result;
    *ret = (struct dns_answer){.state = DNS_FAILED};
    if (status == 0)
        status = lookup.status;
    if (status != 0)
        ret->fault = pool_printf(pool, "%s: looking it up at %s failed: %s", name, dns->asked, ub_strerror(status));
    else if (!result)
        ret->fault = failed_text(dns, name, pool_printf(pool, "no answer within %d seconds", dns->timeout), pool);
    else
        read_result(dns, result, pool, ret);
}
