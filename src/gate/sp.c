#include "gate/sp.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "gate/roll.h"

int sp_names(const struct conf *conf, const struct conf_section *connection, struct pool *pool, struct sp *ret,
             struct err *err)
{
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    const char *url = conf_str(organization, "url"), *name = conf_name(connection);
    if (!url)
        return err_set(
            err, ERR_CONFIG,
            "%s: organization: url is missing, and our name and our addresses towards identity providers are "
            "made from it; write url = https://…",
            conf_where(organization));
    ret->entity_id = pool_printf(pool, "%s/saml/metadata/%s", url, name);
    ret->acs_url = pool_printf(pool, "%s/saml/acs/%s", url, name);
    ret->slo_url = pool_printf(pool, "%s/saml/slo/%s", url, name);
    return 0;
}

static int add_key(struct sp *sp, const char *path, struct err *err)
{
    struct keypair *pair = NULL;
    if (sp->nkeys == SP_KEYS_MAX)
        return err_set(err, ERR_CONFIG, "%s: more than %d keys; take out those that are no longer used", path,
                       SP_KEYS_MAX);
    if (keypair_read(path, &pair, err) != 0)
        return -1;
    sp->keys[sp->nkeys++] = pair;
    return 0;
}

/* While one key is exchanged for another there are two. */
static int add_if_there(struct sp *sp, const char *path, struct err *err)
{
    return access(path, F_OK) == 0 ? add_key(sp, path, err) : 0;
}

static int made_key(const char *state_dir, bool make, int64_t now, struct sp *ret, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct roll_files files = roll_files(pool, state_dir);
    if (access(files.current, F_OK) != 0) {
        if (!make)
            return 0;
        if (mkdir(files.folder, 0700) != 0 && errno != EEXIST)
            return err_errno(err, ERR_STORE, "%s: the folder for our key cannot be made", files.folder);
        if (keypair_make(files.current, "Doorward", KEYPAIR_RSA_BITS, SP_KEY_DAYS, now, err) != 0)
            return -1;
    }
    return add_key(ret, files.current, err) != 0 || add_if_there(ret, files.next, err) != 0 ||
                   add_if_there(ret, files.old, err) != 0
               ? -1
               : 0;
}

int sp_keys(const struct conf *conf, const char *state_dir, bool make, int64_t now, struct sp *ret, struct err *err)
{
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    size_t n = conf_count(organization, "key-file");
    for (size_t i = 0; i < n; i++)
        if (add_key(ret, conf_at(organization, "key-file", i), err) != 0)
            return err_wrap(err, "%s", conf_where_key(organization, "key-file", i));
    return n ? 0 : made_key(state_dir, make, now, ret, err);
}

void sp_release(struct sp *sp)
{
    for (size_t i = 0; i < sp->nkeys; i++) {
        struct keypair *pair = (struct keypair *)sp->keys[i];
        keypair_free(&pair);
    }
    sp->nkeys = 0;
}

int sp_metadata(const struct conf *conf, const struct sp *sp, int64_t now, struct buf *ret, struct err *err)
{
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    const struct saml_sp self = {.entity_id = sp->entity_id,
                                 .acs_url = sp->acs_url,
                                 .slo_url = sp->slo_url,
                                 .organization = conf_str(organization, "name"),
                                 .contact = conf_str(organization, "contact"),
                                 .keys = sp->keys,
                                 .nkeys = sp->nkeys,
                                 .now = now,
                                 .valid_days = SP_METADATA_DAYS};
    return saml_sp_metadata(&self, ret, err);
}
