#include "gate/idp.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "saml/saml.h"

/* One document that was read, and which file it was. */
struct known {
    char *path;
    struct stat file;
    struct saml_idp *idp;
    struct known *next;
};

/* One for the process, as the files are. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *all;

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A file that is written twice within the clock's grain looks the same: what is that young is read again. */
static bool is_settled(const struct stat *file)
{
    return file->st_ctim.tv_sec + 2 <= clock_now();
}

static struct known **place_of(const char *path)
{
    struct known **at = &all;
    while (*at && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

/* NULL: not known, or another file by now. */
static struct saml_idp *find(const char *path, const struct stat *file)
{
    pthread_mutex_lock(&lock);
    const struct known *known = *place_of(path);
    struct saml_idp *idp = known && same_file(&known->file, file) ? metadata_share(known->idp) : NULL;
    pthread_mutex_unlock(&lock);
    return idp;
}

static void keep(const char *path, const struct stat *file, struct saml_idp *idp)
{
    pthread_mutex_lock(&lock);
    struct known **at = place_of(path);
    if (!*at) {
        *at = mem_zero(sizeof **at);
        (*at)->path = mem_strdup(path);
    }
    metadata_free(&(*at)->idp);
    (*at)->idp = metadata_share(idp);
    (*at)->file = *file;
    pthread_mutex_unlock(&lock);
}

void gate_metadata_forget(void)
{
    pthread_mutex_lock(&lock);
    while (all) {
        struct known *known = all;
        all = known->next;
        metadata_free(&known->idp);
        free(known->path);
        free(known);
    }
    pthread_mutex_unlock(&lock);
}

/* What was read earlier may have ended since. */
static int check_end(const struct saml_idp *idp, int64_t now, struct err *err)
{
    char text[CLOCK_TEXT_MAX];
    if (!idp->valid_until || now < idp->valid_until)
        return 0;
    return err_set(err, ERR_REFUSED,
                   "metadata: it was valid until %s and is no longer; get the identity provider's current metadata",
                   clock_format(idp->valid_until, text));
}

static int read_anew(const char *path, const struct stat *before, bool there, int64_t now, struct saml_idp **ret,
                     struct err *err)
{
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    struct stat after;
    if (saml_init(err) != 0 || file_read(path, SAML_METADATA_MAX, &data, err) != 0 ||
        metadata_read((struct span){data.data, data.len}, now, ret, NULL, err) != 0)
        return -1;
    if (there && is_settled(before) && stat(path, &after) == 0 && same_file(before, &after))
        keep(path, before, *ret);
    return 0;
}

static int obtain(const char *path, int64_t now, struct saml_idp **ret, struct err *err)
{
    struct stat file;
    bool there = stat(path, &file) == 0;
    CLEANUP(metadata_free) struct saml_idp *idp = there ? find(path, &file) : NULL;
    if (!idp)
        return read_anew(path, &file, there, now, ret, err);
    if (check_end(idp, now, err) != 0)
        return -1;
    *ret = TAKE(idp);
    return 0;
}

const char *gate_metadata_path(struct pool *pool, const char *state_dir, const struct conf_section *connection)
{
    const char *path = conf_str(connection, "metadata-file");
    return path ? path : pool_printf(pool, "%s/metadata/%s.xml", state_dir, conf_name(connection));
}

int gate_metadata(const char *state_dir, const struct conf_section *connection, int64_t now, struct saml_idp **ret,
                  struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (obtain(gate_metadata_path(pool, state_dir, connection), now, ret, err) == 0)
        return 0;
    if (err->kind == ERR_NOT_FOUND && !conf_str(connection, "metadata-file"))
        err_set(err, ERR_NOT_FOUND, "its metadata was not taken from %s yet; run: doorward sso refresh %s",
                conf_str(connection, "metadata-url"), conf_name(connection));
    return err_wrap(err, "%s: connection %s", conf_where(connection), conf_name(connection));
}
