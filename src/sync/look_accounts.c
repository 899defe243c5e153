#include "base/mem.h"
#include "base/text.h"
#include "sync/look_inner.h"

/* --- what should be there ----------------------------------------------------------------------------------------- */

static void take_account(void *ctx, const struct account_row *row)
{
    struct looking *l = ctx;
    if (row->state == ACCOUNT_REMOVED)
        return;
    if (!l->seen || row->id > l->max_account) {
        uint32_t had = l->seen ? l->max_account + 1 : 0, max = row->id + row->id / 2 + 1024;
        l->seen = mem_resize(l->seen, (size_t)max + 1, sizeof *l->seen);
        memset(l->seen + had, 0, ((size_t)max + 1 - had) * sizeof *l->seen);
        l->max_account = max;
    }
    l->seen[row->id] = (struct seen){.person = row->person, .state = (uint8_t)row->state};
    l->nours++;
}

/* By person, as the journal has it. */
struct doubts {
    struct looking *l;
    struct keymap people;
};

static void take_unanswered(void *ctx, enum op op, uint32_t person, uint32_t object)
{
    struct doubts *d = ctx;
    if (person)
        keymap_put(&d->people, (struct key128){person, 0}, 1);
    if (op == OP_ADOPT)
        keymap_put(&d->people, (struct key128){object, 0}, 1);
}

int look_load_accounts(struct looking *l, struct err *err)
{
    struct doubts doubts = {.l = l};
    int r = account_each(l->s->store->db, l->s->team, take_account, l, err);
    keymap_reserve(&l->accounts, l->nours);
    if (r == 0)
        r = there_each_unanswered(l->there, take_unanswered, &doubts, err);
    for (uint32_t i = 1; r == 0 && doubts.people.used && i <= l->max_account && l->seen; i++)
        l->seen[i].unsure = keymap_find(&doubts.people, (struct key128){l->seen[i].person, 0}) != KEYMAP_NONE;
    keymap_release(&doubts.people);
    return r;
}

/* --- whose it is -------------------------------------------------------------------------------------------------- */

static struct seen *seen_of(struct looking *l, uint32_t account)
{
    return &l->seen[account];
}

static bool is_usable(uint8_t state)
{
    return state == ACCOUNT_INVITED || state == ACCOUNT_ACTIVE;
}

/*
 * op only tells apart what is told: OP_REMOVE of what holds all that would be done to the account (sync/repair.h),
 * OP_INVITE of what does not.
 */
static void tell(struct looking *l, uint32_t account, uint64_t from, enum op op, const char *found)
{
    look_add(
        l, (struct fact){.account = account, .from = from, .op = (uint8_t)op, .stance = DRIFT_UNCLEAR, .found = found});
}

static void tell_twin(struct looking *l, uint32_t account)
{
    tell(l, account, 0, OP_INVITE, "another account bears this person's id, too");
}

/* The last word is that of the platform's own id. False: another account is it already, and this one is left alone. */
static bool claim_account(struct looking *l, uint32_t account, uint64_t at, enum claim claim)
{
    struct seen *s = seen_of(l, account);
    if (s->at == at && s->claim == CLAIM_BY_ID)
        return false;
    if (claim == CLAIM_BY_ID) {
        if (s->claim != CLAIM_NONE)
            tell_twin(l, account);
    } else if (s->claim == CLAIM_BY_ID) {
        tell_twin(l, account);
        return false;
    } else if (s->claim != CLAIM_NONE) {
        claim = CLAIM_TWICE;
    }
    s->claim = (uint8_t)claim;
    s->at = at;
    return claim != CLAIM_TWICE; /* of which nothing counts, however many there are */
}

/* --- what is wrong with it ---------------------------------------------------------------------------------------- */

static struct platform_task task_of(struct looking *l, const struct there_account *a)
{
    struct platform_task task = {
        .op = OP_UPDATE, .key = "", .person = a->uid, .account = a->remote, .active = is_usable((uint8_t)a->state)};
    memcpy(task.attr, a->attr, sizeof task.attr);
    pool_reset(l->task);
    mapper_given(l->mapper, a->attr, a->mapped, l->task, &task);
    return task;
}

static const char *differing(struct looking *l, const struct there_account *a, const struct platform_found *found)
{
    struct platform_task task = task_of(l, a);
    task.active = found->active; /* which is told in its own words */
    buf_clear(&l->text);
    if (!l->s->connector->differs || l->s->connector->differs(l->platform, &task, found, &l->text) == 0)
        return NULL;
    return look_text(l, (struct span){l->text.data, l->text.len});
}

static void compare_usable(struct looking *l, const struct there_account *a, const struct platform_found *found,
                           struct fact fact)
{
    const char *differs = differing(l, a, found);
    fact.op = found->active ? OP_UPDATE : OP_RESTORE;
    if (!found->active)
        fact.found =
            differs ? pool_printf(l->pool, "the account cannot be used; %s", differs) : "the account cannot be used";
    else if (differs)
        fact.found = differs;
    else if (!found->ours.n)
        fact.found = "the account does not bear our id any more";
    fact.idless = found->active && !differs;
    if (fact.found)
        look_add(l, fact);
}

/* Whoever is suspended keeps what attributes there are. */
static void compare(struct looking *l, const struct there_account *a, const struct platform_found *found, uint64_t at)
{
    if (is_usable((uint8_t)a->state))
        compare_usable(l, a, found, (struct fact){.account = a->id, .from = at});
    else if (found->active)
        look_add(l, (struct fact){.account = a->id, .from = at, .op = OP_SUSPEND, .found = "the account can be used"});
}

static void note_id(struct looking *l, const struct there_account *a, const struct platform_found *found, uint64_t at)
{
    *MEM_PUSH(&l->new_ids, &l->nnew_ids, &l->new_ids_cap) =
        (struct new_id){.account = a->id,
                        .had_other = a->remote != NULL,
                        .at = at,
                        .remote = pool_strndup(l->pool, found->id.p, found->id.n)};
}

static int take_stranger(struct looking *l, const struct platform_found *found, struct err *err)
{
    bool borrowed, other;
    if (there_is_person(l->there, found->ours, &borrowed, &other, err) != 0)
        return -1;
    if (other)
        return 0;
    l->report->strangers.accounts++;
    l->report->strangers.borrowed += borrowed;
    look_stranger(l, "account", found->name,
                  borrowed ? ", which bears the id of somebody whose account sync did not make, or removed" : "");
    return 0;
}

static void take_ours(struct looking *l, const struct there_account *a, const struct platform_found *found,
                      enum claim claim)
{
    struct key128 key = look_key(l, found->id);
    uint64_t at = key.lo | 1;
    l->bearing += found->ours.n > 0;
    if (!claim_account(l, a->id, at, claim))
        return;
    keymap_put(&l->accounts, key, a->id);
    if (seen_of(l, a->id)->unsure)
        return;
    if (claim == CLAIM_BY_UID)
        note_id(l, a, found, at);
    l->account = a->id;
    l->account_at = at;
    compare(l, a, found, at);
}

/* The account that we know by this id says that it is another's; whose it is now is for people to say. */
static void take_lost(struct looking *l, const struct there_account *at, const struct there_account *of)
{
    struct seen *s = seen_of(l, at->id);
    s->claim = CLAIM_LOST;
    if (!s->unsure)
        tell(l, at->id, 0, OP_REMOVE,
             of ? "the account bears the id of somebody else of ours" : "the account bears an id that is not ours");
    if (of)
        seen_of(l, of->id)->contested = true;
}

static bool is_ours(const struct there_account *a)
{
    return a->id && a->state != ACCOUNT_REMOVED;
}

/* Some services change the letters' case. */
static bool bears(struct looking *l, const struct platform_found *found, const char *uid)
{
    buf_clear(&l->text);
    buf_add(&l->text, found->ours.p, found->ours.n);
    return text_same_ascii(buf_str(&l->text), uid);
}

/* By our id that it bears, and by its own id; the same account, or two, or none. */
static int take(struct looking *l, const struct platform_found *found, struct err *err)
{
    struct there_account of = {0}, at = {0};
    if (there_account_of(l->there, found->ours, &of, err) < 0)
        return -1;
    if (is_ours(&of) && of.remote && span_eq(span_str(of.remote), found->id)) {
        take_ours(l, &of, found, CLAIM_BY_ID);
        return 0;
    }
    if (there_account_at(l->there, found->id, &at, err) < 0)
        return -1;
    if (is_ours(&at) && found->ours.n && !bears(l, found, at.uid))
        take_lost(l, &at, is_ours(&of) ? &of : NULL);
    else if (is_ours(&at))
        take_ours(l, &at, found, CLAIM_BY_ID);
    else if (is_ours(&of))
        take_ours(l, &of, found, CLAIM_BY_UID);
    else
        return take_stranger(l, found, err);
    return 0;
}

int look_account(void *ctx, const struct platform_found *found, struct err *err)
{
    struct looking *l = ctx;
    l->report->accounts++;
    if (l->s->tick)
        l->s->tick(l->s->ctx, l->report->accounts);
    if (look_end_account(l, err) == 0 && take(l, found, err) == 0)
        return 0;
    l->store_failed = true;
    return -1;
}

/* --- values that stand for products ------------------------------------------------------------------------------- */

int look_value(void *ctx, enum platform_assign how, struct span value, struct err *err)
{
    struct looking *l = ctx;
    (void)err;
    buf_clear(&l->text);
    buf_add(&l->text, value.p, value.n);
    for (size_t i = 0; l->account && i < l->nobjects; i++) {
        struct object *o = &l->objects[i];
        if (o->value && o->how == how && text_same(buf_str(&l->text), o->value))
            o->marked = l->account;
    }
    return 0;
}

static void miss_seat(struct looking *l, const struct object *o, uint32_t account, uint64_t at)
{
    look_add(l, (struct fact){.account = account,
                              .from = at,
                              .object = o,
                              .op = OP_ASSIGN,
                              .absence = true,
                              .found = "the account is without it"});
}

int look_end_account(struct looking *l, struct err *err)
{
    for (size_t i = 0; l->account && i < l->nobjects; i++) {
        const struct object *o = &l->objects[i];
        bool has = false, marked = o->marked == l->account;
        if (!o->value)
            continue;
        if (there_has_seat(l->there, l->account, o->object, &has, err) != 0)
            return -1;
        l->report->strangers.seats += marked && !has;
        if (has && !marked && !o->unsure)
            miss_seat(l, o, l->account, l->account_at);
    }
    l->account = 0;
    return 0;
}

/* --- who was not met ---------------------------------------------------------------------------------------------- */

void look_missing_accounts(struct looking *l)
{
    for (uint32_t i = 1; l->seen && i <= l->max_account; i++) {
        const struct seen *s = &l->seen[i];
        if (!s->person || s->unsure)
            continue;
        if (s->claim == CLAIM_TWICE)
            tell(l, i, 0, OP_REMOVE, "two accounts bear this person's id");
        else if (s->contested && s->claim != CLAIM_BY_ID)
            tell(l, i, 0, OP_REMOVE, "the account of somebody else of ours bears this person's id");
        else if (s->claim == CLAIM_NONE && is_usable(s->state))
            look_add(l, (struct fact){
                            .account = i, .op = OP_RESTORE, .absence = true, .found = "there is no account any more"});
    }
}
