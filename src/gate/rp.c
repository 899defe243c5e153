#include "gate/rp.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/file.h"

#define SECRET_MAX 4096

int rp_names(const struct conf *conf, const struct conf_section *connection, struct pool *pool, struct rp_names *ret,
             struct err *err)
{
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    const char *url = conf_str(organization, "url"), *name = conf_name(connection);
    if (!url)
        return err_set(err, ERR_CONFIG,
                       "%s: organization: url is missing, and our addresses towards identity providers are made from "
                       "it; write url = https://…",
                       conf_where(organization));
    ret->redirect_uri = pool_printf(pool, "%s/oidc/callback/%s", url, name);
    ret->left_uri = pool_printf(pool, "%s/oidc/signedout/%s", url, name);
    ret->logout_uri = pool_printf(pool, "%s/oidc/logout/%s", url, name);
    return 0;
}

/* --- what we show ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum client_auth bit;
} ways[] = {
    {"client_secret_basic", CLIENT_AUTH_BASIC},
    {"client_secret_post", CLIENT_AUTH_POST},
    {"private_key_jwt", CLIENT_AUTH_KEY},
    {"tls_client_auth", CLIENT_AUTH_TLS},
};

static enum client_auth read_way(const struct conf_section *connection)
{
    const char *word = conf_str(connection, "client-authentication");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(word, ways[i].word) == 0)
            return ways[i].bit;
    return 0;
}

/* Whatever an editor leaves behind the first line is none of it. */
static int read_secret(const char *path, struct buf *ret, struct err *err)
{
    if (file_check_secret(path, err) != 0 || file_read(path, SECRET_MAX, ret, err) != 0)
        return -1;
    size_t n = strcspn(buf_str(ret), "\r\n");
    if (n == 0 || memchr(ret->data, '\0', ret->len))
        return err_set(err, ERR_CONFIG, "%s: there is no client secret in its first line; write it there", path);
    ret->data[n] = '\0';
    return 0;
}

int rp_read(const struct conf_section *connection, struct rp *ret, struct err *err)
{
    const char *secret = conf_str(connection, "client-secret-file"), *key = conf_str(connection, "client-key-file");
    CLEANUP(rp_release) struct rp rp = {.secret = BUF_INIT};
    if ((secret && read_secret(secret, &rp.secret, err) != 0) || (key && keypair_read(key, &rp.key, err) != 0))
        return err_wrap(err, "connection %s", conf_name(connection));
    rp.client = (struct client){.id = conf_str(connection, "client-id"),
                                .secret = secret ? rp.secret.data : NULL,
                                .key = rp.key,
                                .key_file = key,
                                .only = read_way(connection)};
    *ret = rp;
    rp = (struct rp){.secret = BUF_INIT};
    return 0;
}

void rp_release(struct rp *rp)
{
    buf_wipe(&rp->secret);
    keypair_free(&rp->key);
}

/* --- what is registered there --------------------------------------------------------------------------------------------- */

int rp_metadata(const struct conf *conf, const struct conf_section *connection, struct buf *ret, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct rp_names names;
    if (rp_names(conf, connection, pool, &names, err) != 0)
        return -1;
    json_t *metadata = json_pack("{s:s, s:[s], s:[s], s:[s], s:[s], s:s, s:b, s:s, s:b}", "client_name",
                                 conf_str(conf_find(conf, "organization", NULL), "name"), "redirect_uris",
                                 names.redirect_uri, "post_logout_redirect_uris", names.left_uri, "response_types",
                                 "code", "grant_types", "authorization_code", "backchannel_logout_uri",
                                 names.logout_uri, "backchannel_logout_session_required", 1, "frontchannel_logout_uri",
                                 names.logout_uri, "frontchannel_logout_session_required", 1);
    CLEANUP(freep) char *text = json_dumps(metadata, JSON_INDENT(2));
    json_decref(metadata);
    buf_adds(ret, text ? text : "{}");
    return 0;
}
