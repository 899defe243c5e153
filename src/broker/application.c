#include "broker/application.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "broker/jwk.h"

#define SECRET_MAX 4096

struct applications {
    struct application *items;
    size_t n, cap;
};

static int read_secret(const char *path, struct application *ret, struct err *err)
{
    CLEANUP(buf_wipe) struct buf text = BUF_INIT;
    if (file_check_secret(path, err) != 0 || file_read(path, SECRET_MAX, &text, err) != 0)
        return -1;
    size_t n = strcspn(buf_str(&text), "\r\n");
    if (n == 0)
        return err_set(err, ERR_CONFIG, "%s: its first line is empty, and should be the client secret; write it there",
                       path);
    digest_hex_of(text.data, n, ret->secret);
    return 0;
}

static int read_keys(const char *path, bool pem, struct application *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if ((pem ? jwk_read_pem(path, &text, err) : file_read(path, KEYSET_BYTES_MAX, &text, err)) != 0)
        return -1;
    if (keyset_read((struct span){buf_str(&text), text.len}, &ret->keys, err) == 0)
        return 0;
    return err_set(
        err, ERR_CONFIG,
        "%s: no JWK set with a public key that could sign; give one with RSA keys of 2048 bits or more, or EC keys",
        path);
}

static int read_one(const struct conf_section *section, struct application *ret, struct err *err)
{
    const char *secret = conf_str(section, "client-secret-file"), *id = conf_str(section, "client-id");
    const char *pem = conf_str(section, "public-key-file"), *jwks = conf_str(section, "jwks-file");
    *ret =
        (struct application){.section = section, .name = conf_name(section), .client_id = id ? id : conf_name(section)};
    ret->auth = secret ? APPLICATION_SECRET : pem || jwks ? APPLICATION_KEY : APPLICATION_PUBLIC;
    if (secret)
        return read_secret(secret, ret, err);
    return pem || jwks ? read_keys(pem ? pem : jwks, pem, ret, err) : 0;
}

int applications_read(const struct conf *conf, struct applications **ret, struct err *err)
{
    CLEANUP(applications_free) struct applications *list = mem_zero(sizeof *list);
    for (const struct conf_section *s = conf_next(conf, "application", NULL); s;
         s = conf_next(conf, "application", s)) {
        struct application item;
        if (read_one(s, &item, err) != 0) {
            err->kind = ERR_CONFIG;
            return err_wrap(err, "%s: application %s", conf_where(s), conf_name(s));
        }
        const struct application *other = applications_find(list, item.client_id);
        *MEM_PUSH(&list->items, &list->n, &list->cap) = item;
        if (other)
            return err_set(err, ERR_CONFIG,
                           "%s: application %s: client-id '%s' is another application's; write another",
                           conf_where_key(s, "client-id", 0), conf_name(s), item.client_id);
    }
    *ret = TAKE(list);
    return 0;
}

void applications_free(struct applications **list)
{
    if (!*list)
        return;
    for (size_t i = 0; i < (*list)->n; i++)
        keyset_free(&(*list)->items[i].keys);
    free((*list)->items);
    free(*list);
    *list = NULL;
}

const struct application *applications_find(const struct applications *list, const char *client_id)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].client_id, client_id) == 0)
            return &list->items[i];
    return NULL;
}

const struct application *applications_named(const struct applications *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

bool application_redirects_to(const struct application *application, const char *uri)
{
    for (size_t i = 0; i < conf_count(application->section, "redirect-uri"); i++)
        if (strcmp(conf_at(application->section, "redirect-uri", i), uri) == 0)
            return true;
    return false;
}

const struct conf_section *application_section(const struct conf *conf, const char *client_id)
{
    for (const struct conf_section *s = conf_next(conf, "application", NULL); s;
         s = conf_next(conf, "application", s)) {
        const char *id = conf_str(s, "client-id");
        if (strcmp(id ? id : conf_name(s), client_id) == 0)
            return s;
    }
    return NULL;
}
