/* The SCIM service as a function: what each request is answered, and what is kept of it. */
#include "scim_suite.h"

#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "push/service.h"
#include "scim/limits.h"

#define BASE  "http://x/scim/hq/v2"
#define USER  "urn:ietf:params:scim:schemas:core:2.0:User"
#define GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define PATCH "'schemas': ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], 'Operations': "

static char dir[64];
static struct pushed *db;
static struct service_answer answer;
static json_t *body; /* of the answer */
static struct service_request request;
static const char *directory; /* who asks */
static int64_t now;
static struct line *line; /* NULL: each change is a transaction of its own */

static void setup(void)
{
    struct err err = ERR_INIT;
    scim_setup();
    snprintf(dir, sizeof dir, "/tmp/doorward-service-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_msg(pushed_open(dir, &db, &err) == 0, "%s", err.text);
    request = (struct service_request){0};
    directory = "hq";
    now = 1700000000000000;
}

static void setup_in_line(void)
{
    setup();
    line = line_new(dir);
}

static void forget(void)
{
    buf_release(&answer.body);
    json_decref(body);
    body = NULL;
    answer = (struct service_answer){0};
}

static void teardown(void)
{
    static const char *const files[] = {"push.db", "push.db-wal", "push.db-shm"};
    forget();
    line_free(&line);
    pushed_close(&db);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(pool_printf(pool, "%s/%s", dir, files[i]));
    rmdir(dir);
    scim_teardown();
}

/* "" of a filter and so on: not sent. */
static struct span param(const char *text)
{
    return text && *text ? span_str(pool_strdup(pool, text)) : (struct span){0};
}

/* text: JSON with single quotes, NULL for none. Headers and parameters are those of "request", which is then cleared. */
static int ask(const char *method, const char *path, const char *text)
{
    struct err err = ERR_INIT;
    CLEANUP(freep) char *sent = text ? mem_strdup(text) : NULL;
    for (char *p = sent; p && *p; p++)
        if (*p == '\'')
            *p = '"';
    forget();
    request.method = method;
    request.path = path;
    request.base = BASE;
    request.now = now += 1000000;
    if (!(request.seconds > 0))
        request.seconds = 600; /* also under valgrind */
    request.line = line;
    if (!request.body.p)
        request.body = sent ? span_str(sent) : (struct span){0};
    int r = service_answer(db, directory, &request, pool, &answer, &err);
    ck_assert_msg(r == 0, "%s %s: %s", method, path, err.text);
    request = (struct service_request){0};
    if (answer.body.len) {
        json_error_t why;
        body = json_loadb(answer.body.data, answer.body.len, 0, &why);
        ck_assert_msg(body != NULL, "%s %s: %s: %.500s", method, path, why.text, answer.body.data);
    }
    return answer.status;
}

static const char *at(const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));
    return text ? pool_strdup(pool, text) : "";
}

static void expect(int status, const char *type)
{
    ck_assert_msg(answer.status == status, "status %d, not %d: %.500s", answer.status, status, buf_str(&answer.body));
    ck_assert_str_eq(at("status"), pool_printf(pool, "%d", status));
    ck_assert_str_eq(at("scimType"), type);
    ck_assert_str_ne(at("detail"), "");
}

static const char *user(const char *name)
{
    ask("POST", "/Users",
        pool_printf(pool,
                    "{'schemas': ['" USER "'], 'userName': '%s', 'displayName': 'Mx %s',"
                    " 'externalId': 'X-%s', 'emails': [{'value': '%s@Example.com'}]}",
                    name, name, name, name));
    ck_assert_msg(answer.status == 201, "%s", buf_str(&answer.body));
    return at("id");
}

static const char *group(const char *name, const char *members)
{
    ask("POST", "/Groups",
        pool_printf(pool, "{'schemas': ['" GROUP "'], 'displayName': '%s', 'members': [%s]}", name, members));
    ck_assert_msg(answer.status == 201, "%s", buf_str(&answer.body));
    return at("id");
}

static const char *member(const char *id)
{
    return pool_printf(pool, "{'value': '%s'}", id);
}

static const char *users_path(const char *id)
{
    return pool_printf(pool, "/Users/%s", id);
}

static const char *groups_path(const char *id)
{
    return pool_printf(pool, "/Groups/%s", id);
}

/* What a listing has: total, then names. */
static const char *names(void)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const json_t *one = NULL, *total = json_object_get(body, "totalResults");
    size_t i = 0;
    ck_assert_msg(answer.status == 200, "%.500s", buf_str(&answer.body));
    if (total)
        buf_printf(&text, "%d:", (int)json_integer_value(total));
    json_array_foreach(json_object_get(body, "Resources"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "userName"));
        buf_printf(&text, " %s", name ? name : json_string_value(json_object_get(one, "displayName")));
    }
    return pool_strdup(pool, buf_str(&text));
}

static const char *found(const char *path, const char *filter)
{
    CLEANUP(freep) char *text = mem_strdup(filter);
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    request.params.filter = param(text);
    ask("GET", path, NULL);
    return names();
}

static const char *members_of(const char *id)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const json_t *one = NULL;
    size_t i = 0;
    ck_assert_int_eq(ask("GET", groups_path(id), NULL), 200);
    json_array_foreach(json_object_get(body, "members"), i, one)
        buf_printf(&text, "%s%s", i ? " " : "", json_string_value(json_object_get(one, "display")));
    return pool_strdup(pool, buf_str(&text));
}

/* --- one user ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_user_comes_back_as_it_was_sent)
{
    const char *id = user("Ann");
    ck_assert_str_eq(answer.location, pool_printf(pool, BASE "/Users/%s", id));
    ck_assert_ptr_nonnull(answer.etag);
    ck_assert_int_eq((int)answer.tally.created, 1);
    const char *etag = answer.etag;
    ck_assert_int_eq(ask("GET", users_path(id), NULL), 200);
    ck_assert_str_eq(answer.etag, etag);
    expect_json(
        body,
        pool_printf(pool,
                    "{'schemas': ['" USER "'], 'id': '%s', 'userName': 'Ann', 'displayName': 'Mx Ann',"
                    " 'externalId': 'X-Ann', 'emails': [{'value': 'Ann@Example.com'}], 'meta': {'resourceType':"
                    " 'User', 'created': '2023-11-14T22:13:21.000Z', 'lastModified': '2023-11-14T22:13:21.000Z',"
                    " 'location': '" BASE "/Users/%s', 'version': 'W/\\'1700000001000000\\''}}",
                    id, id),
        "GET");
}
END_TEST

START_TEST(the_same_name_is_refused)
{
    const char *ann = user("Ann"), *bob = user("bob");
    ask("POST", "/Users", "{'schemas': ['" USER "'], 'userName': 'aNN'}");
    expect(409, "uniqueness");
    ask("PUT", users_path(bob), "{'schemas': ['" USER "'], 'userName': 'ANN'}");
    expect(409, "uniqueness");
    ask("PATCH", users_path(bob), "{" PATCH "[{'op': 'replace', 'path': 'userName', 'value': 'ann'}]}");
    expect(409, "uniqueness");
    ck_assert_int_eq(ask("PATCH", users_path(ann), "{" PATCH "[{'op': 'replace', 'value': {'userName': 'ann'}}]}"),
                     200);
    ck_assert_str_eq(at("userName"), "ann");
    directory = "other";
    user("Ann");
}
END_TEST

START_TEST(a_put_replaces_and_a_patch_changes)
{
    const char *id = user("ann"), *etag;
    /* The client's own id stays when it is not sent. */
    ck_assert_int_eq(ask("PUT", users_path(id), "{'schemas': ['" USER "'], 'userName': 'ann'}"), 200);
    ck_assert_str_eq(at("externalId"), "X-ann");
    ck_assert_str_eq(found("/Users", "externalId eq 'X-ann'"), "1: ann");
    /* Nor does anybody come in again because it is not said that they are out. */
    ask("PATCH", users_path(id), "{" PATCH "[{'op': 'replace', 'path': 'active', 'value': false}]}");
    ck_assert_int_eq(ask("PUT", users_path(id), "{'schemas': ['" USER "'], 'userName': 'ann'}"), 200);
    ck_assert(json_is_false(json_object_get(body, "active")));
    ck_assert_int_eq(ask("PUT", users_path(id),
                         "{'schemas': ['" USER
                         "'], 'userName': 'anna', 'title': 'T', 'active': true, 'EXTERNALID': null}"),
                     200);
    ck_assert_str_eq(at("displayName"), "");
    ck_assert_str_eq(found("/Users", "userName eq 'anna'"), "1: anna");
    ck_assert_str_eq(found("/Users", "userName eq 'ann'"), "0:");
    ck_assert_str_eq(found("/Users", "externalId eq 'X-ann'"), "0:");
    ck_assert_int_eq(ask("PATCH", users_path(id), "{" PATCH "[{'op': 'Add', 'path': 'active', 'value': 'False'}]}"),
                     200);
    ck_assert(json_is_false(json_object_get(body, "active")));
    etag = answer.etag;
    ck_assert_int_eq((int)answer.tally.changed, 1);
    ask("PATCH", users_path(id), "{" PATCH "[{'op': 'Add', 'path': 'active', 'value': false}]}");
    ck_assert_str_eq(answer.etag, etag); /* nothing changed */
    ck_assert_int_eq((int)answer.tally.changed, 0);
    ask("PATCH", users_path(id), "{" PATCH "[{'op': 'add', 'path': 'no.where', 'value': 1}]}");
    expect(400, "invalidPath");
}
END_TEST

START_TEST(a_deleted_user_is_gone_and_leaves_its_groups)
{
    const char *ann = user("ann"), *bob = user("bob");
    const char *all = group("all", pool_printf(pool, "%s, %s", member(ann), member(bob))), *etag = answer.etag;
    ck_assert_int_eq(ask("DELETE", users_path(ann), NULL), 204);
    ck_assert_int_eq((int)answer.body.len, 0);
    ck_assert_int_eq(ask("GET", users_path(ann), NULL), 404);
    expect(404, "");
    ask("DELETE", users_path(ann), NULL);
    expect(404, "");
    ck_assert_str_eq(members_of(all), "Mx bob");
    ck_assert_str_ne(answer.etag, etag);
    user("ann");
}
END_TEST

/* --- versions ---------------------------------------------------------------------------------------------------------- */

START_TEST(versions)
{
    const char *id = user("ann"), *old = answer.etag;
    request.if_none_match = span_str(old);
    ck_assert_int_eq(ask("GET", users_path(id), NULL), 304);
    ck_assert_int_eq((int)answer.body.len, 0);
    ck_assert_str_eq(answer.etag, old);
    request.if_match = span_str(old);
    ck_assert_int_eq(ask("PATCH", users_path(id), "{" PATCH "[{'op': 'add', 'value': {'title': 'T'}}]}"), 200);
    ck_assert_str_ne(answer.etag, old);
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        request.if_match = span_str(old);
        ask(methods[i], users_path(id),
            i ? "{" PATCH "[{'op': 'add', 'value': {'title': 'U'}}]}" : "{'schemas': ['" USER "'], 'userName': 'x'}");
        expect(412, "");
    }
    request.if_match = span_str("*");
    ck_assert_int_eq(ask("DELETE", users_path(id), NULL), 204);
}
END_TEST

/* --- groups ------------------------------------------------------------------------------------------------------------ */

START_TEST(members_are_shown_with_what_they_are)
{
    const char *ann = user("ann"), *inner = group("inner", member(ann)), *outer = group("outer", member(inner));
    ck_assert_int_eq(ask("GET", groups_path(outer), NULL), 200);
    expect_json(json_object_get(body, "members"),
                pool_printf(pool,
                            "[{'value': '%s', '$ref': '" BASE "/Groups/%s', 'type': 'Group', 'display': 'inner'}]",
                            inner, inner),
                "members");
    ck_assert_int_eq(ask("GET", users_path(ann), NULL), 200);
    expect_json(json_object_get(body, "groups"),
                pool_printf(pool,
                            "[{'value': '%s', '$ref': '" BASE "/Groups/%s', 'type': 'direct', 'display': 'inner'}]",
                            inner, inner),
                "groups");
}
END_TEST

/* Of many members the text is written, of those in a listing it is made of values: both say the same. */
START_TEST(members_are_shown_in_one_way)
{
    ask("POST", "/Users",
        "{'schemas': ['" USER "'], 'userName': 'q', 'displayName': '\\'\\\\\\u0001\\n\\u00e9/ \\ud83d\\ude00'}");
    const char *odd = at("id"), *g = group("g", pool_printf(pool, "%s, %s", member(odd), member(user("ann"))));
    ck_assert_int_eq(ask("GET", groups_path(g), NULL), 200);
    json_auto_t *one = json_incref(body);
    ck_assert_int_eq((int)json_array_size(json_object_get(one, "members")), 2);
    request.params.filter = param("displayName eq \"g\"");
    ask("GET", "/Groups", NULL);
    ck_assert(json_equal(one, json_array_get(json_object_get(body, "Resources"), 0)));
}
END_TEST

START_TEST(members_join_and_leave)
{
    const char *ann = user("ann"), *bob = user("bob"), *cy = user("cy"), *id = group("g", member(ann));
    ck_assert_int_eq(ask("PATCH", groups_path(id),
                         pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'members', 'value': [%s, %s]}]}",
                                     member(bob), member(ann))),
                     204);
    ck_assert_int_eq((int)answer.tally.joined, 1);
    ck_assert_str_eq(members_of(id), "Mx ann Mx bob");
    ck_assert_int_eq(ask("PATCH", groups_path(id),
                         pool_printf(pool, "{" PATCH "[{'op': 'remove', 'path': 'members[value eq \\'%s\\']'}]}", ann)),
                     204);
    ck_assert_str_eq(members_of(id), "Mx bob");
    ck_assert_int_eq(ask("PATCH", groups_path(id),
                         pool_printf(pool,
                                     "{" PATCH "[{'op': 'remove', 'path': 'members', 'value': [%s]},"
                                     " {'op': 'add', 'path': 'members', 'value': [%s]},"
                                     " {'op': 'replace', 'path': 'displayName', 'value': 'G'}]}",
                                     member(bob), member(cy))),
                     204);
    ck_assert_str_eq(members_of(id), "Mx cy");
    ck_assert_str_eq(at("displayName"), "G");
    ck_assert_int_eq(ask("PATCH", groups_path(id),
                         pool_printf(pool, "{" PATCH "[{'op': 'replace', 'path': 'members', 'value': [%s, %s, %s]}]}",
                                     member(ann), member(cy), member(ann))),
                     204);
    ck_assert_str_eq(members_of(id), "Mx ann Mx cy");
    ck_assert_int_eq(
        ask("PATCH", groups_path(id), "{" PATCH "[{'op': 'remove', 'path': 'members[display sw \\'mx c\\']'}]}"), 204);
    ck_assert_str_eq(members_of(id), "Mx ann");
    ck_assert_int_eq(ask("PATCH", groups_path(id), "{" PATCH "[{'op': 'remove', 'path': 'members', 'value': []}]}"),
                     204);
    ck_assert_str_eq(members_of(id), "Mx ann"); /* an empty list takes nobody away */
    ck_assert_int_eq(ask("PATCH", groups_path(id), "{" PATCH "[{'op': 'remove', 'path': 'members'}]}"), 204);
    ck_assert_str_eq(members_of(id), "");
}
END_TEST

static const char *put(const char *members)
{
    return pool_printf(pool, "{'schemas': ['" GROUP "'], 'displayName': 'h'%s}", members);
}

START_TEST(a_put_of_a_group)
{
    const char *ann = user("ann"), *bob = user("bob"), *id = group("g", member(ann));
    ck_assert_int_eq(ask("PUT", groups_path(id), put("")), 200);
    ck_assert_str_eq(members_of(id), "Mx ann"); /* nothing is inferred from a list that is not there */
    ck_assert_str_eq(at("displayName"), "h");
    ck_assert_int_eq(ask("PUT", groups_path(id), put(pool_printf(pool, ", 'members': [%s]", member(bob)))), 200);
    ck_assert_int_eq((int)answer.tally.joined, 1);
    ck_assert_int_eq((int)answer.tally.left, 1);
    ck_assert_str_eq(members_of(id), "Mx bob");
    ck_assert_int_eq(ask("PUT", groups_path(id), put(", 'members': []")), 200);
    ck_assert_str_eq(members_of(id), "");
}
END_TEST

START_TEST(who_is_not_there_cannot_join)
{
    const char *ann = user("ann"), *id = group("g", ""), *etag;
    directory = "other";
    const char *stranger = user("zoe");
    directory = "hq";
    ask("GET", groups_path(id), NULL);
    etag = answer.etag;
    const char *const bad[] = {stranger, "nobody", ""};
    for (size_t i = 0; i < 3; i++) {
        ask("PATCH", groups_path(id),
            pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'members', 'value': [%s, %s]}]}", member(ann),
                        member(bad[i])));
        expect(400, "invalidValue");
        ask("POST", "/Groups",
            pool_printf(pool, "{'schemas': ['" GROUP "'], 'displayName': 'new', 'members': [{'value': '%s'}]}",
                        i == 2 ? "\\u0000" : bad[i]));
        ck_assert_int_eq(answer.status, 400);
    }
    ck_assert_str_eq(members_of(id), "");
    ck_assert_str_eq(answer.etag, etag);
    ask("PUT", groups_path(id), put(", 'members': [{'display': 'Mx ann'}]"));
    expect(400, "invalidValue");
    ck_assert_str_eq(found("/Groups", "displayName eq 'new'"), "0:");
    ck_assert_int_eq(
        ask("PATCH", groups_path(id),
            pool_printf(pool, "{" PATCH "[{'op': 'remove', 'path': 'members', 'value': [%s]}]}", member(stranger))),
        204);
}
END_TEST

START_TEST(a_token_reaches_its_own_directory_alone)
{
    const char *ann = user("ann"), *g = group("g", member(ann));
    directory = "other";
    static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
    static const char *const sent[] = {NULL, "{'schemas': ['" USER "'], 'userName': 'x'}",
                                       "{" PATCH "[{'op': 'add', 'value': {'title': 'U'}}]}", NULL};
    for (size_t i = 0; i < 4; i++) {
        ask(methods[i], users_path(ann), sent[i]);
        expect(404, "");
    }
    ask("DELETE", groups_path(g), NULL);
    expect(404, "");
    ck_assert_str_eq(found("/Users", pool_printf(pool, "id eq '%s'", ann)), "0:");
    ck_assert_str_eq(found("/Groups", pool_printf(pool, "members.value eq '%s'", ann)), "0:");
    user("first");
    ck_assert_str_eq(found("/Users", pool_printf(pool, "id eq '%s'", ann)), "0:");
    ck_assert_str_eq(found("/Users", pool_printf(pool, "groups.value eq '%s'", g)), "0:");
    ck_assert_str_eq(found("/Groups", pool_printf(pool, "members.value eq '%s'", ann)), "0:");
    ask("PATCH", groups_path(group("h", "")),
        pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'members', 'value': [%s]}]}", member(ann)));
    expect(400, "invalidValue");
}
END_TEST

/* --- listings ---------------------------------------------------------------------------------------------------------- */

START_TEST(filters)
{
    const char *ann = user("ann"), *bob = user("bob"), *in = group("in", member(ann)), *out = group("out", member(in));
    user("cy");
    const struct {
        const char *path, *filter, *names;
    } cases[] = {
        {"/Users", "userName eq 'ANN'", "1: ann"},
        {"/Users", "userName eq 'ANN' and active eq true", "0:"},
        {"/Users", "externalId eq 'X-bob'", "1: bob"},
        {"/Users", "externalId eq 'x-bob'", "0:"},
        {"/Users", "emails.value eq 'BOB@example.com'", "1: bob"},
        {"/Users", "emails[value eq 'bob@example.com']", "1: bob"},
        {"/Users", "emails eq 'bob@example.com'", "1: bob"},
        {"/Users", "userName sw 'b' or displayName co 'cy'", "2: bob cy"},
        {"/Users", "not (userName eq 'ann')", "2: bob cy"},
        {"/Users", pool_printf(pool, "id eq '%s'", ann), "1: ann"},
        {"/Users", pool_printf(pool, "groups.value eq '%s'", in), "1: ann"},
        {"/Users", pool_printf(pool, "groups[value eq '%s']", out), "0:"},
        {"/Users", "groups.display eq 'in'", "1: ann"},
        {"/Users", "groups pr", "1: ann"},
        {"/Users", pool_printf(pool, "not (groups.value eq '%s')", in), "2: bob cy"},
        {"/Users", "meta.lastModified gt '2023-11-14T22:13:22Z'", "1: cy"},
        {"/Users", "meta.lastModified ge '2023-11-14T22:13:22Z'", "2: bob cy"},
        {"/Users", "meta.lastModified ge '2023-11-14T22:13:22Z' and userName ne 'cy'", "1: bob"},
        {"/Users", "meta.lastModified lt '2023-11-14T22:13:22Z'", "1: ann"},
        {"/Users", "meta.resourceType eq 'User'", "3: ann bob cy"},
        {"/Groups", "displayName eq 'IN'", "1: in"},
        {"/Groups", pool_printf(pool, "members eq '%s'", ann), "1: in"},
        {"/Groups", pool_printf(pool, "members.value eq '%s' and displayName sw 'i'", ann), "1: in"},
        {"/Groups", pool_printf(pool, "members[value eq '%s']", in), "1: out"},
        {"/Groups", pool_printf(pool, "members[value eq '%s' and type eq 'User']", in), "0:"},
        {"/Groups", pool_printf(pool, "members.value eq '%s'", bob), "0:"},
        {"/Groups", "members.display eq 'in'", "1: out"},
        {"/Groups", "members.type eq 'User'", "1: in"},
        {"/Groups", "id eq 'nobody'", "0:"},
        {"", "displayName co 'n'", "2: ann in"},
        {"", "meta.resourceType eq 'Group'", "2: in out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(found(cases[i].path, cases[i].filter), cases[i].names) == 0, "%s %s: %s", cases[i].path,
                      cases[i].filter, names());
}
END_TEST

START_TEST(bad_queries)
{
    user("ann");
    static const struct {
        const char *filter, *sort, *start, *count, *cursor, *type;
    } cases[] = {
        {"userName eq", "", "", "", "", "invalidFilter"},
        {"userName xx 'a'", "", "", "", "", "invalidFilter"},
        {"", "nowhere", "", "", "", "invalidPath"},
        {"", "", "x", "", "", "invalidValue"},
        {"", "", "", "x", "", "invalidValue"},
        {"", "", "", "", "x", "invalidCursor"},
        {"", "", "", "", "u9999999999999999999999", "invalidCursor"},
        {"", "", "", "", "g1", "invalidCursor"},
        {"", "", "", "-1", "u1", "invalidCount"},
        {"", "", "1", "", "u1", "invalidValue"},
        {"", "userName", "", "", "u1", "invalidValue"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.params = (struct scim_params){.filter = param(cases[i].filter),
                                              .sort_by = param(cases[i].sort),
                                              .start_index = param(cases[i].start),
                                              .count = param(cases[i].count),
                                              .cursor = param(cases[i].cursor)};
        ask("GET", "/Users", NULL);
        expect(400, cases[i].type);
    }
    CLEANUP(buf_release) struct buf deep = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        buf_addc(&deep, '(');
    request.params.filter = param(buf_str(&deep));
    ask("GET", "/Users", NULL);
    expect(400, "invalidFilter");
}
END_TEST

static const char *page(const char *path, const char *start, const char *count)
{
    request.params.start_index = param(start);
    request.params.count = param(count);
    ask("GET", path, NULL);
    return names();
}

START_TEST(pages_by_index)
{
    user("ann"), user("bob"), user("cy"), group("g", ""), group("h", "");
    ck_assert_str_eq(page("/Users", "", ""), "3: ann bob cy");
    ck_assert_str_eq(page("/Users", "2", "1"), "3: bob");
    ck_assert_str_eq(page("/Users", "0", "2"), "3: ann bob");
    ck_assert_str_eq(page("/Users", "4", ""), "3:");
    ck_assert_str_eq(page("/Users", "1", "0"), "3:");
    ck_assert_str_eq(page("", "", ""), "5: ann bob cy g h");
    ck_assert_str_eq(page("", "3", "2"), "5: cy g");
    ck_assert_str_eq(page("", "5", "2"), "5: h");
    request.params.filter = param("userName pr");
    ck_assert_str_eq(page("", "2", "2"), "3: bob cy");
    request.params.filter = param("displayName pr");
    ck_assert_str_eq(page("", "3", "2"), "5: cy g");
    request.params.filter = param("displayName pr");
    ck_assert_str_eq(page("", "5", "9"), "5: h");
    request.params.filter = param("displayName pr");
    ck_assert_str_eq(page("", "1", "1"), "5: ann");
    ck_assert_str_eq(page("", "1", "1"), "5: ann");
}
END_TEST

static const char *all_by_cursor(const char *path, const char *filter, const char *count)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const char *cursor = "";
    do {
        request.params.cursor = (struct span){pool_strdup(pool, cursor), strlen(cursor)};
        request.params.count = param(count);
        request.params.filter = param(filter);
        ask("GET", path, NULL);
        buf_printf(&text, "%s |", names());
        cursor = at("nextCursor");
    } while (*cursor);
    return pool_strdup(pool, buf_str(&text));
}

START_TEST(pages_by_cursor)
{
    user("ann"), user("bob"), user("cy"), group("g", ""), group("h", "");
    ck_assert_str_eq(all_by_cursor("/Users", "", "2"), " ann bob | cy |");
    ck_assert_str_eq(all_by_cursor("/Users", "", "3"), " ann bob cy |");
    ck_assert_str_eq(all_by_cursor("", "", "2"), " ann bob | cy g | h |");
    ck_assert_str_eq(all_by_cursor("", "", "3"), " ann bob cy | g h |");
    ck_assert_str_eq(all_by_cursor("/Users", "meta.lastModified gt \"2000-01-01T00:00:00Z\"", "1"),
                     " ann | bob | cy |");
    ck_assert_str_eq(all_by_cursor("/Users", "displayName co \"n\" or displayName co \"c\"", "1"), " ann | cy |");
}
END_TEST

START_TEST(orders)
{
    user("b"), user("C"), user("a");
    const struct {
        const char *by, *order, *filter, *names;
    } cases[] = {
        {"userName", "", "", "3: a b C"},
        {"userName", "descending", "", "3: C b a"},
        {"displayName", "descending", "", "3: C b a"},
        {"meta.created", "descending", "", "3: a C b"},
        {"id", "", "userName eq \"b\"", "1: b"},
        {"userName", "", "userName ne \"b\"", "2: a C"},
        {"title", "", "", "3: b C a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.params = (struct scim_params){
            .sort_by = param(cases[i].by), .sort_order = param(cases[i].order), .filter = param(cases[i].filter)};
        ask("GET", "/Users", NULL);
        ck_assert_msg(strcmp(names(), cases[i].names) == 0, "%s: %s", cases[i].by, names());
    }
    request.params = (struct scim_params){.sort_by = param("userName"), .start_index = param("2"), .count = param("1")};
    ask("GET", "/Users", NULL);
    ck_assert_str_eq(names(), "3: b");
    request.params =
        (struct scim_params){.sort_by = param("displayName"), .start_index = param("2"), .count = param("1")};
    ask("GET", "/Users", NULL);
    ck_assert_str_eq(names(), "3: b");
}
END_TEST

START_TEST(projections)
{
    const char *ann = user("ann"), *g = group("g", member(ann));
    request.params.attributes = param("userName");
    ask("GET", users_path(ann), NULL);
    expect_json(body, pool_printf(pool, "{'schemas': ['" USER "'], 'id': '%s', 'userName': 'ann'}", ann), "attributes");
    request.params.excluded = param("members,meta");
    ask("GET", groups_path(g), NULL);
    expect_json(body, pool_printf(pool, "{'schemas': ['" GROUP "'], 'id': '%s', 'displayName': 'g'}", g), "excluded");
    request.params.attributes = param("displayName");
    ck_assert_int_eq(ask("PATCH", groups_path(g), "{" PATCH "[{'op': 'add', 'value': {'displayName': 'h'}}]}"), 200);
    ck_assert_str_eq(at("displayName"), "h");
    request.params.attributes = param("a");
    request.params.excluded = param("b");
    ask("GET", users_path(ann), NULL);
    expect(400, "invalidValue");
}
END_TEST

START_TEST(searches)
{
    user("ann"), user("bob"), group("g", "");
    const char *search = "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'], 'filter': 'id pr',"
                         " 'count': 2, 'startIndex': 2}";
    ask("POST", "/Users/.search", search);
    ck_assert_str_eq(names(), "2: bob");
    ask("POST", "/Groups/.search", search);
    ck_assert_str_eq(names(), "1:");
    ask("POST", "/.search", search);
    ck_assert_str_eq(names(), "3: bob g");
    ask("GET", "/Users/.search", NULL);
    expect(405, "");
    ck_assert_str_eq(answer.allow, "POST");
}
END_TEST

/* --- bulk -------------------------------------------------------------------------------------------------------------- */

#define BULK "'schemas': ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], 'Operations': "

static const char *statuses(void)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const json_t *one = NULL;
    size_t i = 0;
    ck_assert_msg(answer.status == 200, "%.500s", buf_str(&answer.body));
    json_array_foreach(json_object_get(body, "Operations"), i, one)
        buf_printf(&text, "%s%s", i ? " " : "", json_string_value(json_object_get(one, "status")));
    return pool_strdup(pool, buf_str(&text));
}

START_TEST(bulk)
{
    const char *ann = user("ann"), *cy = user("cy");
    ask("POST", "/Bulk",
        pool_printf(pool,
                    "{" BULK "[{'method': 'POST', 'path': '/Groups', 'bulkId': 'g', 'data': {'schemas': ['" GROUP "'],"
                    " 'displayName': 'g', 'members': [{'value': 'bulkId:u'}, {'value': '%s'}]}},"
                    " {'method': 'POST', 'path': '/Users', 'bulkId': 'u', 'data': {'schemas': ['" USER
                    "'], 'userName': 'bob'}},"
                    " {'method': 'POST', 'path': '/Users', 'bulkId': 'v', 'data': {'schemas': ['" USER
                    "'], 'userName': 'BOB'}},"
                    " {'method': 'PATCH', 'path': '/Users/%s', 'data': {" PATCH
                    "[{'op': 'add', 'value': {'title': 'T'}}]}},"
                    " {'method': 'PATCH', 'path': '/Groups/bulkId:g', 'data': {" PATCH
                    "[{'op': 'add', 'path': 'members', 'value': [{'value': '%s'}, {'value': 'nobody'}]}]}},"
                    " {'method': 'DELETE', 'path': '/Users/nobody'}]}",
                    ann, ann, cy));
    ck_assert_str_eq(statuses(), "201 201 409 200 400 404");
    ck_assert_int_eq((int)answer.tally.created, 2);
    ck_assert_int_eq((int)answer.tally.failed, 3);
    ck_assert_int_eq((int)answer.tally.joined, 2);
    ck_assert_str_eq(found("/Users", "title eq 'T'"), "1: ann");
    ck_assert_str_eq(found("/Groups", "displayName eq 'g'"), "1: g");
    ck_assert_int_eq(
        (int)json_array_size(json_object_get(json_array_get(json_object_get(body, "Resources"), 0), "members")), 2);
}
END_TEST

START_TEST(bulk_ends_at_its_limit_of_errors)
{
    ask("POST", "/Bulk",
        "{'failOnErrors': 1, " BULK "[{'method': 'DELETE', 'path': '/Users/a'}, {'method': 'POST', 'path': '/Users',"
        " 'bulkId': 'v', 'data': {'schemas': ['" USER "'], 'userName': 'bob'}}]}");
    ck_assert_str_eq(statuses(), "404");
    ck_assert_str_eq(page("/Users", "", ""), "0:");
    ask("POST", "/Bulk", "{" BULK "[]}");
    expect(400, "invalidSyntax");
}
END_TEST

START_TEST(bulk_of_more_than_one_transaction)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    for (int i = 0; i < 450; i++)
        buf_printf(&text,
                   "%s{'method': 'POST', 'path': '/Users', 'bulkId': '%d', 'data': {'schemas': ['" USER "'],"
                   " 'userName': 'u%d'}}",
                   i ? "," : "", i, i == 300 ? 7 : i);
    ask("POST", "/Bulk", pool_printf(pool, "{" BULK "[%s]}", buf_str(&text)));
    ck_assert_int_eq((int)answer.tally.created, 449);
    ck_assert_int_eq((int)answer.tally.failed, 1);
    ck_assert_int_eq(page("/Users", "1", "0")[0], '4');
    for (int i = 0; i < 600; i++)
        buf_printf(&text, ", {'method': 'DELETE', 'path': '/Users/x'}");
    ask("POST", "/Bulk", pool_printf(pool, "{" BULK "[%s]}", buf_str(&text)));
    expect(413, "");
}
END_TEST

/* --- what there is not --------------------------------------------------------------------------------------------------- */

START_TEST(endpoints)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *allow;
    } cases[] = {
        {"GET", "/ServiceProviderConfig", 200, NULL},
        {"GET", "/ServiceProviderConfig/", 200, NULL},
        {"GET", "/Schemas", 200, NULL},
        {"GET", "/Schemas/" USER, 200, NULL},
        {"GET", "/Schemas/urn:x", 404, NULL},
        {"GET", "/ResourceTypes", 200, NULL},
        {"GET", "/ResourceTypes/Group", 200, NULL},
        {"GET", "/ResourceTypes/Thing", 404, NULL},
        {"POST", "/ResourceTypes", 405, "GET"},
        {"GET", "/Me", 501, NULL},
        {"PATCH", "/Me", 501, NULL},
        {"GET", "/Nothing", 404, NULL},
        {"GET", "/Users/a/b", 404, NULL},
        {"PUT", "/Users", 405, "POST, GET"},
        {"POST", "/Users/x", 405, "GET, PUT, PATCH, DELETE"},
        {"GET", "/Bulk", 405, "POST"},
        {"GET", "/.search", 405, "POST"},
        {"BREW", "/Users", 405, "POST, GET"},
        {"GET", "/", 200, NULL},
        {"DELETE", "", 405, "GET"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(cases[i].method, cases[i].path, NULL);
        ck_assert_msg(answer.status == cases[i].status, "%s %s: %d", cases[i].method, cases[i].path, answer.status);
        if (cases[i].allow)
            ck_assert_str_eq(answer.allow ? answer.allow : "", cases[i].allow);
    }
    request.params.filter = param("id pr");
    ask("GET", "/Schemas", NULL);
    expect(403, "");
}
END_TEST

START_TEST(bodies)
{
    static const struct {
        const char *type, *body;
        int status;
        const char *scim_type;
    } cases[] = {
        {"text/plain", "{}", 415, ""},
        {"application/jsonx", "{}", 415, ""},
        {"application/json; charset=latin1", "{}", 415, ""},
        {"application/json; charset=utf-8", "{}", 400, "invalidValue"},
        {"application/scim+json;charset=\"UTF-8\"", "{}", 400, "invalidValue"},
        {NULL, "", 400, "invalidSyntax"},
        {NULL, "[]", 400, "invalidSyntax"},
        {NULL, "{'userName': 'a', 'userName': 'b'}", 400, "invalidSyntax"},
        {NULL, "{'userName': 'a\xff'}", 400, "invalidSyntax"},
        {NULL, "{'schemas': ['" USER "'], 'userName': 7}", 400, "invalidValue"},
        {NULL, "{'schemas': ['" USER "'], 'userName': ''}", 400, "invalidValue"},
        {NULL, "{'schemas': ['" USER "'], 'userName': 'a', 'emails': 'x@y'}", 400, "invalidValue"},
        {NULL, "{'schemas': ['urn:unknown'], 'userName': 'a'}", 400, "invalidValue"},
        {NULL,
         "{'schemas': ['" USER
         "', 'urn:unknown'], 'userName': 'a', 'members': [{}, 1], 'urn:unknown': {'x': 1}, 'password': 'p'}",
         201, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.content_type = cases[i].type;
        ask("POST", "/Users", cases[i].body);
        ck_assert_msg(answer.status == cases[i].status, "%zu: %d: %s", i, answer.status, buf_str(&answer.body));
        ck_assert_str_eq(at("scimType"), cases[i].scim_type);
    }
    ck_assert_ptr_null(json_object_get(body, "password"));
    ck_assert_ptr_null(json_object_get(body, "urn:unknown"));
    ck_assert_str_eq(page("/Users", "", ""), "1: a");
}
END_TEST

/* --- several at once ------------------------------------------------------------------------------------------------------- */

#define THREADS 8
#define EACH    40

struct pusher {
    struct line *line;
    int number, created, refused;
};

/* Every other name is pushed by all of them. */
static void *push_users(void *ctx)
{
    struct pusher *pusher = ctx;
    struct pushed *own = NULL;
    struct err err = ERR_INIT;
    if (pushed_open(dir, &own, &err) != 0)
        return NULL;
    for (int i = 0; i < EACH; i++) {
        CLEANUP(pool_free) struct pool *mine = pool_new();
        struct service_answer a = {0};
        const char *text =
            pool_printf(mine, "{\"schemas\": [\"" USER "\"], \"userName\": \"u%d-%d\"}", i % 2 ? pusher->number : 0, i);
        const struct service_request r = {.method = "POST",
                                          .path = "/Users",
                                          .body = span_str(text),
                                          .base = BASE,
                                          .now = 1700000000000000,
                                          .line = pusher->line};
        if (service_answer(own, "hq", &r, mine, &a, &err) == 0) {
            pusher->created += a.status == 201 && a.tally.created == 1;
            pusher->refused += a.status == 409 && a.tally.created == 0;
        }
        buf_release(&a.body);
    }
    pushed_close(&own);
    return NULL;
}

START_TEST(a_change_that_is_refused_takes_no_other_with_it)
{
    struct pusher pushers[THREADS] = {{0}};
    pthread_t threads[THREADS];
    int created = 0, refused = 0;
    for (int i = 0; i < THREADS; i++) {
        pushers[i] = (struct pusher){.line = line, .number = i + 1};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, push_users, &pushers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        created += pushers[i].created;
        refused += pushers[i].refused;
    }
    ck_assert_int_eq(created, THREADS * EACH / 2 + EACH / 2);
    ck_assert_int_eq(created + refused, THREADS * EACH);
    ck_assert_str_eq(page("/Users", "1", "0"), pool_printf(pool, "%d:", created));
}
END_TEST

static int break_off(void *job, struct pushed *pushed, struct err *err)
{
    (void)job, (void)pushed;
    return err_set(err, ERR_STORE, "the disk is full");
}

START_TEST(a_fault_of_our_own_is_told)
{
    struct err err = ERR_INIT;
    ck_assert_int_eq(line_pass(line, break_off, NULL, &err), -1);
    ck_assert_str_eq(err.text, "the disk is full");
    user("ann");
}
END_TEST

/* --- one more among many ------------------------------------------------------------------------------------------------- */

#define MANY 50000

static sqlite3 *handle; /* of push.db, as it is opened */
static long steps;

static int note_handle(sqlite3 *opened, char **message, const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    handle = opened;
    return SQLITE_OK;
}

static int count_step(void *unused)
{
    (void)unused;
    steps++;
    return 0;
}

static long wal_pages(void)
{
    int logged = 0, done = 0;
    ck_assert_int_eq(sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged, &done), SQLITE_OK);
    return logged;
}

static const char *make_large_group(void)
{
    const char *id = group("large", "");
    ck_assert_int_eq(
        sqlite3_exec(handle,
                     "INSERT INTO resource (directory, kind, gone, id, display, created, change)"
                     " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
                     " SELECT 1, 0, 0, 'id' || i, 'u' || i, 1, 1 FROM n;"
                     "INSERT INTO content SELECT row, 'no JSON' FROM resource WHERE kind = 0;"
                     "INSERT INTO member SELECT (SELECT row FROM resource WHERE kind = 1), row FROM resource"
                     " WHERE kind = 0",
                     NULL, NULL, NULL),
        SQLITE_OK);
    return id;
}

START_TEST(one_more_of_many_costs_the_same_as_one)
{
    struct err err = ERR_INIT;
    pushed_close(&db);
    sqlite3_auto_extension((void (*)(void))note_handle);
    ck_assert_int_eq(pushed_open(dir, &db, &err), 0);
    sqlite3_reset_auto_extension();
    const char *id = make_large_group(), *ann = user("ann");
    const char *add = pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'members', 'value': [%s]}]}", member(ann));
    const char *take =
        pool_printf(pool, "{" PATCH "[{'op': 'remove', 'path': 'members', 'value': [%s]}]}", member(ann));
    sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_progress_handler(handle, 1, count_step, NULL);
    ck_assert_int_eq(ask("PATCH", groups_path(id), add), 204);
    ck_assert_msg(steps < 1000, "%ld steps of SQLite's machine", steps);
    ck_assert_msg(wal_pages() <= 12, "%ld pages", wal_pages());
    ck_assert_int_eq(ask("PATCH", groups_path(id), take), 204);
    request.params.excluded = param("members");
    ck_assert_int_eq(ask("GET", groups_path(id), NULL), 200);
    request.params = (struct scim_params){.excluded = param("members"),
                                          .filter = param(pool_printf(pool, "members.value eq \"%s\"", "id7"))};
    ck_assert_int_eq(ask("GET", "/Groups", NULL), 200);
    ck_assert_str_eq(names(), "1: large");
    request.params = (struct scim_params){.excluded = param("members"), .filter = param("displayName eq \"large\"")};
    ck_assert_int_eq(ask("GET", "/Groups", NULL), 200);
    ck_assert_msg(steps < 3000, "%ld steps of SQLite's machine", steps);
    ck_assert_int_eq(ask("GET", groups_path(id), NULL), 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(body, "members")), MANY);
    ck_assert_int_gt((int)steps, MANY); /* they are counted indeed */
}
END_TEST

START_TEST(a_request_looks_at_so_many_members_and_no_more)
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    pushed_close(&db);
    sqlite3_auto_extension((void (*)(void))note_handle);
    ck_assert_int_eq(pushed_open(dir, &db, &err), 0);
    sqlite3_reset_auto_extension();
    const char *id = make_large_group();
    for (int i = 0; i < 11; i++)
        buf_printf(&text, "%s{'op': 'remove', 'path': 'members[display eq \\'nobody\\']'}", i ? "," : "");
    ask("PATCH", groups_path(id), pool_printf(pool, "{" PATCH "[%s]}", buf_str(&text)));
    expect(400, "tooMany");
}
END_TEST

START_TEST(a_page_has_so_many_members)
{
    struct err err = ERR_INIT;
    pushed_close(&db);
    sqlite3_auto_extension((void (*)(void))note_handle);
    ck_assert_int_eq(pushed_open(dir, &db, &err), 0);
    sqlite3_reset_auto_extension();
    make_large_group();
    ck_assert_int_eq(sqlite3_exec(handle, "UPDATE content SET text = '{\"displayName\":\"large\"}'", NULL, NULL, NULL),
                     SQLITE_OK);
    group("second", ""), group("third", "");
    ck_assert_int_eq(sqlite3_exec(handle,
                                  "INSERT INTO member SELECT g.row, u.row FROM resource g, resource u"
                                  " WHERE g.display IN ('second', 'third') AND u.kind = 0",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_str_eq(page("/Groups", "", ""), "3: large second");
    ck_assert_str_eq(page("/Groups", "3", ""), "3: third");
    request.params.excluded = param("members");
    ck_assert_str_eq(page("/Groups", "", ""), "3: large second third");
}
END_TEST

START_TEST(a_page_has_a_size)
{
    char *large = pool_alloc(pool, 65001);
    memset(large, 'x', 65000);
    large[65000] = '\0';
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    for (int i = 0; i < 15; i++)
        buf_printf(&text, "%s{'value': '%d%s'}", i ? "," : "", i, large);
    for (int i = 0; i < 20; i++)
        ask("POST", "/Users",
            pool_printf(pool, "{'schemas': ['" USER "'], 'userName': 'u%d', 'roles': [%s]}", i, buf_str(&text)));
    ck_assert_str_eq(page("/Users", "", ""), "20: u0 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16");
    ck_assert_str_eq(page("/Users", "18", ""), "20: u17 u18 u19");
    ck_assert_str_eq(all_by_cursor("/Users", "", "100"),
                     " u0 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16 | u17 u18 u19 |");
}
END_TEST

START_TEST(a_query_has_a_time)
{
    user("ann");
    request.seconds = 1e-9;
    ck_assert_int_eq(ask("GET", "/Users", NULL), 400);
    ck_assert_str_eq(at("scimType"), "tooMany");
    request.seconds = 1e-9;
    request.params.filter = param("title pr");
    ck_assert_int_eq(ask("GET", "/Users", NULL), 400);
    ck_assert_str_eq(page("/Users", "", ""), "1: ann");
}
END_TEST

START_TEST(a_resource_has_a_size)
{
    char *large = pool_alloc(pool, 60001);
    memset(large, 'x', 60000);
    large[60000] = '\0';
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    for (int i = 0; i < 10; i++)
        buf_printf(&text, "%s{'value': '%d%s'}", i ? "," : "", i, large);
    const char *id = user("ann");
    ck_assert_int_eq(
        ask("PATCH", users_path(id),
            pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'roles', 'value': [%s]}]}", buf_str(&text))),
        200);
    ask("PATCH", users_path(id),
        pool_printf(pool, "{" PATCH "[{'op': 'add', 'path': 'entitlements', 'value': [%s]}]}", buf_str(&text)));
    expect(413, "");
    ask("POST", "/Groups",
        pool_printf(pool, "{'schemas': ['" GROUP "'], 'displayName': 'g', 'externalId': '%s', 'members': [%s, %s]}",
                    large, buf_str(&text), buf_str(&text)));
    expect(400, "invalidValue"); /* ids have a length */
    buf_printf(&text, ",%s", pool_strdup(pool, buf_str(&text)));
    ask("PUT", users_path(id),
        pool_printf(pool, "{'schemas': ['" USER "'], 'userName': 'a', 'roles': [%s]}", buf_str(&text)));
    expect(413, "");
    ck_assert_int_eq(ask("GET", users_path(id), NULL), 200);
    ck_assert_ptr_null(json_object_get(body, "entitlements"));
}
END_TEST

static void add_requests(TCase *t)
{
    tcase_add_test(t, a_user_comes_back_as_it_was_sent);
    tcase_add_test(t, the_same_name_is_refused);
    tcase_add_test(t, a_put_replaces_and_a_patch_changes);
    tcase_add_test(t, a_deleted_user_is_gone_and_leaves_its_groups);
    tcase_add_test(t, versions);
    tcase_add_test(t, members_are_shown_with_what_they_are);
    tcase_add_test(t, members_are_shown_in_one_way);
    tcase_add_test(t, members_join_and_leave);
    tcase_add_test(t, a_put_of_a_group);
    tcase_add_test(t, who_is_not_there_cannot_join);
    tcase_add_test(t, a_token_reaches_its_own_directory_alone);
    tcase_add_test(t, filters);
    tcase_add_test(t, bad_queries);
    tcase_add_test(t, pages_by_index);
    tcase_add_test(t, pages_by_cursor);
    tcase_add_test(t, orders);
    tcase_add_test(t, projections);
    tcase_add_test(t, searches);
    tcase_add_test(t, bulk);
    tcase_add_test(t, bulk_ends_at_its_limit_of_errors);
    tcase_add_test(t, bulk_of_more_than_one_transaction);
    tcase_add_test(t, endpoints);
    tcase_add_test(t, bodies);
}

static TCase *new_case(const char *name, void (*begin)(void))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, begin, teardown);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *alone = new_case("each alone", setup), *together = new_case("in line", setup_in_line);
    add_requests(alone);
    add_requests(together);
    tcase_add_test(together, a_change_that_is_refused_takes_no_other_with_it);
    tcase_add_test(together, a_fault_of_our_own_is_told);
    tcase_add_test(alone, one_more_of_many_costs_the_same_as_one);
    tcase_add_test(alone, a_request_looks_at_so_many_members_and_no_more);
    tcase_add_test(alone, a_page_has_so_many_members);
    tcase_add_test(alone, a_page_has_a_size);
    tcase_add_test(alone, a_query_has_a_time);
    tcase_add_test(alone, a_resource_has_a_size);
    suite_add_tcase(suite, alone);
    suite_add_tcase(suite, together);
    return suite_run(suite);
}
