/*
 * Which addresses are public, which resolvers are read, and how a proof is judged: the parts of net and gate without
 * I/O.
 */
#include <arpa/inet.h>
#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypto/token.h"
#include "gate/proof.h"
#include "net/address.h"
#include "net/resolvers.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TOKEN        "abcdefghijklmnopqrstuvwxyz234567"
#define VALUE        PROOF_PREFIX TOKEN

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char shown[ADDRESS_TEXT_MAX];
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        ck_assert_str_eq(address_format((struct sockaddr *)&v4, shown), text);
        return address_is_public((struct sockaddr *)&v4);
    }
    ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&v6);
}

START_TEST(public_addresses)
{
    static const char *const yes[] = {
        "1.1.1.1",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",       "100.128.0.0",
        "126.255.255.255", "128.0.0.1",       "169.253.255.255",  "169.255.0.0",          "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",       "192.167.255.255",  "192.169.0.0",          "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2606:4700::1",     "2001:4860:4860::8888", "2a00:1450::1",
        "2002:101:101::1", "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1",
    };
    for (size_t i = 0; i < COUNT(yes); i++)
        ck_assert_msg(is_public(yes[i]), "%s", yes[i]);
}
END_TEST

START_TEST(addresses_that_are_not_public)
{
    static const char *const no[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2001:1ff::1",
        "3fff::1",
        "4000::1",
        "100::1",
        "64:ff9b:1::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::192.168.0.1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
    };
    for (size_t i = 0; i < COUNT(no); i++)
        ck_assert_msg(!is_public(no[i]), "%s", no[i]);
    struct sockaddr local = {.sa_family = AF_UNIX};
    ck_assert(!address_is_public(&local));
}
END_TEST

START_TEST(resolver_addresses)
{
    static const char *const good[] = {"192.0.2.53", "192.0.2.53@5353", "2001:db8::53",   "2001:db8::53@53",
                                       "::1@65535",  "fe80::1%eth0",    "fe80::1%eth0@53"};
    static const char *const bad[] = {
        "",
        "@53",
        "192.0.2.53@",
        "192.0.2.53@0",
        "192.0.2.53@65536",
        "192.0.2.53@+1",
        "192.0.2.53@ 1",
        "192.0.2.53:53",
        "dns.example.com",
        "192.0.2",
        "192.0.2.53#dns",
        "[::1]",
        "::1%eth0",
        "fe80::1%",
        "192.0.2.53%eth0",
        "192.0.2.53@53@53",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999999"};
    struct err err = ERR_INIT;
    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(resolver_check(good[i], &err) == 0, "%s", err.text);
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(resolver_check(bad[i], &err) == -1, "%s", bad[i]);
        ck_assert_int_eq(err.kind, ERR_INPUT);
    }
}
END_TEST

/* Reads text as a resolv.conf; ret as resolvers_read. */
static int read_system(const char *text, struct pool *pool, const char *const **ret, size_t *n, struct err *err)
{
    char path[64];
    int fd = memfd_create("resolv.conf", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int status = resolvers_read(path, pool, ret, n, err);
    close(fd);
    return status;
}

START_TEST(system_resolvers)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct err err = ERR_INIT;
    const char *const *list = NULL;
    size_t n = 0;
    int status = read_system("# nameserver 192.0.2.1\nsearch example.com\nnameserver 192.0.2.2\n nameserver 192.0.2.3\n"
                             "nameserver\t  2001:db8::1  # second\nnameservers 192.0.2.4\nnameserver "
                             "nonsense\nnameserver\nnameserver 192.0.2.5\r\nnameserver 192.0.2.6",
                             pool, &list, &n, &err);
    ck_assert_msg(status == 0, "%s", err.text);
    ck_assert_uint_eq(n, 4);
    ck_assert_str_eq(list[0], "192.0.2.2");
    ck_assert_str_eq(list[1], "2001:db8::1");
    ck_assert_str_eq(list[2], "192.0.2.5");
    ck_assert_str_eq(list[3], "192.0.2.6");
    ck_assert_int_eq(read_system("search example.com\n", pool, &list, &n, &err), -1);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_int_eq(resolvers_read("/nonexistent", pool, &list, &n, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(tokens)
{
    char a[TOKEN_SIZE], b[TOKEN_SIZE];
    token_new(a);
    token_new(b);
    ck_assert(token_is_valid(a) && token_is_valid(b) && token_is_valid(TOKEN));
    ck_assert_str_ne(a, b);
    ck_assert(token_same(span_str(a), span_str(a)));
    ck_assert(!token_same(span_str(a), span_str(b)));
    ck_assert(!token_same(span_str(a), (struct span){a, TOKEN_LENGTH - 1}));
    ck_assert(!token_is_valid("") && !token_is_valid("abc") && !token_is_valid(TOKEN "a"));
    ck_assert(!token_is_valid("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") &&
              !token_is_valid("abcdefghijklmnopqrstuvwxyz23456 "));
}
END_TEST

/*
 * Over many tokens every letter of the alphabet stands at every place: no bit is stuck. Missing by chance: below 1 in
 * 10^10.
 */
START_TEST(every_place_of_a_token_is_random)
{
    bool seen[TOKEN_LENGTH][128] = {0};
    for (int i = 0; i < 1200; i++) {
        char token[TOKEN_SIZE];
        token_new(token);
        for (size_t place = 0; place < TOKEN_LENGTH; place++)
            seen[place][(unsigned char)token[place]] = true;
    }
    for (size_t place = 0; place < TOKEN_LENGTH; place++)
        for (const char *c = TOKEN; *c; c++)
            ck_assert_msg(seen[place][(unsigned char)*c], "'%c' never at %zu", *c, place);
}
END_TEST

static struct proof judge(enum dns_state state, const char *const *txt, size_t n, struct pool *pool)
{
    struct span records[DNS_RECORDS_MAX];
    for (size_t i = 0; i < n; i++)
        records[i] = span_str(txt[i]);
    struct dns_answer answer = {
        .state = state, .security = DNS_SECURE, .txt = records, .ntxt = n, .fault = "fault; remedy"};
    struct proof proof;
    proof_judge_txt(&answer, "example.com", TOKEN, pool, &proof);
    ck_assert_int_eq(proof.method, PROOF_DNS);
    ck_assert_ptr_nonnull(proof.text);
    return proof;
}

START_TEST(judging_records)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    static const char *const ours[] = {"other", VALUE, "another"};
    static const char *const others[] = {"a", "b", "c", "d", "e", "f"};
    ck_assert_int_eq(judge(DNS_FOUND, ours, 3, pool).state, PROOF_PROVED);
    ck_assert_int_eq(judge(DNS_FOUND, ours, 1, pool).state, PROOF_WRONG);
    ck_assert_ptr_nonnull(strstr(judge(DNS_FOUND, others, 6, pool).text, "'a', 'b', 'c', 'd' and 2 more"));
    ck_assert_int_eq(judge(DNS_ABSENT, NULL, 0, pool).state, PROOF_ABSENT);
    ck_assert_int_eq(judge(DNS_BOGUS, NULL, 0, pool).state, PROOF_FAILED);
    ck_assert_int_eq(judge(DNS_FAILED, NULL, 0, pool).state, PROOF_FAILED);
    ck_assert_str_eq(judge(DNS_FAILED, NULL, 0, pool).text, "fault; remedy");
}
END_TEST

/* Whatever differs from the value by one byte, at any place, proves nothing. */
START_TEST(no_value_but_the_exact_one_proves)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct proof proof;
    for (size_t i = 0; i < strlen(VALUE); i++) {
        char near[] = VALUE;
        const char *const list[] = {near};
        near[i] ^= 1;
        ck_assert_int_eq(judge(DNS_FOUND, list, 1, pool).state, PROOF_WRONG);
        proof_judge_file(200, span_str(near), "example.com", TOKEN, pool, &proof);
        ck_assert_int_eq(proof.state, PROOF_WRONG);
        proof_judge_file(200, (struct span){VALUE, i}, "example.com", TOKEN, pool, &proof);
        ck_assert_int_eq(proof.state, PROOF_WRONG);
    }
}
END_TEST

START_TEST(judging_files)
{
    static const struct {
        long status;
        const char *body;
        enum proof_state state;
    } cases[] = {
        {200, VALUE, PROOF_PROVED},       {200, VALUE "\n", PROOF_PROVED}, {200, VALUE "\r\n", PROOF_PROVED},
        {200, VALUE "\n\n", PROOF_WRONG}, {200, "\n" VALUE, PROOF_WRONG},  {200, "", PROOF_WRONG},
        {200, VALUE " ", PROOF_WRONG},    {404, VALUE, PROOF_ABSENT},      {410, "", PROOF_ABSENT},
        {206, VALUE, PROOF_FAILED},       {304, VALUE, PROOF_FAILED},      {403, VALUE, PROOF_FAILED},
        {500, VALUE, PROOF_FAILED},       {0, VALUE, PROOF_FAILED},
    };
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct proof proof;
        proof_judge_file(cases[i].status, span_str(cases[i].body), "example.com", TOKEN, pool, &proof);
        ck_assert_msg(proof.state == cases[i].state, "%ld '%s': %s", cases[i].status, cases[i].body, proof.text);
        ck_assert_int_eq(proof.security, DNS_UNCHECKED);
    }
}
END_TEST

/* A long value is shown cut, at a character. */
START_TEST(long_values_are_cut)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct buf value = BUF_INIT;
    buf_adds(&value, "x");
    for (int i = 0; i < 1000; i++)
        buf_adds(&value, "한");
    const char *const list[] = {value.data};
    const char *text = judge(DNS_FOUND, list, 1, pool).text;
    ck_assert_uint_lt(strlen(text), 500);
    ck_assert_ptr_nonnull(strstr(text, "한…'"));
    ck_assert_ptr_null(strstr(text, "\xEF\xBF\xBD"));
    buf_release(&value);
}
END_TEST

START_TEST(what_to_publish)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    ck_assert_str_eq(proof_record(pool, "example.com"), "_doorward-challenge.example.com");
    ck_assert_str_eq(proof_value(pool, TOKEN), "doorward-domain-verification=" TOKEN);
    ck_assert_str_eq(proof_url(pool, "example.com"),
                     "https://example.com/.well-known/doorward-domain-verification.txt");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net");
    TCase *tc = tcase_create("net");
    suite_add_tcase(s, tc);
    tcase_add_test(tc, public_addresses);
    tcase_add_test(tc, addresses_that_are_not_public);
    tcase_add_test(tc, resolver_addresses);
    tcase_add_test(tc, system_resolvers);
    tcase_add_test(tc, tokens);
    tcase_add_test(tc, every_place_of_a_token_is_random);
    tcase_add_test(tc, judging_records);
    tcase_add_test(tc, no_value_but_the_exact_one_proves);
    tcase_add_test(tc, judging_files);
    tcase_add_test(tc, long_values_are_cut);
    tcase_add_test(tc, what_to_publish);
    return suite_run(s);
}
