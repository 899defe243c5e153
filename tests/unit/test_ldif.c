/*
 * connectors/ldif: what is read from tests/data/ldif, and that nothing but a file read to its end is complete. Run
 * in the top folder.
 */
#include "sink_record.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "connectors/dn.h"
#include "connectors/ldif/ldif.h"
#include "suite.h"

static struct recorder got;
static enum pull_result result;
static struct err err;

static void teardown(void)
{
    recorder_clear(&got);
}

/* Opens the file, calls meanwhile if there is one, and pulls. */
static int pull_file(const char *path, void (*meanwhile)(const char *path))
{
    CLEANUP(freep) char *lines = mem_printf("file = %s\nflavour = openldap\n", path);
    const struct conf_section *section;
    struct conf *conf = load_section(ldif_connector.settings, lines, &section);
    struct directory *directory = NULL;
    struct sink sink = recorder_sink(&got);
    err = (struct err)ERR_INIT;
    int rc = ldif_connector.open(section, NULL, &directory, &err);
    if (rc == 0 && meanwhile)
        meanwhile(path);
    if (rc == 0)
        rc = ldif_connector.pull(directory, NULL, &sink, &result, &err);
    if (directory)
        ldif_connector.close(&directory);
    conf_free(&conf);
    return rc;
}

static const struct {
    const char *file;
    int rc;
    enum pull_result result;
    size_t people, groups, faults;
    const char *said;
} files[] = {
    {"good.ldif", 0, PULL_COMPLETE, 2, 1, 0, ""},
    {"good-version-in-first-record.ldif", 0, PULL_COMPLETE, 1, 1, 0, ""},
    {"good-crlf.ldif", 0, PULL_COMPLETE, 2, 1, 0, ""},
    {"good-no-final-newline.ldif", 0, PULL_COMPLETE, 2, 0, 0, ""},
    {"good-search-success.ldif", 0, PULL_COMPLETE, 1, 0, 0, ""},
    {"good-without-ids.ldif", 0, PULL_COMPLETE, 2, 1, 0, ""},
    {"faults.ldif", 0, PULL_COMPLETE, 1, 0, 5, ""},
    {"cut-by-size-limit.ldif", 0, PULL_PARTIAL, 1, 0, 0, "ended with '4 Size limit exceeded'"},
    {"cut-in-base64.ldif", 0, PULL_PARTIAL, 1, 0, 0, "cut-in-base64.ldif:13: broken base64"},
    {"cut-in-name.ldif", 0, PULL_PARTIAL, 1, 0, 0, "cut-in-name.ldif:18: not \"attribute"},
    {"broken-base64.ldif", 0, PULL_PARTIAL, 1, 0, 0, "broken-base64.ldif:11: broken base64"},
    {"broken-base64-padding.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":11: broken base64"},
    {"broken-base64-length.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":12: broken base64"},
    {"changes.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":10: a record of changes"},
    {"control.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":10: a record of changes"},
    {"include.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":9: \"include:\" is not followed"},
    {"file-url.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":11: a value from another file"},
    {"no-dn.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":9: a record that does not begin with"},
    {"no-colon.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":10: not \"attribute: value\""},
    {"folded-nothing.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":9: a folded line"},
    {"nul.ldif", 0, PULL_PARTIAL, 1, 0, 0, ":11: a NUL byte"},
    {"second-dn.ldif", -1, PULL_PARTIAL, 0, 0, 0, ":8: a second dn"},
    {"version-2.ldif", -1, PULL_PARTIAL, 0, 0, 0, ":1: another version"},
    {"empty.ldif", -1, PULL_PARTIAL, 0, 0, 0, "no person and no group"},
    {"nobody.ldif", -1, PULL_PARTIAL, 0, 0, 0, "no person and no group"},
};

START_TEST(every_file)
{
    CLEANUP(freep) char *path = mem_printf("tests/data/ldif/%s", files[_i].file);
    CLEANUP(freep) char *full = realpath(path, NULL);
    ck_assert_msg(full != NULL, "%s", path);
    int rc = pull_file(full, NULL);
    ck_assert_msg(rc == files[_i].rc, "%s: %d %s", path, rc, err.text);
    if (rc == 0)
        ck_assert_msg(result == files[_i].result, "%s: %d %s", path, (int)result, err.text);
    ck_assert_msg(strstr(err.text, files[_i].said) && (!*err.text == !*files[_i].said), "%s: %s", path, err.text);
    ck_assert_msg(got.people == files[_i].people && got.groups == files[_i].groups && got.faults == files[_i].faults,
                  "%s: %zu %zu %zu", path, got.people, got.groups, got.faults);
}
END_TEST

START_TEST(values)
{
    CLEANUP(freep) char *full = realpath("tests/data/ldif/good.ldif", NULL);
    ck_assert_int_eq(pull_file(full, NULL), 0);
    ck_assert_str_eq(got.all[0].id, "0a7c4dc6-5be1-4f4b-9c1d-1b5b0e1f0001");
    ck_assert_str_eq(got.all[1].attr[ATTR_DISPLAY_NAME], "\xEA\xB9\x80\xEC\xB2\xA0\xEC\x88\x98");
    ck_assert_str_eq(got.all[1].attr[ATTR_EMAIL], "kim@example.com");
    ck_assert_uint_eq(got.all[2].entry.nmembers, 2);
    ck_assert(key_eq(got.all[2].members[0], got.all[0].entry.key));
    ck_assert(key_eq(got.all[2].members[1], got.all[1].entry.key));
}
END_TEST

START_TEST(id_from_the_name)
{
    CLEANUP(freep) char *full = realpath("tests/data/ldif/good-without-ids.ldif", NULL);
    ck_assert_int_eq(pull_file(full, NULL), 0);
    ck_assert_uint_eq(strlen(got.all[0].id), 32);
    ck_assert_str_ne(got.all[0].id, got.all[1].id);
}
END_TEST

START_TEST(faults_say_where)
{
    static const char *const ids[] = {"id-1", "id-2", "", "id-4", "id-5"};
    static const char *const whys[] = {"uid=utf,dc=x: title: not UTF-8",
                                       "uid=control,dc=x: title: not UTF-8, or with control",
                                       "nonsense: entryUUID: missing", "cn=g,dc=x: member: 'not a name'",
                                       "cn=r,dc=x: member;range=0-1499: only a part"};
    CLEANUP(freep) char *full = realpath("tests/data/ldif/faults.ldif", NULL);
    ck_assert_int_eq(pull_file(full, NULL), 0);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(got.all[i + 1].id, ids[i]);
        ck_assert_msg(strncmp(got.all[i + 1].fault, whys[i], strlen(whys[i])) == 0, "%s", got.all[i + 1].fault);
    }
}
END_TEST

/* --- files made here ---------------------------------------------------------------------------------------------- */

static char made[] = "/tmp/doorward-ldif-XXXXXX";

static void make_file(void)
{
    snprintf(made, sizeof made, "/tmp/doorward-ldif-XXXXXX");
    int fd = mkstemp(made);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "dn: uid=a,dc=x\nobjectClass: person\nuid: a\n\n"), 0);
    close(fd);
}

static void append(const char *path, const char *text, size_t times)
{
    FILE *file = fopen(path, "a");
    for (size_t i = 0; i < times; i++)
        fputs(text, file);
    fclose(file);
}

START_TEST(record_over_the_limit)
{
    make_file();
    append(made, "dn: uid=b,dc=x\ndescription: ", 1);
    append(made, "0123456789abcdef", 1024 * 1024 + 1);
    int rc = pull_file(made, NULL);
    unlink(made);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(result, PULL_PARTIAL);
    ck_assert_ptr_nonnull(strstr(err.text, ":6: a record of more than 16 MiB"));
}
END_TEST

START_TEST(file_over_the_limit)
{
    make_file();
    ck_assert_int_eq(truncate(made, 1024L * 1024 * 1024 + 1), 0);
    int rc = pull_file(made, NULL);
    unlink(made);
    ck_assert_int_eq(rc, -1);
    ck_assert_ptr_nonnull(strstr(err.text, "larger than 1 GiB"));
}
END_TEST

static int changing_put(void *ctx, const struct entry *entry, struct err *e)
{
    append(made, "dn: uid=b,dc=x\nobjectClass: person\nuid: b\n", 1);
    return record_put(ctx, entry, e);
}

START_TEST(changed_while_read)
{
    make_file();
    CLEANUP(freep) char *lines = mem_printf("file = %s\nflavour = openldap\n", made);
    const struct conf_section *section;
    struct conf *conf = load_section(ldif_connector.settings, lines, &section);
    struct directory *directory = NULL;
    ck_assert_int_eq(ldif_connector.open(section, NULL, &directory, &err), 0);
    struct sink sink = recorder_sink(&got);
    sink.put = changing_put;
    int rc = ldif_connector.pull(directory, NULL, &sink, &result, &err);
    ldif_connector.close(&directory);
    conf_free(&conf);
    unlink(made);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(result, PULL_PARTIAL);
    ck_assert_ptr_nonnull(strstr(err.text, "changed while it was read"));
}
END_TEST

static void remove_it(const char *path)
{
    unlink(path);
}

START_TEST(gone)
{
    make_file();
    ck_assert_int_eq(pull_file(made, remove_it), -1);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

static int stopping_put(void *ctx, const struct entry *entry, struct err *e)
{
    (void)ctx, (void)entry;
    return err_set(e, ERR_STORE, "disk full");
}

START_TEST(the_sink_may_end_it)
{
    make_file();
    CLEANUP(freep) char *lines = mem_printf("file = %s\n", made);
    const struct conf_section *section;
    struct conf *conf = load_section(ldif_connector.settings, lines, &section);
    struct directory *directory = NULL;
    ck_assert_int_eq(ldif_connector.open(section, NULL, &directory, &err), 0);
    struct sink sink = recorder_sink(&got);
    sink.put = stopping_put;
    ck_assert_int_eq(ldif_connector.pull(directory, NULL, &sink, &result, &err), -1);
    ck_assert_str_eq(err.text, "disk full");
    ldif_connector.close(&directory);
    conf_free(&conf);
    unlink(made);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ldif");
    TCase *c = tcase_create("ldif");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_loop_test(c, every_file, 0, sizeof files / sizeof *files);
    tcase_add_test(c, values);
    tcase_add_test(c, id_from_the_name);
    tcase_add_test(c, faults_say_where);
    tcase_add_test(c, record_over_the_limit);
    tcase_add_test(c, file_over_the_limit);
    tcase_add_test(c, changed_while_read);
    tcase_add_test(c, gone);
    tcase_add_test(c, the_sink_may_end_it);
    suite_add_tcase(s, c);
    return suite_run(s);
}
