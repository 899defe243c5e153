/*
 * connectors/scim_entry.h and scim_paths.h: what SCIM resources become as entries. The cases are the files of
 * tests/data/scim-entry.
 */
#include "sink_record.h"

#include <dirent.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "connectors/scim_entry.h"
#include "crypto/digest.h"
#include "suite.h"

#define DATA "tests/data/scim-entry/"

static const struct conf_item rows[] = {SCIM_PATHS_ROWS, {.key = NULL}};

static struct recorder got;
static struct conf *conf;
static struct scim_paths *paths;
static struct digest *digest;
static struct err err;

static void setup(void)
{
    digest = digest_new();
}

static void forget(void)
{
    recorder_clear(&got);
    scim_paths_free(&paths);
    conf_free(&conf);
}

static void teardown(void)
{
    forget();
    digest_free(&digest);
}

static int configure(const char *lines)
{
    const struct conf_section *section;
    conf = load_section(rows, lines, &section);
    int rc = scim_paths_new(section, &paths, &err);
    if (rc == 0)
        ck_assert_int_eq(scim_paths_check(section, &err), 0);
    return rc;
}

static struct record *deliver(enum entry_kind kind, json_t *resource)
{
    struct sink sink = recorder_sink(&got);
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(paths, &sink, false);
    size_t before = got.n;
    ck_assert_int_eq(scim_entry_deliver(entry, kind, resource, &err), 0);
    ck_assert_uint_eq(scim_entry_count(entry, kind), 1);
    return got.n > before ? &got.all[got.n - 1] : NULL;
}

static struct record *deliver_text(enum entry_kind kind, const char *text)
{
    json_error_t why;
    json_auto_t *resource = json_loads(text, 0, &why);
    ck_assert_msg(resource != NULL, "%s: %s", why.text, text);
    return deliver(kind, resource);
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

static void expect_members(const struct record *r, const json_t *want, const char *name)
{
    const json_t *id = NULL;
    size_t i = 0;
    ck_assert_msg(r->entry.nmembers == json_array_size(want), "%s: %zu members", name, r->entry.nmembers);
    json_array_foreach(want, i, id)
    {
        struct key128 key = scim_paths_id_key(digest, span_str(json_string_value(id)));
        bool there = false;
        for (size_t j = 0; j < r->entry.nmembers; j++)
            there |= key_eq(r->members[j], key);
        ck_assert_msg(there, "%s: member %s is missing", name, json_string_value(id));
    }
}

static void expect_text(const char *have, const json_t *want, const char *name, const char *what)
{
    const char *wanted = json_string_value(want);
    ck_assert_msg((have == NULL) == (wanted == NULL) && (!have || strcmp(have, wanted) == 0), "%s: %s is %s, not %s",
                  name, what, have ? have : "absent", wanted ? wanted : "absent");
}

static void expect_entry(const struct record *r, enum entry_kind kind, const json_t *want, const char *name)
{
    ck_assert_msg(!r->fault, "%s: %s", name, r->fault);
    ck_assert_int_eq(r->entry.kind, kind);
    expect_text(r->id, json_object_get(want, "id"), name, "id");
    expect_text(r->name, json_object_get(want, "name"), name, "name");
    for (size_t i = 0; i < ATTR_COUNT; i++)
        expect_text(r->attr[i], json_object_get(want, attr_names[i]), name, attr_names[i]);
    ck_assert_msg(r->entry.active == json_is_true(json_object_get(want, "active")), "%s: active", name);
    ck_assert_msg(r->entry.excluded == (unsigned)json_integer_value(json_object_get(want, "excluded")),
                  "%s: excluded %u", name, r->entry.excluded);
    expect_members(r, json_object_get(want, "members"), name);
}

static void expect_fault(const struct record *r, const json_t *file, const char *name)
{
    const char *want = json_string_value(json_object_get(file, "fault"));
    ck_assert_msg(r->fault && strstr(r->fault, want), "%s: %s", name, r->fault ? r->fault : "no fault");
    expect_text(r->id, json_object_get(file, "fault-id"), name, "fault-id");
}

static void run_file(const char *name)
{
    CLEANUP(freep) char *path = mem_printf(DATA "%s", name);
    CLEANUP(buf_release) struct buf lines = BUF_INIT;
    json_error_t why;
    json_auto_t *file = json_load_file(path, 0, &why);
    ck_assert_msg(file != NULL, "%s: %s", path, why.text);
    size_t i = 0;
    json_t *line = NULL;
    json_array_foreach(json_object_get(file, "lines"), i, line) buf_printf(&lines, "%s\n", json_string_value(line));
    ck_assert_msg(configure(buf_str(&lines)) == 0, "%s: %s", name, err.text);
    enum entry_kind kind =
        strcmp(json_string_value(json_object_get(file, "type")), "Group") == 0 ? ENTRY_GROUP : ENTRY_PERSON;
    const struct record *r = deliver(kind, json_object_get(file, "resource"));
    ck_assert_ptr_nonnull(r);
    if (json_object_get(file, "entry"))
        expect_entry(r, kind, json_object_get(file, "entry"), name);
    else
        expect_fault(r, file, name);
    forget();
}

START_TEST(files)
{
    DIR *dir = opendir(DATA);
    ck_assert_ptr_nonnull(dir);
    size_t n = 0;
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        run_file(d->d_name);
        n++;
    }
    closedir(dir);
    ck_assert_uint_gt(n, 40);
}
END_TEST

/* --- fingerprints and names --------------------------------------------------------------------------------------- */

#define USER(more)  "{\"id\": \"u1\", \"userName\": \"u\"" more "}"
#define GROUP(more) "{\"id\": \"g1\", \"displayName\": \"Tour Guides\"" more "}"
#define MEMBER(id)  "{\"value\": \"" id "\"}"

static struct key128 print_of(enum entry_kind kind, const char *text)
{
    return deliver_text(kind, text)->entry.fingerprint;
}

START_TEST(fingerprint_follows_what_is_kept)
{
    ck_assert_int_eq(configure("exclude = userType=Robot\n"), 0);
    struct key128 user = print_of(ENTRY_PERSON, USER(""));
    ck_assert(key_eq(user, print_of(ENTRY_PERSON, USER(", \"active\": true"))));
    ck_assert(key_eq(user, print_of(ENTRY_PERSON, USER(", \"nickName\": \"n\", \"meta\": {\"version\": \"2\"}"))));
    static const char *const others[] = {USER(", \"active\": false"), USER(", \"title\": \"t\""),
                                         USER(", \"userType\": \"robot\""), "{\"id\": \"u2\", \"userName\": \"u\"}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert(!key_eq(user, print_of(ENTRY_PERSON, others[i])));
}
END_TEST

START_TEST(members_in_any_order_are_the_same)
{
    ck_assert_int_eq(configure(""), 0);
    struct key128 both = print_of(ENTRY_GROUP, GROUP(", \"members\": [" MEMBER("a") ", " MEMBER("b") "]"));
    ck_assert(key_eq(both, print_of(ENTRY_GROUP, GROUP(", \"members\": [" MEMBER("b") ", " MEMBER("a") "]"))));
    ck_assert(!key_eq(both, print_of(ENTRY_GROUP, GROUP(", \"members\": [" MEMBER("b") "]"))));
}
END_TEST

/* Those that were said ahead are members as those in the resource are, and of this group only. */
START_TEST(members_said_ahead)
{
    ck_assert_int_eq(configure(""), 0);
    struct sink sink = recorder_sink(&got);
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(paths, &sink, false);
    json_auto_t *group = json_loads(GROUP(", \"members\": [" MEMBER("a") "]"), 0, NULL);
    scim_entry_member(entry, span_str("b"));
    ck_assert_int_eq(scim_entry_deliver(entry, ENTRY_GROUP, group, &err), 0);
    ck_assert_uint_eq(got.all[0].entry.nmembers, 2);
    ck_assert_int_eq(scim_entry_deliver(entry, ENTRY_GROUP, group, &err), 0);
    ck_assert_uint_eq(got.all[1].entry.nmembers, 1);
    scim_entry_member(entry, span_str(""));
    ck_assert_int_eq(scim_entry_deliver(entry, ENTRY_GROUP, group, &err), 0);
    ck_assert_ptr_nonnull(strstr(got.all[2].fault, "a member without an id"));
    ck_assert_int_eq(scim_entry_deliver(entry, ENTRY_GROUP, group, &err), 0);
    ck_assert_ptr_null(got.all[3].fault);
}
END_TEST

START_TEST(known_entries_are_not_put)
{
    ck_assert_int_eq(configure(""), 0);
    got.knows_all = true;
    ck_assert_ptr_null(deliver_text(ENTRY_PERSON, USER("")));
    ck_assert_uint_eq(got.n, 0);
}
END_TEST

static struct key128 named(const char *name)
{
    struct key128 key;
    ck_assert_int_eq(scim_paths_name_key(name, &key, &err), 0);
    return key;
}

START_TEST(groups_are_named)
{
    ck_assert_int_eq(configure(""), 0);
    const struct entry *group = &deliver_text(ENTRY_GROUP, GROUP(""))->entry;
    ck_assert(key_eq(group->alias, named("tour GUIDES ")));
    ck_assert(key_eq(group->key, named("id:g1")));
    ck_assert(!key_eq(group->key, named("g1")));
    ck_assert(!key_eq(group->key, named("id:G1")));
    /* Nobody becomes somebody's member by a name. */
    const struct entry *person = &deliver_text(ENTRY_PERSON, "{\"id\": \"u1\", \"userName\": \"Tour Guides\"}")->entry;
    ck_assert(key_is_zero(person->alias));
    const struct entry *false_friend = &deliver_text(ENTRY_GROUP, "{\"id\": \"g9\", \"displayName\": \"u1\"}")->entry;
    ck_assert(!key_eq(false_friend->alias, person->key));
    struct key128 key;
    ck_assert_int_eq(scim_paths_name_key("  ", &key, &err), -1);
}
END_TEST

struct gone {
    enum entry_kind kind;
    char id[80];
    size_t by_key;
};

static int keep_gone(void *ctx, enum entry_kind kind, struct span id, struct err *ignored)
{
    struct gone *gone = ctx;
    (void)ignored;
    gone->kind = kind;
    snprintf(gone->id, sizeof gone->id, "%.*s", SPAN_ARG(id));
    return 0;
}

static int count_gone_key(void *ctx, struct key128 key, struct span but, struct err *ignored)
{
    struct gone *gone = ctx;
    (void)key, (void)ignored;
    ck_assert_uint_eq(but.n, 0);
    gone->by_key++;
    return 0;
}

START_TEST(what_is_gone_has_the_id_of_entries)
{
    struct gone gone = {0};
    struct sink sink = {.ctx = &gone, .gone = keep_gone, .gone_key = count_gone_key};
    ck_assert_int_eq(configure(""), 0);
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(paths, &sink, false);
    ck_assert_int_eq(scim_entry_gone(entry, ENTRY_GROUP, span_str("2819C223-7F76-453A-919D-413861904646"), &err), 0);
    ck_assert_int_eq(gone.kind, ENTRY_GROUP);
    ck_assert_str_eq(gone.id, "2819c223-7f76-453a-919d-413861904646");
    ck_assert_uint_eq(gone.by_key, 1); /* it may be there by an id of another attribute */
    ck_assert_int_eq(scim_entry_gone(entry, ENTRY_PERSON, span_str(""), &err), 0);
    ck_assert_int_eq(gone.kind, ENTRY_GROUP);
}
END_TEST

struct gone_key {
    struct key128 key;
    char but[80];
    size_t n;
};

static int keep_gone_key(void *ctx, struct key128 key, struct span but, struct err *ignored)
{
    struct gone_key *gone = ctx;
    (void)ignored;
    gone->key = key;
    gone->n++;
    snprintf(gone->but, sizeof gone->but, "%.*s", SPAN_ARG(but));
    return 0;
}

static int pass_seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *ignored)
{
    (void)ctx, (void)kind, (void)id, (void)fingerprint, (void)ignored;
    return 1;
}

/* Who is known by something else than the SCIM id is gone by that, and when it became another. */
START_TEST(what_is_gone_is_told_by_the_scim_id)
{
    struct gone_key gone = {0};
    struct sink sink = {.ctx = &gone, .gone_key = keep_gone_key, .seen = pass_seen};
    ck_assert_int_eq(configure("id-attribute = externalId\n"), 0);
    CLEANUP(scim_entry_free) struct scim_entry *whole = scim_entry_new(paths, &sink, false);
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(paths, &sink, true);
    json_auto_t *user = json_loads(USER(", \"externalId\": \"e1\""), 0, NULL);
    ck_assert_int_eq(scim_entry_deliver(whole, ENTRY_PERSON, user, &err), 0);
    ck_assert_uint_eq(gone.n, 0);
    ck_assert_int_eq(scim_entry_deliver(entry, ENTRY_PERSON, user, &err), 0);
    ck_assert_str_eq(gone.but, "e1");
    ck_assert(key_eq(gone.key, scim_paths_id_key(digest, span_str("u1"))));
    ck_assert_int_eq(scim_entry_gone(entry, ENTRY_PERSON, span_str("u2"), &err), 0);
    ck_assert_str_eq(gone.but, "");
    ck_assert(key_eq(gone.key, scim_paths_id_key(digest, span_str("u2"))));
}
END_TEST

START_TEST(what_to_ask_for)
{
    ck_assert_int_eq(configure("map-language = none\nmap-department = none\nmap-employee-number = none\n"
                               "exclude = userType=Robot\n"),
                     0);
    CLEANUP(buf_release) struct buf user = BUF_INIT;
    CLEANUP(buf_release) struct buf group = BUF_INIT;
    scim_paths_attributes(paths, ENTRY_PERSON, true, &user);
    ck_assert_str_eq(buf_str(&user), "id,userName,emails,name,displayName,title,active,userType");
    scim_paths_attributes(paths, ENTRY_GROUP, true, &group);
    ck_assert_str_eq(buf_str(&group), "id,displayName,members");
}
END_TEST

/* --- wrong lines -------------------------------------------------------------------------------------------------- */

START_TEST(wrong_lines)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"map-email = email", "did you mean 'emails'?"},
        {"map-email = emails.valeu", "did you mean 'emails.value'?"},
        {"map-email = emails[typ eq \"work\"].value", "the brackets name something that its values do not have"},
        {"map-email = emails[type eq \"work\"", "closing"},
        {"map-email = emails[type eq \"work\"].vaule", "sub-attribute"},
        {"map-title = name", "has parts"},
        {"map-title = password", "no value that can be read"},
        {"map-title = " SCIM_ENTERPRISE_URN, "has parts"},
        {"map-title = urn:other:User:title", "a User has no such attribute"},
        {"map-group-name = userName", "a Group has no such attribute"},
        {"map-title = a\nmap-title = b\nmap-title = c\nmap-title = d\nmap-title = e", "one too many"},
        {"id-attribute = emails.value", "a Group has no such attribute"},
        {"id-attribute = meta", "has parts"},
        {"id-attribute = schemas", "not a text that stands once"},
        {"map-active = maybe", "not a rule"},
        {"map-active = actve!=false", "did you mean 'active'?"},
        {"exclude = userName", "not a rule"},
        {"exclude = userName!=x", "not a rule"},
        {"exclude = =x", "not a rule"},
        {"exclude = usrName=x", "did you mean 'userName'?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(freep) char *lines = mem_printf("%s\n", cases[i].line);
        ck_assert_msg(configure(lines) == -1, "%s", cases[i].line);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, cases[i].says), "%s: %s", cases[i].line, err.text);
        conf_free(&conf);
    }
}
END_TEST

static void mark(const char *lines, char ret[static SCIM_PATHS_MARK_SIZE])
{
    forget();
    ck_assert_int_eq(configure(lines), 0);
    scim_paths_mark(paths, ret);
}

START_TEST(mark_follows_every_line)
{
    char plain[SCIM_PATHS_MARK_SIZE], other[SCIM_PATHS_MARK_SIZE];
    mark("", plain);
    mark("map-email = emails[primary eq true].value\nmap-email = emails[type eq \"work\"].value\n"
         "map-email = emails.value\nscope-group = Design\n",
         other);
    ck_assert_str_eq(plain, other);
    static const char *const lines[] = {"map-email = emails.value\n",  "map-title = none\n",
                                        "id-attribute = externalId\n", "map-group-name = externalId\n",
                                        "map-active = always\n",       "exclude = userType=x\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        mark(lines[i], other);
        ck_assert_msg(strcmp(plain, other) != 0, "%s", lines[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_entry");
    TCase *tc = tcase_create("scim_entry");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, files);
    tcase_add_test(tc, fingerprint_follows_what_is_kept);
    tcase_add_test(tc, members_in_any_order_are_the_same);
    tcase_add_test(tc, members_said_ahead);
    tcase_add_test(tc, known_entries_are_not_put);
    tcase_add_test(tc, groups_are_named);
    tcase_add_test(tc, what_is_gone_has_the_id_of_entries);
    tcase_add_test(tc, what_is_gone_is_told_by_the_scim_id);
    tcase_add_test(tc, what_to_ask_for);
    tcase_add_test(tc, wrong_lines);
    tcase_add_test(tc, mark_follows_every_line);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
