/*
 * What browsers and proxies say in headers: Accept-Language, and Forwarded or X-Forwarded-For behind proxies that are trusted. No fault of memory; the
 * language is one of ours; the client is an address, and that of whoever connected when that one is not trusted.
 *
 *   build/fuzz/fuzz_headers build/fuzz/corpus/headers tests/data/headers
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/pool.h"
#include "cli/schema.h"
#include "web/language.h"
#include "web/visitor.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_section *serve;

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    static const char text[] = "[organization]\nname = A\n[serve]\ntrusted-proxy = 10.0.0.80\ntrusted-proxy = fd00::80\n";
    static struct conf *conf;
    char path[64];
    struct err err = ERR_INIT;
    int fd = memfd_create("conf", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    require(conf_load(path, schema_get(), &conf, NULL, &err) == 0 && close(fd) == 0);
    serve = conf_find(conf, "serve", NULL);
    return 0;
}

static void check_client(struct pool *pool, const char *peer, const char *header)
{
    unsigned char bytes[16];
    const char *const ways[][2] = {{header, NULL}, {NULL, header}, {header, header}, {header, "192.0.2.1"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *client = visitor_client(serve, pool, peer, ways[i][0], ways[i][1]);
        require(inet_pton(AF_INET, client, bytes) == 1 || inet_pton(AF_INET6, client, bytes) == 1);
        require(strcmp(peer, "192.0.2.80") != 0 || strcmp(client, peer) == 0);
        require(!visitor_is_local(serve, peer, ways[i][0], ways[i][1]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *header = pool_strndup(pool, (const char *)data, size);
    require(language_accepted(header) < LANGUAGES && language_listed(header) <= LANGUAGES);
    check_client(pool, "10.0.0.80", header);
    check_client(pool, "fd00::80", header);
    check_client(pool, "192.0.2.80", header);
    return 0;
}
