#include "net/transfer.h"

#include <threads.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/text.h"

void transfer_release(struct transfer *t)
{
    buf_release(&t->body);
}

/* --- called by libcurl ------------------------------------------------------------------------------------------ */

static bool is_let_go(const struct transfer *t)
{
    long status = 0;
    if (t->errors_only)
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return t->errors_only && status < 300;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    n *= size;
    if (is_let_go(t))
        return n;
    t->too_large = n > t->max_bytes - t->body.len;
    if (t->too_large)
        return 0;
    buf_add(&t->body, data, n);
    return n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    (void)data;
    n *= size;
    t->headers_too_large = n > TRANSFER_HEADERS_MAX - t->header_bytes;
    if (t->headers_too_large)
        return 0;
    t->header_bytes += n;
    return n;
}

/* --- setting up ------------------------------------------------------------------------------------------------- */

static void start_libcurl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("doorward: libcurl does not start\n", stderr);
        _Exit(71);
    }
}

void transfer_library(void)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, start_libcurl);
}

int transfer_check_ca(const char *ca_file, struct err *err)
{
    if (!ca_file || file_check(ca_file, err) == 0)
        return 0;
    err->kind = ERR_CONFIG;
    return err_wrap(err, "CA file");
}

static void set_limits(CURL *curl, struct transfer *t, long milliseconds)
{
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    /* Without it the resolving thread, which nothing can interrupt, is waited for beyond the time limit. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(t->errors_only ? 0 : t->max_bytes));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->detail);
}

bool transfer_prepare(CURL *curl, struct transfer *t, const char *url, const char *protocols, long milliseconds)
{
    t->curl = curl;
    set_limits(curl, t, milliseconds);
    /* An empty proxy, and not an unset one, keeps the environment's out. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "doorward/" DOORWARD_VERSION);
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
}

void transfer_trust(CURL *curl, const char *ca_file)
{
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file)
        return;
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

/* --- what went wrong -------------------------------------------------------------------------------------------- */

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
    {CURLE_SSL_CERTPROBLEM, ERR_CONFIG,
     "the certificate and key that we show cannot be used; they must stand in one PEM file"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_INPUT, "not an https address"},
    {CURLE_URL_MALFORMAT, ERR_INPUT, "not a valid address"},
    {CURLE_LOGIN_DENIED, ERR_REFUSED, "an address with a user name in it; leave it out"},
};
/* clang-format on */

int transfer_fault(const struct transfer *t, CURLcode code, const char *url, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    /* After a redirect the address is the server's words. */
    const char *shown = text_printable(pool, (struct span){url, strnlen(url, 300)});
    if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return err_set(err, ERR_INPUT, "%s: larger than the limit of %zu bytes; check that this is the right document",
                       shown, t->max_bytes);
    if (t->headers_too_large)
        return err_set(err, ERR_INPUT, "%s: more than %d bytes of headers; mend the server", shown,
                       TRANSFER_HEADERS_MAX);
    const char *detail = t->detail[0] ? t->detail : curl_easy_strerror(code);
    detail = text_printable(pool, span_str(detail));
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].code == code)
            return err_set(err, faults[i].kind, "%s: %s (%s)", shown, faults[i].text, detail);
    return err_set(err, ERR_NETWORK, "%s: %s; try again, or look into the server's log", shown, detail);
}
