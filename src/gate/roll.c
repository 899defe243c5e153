#include "gate/roll.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/keypair.h"
#include "gate/sp.h"

const char *const roll_names[] = {[ROLL_MAKE] = "next", [ROLL_SWITCH] = "current", [ROLL_DROP] = "gone"};

struct roll_files roll_files(struct pool *pool, const char *state_dir)
{
    const char *folder = pool_printf(pool, "%s/keys", state_dir);
    return (struct roll_files){.folder = folder,
                               .current = pool_printf(pool, "%s/saml.pem", folder),
                               .next = pool_printf(pool, "%s/saml-next.pem", folder),
                               .old = pool_printf(pool, "%s/saml-old.pem", folder)};
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A link is made or a file written at the step before, which the change of the inode tells. */
static int check_pause(const char *path, bool hurry, int64_t now, struct err *err)
{
    struct stat st;
    char since[CLOCK_TEXT_MAX];
    if (hurry || stat(path, &st) != 0 || st.st_ctim.tv_sec + ROLL_PAUSE <= now)
        return 0;
    return err_set(err, ERR_GATE,
                   "%s: the step before was made at %s, and identity providers may not have our new metadata yet; wait a "
                   "day, or give --yes when they have it",
                   path, clock_format(st.st_ctim.tv_sec, since));
}

/* The old one keeps a name of its own first, and the next one takes the place in one go. */
static int exchange(const struct roll_files *files, struct err *err)
{
    if (!same_file(files->current, files->old) && link(files->current, files->old) != 0)
        return err_errno(err, ERR_STORE, "%s", files->old);
    return rename(files->next, files->current) == 0 ? 0 : err_errno(err, ERR_STORE, "%s", files->current);
}

static int take_step(const struct roll_files *files, enum roll_step step, int64_t now, struct err *err)
{
    switch (step) {
    case ROLL_MAKE:
        return keypair_make(files->next, "Doorward", KEYPAIR_RSA_BITS, SP_KEY_DAYS, now, err);
    case ROLL_SWITCH:
        return exchange(files, err);
    case ROLL_DROP:
        break;
    }
    return unlink(files->old) == 0 ? 0 : err_errno(err, ERR_STORE, "%s", files->old);
}

int roll_key(const struct conf *conf, const char *state_dir, bool hurry, int64_t now, enum roll_step *ret, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct roll_files files = roll_files(pool, state_dir);
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    if (conf_count(organization, "key-file"))
        return err_set(err, ERR_USAGE,
                       "%s: the keys are those of the key-file lines; add the new one behind, later put it first, and "
                       "later take the old one out",
                       conf_where_key(organization, "key-file", 0));
    if (!is_there(files.current))
        return err_set(err, ERR_USAGE, "%s: there is no key yet; \"doorward sso metadata\" makes it", files.current);
    enum roll_step step = is_there(files.next) ? ROLL_SWITCH : is_there(files.old) ? ROLL_DROP : ROLL_MAKE;
    if ((step != ROLL_MAKE && check_pause(step == ROLL_SWITCH ? files.next : files.old, hurry, now, err) != 0) ||
        take_step(&files, step, now, err) != 0)
        return -1;
    *ret = step;
    return 0;
}
