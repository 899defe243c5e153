#include "connectors/scim/token.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

/* A growing buffer would leave copies behind: file_read makes room in one piece. */
void scim_token_release(struct scim_token *token)
{
    buf_wipe(&token->text);
    token->seen = (struct stat){0};
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Only visible ASCII can stand in a header (RFC 6750 section 2.1 allows less; services give out more). */
static int check(struct scim_token *token, struct err *err)
{
    char *text = token->text.data;
    size_t n = 0;
    while (n < token->text.len && text[n] != '\r' && text[n] != '\n')
        n++;
    while (n > 0 && text[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return err_set(err, ERR_CONFIG,
                           "%s %s: character %zu cannot stand in it; write it alone into the first line", token->key,
                           token->path, i + 1);
    if (n == 0)
        return err_set(err, ERR_CONFIG, "%s %s: the first line is empty; write it there", token->key, token->path);
    text[n] = '\0';
    token->text.len = n;
    return 0;
}

static int read_file(struct scim_token *token, struct err *err)
{
    if (file_check_secret(token->path, err) != 0 || file_read(token->path, SCIM_TOKEN_MAX, &token->text, err) != 0)
        return err_wrap(err, "%s", token->key);
    return check(token, err);
}

int scim_token_refresh(struct scim_token *token, bool *ret_changed, struct err *err)
{
    struct stat now;
    *ret_changed = false;
    if (stat(token->path, &now) != 0) {
        scim_token_release(token);
        return err_errno(err, ERR_CONFIG, "%s %s", token->key, token->path);
    }
    if (is_same(&now, &token->seen))
        return 0;
    scim_token_release(token);
    if (read_file(token, err) != 0) {
        scim_token_release(token);
        return -1;
    }
    token->seen = now;
    *ret_changed = true;
    return 0;
}
