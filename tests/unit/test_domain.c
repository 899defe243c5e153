/* Domain names by the files of tests/data/domain: each line is a case, each file is named by its fault. */
#include <check.h>
#include <dirent.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/domain.h"
#include "model/freemail.h"
#include "suite.h"

#define DATA "tests/data/domain"

/* Calls each(line, head) for every line; the first line is "# " and the head. The file must hold cases. */
static void each_line(const char *path, void (*each)(char *line, const char *head))
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    ck_assert_msg(file_read(path, 1 << 20, &text, &err) == 0, "%s", err.text);
    char *rest = text.data, *head = strsep(&rest, "\n");
    ck_assert_msg(strncmp(head, "# ", 2) == 0, "%s: no head", path);
    int cases = 0;
    for (char *line; rest && *rest && (line = strsep(&rest, "\n")); cases++)
        each(line, head + 2);
    ck_assert_msg(cases > 0, "%s: no cases", path);
}

static void each_file(const char *folder, void (*each)(char *line, const char *head))
{
    int files = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        CLEANUP(freep) char *path = mem_printf("%s/%s", folder, entry->d_name);
        each_line(path, each);
        files++;
    }
    closedir(dir);
    ck_assert_int_gt(files, 2);
}

static void normalises(char *line, const char *head)
{
    (void)head;
    struct err err = ERR_INIT;
    char *typed = strsep(&line, "\t"), *inside = strsep(&line, "\t"), *shown = line;
    CLEANUP(freep) char *got = NULL;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    ck_assert_msg(domain_normalise(typed, &got, &err) == 0, "%s", err.text);
    ck_assert_str_eq(got, inside);
    ck_assert_str_eq(domain_display(pool, got), shown);
    /* Both forms lead back to the same. */
    CLEANUP(freep) char *again = NULL, *from_shown = NULL;
    ck_assert_int_eq(domain_normalise(got, &again, &err), 0);
    ck_assert_str_eq(again, inside);
    ck_assert_int_eq(domain_normalise(shown, &from_shown, &err), 0);
    ck_assert_str_eq(from_shown, inside);
}

static void is_refused(char *line, const char *head)
{
    struct err err = ERR_INIT;
    char *got = NULL;
    ck_assert_msg(domain_normalise(line, &got, &err) == -1, "'%s' was taken as '%s'", line, got);
    ck_assert_ptr_null(got);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_msg(strstr(err.text, head) != NULL, "'%s': %s", line, err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "; "));
}

static void is_not_provable(char *line, const char *head)
{
    struct err err = ERR_INIT;
    CLEANUP(freep) char *same = NULL;
    ck_assert_msg(domain_normalise(line, &same, &err) == 0, "%s", err.text);
    ck_assert_str_eq(same, line);
    ck_assert_msg(domain_may_be_proved(line, &err) == -1, "'%s' may be proved", line);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_msg(strstr(err.text, head) != NULL, "'%s': %s", line, err.text);
}

static void is_provable(char *line, const char *head)
{
    (void)head;
    struct err err = ERR_INIT;
    ck_assert_msg(domain_may_be_proved(line, &err) == 0, "%s", err.text);
}

static void email_has_domain(char *line, const char *head)
{
    (void)head;
    struct err err = ERR_INIT;
    char *email = strsep(&line, "\t");
    CLEANUP(freep) char *got = NULL;
    ck_assert_msg(email_domain(email, &got, &err) == 0, "%s", err.text);
    ck_assert_str_eq(got, line);
}

static void email_is_refused(char *line, const char *head)
{
    struct err err = ERR_INIT;
    char *got = NULL;
    ck_assert_msg(email_domain(line, &got, &err) == -1, "'%s' was taken as '%s'", line, got);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_msg(strncmp(err.text, head, strlen(head)) == 0, "%s", err.text);
}

START_TEST(valid_names_have_one_inside_form)
{
    each_line(DATA "/valid.tsv", normalises);
}
END_TEST

START_TEST(what_is_no_domain_name_is_refused_for_its_reason)
{
    each_file(DATA "/refused", is_refused);
}
END_TEST

START_TEST(lengths_at_and_over_the_limit)
{
    struct err err = ERR_INIT;
    char name[DOMAIN_INPUT_MAX + 3];
    CLEANUP(freep) char *got = NULL;
    for (size_t i = 0; i < DOMAIN_MAX; i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    name[DOMAIN_MAX] = '\0';
    ck_assert_msg(domain_normalise(name, &got, &err) == 0, "%s", err.text);
    char *too_long = NULL;
    name[DOMAIN_MAX] = 'a';
    name[DOMAIN_MAX + 1] = '\0';
    ck_assert_int_eq(domain_normalise(name, &too_long, &err), -1);
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(domain_normalise(name, &too_long, &err), -1);
    ck_assert_int_eq(domain_normalise("", &too_long, &err), -1);
    ck_assert_ptr_null(too_long);
}
END_TEST

START_TEST(what_nobody_can_own_is_refused)
{
    each_file(DATA "/not-provable", is_not_provable);
}
END_TEST

START_TEST(what_an_organisation_can_own_is_taken)
{
    each_line(DATA "/provable.txt", is_provable);
}
END_TEST

START_TEST(email_addresses)
{
    each_line(DATA "/e-mail/valid.tsv", email_has_domain);
    each_line(DATA "/e-mail/refused.txt", email_is_refused);
}
END_TEST

START_TEST(mail_providers_are_in_order_and_in_inside_form)
{
    struct err err = ERR_INIT;
    ck_assert_uint_gt(freemail_count, 100);
    for (size_t i = 0; i < freemail_count; i++) {
        CLEANUP(freep) char *inside = NULL;
        ck_assert_msg(i == 0 || strcmp(freemail_domains[i - 1], freemail_domains[i]) < 0, "%s is out of order",
                      freemail_domains[i]);
        ck_assert_int_eq(domain_normalise(freemail_domains[i], &inside, &err), 0);
        ck_assert_str_eq(inside, freemail_domains[i]);
        ck_assert_str_eq(freemail_find(inside), inside);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("domain");
    TCase *tc = tcase_create("domain");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, valid_names_have_one_inside_form);
    tcase_add_test(tc, what_is_no_domain_name_is_refused_for_its_reason);
    tcase_add_test(tc, lengths_at_and_over_the_limit);
    tcase_add_test(tc, what_nobody_can_own_is_refused);
    tcase_add_test(tc, what_an_organisation_can_own_is_taken);
    tcase_add_test(tc, email_addresses);
    tcase_add_test(tc, mail_providers_are_in_order_and_in_inside_form);
    return suite_run(s);
}
