/*
 * Single logout: every rule that a message has to meet, over both bindings, signed after it was made wrong, so that it is refused for that alone;
 * and what we write ourselves, read back.
 */
#include <check.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "saml/base64.h"
#include "saml/logout.h"
#include "saml/saml.h"
#include "saml/write.h"
#include "suite.h"

#define IDP "https://idp.example.com/saml"
#define SLO "https://signin.example.com/saml/slo/adfs"

static char dir[256];
static struct pool *pool;
static struct keypair *key, *stranger;
static struct saml_idp *idp;
static int64_t now;

static struct keypair *make(const char *name)
{
    struct keypair *pair = NULL;
    struct err err = ERR_INIT;
    const char *path = pool_printf(pool, "%s/%s", dir, name);
    ck_assert_msg(keypair_make(path, "Idp", 2048, 30, now, &err) == 0, "%s", err.text);
    ck_assert_msg(keypair_read(path, &pair, &err) == 0, "%s", err.text);
    unlink(path);
    return pair;
}

static void setup(void)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    struct err err = ERR_INIT;
    pool = pool_new();
    now = clock_now();
    snprintf(dir, sizeof dir, "%s/doorward-logout-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(saml_init(&err), 0);
    key = make("key.pem");
    stranger = make("stranger.pem");
    const struct cert *cert = keypair_cert(key);
    buf_adds(&xml, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" entityID=\"" IDP
                   "\"><md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL
                   "\"><md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\"><ds:X509Data><ds:X509Certificate>");
    saml_base64_encode((struct span){(const char *)cert->der, cert->der_len}, &xml);
    buf_adds(&xml, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
                   "<md:SingleLogoutService Binding=\"" SAML_BINDING_POST "\" Location=\"https://idp.example.com/slo\""
                   " ResponseLocation=\"https://idp.example.com/slo/answer\"/><md:SingleSignOnService Binding=\"" SAML_BINDING_POST
                   "\" Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>");
    ck_assert_msg(metadata_read((struct span){xml.data, xml.len}, now, &idp, NULL, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    rmdir(dir);
    metadata_free(&idp);
    keypair_free(&key);
    keypair_free(&stranger);
    saml_shutdown();
    pool_free(&pool);
}

/* --- messages of theirs --------------------------------------------------------------------------------------------------- */

static const char *at(int64_t offset)
{
    char text[CLOCK_TEXT_MAX];
    return pool_strdup(pool, clock_format(now + offset, text));
}

static const char *request_text(void)
{
    return pool_printf(pool,
                       "<samlp:LogoutRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
                       "\" ID=\"_l1\" Version=\"2.0\" IssueInstant=\"%s\" NotOnOrAfter=\"%s\" Destination=\"" SLO
                       "\"><saml:Issuer>" IDP "</saml:Issuer><saml:NameID Format=\"" SAML_NAMEID_PERSISTENT
                       "\">alice-4711</saml:NameID><samlp:SessionIndex>s1</samlp:SessionIndex>"
                       "<samlp:SessionIndex>s2</samlp:SessionIndex></samlp:LogoutRequest>",
                       at(0), at(300));
}

static const char *response_text(void)
{
    return pool_printf(pool,
                       "<samlp:LogoutResponse xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
                       "\" ID=\"_l2\" Version=\"2.0\" IssueInstant=\"%s\" Destination=\"" SLO
                       "\" InResponseTo=\"_ours\"><saml:Issuer>" IDP "</saml:Issuer><samlp:Status><samlp:StatusCode "
                       "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status></samlp:LogoutResponse>",
                       at(0));
}

static const char *changed(const char *text, const char *from, const char *to)
{
    const char *found = strstr(text, from);
    ck_assert_msg(found != NULL, "no '%s'", from);
    return pool_printf(pool, "%.*s%s%s", (int)(found - text), text, to, found + strlen(from));
}

static struct saml_logout_policy policy(void)
{
    return (struct saml_logout_policy){.idp = idp, .slo_url = SLO, .now = now, .skew = 180, .in_response_to = "_ours"};
}

static int by_redirect(const char *text, enum saml_direction direction, const struct keypair *with,
                       const struct saml_logout_policy *policy, struct saml_logout *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    const char *relay;
    ck_assert_int_eq(saml_redirect_write("x", direction, span_str(text), "handle", with, &url, err), 0);
    return saml_logout_redirect(pool, span_str(pool_strdup(pool, url.data + 2)), policy, ret, &relay, err);
}

static int by_post(const char *text, enum saml_direction direction, const struct keypair *with,
                   const struct saml_logout_policy *policy, struct saml_logout *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    buf_adds(&xml, text);
    const char *end = strstr(text, "</saml:Issuer>"), *id = strstr(text, "ID=\"_l1\"") ? "_l1" : "_l2";
    if (with && end && strstr(text, pool_printf(pool, "ID=\"%s\"", id)))
        ck_assert_int_eq(saml_sign(&xml, (size_t)(end - text) + 14, id, with, err), 0);
    return saml_logout_post(pool, direction, (struct span){xml.data, xml.len}, policy, ret, err);
}

/* fault NULL: accepted. */
static void expect(const char *text, enum saml_direction direction, const struct keypair *with,
                   const struct saml_logout_policy *policy, const char *fault)
{
    static int (*const ways[])(const char *, enum saml_direction, const struct keypair *,
                               const struct saml_logout_policy *, struct saml_logout *, struct err *) = {by_redirect,
                                                                                                         by_post};
    for (size_t i = 0; i < 2; i++) {
        struct saml_logout logout;
        struct err err = ERR_INIT;
        int r = ways[i](text, direction, with, policy, &logout, &err);
        if (fault)
            ck_assert_msg(r == -1 && strstr(err.text, fault), "way %zu: %d '%s' instead of '%s'", i, r, err.text, fault);
        else
            ck_assert_msg(r == 0, "way %zu: %s", i, err.text);
    }
}

START_TEST(a_request_is_read)
{
    struct saml_logout logout;
    struct err err = ERR_INIT;
    struct saml_logout_policy rules = policy();
    expect(request_text(), SAML_REQUEST, key, &rules, NULL);
    ck_assert_int_eq(by_post(request_text(), SAML_REQUEST, key, &rules, &logout, &err), 0);
    ck_assert_str_eq(logout.id, "_l1");
    ck_assert_str_eq(logout.name_id, "alice-4711");
    ck_assert_str_eq(logout.name_id_format, SAML_NAMEID_PERSISTENT);
    ck_assert_uint_eq(logout.nsessions, 2);
    ck_assert_str_eq(logout.sessions[1], "s2");
    ck_assert_int_eq(logout.expires, now + 300 + 180);
    expect(changed(request_text(), "<samlp:SessionIndex>s1</samlp:SessionIndex>", ""), SAML_REQUEST, key, &rules, NULL);
}
END_TEST

START_TEST(a_request_that_is_not_right_is_refused)
{
    struct saml_logout_policy rules = policy();
    const struct {
        const char *from, *to, *fault;
    } cases[] = {
        {"Version=\"2.0\"", "Version=\"1.1\"", "its Version"},
        {"Version=\"2.0\" ", "", "its Version"},
        {">" IDP "<", ">https://evil.example<", "its issuer"},
        {"<saml:Issuer>" IDP "</saml:Issuer>", "<saml:Issuer>" IDP "</saml:Issuer><saml:Issuer>" IDP "</saml:Issuer>",
         "its issuer"},
        {SLO, SLO "/x", "its destination"},
        {" Destination=\"" SLO "\"", "", "its destination"},
        {"IssueInstant=\"", "x=\"", "IssueInstant '(missing)'"},
        {at(0), "yesterday", "IssueInstant 'yesterday'"},
        {at(0), at(181), "check the clocks"},
        {at(0), at(-SAML_LOGOUT_AGE - 180), "it expired"},
        {at(300), at(-180), "it expired"},
        {at(300), "never", "NotOnOrAfter 'never'"},
        {"<saml:NameID", "<saml:NameID>bob</saml:NameID><saml:NameID", "exactly one person"},
        {"alice-4711", "alice<x/>", "exactly one person"},
        {"alice-4711", "", "exactly one person"},
        {"<saml:NameID Format=\"" SAML_NAMEID_PERSISTENT "\">alice-4711</saml:NameID>", "", "exactly one person"},
        {"<saml:NameID", "<saml:EncryptedID/><saml:NameID", "is encrypted"},
        {">s1<", "><", "SessionIndex"},
        {">s1<", "><a/><", "SessionIndex"},
        {"alice-4711", "alice<!-- -->4711", "comment"},
        {"<samlp:LogoutRequest ", "<!DOCTYPE a><samlp:LogoutRequest ", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* What cannot be parsed cannot be signed within, either: it is refused before its signature is looked at. */
        bool plain = strstr(cases[i].to, "<!") != NULL;
        struct saml_logout logout;
        struct err err = ERR_INIT;
        const char *text = changed(request_text(), cases[i].from, cases[i].to);
        if (!plain) {
            expect(text, SAML_REQUEST, key, &rules, cases[i].fault);
            continue;
        }
        ck_assert_int_eq(by_redirect(text, SAML_REQUEST, key, &rules, &logout, &err), -1);
        ck_assert_msg(strstr(err.text, "never reads") != NULL, "%s", err.text);
        ck_assert_int_eq(by_post(text, SAML_REQUEST, NULL, &rules, &logout, &err), -1);
    }
    expect(changed(changed(request_text(), "samlp:LogoutRequest ", "samlp:AuthnRequest "), "/samlp:LogoutRequest", "/samlp:AuthnRequest"),
           SAML_REQUEST, key, &rules, "its root element");
    expect(response_text(), SAML_REQUEST, key, &rules, "its root element");
    expect(request_text(), SAML_RESPONSE, key, &rules, "its root element");
}
END_TEST

START_TEST(a_message_has_to_be_signed_by_the_identity_provider)
{
    struct saml_logout_policy rules = policy();
    struct saml_logout logout;
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf xml = BUF_INIT;
    expect(request_text(), SAML_REQUEST, NULL, &rules, "it is not signed");
    expect(request_text(), SAML_REQUEST, stranger, &rules, "not ");
    buf_adds(&xml, request_text());
    ck_assert_int_eq(saml_sign(&xml, (size_t)(strstr(xml.data, "</saml:Issuer>") - xml.data) + 14, "_l1", key, &err), 0);
    ck_assert_int_eq(by_post(changed(xml.data, "alice-4711", "mallory"), SAML_REQUEST, NULL, &rules, &logout, &err), -1);
    ck_assert_msg(strstr(err.text, "changed after signing") != NULL, "%s", err.text);
    /* Around a request that they signed, another one. */
    const char *inner = pool_strdup(pool, xml.data);
    const char *around = changed(changed(request_text(), "\"_l1\"", "\"_evil\""), "<saml:NameID",
                                 pool_printf(pool, "<samlp:Extensions>%s</samlp:Extensions><saml:NameID", inner));
    ck_assert_int_eq(saml_logout_post(pool, SAML_REQUEST, span_str(around), &rules, &logout, &err), -1);
    ck_assert_msg(strstr(err.text, "stands elsewhere") != NULL, "%s", err.text);
    /* Signed within, in a URL. */
    ck_assert_int_eq(by_redirect(xml.data, SAML_REQUEST, key, &rules, &logout, &err), -1);
    ck_assert_msg(strstr(err.text, "signature within") != NULL, "%s", err.text);
    rules.now = keypair_cert(key)->not_after + 1;
    expect(request_text(), SAML_REQUEST, key, &rules, "not valid now");
}
END_TEST

START_TEST(a_response_answers_our_request)
{
    struct saml_logout_policy rules = policy();
    struct saml_logout logout;
    struct err err = ERR_INIT;
    expect(response_text(), SAML_RESPONSE, key, &rules, NULL);
    ck_assert_int_eq(by_post(response_text(), SAML_RESPONSE, key, &rules, &logout, &err), 0);
    ck_assert(logout.done);
    const char *partly = changed(response_text(), "Success\"/>",
                                 "Success\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:PartialLogout\"/></samlp:StatusCode>");
    ck_assert_int_eq(by_post(partly, SAML_RESPONSE, key, &rules, &logout, &err), 0);
    ck_assert(!logout.done && strstr(logout.status, "PartialLogout"));
    expect(changed(response_text(), "_ours", "_other"), SAML_RESPONSE, key, &rules, "it answers the request '_other'");
    expect(changed(response_text(), " InResponseTo=\"_ours\"", ""), SAML_RESPONSE, key, &rules, "it answers the request '(missing)'");
    expect(changed(response_text(), "<samlp:Status>", "<samlp:Status/><samlp:Status>"), SAML_RESPONSE, key, &rules, "status");
    rules.in_response_to = NULL;
    expect(response_text(), SAML_RESPONSE, key, &rules, "none was sent");
}
END_TEST

/* --- ours ---------------------------------------------------------------------------------------------------------------- */

START_TEST(what_we_write_can_be_read)
{
    const struct saml_logout_head head = {.id = "_l1", .entity_id = IDP, .destination = SLO, .now = now};
    CLEANUP(buf_release) struct buf request = BUF_INIT;
    CLEANUP(buf_release) struct buf response = BUF_INIT;
    struct saml_logout_policy rules = policy();
    struct saml_logout logout;
    struct err err = ERR_INIT;
    ck_assert_int_eq(saml_logout_request(&head, "a<b>&c", SAML_NAMEID_EMAIL, " SPNameQualifier=\"x&amp;y\"", "s1", key, &request, &err), 0);
    ck_assert_msg(saml_logout_post(pool, SAML_REQUEST, (struct span){request.data, request.len}, &rules, &logout, &err) == 0, "%s", err.text);
    ck_assert_str_eq(logout.name_id, "a<b>&c");
    ck_assert_str_eq(logout.sessions[0], "s1");
    ck_assert_ptr_nonnull(strstr(request.data, "SPNameQualifier=\"x&amp;y\">a&lt;b"));
    ck_assert_int_eq(saml_logout_response(&head, "_ours", key, &response, &err), 0);
    ck_assert_msg(saml_logout_post(pool, SAML_RESPONSE, (struct span){response.data, response.len}, &rules, &logout, &err) == 0, "%s",
                  err.text);
    ck_assert(logout.done);
    ck_assert_str_eq(metadata_slo(idp, SAML_BINDING_POST), "https://idp.example.com/slo");
    ck_assert_str_eq(metadata_slo_answer(idp, SAML_BINDING_POST), "https://idp.example.com/slo/answer");
    ck_assert_ptr_null(metadata_slo_answer(idp, SAML_BINDING_REDIRECT));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saml logout");
    TCase *tc = tcase_create("logout");
    tcase_add_unchecked_fixture(tc, setup, teardown); /* once: keys take a while to make */
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_request_is_read);
    tcase_add_test(tc, a_request_that_is_not_right_is_refused);
    tcase_add_test(tc, a_message_has_to_be_signed_by_the_identity_provider);
    tcase_add_test(tc, a_response_answers_our_request);
    tcase_add_test(tc, what_we_write_can_be_read);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
