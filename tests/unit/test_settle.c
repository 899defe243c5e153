/*
 * A run on a platform elsewhere that is killed at steps all through it, of the store and of the platform, and then settled: nothing is done twice and
 * nothing is dropped. The platform's memory is shared with the child that is killed.
 *
 * DOORWARD_TEST_STEPS chooses how many of the points of the random cases are tried.
 */
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "elsewhere.h"
#include "suite.h"

static struct world w;
static struct far prepared; /* the platform as the killed run finds it */

#define PEOPLE 12

static void setup(void)
{
    world_open(&w, "[sync]\nmax-removals = 100%\n" WORLD_DIRECTORY("") WORLD_TEAM("groups = all\nadopt = yes")
                       WORLD_PRODUCT("autocad", "cad", "seats = 6") WORLD_PRODUCT("revit", "bim", ""));
    elsewhere_open(&w);
    struct item *p[PEOPLE], *cad = group(&w, "cad"), *bim = group(&w, "bim"), *old = group(&w, "old"),
                            *crew = group(&w, "crew");
    for (int i = 0; i < PEOPLE; i++) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        p[i] = person(&w, name);
        p[i]->there = i < 8;
        member(i % 2 ? cad : bim, p[i]);
    }
    member(old, p[1]);
    member(crew, p[7]);
    snprintf(p[6]->attr[ATTR_USER_NAME], WORLD_TEXT, "p6");
    world_pull(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
    /* Somebody of every kind. */
    p[0]->there = p[1]->there = old->there = false;
    p[2]->active = false;
    set_email(p[3], "other@example.com");
    for (int i = 8; i < PEOPLE; i++)
        p[i]->there = true;
    not_member(cad, p[5]);
    member(cad, p[4]);
    member(bim, p[7]);
    recreate(p[6]);
    recreate(crew);
    struct item *young = group(&w, "young");
    member(young, p[8]);
    snprintf(cad->attr[ATTR_DISPLAY_NAME], WORLD_TEXT, "CAD Users");
    world_pull(&w);
    prepared = *far;
    store_close(&w.store);
}

static void teardown(void)
{
    elsewhere_close();
    world_close(&w);
}

/* --- a state to begin with, as often as wanted --- */

static void copy_file(const char *from, const char *to)
{
    char chunk[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert(in >= 0 && out >= 0);
    ssize_t n;
    while ((n = read(in, chunk, sizeof chunk)) > 0)
        ck_assert_int_eq(write(out, chunk, (size_t)n), n);
    close(in);
    close(out);
}

static void begin_again(unsigned faults, unsigned random)
{
    static const char *const stale[] = {"try/doorward.db-wal", "try/doorward.db-shm"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(freep) char *path = world_path(&w, stale[i]);
        unlink(path);
    }
    CLEANUP(freep) char *dir = world_path(&w, "try");
    CLEANUP(freep) char *from = world_path(&w, "state/doorward.db");
    CLEANUP(freep) char *to = world_path(&w, "try/doorward.db");
    mkdir(dir, 0700);
    copy_file(from, to);
    *far = prepared;
    far->faults = faults;
    far->seed = random;
}

/* --- the run that is killed --- */

static int count_statement(unsigned kind, void *ctx, void *p, void *x)
{
    (void)kind, (void)ctx, (void)p, (void)x;
    far_step();
    return 0;
}

static int watch_statements(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, count_statement, NULL);
}

static void settle_and_apply(void)
{
    w.store = world_store(&w, "try");
    elsewhere_settle(&w);
    ck_assert_uint_eq(elsewhere_apply(&w), 0);
}

/* False when it ended by itself before that step. */
static bool killed_at(long step)
{
    far->kill_at = step;
    far->steps = 0;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        sqlite3_auto_extension((void (*)(void))watch_statements);
        settle_and_apply();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
    far->kill_at = 0;
    return WIFSIGNALED(status);
}

/* --- what it comes to --- */

static const char everything[] =
    "SELECT group_concat(x, '; ') FROM (SELECT uid || ' ' || state || ' ' || email || ' ' || coalesce(remote, '') AS x "
    "FROM account"
    " UNION ALL SELECT p.name || ' ' || a.uid FROM seat s JOIN account a ON a.id = s.account JOIN product p ON p.id = "
    "s.product"
    " UNION ALL SELECT g.name || ' ' || coalesce(g.remote, '') || ' ' || coalesce(a.uid, '') FROM synced_group g"
    "  LEFT JOIN synced_member m ON m.synced_group = g.id LEFT JOIN account a ON a.id = m.account ORDER BY 1)";

static char *rows(void)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    ck_assert_int_eq(db_prepare(w.store->db, everything, &st, &w.err), 0);
    ck_assert_int_eq(stmt_step(st, &w.err), 1);
    return mem_strdup(stmt_text(st, 0));
}

static char *desired;
static int64_t changes;

static void undisturbed(void)
{
    begin_again(0, 1);
    settle_and_apply();
    elsewhere_is_settled(&w);
    desired = rows();
    changes = world_int(&w, "SELECT count(*) FROM delivery WHERE run > 1");
    ck_assert_int_eq(world_int(&w, "SELECT count(DISTINCT op) FROM run_change"),
                     OP_COUNT - 2); /* no restore, no removal */
    store_close(&w.store);
}

/* Whatever reached the platform was noted before. */
static void nothing_was_sent_unnoted(void)
{
    w.store = world_store(&w, "try");
    ck_assert_int_ge(world_int(&w, "SELECT count(*) FROM delivery"), (int64_t)far->nkeys);
    store_close(&w.store);
}

/* The run after the kill settles, goes on, and comes to the same; each change was confirmed once. */
static void comes_to_the_same(long step)
{
    nothing_was_sent_unnoted();
    settle_and_apply();
    elsewhere_is_settled(&w);
    CLEANUP(freep) char *now = rows();
    ck_assert_msg(strcmp(now, desired) == 0, "killed at step %ld:\n%s\nnot:\n%s", step, now, desired);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM delivery WHERE run > 1 AND state = 'confirmed'"), changes);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM delivery WHERE state <> 'confirmed'"), 0);
    store_close(&w.store);
}

static long steps_of_a_run(void)
{
    begin_again(0, 1);
    ck_assert(!killed_at(LONG_MAX));
    return far->steps;
}

#define PARTS 8 /* cases that Check can run */
#define APART 3

/* From the first to the last; each third step, of which there are some 300, because sanitizers make a minute of them. */
START_TEST(killed_at_each_third_step)
{
    undisturbed();
    long n = steps_of_a_run();
    ck_assert_int_gt(n, 200 * APART);
    for (long step = 1 + _i * APART; step <= n; step += PARTS * APART) {
        begin_again(0, 1);
        ck_assert(killed_at(step));
        comes_to_the_same(step);
    }
    free(desired);
}
END_TEST

static unsigned number_from(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* A third of the answers fails, and the run that settles is killed, too, and the one after it. */
START_TEST(killed_again_and_again)
{
    undisturbed();
    unsigned steps = number_from("DOORWARD_TEST_STEPS", 40);
    for (unsigned i = 0; i < steps; i++) {
        begin_again(30, i + 1);
        unsigned dice = i * 2654435761u;
        long step = 0;
        for (int k = 0; k < 3; k++) {
            dice = dice * 1103515245u + 12345u;
            step = 1 + (dice >> 16) % (k == 0 ? 600 : 200);
            if (!killed_at(step))
                break;
        }
        comes_to_the_same(step);
    }
    free(desired);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("settle");
    TCase *c = tcase_create("settle");
    tcase_set_timeout(c, 120);
    tcase_set_tags(c, "ends");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, killed_at_each_third_step, 0, PARTS);
    tcase_add_test(c, killed_again_and_again);
    suite_add_tcase(s, c);
    return suite_run(s);
}
