#include "sync/undo.h"

#include <inttypes.h>

#include "base/keymap.h"
#include "base/mem.h"
#include "store/drift.h"
#include "store/policy.h"
#include "store/run.h"
#include "store/undo.h"
#include "sync/draft.h"

/* What a change is about: a later change about the same stands in the way of an undo. */
enum about { ABOUT_ACCOUNT, ABOUT_SEAT, ABOUT_MEMBER, ABOUT_GROUP };

static const struct {
    enum about about;
    enum op inverse;
} ops[OP_COUNT] = {
    [OP_UNASSIGN] = {ABOUT_SEAT, OP_ASSIGN},
    [OP_LEAVE] = {ABOUT_MEMBER, OP_JOIN},
    [OP_SUSPEND] = {ABOUT_ACCOUNT, OP_RESTORE},
    [OP_REMOVE] = {ABOUT_ACCOUNT, OP_RESTORE},
    [OP_DROP_GROUP] = {ABOUT_GROUP, OP_ADD_GROUP},
    [OP_ADD_GROUP] = {ABOUT_GROUP, OP_DROP_GROUP},
    [OP_RENAME_GROUP] = {ABOUT_GROUP, OP_RENAME_GROUP},
    [OP_INVITE] = {ABOUT_ACCOUNT, OP_REMOVE},
    [OP_RESTORE] = {ABOUT_ACCOUNT, OP_SUSPEND},
    [OP_UPDATE] = {ABOUT_ACCOUNT, OP_UPDATE},
    [OP_ASSIGN] = {ABOUT_SEAT, OP_UNASSIGN},
    [OP_JOIN] = {ABOUT_MEMBER, OP_LEAVE},
    [OP_ADOPT] = {ABOUT_ACCOUNT, OP_ADOPT},
    [OP_ADOPT_GROUP] = {ABOUT_GROUP, OP_ADOPT_GROUP},
};

/* One change to be taken back; c is its inverse. */
struct step {
    struct change c;
    enum op undone;
    uint8_t place; /* 0: before all others; 2: behind them */
    enum account_state before;
    int64_t email_hash; /* that the account would have again */
    uint32_t group;     /* of adopt-group: the entry that the group would have again */
    uint32_t later;     /* the last later run that changed the same; 0: none */
    bool as_left;       /* what is there now is what the run left */
    bool taken;         /* of a change of id: something else is there under that id */
};

/* A person, or a group: by entry. What holds its account, or the group itself, holds what depends on it. */
struct standing {
    uint8_t state; /* enum account_state; as the undo has come so far */
    uint8_t hold;
    bool stuck;                 /* would have this id again only by a change that comes first, and is held */
    bool there, leaving, keeps; /* group exists · account would go · protected, so that it keeps everything */
    bool unclear;               /* nobody can say whose it is on the platform */
    uint32_t other;
    uint32_t members, left; /* of a group, and how many would leave it */
    uint32_t given;         /* run that gave the account something afterwards, which it still has */
};

struct gift {
    uint32_t person, run;
    bool has;
};

struct undo {
    struct draft d;
    int64_t run;
    struct step *steps;
    size_t n, cap;
    struct keymap mine; /* what a step is about -> the step */
    struct keymap emails;
    struct keymap given; /* seat or membership -> the gift */
    struct gift *gifts;
    size_t ngifts, gifts_cap;
    struct standing *by_entry;
    uint32_t max_entry, accounts;
    enum op last; /* the run's last change */
};

static struct key128 key_of(enum op op, uint32_t person, uint32_t object)
{
    enum about about = ops[op].about;
    return (struct key128){(uint64_t)about << 32 | person, about == ABOUT_ACCOUNT ? 0 : object};
}

static struct standing *standing(struct undo *u, uint32_t entry)
{
    return &u->by_entry[entry <= u->max_entry ? entry : 0];
}

/* --- what the run did, and what is there now --- */

/* A suspended account that an earlier undo brought back from removal goes there again. */
static enum op inverse_of(const struct undo_row *row)
{
    return row->op == OP_RESTORE && row->before == ACCOUNT_REMOVED ? OP_REMOVE : ops[row->op].inverse;
}

static bool as_left(const struct undo_row *row)
{
    switch (row->op) {
    case OP_ASSIGN:
    case OP_JOIN:
        return row->has;
    case OP_UNASSIGN:
    case OP_LEAVE:
        return row->state != ACCOUNT_NONE && !row->has;
    case OP_SUSPEND:
        return row->state == ACCOUNT_SUSPENDED;
    case OP_REMOVE:
        return row->state == ACCOUNT_REMOVED;
    case OP_INVITE:
    case OP_RESTORE:
    case OP_UPDATE:
    case OP_ADOPT:
        return row->state != ACCOUNT_NONE && row->state != ACCOUNT_REMOVED;
    default:
        return true; /* groups are looked at when the rest is known */
    }
}

static enum hold gate_hold(const struct gate *gate, const char *domain)
{
    int i = gate_find(gate, domain);
    return i < 0 ? HOLD_DOMAIN : gate->domains[i].open ? HOLD_NONE : HOLD_GATE;
}

/* The domain that the account has, and the one it would have again, must both be open. */
static enum hold hold_of(const struct gate *gate, const struct undo_row *row)
{
    if (!row->person)
        return gate_all_closed(gate) ? HOLD_GATE : HOLD_NONE;
    enum hold hold = row->state == ACCOUNT_NONE ? HOLD_NONE : gate_hold(gate, row->domain);
    return hold == HOLD_NONE && *row->before_domain ? gate_hold(gate, row->before_domain) : hold;
}

static void take_row(void *ctx, const struct undo_row *row)
{
    struct undo *u = ctx;
    const struct plan_settings *settings = u->d.settings;
    struct step s = {.c = {.person = row->person,
                           .object = row->object,
                           .op = (uint8_t)inverse_of(row),
                           .cause = CAUSE_UNDO,
                           .detail = (uint32_t)u->run,
                           .other = row->seq,
                           .hold = (uint8_t)hold_of(settings->gate, row)},
                     .undone = row->op,
                     .before = row->before,
                     .email_hash = row->before_email_hash,
                     .group = row->group_was,
                     .as_left = as_left(row)};
    if (s.c.op == OP_ADOPT) { /* back to where it came from, which the change names as its object */
        s.c.person = row->object;
        s.c.object = row->person;
        standing(u, row->person)->leaving |= s.before == ACCOUNT_SUSPENDED;
    } else if (s.c.op == OP_ADOPT_GROUP) {
        s.c.object = row->group_is;
    }
    if (s.c.op == OP_SUSPEND || s.c.op == OP_REMOVE) {
        standing(u, row->person)->leaving = true;
        standing(u, row->person)->keeps = guard_protects(settings->policy->section, row->email, row->user_name);
    }
    *MEM_PUSH(&u->steps, &u->n, &u->cap) = s;
    u->last = row->op;
}

static void take_account(void *ctx, const struct account_row *row)
{
    struct undo *u = ctx;
    standing(u, row->person)->state = (uint8_t)row->state;
    if (row->state == ACCOUNT_REMOVED)
        return;
    u->accounts++;
    keymap_put(&u->emails, (struct key128){(uint64_t)row->email_hash, 0}, row->person);
}

static void take_group(void *ctx, uint32_t group, uint32_t members)
{
    struct standing *g = standing(ctx, group);
    g->there = true;
    g->members = members;
}

/* Only the last word about a seat or a membership says whether it is still had. */
static void note_gift(struct undo *u, uint32_t later, enum op op, uint32_t person, uint32_t object)
{
    struct key128 key = key_of(op, person, object);
    uint32_t i = keymap_find(&u->given, key);
    if (i == KEYMAP_NONE) {
        i = (uint32_t)u->ngifts;
        keymap_put(&u->given, key, i);
        (void)MEM_PUSH(&u->gifts, &u->ngifts, &u->gifts_cap);
    }
    u->gifts[i] = (struct gift){.person = person, .run = later, .has = op == OP_ASSIGN || op == OP_JOIN};
}

static void take_later(void *ctx, uint32_t later, enum op op, uint32_t person, uint32_t object)
{
    struct undo *u = ctx;
    uint32_t i = keymap_find(&u->mine, key_of(op, person, object)),
             from = op == OP_ADOPT ? keymap_find(&u->mine, key_of(op, object, 0)) : KEYMAP_NONE;
    if (i != KEYMAP_NONE)
        u->steps[i].later = later;
    if (from != KEYMAP_NONE)
        u->steps[from].later = later;
    if ((ops[op].about == ABOUT_SEAT || ops[op].about == ABOUT_MEMBER) && standing(u, person)->leaving)
        note_gift(u, later, op, person, object);
}

static int by_op_and_person(const void *a, const void *b)
{
    const struct step *first = a, *second = b;
    const struct change *x = &first->c, *y = &second->c;
    if (first->place != second->place)
        return first->place < second->place ? -1 : 1;
    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return (x->object > y->object) - (x->object < y->object);
}

/*
 * A run gives new ids first and does everything else under them, so that its undo does all of that first, and the undo of an undo begins with
 * the ids again.
 */
static int find_places(struct store *store, struct undo *u, struct err *err)
{
    bool again;
    if (undo_is_undo(store, u->run, &again, err) != 0)
        return -1;
    bool ids_first = again && op_changes_id(u->last);
    for (size_t i = 0; i < u->n; i++)
        u->steps[i].place = !op_changes_id(u->steps[i].undone) ? 1 : ids_first ? 0 : 2;
    return 0;
}

static struct standing *id_again(struct undo *u, const struct step *s)
{
    return standing(u, s->undone == OP_ADOPT ? s->c.person : s->group);
}

/* What gets its id before all else stands under it from the beginning. */
static void stand_under_ids(struct undo *u)
{
    for (size_t i = 0; i < u->n; i++) {
        struct step *s = &u->steps[i];
        if (!op_changes_id(s->undone))
            continue;
        struct standing *to = id_again(u, s), *from = standing(u, s->c.object);
        s->taken = s->undone == OP_ADOPT ? to->state != ACCOUNT_NONE : to->there;
        if (s->place != 0 || s->taken)
            continue;
        to->state = from->state;
        to->there = from->there;
        to->members = from->members;
    }
}

/* As in a plan (sync/repair.h). */
static void take_unclear(void *ctx, const struct drift_row *row)
{
    bool of_account = row->op == OP_REMOVE, of_group = !row->account;
    if (row->stance == DRIFT_UNCLEAR && (of_account || of_group))
        standing(ctx, of_group ? row->object : row->person)->unclear = true;
}

static int refuse_empty(struct store *store, int64_t run, struct err *err)
{
    int64_t repairs;
    if (undo_repairs(store, run, &repairs, err) != 0)
        return -1;
    if (repairs)
        return err_set(err, ERR_REFUSED,
                       "run %" PRId64 " only repaired what had drifted on the platform, which is not undone", run);
    return err_set(err, ERR_REFUSED, "run %" PRId64 " changed nothing, so there is nothing to undo", run);
}

static int load(struct store *store, struct undo *u, struct err *err)
{
    int64_t team = u->d.settings->policy->team;
    if (max_entry(store->db, &u->max_entry, err) != 0)
        return -1;
    u->by_entry = mem_zero(((size_t)u->max_entry + 1) * sizeof *u->by_entry);
    if (undo_each(store, team, u->run, take_row, u, err) != 0)
        return -1;
    if (u->n == 0)
        return refuse_empty(store, u->run, err);
    if (find_places(store, u, err) != 0)
        return -1;
    qsort(u->steps, u->n, sizeof *u->steps, by_op_and_person);
    for (size_t i = 0; i < u->n; i++) {
        const struct step *s = &u->steps[i];
        keymap_put(&u->mine, key_of(s->undone, s->c.person, s->c.object), (uint32_t)i);
        if (s->undone == OP_ADOPT)
            keymap_put(&u->mine, key_of(s->undone, s->c.object, 0), (uint32_t)i);
    }
    if (account_each(store->db, team, take_account, u, err) != 0 ||
        undo_each_group(store, team, take_group, u, err) != 0 ||
        undo_each_later(store, team, u->run, take_later, u, err) != 0 ||
        drift_each(store->db, team, take_unclear, u, err) != 0)
        return -1;
    for (size_t i = 0; i < u->ngifts; i++)
        if (u->gifts[i].has)
            standing(u, u->gifts[i].person)->given = u->gifts[i].run;
    stand_under_ids(u);
    return 0;
}

/* --- what stands in the way of a change by itself --- */

static void hold_changed(struct change *c, uint32_t run)
{
    c->hold = HOLD_CHANGED;
    c->other = run;
}

static bool group_as_left(struct undo *u, const struct step *s)
{
    return ops[s->undone].about != ABOUT_GROUP || standing(u, s->c.object)->there == (s->undone != OP_DROP_GROUP);
}

/* Of an account, of what it has, or of the group that it is a member of. An approval means what is taken away. */
static bool is_unclear(struct undo *u, const struct step *s)
{
    bool takes = op_is_removal((enum op)s->c.op) || s->c.op == OP_DROP_GROUP;
    if (takes && u->d.settings->approved)
        return false;
    enum about about = ops[s->c.op].about;
    bool adopts = s->c.op == OP_ADOPT, has_group = about == ABOUT_MEMBER || about == ABOUT_GROUP;
    return (s->c.person && standing(u, s->c.person)->unclear) ||
           ((has_group || adopts) && standing(u, s->c.object)->unclear);
}

static void judge(struct undo *u, struct step *s)
{
    struct change *c = &s->c;
    const struct standing *p = standing(u, c->person);
    bool adopts = c->op == OP_ADOPT, goes = c->op == OP_SUSPEND || c->op == OP_REMOVE || adopts;
    uint32_t given = standing(u, adopts ? c->object : c->person)->given;
    if (c->hold != HOLD_NONE)
        return;
    if (s->later || !s->as_left || !group_as_left(u, s))
        hold_changed(c, s->later);
    else if (goes && given)
        hold_changed(c, given);
    else if (c->person && p->keeps && op_is_removal((enum op)c->op))
        c->hold = HOLD_PROTECTED;
    else if (is_unclear(u, s))
        c->hold = HOLD_UNCLEAR;
}

static int count_seats(struct store *store, struct plan *plan, uint32_t *ret, struct err *err)
{
    *ret = 0;
    for (size_t i = 0; i < plan->nseats; i++) {
        struct seats *s = &plan->seats[i];
        int64_t n;
        if (db_number(store->db, "SELECT count(*) FROM seat WHERE product = ?", DB_ARGS(DB_INT(s->product)), &n, err) !=
            0)
            return -1;
        s->before = s->after = (uint32_t)n;
        *ret += s->before;
    }
    return 0;
}

static void ask_guard(struct undo *u, uint32_t seats)
{
    uint32_t counts[OP_COUNT] = {0};
    for (size_t i = 0; i < u->n; i++) {
        const struct change *c = &u->steps[i].c;
        if (c->hold != HOLD_NONE)
            continue;
        counts[c->op]++;
        if (c->op == OP_LEAVE)
            standing(u, c->object)->left++;
    }
    guard_count(u->d.guard, "people", 0, counts[OP_SUSPEND] + counts[OP_REMOVE], u->accounts);
    guard_count(u->d.guard, "seats", 0, counts[OP_UNASSIGN], seats);
    for (uint32_t e = 1; e <= u->max_entry; e++)
        if (u->by_entry[e].left)
            guard_count(u->d.guard, "members of group", e, u->by_entry[e].left, u->by_entry[e].members);
}

/* --- what depends on what came before, in the order of the plan --- */

static struct seats *seats_of(struct undo *u, uint32_t product)
{
    for (size_t i = 0; i < u->d.plan->nseats; i++)
        if (u->d.plan->seats[i].product == product)
            return &u->d.plan->seats[i];
    return NULL;
}

static void take_seat(struct undo *u, struct step *s)
{
    struct seats *seats = seats_of(u, s->c.object);
    if (s->c.hold == HOLD_NONE && seats)
        seats->after--;
}

static void leave(struct undo *u, struct step *s)
{
    struct standing *g = standing(u, s->c.object);
    if (s->c.hold == HOLD_NONE) {
        g->members--;
    } else {
        g->hold = s->c.hold;
        g->other = s->c.other;
    }
}

/* An e-mail that another account has by now is not given twice; a removed account claims none. */
static void put_account_back(struct undo *u, struct step *s)
{
    struct change *c = &s->c;
    struct standing *p = standing(u, c->person);
    if (c->hold == HOLD_NONE && s->before != ACCOUNT_NONE && s->before != ACCOUNT_REMOVED) {
        struct key128 key = {(uint64_t)s->email_hash, 0};
        uint32_t holder = keymap_find(&u->emails, key);
        if (holder != KEYMAP_NONE && holder != c->person) {
            c->hold = HOLD_SAME_EMAIL;
            c->other = holder;
        } else {
            keymap_put(&u->emails, key, c->person);
        }
    }
    if (c->hold != HOLD_NONE) {
        p->hold = c->hold;
        p->other = c->other;
    } else if (c->op == OP_REMOVE) {
        p->state = ACCOUNT_REMOVED;
    } else if (c->op != OP_UPDATE) {
        p->state = (uint8_t)s->before;
    }
}

/* Where everything else comes after this, it is held too. */
static void put_id_back(struct undo *u, struct step *s)
{
    struct change *c = &s->c;
    struct standing *to = id_again(u, s);
    uint32_t holder =
        s->undone == OP_ADOPT ? keymap_find(&u->emails, (struct key128){(uint64_t)s->email_hash, 0}) : KEYMAP_NONE;
    if (c->hold == HOLD_NONE && s->taken)
        hold_changed(c, 0);
    if (c->hold == HOLD_NONE && holder != KEYMAP_NONE && holder != c->object) {
        c->hold = HOLD_SAME_EMAIL;
        c->other = holder;
    }
    if (c->hold == HOLD_NONE || s->place != 0)
        return;
    to->stuck = true;
    to->hold = c->hold;
    to->other = c->other;
}

/* For want of the account or the group that it would be given to, for whatever reason that is. */
static void hold_as(struct change *c, const struct standing *s)
{
    if (s->hold != HOLD_NONE) {
        c->hold = s->hold;
        c->other = s->other;
    } else {
        hold_changed(c, 0);
    }
}

/* Only an empty group can be dropped. */
static void change_group(struct undo *u, struct step *s)
{
    struct change *c = &s->c;
    struct standing *g = standing(u, c->object);
    if (c->hold == HOLD_NONE && c->op == OP_DROP_GROUP && g->members)
        hold_as(c, g);
    if (c->hold != HOLD_NONE) {
        g->hold = c->hold;
        g->other = c->other;
    } else if (c->op == OP_ADD_GROUP) {
        g->there = true;
    }
}

static void give(struct undo *u, struct step *s)
{
    struct change *c = &s->c;
    const struct standing *p = standing(u, c->person);
    if (c->hold == HOLD_NONE && (p->state == ACCOUNT_NONE || p->state == ACCOUNT_REMOVED))
        hold_as(c, p);
    if (c->hold == HOLD_NONE && c->op == OP_JOIN && !standing(u, c->object)->there)
        hold_as(c, standing(u, c->object));
    struct seats *seats = c->op == OP_ASSIGN && c->hold == HOLD_NONE ? seats_of(u, c->object) : NULL;
    if (!seats)
        return;
    if (seats->limited && seats->after >= seats->limit) {
        c->hold = HOLD_NO_SEAT;
        c->other = ++seats->waiting;
    } else {
        seats->after++;
    }
}

static void settle(struct undo *u, struct step *s)
{
    static void (*const settlers[OP_COUNT])(struct undo *, struct step *) = {
        [OP_UNASSIGN] = take_seat,
        [OP_LEAVE] = leave,
        [OP_SUSPEND] = put_account_back,
        [OP_REMOVE] = put_account_back,
        [OP_DROP_GROUP] = change_group,
        [OP_ADD_GROUP] = change_group,
        [OP_RENAME_GROUP] = change_group,
        [OP_RESTORE] = put_account_back,
        [OP_UPDATE] = put_account_back,
        [OP_ASSIGN] = give,
        [OP_JOIN] = give,
        [OP_ADOPT] = put_id_back,
        [OP_ADOPT_GROUP] = put_id_back,
    };
    bool of_group = s->c.op == OP_JOIN || s->c.op == OP_LEAVE;
    if (s->c.hold == HOLD_NONE && s->c.person && standing(u, s->c.person)->stuck)
        hold_as(&s->c, standing(u, s->c.person));
    if (s->c.hold == HOLD_NONE && of_group && standing(u, s->c.object)->stuck)
        hold_as(&s->c, standing(u, s->c.object));
    if (s->c.hold == HOLD_NONE && u->d.hold_removals && op_is_removal((enum op)s->c.op))
        s->c.hold = HOLD_GUARD;
    settlers[s->c.op](u, s);
    draft_add(&u->d, s->c);
}

static int make(struct store *store, struct undo *u, struct err *err)
{
    struct plan *plan = u->d.plan;
    uint32_t seats;
    u->d.guard = &plan->guard;
    if (load(store, u, err) != 0 || draft_list_products(store, &u->d, err) != 0 ||
        count_seats(store, plan, &seats, err) != 0)
        return -1;
    for (size_t i = 0; i < u->n; i++)
        judge(u, &u->steps[i]);
    ask_guard(u, seats);
    u->d.hold_removals = plan->guard.ntrips > 0 && !u->d.settings->approved;
    for (size_t i = 0; i < u->n; i++)
        settle(u, &u->steps[i]);
    return 0;
}

static void release(struct undo *u)
{
    draft_release(&u->d);
    keymap_release(&u->mine);
    keymap_release(&u->emails);
    keymap_release(&u->given);
    free(u->steps);
    free(u->gifts);
    free(u->by_entry);
}

int undo_plan(struct store *store, const struct plan_settings *settings, int64_t run, struct plan **ret,
              struct err *err)
{
    int64_t team = 0;
    if (run_team(store, run, &team, err) != 0)
        return -1;
    if (team != settings->policy->team)
        return err_set(err, ERR_NOT_FOUND, "team %s has no run %" PRId64 "; doorward runs lists them",
                       settings->policy->team_name, run);
    CLEANUP(plan_free) struct plan *plan = mem_zero(sizeof *plan);
    plan->team = settings->policy->team_name;
    plan->directory = settings->policy->directory;
    plan->team_id = team;
    plan->now = settings->now;
    plan->guard.limits = settings->limits;
    struct undo u = {.d = {.plan = plan, .settings = settings}, .run = run};
    int r = make(store, &u, err);
    release(&u);
    if (r != 0)
        return -1;
    *ret = TAKE(plan);
    return 0;
}
