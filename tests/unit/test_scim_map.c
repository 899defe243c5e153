/*
 * scim: maps (scim/map.h), and the tables that they look things up in.
 *
 * tests/data/scim-map/NAME.json: "rules", "tables" by their names, "person" with attributes by their names, those of
 * the directory in "extra" and values by target in "fixed"; "extensions" are schemas. Then what is expected: "refused"
 * (a part of the message) at rule number "row"; or "user", "edits", "raw"; and of a User that was "found", what
 * "differs" in it, and how it is after it was "written".
 */
#include <dirent.h>

#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "scim/map.h"
#include "scim/map_table.h"

#define DATA "tests/data/scim-map"
#define EXT  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

static struct scim_map *map;
static struct err err;
static size_t row;
static struct span attr[ATTR_COUNT];
static struct named_value extra[16], fixed[16];
static struct scim_person person;

static void setup(void)
{
    scim_setup();
    err = (struct err)ERR_INIT;
    map = NULL;
    row = 999;
    memset(attr, 0, sizeof attr);
    person = (struct scim_person){.id = span_str("e1"), .attr = attr, .extra = extra, .fixed = fixed};
}

static void teardown(void)
{
    scim_map_free(&map);
    scim_teardown();
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static const char *rule_at(void *ctx, size_t i)
{
    return json_string_value(json_array_get(json_object_get(ctx, "rules"), i));
}

static int table_of(void *ctx, size_t i, const char *file, const struct scim_table **ret, struct err *why)
{
    (void)i;
    const char *text = json_string_value(json_object_get(json_object_get(ctx, "tables"), file));
    return text ? scim_table_read(pool, span_str(text), ret, why)
                : err_set(why, ERR_NOT_FOUND, "table %s: there is none", file);
}

static size_t take_values(const json_t *from, struct named_value *ret)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach ((json_t *)from, key, value)
        ret[n++] = (struct named_value){span_str(key), span_str(json_string_value(value))};
    return n;
}

static void take_person(const json_t *from)
{
    for (size_t i = 0; i < ATTR_COUNT; i++)
        attr[i] = span_str(json_string_value(json_object_get(from, attr_names[i])));
    person.nextra = take_values(json_object_get(from, "extra"), extra);
    person.nfixed = take_values(json_object_get(from, "fixed"), fixed);
}

static void same_json(const json_t *is, const json_t *wanted, const char *name, const char *what)
{
    char *a = json_dumps(is, JSON_ENCODE_ANY), *b = json_dumps(wanted, JSON_ENCODE_ANY);
    ck_assert_msg(json_equal(is, wanted), "%s: %s:\n  is     %s\n  wanted %s", name, what, a, b);
    free(a);
    free(b);
}

static void check_differs(const json_t *c, const char *name)
{
    CLEANUP(buf_release) struct buf names = BUF_INIT;
    const char *wanted = json_string_value(json_object_get(c, "differs"));
    int differs = scim_map_differs(map, &person, json_object_get(c, "found"), &names);
    ck_assert_msg(strcmp(buf_str(&names), wanted) == 0, "%s: differs '%s', not '%s'", name, buf_str(&names), wanted);
    ck_assert_int_eq(differs, *wanted != '\0');
    ck_assert_int_eq(scim_map_differs(map, &person, json_object_get(c, "found"), NULL), differs);
}

/* What is written is what is wanted, whatever was there before, and stays so. */
static void check_written(const json_t *c, const char *name)
{
    json_auto_t *user = json_deep_copy(json_object_get(c, "found"));
    for (int again = 0; again < 2; again++) {
        scim_map_write(map, &person, user);
        if (json_object_get(c, "written"))
            same_json(user, json_object_get(c, "written"), name, "written");
        ck_assert_msg(scim_map_differs(map, &person, user, NULL) == 0, "%s: differs from what was written", name);
    }
}

static void check_raw(const json_t *c, const char *name)
{
    const char *const *names;
    size_t n = scim_map_raw(map, &names);
    json_auto_t *raw = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(raw, json_string(names[i]));
    same_json(raw, json_object_get(c, "raw"), name, "raw");
}

static size_t read_extensions(const json_t *c, const char *name, const struct scim_schema **ret)
{
    const json_t *schema, *all = json_object_get(c, "extensions");
    size_t i;
    json_array_foreach (all, i, schema)
        ck_assert_msg(scim_schema_read(pool, schema, &ret[i], &error) == 0, "%s: %s", name, error.detail);
    return json_array_size(all);
}

static void check_case(json_t *c, const char *name)
{
    const struct scim_schema *extensions[4];
    struct scim_map_rows rows = {.n = json_array_size(json_object_get(c, "rules")),
                                 .at = rule_at,
                                 .table = table_of,
                                 .ctx = c,
                                 .extensions = extensions,
                                 .nextensions = read_extensions(c, name, extensions)};
    const char *refused = json_string_value(json_object_get(c, "refused"));
    int made = scim_map_new(&rows, &map, &row, &err);
    if (refused) {
        ck_assert_msg(made == -1, "%s: was taken", name);
        ck_assert_msg(err.kind == ERR_CONFIG || err.kind == ERR_NOT_FOUND, "%s: kind %d", name, err.kind);
        ck_assert_msg(strstr(err.text, refused) != NULL, "%s: %s", name, err.text);
        ck_assert_msg(row == (size_t)json_integer_value(json_object_get(c, "row")), "%s: row %zu", name, row);
        return;
    }
    ck_assert_msg(made == 0, "%s: %s", name, err.text);
    take_person(json_object_get(c, "person"));
    json_auto_t *user = scim_map_user(map, &person), *edits = scim_map_edits(map, &person);
    ck_assert_msg(scim_map_differs(map, &person, user, NULL) == 0, "%s: differs from what it makes", name);
    if (json_object_get(c, "user"))
        same_json(user, json_object_get(c, "user"), name, "user");
    if (json_object_get(c, "edits"))
        same_json(edits, json_object_get(c, "edits"), name, "edits");
    if (json_object_get(c, "raw"))
        check_raw(c, name);
    if (json_object_get(c, "differs"))
        check_differs(c, name);
    if (json_object_get(c, "found"))
        check_written(c, name);
}

START_TEST(is_as_the_files_say)
{
    DIR *folder = opendir(DATA);
    ck_assert_ptr_nonnull(folder);
    const struct dirent *file;
    size_t n = 0;
    while ((file = readdir(folder))) {
        size_t length = strlen(file->d_name);
        if (length < 6 || strcmp(file->d_name + length - 5, ".json") != 0)
            continue;
        teardown();
        setup();
        json_error_t why;
        json_auto_t *c = json_load_file(pool_printf(pool, DATA "/%s", file->d_name), JSON_REJECT_DUPLICATES, &why);
        ck_assert_msg(c != NULL, "%s:%d: %s", file->d_name, why.line, why.text);
        check_case(c, file->d_name);
        n++;
    }
    closedir(folder);
    ck_assert_uint_gt(n, 40);
}
END_TEST

/* --- rule by rule ------------------------------------------------------------------------------------------------ */

static struct scim_map *map_of(const char *rules)
{
    json_t *c = json_pack("{s:o}", "rules", js(rules));
    struct scim_map_rows rows = {.n = json_array_size(json_object_get(c, "rules")), .at = rule_at, .ctx = c};
    int made = scim_map_new(&rows, &map, &row, &err);
    ck_assert_msg(made == 0, "%s", err.text);
    json_decref(c);
    return map;
}

START_TEST(tells_its_rules)
{
    map_of("['TITLE <-   first( description , title )', 'emails[type eq \\'work\\'].value <- none']");
    size_t seen = 0;
    for (size_t i = 0; i < scim_map_count(map); i++) {
        struct scim_map_rule rule = scim_map_rule(map, i);
        if (strcmp(rule.target, "title") == 0) {
            ck_assert_str_eq(rule.source, "first( description , title )");
            ck_assert_uint_eq(rule.row, 0);
            ck_assert(rule.writes);
            seen++;
        } else if (strcmp(rule.target, "emails[type eq \"work\"].value") == 0) {
            ck_assert_str_eq(rule.source, "none");
            ck_assert(!rule.writes);
            seen++;
        } else {
            ck_assert_uint_eq(rule.row, SCIM_MAP_DEFAULT);
        }
    }
    ck_assert_uint_eq(seen, 2);
}
END_TEST

/* Which is what explain shows. */
START_TEST(says_why_a_value_is_none)
{
    map_of("['urn:ietf:params:scim:schemas:core:2.0:User:x509Certificates[type eq \\'a\\'].value <- seen']");
    const char *why = NULL;
    size_t i = scim_map_count(map) - 1;
    extra[0] = (struct named_value){span_str("seen"), span_str("not base64!")};
    person.nextra = 1;
    ck_assert_uint_eq(scim_map_eval(map, i, &person, pool, &why).n, 0);
    ck_assert_str_eq(why, "not in base64");
    extra[0].value = span_str("AAAA");
    ck_assert_uint_eq(scim_map_eval(map, i, &person, pool, &why).n, 4);
    ck_assert_ptr_null(why);
}
END_TEST

START_TEST(never_lacks_a_user_name)
{
    map_of("['userName <- description']");
    attr[ATTR_EMAIL] = span_str("ann@example.com");
    struct span name = scim_map_user_name(map, &person, pool);
    ck_assert(span_eq(name, span_str("ann@example.com")));
    json_auto_t *user = scim_map_user(map, &person);
    ck_assert_str_eq(json_string_value(json_object_get(user, "userName")), "ann@example.com");
}
END_TEST

/* A value that is made grows no further than SCIM_MAP_VALUE_MAX, and is cut at a character. */
START_TEST(cuts_at_a_character)
{
    map_of("['nickName <- upper(join(\\'한\\', a, a, a, a, a, a, a, a, a))']");
    char *long_text = pool_alloc(pool, 1024);
    for (size_t i = 0; i < 1023; i += 3)
        memcpy(long_text + i, "\xEA\xB0\x80", 3);
    extra[0] = (struct named_value){span_str("a"), {long_text, 1023}};
    person.nextra = 1;
    struct span made = scim_map_eval(map, scim_map_count(map) - 1, &person, pool, NULL);
    ck_assert_uint_gt(made.n, SCIM_MAP_VALUE_MAX - 4);
    ck_assert_uint_le(made.n, SCIM_MAP_VALUE_MAX);
    ck_assert(text_is_clean(made));
}
END_TEST

START_TEST(has_limits)
{
    CLEANUP(buf_release) struct buf deep = BUF_INIT;
    buf_adds(&deep, "title <- ");
    for (int i = 0; i < SCIM_MAP_DEPTH_MAX + 1; i++)
        buf_adds(&deep, "lower(");
    buf_adds(&deep, "title");
    for (int i = 0; i < SCIM_MAP_DEPTH_MAX + 1; i++)
        buf_addc(&deep, ')');
    json_t *c = json_pack("{s:[s]}", "rules", deep.data);
    struct scim_map_rows rows = {.n = 1, .at = rule_at, .ctx = c};
    ck_assert_int_eq(scim_map_new(&rows, &map, &row, &err), -1);
    ck_assert_msg(strstr(err.text, "deep") != NULL, "%s", err.text);
    json_decref(c);
}
END_TEST

/* --- tables ------------------------------------------------------------------------------------------------------ */

static const struct scim_table *table(const char *text)
{
    const struct scim_table *ret = NULL;
    int read = scim_table_read(pool, span_str(text), &ret, &err);
    ck_assert_msg(read == 0, "%s", err.text);
    return ret;
}

static void finds(const struct scim_table *t, const char *key, const char *value)
{
    struct span found = scim_table_find(t, span_str(key));
    ck_assert_msg(span_eq(found, span_str(value)), "%s: '%.*s', not '%s'", key, SPAN_ARG(found), value);
}

START_TEST(looks_up)
{
    const struct scim_table *t = table("\xEF\xBB\xBF# sites\r\n; too\r\n\r\nSeoul = 서울\r\n\"a=b\" = \"c = d\"\r\n"
                                       "tab\tby = tab\nEmpty =\nSTRASSE = s\n* = elsewhere");
    finds(t, "seoul", "서울");
    finds(t, "SEOUL", "서울");
    finds(t, "a=b", "c = d");
    finds(t, "tab", "by = tab");
    finds(t, "empty", "");
    finds(t, "straße", "s");
    finds(t, "nowhere", "elsewhere");
    finds(table("a=b"), "c", "");
    finds(table(""), "c", "");
}
END_TEST

static const struct {
    const char *text, *fault;
} bad_tables[] = {
    {"a = b\nnonsense\n", "line 2: no value"},
    {"= b", "line 1: no key"},
    {"a = b\nA = c", "line 2: the key of line 1 again"},
    {"* = b\n* = c", "line 2: the key '*' stands twice"},
    {"a = \xFF", "line 1: not UTF-8"},
    {"a = \x1b[31m", "line 1: not UTF-8"},
};

START_TEST(refuses_a_table)
{
    const struct scim_table *ret = NULL;
    ck_assert_int_eq(scim_table_read(pool, span_str(bad_tables[_i].text), &ret, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strstr(err.text, bad_tables[_i].fault) == err.text, "%s", err.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scim_map");
    TCase *files = tcase_create("files"), *rules = tcase_create("rules"), *tables = tcase_create("tables");
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_checked_fixture(rules, setup, teardown);
    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_test(files, is_as_the_files_say);
    tcase_add_test(rules, tells_its_rules);
    tcase_add_test(rules, says_why_a_value_is_none);
    tcase_add_test(rules, never_lacks_a_user_name);
    tcase_add_test(rules, cuts_at_a_character);
    tcase_add_test(rules, has_limits);
    tcase_add_test(tables, looks_up);
    tcase_add_loop_test(tables, refuses_a_table, 0, sizeof bad_tables / sizeof *bad_tables);
    suite_add_tcase(s, files);
    suite_add_tcase(s, rules);
    suite_add_tcase(s, tables);
    return suite_run(s);
}
