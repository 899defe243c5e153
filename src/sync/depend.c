#include "sync/depend.h"

#include "base/keymap.h"
#include "base/mem.h"

/* What a skipped change leaves undone, by what later changes are about. */
enum kept { KEPT_PERSON, KEPT_GROUP, KEPT_MEMBER };

struct depend {
    const struct plan *plan;
    struct keymap skipped; /* kept and its entry -> number of the change */
    uint32_t *unreleased;  /* by place in the plan's seats */
    bool any;
};

static const struct {
    enum { OF_NOTHING, OF_PERSON, OF_OBJECT, OF_DETAIL } of; /* where its entry stands in the change */
    enum kept kept;
} leaving[OP_COUNT] = {
    [OP_LEAVE] = {OF_OBJECT, KEPT_MEMBER},  [OP_ADD_GROUP] = {OF_OBJECT, KEPT_GROUP},
    [OP_INVITE] = {OF_PERSON, KEPT_PERSON}, [OP_RESTORE] = {OF_PERSON, KEPT_PERSON},
    [OP_ADOPT] = {OF_PERSON, KEPT_PERSON},  [OP_ADOPT_GROUP] = {OF_DETAIL, KEPT_GROUP},
};

/* What each kind needs. */
static const struct {
    bool person, group, empty_group;
} needs[OP_COUNT] = {
    [OP_UNASSIGN] = {.person = true},
    [OP_LEAVE] = {.person = true, .group = true},
    [OP_SUSPEND] = {.person = true},
    [OP_REMOVE] = {.person = true},
    [OP_DROP_GROUP] = {.group = true, .empty_group = true},
    [OP_RENAME_GROUP] = {.group = true},
    [OP_UPDATE] = {.person = true},
    [OP_ASSIGN] = {.person = true},
    [OP_JOIN] = {.person = true, .group = true},
};

static struct key128 key_of(enum kept kept, uint32_t entry)
{
    return (struct key128){(uint64_t)kept, entry};
}

struct depend *depend_new(const struct plan *plan)
{
    struct depend *d = mem_zero(sizeof *d);
    d->plan = plan;
    d->unreleased = mem_zero((plan ? plan->nseats + 1 : 1) * sizeof *d->unreleased);
    return d;
}

void depend_free(struct depend **depend)
{
    if (!*depend)
        return;
    keymap_release(&(*depend)->skipped);
    free((*depend)->unreleased);
    free(*depend);
    *depend = NULL;
}

static uint32_t *unreleased(struct depend *d, uint32_t product, const struct seats **ret)
{
    for (size_t i = 0; d->plan && i < d->plan->nseats; i++) {
        if (d->plan->seats[i].product != product)
            continue;
        *ret = &d->plan->seats[i];
        return &d->unreleased[i];
    }
    return NULL;
}

void depend_note_skipped(struct depend *d, const struct change *c, uint32_t seq)
{
    const struct seats *seats;
    d->any = true;
    const uint32_t entries[] = {[OF_PERSON] = c->person, [OF_OBJECT] = c->object, [OF_DETAIL] = c->detail};
    if (leaving[c->op].of != OF_NOTHING)
        keymap_put(&d->skipped, key_of(leaving[c->op].kept, entries[leaving[c->op].of]), seq);
    uint32_t *count = c->op == OP_UNASSIGN ? unreleased(d, c->object, &seats) : NULL;
    if (count)
        (*count)++;
}

bool depend_any(const struct depend *d)
{
    return d->any;
}

static bool hindered_by(const struct depend *d, enum kept kept, uint32_t entry, const char *what, struct buf *why)
{
    uint32_t seq = keymap_find(&d->skipped, key_of(kept, entry));
    if (seq == KEYMAP_NONE)
        return false;
    buf_printf(why, "not tried, because %s (change %u of the run) was skipped", what, (unsigned)seq);
    return true;
}

/* The plan counted on seats that were not released; as many are not given. */
static bool lacks_seat(struct depend *d, const struct change *c, struct buf *why)
{
    const struct seats *s = NULL;
    bool takes = c->op == OP_ASSIGN && c->cause != CAUSE_DRIFT; /* which gives a seat back that was counted all along */
    uint32_t *count = takes ? unreleased(d, c->object, &s) : NULL;
    if (!count || !s->limited || *count == 0)
        return false;
    uint32_t spare = s->limit > s->after ? s->limit - s->after : 0;
    if (*count <= spare)
        return false;
    (*count)--;
    buf_printf(why, "not tried, because a seat of %s that it was to take was not released", s->title);
    return true;
}

bool depend_hinders(struct depend *d, const struct change *c, struct buf *why)
{
    if (needs[c->op].person && hindered_by(d, KEPT_PERSON, c->person, "the account's own change", why))
        return true;
    if (needs[c->op].group && hindered_by(d, KEPT_GROUP, c->object, "adding the group", why))
        return true;
    if (needs[c->op].empty_group && hindered_by(d, KEPT_MEMBER, c->object, "a member's leaving", why))
        return true;
    return lacks_seat(d, c, why);
}
