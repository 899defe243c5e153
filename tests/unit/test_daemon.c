/* src/daemon as far as it is pure: how long a dead process waits, when the next run begins, what is said to the service manager and how. */
#include <check.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/backoff.h"
#include "daemon/link.h"
#include "daemon/notify.h"
#include "daemon/run.h"
#include "daemon/schedule.h"
#include "suite.h"

START_TEST(backoff_grows_to_its_limit)
{
    static const double waits[] = {0, 1, 2, 4, 8, 16, 30, 30, 30};
    struct backoff b = {0};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        double wait = backoff_died(&b, 0.5);
        ck_assert_msg(wait == waits[i], "death %zu waits %g", i, wait);
    }
}
END_TEST

START_TEST(backoff_forgives_a_life)
{
    struct backoff b = {0};
    for (int i = 0; i < 5; i++)
        backoff_died(&b, 1);
    ck_assert(backoff_died(&b, BACKOFF_FORGIVEN) == 0);
    ck_assert(backoff_died(&b, BACKOFF_FORGIVEN - 1) == 1);
}
END_TEST

START_TEST(the_first_run_is_soon)
{
    ck_assert(schedule_first(900, 100, 0) == 101);
    ck_assert(schedule_first(900, 100, 1) == 131);
    ck_assert(schedule_first(60, 100, 1) == 107);
}
END_TEST

START_TEST(the_next_run_keeps_its_distance)
{
    ck_assert(schedule_next(900, 100, 110, 0) == 1000);
    ck_assert(schedule_next(900, 100, 110, 1) == 1090);
    ck_assert(schedule_next(86400, 100, 110, 1) == 86400 + 100 + 120);
    /* One that took longer than the time between runs. */
    ck_assert(schedule_next(900, 100, 5000, 0) == 5090);
    ck_assert(schedule_next(86400, 0, 100000, 1) == 100120);
}
END_TEST

static int listener(struct sockaddr_un *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, size), 0);
    return fd;
}

static void hears(int fd, const char *expected)
{
    char got[600];
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    ck_assert_int_ge(n, 0);
    got[n] = '\0';
    ck_assert_msg(strncmp(got, expected, strlen(expected)) == 0, "heard '%s'", got);
}

START_TEST(notify_speaks_to_a_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/test-daemon-%d", (int)getpid());
    int fd = listener(&address, sizeof address);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    unsetenv("WATCHDOG_PID");
    notify_open();
    unlink(address.sun_path);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
    ck_assert(notify_watchdog() == 1.5);
    notify_send("READY=1\nSTATUS=%s", "here");
    hears(fd, "READY=1\nSTATUS=here");
    notify_reloading();
    hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
    notify_close();
    notify_send("READY=1");
    char more;
    ck_assert_int_eq(recv(fd, &more, 1, MSG_DONTWAIT), -1);
    close(fd);
}
END_TEST

START_TEST(notify_speaks_to_an_abstract_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    snprintf(name, sizeof name, "@test-daemon-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    int fd = listener(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
    setenv("NOTIFY_SOCKET", name, 1);
    notify_open();
    notify_send("READY=1");
    hears(fd, "READY=1");
    notify_close();
    close(fd);
}
END_TEST

START_TEST(notify_without_a_manager)
{
    static const char *const sockets[] = {NULL, "", "relative", "/tmp/nobody-listens-here", "vsock:2:1"};
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        if (sockets[i])
            setenv("NOTIFY_SOCKET", sockets[i], 1);
        setenv("WATCHDOG_USEC", "3000000", 1);
        setenv("WATCHDOG_PID", "1", 1); /* somebody else's */
        notify_open();
        ck_assert(notify_watchdog() == 0);
        notify_send("READY=1");
        notify_close();
    }
}
END_TEST

START_TEST(links_carry_messages)
{
    int parent, child;
    struct err err = ERR_INIT;
    struct link_message got;
    ck_assert_int_eq(link_pair(&parent, &child, &err), 0);
    ck_assert_int_eq(link_next(parent, &got), 0);
    err_set(&err, ERR_NETWORK, "port 80: taken");
    link_failed(child, &err);
    link_run(child, 4711);
    ck_assert_int_eq(link_next(parent, &got), 1);
    ck_assert_int_eq(got.what, LINK_FAILED);
    ck_assert_int_eq(got.kind, ERR_NETWORK);
    ck_assert_str_eq(got.text, "port 80: taken");
    ck_assert_int_eq(link_next(parent, &got), 1);
    ck_assert_int_eq(got.what, LINK_RUN);
    ck_assert_int_eq(got.run, 4711);
    close(child);
    ck_assert_int_eq(link_next(parent, &got), 0);
    close(parent);
}
END_TEST

/* The child that speaks may be somebody else's by now. */
START_TEST(links_refuse_nonsense)
{
    int parent, child;
    struct err err = ERR_INIT;
    struct link_message got, sent = {.what = 99};
    ck_assert_int_eq(link_pair(&parent, &child, &err), 0);
    ck_assert_int_gt(send(child, "x", 1, 0), 0);
    ck_assert_int_eq(link_next(parent, &got), 0);
    ck_assert_int_gt(send(child, &sent, sizeof sent, 0), 0);
    ck_assert_int_eq(link_next(parent, &got), 0);
    sent = (struct link_message){.what = LINK_FAILED, .kind = -1};
    ck_assert_int_gt(send(child, &sent, sizeof sent, 0), 0);
    ck_assert_int_eq(link_next(parent, &got), 0);
    sent = (struct link_message){.what = LINK_FAILED, .kind = ERR_FAILED};
    memset(sent.text, 'x', sizeof sent.text);
    ck_assert_int_gt(send(child, &sent, sizeof sent, 0), 0);
    ck_assert_int_eq(link_next(parent, &got), 1);
    ck_assert_uint_eq(strlen(got.text), sizeof got.text - 1);
    close(child);
    close(parent);
}
END_TEST

START_TEST(ends_are_told_in_words)
{
    char words[RUN_WORDS_MAX];
    ck_assert_str_eq(run_words(W_EXITCODE(0, 0), words), "exit status 0, done");
    ck_assert_str_eq(run_words(W_EXITCODE(3, 0), words), "exit status 3, the gate is closed");
    ck_assert_str_eq(run_words(W_EXITCODE(99, 0), words), "exit status 99");
    ck_assert_str_eq(run_words(W_EXITCODE(0, SIGKILL), words), "killed by signal 9 (Killed)");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemon");
    TCase *pure = tcase_create("pure");
    tcase_add_test(pure, backoff_grows_to_its_limit);
    tcase_add_test(pure, backoff_forgives_a_life);
    tcase_add_test(pure, the_first_run_is_soon);
    tcase_add_test(pure, the_next_run_keeps_its_distance);
    tcase_add_test(pure, ends_are_told_in_words);
    suite_add_tcase(suite, pure);
    TCase *sockets = tcase_create("sockets");
    tcase_add_test(sockets, notify_speaks_to_a_path);
    tcase_add_test(sockets, notify_speaks_to_an_abstract_socket);
    tcase_add_test(sockets, notify_without_a_manager);
    tcase_add_test(sockets, links_carry_messages);
    tcase_add_test(sockets, links_refuse_nonsense);
    suite_add_tcase(suite, sockets);
    return suite_run(suite);
}
