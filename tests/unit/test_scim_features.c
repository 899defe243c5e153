/*
 * connectors/scim/features: what a service offers, from documents that are there, missing or wrong.
 *
 * tests/data/scim-features/NAME.json: a reply for each document, {"status", "body" or "text"}, and what is expected:
 * "can", the beginnings of all notes (behind "NAME: " or not), and a few questions.
 */
#include "scim_suite.h"

#include <dirent.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "connectors/scim/features.h"

#define DATA "tests/data/scim-features"

static struct scim_offer offer;

static void setup(void)
{
    scim_setup();
    scim_offer_init(&offer);
}

static void teardown(void)
{
    scim_offer_release(&offer);
    scim_teardown();
}

static void take(enum scim_document which, const json_t *document)
{
    struct http_reply *reply = mem_zero(sizeof *reply);
    const json_t *body = json_object_get(document, "body");
    char *text = body ? json_dumps(body, 0) : NULL;
    reply->status = (long)json_integer_value(json_object_get(document, "status"));
    buf_adds(&reply->body, text                                ? text
                           : json_object_get(document, "text") ? json_string_value(json_object_get(document, "text"))
                                                               : "");
    scim_offer_take(&offer, which, reply);
    buf_release(&reply->body);
    free(text);
    free(reply);
}

static json_t *can_json(const struct scim_features *can)
{
    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "patch", can->patch, "bulk",
                     can->bulk, "filter", can->filter, "sort", can->sort, "etag", can->etag, "index_pages",
                     can->index_pages, "cursor_pages", can->cursor_pages, "bulk_operations",
                     (json_int_t)can->bulk_operations, "bulk_bytes", (json_int_t)can->bulk_bytes, "filter_results",
                     (json_int_t)can->filter_results, "page_usual", (json_int_t)can->page_usual, "page_max",
                     (json_int_t)can->page_max);
}

static void expect_can(const json_t *expected, const char *name)
{
    json_t *can = can_json(&offer.can);
    char *wanted = json_dumps(expected, JSON_SORT_KEYS), *shown = json_dumps(can, JSON_SORT_KEYS);
    ck_assert_msg(json_equal(can, expected), "%s:\n  is     %s\n  wanted %s", name, shown, wanted);
    free(shown);
    free(wanted);
    json_decref(can);
}

static void expect_notes(const json_t *expected, const char *name)
{
    const json_t *one = NULL;
    size_t i = 0;
    ck_assert_msg(offer.nnotes == json_array_size(expected), "%s: %zu notes, the first: %s", name, offer.nnotes,
                  offer.nnotes ? offer.notes[0] : "");
    json_array_foreach(expected, i, one)
    {
        ck_assert_msg(strstr(offer.notes[i], json_string_value(one)) != NULL, "%s: %s", name, offer.notes[i]);
        ck_assert_msg(text_is_clean(span_str(offer.notes[i])), "%s: %s", name, offer.notes[i]);
    }
}

static void expect_number(const json_t *expected, const char *key, int is, const char *name)
{
    ck_assert_msg(is == json_integer_value(json_object_get(expected, key)), "%s: %s is %d", name, key, is);
}

static void check_file(const char *name)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct err err = ERR_INIT;
    char path[512];
    snprintf(path, sizeof path, DATA "/%s", name);
    ck_assert_int_eq(file_read(path, 1024 * 1024, &text, &err), 0);
    json_t *file = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(file != NULL, "%s: not JSON", name);
    const json_t *expected = json_object_get(file, "expect");
    setup();
    take(SCIM_DOC_CONFIG, json_object_get(file, "config"));
    take(SCIM_DOC_TYPES, json_object_get(file, "types"));
    take(SCIM_DOC_SCHEMAS, json_object_get(file, "schemas"));
    expect_can(json_object_get(expected, "can"), name);
    expect_notes(json_object_get(expected, "notes"), name);
    expect_number(expected, "enterprise", scim_offer_extension(&offer, SCIM_ENTERPRISE_URN), name);
    expect_number(expected, "given_name", scim_offer_attribute(&offer, SCIM_USER_URN, "name.GIVENname", NULL), name);
    expect_number(expected, "entitlements", scim_offer_attribute(&offer, SCIM_USER_URN, "entitlements", NULL), name);
    expect_number(expected, "roles", scim_offer_attribute(&offer, SCIM_USER_URN, "roles", NULL), name);
    ck_assert_msg(offer.groups == json_is_true(json_object_get(expected, "groups")), "%s: groups", name);
    teardown();
    json_decref(file);
}

START_TEST(every_file)
{
    DIR *folder = opendir(DATA);
    size_t n = 0;
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            check_file(entry->d_name);
            n++;
        }
    closedir(folder);
    ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(what_is_said_of_now_is_not_final)
{
    static const struct {
        long status;
        enum err_kind kind;
        bool final;
    } rows[] = {{0, ERR_NETWORK, false}, {0, ERR_REFUSED, false}, {408, 0, false}, {429, 0, false},
                {502, 0, false},         {503, 0, false},         {200, 0, true},  {302, 0, true},
                {401, 0, true},          {404, 0, true},          {500, 0, true},  {501, 0, true},
                {200, ERR_INPUT, true}};
    struct http_reply *reply = mem_zero(sizeof *reply);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reply->status = rows[i].status;
        reply->err.kind = rows[i].kind;
        ck_assert_msg(scim_offer_is_final(reply) == rows[i].final, "%ld", rows[i].status);
    }
    free(reply);
}
END_TEST

START_TEST(a_flood_of_faults_makes_no_flood_of_notes)
{
    json_t *list = json_array(), *document = NULL;
    for (int i = 0; i < 1000; i++)
        json_array_append_new(list, json_pack("{s:s}", "id", "none"));
    document = json_pack("{s:i, s:{s:i, s:o}}", "status", 200, "body", "totalResults", 1000, "Resources", list);
    setup();
    take(SCIM_DOC_SCHEMAS, document);
    ck_assert_uint_le(offer.nnotes, SCIM_NOTES_MAX);
    ck_assert_int_eq(scim_offer_attribute(&offer, SCIM_USER_URN, "userName", NULL), -1);
    teardown();
    json_decref(document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim features");
    TCase *tcase = tcase_create("offer");
    tcase_add_test(tcase, every_file);
    tcase_add_test(tcase, what_is_said_of_now_is_not_final);
    tcase_add_test(tcase, a_flood_of_faults_makes_no_flood_of_notes);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
