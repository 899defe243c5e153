/* The HTTP server, asked by libcurl and by bytes of our own. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/keypair.h"

#include <curl/curl.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "net/server.h"
#include "suite.h"

#define TEST_BITS 2048 /* the least that is taken: quick to make */

static struct server *server;
static struct server_settings settings;

static size_t body_max(void *ctx, const struct request *request)
{
    (void)ctx;
    return strcmp(request_method(request), "POST") == 0 ? 20000 : 0;
}

/* Answers with what it was asked. */
static void echo(void *ctx, const struct request *request, struct response *response)
{
    (void)ctx;
    const char *a = "-", *b = "-", *cookie = request_cookie(request, "session");
    int param = request_param(request, "a", &a), field = request_field(request, "b", &b);
    response->status = strcmp(request_path(request), "/missing") == 0 ? 404 : 200;
    response->type = "text/plain; charset=utf-8";
    response_header(response, "X-Peer", request_peer(request));
    if (strcmp(request_path(request), "/break") == 0)
        response_header(response, "Location", "x\r\nSet-Cookie: evil=1");
    buf_printf(&response->body, "%s %s ?%s a%d=%s b%d=%.20s/%zu cookie=%s tls=%d", request_method(request),
               request_path(request), request_query(request).p, param, a, field, b, strlen(b), cookie ? cookie : "-",
               request_is_tls(request));
}

static void start(void)
{
    struct err err = ERR_INIT;
    settings = (struct server_settings){.address = "127.0.0.1",
                                        .threads = 2,
                                        .connections = 50,
                                        .per_address = 20,
                                        .idle = 5,
                                        .longest = 5,
                                        .body_max = body_max,
                                        .handle = echo};
    ck_assert_msg(server_start(&settings, &server, &err) == 0, "%s", err.text);
}

static void stop(void)
{
    server_stop(&server);
}

static size_t keep(char *data, size_t size, size_t n, void *ctx)
{
    buf_add(ctx, data, size * n);
    return size * n;
}

/* Status of the answer, 0 for none; its body and headers into ret. */
static long ask_with(CURL *curl, const char *scheme, const char *path, const char *form, struct buf *ret)
{
    char url[1024];
    long status = 0;
    snprintf(url, sizeof url, "%s://127.0.0.1:%u%s", scheme, server_port(server), path);
    buf_clear(ret);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_COOKIE, "other=1; session=abc");
    if (form)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    buf_add(ret, "", 0);
    return status;
}

static long ask(const char *path, const char *form, struct buf *ret)
{
    CURL *curl = curl_easy_init();
    long status = ask_with(curl, "http", path, form, ret);
    curl_easy_cleanup(curl);
    return status;
}

START_TEST(a_request_comes_in_as_it_was_sent)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    ck_assert_int_eq(ask("/sign%20in?a=%ED%95%9C+x&c=%2f", NULL, &got), 200);
    ck_assert_str_eq(buf_str(&got), "GET /sign in ?a=%ED%95%9C+x&c=%2f a1=한 x b0=-/1 cookie=abc tls=0");
    ck_assert_int_eq(ask("/missing", NULL, &got), 404);
}
END_TEST

START_TEST(a_form_of_any_length_below_the_limit_is_read)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    CLEANUP(buf_release) struct buf form = BUF_INIT;
    buf_adds(&form, "x=1&b=begin");
    for (int i = 0; i < 1500; i++)
        buf_adds(&form, "%ED%95%9C+"); /* four bytes each */
    ck_assert_int_eq(ask("/", buf_str(&form), &got), 200);
    ck_assert_msg(strstr(buf_str(&got), "b1=begin") && strstr(buf_str(&got), "/6005 "), "%s", buf_str(&got));
}
END_TEST

START_TEST(what_has_no_honest_reason_is_told_apart)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    ask("/?a=1&a=2", "b=1&b=2", &got);
    ck_assert_msg(strstr(buf_str(&got), "a-1=- b-1=-"), "%s", buf_str(&got));
    ask("/?a=%FFx", "b=%FF", &got);
    ck_assert_msg(strstr(buf_str(&got), "a-1=- b-1=-"), "%s", buf_str(&got));
    ask("/", "b=%00x", &got);
    ck_assert_msg(strstr(buf_str(&got), "b-1=-"), "%s", buf_str(&got));
    ask("/?a=", "b=", &got);
    ck_assert_msg(strstr(buf_str(&got), "a1= b1=/0"), "%s", buf_str(&got));
}
END_TEST

START_TEST(too_much_is_refused_before_it_is_read)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    CLEANUP(buf_release) struct buf form = BUF_INIT;
    buf_adds(&form, "b=");
    for (int i = 0; i < 30000; i++)
        buf_addc(&form, 'x');
    ck_assert_int_eq(ask("/", buf_str(&form), &got), 413);
    CLEANUP(buf_release) struct buf long_path = BUF_INIT;
    buf_adds(&long_path, "/");
    for (int i = 0; i < 900; i++)
        buf_addc(&long_path, 'x');
    ck_assert_int_eq(ask(buf_str(&long_path), NULL, &got), 200);
}
END_TEST

START_TEST(a_value_that_would_begin_a_header_is_not_sent)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    ck_assert_int_eq(ask("/break", NULL, &got), 500);
    ck_assert_str_eq(buf_str(&got), "");
}
END_TEST

static int connect_raw(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static char *talk(int fd, const char *bytes, size_t n, char *ret, size_t size)
{
    size_t got = 0;
    ssize_t r;
    if (n)
        (void)!send(fd, bytes, n, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    while (got + 1 < size && (r = recv(fd, ret + got, size - got - 1, 0)) > 0)
        got += (size_t)r;
    ret[got] = '\0';
    close(fd);
    return ret;
}

START_TEST(malformed_http_is_answered_or_cut_and_the_server_goes_on)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "GET /\r\n\r\n",
        "\r\n\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        "6\r\n\r\n%%%%=%",
    };
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    char answer[4096];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        talk(connect_raw(), bad[i], strlen(bad[i]), answer, sizeof answer);
        ck_assert_msg(strncmp(answer, "HTTP/1.1 2", 10) != 0 || i == 7, "%s was answered with %s", bad[i], answer);
        ck_assert_int_eq(ask("/", NULL, &got), 200);
    }
}
END_TEST

/* Two readers, one in front of the other, could find the end of these at different places. */
START_TEST(what_could_be_read_in_two_ways_is_refused)
{
#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    static const char *const bad[] = {
        POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nb=1",
        POST "Content-Length: 3\r\nContent-Length: 30\r\n\r\nb=1",
        POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Transfer-Encoding: xchunked\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Transfer-Encoding : chunked\r\n\r\n3\r\nb=1\r\n0\r\n\r\n",
        POST "Content-Length : 3\r\n\r\nb=1",
        POST "Content-Length: +3\r\n\r\nb=1",
        POST "Content-Length: 0x3\r\n\r\nb=1",
        POST "Content-Length: 3, 3\r\n\r\nb=1",
        POST "Host: y\r\nContent-Length: 3\r\n\r\nb=1",
        "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a=% HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?a=\xC3\xA4 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Other: a\x01z\r\n\r\n",
    };
    char answer[4096];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        talk(connect_raw(), bad[i], strlen(bad[i]), answer, sizeof answer);
        ck_assert_msg(strncmp(answer, "HTTP/1.1 4", 10) == 0, "%s was answered with %s", bad[i], answer);
        ck_assert_msg(!strstr(answer, "HTTP/1.1 2"), "%s was answered with %s", bad[i], answer);
    }
    static const char good[] = POST "Transfer-Encoding: chunked\r\n\r\n3\r\nb=1\r\n0\r\n\r\n";
    talk(connect_raw(), good, sizeof good - 1, answer, sizeof answer);
    ck_assert_msg(strstr(answer, "b1=1"), "%s", answer);
#undef POST
}
END_TEST

/* It is never idle; so it is the whole of the headers that has its time. */
START_TEST(headers_in_drops_are_cut)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    server_stop(&server);
    settings.idle = settings.longest = 1;
    struct err err = ERR_INIT;
    ck_assert_msg(server_start(&settings, &server, &err) == 0, "%s", err.text);
    int fd = connect_raw(), silent = connect_raw();
    ck_assert_int_eq(send(fd, "GET / HTTP/1.1\r\nX: ", 19, MSG_NOSIGNAL), 19);
    bool cut = false;
    for (int drops = 0; !cut; drops++) {
        char c;
        ck_assert_int_lt(drops, 600);
        usleep(100000);
        server_tick(server);
        cut = send(fd, "x", 1, MSG_NOSIGNAL) != 1 || recv(fd, &c, 1, MSG_DONTWAIT) == 0;
        ck_assert_int_eq(ask("/", NULL, &got), 200);
    }
    char none[10];
    ck_assert_int_eq(recv(silent, none, sizeof none, 0), 0);
    close(fd);
    close(silent);
}
END_TEST

START_TEST(headers_without_end_are_cut)
{
    CLEANUP(buf_release) struct buf lines = BUF_INIT, got = BUF_INIT;
    char answer[4096];
    buf_adds(&lines, "GET / HTTP/1.1\r\nHost: x\r\n");
    while (lines.len < 4 * SERVER_HEADERS_MAX)
        buf_adds(&lines, "X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
    talk(connect_raw(), lines.data, lines.len, answer, sizeof answer);
    ck_assert(strncmp(answer, "HTTP/1.1 2", 10) != 0);
    ck_assert_int_eq(ask("/", NULL, &got), 200);
}
END_TEST

/* Half-open connections of one address take no place from what is answered now. */
START_TEST(one_address_gets_so_many_connections)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    int idle[19];
    for (size_t i = 0; i < 19; i++)
        idle[i] = connect_raw();
    ck_assert_int_eq(ask("/", NULL, &got), 200);
    int more[10];
    for (size_t i = 0; i < 10; i++)
        more[i] = connect_raw();
    ck_assert_int_eq(ask("/", NULL, &got), 0);
    for (size_t i = 0; i < 10; i++)
        close(more[i]);
    for (size_t i = 0; i < 19; i++)
        close(idle[i]);
    for (int tries = 0; ask("/", NULL, &got) != 200; tries++) {
        ck_assert_int_lt(tries, 100);
        usleep(50000);
    }
}
END_TEST

static void *ask_many(void *ctx)
{
    long *good = ctx;
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    CURL *curl = curl_easy_init();
    for (int i = 0; i < 200; i++)
        *good += ask_with(curl, "http", "/?a=1", NULL, &got) == 200;
    curl_easy_cleanup(curl);
    return NULL;
}

START_TEST(several_are_served_at_once)
{
    pthread_t thread[4];
    long good[4] = {0};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, ask_many, &good[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_int_eq(good[i], 200);
    }
}
END_TEST

static char *make_pem(const char *dir, const char *name)
{
    char path[300];
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf pem = BUF_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(keypair_make(path, name, TEST_BITS, 30, clock_now(), &err) == 0, "%s", err.text);
    ck_assert_int_eq(file_read(path, KEYPAIR_FILE_MAX, &pem, &err), 0);
    unlink(path);
    return strdup(buf_str(&pem));
}

static bool subject_is(CURL *curl, const char *name)
{
    struct curl_certinfo *info = NULL;
    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info);
    for (struct curl_slist *s = info && info->num_of_certs ? info->certinfo[0] : NULL; s; s = s->next)
        if (strncmp(s->data, "Subject:", 8) == 0)
            return strstr(s->data, name) != NULL;
    return false;
}

static bool served_as(const char *name)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    bool good =
        ask_with(curl, "https", "/", NULL, &got) == 200 && strstr(buf_str(&got), "tls=1") && subject_is(curl, name);
    curl_easy_cleanup(curl);
    return good;
}

START_TEST(a_certificate_is_renewed_without_a_pause)
{
    char dir[] = "/tmp/doorward-server-XXXXXX";
    struct err err = ERR_INIT;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    CLEANUP(freep) char *first = make_pem(dir, "first"), *second = make_pem(dir, "second");
    rmdir(dir);
    server_stop(&server);
    settings.certificate = settings.key = first;
    ck_assert_msg(server_start(&settings, &server, &err) == 0, "%s", err.text);
    ck_assert(served_as("first"));
    ck_assert_int_eq(server_renew(server, "nonsense", "nonsense", &err), -1);
    ck_assert(served_as("first"));
    ck_assert_msg(server_renew(server, second, second, &err) == 0, "%s", err.text);
    ck_assert(served_as("second"));
}
END_TEST

START_TEST(a_taken_address_says_so)
{
    struct server *other = NULL;
    struct err err = ERR_INIT;
    struct server_settings same = settings;
    same.port = server_port(server);
    ck_assert_int_eq(server_start(&same, &other, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NETWORK);
    same.address = "localhost";
    ck_assert_int_eq(server_start(&same, &other, &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

/* --- requests that wait for others ------------------------------------------------------------------------------------ */

#define WAITING 12 /* more than threads that answer */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int inside;

static bool is_slow(void *ctx, const struct request *request)
{
    (void)ctx;
    return strncmp(request_path(request), "/slow", 5) == 0;
}

static void echo_slowly(void *ctx, const struct request *request, struct response *response)
{
    if (is_slow(ctx, request)) {
        pthread_mutex_lock(&gate);
        inside++;
        pthread_cond_broadcast(&moved);
        while (!gate_open)
            pthread_cond_wait(&moved, &gate);
        pthread_mutex_unlock(&gate);
    }
    echo(ctx, request, response);
}

static void wait_inside(int n)
{
    pthread_mutex_lock(&gate);
    while (inside < n)
        pthread_cond_wait(&moved, &gate);
    pthread_mutex_unlock(&gate);
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate);
    gate_open = true;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&gate);
}

static void *ask_slowly(void *arg)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    char *form = arg;
    long status = ask("/slow?a=1", form, &got);
    return (void *)(uintptr_t)(status == 200 &&
                               strncmp(buf_str(&got), form ? "POST /slow ?a=1 a1=1 b1=x/1" : "GET /slow ?a=1 a1=1",
                                       19) == 0);
}

static void start_slow(void)
{
    struct err err = ERR_INIT;
    gate_open = false;
    inside = 0;
    settings = (struct server_settings){.address = "127.0.0.1",
                                        .threads = 2,
                                        .connections = 50,
                                        .idle = 5,
                                        .longest = 5,
                                        .body_max = body_max,
                                        .handle = echo_slowly,
                                        .is_slow = is_slow,
                                        .slow_threads = WAITING};
    ck_assert_msg(server_start(&settings, &server, &err) == 0, "%s", err.text);
}

START_TEST(nobody_waits_behind_who_waits_for_others)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    pthread_t threads[WAITING];
    void *good;
    for (int i = 0; i < WAITING; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_slowly, i % 2 ? "b=x" : NULL), 0);
    wait_inside(WAITING);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask("/quick", NULL, &got), 200);
    open_gate();
    for (int i = 0; i < WAITING; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &good), 0);
        ck_assert_ptr_nonnull(good);
    }
}
END_TEST

static void *stop_server(void *arg)
{
    server_stop(&server);
    return arg;
}

START_TEST(who_waits_is_answered_before_the_end)
{
    pthread_t asking, stopping;
    void *good = NULL;
    ck_assert_int_eq(pthread_create(&asking, NULL, ask_slowly, NULL), 0);
    wait_inside(1);
    ck_assert_int_eq(pthread_create(&stopping, NULL, stop_server, NULL), 0);
    open_gate();
    ck_assert_int_eq(pthread_join(stopping, NULL), 0);
    ck_assert_int_eq(pthread_join(asking, &good), 0);
    ck_assert_ptr_nonnull(good);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server");
    TCase *tc = tcase_create("server");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_request_comes_in_as_it_was_sent);
    tcase_add_test(tc, a_form_of_any_length_below_the_limit_is_read);
    tcase_add_test(tc, what_has_no_honest_reason_is_told_apart);
    tcase_add_test(tc, too_much_is_refused_before_it_is_read);
    tcase_add_test(tc, a_value_that_would_begin_a_header_is_not_sent);
    tcase_add_test(tc, malformed_http_is_answered_or_cut_and_the_server_goes_on);
    tcase_add_test(tc, what_could_be_read_in_two_ways_is_refused);
    tcase_add_test(tc, headers_in_drops_are_cut);
    tcase_add_test(tc, headers_without_end_are_cut);
    tcase_add_test(tc, one_address_gets_so_many_connections);
    tcase_add_test(tc, several_are_served_at_once);
    tcase_add_test(tc, a_certificate_is_renewed_without_a_pause);
    tcase_add_test(tc, a_taken_address_says_so);
    suite_add_tcase(suite, tc);
    tc = tcase_create("slow");
    tcase_add_checked_fixture(tc, start_slow, stop);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, nobody_waits_behind_who_waits_for_others);
    tcase_add_test(tc, who_waits_is_answered_before_the_end);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
