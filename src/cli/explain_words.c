#include "base/text.h"
#include "cli/explain.h"

const char *const explain_verdict_names[] = {"synced", "pending", "not-synced", "leaving", "unknown"};

int explain_view_open(struct cli *cli, const struct explanation *e, const struct explain_team *team,
                      struct explain_view *ret, struct err *err)
{
    *ret = (struct explain_view){.cli = cli, .e = e, .team = team};
    if (words_open(cli->store, team->policy.team, team->plan, e->gate, &ret->words, err) != 0)
        return -1;
    if (words_map(&ret->words, team->policy.platform, err) == 0)
        return 0;
    words_close(&ret->words);
    return -1;
}

void explain_view_close(struct explain_view *view)
{
    words_close(&view->words);
}

const char *explain_name(const struct cli *cli, const struct explain_person *p)
{
    static const enum attr best[] = {ATTR_DISPLAY_NAME, ATTR_EMAIL, ATTR_USER_NAME};
    for (size_t i = 0; i < sizeof best / sizeof *best; i++)
        if (*p->attr[best[i]])
            return text_printable(cli->pool, span_str(p->attr[best[i]]));
    return text_printable(cli->pool, span_str(p->dn));
}

const char *explain_age(struct pool *pool, int64_t since, int64_t now)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{24 * 3600, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t age = now > since ? now - since : 0;
    size_t i = 0;
    while (i < 3 && age < 2 * units[i].seconds)
        i++;
    long long n = (long long)(age / units[i].seconds);
    return pool_printf(pool, "%lld %s%s", n, units[i].name, n == 1 ? "" : "s");
}

int explain_path(struct explain_view *v, const struct path *path, const char *end, const char **ret, struct err *err)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT;
    buf_adds(&out, explain_name(v->cli, &v->e->person));
    for (size_t i = 0; i < path->n; i++) {
        const char *name;
        if (words_group(&v->words, path->groups[i], &name, err) != 0)
            return -1;
        buf_printf(&out, " → %s", name);
    }
    if (end)
        buf_printf(&out, " → %s", end);
    *ret = pool_strdup(v->cli->pool, buf_str(&out));
    return 0;
}

enum explain_exclude explain_exclude(const struct explain_person *p, size_t i)
{
    if (p->excluded == i + 1)
        return EXCLUDE_MATCH;
    return p->excluded && p->excluded < i + 1 ? EXCLUDE_NOT_LOOKED_AT : EXCLUDE_NO_MATCH;
}

const struct change *explain_next_pending(const struct explain_view *v, size_t *at)
{
    const struct plan *plan = v->team->plan;
    size_t n = plan ? plan->n + plan->nheld : 0;
    while (*at < n) {
        size_t i = (*at)++;
        const struct change *c = i < plan->n ? &plan->changes[i] : &plan->held[i - plan->n];
        if (c->person == v->e->person.id)
            return c;
    }
    return NULL;
}

int explain_note_object(struct explain_view *v, const struct explain_note *n, const char **ret, struct err *err)
{
    *ret = "";
    if (!n->object)
        return 0;
    if (n->op != OP_ASSIGN)
        return words_group(&v->words, n->object, ret, err);
    *ret = words_product(&v->words, n->object);
    return 0;
}

bool explain_guard_unknown(const struct explain_view *v)
{
    const struct plan *plan = v->team->plan;
    if (!plan || plan->narrowed || v->team->current)
        return false;
    for (size_t i = 0; i < plan->n; i++)
        if (op_is_removal((enum op)plan->changes[i].op))
            return true;
    return false;
}

static const struct change *bringing_change(const struct explain_view *v)
{
    const struct change *c;
    for (size_t at = 0; (c = explain_next_pending(v, &at));)
        if (c->op == OP_INVITE || c->op == OP_RESTORE)
            return c;
    return NULL;
}

static bool is_live(const struct explain_account *a)
{
    return a->state == ACCOUNT_INVITED || a->state == ACCOUNT_ACTIVE;
}

/* Wanted, and without an account that can be used. */
static int judge_missing(struct explain_view *v, enum explain_verdict *ret, struct buf *out, struct err *err)
{
    const struct change *c = bringing_change(v);
    *ret = EXPLAIN_UNKNOWN;
    if (!v->team->plan)
        buf_printf(out, "no plan was made from this configuration yet; run: doorward plan %s",
                   conf_name(v->team->section));
    if (!c)
        return 0;
    *ret = c->hold == HOLD_NONE ? EXPLAIN_PENDING : EXPLAIN_NOT_SYNCED;
    if (c->hold != HOLD_NONE)
        return words_hold(&v->words, c, out, err);
    buf_printf(out, "the next doorward apply will %s",
               c->op == OP_INVITE ? "invite the person" : "restore the account");
    return 0;
}

static int judge(struct explain_view *v, enum explain_verdict *ret, struct buf *out, struct err *err)
{
    const struct explain_team *t = v->team;
    bool live = is_live(&t->account);
    if (t->away == CAUSE_IN_DIRECTORY && !live)
        return judge_missing(v, ret, out, err);
    if (t->away == CAUSE_IN_DIRECTORY) {
        *ret = EXPLAIN_SYNCED;
        buf_printf(out, "the account is %s", account_state_names[t->account.state]);
        return 0;
    }
    *ret = live ? EXPLAIN_LEAVING : EXPLAIN_NOT_SYNCED;
    struct change why = {.person = v->e->person.id, .cause = (uint8_t)t->away, .detail = v->e->person.excluded};
    if (live)
        buf_printf(out, "the account is %s still, but the person is ", account_state_names[t->account.state]);
    return words_cause(&v->words, &why, out, err);
}

int explain_verdict(struct explain_view *v, enum explain_verdict *ret, const char **ret_text, struct err *err)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT;
    if (judge(v, ret, &out, err) != 0)
        return -1;
    *ret_text = pool_strdup(v->cli->pool, buf_str(&out));
    return 0;
}
