/* doorward token: the tokens by which clients push to a directory of type scim-push. */
#include "cli/token.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/term.h"
#include "push/directory.h"
#include "store/audit.h"
#include "store/push_tokens.h"

#define DAY         86400
#define EXPIRES_MAX 3650 /* days */
#define SOON        (30 * DAY)
#define NOTE_MAX    200 /* bytes */

/* The section, which has to be one that is pushed. */
static int find_directory(struct cli *cli, const char *name, const struct conf_section **ret, struct err *err)
{
    if (cli_conf(cli, err) != 0 || cli_section(cli, "directory", name, ret, err) != 0)
        return -1;
    if (strcmp(conf_variant(*ret), PUSH_DIRECTORY) == 0)
        return 0;
    return err_set(err, ERR_USAGE, "directory %s: it has type = %s; only to one with type = %s is anything pushed",
                   name, conf_variant(*ret), PUSH_DIRECTORY);
}

static const char *address(struct cli *cli, const struct conf_section *directory)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_printf(&text, "%s/scim/", conf_str(conf_find(cli->conf, "organization", NULL), "url"));
    text_percent(&text, span_str(conf_name(directory)));
    return pool_printf(cli->pool, "%s/v2", buf_str(&text));
}

/* --- create ------------------------------------------------------------------------------------------------------- */

/* --expires: a number and d or w, or never. Not typed: a year. */
static int read_expires(const struct cli *cli, int64_t *ret, struct err *err)
{
    static const struct {
        const char *unit;
        int64_t days;
    } units[] = {{"d", 1}, {"w", 7}};
    const char *text = cli->expires ? cli->expires : "365d";
    size_t digits = strspn(text, "0123456789");
    int64_t number = digits <= 4 ? strtol(text, NULL, 10) : 0;
    *ret = 0;
    if (text_same_ascii(text, "never"))
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text + digits, units[i].unit) == 0 && number > 0 && number * units[i].days <= EXPIRES_MAX)
            *ret = cli->now + number * units[i].days * DAY;
    if (*ret)
        return 0;
    return err_set(err, ERR_USAGE, "--expires %.40s: write how long it is good, up to %dd, as in 365d or 26w, or never",
                   text, EXPIRES_MAX);
}

static int check_note(const struct cli *cli, struct err *err)
{
    if (!cli->note || (strlen(cli->note) <= NOTE_MAX && text_is_clean(span_str(cli->note))))
        return 0;
    return err_set(err, ERR_USAGE, "--note: write at most %d bytes of UTF-8 without control characters", NOTE_MAX);
}

static void show_made(struct cli *cli, const struct conf_section *directory, const struct push_token *made,
                      const char *token)
{
    char until[CLOCK_TEXT_MAX];
    const char *url = address(cli, directory);
    clock_format(made->expires, until);
    if (cli->json) {
        json_t *j = json_pack("{s:s, s:I, s:s, s:s, s:s}", "directory", conf_name(directory), "number",
                              (json_int_t)made->id, "url", url, "token", token, "expires", until);
        json_print(j);
        json_decref(j);
        return;
    }
    printf("Token %" PRId64 " of directory %s%s%s. It is shown this once:\n\n  address  %s\n  token    %s\n\n",
           made->id, conf_name(directory), made->expires ? ", good until " : ", good until it is revoked",
           made->expires ? until : "", url, token);
    printf("Where they are typed:\n"
           "  Entra ID   Enterprise applications > the application > Provisioning > Admin credentials:\n"
           "             Tenant URL is the address, Secret Token the token\n"
           "  Okta       the application > Provisioning > Integration: SCIM connector base URL is the address,\n"
           "             unique identifier field userName, HTTP Header authentication with the token\n"
           "  others     base URL and bearer token\n\n");
    puts("Entra ID keeps to the standard when ?aadOptscim062020 stands behind the address; both ways are understood.");
}

static int record_made(struct cli *cli, const char *directory, const struct push_token *made, struct err *err)
{
    char until[CLOCK_TEXT_MAX];
    if (db_begin(cli->store->db, err) != 0)
        return -1;
    if (audit_write(cli->store,
                    &(struct audit_record){AUDIT_TOKEN_MADE, directory,
                                           AUDIT_DETAIL(AUDIT_INT("number", made->id),
                                                        AUDIT_TEXT("expires", clock_format(made->expires, until)),
                                                        AUDIT_TEXT("note", made->note))},
                    err) == 0)
        return db_commit(cli->store->db, err);
    db_rollback(cli->store->db);
    return -1;
}

/* Recorded before it is good: there is never a token that nobody is known to have made. */
static int make(struct cli *cli, const struct conf_section *directory, int64_t expires, struct push_token *ret,
                char token[static PUSH_TOKEN_SIZE], struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    const char *note = cli->note ? cli->note : "";
    if (pushed_open(cli_state_dir(cli), &pushed, err) != 0 || pushed_begin(pushed, err) != 0)
        return -1;
    if (push_tokens_make(pushed, conf_name(directory), note, cli->now, expires, token, ret, err) == 0 &&
        record_made(cli, conf_name(directory), ret, err) == 0)
        return pushed_commit(pushed, err);
    pushed_rollback(pushed);
    return -1;
}

int command_token_create(struct cli *cli, struct err *err)
{
    const struct conf_section *directory;
    struct push_token made;
    char token[PUSH_TOKEN_SIZE];
    int64_t expires;
    if (find_directory(cli, cli->words[0], &directory, err) != 0 || read_expires(cli, &expires, err) != 0 ||
        check_note(cli, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0 ||
        make(cli, directory, expires, &made, token, err) != 0)
        return -1;
    show_made(cli, directory, &made, token);
    explicit_bzero(token, sizeof token);
    return 0;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

struct listing {
    struct cli *cli;
    const char *directory;
    struct table *table;
    json_t *list;
    size_t good, soon; /* soon: of the good ones, those that end within 30 days */
    int64_t last_used, next_end;
};

static const char *state_of(const struct push_token *t, int64_t now)
{
    return t->revoked ? "revoked" : push_token_is_good(t, now) ? "good" : "expired";
}

static void add_token(void *ctx, const struct push_token *t)
{
    struct listing *l = ctx;
    char created[CLOCK_TEXT_MAX], expires[CLOCK_TEXT_MAX], used[CLOCK_TEXT_MAX];
    const char *state = state_of(t, l->cli->now);
    const char *number = pool_printf(l->cli->pool, "%" PRId64, t->id);
    clock_format(t->created, created);
    clock_format(t->expires, expires);
    clock_format(t->used, used);
    if (push_token_is_good(t, l->cli->now)) {
        l->good++;
        l->soon += t->expires && t->expires < l->cli->now + SOON;
        l->next_end = t->expires && (!l->next_end || t->expires < l->next_end) ? t->expires : l->next_end;
    }
    l->last_used = t->used > l->last_used ? t->used : l->last_used;
    if (!l->table)
        return;
    const char *cells[] = {l->directory, number, state, created, expires, used, t->note};
    table_add(l->table, cells);
    json_array_append_new(l->list, json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "directory", l->directory, "number",
                                             (json_int_t)t->id, "state", state, "created", created, "expires", expires,
                                             "used", used, "note", t->note));
}

/* Of one directory, or of all. */
static int list_all(struct listing *l, struct pushed *pushed, const char *only, struct err *err)
{
    for (const struct conf_section *s = conf_next(l->cli->conf, "directory", NULL); s;
         s = conf_next(l->cli->conf, "directory", s)) {
        l->directory = conf_name(s);
        if (strcmp(conf_variant(s), PUSH_DIRECTORY) != 0 || (only && strcmp(only, conf_name(s)) != 0))
            continue;
        if (push_tokens_each(pushed, l->directory, add_token, l, err) != 0)
            return -1;
    }
    return 0;
}

/* NULL: nothing was ever made or pushed. */
static int open_to_look(struct cli *cli, struct pushed **ret, struct err *err)
{
    *ret = NULL;
    if (pushed_open_read(cli_state_dir(cli), ret, err) == 0)
        return 0;
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    err_clear(err);
    return 0;
}

int command_token_list(struct cli *cli, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    const struct conf_section *only = NULL;
    if ((cli->nwords && find_directory(cli, cli->words[0], &only, err) != 0) || cli_open(cli, STORE_READ, err) != 0 ||
        open_to_look(cli, &pushed, err) != 0)
        return -1;
    CLEANUP(table_free) struct table *table = table_new(7);
    static const char *const head[] = {"DIRECTORY", "NUMBER", "STATE", "CREATED", "EXPIRES", "LAST USED", "NOTE"};
    table_add(table, head);
    json_auto_t *list = json_array();
    struct listing l = {.cli = cli, .table = table, .list = list};
    if (pushed && list_all(&l, pushed, only ? conf_name(only) : NULL, err) != 0)
        return -1;
    if (cli->json)
        json_print(list);
    else
        table_print(table, "");
    return 0;
}

/* --- revoke ------------------------------------------------------------------------------------------------------- */

/* When it is urgent: whoever keeps the state meanwhile, a run for example, is not waited for. */
static int record_revoked(struct cli *cli, const char *directory, int64_t number, struct err *err)
{
    store_close(&cli->store);
    if (cli_open(cli, STORE_WRITE, err) != 0 || db_begin(cli->store->db, err) != 0)
        return -1;
    if (audit_write(cli->store,
                    &(struct audit_record){AUDIT_TOKEN_REVOKED, directory, AUDIT_DETAIL(AUDIT_INT("number", number))},
                    err) != 0) {
        db_rollback(cli->store->db);
        return -1;
    }
    return db_commit(cli->store->db, err);
}

static int read_number(const char *text, int64_t *ret, struct err *err)
{
    size_t digits = strspn(text, "0123456789");
    *ret = digits > 0 && digits <= 9 && !text[digits] ? strtol(text, NULL, 10) : 0;
    return *ret > 0 ? 0
                    : err_set(err, ERR_USAGE, "token revoke: '%.40s' is no number of a token; see: doorward token list",
                              text);
}

int command_token_revoke(struct cli *cli, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    const struct conf_section *directory;
    int64_t number;
    if (find_directory(cli, cli->words[0], &directory, err) != 0 || read_number(cli->words[1], &number, err) != 0 ||
        cli_open(cli, STORE_READ, err) != 0 || pushed_open(cli_state_dir(cli), &pushed, err) != 0)
        return -1;
    int done = push_tokens_revoke(pushed, conf_name(directory), number, cli->now, err);
    if (done < 0)
        return -1;
    if (!done)
        return err_set(err, ERR_NOT_FOUND,
                       "directory %s: it has no token %" PRId64 " that could be revoked; see: doorward token list %s",
                       conf_name(directory), number, conf_name(directory));
    if (!cli->json && !cli->quiet)
        printf("Token %" PRId64 " of directory %s is no longer good.\n", number, conf_name(directory));
    if (record_revoked(cli, conf_name(directory), number, err) != 0)
        return err_wrap(err, "token %" PRId64 " is revoked, but the audit log does not say so", number);
    return 0;
}

/* --- check -------------------------------------------------------------------------------------------------------- */

static int pushed_words(struct cli *cli, struct pushed *pushed, const char *directory, const char **ret,
                        struct err *err)
{
    struct pushed_about about = {0};
    char when[CLOCK_TEXT_MAX];
    int64_t number;
    int found = pushed_directory(pushed, directory, &number, err);
    if (found < 0 || (found && pushed_about(pushed, number, &about, err) != 0))
        return -1;
    *ret = about.change ? pool_printf(cli->pool, "%" PRId64 " user%s and %" PRId64 " group%s, pushed last %s",
                                      about.users, about.users == 1 ? "" : "s", about.groups,
                                      about.groups == 1 ? "" : "s", clock_format(about.change / 1000000, when))
                        : "nothing was pushed yet";
    return 0;
}

int token_check_directory(struct cli *cli, const struct conf_section *directory, const char **ret, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    struct listing l = {.cli = cli};
    const char *words = "nothing was pushed yet";
    char used[CLOCK_TEXT_MAX], end[CLOCK_TEXT_MAX];
    if (open_to_look(cli, &pushed, err) != 0 ||
        (pushed && (list_all(&l, pushed, conf_name(directory), err) != 0 ||
                    pushed_words(cli, pushed, conf_name(directory), &words, err) != 0)))
        return -1;
    if (!l.good)
        return err_set(err, ERR_NOT_FOUND, "no token is good, so nobody can push; run: doorward token create %s (%s)",
                       conf_name(directory), words);
    *ret = pool_printf(cli->pool, "%s; %s; %zu token%s good, used last %s%s%s%s", address(cli, directory), words,
                       l.good, l.good == 1 ? " is" : "s are", clock_format(l.last_used, used),
                       l.next_end ? ", the next ends " : "", l.next_end ? clock_format(l.next_end, end) : "",
                       l.soon ? ": make another in time" : "");
    return 0;
}
