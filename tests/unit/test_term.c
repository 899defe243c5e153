/* What is shown in columns: by what a terminal takes for each letter, not by bytes. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/term.h"
#include "suite.h"

static const struct {
    const char *text;
    int width;
} widths[] = {
    {"", 0},
    {"abc", 3},
    {"한지수", 6},
    {"田中 由紀", 9},
    {"Łukasz", 6},
    {"e\xcc\x81", 1},                            /* e and a combining acute */
    {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2}, /* one Korean syllable in three parts */
    {"ｱｲ", 2},                                   /* half-width */
    {"ＡＢ", 4},                                 /* full-width */
    {"\xe2\x80\x8b", 0},                         /* zero width space */
};

START_TEST(width)
{
    ck_assert_msg(text_width(widths[_i].text) == widths[_i].width, "'%s' takes %d", widths[_i].text,
                  text_width(widths[_i].text));
}
END_TEST

static FILE *captured;
static int kept_stdout = -1;

static void capture(void)
{
    fflush(stdout);
    captured = tmpfile();
    ck_assert_ptr_nonnull(captured);
    kept_stdout = dup(STDOUT_FILENO);
    ck_assert_int_ge(dup2(fileno(captured), STDOUT_FILENO), 0);
}

static void shows(const char *expected)
{
    fflush(stdout);
    ck_assert_int_ge(dup2(kept_stdout, STDOUT_FILENO), 0);
    close(kept_stdout);
    char got[1024];
    rewind(captured);
    size_t n = fread(got, 1, sizeof got - 1, captured);
    got[n] = '\0';
    fclose(captured);
    ck_assert_str_eq(got, expected);
}

START_TEST(padding)
{
    capture();
    term_pad("田中", 6);
    term_pad("too long", 3);
    term_pad("e\xcc\x81", 3);
    fputs("|", stdout);
    shows("田中  too longe\xcc\x81  |");
}
END_TEST

START_TEST(table)
{
    capture();
    CLEANUP(table_free) struct table *t = table_new(3);
    table_add(t, (const char *const[]){"한지수", "x", "last"});
    table_add(t, (const char *const[]){"Ana", NULL, "the last is not padded"});
    table_add(t, (const char *const[]){"", "long one", ""});
    table_print(t, "> ");
    shows("> 한지수  x         last\n"
          "> Ana               the last is not padded\n"
          ">         long one\n");
}
END_TEST

START_TEST(empty_table)
{
    capture();
    CLEANUP(table_free) struct table *t = table_new(2);
    table_print(t, "");
    shows("");
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        size_t n;
        const char *text;
    } all[] = {{0, "0"},
               {7, "7"},
               {999, "999"},
               {1000, "1,000"},
               {12345, "12,345"},
               {100000, "100,000"},
               {1234567, "1,234,567"},
               {18446744073709551615u, "18,446,744,073,709,551,615"}};
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ck_assert_str_eq(term_number(pool, all[i].n), all[i].text);
}
END_TEST

START_TEST(colours)
{
    term_init(TERM_NEVER, true);
    ck_assert_str_eq(term_sign('+'), "");
    ck_assert_str_eq(term_plain(), "");
    term_init(TERM_ALWAYS, true);
    ck_assert_str_eq(term_sign('+'), term_green());
    ck_assert_str_eq(term_sign('-'), term_red());
    ck_assert_str_eq(term_sign('~'), term_yellow());
    ck_assert_str_eq(term_sign('!'), term_yellow());
    ck_assert_int_eq(term_green()[0], '\033');
    term_init(TERM_NEVER, true);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("term");
    TCase *c = tcase_create("term");
    tcase_add_loop_test(c, width, 0, sizeof widths / sizeof *widths);
    tcase_add_test(c, padding);
    tcase_add_test(c, table);
    tcase_add_test(c, empty_table);
    tcase_add_test(c, numbers);
    tcase_add_test(c, colours);
    suite_add_tcase(s, c);
    return suite_run(s);
}
