#include "net/fetch.h"

#include <curl/curl.h>
#include <threads.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "net/address.h"

DEFINE_CLEANUP(free_curl, CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(free_list, struct curl_slist *, curl_slist_free_all)
DEFINE_CLEANUP(free_url, CURLU *, curl_url_cleanup)
DEFINE_CLEANUP(free_curl_text, char *, curl_free)

/* One request of possibly several, and why it was stopped from our side. */
struct transfer {
    const struct fetch_policy *policy;
    struct fetch_reply reply;
    size_t max_bytes, header_bytes;
    bool too_large, headers_too_large;
    char refused_address[ADDRESS_TEXT_MAX]; /* "" when none was */
    char detail[CURL_ERROR_SIZE];
};

void fetch_release(struct fetch_reply *reply)
{
    buf_release(&reply->body);
    reply->status = 0;
}

static void release_transfer(struct transfer *t)
{
    fetch_release(&t->reply);
}

/* --- called by libcurl ------------------------------------------------------------------------------------------ */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    n *= size;
    t->too_large = n > t->max_bytes - t->reply.body.len;
    if (t->too_large)
        return 0;
    buf_add(&t->reply.body, data, n);
    return n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    (void)data;
    n *= size;
    t->headers_too_large = n > FETCH_HEADERS_MAX - t->header_bytes;
    if (t->headers_too_large)
        return 0;
    t->header_bytes += n;
    return n;
}

/* The last moment before a connection, when the address is no longer a name that may resolve to something else. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = arg;
    (void)purpose;
    if (!t->policy->allow_private && !t->policy->proxy && !address_is_public(&address->addr)) {
        address_format(&address->addr, t->refused_address);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- setting up ------------------------------------------------------------------------------------------------- */

static void init_libcurl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("doorward: libcurl does not start\n", stderr);
        _Exit(71);
    }
}

static void set_limits(CURL *curl, struct transfer *t, double seconds)
{
    long milliseconds = (long)(seconds * 1000) + 1;
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    /* Without it the resolving thread, which nothing can interrupt, is waited for beyond the time limit. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->detail);
}

static void set_route(CURL *curl, struct transfer *t, struct curl_slist *connect_to)
{
    /* An empty proxy, and not an unset one, keeps the environment's out. */
    curl_easy_setopt(curl, CURLOPT_PROXY, t->policy->proxy ? t->policy->proxy : "");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
}

static void set_tls(CURL *curl, const char *ca_file)
{
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file)
        return;
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

/* False when this libcurl cannot be held to https: then nothing is fetched. */
static bool set_protocol(CURL *curl, const char *url)
{
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "doorward/" DOORWARD_VERSION);
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
}

/* --- one request ------------------------------------------------------------------------------------------------ */

struct fault {
    CURLcode code;
    enum err_kind kind;
    const char *text;
};

/* clang-format off */
static const struct fault faults[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERR_NETWORK,
     "the host name does not resolve; check the name and this machine's DNS"},
    {CURLE_COULDNT_CONNECT, ERR_NETWORK,
     "cannot connect; check that the server runs and that a firewall lets this machine through"},
    {CURLE_OPERATION_TIMEDOUT, ERR_NETWORK,
     "no whole answer in time; check that the server runs and can be reached from here"},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_REFUSED,
     "the server's certificate does not verify; mend it, or trust its authority with a CA file"},
    {CURLE_SSL_CONNECT_ERROR, ERR_NETWORK, "TLS fails; the server must speak TLS 1.2 or later"},
    {CURLE_SSL_CACERT_BADFILE, ERR_CONFIG, "the CA file cannot be used; it must hold PEM certificates"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_INPUT, "not an https address"},
    {CURLE_URL_MALFORMAT, ERR_INPUT, "not a valid address"},
    {CURLE_LOGIN_DENIED, ERR_REFUSED, "an address with a user name in it; leave it out"},
};
/* clang-format on */

static int explain(const struct transfer *t, CURLcode code, const char *asked, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    /* After a redirect the address is the server's words. */
    const char *url = text_printable(pool, (struct span){asked, strnlen(asked, 300)});
    if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return err_set(err, ERR_INPUT, "%s: larger than the limit of %zu bytes; check that this is the right document",
                       url, t->max_bytes);
    if (t->headers_too_large)
        return err_set(err, ERR_INPUT, "%s: more than %d bytes of headers; mend the server", url, FETCH_HEADERS_MAX);
    if (t->refused_address[0] && code == CURLE_COULDNT_CONNECT)
        return err_set(
            err, ERR_REFUSED,
            "%s: leads to %s, which is not a public address; serve it on the Internet, or allow private addresses", url,
            t->refused_address);
    const char *detail = t->detail[0] ? t->detail : curl_easy_strerror(code);
    detail = text_printable(pool, span_str(detail));
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].code == code)
            return err_set(err, faults[i].kind, "%s: %s (%s)", url, faults[i].text, detail);
    return err_set(err, ERR_NETWORK, "%s: %s; try again, or look into the server's log", url, detail);
}

/* ret_redirect, when the reply is a redirect, is where it leads (from malloc), else NULL. */
static int request(struct transfer *t, const char *url, double seconds, char **ret_redirect, struct err *err)
{
    CLEANUP(free_list)
    struct curl_slist *connect_to = t->policy->connect_to ? curl_slist_append(NULL, t->policy->connect_to) : NULL;
    CLEANUP(free_curl) CURL *curl = curl_easy_init();
    if (!curl || !set_protocol(curl, url))
        return err_set(err, ERR_FAILED, "%s: libcurl cannot be set up for it", url);
    set_limits(curl, t, seconds);
    set_route(curl, t, connect_to);
    set_tls(curl, t->policy->ca_file);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return explain(t, code, url, err);
    char *redirect = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t->reply.status);
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
        CLEANUP(release_transfer)
        struct transfer t = {.policy = policy, .max_bytes = policy->max_bytes ? policy->max_bytes : FETCH_MAX_DEFAULT};
        CLEANUP(freep) char *redirect = NULL;
        double left = deadline - clock_monotonic();
        if (request(&t, url, left > 0 ? left : 0, &redirect, err) != 0)
            return -1;
        if (!redirect) {
            *ret = t.reply;
            t.reply = (struct fetch_reply)FETCH_REPLY_INIT;
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
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, init_libcurl);
    if (strncmp(url, "https://", 8) != 0)
        return err_set(err, ERR_INPUT, "'%s': not an https address; write one that begins with https://", url);
    if (policy->ca_file && file_check(policy->ca_file, err) != 0) {
        err->kind = ERR_CONFIG;
        return err_wrap(err, "CA file");
    }
    return follow(policy, url, ret, err);
}
