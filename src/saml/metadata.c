#include "saml/metadata.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/node.h"
#include "saml/saml.h"
#include "saml/xml.h"

struct reader {
    struct saml_idp *idp;
    int64_t now;
    const char **ret_code;
    struct err *err;
};

static int __attribute__((format(printf, 4, 5)))
refuse(struct reader *r, const char *code, enum err_kind kind, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->ret_code)
        *r->ret_code = code;
    return err_set(r->err, kind, "metadata: %s", text);
}

static const char *shown(struct reader *r, const char *value)
{
    size_t n = strlen(value);
    return text_printable(r->idp->pool, (struct span){value, n < 200 ? n : 200});
}

/* --- which entity ------------------------------------------------------------------------------------------------- */

static bool speaks_saml2(const xmlNode *role)
{
    const char *protocols = node_attr(role, "protocolSupportEnumeration");
    size_t n = strlen(SAML_NS_PROTOCOL);
    for (const char *p = protocols; p && (p = strstr(p, SAML_NS_PROTOCOL)); p += n)
        if ((p == protocols || memchr(" \t\r\n", p[-1], 4)) && (!p[n] || memchr(" \t\r\n", p[n], 4)))
            return true;
    return false;
}

/* The role as identity provider of one entity; *count grows by every one found. */
static xmlNode *find_role(const xmlNode *entity, size_t *count)
{
    xmlNode *found = NULL;
    for (xmlNode *n = node_child(entity, SAML_NS_METADATA, "IDPSSODescriptor"); n;
         n = node_sibling(n, SAML_NS_METADATA, "IDPSSODescriptor")) {
        if (speaks_saml2(n)) {
            found = n;
            ++*count;
        }
    }
    return found;
}

static int find_idp(struct reader *r, xmlNode *root, xmlNode **ret)
{
    size_t count = 0;
    bool right_root =
        node_is(root, SAML_NS_METADATA, "EntityDescriptor") || node_is(root, SAML_NS_METADATA, "EntitiesDescriptor");
    if (!right_root)
        return refuse(
            r, "root", ERR_INPUT,
            "its root element is '%s' and not an EntityDescriptor; export the metadata of the identity provider",
            shown(r, (const char *)root->name));
    for (xmlNode *n = root; n; n = node_next(n, root)) {
        if (node_is(n, SAML_NS_METADATA, "EntityDescriptor")) {
            xmlNode *role = find_role(n, &count);
            if (role)
                *ret = role;
        }
    }
    if (count == 0)
        return refuse(r, "no-idp", ERR_INPUT,
                      "describes no identity provider for SAML 2.0; a service provider's metadata may have been taken "
                      "instead: export that of the identity provider");
    if (count > 1)
        return refuse(r, "several-idps", ERR_REFUSED,
                      "describes %zu identity providers, and which one is meant cannot be known; keep only the "
                      "EntityDescriptor of yours",
                      count);
    return 0;
}

static int read_entity_id(struct reader *r, const xmlNode *entity)
{
    const char *id = node_attr(entity, "entityID");
    if (!id || !*id || strlen(id) > SAML_ENTITY_ID_MAX || !text_is_clean(span_str(id)))
        return refuse(r, "entity-id", ERR_INPUT,
                      "its entityID is missing, longer than %d bytes or not clean text; export it again",
                      SAML_ENTITY_ID_MAX);
    r->idp->entity_id = pool_strdup(r->idp->pool, id);
    return 0;
}

/* The earliest validUntil from the role up to the root counts. */
static int read_validity(struct reader *r, const xmlNode *role)
{
    char text[CLOCK_TEXT_MAX];
    for (const xmlNode *n = role; n && n->type == XML_ELEMENT_NODE; n = n->parent) {
        int64_t until;
        const char *value = node_attr(n, "validUntil");
        if (!value)
            continue;
        if (clock_parse(span_str(value), &until))
            return refuse(r, "valid-until", ERR_INPUT,
                          "validUntil '%s' is not a time like 2030-01-31T00:00:00Z; export it again", shown(r, value));
        if (until <= r->now)
            return refuse(r, "expired", ERR_REFUSED,
                          "it was valid until %s and is no longer; get the identity provider's current metadata",
                          clock_format(until, text));
        if (!r->idp->valid_until || until < r->idp->valid_until)
            r->idp->valid_until = until;
    }
    return 0;
}

/* --- endpoints ---------------------------------------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        size_t n = strlen(hosts[i]);
        if (strncasecmp(host, hosts[i], n) == 0 && strchr(":/?", host[n])) /* strchr finds the final NUL too */
            return true;
    }
    return false;
}

static bool location_is_safe(const char *url)
{
    if (!url || strlen(url) > 2048 || !text_is_clean(span_str(url)) || strpbrk(url, " \"<>\\^`{|}"))
        return false;
    if (strncasecmp(url, "https://", 8) == 0)
        return url[8] && !strchr("/?#:@", url[8]);
    return strncasecmp(url, "http://", 7) == 0 && is_loopback(url + 7);
}

static int read_endpoints(struct reader *r, const xmlNode *role, const char *name, struct saml_endpoint **list,
                          size_t *n)
{
    struct pool *pool = r->idp->pool;
    *list = pool_zero(pool, (node_count(role, SAML_NS_METADATA, name) + 1) * sizeof **list);
    for (xmlNode *e = node_child(role, SAML_NS_METADATA, name); e; e = node_sibling(e, SAML_NS_METADATA, name)) {
        const char *binding = node_attr(e, "Binding"), *location = node_attr(e, "Location");
        const char *answer = node_attr(e, "ResponseLocation");
        if (!binding || !text_is_clean(span_str(binding)))
            return refuse(r, "endpoint", ERR_INPUT, "a %s has no Binding; export it again", name);
        if (!location_is_safe(location) || (answer && !location_is_safe(answer)))
            return refuse(r, "endpoint", ERR_REFUSED,
                          "the location '%s' of a %s is not an https:// address; set one at the identity provider",
                          !location                    ? ""
                          : location_is_safe(location) ? shown(r, answer)
                                                       : shown(r, location),
                          name);
        (*list)[(*n)++] = (struct saml_endpoint){pool_strdup(pool, binding), pool_strdup(pool, location),
                                                 answer ? pool_strdup(pool, answer) : NULL};
    }
    return 0;
}

static const char *find_location(const struct saml_endpoint *list, size_t n, const char *binding)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].binding, binding) == 0)
            return list[i].location;
    return NULL;
}

static int read_all_endpoints(struct reader *r, const xmlNode *role)
{
    struct saml_idp *idp = r->idp;
    if (read_endpoints(r, role, "SingleSignOnService", &idp->sso, &idp->nsso) ||
        read_endpoints(r, role, "SingleLogoutService", &idp->slo, &idp->nslo))
        return -1;
    if (!metadata_sso(idp, SAML_BINDING_POST) && !metadata_sso(idp, SAML_BINDING_REDIRECT))
        return refuse(
            r, "no-endpoint", ERR_INPUT,
            "names no SingleSignOnService over HTTP-POST or HTTP-Redirect; switch one on at the identity provider");
    return 0;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static bool has_key(const struct saml_idp *idp, const char *fingerprint)
{
    for (size_t i = 0; i < idp->nkeys; i++)
        if (strcmp(idp->keys[i].cert.fingerprint, fingerprint) == 0)
            return true;
    return false;
}

static int read_certificate(struct reader *r, const xmlNode *node)
{
    CLEANUP(buf_release) struct buf der = BUF_INIT;
    CLEANUP(saml_key_release) struct saml_key key = {0};
    struct saml_idp *idp = r->idp;
    const char *text = node_text(idp->pool, node);
    struct err why = ERR_INIT;
    if (!text || saml_base64_decode(span_str(text), &der))
        return refuse(r, "certificate", ERR_INPUT, "line %ld: a certificate is not base64; export it again",
                      xmlGetLineNo(node));
    if (saml_key_open((struct span){der.data, der.len}, &key, &why))
        return refuse(r, why.kind == ERR_REFUSED ? "weak-key" : "certificate", why.kind, "line %ld: %s",
                      xmlGetLineNo(node), why.text);
    if (has_key(idp, key.cert.fingerprint))
        return 0;
    if (idp->nkeys == SAML_METADATA_KEYS)
        return refuse(r, "many-keys", ERR_REFUSED,
                      "lists more than %d signing certificates; remove the retired ones at the identity provider",
                      SAML_METADATA_KEYS);
    idp->keys[idp->nkeys++] = key;
    key = (struct saml_key){0};
    return 0;
}

static bool is_for_signing(const xmlNode *descriptor)
{
    const char *use = node_attr(descriptor, "use");
    return !use || strcmp(use, "signing") == 0;
}

/*
 * Of each X509Data the first certificate: what may follow is the chain that issued it, and a CA does not sign
 * responses.
 */
static int read_keys_of(struct reader *r, const xmlNode *descriptor)
{
    const xmlNode *info = node_child(descriptor, SAML_NS_DSIG, "KeyInfo");
    for (xmlNode *d = node_child(info, SAML_NS_DSIG, "X509Data"); d; d = node_sibling(d, SAML_NS_DSIG, "X509Data")) {
        const xmlNode *certificate = node_child(d, SAML_NS_DSIG, "X509Certificate");
        if (certificate && read_certificate(r, certificate))
            return -1;
    }
    return 0;
}

static int read_keys(struct reader *r, const xmlNode *role)
{
    r->idp->keys = pool_zero(r->idp->pool, SAML_METADATA_KEYS * sizeof *r->idp->keys);
    for (xmlNode *d = node_child(role, SAML_NS_METADATA, "KeyDescriptor"); d;
         d = node_sibling(d, SAML_NS_METADATA, "KeyDescriptor"))
        if (is_for_signing(d) && read_keys_of(r, d))
            return -1;
    if (r->idp->nkeys == 0)
        return refuse(r, "no-key", ERR_REFUSED,
                      "holds no signing certificate, so that nothing the identity provider says could be verified; "
                      "export it with its certificate");
    return 0;
}

static int read_all(struct reader *r, xmlNode *root)
{
    xmlNode *role = NULL;
    if (find_idp(r, root, &role) || read_entity_id(r, role->parent) || read_validity(r, role) ||
        read_all_endpoints(r, role) || read_keys(r, role))
        return -1;
    const char *signed_requests = node_attr(role, "WantAuthnRequestsSigned");
    r->idp->wants_signed_requests =
        signed_requests && (strcmp(signed_requests, "true") == 0 || strcmp(signed_requests, "1") == 0);
    return 0;
}

static int check_signed(const xmlDoc *doc, const struct saml_key *signers, size_t n, struct err *err)
{
    xmlNode *root = xmlDocGetRootElement(doc), *signature = node_child(root, SAML_NS_DSIG, "Signature");
    const struct saml_key *signer;
    enum signature_fault fault;
    if (node_count(root, SAML_NS_DSIG, "Signature") != 1)
        return err_set(err, ERR_REFUSED,
                       "metadata: its root element is not signed, or more than once; publish it signed, or take "
                       "metadata-signer-file out");
    return signature_verify(signature, root, signers, n, &signer, &fault, err) == 0 ? 0 : err_wrap(err, "metadata");
}

/* signers NULL: whoever made it. */
static int read_document(struct span document, int64_t now, const struct saml_key *signers, size_t n,
                         struct saml_idp **ret, const char **ret_code, struct err *err)
{
    static const char *const codes[] = {
        [XML_FAULT_SYNTAX] = "xml", [XML_FAULT_CONTENT] = "xml-plain", [XML_FAULT_ID] = "ids"};
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    CLEANUP(metadata_free) struct saml_idp *idp = mem_zero(sizeof *idp);
    enum xml_fault fault = XML_FAULT_NONE;
    idp->pool = pool_new();
    struct reader r = {.idp = idp, .now = now, .ret_code = ret_code, .err = err};
    if (xml_read(document, SAML_METADATA_MAX, &doc, &fault, err)) {
        if (ret_code)
            *ret_code = codes[fault];
        return err_wrap(err, "metadata");
    }
    if ((signers && check_signed(doc, signers, n, err) != 0) || read_all(&r, xmlDocGetRootElement(doc)))
        return -1;
    digest_hex_of(document.p, document.n, idp->digest);
    *ret = TAKE(idp);
    return 0;
}

int metadata_read(struct span document, int64_t now, struct saml_idp **ret, const char **ret_code, struct err *err)
{
    return read_document(document, now, NULL, 0, ret, ret_code, err);
}

int metadata_read_signed(struct span document, int64_t now, const struct saml_key *signers, size_t n,
                         struct saml_idp **ret, struct err *err)
{
    return read_document(document, now, signers, n, ret, NULL, err);
}

struct saml_idp *metadata_share(struct saml_idp *idp)
{
    atomic_fetch_add(&idp->shares, 1);
    return idp;
}

void metadata_free(struct saml_idp **idp)
{
    if (!*idp)
        return;
    if (atomic_fetch_sub(&(*idp)->shares, 1) != 0) {
        *idp = NULL;
        return;
    }
    for (size_t i = 0; i < (*idp)->nkeys; i++)
        saml_key_release(&(*idp)->keys[i]);
    pool_free(&(*idp)->pool);
    free(*idp);
    *idp = NULL;
}

const char *metadata_sso(const struct saml_idp *idp, const char *binding)
{
    return find_location(idp->sso, idp->nsso, binding);
}

const char *metadata_slo(const struct saml_idp *idp, const char *binding)
{
    return find_location(idp->slo, idp->nslo, binding);
}

const char *metadata_slo_answer(const struct saml_idp *idp, const char *binding)
{
    for (size_t i = 0; i < idp->nslo; i++)
        if (strcmp(idp->slo[i].binding, binding) == 0)
            return idp->slo[i].answer ? idp->slo[i].answer : idp->slo[i].location;
    return NULL;
}
