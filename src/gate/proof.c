#include "gate/proof.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/token.h"
#include "model/domain.h"

#define SHOWN_MAX         120 /* bytes of a found value */
#define SHOWN_RECORDS_MAX 4

const char *const proof_method_names[] = {[PROOF_ANY] = "any", [PROOF_DNS] = "dns", [PROOF_HTTPS] = "https"};
const char *const proof_state_names[] = {
    [PROOF_PROVED] = "proved",
    [PROOF_ABSENT] = "absent",
    [PROOF_WRONG] = "wrong",
    [PROOF_FAILED] = "failed",
};

char *proof_record(struct pool *pool, const char *domain)
{
    return pool_printf(pool, PROOF_LABEL ".%s", domain);
}

char *proof_value(struct pool *pool, const char *token)
{
    return pool_printf(pool, PROOF_PREFIX "%s", token);
}

char *proof_url(struct pool *pool, const char *domain)
{
    return pool_printf(pool, "https://%s" PROOF_PATH, domain);
}

/* --- what was found, for people -------------------------------------------------------------------------------- */

static void add_shown(struct buf *out, struct pool *pool, struct span value)
{
    bool cut = value.n > SHOWN_MAX;
    /* A cut in the middle of a character would show as a fault of the value. */
    size_t n = cut ? SHOWN_MAX : value.n;
    while (cut && n > 0 && ((unsigned char)value.p[n] & 0xC0) == 0x80)
        n--;
    buf_printf(out, "'%s%s'", text_printable(pool, (struct span){value.p, n}), cut ? "…" : "");
}

static bool is_wrapping(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' || c == '\'';
}

/* The right value with quotes or blanks around it, which forms of DNS providers often leave there. */
static bool is_wrapped(struct span found, struct span wanted)
{
    while (found.n > 0 && is_wrapping(found.p[0]))
        found.p++, found.n--;
    while (found.n > 0 && is_wrapping(found.p[found.n - 1]))
        found.n--;
    return token_same(found, wanted);
}

static bool is_ours_by_form(struct span found)
{
    const size_t n = sizeof PROOF_PREFIX - 1;
    return found.n >= n && memcmp(found.p, PROOF_PREFIX, n) == 0;
}

static void add_records(struct buf *out, struct pool *pool, const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->ntxt && i < SHOWN_RECORDS_MAX; i++) {
        buf_adds(out, i ? ", " : "");
        add_shown(out, pool, answer->txt[i]);
    }
    if (answer->ntxt > SHOWN_RECORDS_MAX)
        buf_printf(out, " and %zu more", answer->ntxt - SHOWN_RECORDS_MAX);
}

static const char *wrong_txt_remedy(const struct dns_answer *answer, struct span wanted)
{
    for (size_t i = 0; i < answer->ntxt; i++)
        if (is_wrapped(answer->txt[i], wanted))
            return "it has quotes or blanks around the value; enter it without them";
    for (size_t i = 0; i < answer->ntxt; i++)
        if (is_ours_by_form(answer->txt[i]))
            return "that is the token of another installation or an earlier one; add a record with the present value";
    return "add a TXT record with the present value; the others may stay";
}

static void judge_wrong_txt(const struct dns_answer *answer, const char *record, const char *value, struct pool *pool,
                            struct proof *ret)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_printf(&text, "TXT record %s: found ", record);
    add_records(&text, pool, answer);
    buf_printf(&text, ", not '%s'; %s", value, wrong_txt_remedy(answer, span_str(value)));
    ret->state = PROOF_WRONG;
    ret->text = pool_strdup(pool, buf_str(&text));
}

static const char *security_words(enum dns_security security)
{
    static const char *const words[] = {
        [DNS_UNCHECKED] = "not checked by DNSSEC",
        [DNS_INSECURE] = "the zone is not signed (no DNSSEC)",
        [DNS_SECURE] = "signed, and validated by DNSSEC",
    };
    return words[security];
}

static void judge_found_txt(const struct dns_answer *answer, const char *record, const char *value, struct pool *pool,
                            struct proof *ret)
{
    for (size_t i = 0; i < answer->ntxt; i++) {
        if (!token_same(answer->txt[i], span_str(value)))
            continue;
        ret->state = PROOF_PROVED;
        ret->text = pool_printf(pool, "TXT record %s: found; %s", record, security_words(answer->security));
        return;
    }
    judge_wrong_txt(answer, record, value, pool, ret);
}

void proof_judge_txt(const struct dns_answer *answer, const char *domain, const char *token, struct pool *pool,
                     struct proof *ret)
{
    const char *record = proof_record(pool, domain), *value = proof_value(pool, token);
    *ret =
        (struct proof){.state = PROOF_FAILED, .method = PROOF_DNS, .security = answer->security, .text = answer->fault};
    if (answer->state == DNS_FOUND) {
        judge_found_txt(answer, record, value, pool, ret);
    } else if (answer->state == DNS_ABSENT) {
        ret->state = PROOF_ABSENT;
        ret->text =
            pool_printf(pool, "TXT record %s: %s (%s); publish it with the value '%s', and give DNS time to pass it on",
                        record, answer->nxdomain ? "there is no such name" : "the name is there, but has no TXT record",
                        security_words(answer->security), value);
    }
}

/* --- the file --------------------------------------------------------------------------------------------------- */

static struct span without_newline(struct span body)
{
    if (body.n > 0 && body.p[body.n - 1] == '\n')
        body.n--;
    if (body.n > 0 && body.p[body.n - 1] == '\r')
        body.n--;
    return body;
}

static void judge_body(struct span body, const char *url, const char *value, struct pool *pool, struct proof *ret)
{
    if (token_same(without_newline(body), span_str(value))) {
        ret->state = PROOF_PROVED;
        ret->text = pool_printf(pool, "%s: found; the server's certificate was verified", url);
        return;
    }
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_printf(&text, "%s: found ", url);
    add_shown(&text, pool, body);
    buf_printf(&text, ", not '%s'; %s", value,
               is_wrapped(body, span_str(value)) ? "take away what stands around the value"
                                                 : "the file must hold that one line and nothing else");
    ret->state = PROOF_WRONG;
    ret->text = pool_strdup(pool, buf_str(&text));
}

void proof_judge_file(long status, struct span body, const char *domain, const char *token, struct pool *pool,
                      struct proof *ret)
{
    const char *url = proof_url(pool, domain), *value = proof_value(pool, token);
    *ret = (struct proof){.state = PROOF_FAILED, .method = PROOF_HTTPS};
    if (status == 200) {
        judge_body(body, url, value, pool, ret);
    } else if (status == 404 || status == 410) {
        ret->state = PROOF_ABSENT;
        ret->text =
            pool_printf(pool, "%s: no such file (status %ld); publish it with the one line '%s'", url, status, value);
    } else {
        ret->text = pool_printf(
            pool, "%s: the server answers with status %ld; make it give out the file to everybody, without signing in",
            url, status);
    }
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

/*
 * The most common mistakes are worth a word: a form that adds the zone's name to what was typed, and a record at the
 * domain itself. Neither proves anything, and what goes wrong here does not matter.
 */
static void look_elsewhere(struct dns *dns, const char *domain, const char *token, struct pool *pool,
                           struct proof *proof)
{
    const char *value = proof_value(pool, token);
    const char *const places[] = {pool_printf(pool, PROOF_LABEL ".%s.%s", domain, domain), domain};
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        const char *name = places[place];
        struct dns_answer answer;
        dns_txt(dns, name, pool, &answer);
        for (size_t i = 0; answer.state == DNS_FOUND && i < answer.ntxt; i++)
            if (token_same(answer.txt[i], span_str(value)))
                proof->text = pool_printf(pool, "%s; it stands at %s instead: move it", proof->text, name);
    }
}

static int look_dns(const struct proof_policy *policy, const char *domain, const char *token, struct pool *pool,
                    struct proof *ret, struct err *err)
{
    CLEANUP(dns_free) struct dns *dns = NULL;
    if (dns_open(&policy->dns, &dns, err) != 0)
        return -1;
    struct dns_answer answer;
    dns_txt(dns, proof_record(pool, domain), pool, &answer);
    proof_judge_txt(&answer, domain, token, pool, ret);
    if (ret->state == PROOF_ABSENT)
        look_elsewhere(dns, domain, token, pool, ret);
    return 0;
}

static void look_https(const struct proof_policy *policy, const char *domain, const char *token, struct pool *pool,
                       struct proof *ret)
{
    CLEANUP(fetch_release) struct fetch_reply reply = FETCH_REPLY_INIT;
    struct fetch_policy fetch = policy->fetch;
    struct err err = ERR_INIT;
    fetch.max_bytes = PROOF_FILE_MAX;
    if (fetch_get(&fetch, proof_url(pool, domain), &reply, &err) == 0) {
        proof_judge_file(reply.status, (struct span){buf_str(&reply.body), reply.body.len}, domain, token, pool, ret);
        return;
    }
    *ret = (struct proof){.state = PROOF_FAILED, .method = PROOF_HTTPS, .text = pool_strdup(pool, err.text)};
}

/* Of two looks that proved nothing: what was not seen outweighs what was, and something wrong outweighs nothing. */
static enum proof_state weigh(enum proof_state a, enum proof_state b)
{
    return a > b ? a : b;
}

static int look_any(const struct proof_policy *policy, const char *domain, const char *token, struct pool *pool,
                    struct proof *ret, struct err *err)
{
    struct proof record, file;
    if (look_dns(policy, domain, token, pool, &record, err) != 0)
        return -1;
    if (record.state == PROOF_PROVED) {
        *ret = record;
        return 0;
    }
    look_https(policy, domain, token, pool, &file);
    *ret = file;
    if (file.state == PROOF_PROVED)
        return 0;
    *ret = record;
    ret->state = weigh(record.state, file.state);
    ret->text = pool_printf(pool, "%s\n%s", record.text, file.text);
    return 0;
}

int proof_look(const struct proof_policy *policy, const char *domain, const char *token, enum proof_method method,
               struct pool *pool, struct proof *ret, struct err *err)
{
    /* An empty token would be proved by a record that anybody's example shows. */
    if (!token_is_valid(token))
        return err_set(err, ERR_STORE, "domain '%s': its token is not one of ours; run: doorward domain challenge %s",
                       domain_display(pool, domain), domain);
    if (method == PROOF_DNS)
        return look_dns(policy, domain, token, pool, ret, err);
    if (method == PROOF_ANY)
        return look_any(policy, domain, token, pool, ret, err);
    look_https(policy, domain, token, pool, ret);
    return 0;
}
