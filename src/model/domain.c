#include "model/domain.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <libpsl.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/freemail.h"

DEFINE_CLEANUP(free_idn, char *, idn2_free)
DEFINE_CLEANUP(free_psl, psl_ctx_t *, psl_free)

/* "object: fault; remedy", with the object as it may be shown. */
static int refuse(struct err *err, enum err_kind kind, const char *text, const char *fault_and_remedy)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *shown = text_printable(pool, (struct span){text, strnlen(text, DOMAIN_MAX)});
    return err_set(err, kind, "domain '%s': %s", shown, fault_and_remedy);
}

static int refuse_input(struct err *err, const char *text, const char *fault_and_remedy)
{
    return refuse(err, ERR_INPUT, text, fault_and_remedy);
}

static bool is_ip_literal(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return text[0] == '[' || inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static const char ip_fault[] = "an IP address; write the domain name of the e-mail addresses";

/* What people paste in place of a domain name gets an answer of its own. */
static int check_text(const char *text, struct err *err)
{
    size_t n = strnlen(text, DOMAIN_INPUT_MAX + 1);
    if (n == 0)
        return refuse_input(err, text, "empty; write a name such as example.com");
    if (n > DOMAIN_INPUT_MAX)
        return refuse_input(err, text, "too long; a domain name has at most 253 characters");
    if (!text_is_clean((struct span){text, n}))
        return refuse_input(err, text, "not clean UTF-8 text; type it anew");
    if (is_ip_literal(text))
        return refuse_input(err, text, ip_fault);
    if (strstr(text, "://") || strchr(text, '/'))
        return refuse_input(err, text, "a web address; write the domain name alone, such as example.com");
    if (strchr(text, '@'))
        return refuse_input(err, text, "an e-mail address; write what stands after the @");
    return 0;
}

/*
 * libidn2's own STD3 rule drops forbidden characters ("a_b.com" becomes "ab.com"), so it is left off and kept here
 * instead.
 */
static bool is_letters_digits_hyphens(const char *label, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)label[i]) && !isdigit((unsigned char)label[i]) && label[i] != '-')
            return false;
    return label[0] != '-' && label[n - 1] != '-';
}

static const char *label_fault(const char *label, size_t n)
{
    if (n == 0)
        return "two dots in a row, or one at the start; write a name such as example.com";
    if (n > 63)
        return "a part between dots is longer than 63 characters; check how it is written";
    if (!is_letters_digits_hyphens(label, n))
        return "only letters, digits and hyphens inside each part make a domain name; check how it is written";
    return NULL;
}

static const char *name_fault(const char *name)
{
    size_t labels = 0;
    const char *last = name;
    for (const char *p = name;; p++) {
        size_t n = strcspn(p, ".");
        const char *fault = label_fault(p, n);
        if (fault)
            return fault;
        labels++;
        last = p;
        p += n;
        if (!*p)
            break;
    }
    if (labels < 2)
        return "a single word; write the whole name, such as example.com";
    if (strspn(last, "0123456789") == strlen(last))
        return "its last part is a number, so it is not a domain name; write a name such as example.com";
    if (strlen(name) > DOMAIN_MAX)
        return "longer than 253 characters; check how it is written";
    return NULL;
}

/*
 * Nearly every name is plain and needs no mapping, and a run asks for the domain of each person: this saves nine
 * tenths of the time. Two hyphens in a row may be an A-label, or one of those that IDNA reserves.
 */
static bool is_plain(const char *text)
{
    const char *p = text;
    while (isascii((unsigned char)*p) && (isalnum((unsigned char)*p) || *p == '.' || (*p == '-' && p[1] != '-')))
        p++;
    return *p == '\0';
}

static int to_alabels(const char *text, char **ret, struct err *err)
{
    if (is_plain(text)) {
        *ret = mem_strdup(text);
        text_lower_ascii(*ret);
        return 0;
    }
    CLEANUP(free_idn) char *name = NULL;
    int status = idn2_lookup_u8((const uint8_t *)text, (uint8_t **)&name, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status != IDN2_OK) {
        CLEANUP(freep)
        char *why =
            mem_printf("not a valid internationalised name (%s); check how it is written", idn2_strerror(status));
        return refuse_input(err, text, why);
    }
    *ret = mem_strdup(name);
    text_lower_ascii(*ret);
    return 0;
}

static void drop_trailing_dot(char *name)
{
    size_t n = strlen(name);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
}

int domain_normalise(const char *text, char **ret, struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    if (check_text(text, err) != 0 || to_alabels(text, &name, err) != 0)
        return -1;
    drop_trailing_dot(name);
    /* Full-width digits make an address only after mapping. */
    const char *fault = is_ip_literal(name) ? ip_fault : name_fault(name);
    if (fault)
        return refuse_input(err, text, fault);
    *ret = TAKE(name);
    return 0;
}

/*
 * Names that no registry gives out (RFC 6761, 6762, 7686, 8375, 9476). "test" stays: it is for trials, and nobody's
 * mail goes there.
 */
static const char *const reserved[] = {"invalid", "localhost", "local", "onion", "arpa", "alt"};

static bool is_reserved(const char *alabel)
{
    const char *last = strrchr(alabel, '.');
    last = last ? last + 1 : alabel;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(last, reserved[i]) == 0)
            return true;
    return false;
}

/* The list that the distribution keeps current, when it is newer than the one libpsl was built with. */
static bool is_public_suffix(const char *alabel)
{
    CLEANUP(free_psl) psl_ctx_t *psl = psl_latest(NULL);
    return psl_is_public_suffix(psl ? psl : psl_builtin(), alabel);
}

int domain_may_be_proved(const char *alabel, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *shown = domain_display(pool, alabel);
    if (strlen(alabel) > DOMAIN_PROVE_MAX)
        return refuse(err, ERR_REFUSED, shown,
                      "too long to put the challenge before it; a domain of at most 233 characters can be proved");
    if (is_reserved(alabel))
        return refuse(err, ERR_REFUSED, shown, "its ending is reserved and never registered; use a registered domain");
    if (is_public_suffix(alabel))
        return refuse(err, ERR_REFUSED, shown,
                      "a public suffix, under which anybody can register; name the organisation's own domain below it");
    const char *provider = freemail_find(alabel);
    if (!provider)
        return 0;
    return err_set(err, ERR_REFUSED,
                   "domain '%s': belongs to a mail provider (%s) where anybody can have a mailbox; use the "
                   "organisation's own domain",
                   shown, provider);
}

static int refuse_email(struct err *err, const char *email, const char *fault_and_remedy)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *shown = text_printable(pool, (struct span){email, strnlen(email, EMAIL_MAX)});
    return err_set(err, ERR_INPUT, "e-mail address '%s': %s", shown, fault_and_remedy);
}

int email_domain(const char *email, char **ret, struct err *err)
{
    size_t n = strnlen(email, DOMAIN_INPUT_MAX + 1);
    const char *at = n > DOMAIN_INPUT_MAX ? NULL : strrchr(email, '@');
    if (n > DOMAIN_INPUT_MAX)
        return refuse_email(err, email, "too long; correct it in the directory");
    if (!at || at == email || at[1] == '\0' || !text_is_clean((struct span){email, n}))
        return refuse_email(err, email, "not an address such as name@example.com; correct it in the directory");
    size_t local = (size_t)(at - email);
    if (local > EMAIL_LOCAL_MAX)
        return refuse_email(err, email, "more than 64 bytes before the @; correct it in the directory");
    /* An unquoted space, or a second @ outside quotes, is where two readers see two addresses. */
    if (email[0] != '"' && (memchr(email, ' ', local) || memchr(email, '@', local)))
        return refuse_email(err, email, "a space or a second @ in it; correct it in the directory");
    if (email[n - 1] == '.')
        return refuse_email(err, email, "ends with a dot; correct it in the directory");
    if (domain_normalise(at + 1, ret, err) != 0)
        return err_wrap(err, "e-mail address");
    return 0;
}

const char *domain_display(struct pool *pool, const char *alabel)
{
    CLEANUP(free_idn) char *name = NULL;
    if (idn2_to_unicode_8z8z(alabel, &name, 0) != IDN2_OK || !text_is_clean(span_str(name)))
        return text_printable(pool, span_str(alabel));
    return pool_strdup(pool, name);
}
