/* What a signature may be made of. All of this is looked at before a single transform runs. */
#include <stdarg.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "saml/node.h"
#include "saml/saml.h"
#include "saml/signature.h"

#define PREFIX_LIST_MAX 256

static const char EXCLUSIVE[] = "http://www.w3.org/2001/10/xml-exc-c14n#";
static const char EXCLUSIVE_COMMENTS[] = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
static const char INCLUSIVE[] = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
static const char ENVELOPED[] = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

static const struct {
    const char *uri;
    enum verify_algorithm algorithm;
} methods[] = {
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", VERIFY_RSA_SHA256},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", VERIFY_RSA_SHA384},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", VERIFY_RSA_SHA512},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", VERIFY_EC_SHA256},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", VERIFY_EC_SHA384},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", VERIFY_EC_SHA512},
};

bool signature_method(const char *uri, enum verify_algorithm *ret)
{
    for (size_t i = 0; uri && i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(uri, methods[i].uri) == 0) {
            *ret = methods[i].algorithm;
            return true;
        }
    }
    return false;
}

static const char *const digests[] = {
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
};

struct parts {
    const xmlNode *signature, *parent, *info, *c14n, *method, *reference, *transforms, *digest, *key_info;
    const char *what; /* "Assertion", "Response": for messages */
};

static int __attribute__((format(printf, 5, 6)))
refuse(const struct parts *p, enum signature_fault fault, enum signature_fault *ret_fault, struct err *err,
       const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *ret_fault = fault;
    return err_set(err, ERR_REFUSED, "signature of the %.40s: %s", p->what, text);
}

/* What the document wrote, cut and made fit for a message. */
static const char *shown(struct pool *pool, const char *value)
{
    size_t n = value ? strlen(value) : 0;
    return value ? text_printable(pool, (struct span){value, n < 200 ? n : 200}) : "(missing)";
}

/*
 * The children of a node must be exactly these, in this order; NULL in names ends them, and "?" before one makes it
 * optional.
 */
static bool has_children(const xmlNode *node, const char *const *names, const xmlNode **found)
{
    const xmlNode *child = node_first(node);
    for (size_t i = 0; names[i]; i++) {
        bool optional = names[i][0] == '?';
        found[i] = NULL;
        if (node_is(child, SAML_NS_DSIG, names[i] + optional)) {
            found[i] = child;
            child = node_after(child);
        } else if (!optional) {
            return false;
        }
    }
    return !child;
}

/*
 * KeyInfo is never used; what could make a verifier fetch or unwrap something is refused all the same, since no honest
 * sender needs it.
 */
static bool key_info_is_harmless(const xmlNode *key_info)
{
    static const char *const allowed[] = {"X509Data", "KeyName", "KeyValue"};
    for (const xmlNode *c = node_first(key_info); c; c = node_after(c)) {
        bool known = false;
        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
            known |= node_is(c, SAML_NS_DSIG, allowed[i]);
        if (!known)
            return false;
    }
    return true;
}

static int check_parts(struct parts *p, enum signature_fault *ret_fault, struct err *err)
{
    const xmlNode *found[5];
    if (!has_children(p->signature, (const char *const[]){"SignedInfo", "SignatureValue", "?KeyInfo", NULL}, found))
        return refuse(p, SIGNATURE_FORM, ret_fault, err,
                      "holds other parts than SignedInfo, SignatureValue and KeyInfo, which is how forged responses "
                      "look; capture it again, or ask who runs the identity provider");
    p->info = found[0];
    p->key_info = found[2];
    if (!key_info_is_harmless(p->key_info))
        return refuse(p, SIGNATURE_FORM, ret_fault, err,
                      "its KeyInfo tells the reader to get a key from elsewhere; have the identity provider send its "
                      "certificate (X509Data) or nothing");
    if (node_count(p->info, SAML_NS_DSIG, "Reference") != 1 ||
        !has_children(p->info, (const char *const[]){"CanonicalizationMethod", "SignatureMethod", "Reference", NULL},
                      found))
        return refuse(p, SIGNATURE_FORM, ret_fault, err,
                      "signs %zu things instead of one; the identity provider has to sign the %s alone",
                      node_count(p->info, SAML_NS_DSIG, "Reference"), p->what);
    p->c14n = found[0];
    p->method = found[1];
    p->reference = found[2];
    if (!has_children(p->reference, (const char *const[]){"?Transforms", "DigestMethod", "DigestValue", NULL}, found))
        return refuse(p, SIGNATURE_FORM, ret_fault, err,
                      "its Reference is not made as the standard says; capture it again");
    p->transforms = found[0];
    p->digest = found[1];
    return 0;
}

/*
 * Byte for byte: libxmlsec1 builds an XPointer expression out of the URI, so anything but "#ID" could select something
 * else.
 */
static int check_reference(const struct parts *p, struct pool *pool, enum signature_fault *ret_fault, struct err *err)
{
    const char *uri = node_attr(p->reference, "URI"), *id = node_attr(p->parent, "ID");
    if (!id)
        return refuse(p, SIGNATURE_REFERENCE, ret_fault, err, "the %s has no ID that could be signed; capture it again",
                      p->what);
    if (!uri || uri[0] != '#' || strcmp(uri + 1, id) != 0)
        return refuse(p, SIGNATURE_REFERENCE, ret_fault, err,
                      "is made over '%s' and not over the %s that holds it ('#%s'), which is how forged responses "
                      "look; do not trust where this came from",
                      shown(pool, uri), p->what, shown(pool, id));
    if (node_attr(p->reference, "Type"))
        return refuse(p, SIGNATURE_REFERENCE, ret_fault, err,
                      "its Reference has a Type, which is not used in SAML; capture it again");
    return 0;
}

static bool is_exclusive(const char *uri)
{
    return uri && (strcmp(uri, EXCLUSIVE) == 0 || strcmp(uri, EXCLUSIVE_COMMENTS) == 0);
}

/*
 * Exclusive canonicalisation may carry a list of prefixes. It is looked up for every element, so that a long one took
 * 20 seconds: a few are all that is ever needed.
 */
static bool is_short_list(const xmlNode *transform)
{
    const xmlNode *list = node_first(transform);
    const char *prefixes = node_attr(list, "PrefixList");
    return !list || (node_is(list, EXCLUSIVE, "InclusiveNamespaces") && !node_after(list) && prefixes &&
                     strlen(prefixes) <= PREFIX_LIST_MAX);
}

static int check_transforms(const struct parts *p, struct pool *pool, enum signature_fault *ret_fault, struct err *err)
{
    const xmlNode *found[3] = {NULL};
    static const char *const two[] = {"Transform", "Transform", NULL};
    bool right = p->transforms && has_children(p->transforms, two, found);
    const char *first = node_attr(found[0], "Algorithm"), *second = node_attr(found[1], "Algorithm");
    if (!right || !first || strcmp(first, ENVELOPED) != 0 || !is_exclusive(second) || node_first(found[0]))
        return refuse(p, SIGNATURE_TRANSFORMS, ret_fault, err,
                      "its transforms are '%s', '%s'; only enveloped-signature followed by exclusive canonicalisation "
                      "is accepted: set this at the identity provider",
                      shown(pool, first), shown(pool, second));
    if (!is_short_list(found[1]) || !is_short_list(p->c14n))
        return refuse(p, SIGNATURE_TRANSFORMS, ret_fault, err,
                      "its canonicalisation has a PrefixList of more than %d bytes, or something else beside; capture "
                      "it again, or ask who runs the identity provider",
                      PREFIX_LIST_MAX);
    return 0;
}

static int check_algorithms(const struct parts *p, struct pool *pool, struct signature_form *ret,
                            enum signature_fault *ret_fault, struct err *err)
{
    const char *c14n = node_attr(p->c14n, "Algorithm"), *method = node_attr(p->method, "Algorithm");
    const char *digest = node_attr(p->digest, "Algorithm");
    enum verify_algorithm algorithm = VERIFY_RSA_SHA256;
    bool known = signature_method(method, &algorithm);
    if (!is_exclusive(c14n) && !(c14n && strcmp(c14n, INCLUSIVE) == 0))
        return refuse(p, SIGNATURE_ALGORITHMS, ret_fault, err,
                      "canonicalisation '%s' is not accepted; use exclusive canonicalisation", shown(pool, c14n));
    if (!known || node_first(p->method))
        return refuse(p, SIGNATURE_ALGORITHMS, ret_fault, err,
                      "signature method '%s' is not accepted; set RSA or ECDSA with SHA-256 at the identity provider",
                      shown(pool, method));
    ret->key_type = verify_key_type(algorithm);
    known = false;
    for (size_t i = 0; digest && i < sizeof digests / sizeof *digests; i++)
        known |= strcmp(digest, digests[i]) == 0;
    if (!known || node_first(p->digest))
        return refuse(p, SIGNATURE_ALGORITHMS, ret_fault, err,
                      "digest method '%s' is not accepted; set SHA-256 at the identity provider", shown(pool, digest));
    return 0;
}

int signature_check_form(const xmlNode *signature, const xmlNode *parent, struct signature_form *ret,
                         enum signature_fault *ret_fault, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct parts p = {.signature = signature, .parent = parent, .what = (const char *)parent->name};
    struct signature_form form = {.key_type = CERT_KEY_OTHER};
    if (check_parts(&p, ret_fault, err) || check_reference(&p, pool, ret_fault, err) ||
        check_transforms(&p, pool, ret_fault, err) || check_algorithms(&p, pool, &form, ret_fault, err))
        return -1;
    form.certificate = node_child(node_child(p.key_info, SAML_NS_DSIG, "X509Data"), SAML_NS_DSIG, "X509Certificate");
    *ret = form;
    return 0;
}
