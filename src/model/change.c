#include "model/change.h"

const char *const op_names[OP_COUNT] = {
    [OP_UNASSIGN] = "unassign",
    [OP_LEAVE] = "leave",
    [OP_SUSPEND] = "suspend",
    [OP_REMOVE] = "remove",
    [OP_DROP_GROUP] = "drop-group",
    [OP_ADD_GROUP] = "add-group",
    [OP_RENAME_GROUP] = "rename-group",
    [OP_INVITE] = "invite",
    [OP_RESTORE] = "restore",
    [OP_UPDATE] = "update",
    [OP_ASSIGN] = "assign",
    [OP_JOIN] = "join",
    [OP_ADOPT] = "adopt",
    [OP_ADOPT_GROUP] = "adopt-group",
};

static const char signs[OP_COUNT] = {
    [OP_UNASSIGN] = '-',  [OP_LEAVE] = '-',  [OP_SUSPEND] = '-',      [OP_REMOVE] = '-',      [OP_DROP_GROUP] = '-',
    [OP_ADD_GROUP] = '+', [OP_INVITE] = '+', [OP_RENAME_GROUP] = '~', [OP_UPDATE] = '~',      [OP_RESTORE] = '+',
    [OP_ASSIGN] = '+',    [OP_JOIN] = '+',   [OP_ADOPT] = '~',        [OP_ADOPT_GROUP] = '~',
};

char op_sign(enum op op)
{
    return signs[op];
}

bool op_is_removal(enum op op)
{
    return op == OP_UNASSIGN || op == OP_LEAVE || op == OP_SUSPEND || op == OP_REMOVE;
}

bool op_takes_attributes(enum op op)
{
    return op == OP_INVITE || op == OP_RESTORE || op == OP_UPDATE || op == OP_ADOPT;
}

bool op_changes_id(enum op op)
{
    return op == OP_ADOPT || op == OP_ADOPT_GROUP;
}

/* Because of what the person is, not of what a group or the configuration says. */
static bool locks_out(const struct change *c)
{
    return op_is_removal((enum op)c->op) && (c->cause == CAUSE_GONE || c->cause == CAUSE_DISABLED ||
                                             c->cause == CAUSE_EXCLUDED || c->cause == CAUSE_OUT_OF_SCOPE);
}

/* A group has its new id before anybody leaves or joins it, a person before anything else is done to the account. */
int change_rank(const struct change *c)
{
    static const uint8_t locking_out[OP_COUNT] = {[OP_SUSPEND] = 1, [OP_REMOVE] = 2, [OP_UNASSIGN] = 3, [OP_LEAVE] = 4};
    static const uint8_t others[OP_COUNT] = {
        [OP_ADOPT_GROUP] = 0, [OP_ADOPT] = 5,       [OP_UNASSIGN] = 6,   [OP_LEAVE] = 7,         [OP_SUSPEND] = 8,
        [OP_REMOVE] = 9,      [OP_DROP_GROUP] = 10, [OP_ADD_GROUP] = 11, [OP_RENAME_GROUP] = 12, [OP_INVITE] = 13,
        [OP_RESTORE] = 14,    [OP_UPDATE] = 15,     [OP_ASSIGN] = 16,    [OP_JOIN] = 17,
    };
    return locks_out(c) ? locking_out[c->op] : others[c->op];
}

const char *const cause_names[CAUSE_COUNT] = {
    [CAUSE_IN_DIRECTORY] = "in-directory",
    [CAUSE_RETURNED] = "returned",
    [CAUSE_ATTRIBUTES] = "attributes",
    [CAUSE_GROUP] = "group",
    [CAUSE_LEFT_GROUP] = "left-group",
    [CAUSE_GONE] = "gone",
    [CAUSE_DISABLED] = "disabled",
    [CAUSE_EXCLUDED] = "excluded",
    [CAUSE_OUT_OF_SCOPE] = "out-of-scope",
    [CAUSE_GRACE] = "grace-over",
    [CAUSE_CONFIGURED] = "configured",
    [CAUSE_UNCONFIGURED] = "unconfigured",
    [CAUSE_RENAMED] = "renamed",
    [CAUSE_NEW_ID] = "new-id",
    [CAUSE_UNDO] = "undo",
    [CAUSE_DRIFT] = "drift",
};

const char *const hold_names[HOLD_COUNT] = {
    [HOLD_NONE] = "none",         [HOLD_DISABLED_SYNC] = "sync-disabled",
    [HOLD_GATE] = "gate",         [HOLD_DOMAIN] = "domain",
    [HOLD_NO_EMAIL] = "no-email", [HOLD_SAME_EMAIL] = "same-email",
    [HOLD_NO_SEAT] = "no-seat",   [HOLD_PROTECTED] = "protected",
    [HOLD_GUARD] = "guard",       [HOLD_UNRESOLVED] = "unresolved-group",
    [HOLD_NEW_ID] = "new-id",     [HOLD_UNCLEAR] = "unclear-account",
    [HOLD_CHANGED] = "changed-since",
};
