/*
 * The pages' languages and texts, what an organisation may change of them, who asks, and how often.
 *
 * With "--write FILE" it writes the sample of texts-file instead (make sample).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/schema.h"
#include "suite.h"
#include "web/limit.h"
#include "web/looks.h"
#include "web/pages.h"
#include "web/visitor.h"

#define SAMPLE "conf/texts.ini.sample"

static struct pool *pool;
static char folder[] = "/tmp/doorward-pages-XXXXXX";

static void start(void)
{
    pool = pool_new();
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void stop(void)
{
    static const char *const made[] = {"doorward.conf", "texts.ini", "conf.d/site.conf", "logo", "logo.html"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(pool_printf(pool, "%s/%s", folder, made[i]));
    rmdir(pool_printf(pool, "%s/conf.d", folder));
    ck_assert_int_eq(rmdir(folder), 0);
    pool_free(&pool);
}

static const char *keep(const char *name, const void *data, size_t n)
{
    struct err err = ERR_INIT;
    const char *path = pool_printf(pool, "%s/%s", folder, name);
    ck_assert_msg(file_replace(path, data, n, 0600, &err) == 0, "%s", err.text);
    return path;
}

/* With these lines in [serve]. */
static struct conf *conf_of(const char *serve)
{
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    const char *text =
        pool_printf(pool, "[organization]\nname = A\nurl = https://signin.example.com\n[serve]\n%s\n", serve);
    ck_assert_msg(conf_load(keep("doorward.conf", text, strlen(text)), schema_get(), &conf, NULL, &err) == 0, "%s",
                  err.text);
    return conf;
}

/* --- languages --------------------------------------------------------------------------------------------------------- */

START_TEST(the_best_language_is_found)
{
    static const struct {
        const char *header;
        enum language best;
    } cases[] = {
        {NULL, LANGUAGE_EN},
        {"", LANGUAGE_EN},
        {"ko", LANGUAGE_KO},
        {"ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", LANGUAGE_KO},
        {"KO-kr", LANGUAGE_KO},
        {"ja-Jpan-JP", LANGUAGE_JA},
        {"fr, ja;q=0.3", LANGUAGE_JA},
        {"fr;q=1.0, *;q=0.5", LANGUAGE_EN},
        {"*", LANGUAGE_EN},
        {"en;q=0, *", LANGUAGE_KO},
        {"en;q=0.2, ja ; q=0.8 , ko;q=0.8", LANGUAGE_JA},
        {"ko;q=0, ja;q=0.1", LANGUAGE_JA},
        {"ko;q=0", LANGUAGE_EN},
        {"ko;q=2, ja", LANGUAGE_JA},
        {"ko;q=, ko;q=x, ko;level=1, ja;q=0.001", LANGUAGE_JA},
        {"kok, kor, k, jav", LANGUAGE_EN}, /* other languages */
        {",, ,ko,", LANGUAGE_KO},
        {";q=1,ja", LANGUAGE_JA},
        {"ja;q=0.5, ja-JP;q=0.9, ko;q=0.7", LANGUAGE_JA},
        {"ko;q=1.001,ja;q=0.1", LANGUAGE_JA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(language_accepted(cases[i].header) == cases[i].best, "%s", cases[i].header);
    ck_assert_int_eq(language_listed("fr-CA ja-JP ko"), LANGUAGE_JA);
    ck_assert_int_eq(language_listed("fr"), LANGUAGES);
    ck_assert_int_eq(language_listed("  "), LANGUAGES);
}
END_TEST

START_TEST(a_very_long_header_ends)
{
    CLEANUP(buf_release) struct buf header = BUF_INIT;
    for (int i = 0; i < 10000; i++)
        buf_adds(&header, "fr,");
    buf_adds(&header, "ko");
    ck_assert_int_eq(language_accepted(buf_str(&header)), LANGUAGE_EN);
}
END_TEST

START_TEST(no_text_is_missing_in_any_language)
{
    for (enum language l = 0; l < LANGUAGES; l++)
        for (enum text t = 0; t < TEXTS; t++) {
            const char *english = text_translated(LANGUAGE_EN, t), *text = text_translated(l, t);
            ck_assert_msg(english && *english, "text %d has no English", t);
            ck_assert_msg(text && *text, "'%s' is missing in src/web/po/%s.po; run make po and translate it", english,
                          languages[l].tag);
            ck_assert_msg(l == LANGUAGE_EN || strcmp(text, english) != 0, "'%s' is English in %s.po", english,
                          languages[l].tag);
            ck_assert_msg(!strchr(english, '{') == !strchr(text, '{') &&
                              (!strchr(text, '{') || strstr(text, "{domain}")),
                          "'%s' has other names in braces in %s.po", english, languages[l].tag);
        }
}
END_TEST

/* --- texts of the organisation ------------------------------------------------------------------------------------------ */

static int replace(const char *text, struct texts *ret, struct err *err)
{
    texts_init(ret);
    return texts_replace(ret, keep("texts.ini", text, strlen(text)), pool, err);
}

START_TEST(texts_are_replaced_one_by_one)
{
    struct texts texts;
    struct err err = ERR_INIT;
    ck_assert_msg(replace("[en]\nsign-in = Log in to A & B\n[ko]\nSign-In = 들어가기\n", &texts, &err) == 0, "%s",
                  err.text);
    ck_assert_str_eq(texts.text[LANGUAGE_EN][TEXT_SIGN_IN], "Log in to A & B");
    ck_assert_str_eq(texts.text[LANGUAGE_KO][TEXT_SIGN_IN], "들어가기");
    ck_assert_str_eq(texts.text[LANGUAGE_JA][TEXT_SIGN_IN], "サインイン");
    ck_assert_str_eq(texts.text[LANGUAGE_EN][TEXT_EMAIL], "E-mail address");
    CLEANUP(buf_release) struct buf page = BUF_INIT;
    const struct page_about about = {.organization = "<A>", .texts = &texts};
    page_signed_out(&page, &about);
    ck_assert_ptr_nonnull(strstr(buf_str(&page), "&lt;A&gt;"));
    buf_clear(&page);
    page_sign_in(&page, &about, &(struct page_ask){.email = "\"><b>"});
    ck_assert_ptr_nonnull(strstr(buf_str(&page), "Log in to A &amp; B"));
    ck_assert_ptr_nonnull(strstr(buf_str(&page), "value=\"&quot;&gt;&lt;b&gt;\""));
}
END_TEST

START_TEST(wrong_texts_are_told_with_line_and_nearest_name)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"[en]\nsing-in = x\n", "did you mean 'sign-in'"}, {"[en]\nsing-in = x\n", "texts.ini:2"},
        {"[kr]\nsign-in = x\n", "did you mean 'ko'"},      {"sign-in = x\n", "before the first section"},
        {"[en]\nsign-in = a\nsign-in = b\n", "sign-in"},   {"[en]\nsign-in = \xff\n", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct texts texts;
        struct err err = ERR_INIT;
        ck_assert_int_eq(replace(cases[i].text, &texts, &err), -1);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, cases[i].told), "%s", err.text);
    }
}
END_TEST

START_TEST(snippets_beside_the_texts_are_none_of_theirs)
{
    struct texts texts;
    struct err err = ERR_INIT;
    ck_assert_int_eq(mkdir(pool_printf(pool, "%s/conf.d", folder), 0700), 0);
    keep("conf.d/site.conf", "[organization]\nname = A\n", 24);
    ck_assert_msg(replace("[en]\nsign-in = x\n", &texts, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(the_sample_of_texts_is_current)
{
    CLEANUP(buf_release) struct buf made = BUF_INIT, there = BUF_INIT;
    struct err err = ERR_INIT;
    conf_sample(texts_schema(), &made);
    ck_assert_msg(file_read(SAMPLE, 1 << 20, &there, &err) == 0, "%s", err.text);
    ck_assert_msg(strcmp(made.data, there.data) == 0, SAMPLE " is not what the texts are; run: make sample");
}
END_TEST

/* --- looks --------------------------------------------------------------------------------------------------------------- */

static int look(const char *serve, struct looks *ret, struct err *err)
{
    CLEANUP(conf_free) struct conf *conf = conf_of(serve);
    return looks_read(conf, pool, ret, err);
}

START_TEST(a_logo_is_known_by_what_it_is)
{
    static const struct {
        const char *data;
        size_t n;
        const char *type;
    } cases[] = {
        {"\x89PNG\r\n\x1a\n....", 12, "image/png"},
        {"\xff\xd8\xff\xe0", 4, "image/jpeg"},
        {"<svg xmlns='http://www.w3.org/2000/svg'/>", 41, "image/svg+xml"},
        {"\xef\xbb\xbf<?xml version='1.0'?><!-- x -->\n<svg/>", 41, "image/svg+xml"},
        {"<html><script>alert(1)</script></html>", 38, NULL},
        {"GIF89a", 6, NULL},
        {"", 0, NULL},
        {"svg", 3, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct looks looks;
        struct err err = ERR_INIT;
        const char *path = keep("logo.html", cases[i].data, cases[i].n);
        int r = look(pool_printf(pool, "logo-file = %s", path), &looks, &err);
        ck_assert_msg(r == (cases[i].type ? 0 : -1), "%zu: %s", i, err.text);
        if (cases[i].type)
            ck_assert_str_eq(looks.logo_type, cases[i].type);
        else
            ck_assert_int_eq(err.kind, ERR_CONFIG);
    }
}
END_TEST

START_TEST(a_logo_that_is_too_large_is_refused)
{
    CLEANUP(freep) char *large = mem_zero(LOGO_MAX + 1);
    struct looks looks;
    struct err err = ERR_INIT;
    memcpy(large, "\xff\xd8\xff", 3);
    const char *serve = pool_printf(pool, "logo-file = %s", keep("logo", large, LOGO_MAX + 1));
    ck_assert_int_eq(look(serve, &looks, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    keep("logo", large, LOGO_MAX);
    ck_assert_msg(look(serve, &looks, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(an_accent_has_to_carry_white_text)
{
    static const struct {
        const char *accent, *told;
    } cases[] = {
        {"#0b57d0", NULL},           {"#767676", NULL},     {"#000000", NULL},        {"#777777", "contrast of 4.5"},
        {"#f0a500", "darker"},       {"#ffffff", "of 1.0"}, {"blue", "is no colour"}, {"#12345", "is no colour"},
        {"#12345g", "is no colour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct looks looks;
        struct err err = ERR_INIT;
        int r = look(pool_printf(pool, "accent = %s", cases[i].accent), &looks, &err);
        ck_assert_msg(r == (cases[i].told ? -1 : 0), "%s: %s", cases[i].accent, err.text);
        ck_assert_msg(!cases[i].told || strstr(err.text, cases[i].told), "%s", err.text);
        ck_assert_msg(cases[i].told || strstr(looks.style, cases[i].accent), "%s", cases[i].accent);
    }
}
END_TEST

/* --- who asks ------------------------------------------------------------------------------------------------------------ */

START_TEST(a_proxy_is_believed_when_it_is_trusted)
{
    static const struct {
        const char *peer, *forwarded, *x, *client;
    } cases[] = {
        {"198.51.100.7", NULL, NULL, "198.51.100.7"},
        {"198.51.100.7", "for=192.0.2.1", "192.0.2.1", "198.51.100.7"}, /* a stranger's word */
        {"::ffff:198.51.100.7", NULL, NULL, "198.51.100.7"},
        {"2001:DB8::0:1", NULL, NULL, "2001:db8::1"},
        {"10.0.0.80", NULL, NULL, "10.0.0.80"},
        {"10.0.0.80", NULL, "192.0.2.1", "192.0.2.1"},
        {"::ffff:10.0.0.80", NULL, "192.0.2.1", "192.0.2.1"},
        {"fd00::80", NULL, "192.0.2.1", "192.0.2.1"},
        {"10.0.0.80", NULL, "203.0.113.9, 192.0.2.1", "192.0.2.1"}, /* the first was the client's own idea */
        {"10.0.0.80", NULL, "192.0.2.1, 10.0.0.81", "192.0.2.1"},   /* through two proxies */
        {"10.0.0.80", NULL, "203.0.113.9, 192.0.2.1,10.0.0.81 ,10.0.0.80", "192.0.2.1"},
        {"10.0.0.80", NULL, "10.0.0.81", "10.0.0.81"},
        {"10.0.0.80", NULL, "nonsense", "10.0.0.80"},
        {"10.0.0.80", NULL, "192.0.2.1, nonsense", "10.0.0.80"},
        {"10.0.0.80", NULL, "", "10.0.0.80"},
        {"10.0.0.80", NULL, ",", "10.0.0.80"},
        {"10.0.0.80", NULL, "192.0.2.1:4711", "192.0.2.1"},
        {"10.0.0.80", NULL, "[2001:db8::1]:4711", "2001:db8::1"},
        {"10.0.0.80", NULL, "2001:db8::1", "2001:db8::1"},
        {"10.0.0.80", "for=192.0.2.1", NULL, "192.0.2.1"},
        {"10.0.0.80", "For=\"[2001:db8:cafe::17]:4711\"", NULL, "2001:db8:cafe::17"},
        {"10.0.0.80", "for=192.0.2.1;proto=https;by=10.0.0.80", NULL, "192.0.2.1"},
        {"10.0.0.80", "proto=https; for=192.0.2.1", NULL, "192.0.2.1"},
        {"10.0.0.80", "for=203.0.113.9, for=192.0.2.1", NULL, "192.0.2.1"},
        {"10.0.0.80", "for=192.0.2.1, for=10.0.0.81", NULL, "192.0.2.1"},
        {"10.0.0.80", "for=192.0.2.1, proto=https", NULL, "10.0.0.80"},
        {"10.0.0.80", "for=unknown", NULL, "10.0.0.80"},
        {"10.0.0.80", "for=_hidden", NULL, "10.0.0.80"},
        {"10.0.0.80", "host=\"a,for=203.0.113.9\";for=192.0.2.1", NULL, "192.0.2.1"},
        {"10.0.0.80", "for=\"203.0.113.9", NULL, "10.0.0.80"},
        {"10.0.0.80", "for=192.0.2.1", "192.0.2.1", "192.0.2.1"},
        {"10.0.0.80", "for=203.0.113.9", "192.0.2.1", "10.0.0.80"}, /* one of them is the client's own idea */
        {"10.0.0.80", "for=[", "[", "10.0.0.80"},
        {"10.0.0.80", "for=[]", "[]:", "10.0.0.80"},
        {"", NULL, NULL, ""},
        {"fe80::7%eth0", NULL, NULL, "fe80::7"}, /* as a connection on the link is named: without an address nobody is held up */
        {"fe80::7%eth0", "for=192.0.2.1", NULL, "fe80::7"},
    };
    CLEANUP(conf_free)
    struct conf *conf = conf_of("trusted-proxy = 10.0.0.80\ntrusted-proxy = 10.0.0.81\ntrusted-proxy = fd00:0::80");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *client =
            visitor_client(conf_find(conf, "serve", NULL), pool, cases[i].peer, cases[i].forwarded, cases[i].x);
        ck_assert_msg(strcmp(client, cases[i].client) == 0, "%zu: %s and not %s", i, client, cases[i].client);
    }
}
END_TEST

/* --- how often ------------------------------------------------------------------------------------------------------------ */

static unsigned take(struct limit *limit, const char *client, double now, int times)
{
    unsigned wait = 0;
    for (int i = 0; i < times; i++)
        wait = limit_take(limit, "kind", client, 60, now);
    return wait;
}

START_TEST(a_bucket_empties_and_fills)
{
    CLEANUP(limit_free) struct limit *limit = limit_new();
    ck_assert_uint_eq(take(limit, "192.0.2.1", 1000, 60), 0);
    ck_assert_uint_eq(take(limit, "192.0.2.1", 1000, 1), 2); /* a whole second, rounded up */
    ck_assert_uint_ge(take(limit, "192.0.2.1", 1000, 1000), 1);
    ck_assert_uint_eq(take(limit, "192.0.2.2", 1000, 60), 0);
    ck_assert_uint_eq(limit_take(limit, "other", "192.0.2.1", 60, 1000), 0);
    ck_assert_uint_eq(take(limit, "192.0.2.1", 1001.01, 1), 0); /* what was refused did not count */
    ck_assert_uint_ge(take(limit, "192.0.2.1", 1001.01, 1), 1);
    ck_assert_uint_eq(take(limit, "192.0.2.1", 1062, 60), 0);
    ck_assert_uint_ge(take(limit, "192.0.2.1", 1062, 1), 1);
}
END_TEST

START_TEST(a_network_of_ipv6_is_one_client)
{
    CLEANUP(limit_free) struct limit *limit = limit_new();
    for (int i = 0; i < 60; i++)
        ck_assert_uint_eq(take(limit, pool_printf(pool, "2001:db8:0:1::%x", i + 1), 1, 1), 0);
    ck_assert_uint_ge(take(limit, "2001:db8:0:1:ffff::1", 1, 1), 1);
    ck_assert_uint_eq(take(limit, "2001:db8:0:2::1", 1, 1), 0);
}
END_TEST

START_TEST(this_machine_is_not_held_up)
{
    static const struct {
        const char *peer, *forwarded, *x;
        bool local;
    } cases[] = {
        {"127.0.0.1", NULL, NULL, true},
        {"127.0.0.9", NULL, "192.0.2.1", true}, /* no proxy of ours: whoever is at this machine may write what he likes */
        {"::1", NULL, NULL, true},
        {"::ffff:127.0.0.1", NULL, NULL, true},
        {"127.0.0.1", NULL, "192.0.2.1", false},
        {"127.0.0.1", "for=203.0.113.9", "192.0.2.1", false}, /* they disagree, so that the client is the proxy */
        {"127.0.0.1", "for=127.0.0.1", NULL, false},
        {"127.0.0.1", "", NULL, false},
        {"192.0.2.1", NULL, NULL, false},
        {"", NULL, NULL, false},
    };
    CLEANUP(conf_free) struct conf *conf = conf_of("trusted-proxy = 127.0.0.1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(visitor_is_local(conf_find(conf, "serve", NULL), cases[i].peer, cases[i].forwarded, cases[i].x) ==
                          cases[i].local, "%zu", i);
    CLEANUP(limit_free) struct limit *limit = limit_new();
    ck_assert_uint_eq(take(limit, "127.0.0.1", 1, 60), 0);
    ck_assert_uint_ge(take(limit, "127.0.0.1", 1, 1), 1);
    ck_assert_uint_eq(take(limit, "", 1, 1000), 0);
}
END_TEST

START_TEST(many_clients_take_no_more_room)
{
    CLEANUP(limit_free) struct limit *limit = limit_new();
    take(limit, "198.51.100.1", 1, 100);
    for (unsigned i = 0; i < 200000; i++)
        limit_take(limit, "kind", pool_printf(pool, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255), 60, 1);
    ck_assert_uint_ge(take(limit, "198.51.100.1", 1, 1), 1); /* who asked most is forgotten last */
}
END_TEST

static int write_sample(const char *path)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT;
    struct err err = ERR_INIT;
    conf_sample(texts_schema(), &sample);
    if (file_replace(path, sample.data, sample.len, 0644, &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_sample(argv[2]);
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("pages");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, the_best_language_is_found);
    tcase_add_test(tc, a_very_long_header_ends);
    tcase_add_test(tc, no_text_is_missing_in_any_language);
    tcase_add_test(tc, texts_are_replaced_one_by_one);
    tcase_add_test(tc, wrong_texts_are_told_with_line_and_nearest_name);
    tcase_add_test(tc, snippets_beside_the_texts_are_none_of_theirs);
    tcase_add_test(tc, the_sample_of_texts_is_current);
    tcase_add_test(tc, a_logo_is_known_by_what_it_is);
    tcase_add_test(tc, a_logo_that_is_too_large_is_refused);
    tcase_add_test(tc, an_accent_has_to_carry_white_text);
    tcase_add_test(tc, a_proxy_is_believed_when_it_is_trusted);
    tcase_add_test(tc, a_bucket_empties_and_fills);
    tcase_add_test(tc, a_network_of_ipv6_is_one_client);
    tcase_add_test(tc, this_machine_is_not_held_up);
    tcase_add_test(tc, many_clients_take_no_more_room);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
