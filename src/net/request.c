#include "net/request.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define FORM_BUFFER 1024 /* bytes that the form's parser keeps */

DEFINE_CLEANUP(post_processorp, struct MHD_PostProcessor *, MHD_destroy_post_processor)

/* Printable ASCII, in which each "%" begins an octet that is not NUL (RFC 3986, 2.1): others read "%00" as an end, or "%zz" as they like. */
static bool uri_is_clean(const char *uri)
{
    for (; *uri; uri++) {
        if (*uri <= ' ' || *uri > '~')
            return false;
        if (*uri == '%' && (!isxdigit((unsigned char)uri[1]) || !isxdigit((unsigned char)uri[2]) ||
                            (uri[1] == '0' && uri[2] == '0')))
            return false;
    }
    return true;
}

struct request *request_new(const char *uri)
{
    struct request *r = mem_zero(sizeof *r);
    r->pool = pool_new();
    r->clean = uri_is_clean(uri);
    r->began = clock_monotonic();
    const char *mark = strchr(uri, '?');
    r->query = span_str(mark ? pool_strdup(r->pool, mark + 1) : "");
    return r;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    if (request->bodies)
        atomic_fetch_sub(request->bodies, request->body.len);
    buf_release(&request->body);
    pool_free(&request->pool);
    free(request);
}

struct pool *request_pool(const struct request *r)
{
    return r->pool;
}

const char *request_method(const struct request *r)
{
    return r->method;
}

const char *request_path(const struct request *r)
{
    return r->path;
}

struct span request_query(const struct request *r)
{
    return r->query;
}

struct span request_body(const struct request *r)
{
    return (struct span){buf_str(&r->body), r->body.len};
}

bool request_is_tls(const struct request *r)
{
    return r->tls;
}

bool request_is_too_large(const struct request *r)
{
    return r->too_large;
}

bool request_is_unread(const struct request *r)
{
    return r->unread;
}

const char *request_peer(const struct request *r)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[NI_MAXHOST];
    const struct sockaddr *address = info ? info->client_addr : NULL;
    socklen_t n = address && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!address || getnameinfo(address, n, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return "";
    return pool_strdup(r->pool, text);
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

struct lines {
    const char *name;
    struct buf all;
    bool any;
};

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct lines *lines = ctx;
    (void)kind;
    if (strcasecmp(key, lines->name) != 0)
        return MHD_YES;
    buf_printf(&lines->all, "%s%s", lines->any ? ", " : "", value ? value : "");
    lines->any = true;
    return MHD_YES;
}

const char *request_header_lines(const struct request *r, const char *name)
{
    struct lines lines = {.name = name};
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header, &lines);
    const char *all = lines.any ? pool_strdup(r->pool, buf_str(&lines.all)) : NULL;
    buf_release(&lines.all);
    return all;
}

const char *request_cookie(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
}

/* --- parameters --------------------------------------------------------------------------------------------------- */

struct search {
    const char *name;
    struct buf value;
    int found; /* times */
    size_t values;
};

static int verdict_octets(const struct request *r, struct search *s, struct span *ret)
{
    bool good = s->found == 1 && s->values <= SERVER_VALUES_MAX;
    if (good)
        *ret = (struct span){pool_strndup(r->pool, buf_str(&s->value), s->value.len), s->value.len};
    buf_release(&s->value);
    return s->found == 0 && s->values <= SERVER_VALUES_MAX ? 0 : good ? 1 : -1;
}

static int verdict(const struct request *r, struct search *s, const char **ret)
{
    struct span value = {0};
    int found = verdict_octets(r, s, &value);
    if (found == 1 && (memchr(value.p, '\0', value.n) || !text_is_clean(value)))
        return -1;
    if (found == 1)
        *ret = value.p;
    return found;
}

static enum MHD_Result on_param(void *ctx, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                                size_t n)
{
    struct search *s = ctx;
    (void)kind;
    s->values++;
    if (key_size != strlen(s->name) || memcmp(key, s->name, key_size) != 0)
        return MHD_YES;
    if (s->found++ == 0 && value)
        buf_add(&s->value, value, n);
    return MHD_YES;
}

int request_param(const struct request *r, const char *name, const char **ret)
{
    struct search s = {.name = name};
    MHD_get_connection_values_n(r->connection, MHD_GET_ARGUMENT_KIND, on_param, &s);
    return verdict(r, &s, ret);
}

/* Long values come in pieces: offset says where a piece belongs, and 0 begins a value. */
static enum MHD_Result on_field(void *ctx, enum MHD_ValueKind kind, const char *key, const char *filename,
                                const char *type, const char *encoding, const char *data, uint64_t offset, size_t n)
{
    struct search *s = ctx;
    (void)kind, (void)filename, (void)type, (void)encoding;
    s->values += offset == 0;
    if (strcmp(key, s->name) != 0)
        return MHD_YES;
    s->found += offset == 0;
    if (s->found == 1 && n)
        buf_add(&s->value, data, n);
    return MHD_YES;
}

/* false: the body is no form. */
static bool search_form(const struct request *r, struct search *search)
{
    const char *type = request_header(r, "Content-Type");
    if (!type || strncasecmp(type, MHD_HTTP_POST_ENCODING_FORM_URLENCODED,
                             sizeof MHD_HTTP_POST_ENCODING_FORM_URLENCODED - 1) != 0)
        return false;
    CLEANUP(post_processorp)
    struct MHD_PostProcessor *form = MHD_create_post_processor(r->connection, FORM_BUFFER, on_field, search);
    if (!form || (r->body.len && MHD_post_process(form, r->body.data, r->body.len) != MHD_YES))
        search->values = SERVER_VALUES_MAX + 1; /* not such a form */
    if (form && MHD_destroy_post_processor(TAKE(form)) != MHD_YES)
        search->values = SERVER_VALUES_MAX + 1;
    return true;
}

int request_field(const struct request *r, const char *name, const char **ret)
{
    struct search s = {.name = name};
    return search_form(r, &s) ? verdict(r, &s, ret) : 0;
}

int request_field_octets(const struct request *r, const char *name, struct span *ret)
{
    struct search s = {.name = name};
    return search_form(r, &s) ? verdict_octets(r, &s, ret) : 0;
}

/* --- the response ------------------------------------------------------------------------------------------------- */

void response_header(struct response *response, const char *name, const char *value)
{
    *MEM_PUSH(&response->headers, &response->nheaders, &response->cap) = (struct response_header){name, value};
}
