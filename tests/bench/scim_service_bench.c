/*
 * The SCIM service on 100,000 users and a group of 50,000, without HTTP: requests a second with the slowest of a hundred,
 * each change on the disk before it is answered; and one member more in the large group beside one in a group of five.
 *
 *   scim_service_bench FOLDER [USERS]     the folder is there, and empty; BENCH_STRICT in the environment: 1 when over the limit
 */
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "push/service.h"

#define BASE       "https://signin.example.com/scim/cloud/v2"
#define AT_ONCE    1000 /* operations of a bulk request; members of a PATCH */
#define TIMES      1000
#define FEW        5
#define MANY_LIMIT 1.5
#define PATCH_URN  "urn:ietf:params:scim:api:messages:2.0:PatchOp"

static struct bench {
    struct pushed *pushed;
    size_t users;
    char (*ids)[PUSHED_ID_SIZE];
    char large[PUSHED_ID_SIZE], small[PUSHED_ID_SIZE];
    size_t made; /* users beside the loaded ones */
} bench;

static void need(bool ok, const char *what, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "scim_service_bench: %s: %s\n", what, why);
    exit(1);
}

static double clock_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

/* The body of the answer lives in the pool. */
static struct span ask_for(struct pool *pool, const char *method, const char *path, struct scim_params params,
                           const char *body, int status)
{
    struct err err = ERR_INIT;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    struct service_request request = {.method = method,
                                      .path = path,
                                      .params = params,
                                      .body = body ? span_str(body) : (struct span){0},
                                      .content_type = body ? "application/scim+json" : NULL,
                                      .base = BASE,
                                      .now = (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000};
    struct service_answer answer = {0};
    int failed = service_answer(bench.pushed, "cloud", &request, pool, &answer, &err);
    need(failed == 0, path, err.text);
    struct span ret = {pool_strndup(pool, buf_str(&answer.body), answer.body.len), answer.body.len};
    need(answer.status == status, path, ret.p);
    buf_release(&answer.body);
    return ret;
}

static struct span ask(struct pool *pool, const char *method, const char *path, const char *filter, const char *body,
                       int status)
{
    struct scim_params params = {.filter = filter ? span_str(filter) : (struct span){0}};
    return ask_for(pool, method, path, params, body, status);
}

static void copy_id(char *to, const json_t *id)
{
    need(json_string_length(id) == PUSHED_ID_SIZE - 1, "id", "of another length");
    memcpy(to, json_string_value(id), PUSHED_ID_SIZE);
}

static const char *user(struct pool *pool, size_t i)
{
    return pool_printf(
        pool,
        "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:ietf:params:scim:schemas:extension:"
        "enterprise:2.0:User\"],\"externalId\":\"%08zu\",\"userName\":\"user%zu@example.com\",\"name\":{\"givenName\":"
        "\"Given%zu\",\"familyName\":\"Family%zu\"},\"displayName\":\"Given%zu Family%zu\",\"title\":\"Draughtsman\","
        "\"active\":true,\"emails\":[{\"value\":\"user%zu@example.com\",\"type\":\"work\",\"primary\":true}],"
        "\"phoneNumbers\":[{\"value\":\"+49 731 %zu\",\"type\":\"work\"}],\"urn:ietf:params:scim:schemas:extension:"
        "enterprise:2.0:User\":{\"employeeNumber\":\"%zu\",\"department\":\"Department %zu\"}}",
        i, i, i, i, i, i, i, i, i, i % 100);
}

/* --- loading ------------------------------------------------------------------------------------------------------- */

static const char *bulk_of(struct pool *pool, size_t first, size_t n)
{
    struct buf text = BUF_INIT;
    buf_adds(&text, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"Operations\":[");
    for (size_t i = first; i < first + n; i++)
        buf_printf(&text, "%s{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"b%zu\",\"data\":%s}",
                   i > first ? "," : "", i, user(pool, i));
    buf_adds(&text, "]}");
    const char *ret = pool_strndup(pool, buf_str(&text), text.len);
    buf_release(&text);
    return ret;
}

static void keep_ids(struct span answer, size_t first)
{
    json_auto_t *body = json_loadb(answer.p, answer.n, 0, NULL);
    const json_t *results = json_object_get(body, "Operations"), *result = NULL;
    size_t i = 0;
    json_array_foreach(results, i, result)
    {
        const char *location = json_string_value(json_object_get(result, "location"));
        need(location != NULL, "bulk", answer.p);
        json_auto_t *id = json_string(strrchr(location, '/') + 1);
        copy_id(bench.ids[first + i], id);
    }
}

static void load_users(void)
{
    double start = clock_now();
    for (size_t i = 0; i < bench.users; i += AT_ONCE) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        size_t n = bench.users - i < AT_ONCE ? bench.users - i : AT_ONCE;
        keep_ids(ask(pool, "POST", "/Bulk", NULL, bulk_of(pool, i, n), 200), i);
    }
    printf("%-52s %9.0f /s\n", "users made by bulk requests of 1,000", (double)bench.users / (clock_now() - start));
}

static void make_group(const char *name, char *ret_id)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *body = pool_printf(
        pool, "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"%s\"}", name);
    struct span answer = ask(pool, "POST", "/Groups", NULL, body, 201);
    json_auto_t *made = json_loadb(answer.p, answer.n, 0, NULL);
    copy_id(ret_id, json_object_get(made, "id"));
}

static void patch_members(const char *group, const char *op, size_t first, size_t n)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct buf text = BUF_INIT;
    buf_printf(&text,
               "{\"schemas\":[\"" PATCH_URN "\"],\"Operations\":[{\"op\":\"%s\",\"path\":\"members\",\"value\":[", op);
    for (size_t i = first; i < first + n; i++)
        buf_printf(&text, "%s{\"value\":\"%s\"}", i > first ? "," : "", bench.ids[i]);
    buf_adds(&text, "]}]}");
    ask(pool, "PATCH", pool_printf(pool, "/Groups/%s", group), NULL, pool_strndup(pool, buf_str(&text), text.len), 204);
    buf_release(&text);
}

static void fill_group(const char *group, size_t n)
{
    double start = clock_now();
    for (size_t i = 0; i < n; i += AT_ONCE)
        patch_members(group, "add", i, n - i < AT_ONCE ? n - i : AT_ONCE);
    if (n > AT_ONCE)
        printf("%-52s %9.0f /s\n", "members added by PATCHes of 1,000", (double)n / (clock_now() - start));
}

/* --- what is measured ---------------------------------------------------------------------------------------------- */

static void create(struct pool *pool, size_t i)
{
    (void)i;
    ask(pool, "POST", "/Users", NULL, user(pool, bench.users + bench.made++), 201);
}

static size_t spread(size_t i)
{
    return (i * 7919) % bench.users;
}

static void by_name(struct pool *pool, size_t i)
{
    ask(pool, "GET", "/Users", pool_printf(pool, "userName eq \"USER%zu@example.com\"", spread(i)), NULL, 200);
}

static void by_external(struct pool *pool, size_t i)
{
    ask(pool, "GET", "/Users", pool_printf(pool, "externalId eq \"%08zu\"", spread(i)), NULL, 200);
}

static void by_email(struct pool *pool, size_t i)
{
    ask(pool, "GET", "/Users",
        pool_printf(pool, "emails[type eq \"work\"].value eq \"user%zu@example.com\"", spread(i)), NULL, 200);
}

static void by_id(struct pool *pool, size_t i)
{
    ask(pool, "GET", pool_printf(pool, "/Users/%s", bench.ids[spread(i)]), NULL, NULL, 200);
}

static void patch_user(struct pool *pool, size_t i)
{
    ask(pool, "PATCH", pool_printf(pool, "/Users/%s", bench.ids[spread(i)]), NULL,
        i % 2 ? "{\"schemas\":[\"" PATCH_URN
                "\"],\"Operations\":[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]}"
              : "{\"schemas\":[\"" PATCH_URN
                "\"],\"Operations\":[{\"op\":\"Replace\",\"path\":\"title\",\"value\":\"Boss\"}]}",
        200);
}

/* In and out in turns, so that the groups keep their size. */
static void one_of_many(struct pool *pool, size_t i)
{
    (void)pool;
    patch_members(bench.large, i % 2 ? "remove" : "add", bench.users - 1 - i / 2, 1);
}

static void one_of_few(struct pool *pool, size_t i)
{
    (void)pool;
    patch_members(bench.small, i % 2 ? "remove" : "add", bench.users - 1 - i / 2, 1);
}

static void large_whole(struct pool *pool, size_t i)
{
    (void)i;
    ask(pool, "GET", pool_printf(pool, "/Groups/%s", bench.large), NULL, NULL, 200);
}

static void large_without_members(struct pool *pool, size_t i)
{
    (void)i;
    ask_for(pool, "GET", pool_printf(pool, "/Groups/%s", bench.large),
            (struct scim_params){.excluded = span_str("members")}, NULL, 200);
}

/* Of the member who is asked for, as Entra ID does before it changes anything. */
static void is_in_large(struct pool *pool, size_t i)
{
    const char *filter = pool_printf(pool, "id eq \"%s\" and members eq \"%s\"", bench.large, bench.ids[spread(i)]);
    ask_for(pool, "GET", "/Groups", (struct scim_params){.filter = span_str(filter), .excluded = span_str("members")},
            NULL, 200);
}

static void last_page(struct pool *pool, size_t i)
{
    (void)i;
    const char *start = pool_printf(pool, "%zu", bench.users - 100);
    ask_for(pool, "GET", "/Users", (struct scim_params){.start_index = span_str(start), .count = span_str("100")}, NULL,
            200);
}

static void no_index(struct pool *pool, size_t i)
{
    (void)i;
    ask(pool, "GET", "/Users", "title sw \"Dr\" and name.familyName ew \"99999\"", NULL, 200);
}

static struct figure {
    const char *name;
    void (*once)(struct pool *, size_t);
    size_t times;
    double median, written; /* microseconds, bytes each */
} figures[] = {
    {"users made", create, TIMES, 0, 0},
    {"read by id", by_id, TIMES, 0, 0},
    {"read by filter: userName", by_name, TIMES, 0, 0},
    {"read by filter: externalId", by_external, TIMES, 0, 0},
    {"read by filter: emails[type eq \"work\"].value", by_email, TIMES, 0, 0},
    {"PATCH of a user", patch_user, TIMES, 0, 0},
    {"PATCH of a group of 5: one member in or out", one_of_few, TIMES, 0, 0},
    {"PATCH of a group of 50,000: one member in or out", one_of_many, TIMES, 0, 0},
    {"is this user in the group of 50,000?", is_in_large, TIMES, 0, 0},
    {"the group of 50,000 without its members", large_without_members, TIMES, 0, 0},
    {"the group of 50,000 with all of them", large_whole, 20, 0, 0},
    {"the last page of 100 users, by index", last_page, 50, 0, 0},
    {"search that no index answers", no_index, 5, 0, 0},
};

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What this process gave to write(2): pages of the database, counted whole. */
static double written(void)
{
    char line[128];
    double bytes = 0;
    FILE *io = fopen("/proc/self/io", "re");
    while (io && fgets(line, sizeof line, io))
        if (strncmp(line, "wchar: ", 7) == 0)
            bytes = strtod(line + 7, NULL);
    if (io)
        fclose(io);
    return bytes;
}

static void measure(struct figure *figure)
{
    double took[TIMES], start = clock_now(), before = written();
    for (size_t i = 0; i < figure->times; i++) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        double from = clock_now();
        figure->once(pool, i);
        took[i] = clock_now() - from;
    }
    double each = (clock_now() - start) / (double)figure->times;
    figure->written = (written() - before) / (double)figure->times;
    qsort(took, figure->times, sizeof *took, order);
    figure->median = took[figure->times / 2] * 1e6;
    printf("%-52s %9.1f /s, p99 %8.2f ms, median %8.3f ms\n", figure->name, 1 / each,
           took[figure->times * 99 / 100] * 1e3, took[figure->times / 2] * 1e3);
}

static const struct figure *of(void (*once)(struct pool *, size_t))
{
    const struct figure *f = figures;
    while (f->once != once)
        f++;
    return f;
}

static void print_memory(void)
{
    char line[128];
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            printf("%-52s %9.0f MB\n", "memory at most, the bench's own ids among it", strtod(line + 6, NULL) / 1024);
    if (status)
        fclose(status);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    need(argc == 2 || argc == 3, "usage", "scim_service_bench FOLDER [USERS]");
    bench.users = argc == 3 ? (size_t)strtoul(argv[2], NULL, 10) : 100000;
    need(bench.users >= 4 * TIMES, "USERS", "too few");
    bench.ids = mem_resize(NULL, bench.users, sizeof *bench.ids);
    need(pushed_open(argv[1], &bench.pushed, &err) == 0, argv[1], err.text);
    load_users();
    make_group("large", bench.large);
    make_group("small", bench.small);
    fill_group(bench.large, bench.users / 2);
    fill_group(bench.small, FEW);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        measure(&figures[i]);
    const struct figure *few = of(one_of_few), *many = of(one_of_many);
    bool missed = many->median > MANY_LIMIT * few->median;
    printf("%-52s %9.2f times the time (limit %.1f), %.1f KB written beside %.1f%s\n",
           "one member of 50,000 beside one of 5", many->median / few->median, MANY_LIMIT, many->written / 1024,
           few->written / 1024, missed ? " !" : "");
    print_memory();
    pushed_close(&bench.pushed);
    free(bench.ids);
    return missed && getenv("BENCH_STRICT");
}
