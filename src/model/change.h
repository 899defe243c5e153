/*
 * A change: one step of a plan, in numbers. Who and what the numbers stand for is looked up when it is shown or carried out.
 */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Beside the bits of enum attr in a change's detail: something that the platform's own map gives. */
#define DETAIL_MAPPED (1U << 16)

/* A plan's order is that of change_rank; an undo takes them in this one. */
enum op {
    OP_UNASSIGN,
    OP_LEAVE,
    OP_SUSPEND,
    OP_REMOVE,
    OP_DROP_GROUP,
    OP_ADD_GROUP,
    OP_RENAME_GROUP,
    OP_INVITE,
    OP_RESTORE,
    OP_UPDATE,
    OP_ASSIGN,
    OP_JOIN,
    OP_ADOPT,       /* the account moves to the person's new id */
    OP_ADOPT_GROUP, /* the platform's group moves to the directory group's new id */
    OP_COUNT,
};

enum cause {
    CAUSE_IN_DIRECTORY, /* in the directory and in scope */
    CAUSE_RETURNED,     /* in scope again */
    CAUSE_ATTRIBUTES,   /* detail: bits of enum attr, DETAIL_MAPPED */
    CAUSE_GROUP,        /* member of a group; detail: the group's entry */
    CAUSE_LEFT_GROUP,   /* no longer member of any group that leads there; detail: the group that led there */
    CAUSE_GONE,         /* no longer in the directory */
    CAUSE_DISABLED,     /* disabled in the directory */
    CAUSE_EXCLUDED,     /* detail: number of the exclude line */
    CAUSE_OUT_OF_SCOPE, /* in none of the scope groups */
    CAUSE_GRACE,        /* suspended for the time of grace */
    CAUSE_CONFIGURED,   /* the configuration asks for it */
    CAUSE_UNCONFIGURED, /* the configuration no longer asks for it */
    CAUSE_RENAMED,      /* the group has another name */
    CAUSE_NEW_ID, /* the same person or group under a new id; detail of a person: as of attributes, of a group: its entry now */
    CAUSE_UNDO, /* takes a change of another run back; detail: that run; other: the change's number there */
    CAUSE_DRIFT, /* the platform is not as our rows say; detail: print of what was found there (store/drift.h) */
    CAUSE_COUNT,
};

enum hold {
    HOLD_NONE,
    HOLD_DISABLED_SYNC, /* sync of the team is not enabled */
    HOLD_GATE,          /* the gate of the person's domain is closed */
    HOLD_DOMAIN,        /* the e-mail's domain is none of the organisation's */
    HOLD_NO_EMAIL,
    HOLD_SAME_EMAIL, /* another person or account has this e-mail; other: that person */
    HOLD_NO_SEAT,    /* other: place among those who wait, from 1; 0: not known */
    HOLD_PROTECTED,  /* an administrator, or protected by the configuration */
    HOLD_GUARD,      /* too many removals at once */
    HOLD_UNRESOLVED, /* a configured group was not found: nothing is taken away */
    HOLD_NEW_ID,     /* looks like somebody under a new id, which needs a decision; other: that person */
    HOLD_UNCLEAR,    /* on the platform it is not clear whose it is */
    HOLD_CHANGED,    /* of an undo: changed again since; other: by this run, or 0 */
    HOLD_COUNT,
};

struct change {
    uint32_t person; /* entry; 0 for changes of a group itself */
    uint32_t
        object; /* assign, unassign: product; of groups: the group's entry; adopt: the entry that the account or group had; else 0 */
    uint32_t detail; /* see enum cause */
    uint32_t other;  /* see enum hold; where nothing holds it, see CAUSE_UNDO */
    uint8_t op, cause, hold;
    uint8_t unused; /* 0: no padding, so that a digest may be taken of the bytes */
};

/* "invite", "assign" …; as written in JSON and shown. */
extern const char *const op_names[OP_COUNT];
/* '+', '~' or '-' */
char op_sign(enum op op);
/* Takes something away from a person: unassign, leave, suspend, remove. */
bool op_is_removal(enum op op);
/* Gives an account the attributes that the directory has: invite, restore, update, adopt. */
bool op_takes_attributes(enum op op);
/* What is there goes by another id afterwards: adopt, adopt-group. */
bool op_changes_id(enum op op);
/*
 * Where a change stands in a plan. First what locks out those who may no longer be there, each person's account before the rest,
 * so that a run cut short has done it; then seats and memberships that are released, before any is given.
 */
int change_rank(const struct change *change);
/* "in-directory", "returned" …: as written in JSON. */
extern const char *const cause_names[CAUSE_COUNT];
extern const char *const hold_names[HOLD_COUNT];

#endif
