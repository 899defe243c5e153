#include "web/web.h"

#include <arpa/inet.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "saml/saml.h"
#include "web/inner.h"
#include "web/origins.h"

#define CONNECTIONS     2000
#define PER_ADDRESS     200 /* a proxy, or an office behind one address */
#define IDLE_SECONDS    20
#define SLOW_THREADS    (2 * PROVIDERS_SENDING) /* one provider that is slow leaves half of them to others */
#define LONGEST_SECONDS 20
#define PEM_MAX         (256 * 1024)
#define SWEEP_ROWS      500 /* a step, for which others wait */
#define RING_RETRY      60  /* seconds until keys are tried to be made again */
#define SWEEP_STEPS     20  /* a tick: more than arrive meanwhile */

/* --- handles --------------------------------------------------------------------------------------------------------- */

static void desk_free(struct desk **desk)
{
    if (!*desk)
        return;
    store_close(&(*desk)->store);
    signins_close(&(*desk)->signins);
    pushed_close(&(*desk)->pushed);
    free(*desk);
    *desk = NULL;
}

static int open_store(struct web *web, struct desk *desk, struct err *err)
{
    if (desk->store || store_open(web->state_dir, STORE_READ, "doorward serve", &desk->store, err) == 0)
        return 0;
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    err_clear(err);
    return 0;
}

int desk_open(struct web *web, struct desk *desk, struct err *err)
{
    if (!desk->signins && signins_open(web->state_dir, &desk->signins, err) != 0)
        return -1;
    return open_store(web, desk, err);
}

int desk_open_pushed(struct web *web, struct desk *desk, struct err *err)
{
    if (desk->pushed && !pushed_is_moved(desk->pushed))
        return 0;
    pushed_close(&desk->pushed);
    return pushed_open(web->state_dir, &desk->pushed, err);
}

int desk_take(struct web *web, struct desk **ret, struct err *err)
{
    pthread_mutex_lock(&web->desks_lock);
    CLEANUP(desk_free) struct desk *desk = web->desks;
    if (desk)
        web->desks = desk->next;
    pthread_mutex_unlock(&web->desks_lock);
    if (!desk)
        desk = mem_zero(sizeof *desk);
    if (desk_open(web, desk, err) != 0)
        return -1;
    *ret = TAKE(desk);
    return 0;
}

void desk_give(struct web *web, struct desk *desk)
{
    pthread_mutex_lock(&web->desks_lock);
    desk->next = web->desks;
    web->desks = desk;
    pthread_mutex_unlock(&web->desks_lock);
}

/* --- what follows from the configuration ------------------------------------------------------------------------------ */

struct web_site *site_hold(struct web *web)
{
    pthread_mutex_lock(&web->lock);
    struct web_site *site = web->site;
    atomic_fetch_add(&site->holders, 1);
    pthread_mutex_unlock(&web->lock);
    return site;
}

void site_give(struct web_site **site)
{
    struct web_site *s = TAKE(*site);
    if (!s || atomic_fetch_sub(&s->holders, 1) > 1)
        return;
    sp_release(&s->keys);
    applications_free(&s->applications);
    keyring_free(&s->ring);
    pool_free(&s->pool);
    pool_free(&s->origins_pool);
    conf_free(&s->conf);
    free(s);
}

static void exchange_site(struct web *web, struct web_site *site)
{
    pthread_mutex_lock(&web->lock);
    struct web_site *old = web->site;
    web->site = site;
    pthread_mutex_unlock(&web->lock);
    site_give(&old);
}

/* Metadata may be another since, without a reload. Who reads the old ones may go on: they stay as long as the site. */
static void renew_origins(struct web *web)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct web_site *site = web->site; /* this thread alone exchanges it */
    const char *origins = origins_find(site->conf, web->state_dir, pool);
    if (strcmp(origins, atomic_load(&site->origins)) != 0)
        atomic_store(&site->origins, pool_strdup(site->origins_pool, origins));
}

static int read_ring(const struct conf *conf, const char *state_dir, struct keyring **ret, struct err *err)
{
    if (!conf_next(conf, "application", NULL))
        return 0;
    return keyring_open(state_dir, conf_int(conf_find(conf, "serve", NULL), "key-rotation"), clock_now(), ret, err);
}

static int site_read(struct conf *conf, const char *state_dir, struct web_site **ret, struct err *err)
{
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    const char *url = conf_str(organization, "url");
    if (!url)
        return err_set(err, ERR_CONFIG,
                       "%s: organization: url is missing, and browsers are sent there; write url = https://…",
                       conf_where(organization));
    CLEANUP(site_give) struct web_site *site = mem_zero(sizeof *site);
    site->holders = 1;
    site->conf = conf_share(conf);
    site->pool = pool_new();
    site->origins_pool = pool_new();
    site->secure = strncmp(url, "https://", 8) == 0;
    if (looks_read(conf, site->pool, &site->looks, err) != 0 ||
        sp_keys(conf, state_dir, true, clock_now(), &site->keys, err) != 0 ||
        applications_read(conf, &site->applications, err) != 0 || read_ring(conf, state_dir, &site->ring, err) != 0)
        return -1;
    site->origins = origins_find(conf, state_dir, site->origins_pool);
    *ret = TAKE(site);
    return 0;
}

/* --- listeners ------------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:8080", "[::1]:8080" */
static int read_listen(const struct conf_section *serve, const char *key, char *ret_address, size_t size,
                       uint16_t *ret_port, struct err *err)
{
    const char *text = conf_str(serve, key), *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
        text++, n -= 2;
    if (!colon || !colon[1] || *end || port > UINT16_MAX || n == 0 || n >= size)
        return err_set(err, ERR_CONFIG, "%s: serve: %s '%s' is no numeric address with a port; write 127.0.0.1:8080",
                       conf_where_key(serve, key, 0), key, conf_str(serve, key));
    memcpy(ret_address, text, n);
    ret_address[n] = '\0';
    *ret_port = (uint16_t)port;
    return 0;
}

struct pem {
    struct buf certificate, key;
};

static void pem_release(struct pem *pem)
{
    if (pem->key.data)
        explicit_bzero(pem->key.data, pem->key.len);
    buf_release(&pem->certificate);
    buf_release(&pem->key);
}

static int read_pem(const struct conf_section *serve, struct pem *ret, struct err *err)
{
    const char *certificate = conf_str(serve, "certificate-file"), *key = conf_str(serve, "key-file");
    if (!certificate != !key)
        return err_set(err, ERR_CONFIG, "%s: serve: certificate-file and key-file go together; write both or none",
                       conf_where(serve));
    if (!certificate)
        return 0;
    return file_read(certificate, PEM_MAX, &ret->certificate, err) != 0 || file_check_secret(key, err) != 0 ||
                   file_read(key, PEM_MAX, &ret->key, err) != 0
               ? -1
               : 0;
}

static int listen_for_people(struct web *web, const struct conf_section *serve, struct err *err)
{
    CLEANUP(pem_release) struct pem pem = {BUF_INIT, BUF_INIT};
    char address[INET6_ADDRSTRLEN];
    struct server_settings settings = {.address = address,
                                       .threads = (unsigned)conf_int(serve, "threads"),
                                       .connections = CONNECTIONS,
                                       .per_address = PER_ADDRESS,
                                       .idle = IDLE_SECONDS,
                                       .longest = LONGEST_SECONDS,
                                       .body_max = routes_body_max,
                                       .handle = routes_answer,
                                       .is_slow = routes_is_slow,
                                       .slow_threads = SLOW_THREADS,
                                       .ctx = web};
    if (read_listen(serve, "listen", address, sizeof address, &settings.port, err) != 0 ||
        read_pem(serve, &pem, err) != 0)
        return -1;
    web->tls = pem.certificate.len > 0;
    settings.certificate = web->tls ? buf_str(&pem.certificate) : NULL;
    settings.key = web->tls ? buf_str(&pem.key) : NULL;
    if (server_start(&settings, &web->server, err) != 0)
        return err_wrap(err, "%s: serve", conf_where_key(serve, "listen", 0));
    return 0;
}

static int listen_for_status(struct web *web, const struct conf_section *serve, struct err *err)
{
    char address[INET6_ADDRSTRLEN];
    struct server_settings settings = {.address = address,
                                       .threads = 1,
                                       .connections = 20,
                                       .idle = IDLE_SECONDS,
                                       .longest = LONGEST_SECONDS,
                                       .body_max = status_body_max,
                                       .handle = status_answer,
                                       .ctx = web};
    if (strcmp(conf_str(serve, "status-listen"), "none") == 0)
        return 0;
    if (read_listen(serve, "status-listen", address, sizeof address, &settings.port, err) != 0)
        return -1;
    if (server_start(&settings, &web->status, err) != 0)
        return err_wrap(err, "%s: serve", conf_where_key(serve, "status-listen", 0));
    return 0;
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static void want_providers(struct web *web, const struct conf *conf)
{
    CLEANUP(freep) struct providers_wanted *wanted = NULL;
    size_t n = 0, cap = 0;
    for (const struct conf_section *c = conf_next(conf, "connection", NULL); c;
         c = conf_next(conf, "connection", c))
        if (strcmp(conf_variant(c), "oidc") == 0)
            *MEM_PUSH(&wanted, &n, &cap) = (struct providers_wanted){conf_str(c, "issuer"), conf_str(c, "ca-file")};
    providers_want(web->providers, wanted, n);
}

int web_start(struct conf *conf, const char *state_dir, struct web **ret, struct err *err)
{
    const struct conf_section *serve = conf_find(conf, "serve", NULL);
    CLEANUP(web_stop) struct web *web = mem_zero(sizeof *web);
    pthread_mutex_init(&web->lock, NULL);
    pthread_mutex_init(&web->desks_lock, NULL);
    web->state_dir = mem_strdup(state_dir);
    web->providers = providers_new(&call_directly);
    web->limit = limit_new();
    web->line = line_new(state_dir);
    if (saml_init(err) != 0 || signins_open(state_dir, &web->sweeper, err) != 0 ||
        site_read(conf, state_dir, &web->site, err) != 0)
        return -1;
    want_providers(web, conf);
    if (keeper_start(web->providers, &web->keeper, err) != 0 || listen_for_people(web, serve, err) != 0 ||
        listen_for_status(web, serve, err) != 0 || watching_start(web, &web->watching, err) != 0 ||
        outbox_start(web, &web->outbox, err) != 0 || folding_start(web, &web->folding, err) != 0)
        return -1;
    *ret = TAKE(web);
    return 0;
}

int web_reload(struct web *web, struct conf *conf, struct err *err)
{
    CLEANUP(pem_release) struct pem pem = {BUF_INIT, BUF_INIT};
    const struct conf_section *serve = conf_find(conf, "serve", NULL);
    CLEANUP(site_give) struct web_site *site = NULL;
    if (read_pem(serve, &pem, err) != 0)
        return -1;
    if (web->tls != (pem.certificate.len > 0))
        return err_set(err, ERR_CONFIG, "%s: serve: TLS cannot be turned on or off while the server runs; restart it",
                       conf_where(serve));
    if (site_read(conf, web->state_dir, &site, err) != 0)
        return -1;
    if (web->tls && server_renew(web->server, buf_str(&pem.certificate), buf_str(&pem.key), err) != 0)
        return -1;
    want_providers(web, conf);
    exchange_site(web, TAKE(site));
    keeper_look(web->keeper);
    atomic_fetch_add(&web->reloads, 1);
    return 0;
}

uint16_t web_port(const struct web *web)
{
    return server_port(web->server);
}

uint16_t web_status_port(const struct web *web)
{
    return web->status ? server_port(web->status) : 0;
}

/* Keys roll over by their age; the old ones stay in use when that fails. */
static void renew_keys(struct web *web, int64_t now)
{
    struct web_site *site = NULL;
    struct err err = ERR_INIT;
    if (!web->site->ring || !keyring_due(web->site->ring, now) || now < web->ring_tried + RING_RETRY)
        return;
    web->ring_tried = now;
    if (site_read(web->site->conf, web->state_dir, &site, &err) != 0) {
        log_event(LOG_LEVEL_ERROR, "keys for applications cannot be rolled over: %s", err.text);
        return;
    }
    exchange_site(web, site);
    log_event(LOG_LEVEL_INFO, "keys for applications were rolled over");
}

void web_tick(struct web *web)
{
    struct err err = ERR_INIT;
    bool more = true;
    int64_t now = clock_now(), kept = conf_int(conf_find(web->site->conf, "serve", NULL), "signin-retention");
    server_tick(web->server);
    if (web->status)
        server_tick(web->status);
    renew_keys(web, now);
    renew_origins(web);
    for (int i = 0; i < SWEEP_STEPS && more; i++) {
        if (signins_sweep(web->sweeper, now, now - kept, SWEEP_ROWS, &more, &err) == 0)
            continue;
        log_event(LOG_LEVEL_ERROR, "signin.db: old rows cannot be swept: %s", err.text);
        return;
    }
}

void web_stop(struct web **web)
{
    struct web *w = *web;
    if (!w)
        return;
    if (w->server)
        server_stop(&w->server);
    if (w->status)
        server_stop(&w->status);
    keeper_stop(&w->keeper);
    watching_stop(&w->watching);
    outbox_stop(&w->outbox);
    folding_stop(&w->folding);
    while (w->desks) {
        struct desk *desk = w->desks;
        w->desks = desk->next;
        desk_free(&desk);
    }
    signins_close(&w->sweeper);
    limit_free(&w->limit);
    line_free(&w->line);
    site_give(&w->site);
    providers_free(&w->providers);
    pthread_mutex_destroy(&w->desks_lock);
    pthread_mutex_destroy(&w->lock);
    free(w->state_dir);
    free(w);
    *web = NULL;
}
