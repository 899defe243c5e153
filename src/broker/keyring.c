#include "broker/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "broker/jwk.h"
#include "crypto/keypair.h"
#include "crypto/random.h"
#include "oidc/compact.h"

#define RSA_BITS     2048 /* a key for months; each ID token costs a signature */
#define CERT_DAYS    3650 /* nobody looks at the certificate: keys are over by their age */
#define KEYS_MAX     64
#define FILE_PATTERN "app-%5[A-Z0-9]-%19[0-9].pem"

DEFINE_CLEANUP(dirp, DIR *, closedir)

static const char *const algorithms[] = {"RS256", "ES256"};
#define NALGORITHMS (sizeof algorithms / sizeof *algorithms)

struct ring_key {
    struct keypair *pair; /* NULL until it is read */
    size_t algorithm;
    int64_t made, signs_from;
    bool over;
    char kid[JWK_KID_SIZE];
    char *jwk;
};

struct keyring {
    char *folder;
    int64_t rotation, due;
    struct ring_key keys[KEYS_MAX]; /* by algorithm, then by age, the oldest first */
    size_t n;
    char salt[KEYRING_SALT];
};

/* --- the files ------------------------------------------------------------------------------------------------------- */

static char *path_of(const struct keyring *ring, const struct ring_key *key)
{
    return mem_printf("%s/app-%s-%lld.pem", ring->folder, algorithms[key->algorithm], (long long)key->made);
}

/* Ours, exactly as we write it. */
static bool read_name(const char *name, struct ring_key *ret)
{
    char algorithm[6], digits[20];
    if (sscanf(name, FILE_PATTERN, algorithm, digits) != 2)
        return false;
    for (size_t i = 0; i < NALGORITHMS; i++) {
        if (strcmp(algorithm, algorithms[i]) != 0)
            continue;
        *ret = (struct ring_key){.algorithm = i, .made = strtoll(digits, NULL, 10)};
        CLEANUP(freep) char *again = mem_printf("app-%s-%lld.pem", algorithm, (long long)ret->made);
        return strcmp(again, name) == 0;
    }
    return false;
}

static int by_age(const void *a, const void *b)
{
    const struct ring_key *x = a, *y = b;
    if (x->algorithm != y->algorithm)
        return x->algorithm < y->algorithm ? -1 : 1;
    return (x->made > y->made) - (x->made < y->made);
}

static int list(struct keyring *ring, struct err *err)
{
    CLEANUP(dirp) DIR *dir = opendir(ring->folder);
    if (!dir)
        return err_errno(err, ERR_STORE, "%s: the folder of our keys cannot be read", ring->folder);
    ring->n = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && ring->n < KEYS_MAX;)
        if (read_name(entry->d_name, &ring->keys[ring->n]))
            ring->n++;
    qsort(ring->keys, ring->n, sizeof *ring->keys, by_age);
    return 0;
}

/* --- when ------------------------------------------------------------------------------------------------------------ */

static bool is_first(const struct keyring *ring, size_t i)
{
    return i == 0 || ring->keys[i - 1].algorithm != ring->keys[i].algorithm;
}

static bool is_last(const struct keyring *ring, size_t i)
{
    return i + 1 == ring->n || ring->keys[i + 1].algorithm != ring->keys[i].algorithm;
}

/* The only key of its kind signs at once: there is nothing else to sign with. */
static void plan(struct keyring *ring, int64_t now)
{
    for (size_t i = 0; i < ring->n; i++)
        ring->keys[i].signs_from = ring->keys[i].made + (is_first(ring, i) ? 0 : KEYRING_LEAD);
    ring->due = INT64_MAX;
    for (size_t i = 0; i < ring->n; i++) {
        int64_t end = is_last(ring, i) ? ring->keys[i].signs_from + ring->rotation - KEYRING_LEAD
                                       : ring->keys[i + 1].signs_from + KEYRING_KEEP;
        ring->keys[i].over = !is_last(ring, i) && end <= now;
        ring->due = end < ring->due ? end : ring->due;
    }
}

/* Is there none of this kind, or is the newest one so old that its successor has to be published? */
static bool wants_key(const struct keyring *ring, size_t algorithm, int64_t now)
{
    for (size_t i = 0; i < ring->n; i++)
        if (ring->keys[i].algorithm == algorithm && is_last(ring, i))
            return ring->keys[i].signs_from + ring->rotation - KEYRING_LEAD <= now;
    return true;
}

static int make(const struct keyring *ring, size_t algorithm, int64_t now, struct err *err)
{
    CLEANUP(freep) char *path = path_of(ring, &(struct ring_key){.algorithm = algorithm, .made = now});
    int r = strcmp(algorithms[algorithm], "ES256") == 0 ? keypair_make_ec(path, "Doorward", CERT_DAYS, now, err)
                                                        : keypair_make(path, "Doorward", RSA_BITS, CERT_DAYS, now, err);
    if (r != 0 && err->kind == ERR_CONFLICT) { /* made by another process in this very second */
        err_clear(err);
        return 0;
    }
    return r;
}

static int renew(struct keyring *ring, int64_t now, struct err *err)
{
    if (list(ring, err) != 0)
        return -1;
    plan(ring, now);
    for (size_t i = 0; i < ring->n; i++) {
        CLEANUP(freep) char *path = path_of(ring, &ring->keys[i]);
        if (ring->keys[i].over && unlink(path) != 0 && errno != ENOENT)
            return err_errno(err, ERR_STORE, "%s: a key that is over cannot be taken out", path);
    }
    for (size_t a = 0; a < NALGORITHMS; a++)
        if (wants_key(ring, a, now) && make(ring, a, now, err) != 0)
            return -1;
    if (list(ring, err) != 0)
        return -1;
    plan(ring, now);
    return 0;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static int read_key(const struct keyring *ring, struct ring_key *key, struct err *err)
{
    CLEANUP(freep) char *path = path_of(ring, key);
    CLEANUP(buf_release) struct buf jwk = BUF_INIT;
    if (keypair_read(path, &key->pair, err) != 0)
        return -1;
    const struct cert *cert = keypair_cert(key->pair);
    bool ec = strcmp(algorithms[key->algorithm], "ES256") == 0;
    if (ec != (strcmp(cert->key_name, "EC P-256") == 0) || jwk_of(cert->key, &jwk, key->kid) != 0)
        return err_set(err, ERR_STORE, "%s: its key is %s, and its name says another kind; move the file away", path,
                       cert->key_name);
    key->jwk = mem_printf("%.*s,\"alg\":\"%s\",\"kid\":\"%s\",\"use\":\"sig\"}", (int)jwk.len - 1, jwk.data,
                          algorithms[key->algorithm], key->kid);
    return 0;
}

static int read_salt(struct keyring *ring, struct err *err)
{
    CLEANUP(freep) char *path = mem_printf("%s/app-subjects", ring->folder);
    CLEANUP(buf_wipe) struct buf text = BUF_INIT;
    if (access(path, F_OK) != 0) {
        random_bytes(ring->salt, sizeof ring->salt);
        return file_replace(path, ring->salt, sizeof ring->salt, 0600, err);
    }
    if (file_check_secret(path, err) != 0 || file_read(path, sizeof ring->salt, &text, err) != 0)
        return -1;
    if (text.len != sizeof ring->salt)
        return err_set(
            err, ERR_STORE,
            "%s: it has not %zu bytes; bring the file back from a backup: pairwise subjects are made with it", path,
            sizeof ring->salt);
    memcpy(ring->salt, text.data, sizeof ring->salt);
    return 0;
}

int keyring_open(const char *state_dir, int64_t rotation, int64_t now, struct keyring **ret, struct err *err)
{
    CLEANUP(keyring_free) struct keyring *ring = mem_zero(sizeof *ring);
    ring->folder = mem_printf("%s/keys", state_dir);
    ring->rotation = rotation;
    if (mkdir(ring->folder, 0700) != 0 && errno != EEXIST)
        return err_errno(err, ERR_STORE, "%s: the folder for our keys cannot be made", ring->folder);
    if (renew(ring, now, err) != 0 || read_salt(ring, err) != 0)
        return -1;
    for (size_t i = 0; i < ring->n; i++)
        if (read_key(ring, &ring->keys[i], err) != 0)
            return -1;
    *ret = TAKE(ring);
    return 0;
}

void keyring_free(struct keyring **ring)
{
    if (!*ring)
        return;
    for (size_t i = 0; i < (*ring)->n; i++) {
        keypair_free(&(*ring)->keys[i].pair);
        free((*ring)->keys[i].jwk);
    }
    explicit_bzero((*ring)->salt, sizeof(*ring)->salt);
    free((*ring)->folder);
    free(*ring);
    *ring = NULL;
}

bool keyring_due(const struct keyring *ring, int64_t now)
{
    return now >= ring->due;
}

const char *keyring_salt(const struct keyring *ring)
{
    return ring->salt;
}

/* --- use ------------------------------------------------------------------------------------------------------------- */

void keyring_jwks(const struct keyring *ring, struct buf *ret)
{
    buf_adds(ret, "{\"keys\":[");
    for (size_t i = 0; i < ring->n; i++)
        buf_printf(ret, "%s%s", i ? "," : "", ring->keys[i].jwk);
    buf_adds(ret, "]}");
}

/* The newest that may sign. A clock that was put back leaves the oldest. */
static const struct ring_key *signer(const struct keyring *ring, const char *algorithm, int64_t now)
{
    const struct ring_key *found = NULL;
    for (size_t i = 0; i < ring->n; i++) {
        const struct ring_key *key = &ring->keys[i];
        if (strcmp(algorithms[key->algorithm], algorithm) == 0 && (!found || key->signs_from <= now))
            found = key;
    }
    return found;
}

int keyring_sign(const struct keyring *ring, const char *algorithm, const char *type, const char *claims, int64_t now,
                 struct buf *ret, struct err *err)
{
    const struct ring_key *key = signer(ring, algorithm, now);
    if (!key)
        return err_set(err, ERR_FAILED, "%s: there is no key for %s; restart the server, which makes one", ring->folder,
                       algorithm);
    CLEANUP(freep)
    char *header = mem_printf("{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}", algorithm, type, key->kid);
    return compact_sign(key->pair, header, claims, ret, err);
}
