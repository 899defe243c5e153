/* The state folder: opening, refusing what is not ours, transactions, full disks, and the database's own gate. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <signal.h>

#include "base/file.h"
#include "store/schema.h"
#include "world.h"
#include "suite.h"

static struct world w;
static struct err err;

static void setup(void)
{
    err = (struct err)ERR_INIT;
    world_open(&w, WORLD_DIRECTORY("") WORLD_TEAM(""));
}

static void teardown(void)
{
    world_close(&w);
}

/* Opens the folder NAME of the world as a writer or reader and gives the kind of the refusal, ERR_NONE when it was opened. */
static enum err_kind try(const char *name, enum store_mode mode)
{
    CLEANUP(freep) char *path = world_path(&w, name);
    CLEANUP(store_close) struct store *store = NULL;
    err = (struct err)ERR_INIT;
    return store_open(path, mode, "doorward test", &store, &err) == 0 ? ERR_NONE : err.kind;
}

static void says(const char *part)
{
    ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" does not say \"%s\"", err.text, part);
}

static unsigned mode_of(const char *name)
{
    CLEANUP(freep) char *path = world_path(&w, name);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 07777;
}

START_TEST(made_at_first)
{
    ck_assert_int_eq(try("fresh", STORE_READ), ERR_NOT_FOUND);
    says("there is no state yet");
    CLEANUP(freep) char *path = world_path(&w, "fresh");
    ck_assert_int_ne(access(path, F_OK), 0); /* a reader makes nothing */
    ck_assert_int_eq(try("fresh", STORE_WRITE), ERR_NONE);
    ck_assert_int_eq(try("fresh", STORE_WRITE), ERR_NONE);
    ck_assert_int_eq(try("fresh", STORE_READ), ERR_NONE);
    ck_assert_uint_eq(mode_of("fresh"), 0700);
    ck_assert_uint_eq(mode_of("fresh/doorward.db"), 0600);
    ck_assert_int_eq(world_int(&w, "PRAGMA user_version"), schema_version());
    ck_assert_int_eq(world_int(&w, "PRAGMA foreign_keys"), 1);
}
END_TEST

START_TEST(second_writer)
{
    ck_assert_int_eq(try("state", STORE_WRITE), ERR_CONFLICT);
    says("in use by a test (process ");
    ck_assert_int_eq(try("state", STORE_READ), ERR_NONE);
    store_close(&w.store);
    ck_assert_int_eq(try("state", STORE_WRITE), ERR_NONE);
}
END_TEST

START_TEST(folder_that_others_may_write)
{
    store_close(&w.store);
    CLEANUP(freep) char *path = world_path(&w, "state");
    ck_assert_int_eq(chmod(path, 0770), 0);
    ck_assert_int_eq(try("state", STORE_WRITE), ERR_STORE);
    says("chmod 700");
}
END_TEST

START_TEST(file_in_place_of_the_folder)
{
    world_write(&w, "file", "x");
    ck_assert_int_eq(try("file", STORE_WRITE), ERR_STORE);
}
END_TEST

START_TEST(newer_schema)
{
    CLEANUP(freep) char *sql = mem_printf("PRAGMA user_version = %d", schema_version() + 1);
    world_sql(&w, sql);
    store_close(&w.store);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        ck_assert_int_eq(try("state", (enum store_mode)mode), ERR_STORE);
        says("newer Doorward");
    }
}
END_TEST

START_TEST(older_schema)
{
    world_sql(&w, "PRAGMA user_version = 0");
    store_close(&w.store);
    ck_assert_int_eq(try("state", STORE_READ), ERR_STORE);
    says("older Doorward");
}
END_TEST

static char *foreign_file(void)
{
    CLEANUP(freep) char *folder = world_path(&w, "foreign");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    char *path = world_path(&w, "foreign/doorward.db");
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE recipe (name TEXT)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    return path;
}

/* Refused, and not touched. */
START_TEST(database_of_another_program)
{
    CLEANUP(freep) char *path = foreign_file();
    CLEANUP(buf_release) struct buf before = BUF_INIT, after = BUF_INIT;
    ck_assert_int_eq(file_read(path, 1 << 20, &before, &err), 0);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        ck_assert_int_eq(try("foreign", (enum store_mode)mode), ERR_STORE);
        says("another program");
    }
    ck_assert_int_eq(file_read(path, 1 << 20, &after, &err), 0);
    ck_assert_uint_eq(before.len, after.len);
    ck_assert_int_eq(memcmp(before.data, after.data, before.len), 0);
}
END_TEST

START_TEST(garbage)
{
    store_close(&w.store);
    CLEANUP(freep) char *text = mem_alloc(20001);
    memset(text, 'g', 20000);
    text[20000] = '\0';
    world_write(&w, "state/doorward.db", text);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        ck_assert_int_eq(try("state", (enum store_mode)mode), ERR_STORE);
        says("not a Doorward database");
    }
}
END_TEST

static void spoil(off_t length, off_t at)
{
    CLEANUP(freep) char *path = world_path(&w, "state/doorward.db");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    char junk[4096];
    memset(junk, 0x5a, sizeof junk);
    if (length)
        ck_assert_int_eq(ftruncate(fd, length), 0);
    else
        ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
    close(fd);
}

START_TEST(truncated)
{
    world_sql(&w, "DELETE FROM meta");
    store_close(&w.store);
    spoil(8192, 0);
    ck_assert_int_eq(try("state", STORE_WRITE), ERR_STORE);
    says("damaged");
}
END_TEST

START_TEST(a_page_overwritten)
{
    world_sql(&w, "DELETE FROM meta");
    store_close(&w.store);
    spoil(0, 10 * 16384);
    ck_assert_int_eq(try("state", STORE_WRITE), ERR_STORE);
    says("damaged");
}
END_TEST

/* --- transactions and statements --- */

START_TEST(rollback)
{
    struct db *db = w.store->db;
    ck_assert_int_eq(db_begin(db, &err), 0);
    world_sql(&w, "INSERT INTO team (name) VALUES ('second')");
    ck_assert_int_eq(db_begin(db, &err), -1); /* no nesting */
    db_rollback(db);
    db_rollback(db);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM team"), 1);
    ck_assert_int_eq(db_begin(db, &err), 0);
    world_sql(&w, "INSERT INTO team (name) VALUES ('second')");
    ck_assert_int_eq(db_commit(db, &err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM team"), 2);
    ck_assert_int_eq(db_commit(db, &err), -1);
}
END_TEST

START_TEST(what_was_not_committed_is_not_there)
{
    ck_assert_int_eq(db_begin(w.store->db, &err), 0);
    world_sql(&w, "INSERT INTO team (name) VALUES ('second')");
    store_close(&w.store);
    w.store = world_store(&w, "state");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM team"), 1);
}
END_TEST

START_TEST(statements_are_reused)
{
    static const char sql[] = "SELECT ?1 IS NULL, ?1";
    struct stmt *first = NULL, *second = NULL, *again = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, sql, &first, &err), 0);
    ck_assert_int_eq(db_prepare(w.store->db, sql, &second, &err), 0);
    ck_assert_ptr_ne(first, second); /* in use: not given twice */
    stmt_bind_text(first, 1, "bound");
    ck_assert_int_eq(stmt_step(first, &err), 1);
    ck_assert_str_eq(stmt_text(first, 1), "bound");
    struct stmt *was = first;
    stmt_free(&first);
    ck_assert_ptr_null(first);
    ck_assert_int_eq(db_prepare(w.store->db, sql, &again, &err), 0);
    ck_assert_ptr_eq(again, was);
    ck_assert_int_eq(stmt_step(again, &err), 1);
    ck_assert_int_eq(stmt_int(again, 0), 1); /* without the binding of before */
    ck_assert_str_eq(stmt_text(again, 1), "");
    stmt_free(&again);
    stmt_free(&second);
    stmt_free(&second);
}
END_TEST

START_TEST(more_statements_than_are_kept)
{
    static const char sql[] = "SELECT 1";
    struct stmt *all[100];
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(db_prepare(w.store->db, sql, &all[i], &err), 0);
        ck_assert_int_eq(stmt_step(all[i], &err), 1);
    }
    for (int i = 0; i < 100; i++)
        stmt_free(&all[i]);
    ck_assert_int_eq(world_int(&w, "SELECT 5"), 5);
}
END_TEST

START_TEST(empty_texts_and_spans)
{
    static const char sql[] = "SELECT ?1, ?2 IS NULL, ?3";
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, sql, &st, &err), 0);
    stmt_bind_text(st, 1, "");
    stmt_bind_span(st, 2, (struct span){0});
    stmt_bind_span(st, 3, (struct span){"abcdef", 3});
    ck_assert_int_eq(stmt_step(st, &err), 1);
    ck_assert(!stmt_is_null(st, 0));
    ck_assert_int_eq(stmt_int(st, 1), 1);
    ck_assert(span_eq(stmt_span(st, 2), span_str("abc")));
}
END_TEST

/* --- full disks --- */

START_TEST(database_is_full)
{
    world_sql(&w, "CREATE TABLE filler (x BLOB)");
    CLEANUP(freep) char *sql = mem_printf("PRAGMA max_page_count = %" PRId64, world_int(&w, "PRAGMA page_count") + 4);
    world_int(&w, sql);
    ck_assert_int_eq(db_begin(w.store->db, &err), 0);
    world_sql(&w, "INSERT INTO filler VALUES (zeroblob(4000))");
    ck_assert_int_eq(db_exec(w.store->db, "INSERT INTO filler VALUES (zeroblob(400000))", &err), -1);
    ck_assert_int_eq(err.kind, ERR_STORE);
    says("the disk is full");
    db_rollback(w.store->db);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM filler"), 0);
    world_int(&w, "PRAGMA max_page_count = 1000000");
    world_sql(&w, "INSERT INTO filler VALUES (zeroblob(400000))");
}
END_TEST

/* A pull that does not fit leaves the mirror as it was. */
START_TEST(disk_is_full)
{
    world_pull(&w);
    for (int i = 0; i < 100; i++) {
        CLEANUP(freep) char *name = mem_printf("p%d", i);
        memset(person(&w, name)->attr[ATTR_TITLE], 'x', WORLD_TEXT - 1);
    }
    CLEANUP(freep) char *path = world_path(&w, "state/doorward.db-wal");
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    struct rlimit was, limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = (struct rlimit){(rlim_t)st.st_size + 8192, was.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int r = world_try_pull(&w);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    ck_assert_int_eq(r, -1);
    ck_assert_int_eq(w.err.kind, ERR_STORE);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry"), 0);
    world_pull(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry"), 100);
}
END_TEST

/* --- the database's own gate --- */

#define ACCOUNT                                                                                                        \
    "INSERT INTO account (team, person, uid, state, since, domain, email_hash, email, fp_hi, fp_lo)"                   \
    " VALUES (1, %d, 'u', 'invited', 1, '%s', 1, 'a@example.com', 1, 1)"

static int insert_account(int number, const char *domain)
{
    CLEANUP(freep) char *sql = mem_printf(ACCOUNT, number, domain);
    return db_exec(w.store->db, sql, &err);
}

static void close_by(int way)
{
    static const char *const ways[] = {
        "UPDATE domain SET state = 'challenged' WHERE name = 'example.com'",
        "UPDATE domain SET state = 'lapsed' WHERE name = 'example.com'",
        "UPDATE domain SET connection = NULL WHERE name = 'example.com'",
        "DELETE FROM domain WHERE name = 'example.com'",
        "UPDATE connection SET state = 'tested'",
        "UPDATE connection SET usable_until = 0",
        "UPDATE connection SET usable_until = unixepoch() - 1",
        "DELETE FROM connection",
        "UPDATE connection SET name = 'other'",
    };
    ck_assert_int_lt(way, (int)(sizeof ways / sizeof *ways));
    world_sql(&w, ways[way]);
}

static void refused(const char *sql)
{
    err = (struct err)ERR_INIT;
    ck_assert_msg(db_exec(w.store->db, sql, &err) == -1, "was let through: %s", sql);
    ck_assert_msg(err.kind == ERR_GATE, "%s: %s", sql, err.text);
}

START_TEST(the_database_refuses)
{
    world_sql(&w, "INSERT INTO product (team, name) VALUES (1, 'autocad')");
    world_sql(&w, "INSERT INTO run (team, command, started_at, state, plan, changes, held)"
                  " VALUES (1, 'apply', 1, 'running', 'p', 1, 0)");
    ck_assert_int_eq(insert_account(1, "example.com"), 0);
    close_by(_i);
    ck_assert_int_eq(insert_account(2, "example.com"), -1);
    ck_assert_int_eq(err.kind, ERR_GATE);
    refused("UPDATE account SET title = 'x'");
    refused("UPDATE account SET state = 'suspended'");
    refused("INSERT INTO seat (account, product, via, since) VALUES (1, 1, 0, 0)");
    refused("INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain)"
            " VALUES (1, 1, 0, 0, 1, 0, 0, 'example.com')");
    refused("INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain)"
            " VALUES (1, 1, 0, 0, 1, 0, 0, NULL)");
    world_sql(&w, "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain)"
                  " VALUES (1, 1, 0, 0, 0, 7, 0, NULL)"); /* of a group */
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM account WHERE state = 'invited' AND title IS NULL"), 1);
}
END_TEST

START_TEST(the_database_lets_through)
{
    ck_assert_int_eq(insert_account(1, "example.com"), 0);
    ck_assert_int_eq(insert_account(2, "elsewhere.example"), -1);
    ck_assert_int_eq(err.kind, ERR_GATE);
    refused("UPDATE account SET domain = 'elsewhere.example'");
    world_sql(&w, "UPDATE account SET domain = 'branch.example'");
    world_sql(&w, "UPDATE domain SET state = 'lapsed' WHERE name = 'example.com'");
    world_sql(&w, "UPDATE account SET title = 'x'");
    refused("UPDATE account SET domain = 'example.com'");
    world_sql(&w, "UPDATE domain SET state = 'proved' WHERE name = 'example.com'");
    world_sql(&w, "UPDATE account SET domain = 'example.com'");
}
END_TEST

START_TEST(used_once)
{
    bool seen = true;
    ck_assert_int_eq(once_seen(w.store, "assertion", "a", &seen, &err), 0);
    ck_assert(!seen);
    ck_assert_int_eq(once_use(w.store, "assertion", "a", 100, 50, &err), 0);
    ck_assert_int_eq(once_use(w.store, "other", "a", 100, 50, &err), 0);
    ck_assert_int_eq(once_use(w.store, "assertion", "a", 100, 50, &err), -1);
    ck_assert_int_eq(once_seen(w.store, "assertion", "a", &seen, &err), 0);
    ck_assert(seen);
    ck_assert_int_eq(once_use(w.store, "assertion", "b", 900, 101, &err), 0);
    ck_assert_int_eq(once_seen(w.store, "assertion", "a", &seen, &err), 0);
    ck_assert(!seen); /* swept */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {made_at_first,
                                  second_writer,
                                  folder_that_others_may_write,
                                  file_in_place_of_the_folder,
                                  newer_schema,
                                  older_schema,
                                  database_of_another_program,
                                  garbage,
                                  truncated,
                                  a_page_overwritten,
                                  rollback,
                                  what_was_not_committed_is_not_there,
                                  statements_are_reused,
                                  more_statements_than_are_kept,
                                  empty_texts_and_spans,
                                  database_is_full,
                                  disk_is_full,
                                  the_database_lets_through,
                                  used_once};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, the_database_refuses, 0, 9);
    suite_add_tcase(s, c);
    return suite_run(s);
}
