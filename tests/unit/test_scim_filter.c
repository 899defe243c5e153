/* scim: filters of RFC 7644, 3.4.2.2, against resources; what a store learns from them; and those made to hurt. */
#include "scim_suite.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "scim/filter.h"
#include "scim/limits.h"
#include "scim/resource.h"
#include "scim/value.h"

/* Made of the facts of RFC 7643, 8.2 and 8.3. */
#define BARBARA                                                                                                        \
    "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:User'], 'id': '2819c223-7f76-453a-919d-413861904646',"        \
    " 'externalId': '701984', 'userName': 'bjensen@example.com', 'title': 'Tour Guide', 'userType': 'Employee',"       \
    " 'name': {'formatted': 'Ms. Barbara J Jensen, III', 'familyName': 'Jensen', 'givenName': 'Barbara'},"             \
    " 'active': true, 'nickName': 'Stra\u00dfe',"                                                                      \
    " 'emails': [{'value': 'bjensen@example.com', 'type': 'work', 'primary': true},"                                   \
    "            {'value': 'babs@jensen.org', 'type': 'home'}],"                                                       \
    " 'ims': [{'value': 'someaimhandle', 'type': 'aim'}],"                                                             \
    " 'addresses': [{'type': 'work', 'locality': 'Hollywood'}],"                                                       \
    " 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {'employeeNumber': '701984',"                      \
    "   'manager': {'value': '26118915-6090-4610-87e4-49d8ca9f808d', 'displayName': 'John Smith'}},"                   \
    " 'meta': {'resourceType': 'User', 'created': '2010-01-23T04:56:22Z', 'lastModified': '2011-05-13T04:42:34.5Z'}}"

static json_t *barbara;

static void setup(void)
{
    scim_setup();
    barbara = js(BARBARA);
    json_object_set_new(barbara, "displayName", json_string("O'Malley \"Babs\""));
}

static void teardown(void)
{
    json_decref(barbara);
    scim_teardown();
}

static const struct scim_filter *parse(const char *text)
{
    const struct scim_filter *f = NULL;
    ck_assert_msg(scim_filter_parse(pool, &scim_users, span_str(text), &f, &error) == 0, "%s: %s", text, error.detail);
    return f;
}

struct example {
    const char *filter;
    bool holds;
};

static const struct example examples[] = {
    /* RFC 7644, figure 2 */
    {"userName eq \"bjensen@example.com\"", true},
    {"name.familyName co \"O'Malley\"", false},
    {"userName sw \"J\"", false},
    {"urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"BJ\"", true},
    {"title pr", true},
    {"meta.lastModified gt \"2011-05-13T04:42:34Z\"", true},
    {"meta.lastModified ge \"2011-05-13T04:42:34Z\"", true},
    {"meta.lastModified lt \"2011-05-13T04:42:34Z\"", false},
    {"meta.lastModified le \"2011-05-13T04:42:34Z\"", false},
    {"title pr and userType eq \"Employee\"", true},
    {"title pr or userType eq \"Intern\"", true},
    {"schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", true},
    {"userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")", true},
    {"userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")", false},
    {"userType eq \"Employee\" and (emails.type eq \"work\")", true},
    {"userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]", true},
    {"emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]", true},
    /* one value has to fulfil all of the brackets */
    {"emails[type eq \"work\" and value co \"jensen.org\"]", false},
    {"emails.type eq \"work\" and emails.value co \"jensen.org\"", true},
    /* precedence: and before or, not by its brackets */
    {"userType eq \"x\" and title pr or active eq true", true},
    {"userType eq \"x\" and (title pr or active eq true)", false},
    {"active eq true or userType eq \"x\" and title eq \"y\"", true},
    {"not (userType eq \"x\") and active eq true", true},
    {"not (active eq true or userType eq \"x\")", false},
    {"not(title pr)", false},
    /* every operator on text */
    {"title eq \"tour GUIDE\"", true},
    {"title ne \"tour GUIDE\"", false},
    {"title ne \"other\"", true},
    {"title co \"ur g\"", true},
    {"title sw \"TOUR\"", true},
    {"title ew \"guide\"", true},
    {"title ew \"tour\"", false},
    {"title gt \"tour\"", true},
    {"title ge \"tour guide\"", true},
    {"title lt \"tour\"", false},
    {"title le \"Tour Guide\"", true},
    {"title eq \"\"", false},
    {"title co \"\"", true},
    /* caseExact */
    {"id eq \"2819C223-7f76-453a-919d-413861904646\"", false},
    {"id eq \"2819c223-7f76-453a-919d-413861904646\"", true},
    {"externalId eq \"701984\"", true},
    /* Unicode: ß and SS are one letter apart */
    {"nickName eq \"STRASSE\"", true},
    {"nickName sw \"stras\"", true},
    {"nickName eq \"stra\\u00dfe\"", true},
    {"displayName co \"\\\"babs\\\"\"", true},
    /* names and operators in any case */
    {"USERNAME EQ \"bjensen@example.com\"", true},
    {"Name.FamilyName Eq \"Jensen\" AND Active Eq TRUE", true},
    {"URN:IETF:params:scim:schemas:core:2.0:user:name.givenname eq \"barbara\"", true},
    /* extensions */
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"701984\"", true},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName sw \"john\"", true},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"26118915-6090-4610-87e4-49d8ca9f808d\"",
     true},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr", false},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true},
    {"employeeNumber eq \"701984\"", true},
    /* no value */
    {"nothing eq \"x\"", false},
    {"nothing ne \"x\"", true},
    {"nothing pr", false},
    {"not (nothing pr)", true},
    {"nothing eq null", true},
    {"urn:example:other:2.0:User:thing eq 5", false},
    {"nothing[type eq \"work\"]", false},
    {"emails.nothing eq \"x\"", false},
    {"emails[nothing eq \"x\"]", false},
    {"preferredLanguage eq null", true},
    {"title eq null", false},
    {"title ne null", true},
    {"preferredLanguage ne null", false},
    {"phoneNumbers pr", false},
    {"addresses pr", true},
    {"addresses eq null", false},
    {"name pr", true},
    /* several values */
    {"emails ne \"bjensen@example.com\"", true},
    {"emails[primary eq true]", true},
    {"emails[primary ne true]", true},
    {"emails[not (primary pr)].value eq \"babs@jensen.org\"", true},
    {"emails[not (type eq \"work\" or type eq \"home\")]", false},
    /* instants with zones */
    {"meta.created eq \"2010-01-23T05:56:22+01:00\"", true},
    {"meta.created sw \"2010-01\"", true},
    /* what clients send */
    {"externalId eq 701984", true},
    {"title eq true", false},
    {"userName eq bjensen@example.com", true},
    {"userType eq Employee and (title pr)", true},
    {"(userType eq Employee)", true},
    {"active eq \"True\"", true},
    {"active eq False", false},
    {"emails[type eq \"work\"].value eq \"bjensen@example.com\"", true},
    {"emails[type eq \"home\"].value eq \"bjensen@example.com\"", false},
    {"emails[type eq \"home\"].value sw \"babs\" and active eq true", true},
    {"  title   pr  ", true},
};

START_TEST(every_example_gives_what_the_rfc_says)
{
    const struct example *e = &examples[_i];
    ck_assert_msg(scim_filter_match(parse(e->filter), barbara, NULL) == e->holds, "%s", e->filter);
}
END_TEST

START_TEST(numbers_are_compared_as_numbers)
{
    static const struct scim_attr attrs[] = {{.name = "level", .type = SCIM_INTEGER},
                                             {.name = "load", .type = SCIM_DECIMAL},
                                             {.name = "tags", .type = SCIM_STRING, .multi = true}};
    static const struct scim_schema own = {"urn:example:own:1.0:User", "Own", "", attrs, 3};
    const struct scim_resource_type *type = scim_type_extend(pool, &scim_users, &own, false);
    static const struct example some[] = {
        {"level eq 9", true},           {"level gt 10", false},
        {"level ge 9.0", true},         {"level lt 1e1", true},
        {"load eq 0.5", true},          {"load le 0.49", false},
        {"level eq \"9\"", true},       {"level ne 9", false},
        {"level gt -10", true},         {"level lt 9007199254740993", true},
        {"tags eq \"B\"", true},        {"tags ew \"c\"", false},
        {"tags[value eq \"a\"]", true}, {"urn:example:own:1.0:User:level pr", true},
    };
    json_t *resource = js("{'urn:example:own:1.0:User': {'level': 9, 'load': 0.5, 'tags': ['a', 'b']}}");
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const struct scim_filter *f = NULL;
        ck_assert_msg(scim_filter_parse(pool, type, span_str(some[i].filter), &f, &error) == 0, "%s: %s",
                      some[i].filter, error.detail);
        ck_assert_msg(scim_filter_match(f, resource, NULL) == some[i].holds, "%s", some[i].filter);
    }
    json_decref(resource);
}
END_TEST

static const char *const bad[] = {
    "",
    " ",
    "userName",
    "userName eq",
    "userName eq ",
    "userName xx \"a\"",
    "userName eq \"a",
    "userName eq \"a\\q\"",
    "userName eq \"a\\ud800\"",
    "userName eq \"a\\u0000\"",
    "userName eq \"a\" \"b\"",
    "userName eq \"a\" and",
    "userName eq \"a\" or or title pr",
    "and title pr",
    "(title pr",
    "title pr)",
    "()",
    "not title pr",
    "not",
    "not (",
    "emails[type eq \"work\"",
    "emails[",
    "emails[]",
    "emails[type eq \"work\"].",
    "emails[type eq \"work\"].value",
    "emails[emails[type pr]]",
    "emails.type[value pr]",
    "name eq \"x\"",
    "addresses eq \"x\"",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq \"x\"",
    "active eq \"maybe\"",
    "active gt true",
    "active co true",
    "x509Certificates.value gt \"a\"",
    "meta.created gt \"yesterday\"",
    "meta.created gt \"2011-02-29T00:00:00Z\"",
    "title gt null",
    "user name eq \"x\"",
    "9name eq \"x\"",
    "na<me eq \"x\"",
    "name. eq \"x\"",
    ".name eq \"x\"",
    "urn:: eq \"x\"",
    "userName eq \"\xff\"",
    "userName eq \"\xc3\"",
    "userName eq \"\xed\xa0\x80\"",
    "userName eq \xc0\x80",
};

START_TEST(what_is_no_filter_is_refused)
{
    const struct scim_filter *f = NULL;
    ck_assert_msg(scim_filter_parse(pool, &scim_users, span_str(bad[_i]), &f, &error) == -1, "%s", bad[_i]);
    ck_assert_ptr_null(f);
    expect_error(400, "invalidFilter", bad[_i]);
}
END_TEST

static void expect_refused(struct span text)
{
    const struct scim_filter *f = NULL;
    ck_assert_int_eq(scim_filter_parse(pool, &scim_users, text, &f, &error), -1);
    expect_error(400, "invalidFilter", "hostile");
}

static void repeat(struct buf *b, const char *s, size_t n)
{
    for (; n > 0; n--)
        buf_adds(b, s);
}

START_TEST(a_filter_is_as_deep_long_and_wide_as_the_limits_and_no_more)
{
    static const struct {
        const char *open, *close;
    } nests[] = {{"(", ")"},       {"not (", ")"},     {"not(not (", "))"},
                 {"emails[", "]"}, {"emails[(", ")]"}, {"((title pr and ", ")"}};
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT;
        repeat(&text, nests[i].open, 10000);
        buf_adds(&text, "title pr");
        repeat(&text, nests[i].close, 10000);
        expect_refused((struct span){text.data, text.len});
        expect_refused((struct span){text.data, SCIM_FILTER_MAX}); /* short enough, and as deep */
    }
    CLEANUP(buf_release) struct buf deep = BUF_INIT;
    repeat(&deep, "(", SCIM_FILTER_DEPTH_MAX - 1);
    buf_adds(&deep, "title pr");
    repeat(&deep, ")", SCIM_FILTER_DEPTH_MAX - 1);
    ck_assert(scim_filter_match(parse(deep.data), barbara, NULL));
    /* One deeper, and as deep as the length allows, each with all its brackets. */
    static const size_t too_deep[] = {SCIM_FILTER_DEPTH_MAX, (SCIM_FILTER_MAX - 10) / 2};
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&deep);
        repeat(&deep, "(", too_deep[i]);
        buf_adds(&deep, "title pr");
        repeat(&deep, ")", too_deep[i]);
        expect_refused((struct span){deep.data, deep.len});
    }
    CLEANUP(buf_release) struct buf wide = BUF_INIT;
    repeat(&wide, "title pr or ", SCIM_FILTER_TERMS_MAX - 1);
    buf_adds(&wide, "title pr");
    ck_assert(scim_filter_match(parse(wide.data), barbara, NULL));
    buf_adds(&wide, " or title pr");
    expect_refused((struct span){wide.data, wide.len});
    expect_refused((struct span){"title eq \"a\0b\"", 14});
}
END_TEST

static int holds_members(void *ctx, const struct scim_filter *term)
{
    const struct scim_attr *members = ctx;
    if (term->at.attr != members)
        return -1;
    return term->op == SCIM_EQ && span_eq(term->value.spelled, span_str("u1"));
}

START_TEST(a_store_answers_what_it_knows_without_the_resource)
{
    const struct scim_attr *members = scim_type_attr(&scim_groups, span_str("members"));
    struct scim_oracle oracle = {holds_members, (void *)members};
    json_t *group = js("{'id': 'g1', 'displayName': 'Tour Guides'}");
    static const struct example some[] = {
        {"id eq \"g1\" and members eq \"u1\"", true},
        {"id eq \"g1\" and members eq \"u2\"", false},
        {"not (members.value eq \"u2\")", true},
        {"displayName eq \"x\" or members eq \"u1\"", true},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const struct scim_filter *f = NULL;
        ck_assert_int_eq(scim_filter_parse(pool, &scim_groups, span_str(some[i].filter), &f, &error), 0);
        ck_assert_msg(scim_filter_match(f, group, &oracle) == some[i].holds, "%s", some[i].filter);
        ck_assert(scim_filter_mentions(f, members));
        ck_assert(!scim_filter_mentions(f, scim_type_attr(&scim_groups, span_str("externalId"))));
    }
    json_decref(group);
}
END_TEST

START_TEST(an_index_is_used_only_where_the_answer_has_to_be_in_it)
{
    const struct scim_attr *name = scim_type_attr(&scim_users, span_str("userName"));
    const struct scim_attr *emails = scim_type_attr(&scim_users, span_str("emails"));
    const struct scim_attr *value = scim_sub_find(emails, "value");
    static const struct {
        const char *filter, *name, *email;
    } some[] = {
        {"userName eq \"BJensen\"", "bjensen", NULL},
        {"active eq true and userName eq \"Bj\"", "bj", NULL},
        {"active eq true and (title pr and userName eq \"Bj\")", "bj", NULL},
        {"active eq true or userName eq \"Bj\"", NULL, NULL},
        {"not (userName eq \"Bj\")", NULL, NULL},
        {"userName sw \"Bj\"", NULL, NULL},
        {"userName ne \"Bj\"", NULL, NULL},
        {"userName eq null", NULL, NULL},
        {"emails[type eq \"work\" and value eq \"A@b.c\"]", NULL, "a@b.c"},
        {"emails[type eq \"work\"].value eq \"A@b.c\"", NULL, "a@b.c"},
        {"emails eq \"A@b.c\" and userName eq x", "x", "a@b.c"},
        {"emails[type eq \"work\" or value eq \"A@b.c\"]", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const struct scim_filter *f = parse(some[i].filter);
        const struct scim_filter *by_name = scim_filter_needs_equal(f, name, NULL);
        const struct scim_filter *by_email = scim_filter_needs_equal(f, emails, value);
        ck_assert_msg(!by_name == !some[i].name && !by_email == !some[i].email, "%s", some[i].filter);
        if (by_name)
            ck_assert_str_eq(by_name->value.text.p, some[i].name);
        if (by_email)
            ck_assert_str_eq(by_email->value.text.p, some[i].email);
    }
    const struct scim_filter *whole = parse("userName eq x");
    ck_assert_ptr_eq(scim_filter_needs_equal(whole, name, NULL), whole);
}
END_TEST

START_TEST(instants_are_read_as_they_are_written)
{
    static const struct {
        const char *text;
        int64_t micros;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00", 0},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T19:00:00-05:00", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1970-01-01T00:00:00.1234567Z", 123456},
        {"2000-02-29T12:00:00Z", 951825600000000},
        {"2011-05-13T04:42:34Z", 1305261754000000},
        {"1969-12-31T23:59:59Z", -1000000},
        {"0001-01-01T00:00:00Z", -62135596800000000},
        {"9999-12-31T23:59:59Z", 253402300799000000},
    };
    static const char *const none[] = {"",
                                       "2011",
                                       "2011-05-13",
                                       "2011-05-13T04:42",
                                       "2011-13-01T00:00:00Z",
                                       "2011-05-13 04:42:34Z",
                                       "1900-02-29T00:00:00Z",
                                       "2011-05-13T24:00:00Z",
                                       "2011-05-13T04:42:34.Z",
                                       "2011-05-13T04:42:34+0100",
                                       "2011-05-13T04:42:34Zx",
                                       "0000-01-01T00:00:00Z",
                                       "2011-05-13T04:42:34+15:00"};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(scim_time_parse(span_str(good[i].text), &at) == 0, "%s", good[i].text);
        ck_assert_msg(at == good[i].micros, "%s: %lld", good[i].text, (long long)at);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(scim_time_parse(span_str(none[i]), &at) == -1, "%s", none[i]);
}
END_TEST

START_TEST(text_is_folded_in_every_script_and_length)
{
    char upper[1000], lower[1000];
    for (size_t i = 0; i < sizeof upper; i++) {
        upper[i] = (char)('A' + i % 26);
        lower[i] = (char)('a' + i % 26);
    }
    for (size_t n = 250; n < 262; n++) {
        struct span f = scim_fold(pool, (struct span){upper, n});
        ck_assert(span_eq(f, (struct span){lower, n}));
        ck_assert(scim_text_matches((struct span){upper, n}, SCIM_MATCH_EQ, f, false));
    }
    /* e with accent, composed and not; sigma at a word's end; Kelvin's sign */
    ck_assert(span_eq(scim_fold(pool, span_str("E\xcc\x81t")), scim_fold(pool, span_str("\xc3\xa9T"))));
    ck_assert(span_eq(scim_fold(pool, span_str("\xce\x9f\xce\xa3")), scim_fold(pool, span_str("\xce\xbf\xcf\x82"))));
    ck_assert(scim_text_matches(span_str("\xe2\x84\xaa"), SCIM_MATCH_EQ, span_str("k"), false));
    ck_assert(!scim_text_matches(span_str("\xe2\x84\xaa"), SCIM_MATCH_EQ, span_str("k"), true));
    ck_assert_int_eq(scim_fold(pool, span_str("")).n, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scim_filter");
    TCase *tc = tcase_create("filter");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_example_gives_what_the_rfc_says, 0, sizeof examples / sizeof *examples);
    tcase_add_loop_test(tc, what_is_no_filter_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tc, numbers_are_compared_as_numbers);
    tcase_add_test(tc, a_filter_is_as_deep_long_and_wide_as_the_limits_and_no_more);
    tcase_add_test(tc, a_store_answers_what_it_knows_without_the_resource);
    tcase_add_test(tc, an_index_is_used_only_where_the_answer_has_to_be_in_it);
    tcase_add_test(tc, instants_are_read_as_they_are_written);
    tcase_add_test(tc, text_is_folded_in_every_script_and_length);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
