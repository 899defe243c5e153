/*
 * cli/schema.c: the product's rows are sound, the sample is current and complete, and what it shows can be used.
 * With "--write FILE" it writes the sample instead (make sample).
 */
#include <check.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/schema.h"
#include "suite.h"

#define SAMPLE "conf/doorward.conf.sample"

static char folder[64], conf_path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test-schema-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(conf_path, sizeof conf_path, "%s/doorward.conf", folder);
}

static void drop_folder(void)
{
    unlink(conf_path);
    rmdir(folder);
}

static int load_text(const struct buf *text, struct conf **ret, struct buf *problems)
{
    struct err err = ERR_INIT;
    ck_assert_msg(file_replace(conf_path, text->data, text->len, 0600, &err) == 0, "%s", err.text);
    return conf_load(conf_path, schema_get(), ret, problems, &err);
}

static void check_item(const char *kind, const struct conf_item *item)
{
    ck_assert_msg(item->key[strspn(item->key, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0', "[%s] %s", kind,
                  item->key);
    ck_assert_msg(strcmp(item->key, "type") != 0, "[%s] type is not a row", kind);
    ck_assert_msg(item->def || item->example, "[%s] %s: neither default nor example", kind, item->key);
    ck_assert_msg(!item->def || !item->required, "[%s] %s: required, and has a default", kind, item->key);
    size_t n = item->help ? strlen(item->help) : 0;
    ck_assert_msg(n > 10 && item->help[n - 1] == '.', "[%s] %s: the help is no sentence", kind, item->key);
    ck_assert_msg(item->type != CONF_CHOICE || (item->choices && item->choices[0]), "[%s] %s: no choices", kind,
                  item->key);
    ck_assert_msg(item->type != CONF_REF || item->ref, "[%s] %s: refers to no kind", kind, item->key);
    ck_assert_msg(item->min <= item->max, "[%s] %s: range", kind, item->key);
}

static void check_items(const char *kind, const struct conf_item *items, const struct conf_item *others)
{
    for (const struct conf_item *item = items; item && item->key; item++) {
        check_item(kind, item);
        for (const struct conf_item *other = items; other != item; other++)
            ck_assert_msg(!text_same_ascii(item->key, other->key), "[%s] %s stands twice", kind, item->key);
        for (const struct conf_item *other = others; other && other->key; other++)
            ck_assert_msg(!text_same_ascii(item->key, other->key), "[%s] %s stands twice", kind, item->key);
    }
}

START_TEST(rows_are_sound)
{
    for (const struct conf_kind *kind = schema_get()->kinds; kind->name; kind++) {
        ck_assert_msg(kind->help && (!kind->named || kind->example), "[%s]", kind->name);
        check_items(kind->name, kind->items, NULL);
        for (const struct conf_variant *v = kind->variants; v && v->name; v++) {
            ck_assert_msg(v->help && strlen(v->help) > 5, "[%s] type = %s: no help", kind->name, v->name);
            check_items(kind->name, v->items, kind->items);
        }
    }
}
END_TEST

START_TEST(sample_is_current)
{
    CLEANUP(buf_release) struct buf made = BUF_INIT, there = BUF_INIT;
    struct err err = ERR_INIT;
    conf_sample(schema_get(), &made);
    ck_assert_msg(file_read(SAMPLE, CONF_FILE_MAX, &there, &err) == 0, "%s", err.text);
    ck_assert_msg(strcmp(made.data, there.data) == 0, SAMPLE " is not what the rows say; run: make sample");
}
END_TEST

START_TEST(sample_can_be_used_as_it_is)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT, problems = BUF_INIT;
    CLEANUP(conf_free) struct conf *conf = NULL;
    conf_sample(schema_get(), &sample);
    ck_assert_msg(load_text(&sample, &conf, &problems) == 0, "%s", problems.data);
}
END_TEST

/* The sample with every ";key = value" line in use. */
static void uncomment(struct buf *ret)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT;
    conf_sample(schema_get(), &sample);
    for (const char *p = sample.data; *p; p++)
        if (*p != ';' || (p > sample.data && p[-1] != '\n'))
            buf_addc(ret, *p);
}

/* The examples' files are on nobody's machine; nothing else may be wrong. */
START_TEST(sample_with_every_line_in_use_has_no_other_fault_than_missing_files)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT, problems = BUF_INIT;
    CLEANUP(conf_free) struct conf *conf = NULL;
    uncomment(&sample);
    load_text(&sample, &conf, &problems);
    for (const char *p = buf_str(&problems); *p; p += strcspn(p, "\n") + 1) {
        CLEANUP(freep) char *line = mem_strndup(p, strcspn(p, "\n"));
        ck_assert_msg(strstr(line, ": No such file or directory; create"), "%s", line);
    }
}
END_TEST

START_TEST(sample_shows_every_kind_type_and_key)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT;
    uncomment(&sample);
    for (const struct conf_kind *kind = schema_get()->kinds; kind->name; kind++) {
        CLEANUP(freep) char *header = mem_printf("\n[%s%s", kind->name, kind->named ? " " : "]\n");
        if (kind->variants && !kind->variants->name)
            continue;
        ck_assert_msg(strstr(sample.data, header), "%s", header);
        for (const struct conf_item *item = kind->items; item && item->key; item++) {
            CLEANUP(freep) char *line = mem_printf("\n%s = %s\n", item->key, item->def ? item->def : item->example);
            ck_assert_msg(strstr(sample.data, line), "%s", line);
        }
    }
}
END_TEST

START_TEST(domains_alike_are_refused)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT, problems = BUF_INIT;
    CLEANUP(conf_free) struct conf *conf = NULL;
    buf_adds(&text, "[organization]\nname = x\n[domain Bücher.example]\n[domain b\xC3\xBC"
                    "cher.EXAMPLE]\n[domain XN--bcher-kva.example]\n");
    ck_assert_int_eq(load_text(&text, &conf, &problems), -1);
    const char *hit = strstr(problems.data, "the same section stands in");
    ck_assert_ptr_nonnull(hit);
    ck_assert_ptr_nonnull(strstr(hit + 1, "the same section stands in"));
}
END_TEST

/* An issuer is compared byte for byte; other addresses have paths put behind them. */
START_TEST(an_issuer_keeps_its_slash)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT, problems = BUF_INIT;
    CLEANUP(conf_free) struct conf *conf = NULL;
    buf_adds(&text, "[organization]\nname = A\nurl = https://us.example.com/\n"
                    "[connection a]\ntype = oidc\nissuer = https://login.example.com/\nclient-id = x\n");
    load_text(&text, &conf, &problems);
    ck_assert_msg(conf != NULL, "%s", buf_str(&problems));
    ck_assert_str_eq(conf_str(conf_find(conf, "connection", "a"), "issuer"), "https://login.example.com/");
    ck_assert_str_eq(conf_str(conf_find(conf, "organization", NULL), "url"), "https://us.example.com");
}
END_TEST

static int write_sample(const char *path)
{
    CLEANUP(buf_release) struct buf sample = BUF_INIT;
    struct err err = ERR_INIT;
    conf_sample(schema_get(), &sample);
    if (file_replace(path, sample.data, sample.len, 0644, &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_sample(argv[2]);
    Suite *suite = suite_create("conf schema");
    TCase *rows = tcase_create("rows");
    suite_add_tcase(suite, rows);
    tcase_add_checked_fixture(rows, make_folder, drop_folder);
    tcase_set_timeout(rows, 0);
    tcase_add_test(rows, rows_are_sound);
    tcase_add_test(rows, sample_is_current);
    tcase_add_test(rows, sample_can_be_used_as_it_is);
    tcase_add_test(rows, sample_with_every_line_in_use_has_no_other_fault_than_missing_files);
    tcase_add_test(rows, sample_shows_every_kind_type_and_key);
    tcase_add_test(rows, domains_alike_are_refused);
    tcase_add_test(rows, an_issuer_keeps_its_slash);
    return suite_run(suite);
}
