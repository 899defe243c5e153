/* What is known of providers: fetched when it is needed, kept, renewed in time, and never waited for twice. */
#include <check.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "jose.h"
#include "oidc/providers.h"
#include "suite.h"

#define ONE "https://one.example"
#define TWO "https://two.example"
#define NOW 1000000

static struct pool *pool;
static struct providers *providers;
static cjose_jwk_t *key;
static const char *set;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int fetched; /* documents */
static bool away, held;
static int waiting;

static void hold(const char *url)
{
    pthread_mutex_lock(&lock);
    bool document = strstr(url, "openid-configuration") != NULL;
    fetched += document;
    waiting++;
    pthread_cond_broadcast(&moved);
    while (held && strncmp(url, ONE, strlen(ONE)) == 0)
        pthread_cond_wait(&moved, &lock);
    waiting--;
    pthread_mutex_unlock(&lock);
}

static int send(void *ctx, const char *ca_file, const struct http_request *request, struct http_reply *ret,
                struct err *err)
{
    (void)ctx, (void)ca_file;
    hold(request->url);
    if (away)
        return err_set(err, ERR_NETWORK, "provider: it is away; look at it");
    *ret = (struct http_reply){.status = 200};
    if (strstr(request->url, "/jwks"))
        buf_adds(&ret->body, set);
    else
        buf_printf(
            &ret->body,
            "{\"issuer\": \"%1$.19s\", \"authorization_endpoint\": \"%1$.19s/a\", \"token_endpoint\": \"%1$.19s/t\","
            " \"jwks_uri\": \"%1$.19s/jwks\"}",
            request->url);
    return 0;
}

static const struct caller caller = {.send = send};
static const struct providers_wanted both[] = {{ONE, NULL}, {TWO, "/ca.pem"}};

static void setup(void)
{
    pool = pool_new();
    key = jose_key("one");
    set = jose_set(pool, key);
    fetched = 0;
    away = held = false;
    providers = providers_new(&caller);
    providers_want(providers, both, 2);
}

static void teardown(void)
{
    providers_free(&providers);
    cjose_jwk_release(key);
    pool_free(&pool);
}

static const struct known *get(const char *issuer, int64_t now)
{
    const struct known *known = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(providers_get(providers, issuer, now, &known, &err) == 0, "%s", err.text);
    ck_assert_str_eq(known->provider.issuer, issuer);
    return known;
}

static void get_and_give(const char *issuer, int64_t now)
{
    const struct known *known = get(issuer, now);
    providers_give(providers, &known);
    ck_assert_ptr_null(known);
}

static void ck_fault(const char *issuer, int64_t now, enum err_kind kind)
{
    const struct known *known = NULL;
    struct err err = ERR_INIT;
    ck_assert_int_eq(providers_get(providers, issuer, now, &known, &err), -1);
    ck_assert_int_eq(err.kind, kind);
    ck_assert_ptr_nonnull(strstr(err.text, "; "));
}

START_TEST(what_was_fetched_is_kept)
{
    ck_assert(!providers_known(providers));
    get_and_give(ONE, NOW);
    get_and_give(ONE, NOW + 10 * PROVIDERS_FRESH);
    ck_assert_int_eq(fetched, 1);
    ck_assert(!providers_known(providers));
    get_and_give(TWO, NOW);
    ck_assert(providers_known(providers));
    ck_assert_int_eq(fetched, 2);
    ck_fault("https://none.example", NOW, ERR_REFUSED);
}
END_TEST

START_TEST(it_is_kept_fresh_by_whoever_keeps_it)
{
    providers_keep(providers, NOW);
    ck_assert_int_eq(fetched, 2);
    const struct known *old = get(ONE, NOW), *fresh;
    providers_keep(providers, NOW + PROVIDERS_FRESH - 1);
    ck_assert_int_eq(fetched, 2);
    providers_keep(providers, NOW + PROVIDERS_FRESH);
    ck_assert_int_eq(fetched, 4);
    fresh = get(ONE, NOW + PROVIDERS_FRESH);
    ck_assert_ptr_ne(old, fresh);
    ck_assert_str_eq(old->provider.issuer, ONE); /* whoever holds the old one may go on with it */
    providers_give(providers, &old);
    providers_give(providers, &fresh);
}
END_TEST

START_TEST(the_old_stays_in_use_while_a_provider_is_away)
{
    int64_t now = NOW + PROVIDERS_FRESH, wait = PROVIDERS_RETRY;
    providers_keep(providers, NOW);
    away = true;
    for (int i = 0; i < 10; i++) {
        int before = fetched;
        providers_keep(providers, now);
        ck_assert_int_eq(fetched, before + 2);
        get_and_give(ONE, now);
        providers_keep(providers, now + wait - 1);
        ck_assert_int_eq(fetched, before + 2);
        now += wait;
        wait = 2 * wait < PROVIDERS_WAIT ? 2 * wait : PROVIDERS_WAIT;
    }
    away = false;
    providers_keep(providers, now);
    away = true;
    providers_keep(providers, now + PROVIDERS_FRESH - 1);
    get_and_give(ONE, now);
}
END_TEST

START_TEST(a_fault_is_not_asked_for_again_at_once)
{
    away = true;
    ck_fault(ONE, NOW, ERR_NETWORK);
    ck_fault(ONE, NOW + PROVIDERS_RETRY - 1, ERR_NETWORK);
    ck_assert_int_eq(fetched, 1);
    away = false;
    get_and_give(ONE, NOW + PROVIDERS_RETRY);
    ck_assert_int_eq(fetched, 2);
}
END_TEST

START_TEST(an_unknown_key_is_looked_for_once_in_a_while)
{
    const struct known *a = get(ONE, NOW), *b = get(ONE, NOW), *first = a;
    ck_assert_int_eq(providers_renew(providers, NOW, &a), 1);
    ck_assert_ptr_ne(a, first);
    ck_assert_int_eq(providers_renew(providers, NOW, &b), 1); /* what another one fetched meanwhile */
    ck_assert_ptr_eq(a, b);
    ck_assert_int_eq(fetched, 2);
    ck_assert_int_eq(providers_renew(providers, NOW + PROVIDERS_RENEW - 1, &a), 0);
    ck_assert_int_eq(fetched, 2);
    away = true;
    ck_assert_int_eq(providers_renew(providers, NOW + PROVIDERS_RENEW, &a), 0);
    ck_assert_ptr_eq(a, b);
    ck_assert_int_eq(fetched, 3);
    away = false;
    ck_assert_int_eq(providers_renew(providers, NOW + 2 * PROVIDERS_RENEW, &a), 1);
    providers_give(providers, &a);
    providers_give(providers, &b);
}
END_TEST

START_TEST(what_is_wanted_no_more_is_forgotten)
{
    const struct known *held_still = get(ONE, NOW);
    providers_want(providers, both + 1, 1);
    ck_fault(ONE, NOW, ERR_REFUSED);
    ck_assert_str_eq(held_still->provider.issuer, ONE);
    ck_assert_int_eq(providers_renew(providers, NOW, &held_still), 0);
    providers_give(providers, &held_still);
    providers_want(providers, both, 2);
    get_and_give(ONE, NOW);
    ck_assert_int_eq(fetched, 2);
}
END_TEST

static void *get_one(void *arg)
{
    get_and_give(ONE, NOW);
    return arg;
}

START_TEST(only_who_wants_it_waits_for_a_slow_provider)
{
    pthread_t threads[4];
    held = true;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, get_one, NULL), 0);
    pthread_mutex_lock(&lock);
    while (waiting == 0)
        pthread_cond_wait(&moved, &lock);
    pthread_mutex_unlock(&lock);
    get_and_give(TWO, NOW);
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(fetched, 2); /* one for all four */
}
END_TEST

static void *send_one(void *arg)
{
    const struct known *known = arg;
    const struct http_request request = {.method = "POST", .url = ONE "/t"};
    struct http_reply reply = {0};
    struct err err = ERR_INIT;
    int r = providers_send(providers, known, &request, &reply, &err);
    buf_release(&reply.body);
    return (void *)(uintptr_t)(r == 0 ? 2 : err.kind != ERR_NETWORK ? 0 : strstr(err.text, "their turn") ? 3 : 1);
}

static int done;

static void *renew_one(void *arg)
{
    const struct known *known = get(ONE, NOW);
    providers_renew(providers, NOW, &known);
    providers_give(providers, &known);
    pthread_mutex_lock(&lock);
    done++;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    return arg;
}

/* Anybody may name a key that nobody knows; a provider that answers slowly must not get all threads by that. */
START_TEST(a_slow_provider_gets_so_many_who_look_for_a_key)
{
    pthread_t threads[2 * PROVIDERS_SENDING];
    get_and_give(ONE, NOW);
    held = true;
    done = 0;
    for (int i = 0; i < 2 * PROVIDERS_SENDING; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, renew_one, NULL), 0);
    pthread_mutex_lock(&lock);
    while (done < PROVIDERS_SENDING)
        pthread_cond_wait(&moved, &lock);
    pthread_mutex_unlock(&lock);
    get_and_give(TWO, NOW);
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2 * PROVIDERS_SENDING; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(fetched, 3);
}
END_TEST

START_TEST(a_slow_provider_gets_so_many_requests_at_once)
{
    pthread_t threads[PROVIDERS_SENDING], more[PROVIDERS_WAITING + 1];
    const struct known *known = get(ONE, NOW), *two = get(TWO, NOW);
    held = true;
    for (int i = 0; i < PROVIDERS_SENDING; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_one, (void *)known), 0);
    pthread_mutex_lock(&lock);
    while (waiting < PROVIDERS_SENDING)
        pthread_cond_wait(&moved, &lock);
    pthread_mutex_unlock(&lock);
    ck_assert_uint_eq((uintptr_t)send_one((void *)known), 1); /* refused */
    for (int i = 0; i <= PROVIDERS_WAITING; i++)
        ck_assert_int_eq(pthread_create(&more[i], NULL, send_one, (void *)known), 0);
    unsigned at_once = 0;
    for (int i = 0; i <= PROVIDERS_WAITING; i++) {
        void *sent;
        pthread_join(more[i], &sent);
        ck_assert((uintptr_t)sent == 1 || (uintptr_t)sent == 3);
        at_once += (uintptr_t)sent == 3;
    }
    ck_assert_uint_ge(at_once, 1);
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < PROVIDERS_SENDING; i++) {
        void *sent;
        pthread_join(threads[i], &sent);
        ck_assert_uint_eq((uintptr_t)sent, 2);
    }
    ck_assert_uint_eq((uintptr_t)send_one((void *)known), 2);
    providers_give(providers, &known);
    providers_give(providers, &two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("providers");
    TCase *tc = tcase_create("providers");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, what_was_fetched_is_kept);
    tcase_add_test(tc, it_is_kept_fresh_by_whoever_keeps_it);
    tcase_add_test(tc, the_old_stays_in_use_while_a_provider_is_away);
    tcase_add_test(tc, a_fault_is_not_asked_for_again_at_once);
    tcase_add_test(tc, an_unknown_key_is_looked_for_once_in_a_while);
    tcase_add_test(tc, what_is_wanted_no_more_is_forgotten);
    tcase_add_test(tc, only_who_wants_it_waits_for_a_slow_provider);
    tcase_add_test(tc, a_slow_provider_gets_so_many_requests_at_once);
    tcase_add_test(tc, a_slow_provider_gets_so_many_who_look_for_a_key);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
