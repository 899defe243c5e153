/* doorward explain: everything about one person, and why it is so. */
#include "cli/explain.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/term.h"
#include "gate/gate.h"

#define MATCHES_SHOWN 20

/* Several people fit: each with the id by which to ask again. */
static int list_matches(struct cli *cli, const struct explain_match *found, size_t n, struct err *err)
{
    CLEANUP(table_free) struct table *table = table_new(4);
    for (size_t i = 0; i < n && i < MATCHES_SHOWN; i++) {
        struct explain_person p;
        int r = explain_person(cli->store->db, found[i].person, cli->pool, &p, err);
        if (r < 0)
            return -1;
        const char *cells[] = {p.uid, explain_name(cli, &p), text_printable(cli->pool, span_str(p.attr[ATTR_EMAIL])),
                               text_printable(cli->pool, span_str(p.dn))};
        if (r)
            table_add(table, cells);
    }
    table_print(table, "  ");
    if (n > MATCHES_SHOWN)
        printf("  and %s more\n", term_number(cli->pool, n - MATCHES_SHOWN));
    return 0;
}

static const char *when_read(struct cli *cli, const char *directory, struct err *err)
{
    int64_t at = 0;
    char when[CLOCK_TEXT_MAX];
    if (explain_read_at(cli->store->db, directory, &at, err) != 0)
        return NULL;
    return pool_printf(cli->pool, "%s (last read: %s)", directory, clock_format(at, when));
}

/* Somebody who is not in the mirror: where was looked, and what may keep an entry out of it. */
static int refuse_unknown(struct cli *cli, const char *typed, struct err *err)
{
    CLEANUP(buf_release) struct buf where = BUF_INIT;
    for (const struct conf_section *s = conf_next(cli->conf, "directory", NULL); s;
         s = conf_next(cli->conf, "directory", s)) {
        const char *one = when_read(cli, conf_name(s), err);
        if (!one)
            return -1;
        buf_printf(&where, "%s%s", where.len ? ", " : "", one);
    }
    return err_set(
        err, ERR_NOT_FOUND,
        "explain %s: nobody with this e-mail address, user name, id, DN or name in directory %s; if the entry "
        "is there, the directory's base and filters leave it out, its client did not push it, or it has a fault that "
        "doorward plan shows",
        typed, buf_str(&where));
}

static int find_person(struct cli *cli, uint32_t *ret, struct err *err)
{
    struct explain_match *found;
    size_t n;
    const char *typed = text_printable(cli->pool, span_str(cli->words[0]));
    if (!text_is_clean(span_str(cli->words[0])) || !*typed)
        return err_set(err, ERR_USAGE, "explain %s: write an e-mail address, a user name, an id, a DN or a name",
                       typed);
    if (explain_who(cli->store, cli->conf, cli->words[0], cli->pool, &found, &n, err) != 0)
        return -1;
    if (n == 0)
        return refuse_unknown(cli, typed, err);
    if (n > 1 && list_matches(cli, found, n, err) != 0)
        return -1;
    if (n > 1)
        return err_set(err, ERR_CONFLICT, "explain %s: %zu people fit; ask again with one of the ids", typed, n);
    *ret = found[0].person;
    return 0;
}

static int tell(struct cli *cli, struct err *err)
{
    struct gate gate;
    struct explanation e = {0};
    uint32_t person = 0;
    if (find_person(cli, &person, err) != 0 ||
        gate_check(cli->store, cli->conf, cli->now, false, cli->pool, &gate, err) != 0)
        return -1;
    int r = explain_make(cli->store, cli->conf, &gate, cli->now, person, cli->pool, &e, err);
    if (r == 0)
        r = (cli->json ? explain_json : explain_text)(cli, &e, err);
    explain_release(&e);
    return r;
}

int command_explain(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    if (!cli->store)
        return err_set(err, ERR_NOT_FOUND, "explain: no directory was read yet; run doorward plan first");
    if (explain_begin(cli->store->db, err) != 0)
        return -1;
    int r = tell(cli, err);
    db_rollback(cli->store->db);
    return r;
}
