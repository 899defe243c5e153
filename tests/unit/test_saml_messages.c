/*
 * What we send: our metadata and requests, verified by the xmlsec1 program and by our own reader; and the Redirect binding, there and
 * back. Needs xmlsec1 on the PATH.
 */
#include <check.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "saml/base64.h"
#include "saml/binding.h"
#include "saml/node.h"
#include "saml/request.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "saml/write.h"
#include "saml/xml.h"
#include "suite.h"

#define TEST_BITS 2048 /* the least that is taken: quick to make */

#define ENTITY "https://signin.example.com/saml/metadata/adfs?a=1&b=\"2\""
#define ACS    "https://signin.example.com/saml/acs/adfs"
#define IDP    "https://idp.example.com/sso?tenant=1"

static char dir[256];
static struct pool *pool;
static struct keypair *key, *next;
static struct saml_key trusted;

static const char *path(const char *name)
{
    return pool_printf(pool, "%s/%s", dir, name);
}

static struct keypair *make(const char *name)
{
    struct keypair *pair = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(keypair_make(path(name), "Doorward", TEST_BITS, 30, clock_now(), &err) == 0, "%s", err.text);
    ck_assert_msg(keypair_read(path(name), &pair, &err) == 0, "%s", err.text);
    return pair;
}

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    snprintf(dir, sizeof dir, "%s/doorward-messages-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(saml_init(&err), 0);
    key = make("key.pem");
    next = make("next.pem");
    const struct cert *cert = keypair_cert(key);
    ck_assert_int_eq(saml_key_open((struct span){(const char *)cert->der, cert->der_len}, &trusted, &err), 0);
}

static void teardown(void)
{
    static const char *const made[] = {"key.pem", "next.pem", "signed.xml"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(path(made[i]));
    rmdir(dir);
    saml_key_release(&trusted);
    keypair_free(&key);
    keypair_free(&next);
    saml_shutdown();
    pool_free(&pool);
}

/* Exit status of the xmlsec1 program over what we signed. */
static int xmlsec1_verifies(const struct buf *xml, const char *root)
{
    struct err err = ERR_INIT;
    ck_assert_int_eq(file_replace(path("signed.xml"), xml->data, xml->len, 0600, &err), 0);
    pid_t child = fork();
    if (child == 0) {
        int out = open("/dev/null", O_WRONLY);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execlp("xmlsec1", "xmlsec1", "--verify", "--pubkey-cert-pem", path("key.pem"), "--id-attr:ID", root,
               path("signed.xml"), (char *)NULL);
        _exit(127);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void metadata(struct buf *ret)
{
    struct err err = ERR_INIT;
    const struct keypair *const keys[] = {key, next};
    const struct saml_sp sp = {.entity_id = ENTITY,
                               .acs_url = ACS,
                               .slo_url = "https://signin.example.com/saml/slo/adfs",
                               .organization = "예시 <디자인> & Söhne",
                               .contact = "it@example.com",
                               .keys = keys,
                               .nkeys = 2,
                               .now = clock_now(),
                               .valid_days = 14};
    ck_assert_msg(saml_sp_metadata(&sp, ret, &err) == 0, "%s", err.text);
}

START_TEST(our_metadata_is_signed_and_names_both_keys)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    struct err err = ERR_INIT;
    metadata(&xml);
    ck_assert_msg(xmlsec1_verifies(&xml, SAML_NS_METADATA ":EntityDescriptor") == 0, "%s", xml.data);
    ck_assert_int_eq(xml_read((struct span){xml.data, xml.len}, SAML_METADATA_MAX, &doc, NULL, &err), 0);
    const xmlNode *root = xmlDocGetRootElement(doc);
    ck_assert_str_eq(node_attr(root, "entityID"), ENTITY);
    ck_assert_str_eq(node_attr(root, "cacheDuration"), "PT6H");
    ck_assert_ptr_nonnull(node_attr(root, "validUntil"));
    const xmlNode *role = node_child(root, SAML_NS_METADATA, "SPSSODescriptor");
    ck_assert_uint_eq(node_count(role, SAML_NS_METADATA, "KeyDescriptor"), 4); /* two to sign, two to encrypt */
    ck_assert_str_eq(node_attr(node_child(role, SAML_NS_METADATA, "AssertionConsumerService"), "Location"), ACS);
    const xmlNode *org = node_child(root, SAML_NS_METADATA, "Organization");
    ck_assert_str_eq(node_text(pool, node_child(org, SAML_NS_METADATA, "OrganizationName")), "예시 <디자인> & Söhne");
}
END_TEST

START_TEST(a_changed_byte_of_it_is_found)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    metadata(&xml);
    char *at = strstr(xml.data, "saml/acs/adfs");
    ck_assert_ptr_nonnull(at);
    at[5] = 'b';
    ck_assert_int_ne(xmlsec1_verifies(&xml, SAML_NS_METADATA ":EntityDescriptor"), 0);
}
END_TEST

static const struct saml_request request = {.id = "_r1",
                                            .entity_id = ENTITY,
                                            .acs_url = ACS,
                                            .destination = IDP,
                                            .context = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
                                            .force_authn = true,
                                            .now = 1893456000};

START_TEST(a_request_by_post_is_signed_within)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    struct err err = ERR_INIT;
    const struct saml_key *signer = NULL;
    enum signature_fault fault;
    ck_assert_int_eq(saml_authn_request(&request, key, &xml, &err), 0);
    ck_assert_int_eq(xmlsec1_verifies(&xml, SAML_NS_PROTOCOL ":AuthnRequest"), 0);
    ck_assert_int_eq(xml_read((struct span){xml.data, xml.len}, SAML_RESPONSE_MAX, &doc, NULL, &err), 0);
    xmlNode *root = xmlDocGetRootElement(doc), *signature = node_child(root, SAML_NS_DSIG, "Signature");
    ck_assert_msg(signature_verify(signature, root, &trusted, 1, &signer, &fault, &err) == 0, "%s", err.text);
    ck_assert_str_eq(node_attr(root, "ForceAuthn"), "true");
    ck_assert_str_eq(node_attr(root, "IssueInstant"), "2030-01-01T00:00:00Z");
    ck_assert_str_eq(node_text(pool, node_first(root)), ENTITY); /* the Issuer, and the signature right behind it */
    ck_assert_ptr_eq(node_after(node_first(root)), signature);
}
END_TEST

/* The query of a redirect that carries the request. */
static struct span redirect(const char *relay_state, const struct keypair *with)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    struct err err = ERR_INIT;
    ck_assert_int_eq(saml_authn_request(&request, NULL, &xml, &err), 0);
    ck_assert_int_eq(
        saml_redirect_write(IDP, SAML_REQUEST, (struct span){xml.data, xml.len}, relay_state, with, &url, &err), 0);
    ck_assert_int_eq(strncmp(url.data, IDP "&SAMLRequest=", strlen(IDP) + 13), 0);
    return span_str(pool_strdup(pool, url.data + strlen(IDP) + 1));
}

static int read_and_verify(struct span query, const char *fault)
{
    struct saml_redirect message;
    const struct saml_key *signer = NULL;
    struct err err = ERR_INIT;
    int r = saml_redirect_read(pool, query, SAML_RESPONSE_MAX, &message, &err);
    if (r == 0)
        r = saml_redirect_verify(&message, &trusted, 1, &signer, &err);
    if (fault)
        ck_assert_msg(r != 0 && strstr(err.text, fault), "%s instead of %s", err.text, fault);
    return r;
}

START_TEST(a_redirect_comes_back_as_it_went)
{
    struct saml_redirect message;
    const struct saml_key *signer = NULL;
    struct err err = ERR_INIT;
    struct span query = redirect("handle & more", key);
    ck_assert_msg(saml_redirect_read(pool, query, SAML_RESPONSE_MAX, &message, &err) == 0, "%s", err.text);
    ck_assert_msg(saml_redirect_verify(&message, &trusted, 1, &signer, &err) == 0, "%s", err.text);
    ck_assert_ptr_eq(signer, &trusted);
    ck_assert_str_eq(message.relay_state, "handle & more");
    ck_assert_int_eq(message.direction, SAML_REQUEST);
    ck_assert_int_eq(strncmp(message.xml.p, "<samlp:AuthnRequest", 19), 0);
    /* The order in the query is the sender's; that of the signature is the standard's. */
    const char *sig_alg = strstr(query.p, "&SigAlg");
    const char *turned = pool_printf(pool, "%s&%.*s", sig_alg + 1, (int)(sig_alg - query.p), query.p);
    ck_assert_int_eq(read_and_verify(span_str(turned), NULL), 0);
}
END_TEST

static struct span replaced(struct span s, const char *what, const char *with)
{
    const char *at = strstr(s.p, what);
    ck_assert_ptr_nonnull(at);
    return span_str(pool_printf(pool, "%.*s%s%s", (int)(at - s.p), s.p, with, at + strlen(what)));
}

START_TEST(a_redirect_that_is_not_right_is_refused)
{
    struct span good = redirect("handle", key), longest = redirect(NULL, key);
    read_and_verify(redirect("handle", NULL), "not signed");
    read_and_verify(redirect("handle", next), "not signed with a trusted");
    read_and_verify(replaced(good, "RelayState=handle", "RelayState=other"), "not signed with a trusted");
    read_and_verify(replaced(good, "RelayState=handle", "RelayState=%68andle"),
                    "not signed with a trusted"); /* other octets */
    read_and_verify(replaced(good, "RelayState=handle", "RelayState=handle&RelayState=handle"), "twice");
    read_and_verify(replaced(good, "&RelayState", "&SAMLResponse=abc&RelayState"), "twice");
    read_and_verify(replaced(good, "RelayState=handle", "RelayState=%00"), "encoded");
    read_and_verify(replaced(good, "RelayState=handle", "RelayState=%4"), "encoded");
    read_and_verify(replaced(good, "rsa-sha256", "rsa-sha1"), "algorithm");
    read_and_verify(replaced(good, "&SigAlg", "&SAMLEncoding=x&SigAlg"), "encoding of its own");
    read_and_verify(replaced(good, "&Signature=", "&Other="), "only in part");
    read_and_verify(replaced(good, "SAMLRequest=", "SAMLRequest=!"), "base64");
    read_and_verify(replaced(good, "SAMLRequest=", "SAMLRequest=AAAA"), "deflated");
    read_and_verify(span_str("RelayState=x"), "none in the query");
    read_and_verify(span_str(""), "none in the query");
    ck_assert_int_eq(read_and_verify(longest, NULL), 0);
}
END_TEST

/* A megabyte of zeros is a kilobyte on the wire. */
START_TEST(a_bomb_stops_at_the_limit)
{
    CLEANUP(buf_release) struct buf zeros = BUF_INIT;
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    struct err err = ERR_INIT;
    memset(buf_reserve(&zeros, 1 << 20), ' ', 1 << 20);
    zeros.len = 1 << 20;
    ck_assert_int_eq(
        saml_redirect_write("x", SAML_REQUEST, (struct span){zeros.data, zeros.len}, NULL, key, &url, &err), 0);
    read_and_verify(span_str(url.data + 2), "larger than 256 KiB");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saml messages");
    TCase *tc = tcase_create("messages");
    tcase_add_unchecked_fixture(tc, setup, teardown); /* once: keys take a while to make */
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, our_metadata_is_signed_and_names_both_keys);
    tcase_add_test(tc, a_changed_byte_of_it_is_found);
    tcase_add_test(tc, a_request_by_post_is_signed_within);
    tcase_add_test(tc, a_redirect_comes_back_as_it_went);
    tcase_add_test(tc, a_redirect_that_is_not_right_is_refused);
    tcase_add_test(tc, a_bomb_stops_at_the_limit);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
