#include "cli/saved.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/file.h"

DEFINE_CLEANUP(json_free, json_t *, json_decref)

#define DIGEST_KEY ",\"digest\":\""
#define TAIL_LEN   (sizeof DIGEST_KEY - 1 + DIGEST_HEX_MAX - 1 + sizeof "\"}\n" - 1)

int saved_write(const char *path, struct buf *document, struct err *err)
{
    /* The document ends in "}" and a newline, which the digest goes before. */
    if (document->len < 2)
        return err_set(err, ERR_FAILED, "%s: there is no plan to save", path);
    document->len -= 2;
    char digest[DIGEST_HEX_MAX];
    digest_hex_of(document->data, document->len, digest);
    buf_printf(document, DIGEST_KEY "%s\"}\n", digest);
    return file_replace(path, document->data, document->len, 0600, err);
}

static int refuse(const char *path, const char *fault, struct err *err)
{
    return err_set(err, ERR_INPUT, "saved plan %s: %s; make it anew with doorward plan -o", path, fault);
}

static int check_digest(const char *path, const struct buf *data, struct err *err)
{
    if (data->len < TAIL_LEN)
        return refuse(path, "not a saved plan", err);
    const char *tail = data->data + data->len - TAIL_LEN;
    char digest[DIGEST_HEX_MAX], expected[TAIL_LEN + 1];
    digest_hex_of(data->data, data->len - TAIL_LEN, digest);
    snprintf(expected, sizeof expected, DIGEST_KEY "%s\"}\n", digest);
    if (memcmp(tail, DIGEST_KEY, sizeof DIGEST_KEY - 1) != 0)
        return refuse(path, "not a saved plan, or cut off", err);
    return memcmp(tail, expected, TAIL_LEN) == 0 ? 0 : refuse(path, "it was changed after it was saved", err);
}

static int unpack(const char *path, json_t *j, struct pool *pool, struct saved *ret, struct err *err)
{
    const char *format, *id, *team, *made_at, *configuration, *drift;
    json_int_t mirror, last_run, guarded;
    if (json_unpack(j, "{s:s, s:s, s:s, s:s, s:{s:s, s:I, s:I, s:s, s:I}}", "format", &format, "id", &id, "team", &team,
                    "made_at", &made_at, "state", "configuration", &configuration, "mirror", &mirror, "last_run",
                    &last_run, "drift", &drift, "guarded", &guarded) != 0 ||
        strcmp(format, "doorward-plan/1") != 0 || strlen(configuration) >= DIGEST_HEX_MAX ||
        strlen(drift) >= DIGEST_HEX_MAX)
        return refuse(path, "not a plan of this version", err);
    *ret = (struct saved){.path = path,
                          .id = pool_strdup(pool, id),
                          .team = pool_strdup(pool, team),
                          .made_at = pool_strdup(pool, made_at),
                          .state = {.mirror = mirror, .last_run = last_run},
                          .guarded = guarded};
    memcpy(ret->state.configuration, configuration, strlen(configuration) + 1);
    memcpy(ret->state.drift, drift, strlen(drift) + 1);
    return 0;
}

int saved_read(const char *path, struct pool *pool, struct saved *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    if (file_read(path, SAVED_MAX, &data, err) != 0 || check_digest(path, &data, err) != 0)
        return -1;
    json_error_t fault;
    CLEANUP(json_free) json_t *j = json_loadb(data.data, data.len, JSON_REJECT_DUPLICATES, &fault);
    return j ? unpack(path, j, pool, ret, err) : refuse(path, "not JSON", err);
}

int saved_compare(const struct saved *saved, const struct saved_state *now, const char *directory, struct err *err)
{
    if (strcmp(saved->state.configuration, now->configuration) != 0)
        return err_set(err, ERR_STALE, "saved plan %s, made at %s, is out of date: the configuration changed since",
                       saved->path, saved->made_at);
    if (saved->state.mirror != now->mirror)
        return err_set(err, ERR_STALE, "saved plan %s, made at %s, is out of date: directory %s changed since",
                       saved->path, saved->made_at, directory);
    if (saved->state.last_run != now->last_run)
        return err_set(err, ERR_STALE,
                       "saved plan %s, made at %s, is out of date: the platform changed since, by run %" PRId64,
                       saved->path, saved->made_at, now->last_run);
    if (strcmp(saved->state.drift, now->drift) != 0)
        return err_set(err, ERR_STALE,
                       "saved plan %s, made at %s, is out of date: what is on the platform was changed by others since",
                       saved->path, saved->made_at);
    return 0;
}
