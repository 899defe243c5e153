#include "saml/response.h"

#include "base/cleanup.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"
#include "saml/xml.h"

const char *const saml_field_names[SAML_FIELD_COUNT] = {"email", "given-name", "family-name", "immutable-id",
                                                        "display-name"};

static const struct rules *const after_signature[] = {&rules_message, &rules_conditions, &rules_person};
#define TABLES (sizeof after_signature / sizeof *after_signature)

static void inspection_release(struct inspection *in)
{
    if (in->doc)
        xmlFreeDoc(in->doc);
}

static int64_t clamp_skew(int skew)
{
    return skew < 0 ? 0 : skew > SAML_SKEW_MAX ? SAML_SKEW_MAX : skew;
}

static const char *unverified_issuer(struct inspection *in)
{
    const xmlNode *of = in->response;
    if (!of)
        return NULL;
    const char *issuer = node_text(in->pool, node_child(of, SAML_NS_ASSERTION, "Issuer"));
    if (!issuer)
        issuer = node_text(in->pool,
                           node_child(node_child(of, SAML_NS_ASSERTION, "Assertion"), SAML_NS_ASSERTION, "Issuer"));
    return issuer ? rule_shown(in, issuer) : NULL;
}

static const struct check *first_failed(const struct inspection *in)
{
    for (size_t i = 0; i < in->nchecks; i++)
        if (in->checks[i].outcome == CHECK_FAILED)
            return &in->checks[i];
    return NULL;
}

static void run_all(struct inspection *in)
{
    bool go_on = inspect_run(in, &rules_document);
    for (size_t i = 0; i < TABLES; i++) {
        if (go_on)
            go_on = inspect_run(in, after_signature[i]);
        else
            inspect_skip(in, after_signature[i]);
    }
}

int saml_response_verify(struct pool *pool, struct span response, const struct saml_policy *policy,
                         struct saml_report *ret, struct err *err)
{
    CLEANUP(inspection_release)
    struct inspection in = {
        .pool = pool, .policy = policy, .input = response, .skew = clamp_skew(policy->skew), .kind = ERR_REFUSED};
    in.room = rules_document.n;
    for (size_t i = 0; i < TABLES; i++)
        in.room += after_signature[i]->n;
    in.checks = pool_alloc(pool, in.room * sizeof *in.checks);
    in.claimed = pool_zero(pool, sizeof *in.claimed);
    run_all(&in);
    const struct check *fault = first_failed(&in);
    *ret = (struct saml_report){.checks = in.checks,
                                .nchecks = in.nchecks,
                                .unverified_issuer = unverified_issuer(&in),
                                .identity = fault || !in.signer ? NULL : in.claimed,
                                .claimed = in.signer ? in.claimed : NULL,
                                .signer = in.signer};
    if (!ret->identity)
        return err_set(err, in.kind, "%s",
                       fault ? fault->detail : "response: no signature was verified; capture it again");
    return 0;
}
