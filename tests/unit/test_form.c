/* Queries, forms and cookies, as octets. */
#include <check.h>

#include "base/cleanup.h"
#include "net/form.h"
#include "suite.h"

#define MAX 5

static const struct {
    const char *text, *name;
    int found;
    const char *value;
} forms[] = {
    {"a=1&b=2", "b", 1, "2"},
    {"a=1&b=2", "c", 0, NULL},
    {"", "a", 0, NULL},
    {"a", "a", 1, ""},
    {"a=", "a", 1, ""},
    {"a=1=2", "a", 1, "1=2"},
    {"=x", "", 1, "x"},
    {"aa=1", "a", 0, NULL},
    {"a=1", "aa", 0, NULL},
    {"a=1&a=1", "a", -1, NULL},
    {"a=1&a", "a", -1, NULL},
    {"a=1&%61=2", "a", -1, NULL},
    {"%61=x", "a", 1, "x"},
    {"a+b=c+d%2Be%26", "a b", 1, "c d+e&"},
    {"a=%ED%95%9c", "a", 1, "\xED\x95\x9C"},
    {"A=1", "a", 0, NULL},
    {"a=%", "a", -1, NULL},
    {"a=%4", "a", -1, NULL},
    {"a=%4g", "a", -1, NULL},
    {"a=1&b=%zz", "a", -1, NULL},
    {"a=1&b%=1", "a", -1, NULL},
    {"1&2&3&4&a=1", "a", 1, "1"},
    {"1&2&3&4&a=1&6", "a", -1, NULL},
    {"&&&&&&", "a", -1, NULL},
};

START_TEST(a_value_is_found_by_its_name)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span value = {0};
    ck_assert_int_eq(form_find(pool, span_str(forms[_i].text), forms[_i].name, MAX, &value), forms[_i].found);
    if (forms[_i].found == 1)
        ck_assert_str_eq(value.p, forms[_i].value);
    else
        ck_assert_ptr_null(value.p);
}
END_TEST

START_TEST(any_octet_comes_through)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span value = {0};
    ck_assert_int_eq(form_find(pool, (struct span){"a=x\0%00y", 8}, "a", MAX, &value), 1);
    ck_assert(span_eq(value, (struct span){"x\0\0y", 4}));
    ck_assert_int_eq(value.p[value.n], 0);
}
END_TEST

static const struct {
    const char *header, *name, *value;
} cookies[] = {
    {"a=1; b=2", "b", "2"},      {"a=1;b=2", "b", "2"}, {"a=1; a=2", "a", "1"}, {"aa=1", "a", NULL}, {"", "a", NULL},
    {";;; ;a = 1 ;", "a", "1"},  {"a", "a", ""},        {"a=b=c", "a", "b=c"},  {"A=1", "a", NULL},  {"a=%41", "a", "%41"},
    {"a=\"x; b=2\"", "b", "2\""},
};

START_TEST(a_cookie_is_found_by_its_name)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *value = cookie_find(pool, cookies[_i].header, cookies[_i].name);
    if (cookies[_i].value)
        ck_assert_str_eq(value, cookies[_i].value);
    else
        ck_assert_ptr_null(value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("form");
    TCase *tc = tcase_create("form");
    tcase_add_loop_test(tc, a_value_is_found_by_its_name, 0, sizeof forms / sizeof *forms);
    tcase_add_test(tc, any_octet_comes_through);
    tcase_add_loop_test(tc, a_cookie_is_found_by_its_name, 0, sizeof cookies / sizeof *cookies);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
