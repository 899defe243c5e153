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
};

static const char signs[OP_COUNT] = {
    [OP_UNASSIGN] = '-',   [OP_LEAVE] = '-',     [OP_SUSPEND] = '-', [OP_REMOVE] = '-',
    [OP_DROP_GROUP] = '-', [OP_ADD_GROUP] = '+', [OP_INVITE] = '+',  [OP_RENAME_GROUP] = '~',
    [OP_UPDATE] = '~',     [OP_RESTORE] = '+',   [OP_ASSIGN] = '+',  [OP_JOIN] = '+',
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
    return op == OP_INVITE || op == OP_RESTORE || op == OP_UPDATE;
}

const char *const cause_names[CAUSE_COUNT] = {
    [CAUSE_IN_DIRECTORY] = "in-directory", [CAUSE_RETURNED] = "returned",
    [CAUSE_ATTRIBUTES] = "attributes",     [CAUSE_GROUP] = "group",
    [CAUSE_LEFT_GROUP] = "left-group",     [CAUSE_GONE] = "gone",
    [CAUSE_DISABLED] = "disabled",         [CAUSE_EXCLUDED] = "excluded",
    [CAUSE_OUT_OF_SCOPE] = "out-of-scope", [CAUSE_GRACE] = "grace-over",
    [CAUSE_CONFIGURED] = "configured",     [CAUSE_UNCONFIGURED] = "unconfigured",
    [CAUSE_RENAMED] = "renamed",           [CAUSE_UNDO] = "undo",
};

const char *const hold_names[HOLD_COUNT] = {
    [HOLD_NONE] = "none",
    [HOLD_DISABLED_SYNC] = "sync-disabled",
    [HOLD_GATE] = "gate",
    [HOLD_DOMAIN] = "domain",
    [HOLD_NO_EMAIL] = "no-email",
    [HOLD_SAME_EMAIL] = "same-email",
    [HOLD_NO_SEAT] = "no-seat",
    [HOLD_PROTECTED] = "protected",
    [HOLD_GUARD] = "guard",
    [HOLD_UNRESOLVED] = "unresolved-group",
    [HOLD_CHANGED] = "changed-since",
};
