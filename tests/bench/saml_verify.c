/*
 * Verifies one response again and again, by turns as Doorward does it (saml_response_verify, every check) and with bare libxmlsec1: parse, set
 * the ids, verify with a key that was loaded once. Both get the same bytes of XML, in one process, turn by turn, so that both see the same
 * machine; what counts is the processor's time.
 *
 *   saml_verify METADATA RESPONSE ENTITY_ID ACS_URL REQUEST_ID ROUNDS       prints the medians: OURS BARE, responses a second on one core, and OURS / BARE of
 *                                                                         turns that followed each other
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "saml/metadata.h"
#include "saml/response.h"
#include "saml/saml.h"

#define TURN       25 /* responses */
#define ROUNDS_MAX 1000

DEFINE_CLEANUP(docp, xmlDoc *, xmlFreeDoc)
DEFINE_CLEANUP(dsigp, xmlSecDSigCtxPtr, xmlSecDSigCtxDestroy)

struct bench {
    struct span response;
    struct saml_policy policy;
};

static int __attribute__((noreturn)) die(const char *what)
{
    fprintf(stderr, "saml_verify: %s\n", what);
    exit(1);
}

static void ours(const struct bench *bench)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct saml_report report;
    struct err err = ERR_INIT;
    if (saml_response_verify(pool, bench->response, &bench->policy, &report, &err) != 0)
        die(err.text);
}

static void bare(const struct bench *bench)
{
    static const xmlChar *ids[] = {(const xmlChar *)"ID", NULL};
    CLEANUP(docp) xmlDoc *doc = xmlReadMemory(bench->response.p, (int)bench->response.n, NULL, NULL, XML_PARSE_NONET);
    CLEANUP(dsigp) xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlSecAddIDs(doc, root, ids);
    ctx->signKey = bench->policy.idp->keys[0].key;
    int ret = xmlSecDSigCtxVerify(ctx, xmlSecFindNode(root, xmlSecNodeSignature, xmlSecDSigNs));
    ctx->signKey = NULL; /* shared, and the context would destroy it */
    if (ret != 0 || ctx->status != xmlSecDSigStatusSucceeded)
        die("bare libxmlsec1 did not verify it");
}

/* Responses a second of the processor's time. */
static double turn(const struct bench *bench, void (*verify)(const struct bench *))
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < TURN; i++)
        verify(bench);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return TURN / ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *value, size_t n)
{
    qsort(value, n, sizeof *value, compare);
    return value[n / 2];
}

int main(int argc, char **argv)
{
    CLEANUP(buf_release) struct buf metadata = BUF_INIT, response = BUF_INIT;
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    static const char *const domains[] = {"example.com"};
    double figures[3][ROUNDS_MAX];
    struct err err = ERR_INIT;
    int rounds = argc == 7 ? (int)strtol(argv[6], NULL, 10) : 0;
    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: saml_verify METADATA RESPONSE ENTITY_ID ACS_URL REQUEST_ID ROUNDS\n");
        return 64;
    }
    if (saml_init(&err) != 0 || file_read(argv[1], SAML_METADATA_MAX, &metadata, &err) != 0 ||
        file_read(argv[2], SAML_RESPONSE_MAX, &response, &err) != 0 ||
        metadata_read((struct span){metadata.data, metadata.len}, clock_now(), &idp, NULL, &err) != 0)
        die(err.text);
    struct bench bench = {.response = {response.data, response.len},
                          .policy = {.entity_id = argv[3],
                                     .acs_url = argv[4],
                                     .idp = idp,
                                     .now = clock_now(),
                                     .skew = SAML_SKEW_MAX,
                                     .require_in_response_to = true,
                                     .in_response_to = argv[5],
                                     .domains = domains,
                                     .ndomains = 1}};
    for (int i = 0; i < rounds; i++) {
        figures[0][i] = turn(&bench, ours);
        figures[1][i] = turn(&bench, bare);
        figures[2][i] = figures[0][i] / figures[1][i];
    }
    printf("%.1f %.1f %.3f\n", median(figures[0], (size_t)rounds), median(figures[1], (size_t)rounds), median(figures[2], (size_t)rounds));
    return 0;
}
