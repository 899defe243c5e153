/*
 * What SCIM costs beside bare jansson, in the same process: a User of 2 KB parsed, checked and written, against parsed
 * and written; and the parts by themselves. Processor time; each figure is the best of several rounds, which take
 * turns.
 *
 *   make bench-scim
 */
#include <stdint.h>

#include "base/pool.h"
#include "scim/json.h"
#include "scim/patch.h"
#include "scim/projection.h"
#include "scim/resource.h"

#define ROUNDS 7
#define TIMES  4000

static const char user[] =
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\","
    "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"],"
    "\"externalId\":\"701984\",\"userName\":\"bjensen@example.com\",\"name\":{\"formatted\":\"Ms. Barbara J Jensen, "
    "III\","
    "\"familyName\":\"Jensen\",\"givenName\":\"Barbara\",\"middleName\":\"Jane\",\"honorificPrefix\":\"Ms.\","
    "\"honorificSuffix\":\"III\"},\"displayName\":\"Babs Jensen\",\"nickName\":\"Babs\","
    "\"profileUrl\":\"https://login.example.com/"
    "bjensen\",\"emails\":[{\"value\":\"bjensen@example.com\",\"type\":\"work\","
    "\"primary\":true},{\"value\":\"babs@jensen.org\",\"type\":\"home\"}],\"addresses\":[{\"streetAddress\":"
    "\"100 Universal City "
    "Plaza\",\"locality\":\"Hollywood\",\"region\":\"CA\",\"postalCode\":\"91608\",\"country\":\"US\","
    "\"formatted\":\"100 Universal City Plaza\\nHollywood, CA 91608 USA\",\"type\":\"work\",\"primary\":true},"
    "{\"streetAddress\":\"456 Hollywood Blvd\",\"locality\":\"Hollywood\",\"region\":\"CA\",\"postalCode\":\"91608\","
    "\"country\":\"US\",\"formatted\":\"456 Hollywood Blvd\\nHollywood, CA 91608 USA\",\"type\":\"home\"}],"
    "\"phoneNumbers\":[{\"value\":\"+1-555-555-5555\",\"type\":\"work\"},{\"value\":\"+1-555-555-4444\",\"type\":"
    "\"mobile\"}],"
    "\"ims\":[{\"value\":\"someaimhandle\",\"type\":\"aim\"}],\"photos\":[{\"value\":"
    "\"https://photos.example.com/profilephoto/72930000000Ccne/F\",\"type\":\"photo\"},{\"value\":"
    "\"https://photos.example.com/profilephoto/72930000000Ccne/T\",\"type\":\"thumbnail\"}],\"userType\":\"Employee\","
    "\"title\":\"Tour "
    "Guide\",\"preferredLanguage\":\"en-US\",\"locale\":\"en-US\",\"timezone\":\"America/Los_Angeles\","
    "\"active\":true,\"roles\":[{\"value\":\"guide\",\"display\":\"Guide\",\"primary\":true}],\"entitlements\":[{"
    "\"value\":"
    "\"cad\"},{\"value\":\"render\"}],\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{"
    "\"employeeNumber\":"
    "\"701984\",\"costCenter\":\"4130\",\"organization\":\"Universal Studios\",\"division\":\"Theme "
    "Park\",\"department\":"
    "\"Tour Operations\",\"manager\":{\"value\":\"26118915-6090-4610-87e4-49d8ca9f808d\",\"$ref\":"
    "\"../Users/26118915-6090-4610-87e4-49d8ca9f808d\"}}}";

static const char patch[] =
    "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[{\"op\":\"Replace\",\"path\":"
    "\"emails[type eq "
    "\\\"work\\\"].value\",\"value\":\"new@example.com\"},{\"op\":\"Replace\",\"path\":\"active\",\"value\":"
    "\"False\"}]}";

static const char filter[] =
    "userName eq \"bjensen@example.com\" and emails[type eq \"work\" and value co \"@example.com\"]";

struct work {
    struct pool *pool;
    json_t *resource;
    const struct scim_filter *filter;
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "scim_bench: %s failed\n", what);
    exit(1);
}

static void write_out(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    need(text != NULL, "json_dumps");
    free(text);
}

static void bare(struct work *w)
{
    (void)w;
    json_auto_t *value = json_loadb(user, sizeof user - 1, 0, NULL);
    write_out(value);
}

static void checked(struct work *w)
{
    (void)w;
    json_auto_t *value = NULL;
    struct scim_error error = SCIM_ERROR_INIT;
    need(scim_json_load((struct span){user, sizeof user - 1}, SCIM_MESSAGE_MAX, &value, &error) == 0 &&
             scim_resource_check(&scim_users, SCIM_SENT, value, &error) == 0,
         "check");
    write_out(value);
}

static void patched(struct work *w)
{
    json_auto_t *message = NULL, *after = NULL;
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_patch edits = SCIM_PATCH_INIT;
    bool changed = false;
    need(scim_json_load((struct span){patch, sizeof patch - 1}, SCIM_MESSAGE_MAX, &message, &error) == 0 &&
             scim_patch_read(w->pool, &scim_users, NULL, message, &edits, &error) == 0 &&
             scim_patch_apply(&scim_users, &edits, w->resource, &after, &changed, &error) == 0 && changed,
         "patch");
    scim_patch_release(&edits);
}

static void parsed(struct work *w)
{
    const struct scim_filter *f = NULL;
    struct scim_error error = SCIM_ERROR_INIT;
    need(scim_filter_parse(w->pool, &scim_users, span_str(filter), &f, &error) == 0, "filter");
}

static void matched(struct work *w)
{
    need(scim_filter_match(w->filter, w->resource, NULL), "match");
}

static void projected(struct work *w)
{
    struct scim_projection p;
    struct scim_error error = SCIM_ERROR_INIT;
    need(scim_projection_read(w->pool, &scim_users, (struct span){0}, span_str("emails"), &p, &error) == 0,
         "projection");
    json_auto_t *shown = scim_project(&p, w->resource);
    need(shown != NULL, "projection");
}

static struct figure {
    const char *name;
    void (*once)(struct work *);
    double best; /* microseconds */
} figures[] = {
    {"User of 2 KB, bare jansson: parse, write", bare, 1e9},
    {"User of 2 KB: parse, check, write", checked, 1e9},
    {"PATCH of two attributes: parse, compile, apply", patched, 1e9},
    {"filter of three terms: parse", parsed, 1e9},
    {"filter of three terms: match", matched, 1e9},
    {"projection of a User", projected, 1e9},
};

#define COUNT (sizeof figures / sizeof *figures)

/* Seconds of the processor that this process had: others on the machine do not count. */
static double processor(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(struct figure *figure, struct work *work)
{
    double start = processor();
    for (int i = 0; i < TIMES; i++) {
        figure->once(work);
        if (i % 100 == 0)
            pool_reset(work->pool);
    }
    double each = (processor() - start) / TIMES * 1e6;
    figure->best = each < figure->best ? each : figure->best;
}

int main(void)
{
    struct pool *pool = pool_new();
    struct work work = {.pool = pool_new(), .resource = json_loadb(user, sizeof user - 1, 0, NULL)};
    struct scim_error error = SCIM_ERROR_INIT;
    need(scim_filter_parse(pool, &scim_users, span_str(filter), &work.filter, &error) == 0, "filter");
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT; i++)
            measure(&figures[i], &work);
    for (size_t i = 0; i < COUNT; i++)
        printf("%-48s %8.2f us\n", figures[i].name, figures[i].best);
    printf("%-48s %8.2f times (limit 2; %zu bytes)\n", "checked beside bare", figures[1].best / figures[0].best,
           sizeof user - 1);
    json_decref(work.resource);
    pool_free(&work.pool);
    pool_free(&pool);
    return 0;
}
