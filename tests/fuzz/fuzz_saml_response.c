/*
 * libFuzzer: whatever arrives as a response must be refused or accepted without a fault of memory, and never accepted
 * without a verified signature. Run it from the root of the source tree, which holds the trusted metadata:
 *
 *   build/fuzz/fuzz_saml_response build/fuzz/corpus-response tests/data/saml
 *
 * No input that the fuzzer invents is signed, so the rules behind the signature run a second time on the bare document.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1893456000

static const char *const domains[] = {"example.com"};
static struct saml_policy policy = {.entity_id = "https://signin.example.com/saml/metadata/adfs",
                                    .acs_url = "https://signin.example.com/saml/acs/adfs",
                                    .now = NOW,
                                    .skew = 180,
                                    .require_in_response_to = true,
                                    .in_response_to = "_request1",
                                    .domains = domains,
                                    .ndomains = 1};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static struct saml_idp *idp;
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    struct err err = ERR_INIT;
    if (saml_init(&err) || file_read("tests/data/saml/idp-metadata.xml", SAML_METADATA_MAX, &file, &err) ||
        metadata_read((struct span){file.data, file.len}, NOW, &idp, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    policy.idp = idp;
    return 0;
}

static void run_unsigned(struct pool *pool, struct span input)
{
    static const struct rules *const tables[] = {&rules_message, &rules_conditions, &rules_person};
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    struct err err = ERR_INIT;
    if (xml_read(input, SAML_RESPONSE_MAX, &doc, NULL, &err))
        return;
    struct inspection in = {
        .pool = pool, .policy = &policy, .skew = 180, .input = input, .doc = doc, .kind = ERR_REFUSED};
    in.response = xmlDocGetRootElement(doc);
    in.assertion = node_child(in.response, SAML_NS_ASSERTION, "Assertion");
    in.signer = &policy.idp->keys[0];
    in.room = 100;
    in.checks = pool_alloc(pool, in.room * sizeof *in.checks);
    in.claimed = pool_zero(pool, sizeof *in.claimed);
    for (size_t i = 0; in.assertion && i < sizeof tables / sizeof *tables; i++)
        inspect_run(&in, tables[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct saml_report report;
    struct err err = ERR_INIT;
    struct span input = {(const char *)data, size};
    int rc = saml_response_verify(pool, input, &policy, &report, &err);
    if ((rc == 0) != (report.identity != NULL) || (report.claimed && !report.signer))
        abort();
    if (rc && !err.text[0])
        abort();
    run_unsigned(pool, input);
    return 0;
}
