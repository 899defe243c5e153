#include "net/fetch.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "net/address.h"
#include "net/transfer.h"

DEFINE_CLEANUP(free_curl, CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(free_list, struct curl_slist *, curl_slist_free_all)
DEFINE_CLEANUP(free_url, CURLU *, curl_url_cleanup)
DEFINE_CLEANUP(free_curl_text, char *, curl_free)

/* One request of possibly several, and why it was stopped from our side. */
struct fetching {
    const struct fetch_policy *policy;
    struct transfer transfer;
    long status;
    char refused_address[ADDRESS_TEXT_MAX]; /* "" when none was */
};

void fetch_release(struct fetch_reply *reply)
{
    buf_release(&reply->body);
    reply->status = 0;
}

static void release_fetching(struct fetching *f)
{
    transfer_release(&f->transfer);
}

/* The last moment before a connection, when the address is no longer a name that may resolve to something else. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fetching *f = arg;
    (void)purpose;
    if (!f->policy->allow_private && !f->policy->proxy && !address_is_public(&address->addr)) {
        address_format(&address->addr, f->refused_address);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- one request ------------------------------------------------------------------------------------------------ */

static void set_route(CURL *curl, struct fetching *f, struct curl_slist *connect_to)
{
    if (f->policy->proxy)
        curl_easy_setopt(curl, CURLOPT_PROXY, f->policy->proxy);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
}

static int explain(const struct fetching *f, CURLcode code, const char *asked, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (f->refused_address[0] && code == CURLE_COULDNT_CONNECT)
        return err_set(
            err, ERR_REFUSED,
            "%s: leads to %s, which is not a public address; serve it on the Internet, or allow private addresses",
            text_printable(pool, (struct span){asked, strnlen(asked, 300)}), f->refused_address);
    return transfer_fault(&f->transfer, code, asked, err);
}

/* ret_redirect, when the reply is a redirect, is where it leads (from malloc), else NULL. */
static int request(struct fetching *f, const char *url, double seconds, char **ret_redirect, struct err *err)
{
    CLEANUP(free_list)
    struct curl_slist *connect_to = f->policy->connect_to ? curl_slist_append(NULL, f->policy->connect_to) : NULL;
    CLEANUP(free_curl) CURL *curl = curl_easy_init();
    if (!curl || !transfer_prepare(curl, &f->transfer, url, "https", (long)(seconds * 1000) + 1))
        return err_set(err, ERR_FAILED, "%s: libcurl cannot be set up for it", url);
    set_route(curl, f, connect_to);
    transfer_trust(curl, f->policy->ca_file);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return explain(f, code, url, err);
    char *redirect = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &f->status);
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
    *ret_redirect = redirect ? mem_strdup(redirect) : NULL;
    return 0;
}

/* --- redirects -------------------------------------------------------------------------------------------------- */

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    CLEANUP(free_curl_text) char *x = NULL, *y = NULL;
    return curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && text_same_ascii(x, y);
}

static bool same_server(const char *from, const char *to)
{
    CLEANUP(free_url) CURLU *a = curl_url(), *b = curl_url();
    return a && b && curl_url_set(a, CURLUPART_URL, from, 0) == CURLUE_OK &&
           curl_url_set(b, CURLUPART_URL, to, 0) == CURLUE_OK && same_part(a, b, CURLUPART_SCHEME) &&
           same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);
}

static int check_redirect(const char *first, const char *to, int count, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *shown = text_printable(pool, (struct span){to, strnlen(to, 300)});
    if (!same_server(first, to))
        return err_set(err, ERR_REFUSED,
                       "%s: redirects to another server (%s); serve the document where it is asked for", first, shown);
    if (count >= FETCH_REDIRECTS_MAX)
        return err_set(err, ERR_REFUSED, "%s: more than %d redirects; serve the document where it is asked for", first,
                       FETCH_REDIRECTS_MAX);
    return 0;
}

static int follow(const struct fetch_policy *policy, const char *first, struct fetch_reply *ret, struct err *err)
{
    CLEANUP(freep) char *url = mem_strdup(first);
    int timeout = policy->timeout > 0 && policy->timeout <= FETCH_TIMEOUT_MAX ? policy->timeout : FETCH_TIMEOUT_DEFAULT;
    double deadline = clock_monotonic() + timeout;
    for (int count = 0;; count++) {
        CLEANUP(release_fetching)
        struct fetching f = {.policy = policy,
                             .transfer.max_bytes = policy->max_bytes ? policy->max_bytes : FETCH_MAX_DEFAULT};
        CLEANUP(freep) char *redirect = NULL;
        double left = deadline - clock_monotonic();
        if (request(&f, url, left > 0 ? left : 0, &redirect, err) != 0)
            return -1;
        if (!redirect || policy->no_redirects) {
            *ret = (struct fetch_reply){f.status, f.transfer.body};
            f.transfer.body = (struct buf)BUF_INIT;
            return 0;
        }
        if (check_redirect(first, redirect, count, err) != 0)
            return -1;
        free(url);
        url = TAKE(redirect);
    }
}

int fetch_get(const struct fetch_policy *policy, const char *url, struct fetch_reply *ret, struct err *err)
{
    transfer_library();
    if (strncmp(url, "https://", 8) != 0)
        return err_set(err, ERR_INPUT, "'%s': not an https address; write one that begins with https://", url);
    if (transfer_check_ca(policy->ca_file, err) != 0)
        return -1;
    return follow(policy, url, ret, err);
}
