/*
 * The proof that a domain is the organisation's: its token in a TXT record, or in a file that the domain's web server
 * gives out.
 *
 *   proof_record, proof_value, proof_url      what to publish
 *   proof_look                                is it there?
 *
 * The judgements (proof_judge_txt, proof_judge_file) are pure, and proof_look is the looking around them. Absence and
 * a wrong value are evidence against the domain; PROOF_FAILED is evidence of nothing.
 */
#ifndef GATE_PROOF_H
#define GATE_PROOF_H

#include "base/err.h"
#include "base/pool.h"
#include "net/dns.h"
#include "net/fetch.h"

#define PROOF_LABEL    "_doorward-challenge"
#define PROOF_PREFIX   "doorward-domain-verification="
#define PROOF_PATH     "/.well-known/doorward-domain-verification.txt"
#define PROOF_FILE_MAX 4096

enum proof_method { PROOF_ANY, PROOF_DNS, PROOF_HTTPS };
enum proof_state {
    PROOF_PROVED,
    PROOF_ABSENT, /* really not there: no such record, no such file */
    PROOF_WRONG,  /* something else stands in its place */
    PROOF_FAILED, /* could not be looked at */
};

/* "any", "dns", "https"; "proved", "absent", "wrong", "failed": as stored, and as shown. */
extern const char *const proof_method_names[];
extern const char *const proof_state_names[];

struct proof_policy {
    struct dns_policy dns;
    struct fetch_policy fetch;
};

struct proof {
    enum proof_state state;
    enum proof_method
        method; /* how it was proved or looked at; PROOF_DNS when PROOF_ANY found nothing, never PROOF_ANY */
    enum dns_security security; /* of the DNS answer; DNS_UNCHECKED for the file */
    const char *text;           /* what was found, for the administrator; with the remedy unless proved */
};

/* "_doorward-challenge.example.com", "doorward-domain-verification=TOKEN", "https://example.com/.well-known/…" */
char *proof_record(struct pool *pool, const char *domain);
char *proof_value(struct pool *pool, const char *token);
char *proof_url(struct pool *pool, const char *domain);

/*
 * Looks for the proof of the domain (inside form) by the method. PROOF_ANY looks at the record and then, when that
 * proves nothing, at the file: its text has a line for each, and its state is PROOF_FAILED when either failed,
 * PROOF_WRONG when either was wrong. So a domain that was proved is to be re-checked by the method that proved it.
 *
 * Each look asks anew. It takes at most three lookups' time (an absent record is also looked for where it is often
 * put by mistake, for the text) and one fetch. The texts live in the pool. -1 only for a policy that cannot be used
 * (as dns_open says) or a token that is none: then nothing was looked at.
 */
int proof_look(const struct proof_policy *policy, const char *domain, const char *token, enum proof_method method,
               struct pool *pool, struct proof *ret, struct err *err);

/* What the answer to the TXT question means. Other records beside ours do no harm. */
void proof_judge_txt(const struct dns_answer *answer, const char *domain, const char *token, struct pool *pool,
                     struct proof *ret);

/*
 * What the web server's reply means: status 200 and exactly the value, with at most one newline (or CR LF) behind it,
 * proves; 404 and 410 are absence; a body that is something else is wrong; any other status failed.
 */
void proof_judge_file(long status, struct span body, const char *domain, const char *token, struct pool *pool,
                      struct proof *ret);

#endif
