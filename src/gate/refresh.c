#include "gate/refresh.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "gate/idp.h"
#include "net/fetch.h"
#include "saml/base64.h"
#include "saml/saml.h"

#define SECONDS    30 /* for one document */
#define PEM_MAX    (64 * 1024)
#define SIGNERS    8
#define STATUS_MAX (64 * 1024)

/* --- what a look means ------------------------------------------------------------------------------------------------ */

static const struct saml_key *new_key(const struct saml_idp *present, const struct saml_idp *fetched)
{
    for (size_t i = 0; i < fetched->nkeys; i++) {
        bool known = false;
        for (size_t k = 0; k < present->nkeys; k++)
            known |= strcmp(fetched->keys[i].cert.fingerprint, present->keys[k].cert.fingerprint) == 0;
        if (!known)
            return &fetched->keys[i];
    }
    return NULL;
}

/* NULL: it says nothing new about whom to trust. */
static const char *new_trust(const struct saml_idp *present, const struct saml_idp *fetched, struct pool *pool)
{
    if (!present)
        return pool_printf(pool, "it is the first one: entity id '%s', certificate '%s', SHA-256 fingerprint %s",
                           text_printable(pool, span_str(fetched->entity_id)), fetched->keys[0].cert.subject,
                           fetched->keys[0].cert.fingerprint);
    if (strcmp(present->entity_id, fetched->entity_id) != 0)
        return pool_printf(pool, "another entity id, '%s' instead of '%s'",
                           text_printable(pool, span_str(fetched->entity_id)),
                           text_printable(pool, span_str(present->entity_id)));
    const struct saml_key *key = new_key(present, fetched);
    return key ? pool_printf(pool, "a new signing certificate '%s', SHA-256 fingerprint %s", key->cert.subject,
                             key->cert.fingerprint)
               : NULL;
}

static const char *older(const struct saml_idp *present, const struct saml_idp *fetched, const char *const *seen, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(seen[i], fetched->digest) == 0)
            return "it is a document that counted before and was replaced since";
    if (present && present->valid_until && fetched->valid_until && fetched->valid_until < present->valid_until)
        return "it is an older document: its validUntil is earlier than that of the present one";
    return NULL;
}

enum refresh_verdict refresh_judge(const struct saml_idp *present, const struct saml_idp *fetched, bool pinned,
                                   const char *const *seen, size_t nseen, struct pool *pool, const char **ret_why)
{
    if (present && strcmp(present->digest, fetched->digest) == 0)
        return REFRESH_SAME;
    *ret_why = older(present, fetched, seen, nseen);
    if (*ret_why)
        return REFRESH_OLD;
    if (present && present->valid_until && !fetched->valid_until)
        *ret_why = "it does not say any more until when it is valid (validUntil), so that an older one could not be told from it";
    else if (!pinned)
        *ret_why = new_trust(present, fetched, pool);
    return *ret_why ? REFRESH_ASK : REFRESH_TAKE;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

/* One connection's place. */
struct place {
    struct pool *pool;
    const struct conf_section *connection;
    const char *folder, *xml, *pending, *status;
};

static struct place place_of(const char *state_dir, const struct conf_section *connection, struct pool *pool)
{
    const char *folder = pool_printf(pool, "%s/metadata", state_dir), *name = conf_name(connection);
    return (struct place){.pool = pool,
                          .connection = connection,
                          .folder = folder,
                          .xml = pool_printf(pool, "%s/%s.xml", folder, name),
                          .pending = pool_printf(pool, "%s/%s.waiting", folder, name),
                          .status = pool_printf(pool, "%s/%s.json", folder, name)};
}

/* A new object when there is none, or none that can be read: only what is shown and known from before is lost. */
static json_t *load_status(const struct place *place)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct err ignored = ERR_INIT;
    json_t *status = NULL;
    if (file_read(place->status, STATUS_MAX, &data, &ignored) == 0)
        status = json_loadb(buf_str(&data), data.len, 0, NULL);
    if (json_is_object(status))
        return status;
    json_decref(status);
    return json_object();
}

static int keep_status(const struct place *place, const json_t *status, struct err *err)
{
    char *text = json_dumps(status, JSON_INDENT(1));
    int r = text ? file_replace(place->status, text, strlen(text), 0600, err)
                 : err_set(err, ERR_FAILED, "%s: cannot be written", place->status);
    free(text);
    return r;
}

static const char *text_of(const json_t *status, const char *key, struct pool *pool)
{
    const char *text = json_string_value(json_object_get(status, key));
    return text ? pool_strdup(pool, text) : "";
}

static void read_status(const json_t *status, struct pool *pool, struct refresh *ret)
{
    *ret = (struct refresh){.looked_at = json_integer_value(json_object_get(status, "looked_at")),
                            .taken_at = json_integer_value(json_object_get(status, "taken_at")),
                            .trouble = text_of(status, "trouble", pool),
                            .pending = text_of(status, "pending", pool),
                            .why = text_of(status, "why", pool)};
}

void refresh_read(const char *state_dir, const struct conf_section *connection, struct pool *pool, struct refresh *ret)
{
    struct place place = place_of(state_dir, connection, pool);
    json_t *status = load_status(&place);
    read_status(status, pool, ret);
    json_decref(status);
}

const char *refresh_trouble(const char *state_dir, const struct conf_section *connection, struct pool *pool)
{
    struct refresh how;
    char when[CLOCK_TEXT_MAX];
    refresh_read(state_dir, connection, pool, &how);
    if (*how.trouble)
        return pool_printf(pool, "metadata: %s (last look at %s)", how.trouble, clock_format(how.looked_at, when));
    if (*how.pending)
        return pool_printf(pool, "metadata waits for your word: %s; run: doorward sso accept %s %.12s", how.why,
                           conf_name(connection), how.pending);
    return NULL;
}

static size_t seen_of(const json_t *status, const char **ret)
{
    const json_t *seen = json_object_get(status, "seen");
    size_t n = json_array_size(seen);
    for (size_t i = 0; i < n && i < REFRESH_SEEN_MAX; i++) {
        const char *digest = json_string_value(json_array_get(seen, i));
        ret[i] = digest ? digest : "";
    }
    return n < REFRESH_SEEN_MAX ? n : REFRESH_SEEN_MAX;
}

static void note_seen(json_t *status, const char *digest)
{
    json_t *seen = json_object_get(status, "seen");
    if (!json_is_array(seen)) {
        seen = json_array();
        json_object_set_new(status, "seen", seen);
    }
    json_array_append_new(seen, json_string(digest));
    while (json_array_size(seen) > REFRESH_SEEN_MAX)
        json_array_remove(seen, 0);
}

static void forget_pending(const struct place *place, json_t *status)
{
    unlink(place->pending);
    json_object_del(status, "pending");
    json_object_del(status, "why");
}

/* What counts now, even when its time is over: its keys are those that were trusted. NULL: nothing, or unreadable. */
static struct saml_idp *present_of(const struct place *place)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct saml_idp *idp = NULL;
    struct err ignored = ERR_INIT;
    if (file_read(place->xml, SAML_METADATA_MAX, &data, &ignored) != 0 ||
        metadata_read((struct span){data.data, data.len}, 0, &idp, NULL, &ignored) != 0)
        return NULL;
    return idp;
}

static int take(const struct place *place, const struct buf *data, const struct saml_idp *present, int64_t now,
                json_t *status, struct err *err)
{
    if (file_replace(place->xml, data->data, data->len, 0600, err) != 0)
        return -1;
    if (present)
        note_seen(status, present->digest);
    json_object_set_new(status, "taken_at", json_integer(now));
    forget_pending(place, status);
    return 0;
}

/* --- looking ---------------------------------------------------------------------------------------------------------- */

struct signers {
    struct saml_key keys[SIGNERS];
    size_t n;
};

static void signers_release(struct signers *signers)
{
    for (size_t i = 0; i < signers->n; i++)
        saml_key_release(&signers->keys[i]);
}

static int add_signer(struct span base64, int64_t now, struct signers *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf der = BUF_INIT;
    struct saml_key *key = &ret->keys[ret->n];
    if (ret->n == SIGNERS || saml_base64_decode(base64, &der) != 0)
        return err_set(err, ERR_CONFIG, "not PEM, or more than %d certificates", SIGNERS);
    if (saml_key_open((struct span){der.data, der.len}, key, err) != 0)
        return -1;
    ret->n++;
    if (key->cert.not_before <= now && now <= key->cert.not_after)
        return 0;
    return err_set(err, ERR_CONFIG, "the certificate '%s' is not valid now", key->cert.subject);
}

static int read_signers(const char *path, int64_t now, struct signers *ret, struct err *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    CLEANUP(buf_release) struct buf pem = BUF_INIT;
    if (file_read(path, PEM_MAX, &pem, err) != 0)
        return -1;
    const char *stop, *at = strstr(buf_str(&pem), begin);
    for (; at; at = strstr(stop, begin)) {
        at += sizeof begin - 1;
        stop = strstr(at, end);
        if (!stop)
            return err_set(err, ERR_CONFIG, "%s: a certificate without its end", path);
        if (add_signer((struct span){at, (size_t)(stop - at)}, now, ret, err) != 0)
            return err_wrap(err, "%s", path);
    }
    return ret->n ? 0 : err_set(err, ERR_CONFIG, "%s: no certificate in PEM", path);
}

static int fetch(const struct conf_section *connection, struct buf *ret, struct err *err)
{
    CLEANUP(fetch_release) struct fetch_reply reply = FETCH_REPLY_INIT;
    const char *url = conf_str(connection, "metadata-url");
    /* The address is the administrator's, and identity providers stand inside. */
    const struct fetch_policy policy = {.ca_file = conf_str(connection, "metadata-ca-file"),
                                        .allow_private = true,
                                        .no_redirects = true,
                                        .timeout = SECONDS,
                                        .max_bytes = SAML_METADATA_MAX};
    if (fetch_get(&policy, url, &reply, err) != 0)
        return -1;
    if (reply.status != 200)
        return err_set(err, ERR_REFUSED, "%s: the server answers with status %ld; write the address of the metadata", url,
                       reply.status);
    buf_add(ret, buf_str(&reply.body), reply.body.len);
    return 0;
}

static int obtain(const struct conf_section *connection, int64_t now, struct buf *ret_data, struct saml_idp **ret,
                  struct err *err)
{
    CLEANUP(signers_release) struct signers signers = {.n = 0};
    const char *signer = conf_str(connection, "metadata-signer-file");
    if (saml_init(err) != 0 || (signer && read_signers(signer, now, &signers, err) != 0) ||
        fetch(connection, ret_data, err) != 0)
        return -1;
    struct span document = {ret_data->data, ret_data->len};
    return signer ? metadata_read_signed(document, now, signers.keys, signers.n, ret, err)
                  : metadata_read(document, now, ret, NULL, err);
}

static int let_wait(const struct place *place, const struct buf *data, const struct saml_idp *fetched, const char *why,
                    json_t *status, struct err *err)
{
    if (file_replace(place->pending, data->data, data->len, 0600, err) != 0)
        return -1;
    json_object_set_new(status, "pending", json_string(fetched->digest));
    json_object_set_new(status, "why", json_string(why));
    return 0;
}

static int act(const struct place *place, const struct buf *data, const struct saml_idp *fetched, int64_t now,
               json_t *status, bool *ret_changed, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *present = present_of(place);
    const char *seen[REFRESH_SEEN_MAX], *why = NULL;
    bool pinned = conf_str(place->connection, "metadata-signer-file") != NULL;
    size_t n = seen_of(status, seen);
    switch (refresh_judge(present, fetched, pinned, seen, n, place->pool, &why)) {
    case REFRESH_SAME:
        forget_pending(place, status);
        return 0;
    case REFRESH_TAKE:
        *ret_changed = true;
        return take(place, data, present, now, status, err);
    case REFRESH_OLD:
        if (pinned)
            break;
        return let_wait(place, data, fetched, why, status, err);
    case REFRESH_ASK:
        return let_wait(place, data, fetched, why, status, err);
    }
    json_object_set_new(status, "trouble", json_string(why)); /* an old document that was signed once is a replay */
    return 0;
}

static int make_folder(const char *folder, struct err *err)
{
    return mkdir(folder, 0700) == 0 || errno == EEXIST
               ? 0
               : err_errno(err, ERR_STORE, "%s: the folder for metadata cannot be made", folder);
}

int refresh_look(const char *state_dir, const struct conf_section *connection, int64_t now, struct pool *pool,
                 struct refresh *ret, bool *ret_changed, struct err *err)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    CLEANUP(metadata_free) struct saml_idp *fetched = NULL;
    struct place place = place_of(state_dir, connection, pool);
    struct err trouble = ERR_INIT;
    *ret_changed = false;
    if (make_folder(place.folder, err) != 0)
        return -1;
    json_t *status = load_status(&place);
    json_object_set_new(status, "looked_at", json_integer(now));
    json_object_del(status, "trouble");
    int r = 0;
    if (obtain(connection, now, &data, &fetched, &trouble) != 0)
        json_object_set_new(status, "trouble", json_string(trouble.text));
    else
        r = act(&place, &data, fetched, now, status, ret_changed, err);
    if (r == 0)
        r = keep_status(&place, status, err);
    read_status(status, pool, ret);
    json_decref(status);
    return r;
}

/* --- an administrator's word ------------------------------------------------------------------------------------------- */

static int accept_pending(const struct place *place, const char *word, int64_t now, json_t *status,
                          struct saml_idp **ret, struct err *err)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    CLEANUP(metadata_free) struct saml_idp *present = NULL, *idp = NULL;
    const char *pending = text_of(status, "pending", place->pool), *name = conf_name(place->connection);
    size_t n = strlen(word);
    if (!*pending)
        return err_set(err, ERR_USAGE, "connection %s: no metadata waits for a word", name);
    if (n < REFRESH_WORD_LEAST || strncmp(pending, word, n) != 0)
        return err_set(err, ERR_USAGE,
                       "connection %s: '%.80s' is not how the document that waits begins; look at: doorward sso list",
                       name, word);
    if (saml_init(err) != 0 || file_read(place->pending, SAML_METADATA_MAX, &data, err) != 0 ||
        metadata_read((struct span){data.data, data.len}, now, &idp, NULL, err) != 0)
        return err_wrap(err, "connection %s", name);
    if (strcmp(idp->digest, pending) != 0)
        return err_set(err, ERR_STORE, "%s: changed since it was fetched; run: doorward sso refresh %s", place->pending,
                       name);
    present = present_of(place);
    if (take(place, &data, present, now, status, err) != 0)
        return -1;
    *ret = TAKE(idp);
    return 0;
}

int refresh_accept(const char *state_dir, const struct conf_section *connection, const char *word, int64_t now,
                   struct saml_idp **ret, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct place place = place_of(state_dir, connection, pool);
    json_t *status = load_status(&place);
    int r = accept_pending(&place, word, now, status, ret, err);
    if (r == 0)
        r = keep_status(&place, status, err);
    json_decref(status);
    return r;
}
