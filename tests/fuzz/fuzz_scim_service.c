/*
 * Whatever requests a client sends to the SCIM service, one after the other: no crash; each answer is JSON that says what
 * its status says; what was refused changed nothing, and what reads neither; nothing of another directory is shown, changed
 * or counted; no password comes back; at the end the listings agree with single resources, and members with both.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_service tests/data/scim-service
 *
 * Input: requests, each "METHOD PATH[?QUERY]", header lines, an empty line, a body; between them a line "%%". "{1}" to "{9}" in them
 * stand for the ids of the first resources made, "{0}" for one of another directory.
 */
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "push/service.h"
#include "scim/limits.h"

#define BASE     "https://h/scim/d/v2"
#define CANARY   "Zq7 of another directory"
#define REQUESTS 12   /* of one input */
#define RUNS     1000 /* until the database is made anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct pushed *pushed;
    char folder[64], name[32], other[PUSHED_ID_SIZE];
    unsigned runs;
    char ids[10][PUSHED_ID_SIZE];
    size_t nids;
    int64_t other_change;
} world;

/* Not memmem, from which the fuzzer would learn what it looks for. */
static bool has_canary(const char *text, size_t n)
{
    for (size_t i = 0, same = 0; i < n; i++) {
        same = text[i] == CANARY[same] ? same + 1 : text[i] == CANARY[0];
        if (same == strlen(CANARY))
            return true;
    }
    return false;
}

static void require_at(bool ok, int line, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_scim_service.c:%d: %s\n", line, what);
    abort();
}
#define require(ok, what) require_at(ok, __LINE__, what)

/* --- requests ------------------------------------------------------------------------------------------------------ */

static int64_t change_of(const char *name, int64_t *ret_count)
{
    struct err err = ERR_INIT;
    struct pushed_about about = {0};
    int64_t directory = 0;
    int found = pushed_directory(world.pushed, name, &directory, &err);
    require(found >= 0, err.text);
    require(!found || pushed_about(world.pushed, directory, &about, &err) == 0, err.text);
    if (ret_count)
        *ret_count = about.users + about.groups;
    return about.change;
}

/* A new reference; NULL: no body. The pool is the request's. */
static json_t *answer(struct pool *pool, const char *name, struct service_request *request, int *ret_status)
{
    static int64_t now = 1700000000000000;
    struct err err = ERR_INIT;
    struct service_answer got = {0};
    int64_t before = change_of(name, NULL);
    request->base = BASE;
    request->now = now += 1000;
    require(service_answer(world.pushed, name, request, pool, &got, &err) == 0, err.text);
    require(got.status >= 200 && got.status < 600 && got.status != 500, "status");
    bool reads = strcmp(request->method, "GET") == 0;
    require((got.status < 400 && !reads) || change_of(name, NULL) == before,
            "a request that was refused, or reads, changed something");
    json_t *body = got.body.len ? json_loadb(got.body.data, got.body.len, 0, NULL) : NULL;
    require(!got.body.len || body, buf_str(&got.body));
    require(strcmp(name, "other") == 0 || !has_canary(got.body.data, got.body.len), "another directory is shown");
    if (got.status >= 400)
        require(strtol(json_string_value(json_object_get(body, "status")) ?: "", NULL, 10) == got.status &&
                    json_string_length(json_object_get(body, "detail")) > 0,
                "an error that does not say so");
    require((got.status != 204 && got.status != 304) || !body, "a body that may not be");
    require(!json_object_get(body, "password"), "a password");
    buf_release(&got.body);
    *ret_status = got.status;
    return body;
}

static void keep_id(const json_t *made)
{
    const char *id = json_string_value(json_object_get(made, "id"));
    if (world.nids + 1 < sizeof world.ids / sizeof *world.ids && id && strlen(id) < PUSHED_ID_SIZE)
        memcpy(world.ids[++world.nids], id, strlen(id) + 1);
}

static const char *make(struct pool *pool, const char *name, const char *path, const char *body)
{
    struct service_request request = {.method = "POST", .path = path, .body = span_str(body)};
    int status = 0;
    json_auto_t *made = answer(pool, name, &request, &status);
    require(status == 201, body);
    return pool_strdup(pool, json_string_value(json_object_get(made, "id")));
}

/* --- the world ----------------------------------------------------------------------------------------------------- */

static void clear_folder(void)
{
    static const char *const files[] = {"push.db", "push.db-wal", "push.db-shm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        unlink(pool_printf(pool, "%s/%s", world.folder, files[i]));
    }
}

static void leave(void)
{
    pushed_close(&world.pushed);
    clear_folder();
    rmdir(world.folder);
}

static void open_world(void)
{
    struct err err = ERR_INIT;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (!*world.folder) {
        bool memory = access("/dev/shm", W_OK) == 0;
        snprintf(world.folder, sizeof world.folder, "%s/fuzz-scim-XXXXXX", memory ? "/dev/shm" : P_tmpdir);
        require(mkdtemp(world.folder) != NULL, "mkdtemp");
        atexit(leave);
    }
    pushed_close(&world.pushed);
    clear_folder();
    require(pushed_open(world.folder, &world.pushed, &err) == 0, err.text);
    const char *id = make(
        pool, "other", "/Users",
        "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ann\",\"displayName\":\"" CANARY
        "\",\"externalId\":\"" CANARY "\"}");
    memcpy(world.other, id, PUSHED_ID_SIZE);
    world.other_change = change_of("other", NULL);
}

/* A directory of its own for each input, with two people and a group. */
static void begin(struct pool *pool)
{
    if (world.runs++ % RUNS == 0)
        open_world();
    snprintf(world.name, sizeof world.name, "d%u", world.runs);
    memcpy(world.ids[0], world.other, PUSHED_ID_SIZE);
    const char *ann =
        make(pool, world.name, "/Users",
             "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ann\",\"active\":true,"
             "\"externalId\":\"a\",\"emails\":[{\"value\":\"ann@x\",\"type\":\"work\",\"primary\":true}]}");
    const char *bob = make(pool, world.name, "/Users",
                           "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"bob\"}");
    const char *group =
        make(pool, world.name, "/Groups",
             pool_printf(pool,
                         "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"G\","
                         "\"members\":[{\"value\":\"%s\"}]}",
                         ann));
    memcpy(world.ids[1], ann, PUSHED_ID_SIZE);
    memcpy(world.ids[2], bob, PUSHED_ID_SIZE);
    memcpy(world.ids[3], group, PUSHED_ID_SIZE);
    world.nids = 3;
}

/* --- input to requests --------------------------------------------------------------------------------------------- */

static struct span until(struct span *rest, const char *end)
{
    const char *at = rest->n ? memmem(rest->p, rest->n, end, strlen(end)) : NULL;
    struct span ret = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
    *rest = at ? (struct span){at + strlen(end), rest->n - ret.n - strlen(end)} : (struct span){0};
    return ret;
}

/* With ids in the place of {0} to {9}. Ends with NUL, and may hold others. */
static struct span filled(struct pool *pool, struct span text)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < text.n; i++) {
        bool is_id =
            i + 2 < text.n && text.p[i] == '{' && text.p[i + 2] == '}' && text.p[i + 1] >= '0' && text.p[i + 1] <= '9';
        if (is_id)
            buf_adds(&out, world.ids[text.p[i + 1] - '0']);
        else
            buf_add(&out, text.p + i, 1);
        i += is_id ? 2 : 0;
    }
    struct span ret = {pool_strndup(pool, buf_str(&out), out.len), out.len};
    buf_release(&out);
    return ret;
}

static void read_params(struct pool *pool, struct span query, struct service_request *request)
{
    static const char *const names[] = {"attributes", "excludedAttributes", "filter", "sortBy",
                                        "sortOrder",  "startIndex",         "count",  "cursor"};
    struct span *const places[] = {
        &request->params.attributes, &request->params.excluded,    &request->params.filter, &request->params.sort_by,
        &request->params.sort_order, &request->params.start_index, &request->params.count,  &request->params.cursor};
    while (query.n) {
        struct span value = until(&query, "&"), name = until(&value, "=");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (name.n == strlen(names[i]) && memcmp(name.p, names[i], name.n) == 0) {
                *places[i] = (struct span){pool_strndup(pool, value.n ? value.p : "", value.n), value.n};
            }
    }
}

static void read_header(struct span line, struct service_request *request)
{
    struct span value = line, name = until(&value, ": ");
    if (name.n == 8 && memcmp(name.p, "If-Match", 8) == 0)
        request->if_match = value;
    else if (name.n == 13 && memcmp(name.p, "If-None-Match", 13) == 0)
        request->if_none_match = value;
    else if (name.n == 12 && memcmp(name.p, "Content-Type", 12) == 0)
        request->content_type = "application/scim+json";
}

/* As HTTP gives it: method and path are texts without NUL. */
static bool read_request(struct pool *pool, struct span text, struct service_request *request)
{
    struct span head = until(&text, "\n\n"), line = until(&head, "\n"), path = line, method = until(&path, " ");
    if (method.n == 0 || method.n > 10 || (path.n && memchr(path.p, 0, path.n)) || memchr(method.p, 0, method.n))
        return false;
    struct span query = path, place = until(&query, "?");
    *request = (struct service_request){.method = pool_strndup(pool, method.p, method.n),
                                        .path = pool_strndup(pool, place.n ? place.p : "", place.n),
                                        .body = text};
    read_params(pool, query, request);
    while (head.n)
        read_header(until(&head, "\n"), request);
    return true;
}

/* --- what has to hold behind it -------------------------------------------------------------------------------------- */

static const json_t *find(const json_t *list, const char *id)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(list, i,
                       one) if (id && strcmp(json_string_value(json_object_get(one, "id")), id) == 0) return one;
    return NULL;
}

static json_t *list(struct pool *pool, const char *path)
{
    struct service_request request = {
        .method = "GET", .path = path, .params.count = span_str("1000")};
    int status = 0;
    json_t *body = answer(pool, world.name, &request, &status);
    require(status == 200, path);
    return body;
}

static void check_single(struct pool *pool, const char *path, const json_t *listed)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(listed, i, one)
    {
        struct service_request request = {
            .method = "GET", .path = pool_printf(pool, "%s/%s", path, json_string_value(json_object_get(one, "id")))};
        int status = 0;
        json_auto_t *single = answer(pool, world.name, &request, &status);
        require(status == 200 && json_equal(single, one), "a listing shows another resource");
    }
}

static void check_members(const json_t *users, const json_t *groups)
{
    const json_t *group = NULL, *member = NULL;
    size_t i = 0, j = 0;
    json_array_foreach(groups, i, group) json_array_foreach(json_object_get(group, "members"), j, member)
    {
        const char *id = json_string_value(json_object_get(member, "value"));
        require(find(users, id) || find(groups, id), "a member that is nobody");
    }
}

static void check_end(struct pool *pool)
{
    json_auto_t *users = list(pool, "/Users"), *groups = list(pool, "/Groups");
    const json_t *u = json_object_get(users, "Resources"), *g = json_object_get(groups, "Resources");
    int64_t count = 0;
    change_of(world.name, &count);
    require((size_t)count == json_array_size(u) + json_array_size(g), "more or fewer than are listed");
    check_single(pool, "/Users", u);
    check_single(pool, "/Groups", g);
    check_members(u, g);
    require(change_of("other", NULL) == world.other_change, "another directory was changed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span rest = {(const char *)data, size};
    if (has_canary((const char *)data, size))
        return 0;
    begin(pool);
    for (int n = 0; n < REQUESTS && rest.n; n++) {
        struct service_request request;
        if (!read_request(pool, filled(pool, until(&rest, "\n%%\n")), &request))
            continue;
        int status = 0;
        json_auto_t *body = answer(pool, world.name, &request, &status);
        if (status == 201)
            keep_id(body);
    }
    check_end(pool);
    return 0;
}
