#include "base/mem.h"
#include "base/text.h"
#include "sync/assign.h"
#include "sync/look_inner.h"

/* --- what should be there ----------------------------------------------------------------------------------------- */

static struct object *list(struct looking *l, const struct there_object *row)
{
    struct object *o = MEM_PUSH(&l->objects, &l->nobjects, &l->objects_cap);
    *o = (struct object){.id = row->id, .object = row->object};
    o->remote = row->remote ? pool_strdup(l->pool, row->remote) : NULL;
    return o;
}

static void take_group(void *ctx, const struct there_object *row)
{
    struct looking *l = ctx;
    struct object *o = list(l, row);
    o->uid = pool_strdup(l->pool, row->uid);
    o->name = pool_strdup(l->pool, row->name);
    l->nours++;
}

static void take_product(void *ctx, const struct there_object *row)
{
    struct looking *l = ctx;
    struct assign assign = assign_of(l->s->conf, row->uid);
    struct object *o = list(l, row);
    o->product = true;
    o->uid = pool_printf(l->pool, "product:%s", row->uid);
    o->name = pool_strdup(l->pool, assign.title);
    o->how = assign.how;
    o->value = assign.value ? pool_strdup(l->pool, assign.value) : NULL;
}

static void take_unanswered(void *ctx, enum op op, uint32_t person, uint32_t object)
{
    struct looking *l = ctx;
    bool of_product = op == OP_ASSIGN || op == OP_UNASSIGN;
    for (size_t i = 0; i < l->nobjects && op != OP_ADOPT; i++)
        if (l->objects[i].object == object && l->objects[i].product == of_product && !person)
            l->objects[i].unsure = true;
}

int look_load_objects(struct looking *l, struct err *err)
{
    if (there_each_group(l->there, take_group, l, err) != 0 ||
        there_each_product(l->there, take_product, l, err) != 0 ||
        there_each_unanswered(l->there, take_unanswered, l, err) != 0)
        return -1;
    for (size_t i = 0; i < l->nobjects; i++) {
        const struct object *o = &l->objects[i];
        if (o->value)
            continue;
        keymap_put(&l->by_uid, look_key(l, span_str(o->uid)), (uint32_t)i);
        keymap_put(&l->by_name, look_key(l, span_str(o->name)), (uint32_t)i);
        if (o->remote)
            keymap_put(&l->by_remote, look_key(l, span_str(o->remote)), (uint32_t)i);
    }
    return 0;
}

/* --- whose it is -------------------------------------------------------------------------------------------------- */

static struct object *object_at(struct looking *l, const struct keymap *by, struct span text)
{
    uint32_t i = text.n ? keymap_find(by, look_key(l, text)) : KEYMAP_NONE;
    return i == KEYMAP_NONE ? NULL : &l->objects[i];
}

/* Of a product, the change that makes its group is that of the first who needs it. */
static void tell(struct looking *l, const struct object *o, const char *found)
{
    if (!o->product)
        look_add(l, (struct fact){.object = o, .op = OP_ADD_GROUP, .stance = DRIFT_UNCLEAR, .found = found});
}

static bool claim_object(struct object *o, uint64_t at, enum claim claim)
{
    if (o->at == at && o->claim == CLAIM_BY_ID)
        return false;
    if (claim == CLAIM_BY_UID && o->claim == CLAIM_BY_ID)
        return false;
    if (claim == CLAIM_BY_UID && o->claim != CLAIM_NONE)
        claim = CLAIM_TWICE;
    o->claim = (uint8_t)claim;
    o->at = at;
    return claim != CLAIM_TWICE;
}

static void take_stranger(struct looking *l, const struct platform_found *found)
{
    struct object *namesake = object_at(l, &l->by_name, found->name);
    if (namesake)
        namesake->namesake = true;
    l->report->strangers.groups++;
    look_stranger(l, "group", found->name, "");
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void expect(struct looking *l, uint32_t account)
{
    if (!l->seen || account > l->max_account)
        return;
    l->stamp[account] = l->round * 2;
    *MEM_PUSH(&l->expected, &l->nexpected, &l->expected_cap) = account;
}

static void expect_member(void *ctx, uint32_t account)
{
    expect(ctx, account);
}

static void expect_seat(void *ctx, uint32_t account, uint32_t via)
{
    (void)via;
    expect(ctx, account);
}

static int load_members(struct looking *l, const struct object *o, struct err *err)
{
    if (!l->stamp)
        l->stamp = mem_zero(((size_t)l->max_account + 1) * sizeof *l->stamp);
    l->round++;
    l->nexpected = 0;
    return o->product ? seat_each(l->s->store->db, o->object, expect_seat, l, err)
                      : synced_member_each(l->s->store->db, o->id, expect_member, l, err);
}

/* What went with something else comes back with it, and is not the platform's will on its own. */
static void miss(struct looking *l, const struct object *o, uint32_t account, uint64_t from)
{
    bool account_gone = l->seen[account].claim == CLAIM_NONE, group_gone = !from && !o->value && !account_gone;
    look_add(l, (struct fact){.object = o,
                              .account = account,
                              .from = from,
                              .op = o->product ? OP_ASSIGN : OP_JOIN,
                              .absence = true,
                              .found = account_gone ? "gone with the account"
                                       : group_gone ? "gone with the group"
                                       : o->product ? "the account is without it"
                                                    : "not a member"});
}

/* Those of ours who are there although they should not are asked to leave; seats that were given one by one stay. */
int look_member(void *ctx, struct span id, struct err *err)
{
    struct looking *l = ctx;
    struct object *o = l->open;
    struct key128 key = look_key(l, id);
    uint32_t account = o ? keymap_find(&l->accounts, key) : KEYMAP_NONE;
    (void)err;
    if (!o)
        return 0;
    if (account == KEYMAP_NONE || l->seen[account].at != (key.lo | 1)) {
        l->foreign++;
        return 0;
    }
    uint32_t *stamp = &l->stamp[account], met = l->round * 2 + 1;
    bool expected = *stamp == met - 1, again = *stamp == met;
    *stamp = met;
    if (expected || again)
        return 0;
    l->report->strangers.seats += o->product;
    if (!o->product)
        look_add(
            l, (struct fact){.object = o, .account = account, .from = l->open_at, .op = OP_LEAVE, .found = "a member"});
    return 0;
}

/* Members that are not ours keep a group from being dropped. */
void look_end_group(struct looking *l)
{
    struct object *o = l->open;
    l->open = NULL;
    if (!o)
        return;
    for (size_t i = 0; i < l->nexpected; i++)
        if (l->stamp[l->expected[i]] == l->round * 2)
            miss(l, o, l->expected[i], l->open_at);
    l->report->strangers.members += l->foreign;
    if (l->foreign && !o->product)
        look_add(l, (struct fact){.object = o,
                                  .from = l->open_at,
                                  .op = OP_DROP_GROUP,
                                  .stance = DRIFT_FOREIGN,
                                  .found = "it has members that sync did not put there"});
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static void compare(struct looking *l, const struct object *o, const struct platform_found *found, uint64_t at)
{
    struct platform_task task = {
        .op = OP_RENAME_GROUP, .key = "", .object = o->remote, .object_uid = o->uid, .object_name = o->name};
    if (o->product || !l->s->connector->differs)
        return;
    buf_clear(&l->text);
    if (l->s->connector->differs(l->platform, &task, found, &l->text) == 0)
        return;
    const char *name = look_text(l, found->name);
    look_add(l, (struct fact){.object = o,
                              .from = at,
                              .op = OP_RENAME_GROUP,
                              .found = pool_printf(l->pool, "it is called %s", *name ? name : "nothing")});
}

static int take_ours(struct looking *l, struct object *o, const struct platform_found *found, enum claim claim,
                     bool *ret_members, struct err *err)
{
    uint64_t at = look_key(l, found->id).lo | 1;
    if (!claim_object(o, at, claim) || o->unsure)
        return 0;
    if (claim == CLAIM_BY_UID)
        *MEM_PUSH(&l->new_ids, &l->nnew_ids, &l->new_ids_cap) =
            (struct new_id){.object = o,
                            .had_other = o->remote != NULL,
                            .at = at,
                            .remote = pool_strndup(l->pool, found->id.p, found->id.n)};
    compare(l, o, found, at);
    if (load_members(l, o, err) != 0)
        return -1;
    *ret_members = true;
    l->open = o;
    l->open_at = at;
    l->foreign = 0;
    return 0;
}

static int take(struct looking *l, const struct platform_found *found, bool *ret_members, struct err *err)
{
    struct object *of = object_at(l, &l->by_uid, found->ours), *at = object_at(l, &l->by_remote, found->id);
    if (at && found->ours.n && at != of) {
        at->claim = CLAIM_LOST;
        tell(l, at, "the group bears an id that is not its own");
        return 0;
    }
    if (at)
        return take_ours(l, at, found, CLAIM_BY_ID, ret_members, err);
    if (of)
        return take_ours(l, of, found, CLAIM_BY_UID, ret_members, err);
    take_stranger(l, found);
    return 0;
}

int look_group(void *ctx, const struct platform_found *found, bool *ret_members, struct err *err)
{
    struct looking *l = ctx;
    *ret_members = false;
    look_end_group(l);
    l->report->groups++;
    if (look_end_account(l, err) == 0 && take(l, found, ret_members, err) == 0)
        return 0;
    l->store_failed = true;
    return -1;
}

/* --- what was not met --------------------------------------------------------------------------------------------- */

/* Of what is no group, those whose account is gone, too; the others were looked at with their accounts. */
static int miss_all(struct looking *l, const struct object *o, struct err *err)
{
    if (load_members(l, o, err) != 0)
        return -1;
    for (size_t i = 0; i < l->nexpected; i++)
        if (!o->value || l->seen[l->expected[i]].claim == CLAIM_NONE)
            miss(l, o, l->expected[i], 0);
    return 0;
}

int look_missing_objects(struct looking *l, struct err *err)
{
    for (size_t i = 0; i < l->nobjects; i++) {
        const struct object *o = &l->objects[i];
        if (o->claim == CLAIM_TWICE)
            tell(l, o, "two groups bear its id");
        if (o->claim != CLAIM_NONE || o->unsure)
            continue;
        if (!o->product)
            look_add(l, (struct fact){.object = o,
                                      .op = OP_ADD_GROUP,
                                      .absence = true,
                                      .found = o->namesake ? "there is no such group any more, but another of its name"
                                                           : "there is no such group any more"});
        if (miss_all(l, o, err) != 0)
            return -1;
    }
    return 0;
}
