#include "web/limit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define SETS   2048
#define WAYS   8
#define MINUTE 60.0

/* A bucket is the moment when it will be full again. */
struct bucket {
    uint64_t client;
    double full_at;
};

struct limit {
    pthread_mutex_t lock;
    unsigned char secret[16]; /* so that nobody can choose addresses that share a set */
    struct bucket buckets[SETS][WAYS];
};

struct limit *limit_new(void)
{
    struct limit *limit = mem_zero(sizeof *limit);
    pthread_mutex_init(&limit->lock, NULL);
    random_bytes(limit->secret, sizeof limit->secret);
    return limit;
}

void limit_free(struct limit **limit)
{
    if (!*limit)
        return;
    pthread_mutex_destroy(&(*limit)->lock);
    free(*limit);
    *limit = NULL;
}

/* The bytes that make a client, of an address; 0: nobody's. */
static size_t client_of(const char *address, unsigned char ret[static 16])
{
    if (inet_pton(AF_INET, address, ret) == 1)
        return 4;
    return inet_pton(AF_INET6, address, ret) == 1 ? 8 : 0;
}

static uint64_t key_of(const struct limit *limit, const char *kind, const unsigned char *client, size_t n)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    digest_start(digest);
    digest_add(digest, limit->secret, sizeof limit->secret);
    digest_field(digest, span_str(kind));
    digest_field(digest, (struct span){(const char *)client, n});
    struct key128 key = digest_key(digest);
    uint64_t first;
    memcpy(&first, &key, sizeof first);
    return first;
}

/* The client's own, else the one that is missed least. */
static struct bucket *find(struct limit *limit, uint64_t client, double now)
{
    struct bucket *set = limit->buckets[client % SETS], *best = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].client == client)
            return &set[i];
        if (set[i].full_at < best->full_at)
            best = &set[i];
    }
    *best = (struct bucket){.client = client, .full_at = now};
    return best;
}

unsigned limit_take(struct limit *limit, const char *kind, const char *client, int64_t per_minute, double now)
{
    unsigned char bytes[16];
    size_t n = client_of(client, bytes);
    if (n == 0 || per_minute <= 0)
        return 0;
    uint64_t key = key_of(limit, kind, bytes, n);
    pthread_mutex_lock(&limit->lock);
    struct bucket *bucket = find(limit, key, now);
    double full_at = (bucket->full_at > now ? bucket->full_at : now) + MINUTE / (double)per_minute;
    bool may = full_at - now <= MINUTE + 1e-6;
    if (may)
        bucket->full_at = full_at;
    pthread_mutex_unlock(&limit->lock);
    return may ? 0 : (unsigned)(full_at - now - MINUTE) + 1;
}
