/* src/conf: good files print to themselves, bad files say everything that is wrong, accessors give what was written. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf_rows.h"
#include "suite.h"

#define DATA "tests/data/conf/"

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_below(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        CLEANUP(freep) char *inner = mem_printf("%s/%s", path, e->d_name);
        if (unlink(inner) != 0)
            remove_below(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static void drop_folder(void)
{
    remove_below(folder);
}

/* Lives until the next call with the same name. */
static const char *put(const char *name, const void *text, size_t n, unsigned mode)
{
    static char path[256];
    struct err err = ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(file_replace(path, text, n, mode, &err) == 0, "%s", err.text);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

static const char *put_text(const char *name, const char *text)
{
    return put(name, text, strlen(text), 0644);
}

static struct conf *load_good(const char *path)
{
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(conf_load(path, &test_schema, &conf, NULL, &err) == 0, "%s", err.text);
    return conf;
}

static struct conf *load_text(const char *text)
{
    return load_good(put("x.conf", text, strlen(text), 0644));
}

static void replace_all(struct buf *text, const char *what, const char *with)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT;
    for (const char *p = buf_str(text), *hit; (hit = strstr(p, what)) || (buf_adds(&out, p), false);
         p = hit + strlen(what)) {
        buf_add(&out, p, (size_t)(hit - p));
        buf_adds(&out, with);
    }
    buf_clear(text);
    buf_adds(text, buf_str(&out));
}

/* All faults of a file that must have some, without the folders in front of the names. */
static void load_bad(const char *path, struct buf *ret)
{
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    CLEANUP(freep) char *cwd = getcwd(NULL, 0);
    CLEANUP(freep) char *here = mem_printf("%s/", cwd), *temporary = mem_printf("%s/", folder);
    ck_assert_int_eq(conf_load(path, &test_schema, &conf, ret, &err), -1);
    ck_assert_ptr_null(conf);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strncmp(buf_str(ret), err.text, strcspn(err.text, "\n")) == 0, "%s", err.text);
    replace_all(ret, here, "");
    replace_all(ret, DATA "bad/", "");
    replace_all(ret, temporary, "");
}

static void expect_faults(const char *text, size_t n, const char *expected)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    load_bad(put("x.conf", text, n, 0644), &said);
    ck_assert_str_eq(buf_str(&said), expected);
}

static unsigned walk(const char *path, void (*visit)(const char *file))
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t length = strlen(e->d_name);
        CLEANUP(freep) char *file = mem_printf("%s/%s", path, e->d_name);
        if (length < 6 || strcmp(e->d_name + length - 5, ".conf") != 0)
            continue;
        visit(file);
        n++;
    }
    closedir(dir);
    return n;
}

/* --- folders of files --------------------------------------------------------------------------------------------- */

static void visit_good(const char *path)
{
    CLEANUP(conf_free) struct conf *first = load_good(path), *second = NULL;
    CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
    conf_print(first, &once);
    second = load_good(put("printed.conf", once.data, once.len, 0644));
    conf_print(second, &twice);
    ck_assert_str_eq(once.data, twice.data);
    ck_assert_str_eq(conf_digest(first), conf_digest(second));
    ck_assert_uint_eq(strlen(conf_digest(first)), 64);
}

START_TEST(good_files_print_to_themselves)
{
    ck_assert_uint_gt(walk(DATA "good", visit_good), 4);
}
END_TEST

static void visit_bad(const char *path)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT, expected = BUF_INIT;
    CLEANUP(freep) char *expect = mem_printf("%.*s.expect", (int)(strlen(path) - 5), path);
    struct err err = ERR_INIT;
    load_bad(path, &said);
    ck_assert_msg(file_read(expect, 100000, &expected, &err) == 0, "%s\nit said:\n%s", err.text, buf_str(&said));
    ck_assert_msg(strcmp(buf_str(&said), buf_str(&expected)) == 0, "%s\n--- said:\n%s--- expected:\n%s", path,
                  buf_str(&said), buf_str(&expected));
}

START_TEST(bad_files_say_everything_that_is_wrong)
{
    ck_assert_uint_gt(walk(DATA "bad", visit_bad), 20);
}
END_TEST

/* --- texts that no repository should hold ------------------------------------------------------------------------- */

START_TEST(text_that_is_not_utf8_is_refused_with_its_line)
{
    static const char nul[] = "[organization]\nname = a\0b\n",
                      latin[] = "[organization]\n\nname = B\xFC"
                                "cher\n",
                      wide[] = "\xFF\xFE[\0o\0";
    expect_faults(nul, sizeof nul - 1, "x.conf:2: the file is not UTF-8 text; save it as UTF-8\n");
    expect_faults(latin, sizeof latin - 1, "x.conf:3: the file is not UTF-8 text; save it as UTF-8\n");
    expect_faults(wide, sizeof wide - 1, "x.conf:1: the file is not UTF-8 text; save it as UTF-8\n");
}
END_TEST

START_TEST(byte_order_mark_and_carriage_returns_are_taken)
{
    CLEANUP(conf_free) struct conf *conf = load_text("\xEF\xBB\xBF[organization]\r\nname = Example\r\n  Corp\r\n\r\n");
    ck_assert_str_eq(conf_str(conf_find(conf, "organization", NULL), "name"), "Example Corp");
}
END_TEST

START_TEST(limits_are_kept)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT, said = BUF_INIT;
    buf_adds(&text, "[organization]\nname = ");
    for (size_t i = 0; i < CONF_VALUE_MAX; i++)
        buf_addc(&text, 'n');
    CLEANUP(conf_free) struct conf *conf = load_text(text.data);
    buf_addc(&text, 'n');
    expect_faults(text.data, text.len,
                  "x.conf:2: organization: name is longer than the limit of 8192 bytes; shorten it\n");
    buf_adds(&text, "\n#");
    while (text.len <= CONF_FILE_MAX)
        buf_addc(&text, '#');
    load_bad(put("x.conf", text.data, text.len, 0644), &said);
    ck_assert_ptr_nonnull(strstr(said.data, "x.conf: larger than the limit of 1048576 bytes"));
}
END_TEST

START_TEST(number_of_lines_and_sections_is_limited)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT, sections = BUF_INIT;
    buf_adds(&text, "[organization]\nname = x\n[types]\n");
    for (size_t i = 0; i < 2048; i++)
        buf_printf(&text, "list = %zu\n", i);
    CLEANUP(conf_free) struct conf *conf = load_text(text.data);
    ck_assert_uint_eq(conf_count(conf_find(conf, "types", NULL), "list"), 2048);
    buf_adds(&text, "list = a\nlist = b\n");
    expect_faults(text.data, text.len, "x.conf:2052: more than 2048 lines in one section; remove some\n");
    buf_adds(&sections, "[organization]\nname = x\n");
    for (size_t i = 0; i < 4096; i++)
        buf_printf(&sections, "[domain d%zu.example]\n", i);
    expect_faults(sections.data, sections.len,
                  "x.conf:4098: more than 4096 sections in one file; spread them over conf.d\n");
}
END_TEST

START_TEST(no_file_and_a_folder_are_named)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    CLEANUP(freep) char *missing = mem_printf("%s/nowhere.conf", folder);
    load_bad(missing, &said);
    ck_assert_str_eq(said.data, "nowhere.conf: No such file or directory\n");
    buf_clear(&said);
    ck_assert_int_eq(mkdir(missing, 0700), 0);
    load_bad(missing, &said);
    ck_assert_str_eq(said.data, "nowhere.conf: not a regular file\n");
}
END_TEST

START_TEST(error_text_counts_what_it_has_no_room_for)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT, problems = BUF_INIT;
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    buf_adds(&text, "[organization]\nname = x\n");
    for (size_t i = 0; i < 100; i++)
        buf_printf(&text, "wrong-%zu = 1\n", i);
    const char *path = put("x.conf", text.data, text.len, 0644);
    ck_assert_int_eq(conf_load(path, &test_schema, &conf, &problems, &err), -1);
    const char *last = strrchr(err.text, '\n');
    unsigned more = 0, shown = 0;
    ck_assert_ptr_nonnull(last);
    ck_assert_int_eq(sscanf(last, "\n(and %u more)", &more), 1);
    for (const char *p = err.text; *p; p++)
        shown += *p == '\n';
    ck_assert_uint_eq(shown + more, 100);
    ck_assert_ptr_nonnull(strstr(problems.data, "wrong-99"));
}
END_TEST

/* --- conf.d ------------------------------------------------------------------------------------------------------- */

static void put_snippets(void)
{
    CLEANUP(freep) char *conf_d = mem_printf("%s/conf.d", folder);
    ck_assert_int_eq(mkdir(conf_d, 0755), 0);
    put_text("conf.d/20-b.conf", "[directory b]\ntype = empty\n");
    put_text("conf.d/10-a.conf", "[directory a]\ntype = ldif\nfile = a.ldif\n");
    put_text("conf.d/a.ldif", "");
    put_text("conf.d/.hidden.conf", "[broken");
    put_text("conf.d/30.conf.bak", "[broken");
}

START_TEST(snippets_are_read_in_order_and_relative_to_themselves)
{
    put_snippets();
    CLEANUP(conf_free) struct conf *conf = load_text("[organization]\nname = x\n[types]\nref = a\n");
    const struct conf_section *a = conf_next(conf, "directory", NULL), *b = conf_next(conf, "directory", a);
    ck_assert_str_eq(conf_name(a), "a");
    ck_assert_str_eq(conf_name(b), "b");
    ck_assert_ptr_null(conf_next(conf, "directory", b));
    CLEANUP(freep)
    char *file = mem_printf("%s/conf.d/a.ldif", folder), *where = mem_printf("%s/conf.d/10-a.conf:3", folder);
    ck_assert_str_eq(conf_str(a, "file"), file);
    ck_assert_str_eq(conf_where_key(a, "file", 0), where);
}
END_TEST

START_TEST(same_section_in_two_files_is_refused)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    put_snippets();
    put_text("conf.d/50.conf", "[directory B]\ntype = empty\n[nonsense]\n");
    load_bad(put_text("x.conf", "[organization]\nname = x\nnmae = y\n"), &said);
    ck_assert_str_eq(
        said.data,
        "x.conf:3: organization: unknown key 'nmae'; did you mean 'name'?\n"
        "conf.d/50.conf:1: directory B: the same section stands in conf.d/20-b.conf:1; put them together under one "
        "header\n"
        "conf.d/50.conf:3: unknown section 'nonsense'; there are: organization, domain, directory, types, dns\n");
}
END_TEST

START_TEST(snippet_that_cannot_be_read_is_an_error)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    CLEANUP(freep) char *dangling = mem_printf("%s/conf.d/60.conf", folder);
    put_snippets();
    ck_assert_int_eq(symlink("nowhere", dangling), 0);
    load_bad(put_text("x.conf", "[organization]\nname = x\n"), &said);
    ck_assert_str_eq(said.data, "conf.d/60.conf: No such file or directory\n");
}
END_TEST

START_TEST(conf_d_that_is_no_folder_is_an_error)
{
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    put_text("conf.d", "");
    load_bad(put_text("x.conf", "[organization]\nname = x\n"), &said);
    ck_assert_str_eq(said.data, "conf.d: cannot be read: Not a directory; correct its mode or remove it\n");
}
END_TEST

/* --- values ------------------------------------------------------------------------------------------------------- */

START_TEST(defaults_stand_where_nothing_is_written)
{
    CLEANUP(conf_free) struct conf *conf = load_text("[organization]\nname = x\n");
    const struct conf_section *types = conf_find(conf, "types", NULL);
    ck_assert_ptr_nonnull(types);
    ck_assert_int_eq(conf_int(types, "int"), 5);
    ck_assert_int_eq(conf_int(types, "any-int"), 0);
    ck_assert_int_eq(conf_int(types, "duration"), 7200);
    ck_assert(conf_bool(types, "bool"));
    ck_assert_str_eq(conf_str(types, "colour"), "green");
    ck_assert_str_eq(conf_str(types, "path"), "/var/lib/here");
    ck_assert_ptr_null(conf_str(types, "text"));
    ck_assert(!conf_has(types, "int") && !conf_has(types, "text"));
    ck_assert_uint_eq(conf_count(types, "list"), 0);
    ck_assert_str_eq(conf_variant(types), "");
    ck_assert_str_eq(conf_name(types), "");
    ck_assert_ptr_null(conf_find(conf, "directory", "hq"));
    ck_assert_ptr_null(conf_next(conf, "directory", NULL));
}
END_TEST

START_TEST(values_are_given_as_they_were_written)
{
    CLEANUP(conf_free)
    struct conf *conf =
        load_text("; comment\n# comment\n[Organization] ; who\nname = x ; y\n"
                  "[types]\nTEXT = a;b = c # d\nlist =;one\nlist = two\n \t three\t; no\n   ; none\n"
                  "list = two words\nint = 007\nbool = Off\nduration = 90m\nwait = 90s\ncolour = BLUE\nfile = None\n"
                  "url = https://example.com/a//\nref = HQ\nany-int = 9223372036854775807\n"
                  "[directory hq]\ntype = Empty\n");
    const struct conf_section *types = conf_find(conf, "types", NULL);
    ck_assert_str_eq(conf_str(conf_find(conf, "organization", NULL), "name"), "x");
    ck_assert_str_eq(conf_str(types, "text"), "a;b = c # d");
    ck_assert_uint_eq(conf_count(types, "list"), 3);
    ck_assert_str_eq(conf_at(types, "list", 0), ";one");
    ck_assert_str_eq(conf_at(types, "list", 1), "two three");
    ck_assert_str_eq(conf_at(types, "list", 2), "two words");
    ck_assert_int_eq(conf_int(types, "int"), 7);
    ck_assert_int_eq(conf_int(types, "any-int"), INT64_MAX);
    ck_assert(!conf_bool(types, "bool"));
    ck_assert_int_eq(conf_int(types, "duration"), 5400);
    ck_assert_int_eq(conf_int(types, "wait"), 90000);
    ck_assert_str_eq(conf_str(types, "colour"), "blue");
    ck_assert_str_eq(conf_str(types, "file"), "none");
    ck_assert_str_eq(conf_str(types, "url"), "https://example.com/a");
    ck_assert_str_eq(conf_str(types, "ref"), "hq");
    ck_assert_str_eq(conf_variant(conf_find(conf, "directory", "hq")), "empty");
    ck_assert(conf_has(types, "int"));
    CLEANUP(freep) char *where = mem_printf("%s/x.conf:5", folder), *key = mem_printf("%s/x.conf:8", folder);
    ck_assert_str_eq(conf_where(types), where);
    ck_assert_str_eq(conf_where_key(types, "list", 1), key);
    ck_assert_str_eq(conf_where_key(types, "secret", 0), where);
    /* Threads ask for it at once, and for ever: nothing is made for it. */
    ck_assert_ptr_eq(conf_where(types), conf_where(types));
    ck_assert_ptr_eq(conf_where_key(types, "list", 1), conf_where_key(types, "list", 1));
}
END_TEST

START_TEST(domain_names_are_kept_in_the_form_of_the_check)
{
    CLEANUP(conf_free)
    struct conf *conf = load_text("[organization]\nname = x\n[domain Example.COM]\n[domain bücher.example]\n");
    const struct conf_section *first = conf_next(conf, "domain", NULL);
    ck_assert_str_eq(conf_name(first), "example.com");
    ck_assert_str_eq(conf_name(conf_next(conf, "domain", first)), "xn--bcher-kva.example");
    ck_assert_ptr_eq(conf_find(conf, "domain", "example.com"), first);
}
END_TEST

static void set_value(const char *key, const char *value, char *ret_said, size_t n)
{
    CLEANUP(freep) char *text = mem_printf("[organization]\nname = x\n[types]\n%s = %s\n", key, value);
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    conf_load(put("x.conf", text, strlen(text), 0644), &test_schema, &conf, NULL, &err);
    conf_free(&conf);
    snprintf(ret_said, n, "%s", err.text);
}

START_TEST(each_type_takes_and_refuses)
{
    static const struct {
        const char *key, *value, *fault; /* fault NULL: taken */
    } cases[] = {
        {"int", "1", NULL},
        {"int", "100", NULL},
        {"int", "0", "is too small"},
        {"int", "101", "is too large"},
        {"int", "+5", "is not a number"},
        {"int", "-5", "is not a number"},
        {"int", "0x10", "is not a number"},
        {"int", "5 people", "is not a number"},
        {"int", "99999999999999999999", "is not a number"},
        {"any-int", "9223372036854775808", "is not a number"},
        {"wait", "1ms", NULL},
        {"wait", "90s", NULL},
        {"wait", "1h", NULL},
        {"wait", "0ms", "is too small"},
        {"wait", "61m", "is too large"},
        {"wait", "9223372036854775807h", "is too large"},
        {"wait", "500", "is not a duration"},
        {"wait", "ms", "is not a duration"},
        {"wait", "5 ms", "is not a duration"},
        {"wait", "1d", "is not a duration"},
        {"duration", "60s", NULL},
        {"duration", "1d", NULL},
        {"duration", "59s", "is too small"},
        {"duration", "25h", "is too large"},
        {"duration", "1w", "is too large"},
        {"duration", "9223372036854775807w", "is too large"},
        {"duration", "60", "is not a duration"},
        {"duration", "m", "is not a duration"},
        {"duration", "1.5h", "is not a duration"},
        {"duration", "5 m", "is not a duration"},
        {"duration", "5M", "is not a duration"},
        {"bool", "YES", NULL},
        {"bool", "0", NULL},
        {"bool", "maybe", "is neither yes nor no"},
        {"colour", "gren", "did you mean 'green'?"},
        {"colour", "violet", "is not known; write red, green or blue"},
        {"email", "a.b+c@sub.example.com", NULL},
        {"email", "ä@bücher.example", NULL},
        {"email", "a@localhost", NULL},
        {"email", "a", "is not an e-mail address"},
        {"email", "@example.com", "is not an e-mail address"},
        {"email", "a@", "is not an e-mail address"},
        {"email", "a@b@c.example", "is not an e-mail address"},
        {"email", "a b@example.com", "is not an e-mail address"},
        {"email", "a@example..com", "is not an e-mail address"},
        {"email", "a@.example.com", "is not an e-mail address"},
        {"email", "a@example.com.", "is not an e-mail address"},
        {"email", "Alice <a@example.com>", "is not an e-mail address"},
        {"url", "https://example.com:8443/a?b=c", NULL},
        {"url", "http://127.0.0.1:8080", NULL},
        {"url", "http://[::1]:8080/", NULL},
        {"url", "http://localhost", NULL},
        {"url", "http://127.0.0.1.example.com", "is not https"},
        {"url", "http://example.com", "is not https"},
        {"url", "ftp://example.com", "is not https"},
        {"url", "file:///etc/passwd", "is not https"},
        {"url", "example.com", "is not a URL"},
        {"url", "https://", "is not a URL"},
        {"url", "https://user@example.com", "names a user"},
        {"url", "https://:pw@example.com", "names a user"},
        {"url", "https://@example.com", "names a user"},
        {"url", "https://example.com/#a", "has a fragment"},
        {"url", "https://example.com/#", "has a fragment"},
        {"url", "https://example.com/a b", "is not a URL"},
        {"text", "a\tb", "contains a control character"},
        {"text", "a\x1b[31mb", "contains a control character"},
        {"text",
         "a\xE2\x80\xAE"
         "b",
         "contains a control character"},
        {"text", "", "has no value"},
        {"text", "; nothing", "has no value"},
        {"file", "none", NULL},
        {"file", "/dev/null", "not a regular file"},
        {"file", "nowhere", "No such file or directory; create the file or correct the path"},
        {"path", "nowhere", NULL},
        {"ref", "hq", "there is no section [directory hq]; add [directory hq] or correct the name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char said[ERR_TEXT_MAX];
        set_value(cases[i].key, cases[i].value, said, sizeof said);
        if (!cases[i].fault)
            ck_assert_msg(!*said, "%s = %s: %s", cases[i].key, cases[i].value, said);
        else
            ck_assert_msg(strstr(said, cases[i].fault) && strstr(said, "x.conf:4: types: "), "%s = %s: it said: %s",
                          cases[i].key, cases[i].value, said);
    }
}
END_TEST

START_TEST(secret_files_that_others_can_read_are_refused)
{
    static const char text[] = "[organization]\nname = x\n[types]\nsecret = key\n";
    CLEANUP(buf_release) struct buf said = BUF_INIT;
    put_text("key", "s");
    load_bad(put("x.conf", text, sizeof text - 1, 0644), &said);
    ck_assert_str_eq(
        said.data,
        "x.conf:4: types: secret: key: others may read or change this secret (mode 0644); run: chmod 600 key\n");
    put("key", "s", 1, 0600);
    CLEANUP(conf_free) struct conf *conf = load_text(text);
    CLEANUP(buf_release) struct buf printed = BUF_INIT;
    CLEANUP(freep) char *path = mem_printf("secret = %s/key\n", folder);
    conf_print(conf, &printed);
    ck_assert_ptr_nonnull(strstr(printed.data, path));
}
END_TEST

START_TEST(paths_keep_their_meaning_from_another_folder)
{
    CLEANUP(freep) char *cwd = getcwd(NULL, 0);
    ck_assert_int_eq(chdir(folder), 0);
    put_text("y.conf", "[organization]\nname = x\nstate-dir = state\n");
    CLEANUP(conf_free) struct conf *conf = load_good("y.conf");
    CLEANUP(freep) char *path = mem_printf("%s/state", folder);
    ck_assert_str_eq(conf_str(conf_find(conf, "organization", NULL), "state-dir"), path);
    ck_assert_int_eq(chdir(cwd), 0);
}
END_TEST

START_TEST(unknown_key_is_a_mistake_of_the_program)
{
    struct conf *conf = load_text("[organization]\nname = x\n");
    conf_str(conf_find(conf, "organization", NULL), "no-such-key");
}
END_TEST

START_TEST(wrong_type_is_a_mistake_of_the_program)
{
    struct conf *conf = load_text("[organization]\nname = x\n");
    conf_int(conf_find(conf, "organization", NULL), "name");
}
END_TEST

START_TEST(help_shows_one_kind_or_all)
{
    CLEANUP(buf_release) struct buf one = BUF_INIT, all = BUF_INIT, none = BUF_INIT;
    ck_assert_int_eq(conf_help(&test_schema, "directory", &one), 0);
    ck_assert_ptr_nonnull(strstr(one.data, "[directory NAME]\n"));
    ck_assert_ptr_nonnull(
        strstr(one.data, "\n  uri = ldaps://dc1.example.com\n      Where it is.\n      Required. May be written"));
    ck_assert_ptr_null(strstr(one.data, "[organization]"));
    ck_assert_int_eq(conf_help(&test_schema, NULL, &all), 0);
    ck_assert_ptr_nonnull(strstr(all.data, "[organization]\n"));
    ck_assert_ptr_nonnull(strstr(all.data, "a number of people from 1 to 100. Default: 5."));
    ck_assert_int_eq(conf_help(&test_schema, "nothing", &none), -1);
    ck_assert_str_eq(buf_str(&none), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf");
    TCase *files = tcase_create("files"), *values = tcase_create("values"), *mistakes = tcase_create("mistakes");
    TCase *cases[] = {files, values, mistakes};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcase_add_checked_fixture(cases[i], make_folder, drop_folder);
        tcase_set_timeout(cases[i], 0);
        suite_add_tcase(suite, cases[i]);
    }
    tcase_add_test(files, good_files_print_to_themselves);
    tcase_add_test(files, bad_files_say_everything_that_is_wrong);
    tcase_add_test(files, text_that_is_not_utf8_is_refused_with_its_line);
    tcase_add_test(files, byte_order_mark_and_carriage_returns_are_taken);
    tcase_add_test(files, limits_are_kept);
    tcase_add_test(files, number_of_lines_and_sections_is_limited);
    tcase_add_test(files, no_file_and_a_folder_are_named);
    tcase_add_test(files, error_text_counts_what_it_has_no_room_for);
    tcase_add_test(files, snippets_are_read_in_order_and_relative_to_themselves);
    tcase_add_test(files, same_section_in_two_files_is_refused);
    tcase_add_test(files, snippet_that_cannot_be_read_is_an_error);
    tcase_add_test(files, conf_d_that_is_no_folder_is_an_error);
    tcase_add_test(values, defaults_stand_where_nothing_is_written);
    tcase_add_test(values, values_are_given_as_they_were_written);
    tcase_add_test(values, domain_names_are_kept_in_the_form_of_the_check);
    tcase_add_test(values, each_type_takes_and_refuses);
    tcase_add_test(values, secret_files_that_others_can_read_are_refused);
    tcase_add_test(values, paths_keep_their_meaning_from_another_folder);
    tcase_add_test(values, help_shows_one_kind_or_all);
    tcase_set_tags(mistakes, "ends");
    tcase_add_test_raise_signal(mistakes, unknown_key_is_a_mistake_of_the_program, SIGABRT);
    tcase_add_test_raise_signal(mistakes, wrong_type_is_a_mistake_of_the_program, SIGABRT);
    return suite_run(suite);
}
