#include "cli/skipped.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/term.h"
#include "cli/words.h"
#include "store/delivery.h"

struct skip {
    struct change change;
    const char *why;
};

struct skips {
    struct skip *v;
    size_t n, cap, sent;
    enum delivery_state state; /* of whom these are: skipped, or confirmed with a note */
    struct pool *pool;
};

static void take(void *ctx, const struct delivery_row *row)
{
    struct skips *all = ctx;
    all->sent += row->state == DELIVERY_SENT;
    if (row->state == all->state && (row->state == DELIVERY_SKIPPED || *row->message))
        *MEM_PUSH(&all->v, &all->n, &all->cap) =
            (struct skip){.change = row->change, .why = text_printable(all->pool, span_str(row->message))};
}

/* A change of a group itself stands under the group's name. */
static int name_it(struct cli *cli, struct words *w, const struct change *c, const char *ret[static 4], struct err *err)
{
    ret[0] = ret[1] = "";
    if (words_what(w, c, &ret[2], &ret[3], err) != 0)
        return -1;
    return c->person ? words_person(w, c->person, cli->pool, &ret[0], &ret[1], err) : 0;
}

static int each_skip(struct cli *cli, int64_t team, const struct skips *all,
                     void (*each)(void *ctx, const struct skip *skip, const char *const words[4]), void *ctx,
                     struct err *err)
{
    struct words w;
    if (words_open(cli->store, team, NULL, NULL, &w, err) != 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < all->n; i++) {
        const char *words[4];
        r = name_it(cli, &w, &all->v[i].change, words, err);
        if (r == 0)
            each(ctx, &all->v[i], words);
    }
    words_close(&w);
    return r;
}

struct printing {
    FILE *out;
    char sign;
};

static void print_one(void *ctx, const struct skip *skip, const char *const words[4])
{
    const struct printing *p = ctx;
    fprintf(p->out, "%c %s%s%s%s%s%s: %s\n", p->sign, words[0], *words[0] ? "  " : "", words[1], *words[1] ? "  " : "",
            words[2], words[3], skip->why);
}

static void add_one(void *ctx, const struct skip *skip, const char *const words[4])
{
    json_array_append_new(ctx, json_pack("{s:s, s:s, s:s, s:s, s:s}", "op", op_names[skip->change.op], "name", words[0],
                                         "email", words[1], "object", words[3], "reason", skip->why));
}

static int print_those(struct cli *cli, int64_t team, int64_t run, enum delivery_state state, FILE *out,
                       size_t *ret_sent, struct err *err)
{
    struct skips all = {.pool = cli->pool, .state = state};
    struct printing printing = {out, state == DELIVERY_SKIPPED ? '!' : '~'};
    int r = delivery_each(cli->store, run, take, &all, err);
    if (r == 0 && all.n)
        fputs(state == DELIVERY_SKIPPED ? "\nSkipped\n" : "\nWorth knowing\n", out);
    if (r == 0)
        r = each_skip(cli, team, &all, print_one, &printing, err);
    *ret_sent = all.sent;
    free(all.v);
    return r;
}

int skipped_print(struct cli *cli, int64_t team, int64_t run, FILE *out, struct err *err)
{
    size_t sent = 0;
    if (print_those(cli, team, run, DELIVERY_CONFIRMED, out, &sent, err) != 0 ||
        print_those(cli, team, run, DELIVERY_SKIPPED, out, &sent, err) != 0)
        return -1;
    if (sent)
        fprintf(out, "Sent and not answered: %s; the next doorward apply settles them first\n",
                term_number(cli->pool, sent));
    return 0;
}

static int list_json(struct cli *cli, int64_t team, int64_t run, enum delivery_state state, json_t **ret,
                     struct err *err)
{
    struct skips all = {.pool = cli->pool, .state = state};
    json_t *list = json_array();
    int r = delivery_each(cli->store, run, take, &all, err);
    if (r == 0)
        r = each_skip(cli, team, &all, add_one, list, err);
    free(all.v);
    if (r == 0)
        *ret = list;
    else
        json_decref(list);
    return r;
}

int skipped_json(struct cli *cli, int64_t team, int64_t run, json_t **ret, struct err *err)
{
    return list_json(cli, team, run, DELIVERY_SKIPPED, ret, err);
}

int noted_json(struct cli *cli, int64_t team, int64_t run, json_t **ret, struct err *err)
{
    return list_json(cli, team, run, DELIVERY_CONFIRMED, ret, err);
}
