/*
 * TXT records, looked up and validated (DNSSEC) here and not by trust in somebody else's resolver.
 *
 *   dns_open -> dns_txt… -> dns_free
 *
 * A lookup tells four results apart, because they are different evidence: the records are there; it is established
 * that there are none; the answer is forged or broken; nothing could be learned. What was learned is remembered for
 * its time to live until dns_free: open anew for each round of checks. /etc/hosts plays no part. CNAMEs are followed.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"

#define DNS_TIMEOUT_DEFAULT  10
#define DNS_TIMEOUT_MAX      300
#define DNS_RECORDS_MAX      512 /* TXT records at one name; more is DNS_FAILED */
#define DNS_TRUST_ANCHOR_OFF "none"

struct dns_policy {
    const char *const *resolvers; /* "ADDRESS" or "ADDRESS@PORT", at most RESOLVERS_MAX */
    size_t nresolvers;            /* 0: those of /etc/resolv.conf */
    const char *trust_anchor;     /* a file of DS or DNSKEY records; NULL: the system's; "none": nothing is validated */
    int timeout;                  /* seconds for one lookup, to DNS_TIMEOUT_MAX; 0: DNS_TIMEOUT_DEFAULT */
    int64_t now;                  /* the time that signatures are checked for; 0: the clock. Tests set it */
};

enum dns_state {
    DNS_FOUND,  /* at least one TXT record */
    DNS_ABSENT, /* NXDOMAIN, or the name has no TXT record */
    DNS_BOGUS,  /* validation failed: the answer says nothing */
    DNS_FAILED, /* SERVFAIL, unreachable, deadline: nothing was learned */
};

enum dns_security {
    DNS_UNCHECKED, /* validation is off, or there was nothing to validate */
    DNS_INSECURE,  /* it is proved that the zone is not signed */
    DNS_SECURE,    /* signed, and the signatures hold up to the trust anchor */
};

struct dns_answer {
    enum dns_state state;
    enum dns_security security; /* of DNS_FOUND and DNS_ABSENT */
    bool nxdomain;              /* DNS_ABSENT: there is no such name at all */
    const struct span *txt;     /* DNS_FOUND: each record with its strings joined; any bytes */
    size_t ntxt;
    const char *fault; /* DNS_BOGUS, DNS_FAILED: what is wrong, which resolvers were asked, and the remedy */
};

struct dns;

/*
 * Makes ready, without a packet sent: ERR_INPUT for a wrong resolver, ERR_CONFIG for a trust anchor that is missing
 * or malformed. The policy's texts may go away afterwards.
 */
int dns_open(const struct dns_policy *policy, struct dns **ret, struct err *err);
void dns_free(struct dns **dns);

/*
 * Looks name (A-labels) up and comes back within the timeout, whatever the servers do; after a failure one more
 * second goes into finding out which resolver is to blame. What ret points to lives in the pool.
 */
void dns_txt(struct dns *dns, const char *name, struct pool *pool, struct dns_answer *ret);

/* "unchecked", "insecure", "secure": as stored, and as shown. */
extern const char *const dns_security_names[];

#endif
