/* src/base: text, buf, pool, err, keymap, clock, file, mem. */
#include <check.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/keymap.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "suite.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define BYTES(text)   ((struct span){text, sizeof(text) - 1})

/* --- text --------------------------------------------------------------------------------------------------------- */

START_TEST(clean_text_is_told_from_unclean)
{
    static const struct span clean[] = {BYTES(""),
                                        BYTES("plain ~!"),
                                        BYTES("김민수"),
                                        BYTES("Żółć e\xCC\x81"),
                                        BYTES("👩‍💻"),
                                        BYTES("\xE2\x80\x8F") /* a mark of direction orders nothing anew */};
    static const struct span unclean[] = {BYTES("a\nb"),
                                          BYTES("a\tb"),
                                          BYTES("a\0b"),
                                          BYTES("\x1b[31m"),
                                          BYTES("\x7f"),
                                          BYTES("\xC2\x85"),
                                          BYTES("\xE2\x80\xA8"),
                                          BYTES("\xE2\x80\xA9"),
                                          BYTES("\xE2\x80\xAE"),
                                          BYTES("\xE2\x81\xA6"),
                                          BYTES("\xC0\xAF"),
                                          BYTES("\xED\xA0\x80"),
                                          BYTES("\xF4\x90\x80\x80"),
                                          BYTES("\xE2\x82"),
                                          BYTES("\x80"),
                                          BYTES("\xFF")};
    for (size_t i = 0; i < LENGTH(clean); i++)
        ck_assert_msg(text_is_clean(clean[i]), "clean %zu", i);
    for (size_t i = 0; i < LENGTH(unclean); i++)
        ck_assert_msg(!text_is_clean(unclean[i]), "unclean %zu", i);
}
END_TEST

START_TEST(printable_text_is_clean_and_keeps_the_rest)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    ck_assert_str_eq(text_printable(pool, BYTES("Zoë")), "Zoë");
    ck_assert_str_eq(text_printable(pool, BYTES("a\x1b[1m")), "a\uFFFD[1m");
    ck_assert_str_eq(text_printable(pool, BYTES("\xFF\xFE"
                                                "a\0")),
                     "\uFFFD\uFFFDa\uFFFD");
    ck_assert_str_eq(text_printable(pool, BYTES("a\xE2\x80\xAE"
                                                "b\xE2\x82")),
                     "a\uFFFDb\uFFFD\uFFFD");
    ck_assert_str_eq(text_printable(pool, (struct span){NULL, 0}), "");
}
END_TEST

START_TEST(width_counts_columns)
{
    ck_assert_int_eq(text_width(""), 0);
    ck_assert_int_eq(text_width("Zoë"), 3);
    ck_assert_int_eq(text_width("Zoe\xCC\x88"), 3);
    ck_assert_int_eq(text_width("김민수"), 6);
    ck_assert_int_eq(text_width("田中 x"), 6);
}
END_TEST

START_TEST(text_is_compared_without_case)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    char name[] = "DC=Ä,Example";
    text_lower_ascii(name);
    ck_assert_str_eq(name, "dc=Ä,example");
    ck_assert(text_same_ascii("ABC-1", "abc-1") && !text_same_ascii("abc", "abcd"));
    ck_assert(text_same("ZOË", "zoe\xCC\x88") && text_same("Straße", "STRASSE") && !text_same("zoe", "zoë"));
    ck_assert_str_eq(text_fold(pool, BYTES("Alice@Example.COM")), "alice@example.com");
    ck_assert_str_eq(text_fold(pool, BYTES("ZOE\xCC\x88")), "zoë");
    ck_assert_str_eq(text_fold(pool, (struct span){NULL, 0}), "");
    ck_assert_ptr_null(text_fold(pool, BYTES("a\xFF")));
}
END_TEST

START_TEST(nearest_name_is_found_or_none)
{
    static const char *const names[] = {"bind-dn", "bind-password-file", "base", "uri", "flavour"};
    static const char *const cases[][2] = {{"bnid-dn", "bind-dn"},
                                           {"bind_dn", "bind-dn"},
                                           {"BASE", "base"},
                                           {"Uri", "uri"},
                                           {"url", "uri"},
                                           {"flavor", "flavour"},
                                           {"bind-passwd-file", "bind-password-file"},
                                           {"schedule", NULL},
                                           {"", NULL},
                                           {"zzzz", NULL}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *near = text_nearest(cases[i][0], names, LENGTH(names));
        ck_assert_msg(cases[i][1] ? near && strcmp(near, cases[i][1]) == 0 : !near, "%s: %s", cases[i][0],
                      near ? near : "none");
    }
    char longest[200];
    memset(longest, 'b', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_null(text_nearest(longest, names, LENGTH(names)));
    ck_assert_ptr_null(text_nearest("base", names, 0));
}
END_TEST

START_TEST(shell_patterns_match_whole_texts)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"*-test@example.com", "a-test@EXAMPLE.com", true},
        {"*-test@example.com", "a-test@example.com.evil", false},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"**", "abc", true},
        {"?", "", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a*b*c", "aXbXbXc", true},
        {"a*b*c", "aXbXbX", false},
        {"*abc", "ababc", true},
        {"Z?", "Zë", true},
        {"?", "한", true},
        {"??", "한", false},
        {"*??", "x한", true},
        {"[ab]", "a", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        ck_assert_msg(text_glob(cases[i].pattern, span_str(cases[i].text)) == cases[i].match, "%s on %s",
                      cases[i].pattern, cases[i].text);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------------------------------- */

START_TEST(buf_grows_and_stays_terminated)
{
    CLEANUP(buf_release) struct buf b = BUF_INIT;
    ck_assert_str_eq(buf_str(&b), "");
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    ck_assert_uint_eq(b.len, 3890);
    ck_assert_uint_eq(strlen(b.data), b.len);
    buf_clear(&b);
    ck_assert_str_eq(buf_str(&b), "");
    buf_add(&b, NULL, 0);
    buf_add(&b, "a\0b", 3);
    buf_addc(&b, 'c');
    buf_adds(&b, "de");
    ck_assert_uint_eq(b.len, 6);
    ck_assert_mem_eq(b.data, "a\0bcde", 7);
    CLEANUP(freep) char *wide = mem_alloc(500);
    memset(wide, 'w', 499);
    wide[499] = '\0';
    buf_clear(&b);
    buf_printf(&b, "<%s>", wide);
    ck_assert_uint_eq(strlen(b.data), 501);
    char *to = buf_reserve(&b, 10000);
    memset(to, 'x', 10000);
    b.len += 10000;
    buf_addc(&b, '!');
    ck_assert_uint_eq(b.len, 10502);
}
END_TEST

START_TEST(pool_gives_aligned_memory_of_every_size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    char *kept[300];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < LENGTH(kept); i++) {
            kept[i] = pool_alloc(pool, i * i);
            ck_assert_uint_eq((uintptr_t)kept[i] % _Alignof(max_align_t), 0);
            memset(kept[i], (int)i, i * i);
        }
        for (size_t i = 0; i < LENGTH(kept); i++)
            for (size_t j = 0; j < i * i; j += 97)
                ck_assert_int_eq((unsigned char)kept[i][j], i & 0xFF);
        pool_reset(pool);
    }
    char *zeroed = pool_zero(pool, 40000);
    for (size_t i = 0; i < 40000; i++)
        ck_assert_int_eq(zeroed[i], 0);
    ck_assert_str_eq(pool_printf(pool, "%s-%d", "a", 5), "a-5");
    ck_assert_str_eq(pool_printf(pool, "%s", ""), "");
    ck_assert_str_eq(pool_strndup(pool, "abc", 2), "ab");
    ck_assert_str_eq(pool_strndup(pool, NULL, 0), "");
    ck_assert_str_eq(pool_strdup(pool, "x"), "x");
    struct pool *none = NULL;
    pool_free(&none);
}
END_TEST

START_TEST(arrays_grow_by_pushing)
{
    struct thing {
        int a;
        char b;
    } *things = NULL;
    size_t n = 0, cap = 0;
    for (int i = 0; i < 1000; i++)
        *MEM_PUSH(&things, &n, &cap) = (struct thing){i, 'x'};
    ck_assert_uint_eq(n, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(things[i].a, i);
    free(things);
    CLEANUP(freep) char *copy = mem_strndup("abc", 2), *text = mem_printf("%d", 7), *zero = mem_zero(8);
    ck_assert_str_eq(copy, "ab");
    ck_assert_str_eq(text, "7");
    ck_assert_int_eq(zero[7], 0);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
START_TEST(memory_that_is_not_there_ends_the_process)
{
    volatile size_t half = SIZE_MAX / 2;
    mem_resize(NULL, half, 16);
}
END_TEST
#endif

START_TEST(keymap_finds_what_was_put)
{
    CLEANUP(keymap_release) struct keymap map = KEYMAP_INIT;
    struct key128 none = {1, 2};
    ck_assert_uint_eq(keymap_find(&map, none), KEYMAP_NONE);
    /* Keys with like low halves all begin at one slot. */
    for (uint32_t i = 0; i < 20000; i++)
        keymap_put(&map, (struct key128){i, i % 2 ? i : 7}, i);
    for (uint32_t i = 0; i < 20000; i += 41)
        ck_assert_uint_eq(keymap_find(&map, (struct key128){i, i % 2 ? i : 7}), i);
    ck_assert_uint_eq(map.used, 20000);
    ck_assert_uint_le(map.used * 3, (map.mask + 1) * 2);
    keymap_put(&map, (struct key128){41, 41}, 0);
    ck_assert_uint_eq(keymap_find(&map, (struct key128){41, 41}), 0);
    ck_assert_uint_eq(map.used, 20000);
    ck_assert_uint_eq(keymap_find(&map, (struct key128){41, 42}), KEYMAP_NONE);
    ck_assert(key_is_zero((struct key128){0, 0}) && !key_is_zero(none));
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------------------------- */

START_TEST(errors_are_set_wrapped_and_cleared)
{
    struct err err = ERR_INIT;
    ck_assert_int_eq(err_set(&err, ERR_INPUT, "line %d", 3), -1);
    ck_assert_str_eq(err.text, "line 3");
    ck_assert_int_eq(err_wrap(&err, "file '%s'", "x"), -1);
    ck_assert_str_eq(err.text, "file 'x': line 3");
    ck_assert_int_eq(err.kind, ERR_INPUT);
    err_set(&err, ERR_STORE, "again: %s", err.text);
    ck_assert_str_eq(err.text, "again: file 'x': line 3");
    errno = ENOSPC;
    ck_assert_int_eq(err_errno(&err, ERR_FAILED, "%s", "/var"), -1);
    ck_assert_str_eq(err.text, "/var: No space left on device");
    err_clear(&err);
    ck_assert_int_eq(err.kind, ERR_NONE);
    ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(errors_too_long_are_cut_between_characters)
{
    char text[ERR_TEXT_MAX * 2];
    for (size_t shift = 0; shift < 4; shift++) {
        struct err err = ERR_INIT;
        memset(text, 'a', shift);
        for (size_t i = shift; i < sizeof text - 4; i += 3)
            memcpy(text + i, "한", 4);
        err_set(&err, ERR_FAILED, "%s", text);
        ck_assert_ptr_null(u8_check((const uint8_t *)err.text, strlen(err.text)));
        ck_assert_uint_gt(strlen(err.text), ERR_TEXT_MAX - 8);
        err_wrap(&err, "%s", "wrapped");
        ck_assert_ptr_null(u8_check((const uint8_t *)err.text, strlen(err.text)));
        ck_assert_int_eq(strncmp(err.text, "wrapped: ", 9), 0);
    }
}
END_TEST

START_TEST(exit_status_is_that_of_the_contract)
{
    static const int expected[][2] = {{ERR_NONE, 0},   {ERR_FAILED, 1},    {ERR_NETWORK, 1},  {ERR_REFUSED, 1},
                                      {ERR_INPUT, 1},  {ERR_NOT_FOUND, 1}, {ERR_CONFLICT, 1}, {ERR_STORE, 1},
                                      {ERR_GATE, 3},   {ERR_HELD, 4},      {ERR_PARTIAL, 5},  {ERR_STALE, 6},
                                      {ERR_USAGE, 64}, {ERR_CONFIG, 78}};
    for (size_t i = 0; i < LENGTH(expected); i++)
        ck_assert_int_eq(err_exit_status((enum err_kind)expected[i][0]), expected[i][1]);
}
END_TEST

/* --- time --------------------------------------------------------------------------------------------------------- */

START_TEST(instants_are_written_and_read)
{
    char text[CLOCK_TEXT_MAX];
    int64_t when = -1;
    ck_assert_str_eq(clock_format(1795317945, text), "2026-11-22T03:25:45Z");
    ck_assert_str_eq(clock_format(0, text), "never");
    ck_assert_int_eq(clock_parse(BYTES("2026-11-22T03:25:45Z"), &when), 0);
    ck_assert_int_eq(when, 1795317945);
    ck_assert_int_eq(clock_parse(BYTES("2026-11-22T03:25:45.123456789Z"), &when), 0);
    ck_assert_int_eq(when, 1795317945);
    ck_assert_int_eq(clock_parse(BYTES("2024-02-29T00:00:00Z"), &when), 0);
    ck_assert_int_eq(clock_parse(BYTES("2016-12-31T23:59:60Z"), &when), 0);
    ck_assert_int_eq(when, 1483228800);
    ck_assert_int_eq(clock_parse(BYTES("1969-12-31T23:59:59Z"), &when), 0);
    ck_assert_int_eq(when, -1);
}
END_TEST

START_TEST(what_is_no_instant_is_refused)
{
    static const struct span bad[] = {
        BYTES(""),
        BYTES("2026-11-22"),
        BYTES("2026-11-22T03:25:45"),
        BYTES("2026-11-22T03:25:45+01:00"),
        BYTES("2026-11-22T03:25:45z"),
        BYTES("2026-11-22 03:25:45Z"),
        BYTES("2026-11-22T03:25:45.Z"),
        BYTES("2026-11-22T03:25:45Z "),
        BYTES(" 2026-11-22T03:25:45Z"),
        BYTES("2026- 1- 2T 3: 4: 5Z"),
        BYTES("2026-13-22T03:25:45Z"),
        BYTES("2026-11-31T03:25:45Z"),
        BYTES("2026-02-29T03:25:45Z"),
        BYTES("2026-11-22T24:00:00Z"),
        BYTES("2026-11-22T03:60:45Z"),
        BYTES("+026-11-22T03:25:45Z"),
        BYTES("2026-11-22T03:25:45Z\0Z"),
        BYTES("20266-11-22T03:25:45Z"),
        BYTES("2026-11-22T03:25:45.00000000000000000000000000000000000000000000000000Z"),
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        int64_t when = 77;
        ck_assert_msg(clock_parse(bad[i], &when) == -1 && when == 77, "%s", bad[i].p);
    }
}
END_TEST

START_TEST(durations_are_written_in_their_largest_unit)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {{0, "0s"}, {45, "45s"}, {900, "15m"}, {43200, "12h"}, {2592000, "30d"}, {90, "90s"}, {129600, "36h"}};
    char text[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < LENGTH(cases); i++)
        ck_assert_str_eq(clock_format_duration(cases[i].seconds, text), cases[i].text);
    double before = clock_monotonic();
    ck_assert(clock_monotonic() >= before);
    ck_assert_int_gt(clock_now(), 1700000000);
}
END_TEST

/* --- files -------------------------------------------------------------------------------------------------------- */

static char folder[64], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test-base-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    snprintf(path, sizeof path, "%s/file", folder);
}

static void drop_folder(void)
{
    unlink(path);
    rmdir(path);
    rmdir(folder);
}

static void put(const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    ck_assert_msg(file_replace(path, text, strlen(text), 0600, &err) == 0, "%s", err.text);
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(files_are_read_up_to_their_limit)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct err err = ERR_INIT;
    put("12345678", 0600);
    buf_adds(&data, "<");
    ck_assert_int_eq(file_read(path, 8, &data, &err), 0);
    ck_assert_str_eq(data.data, "<12345678");
    ck_assert_int_eq(file_read(path, 7, &data, &err), -1);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(data.data, "<12345678");
    put("", 0600);
    ck_assert_int_eq(file_read(path, 0, &data, &err), 0);
    ck_assert_str_eq(data.data, "<12345678");
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct err err = ERR_INIT;
    ck_assert_int_eq(file_read(path, 10, &data, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_int_eq(file_check(folder, &err), -1);
    ck_assert_int_eq(err.kind, ERR_FAILED);
    ck_assert_int_eq(file_check("/dev/zero", &err), -1);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(file_read(path, 10, &data, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
}
END_TEST

START_TEST(replacing_leaves_one_whole_file)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct err err = ERR_INIT;
    struct stat st;
    put("old and long", 0600);
    ck_assert_int_eq(file_replace(path, "new", 3, 0640, &err), 0);
    ck_assert_int_eq(file_read(path, 100, &data, &err), 0);
    ck_assert_str_eq(data.data, "new");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    CLEANUP(freep) char *nowhere = mem_printf("%s/nowhere/file", folder);
    ck_assert_int_eq(file_replace(nowhere, "x", 1, 0600, &err), -1);
    ck_assert_int_eq(err.kind, ERR_FAILED);
}
END_TEST

START_TEST(replacing_follows_no_link_that_lies_in_wait)
{
    CLEANUP(freep)
    char *beside = mem_printf("%s.new-%ld", path, (long)getpid()), *victim = mem_printf("%s/victim", folder);
    struct err err = ERR_INIT;
    ck_assert_int_eq(symlink(victim, beside), 0);
    ck_assert_int_eq(file_replace(path, "new", 3, 0600, &err), 0);
    ck_assert_int_eq(access(victim, F_OK), -1);
}
END_TEST

/* Runs check as another user, since root may read everything. 0 or 1 for its result; err->text comes back. */
static int check_secret_as_nobody(gid_t gid, struct err *ret)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct err err = ERR_INIT;
        if (setgid(gid) != 0 || setuid(65534) != 0)
            _exit(9);
        int result = file_check_secret(path, &err);
        _exit(write(ends[1], &err, sizeof err) == (ssize_t)sizeof err ? result != 0 : 9);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    ck_assert_int_eq(read(ends[0], ret, sizeof *ret), sizeof *ret);
    close(ends[0]);
    close(ends[1]);
    return WEXITSTATUS(status);
}

START_TEST(secrets_are_refused_when_others_can_reach_them)
{
    static const struct {
        mode_t mode;
        bool good;
    } cases[] = {{0600, true},  {0400, true},  {0640, true},  {0440, true},  {0644, false}, {0604, false},
                 {0602, false}, {0660, false}, {0620, false}, {0601, false}, {0777, false}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct err err = ERR_INIT;
        put("s", cases[i].mode);
        ck_assert_msg((file_check_secret(path, &err) == 0) == cases[i].good, "%04o", (unsigned)cases[i].mode);
        ck_assert(cases[i].good || (err.kind == ERR_REFUSED && strstr(err.text, "chmod 600")));
    }
}
END_TEST

START_TEST(secrets_may_be_read_by_the_group_of_the_service_only)
{
    struct err err = ERR_INIT;
    if (geteuid() != 0)
        return;
    put("s", 0640);
    ck_assert_int_eq(chown(path, 65534, 12345), 0);
    ck_assert_int_eq(check_secret_as_nobody(12345, &err), 0);
    ck_assert_int_eq(check_secret_as_nobody(23456, &err), 1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    /* root looks after the service's files and is in none of its groups. */
    ck_assert_int_eq(file_check_secret(path, &err), 0);
}
END_TEST

static void add_cases(Suite *suite, const char *name, const TTest *const *tests, size_t n)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 0);
    tcase_add_checked_fixture(tcase, make_folder, drop_folder);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}

int main(void)
{
    const TTest *const text[] = {clean_text_is_told_from_unclean,
                                 printable_text_is_clean_and_keeps_the_rest,
                                 width_counts_columns,
                                 text_is_compared_without_case,
                                 nearest_name_is_found_or_none,
                                 shell_patterns_match_whole_texts};
    const TTest *const memory[] = {buf_grows_and_stays_terminated, pool_gives_aligned_memory_of_every_size,
                                   arrays_grow_by_pushing, keymap_finds_what_was_put};
    const TTest *const errors[] = {errors_are_set_wrapped_and_cleared, errors_too_long_are_cut_between_characters,
                                   exit_status_is_that_of_the_contract};
    const TTest *const times[] = {instants_are_written_and_read, what_is_no_instant_is_refused,
                                  durations_are_written_in_their_largest_unit};
    const TTest *const files[] = {files_are_read_up_to_their_limit,
                                  what_is_no_regular_file_is_refused,
                                  replacing_leaves_one_whole_file,
                                  replacing_follows_no_link_that_lies_in_wait,
                                  secrets_are_refused_when_others_can_reach_them,
                                  secrets_may_be_read_by_the_group_of_the_service_only};
    Suite *suite = suite_create("base");
    add_cases(suite, "text", text, LENGTH(text));
    add_cases(suite, "memory", memory, LENGTH(memory));
    add_cases(suite, "errors", errors, LENGTH(errors));
    add_cases(suite, "times", times, LENGTH(times));
    add_cases(suite, "files", files, LENGTH(files));
#ifndef __SANITIZE_ADDRESS__ /* it ends the process itself, with a status of its own */
    TCase *ends = tcase_create("ends");
    tcase_set_tags(ends, "ends");
    tcase_add_exit_test(ends, memory_that_is_not_there_ends_the_process, EX_OSERR);
    suite_add_tcase(suite, ends);
#endif
    return suite_run(suite);
}
