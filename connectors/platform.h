/*
 * What a platform connector is: a descriptor of static functions, found by the name written after "type =".
 *
 *   check (no network) -> open -> carry_out… or send… -> close
 *
 * There are two kinds. A platform in our own database (the roster) has carry_out: it takes its work from the journal, in the transaction
 * that wrote it. A platform elsewhere has send: it is handed tasks after these were noted as sent, and answers for each of them.
 * The rows of accounts, seats and groups then follow what was confirmed.
 */
#ifndef CONNECTORS_PLATFORM_H
#define CONNECTORS_PLATFORM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "conf/conf.h"
#include "connectors/connector.h"
#include "model/change.h"
#include "model/entry.h"

struct mapping;
struct store;
struct platform;

/* What stands for a product on the platform: a group of its name, or a value of the account's entitlements or roles. */
enum platform_assign { PLATFORM_AS_GROUP, PLATFORM_AS_ENTITLEMENT, PLATFORM_AS_ROLE };

/*
 * One change as a platform elsewhere needs it. The same task may come again, after a crash or a connection that was cut before the answer:
 * doing it again has to end in the same state, and is answered as done.
 */
struct platform_task {
    enum op op;
    const char *key;     /* idempotency key: printable ASCII; the same however often the task is sent */
    const char *person;  /* our immutable id of the person; NULL for changes of a group itself */
    const char *account; /* the platform's id of the account; NULL: none known */
    bool active;         /* of what gives attributes: is the account to be usable afterwards? */
    struct span
        attr[ATTR_COUNT]; /* of what gives attributes (invite, restore, update): all of them; empty when absent */
    /*
     * With them: what the rules of the platform's own map give, by their targets; empty where nothing. Targets of rules that are not in it
     * have what the rule makes of attr.
     */
    const struct named_value *mapped;
    size_t nmapped;
    const char *object;      /* the platform's id of the group, or of what stands for the product; NULL: none known */
    const char *object_uid;  /* our id of it: the group's immutable id, or "product:" and the section's name */
    const char *object_name; /* as people know it */
    enum platform_assign assign; /* of assign and unassign */
    const char *value;           /* of those that are no group: what the account gets or loses */
    const char *
        former; /* of adopt and adopt-group: our id that it has there until now; person or object_uid is the one it gets */
    bool first;     /* it was never sent before, by nobody: nothing of it can be there yet */
    bool take_over; /* an account that has the person's e-mail there, and no id of anybody, may be made ours */
    bool claim;     /* of update: the account lost our id there, and gets it again */
};

enum platform_verdict {
    PLATFORM_DONE,  /* it is so now; also when it was so before */
    PLATFORM_RETRY, /* not now: busy, slow, cut off; whether it was done is not known */
    PLATFORM_SKIP,  /* this one will not do, however often it is sent; the others may */
    PLATFORM_STOP,  /* nothing will do: a wrong token, a certificate of somebody else */
};

#define PLATFORM_ID_MAX   256     /* bytes of an id that a platform gives */
#define PLATFORM_WAIT_MAX 3600000 /* milliseconds; a longer wait is taken as this one */

struct platform_answer {
    enum platform_verdict verdict;
    int64_t wait; /* of RETRY: milliseconds that the platform asks to be left alone for; 0: it does not say */
    bool busy;    /* of RETRY: the platform asks for fewer requests, or for a pause */
    bool unsent;  /* of RETRY: it was not even begun, so that nothing of it can have happened */
    bool together; /* of RETRY: it went out in one request with another, which stands for both */
    char account[PLATFORM_ID_MAX]; /* of DONE, when the account's id became known: else "" */
    char object[PLATFORM_ID_MAX];  /* the same of the group or product */
    bool taken_over;               /* of DONE: the account had been there, and is ours now */
    struct err why; /* of all but DONE: object, fault, remedy. Of RETRY: ERR_NETWORK when there was no answer */
};

/*
 * How often and how soon a change is sent again: of every platform that has send. The caller reads these keys, so they stand among the
 * settings of such a platform as they are here.
 */
#define PLATFORM_REMOTE_SETTINGS                                                                                       \
    {.key = "retries",                                                                                                 \
     .type = CONF_INT,                                                                                                 \
     .def = "8",                                                                                                       \
     .min = 0,                                                                                                         \
     .max = 100,                                                                                                       \
     .help = "How often a change is sent again when the platform is busy or does not answer. After that it is "        \
             "skipped, and planned again by the next run."},                                                           \
    {                                                                                                                  \
        .key = "retry-wait", .type = CONF_MILLIS, .def = "1s", .min = 1, .max = 3600000,                               \
        .help = "How long is waited before a change is sent again for the first time; each further wait is twice as "  \
                "long, up to a minute. Where the platform asks for a longer wait, that counts."                        \
    },                                                                                                                 \
    {                                                                                                                  \
        .key = "drift-every", .type = CONF_DURATION, .choices = (const char *const[]){"never", NULL}, .def = "0s",     \
        .max = 30 * 24 * 3600,                                                                                         \
        .help = "How often a plan reads what the platform has, and names and repairs what is not as sync left it: "    \
                "0s at each plan and apply; else when the last time is this long ago; or never."                       \
    }

/* An account or a group as the platform has it; dead after the call that delivers it. */
struct platform_found {
    struct span id;   /* as "account" and "object" of tasks and answers have it */
    struct span ours; /* our id that it bears; empty: none */
    struct span name; /* for people to read: the user name, or the group's name */
    bool active;      /* of accounts */
    const void *raw;  /* for differs */
};

/* Where what the platform has goes. All functions return -1 to end the read, with err filled. */
struct platform_sink {
    void *ctx;
    int (*account)(void *ctx, const struct platform_found *found, struct err *err);
    /* A value of the entitlements or roles of the account that was delivered last. */
    int (*value)(void *ctx, enum platform_assign how, struct span value, struct err *err);
    /* *ret_members: are its members of interest? Then they follow, one by one, before the next group. */
    int (*group)(void *ctx, const struct platform_found *found, bool *ret_members, struct err *err);
    int (*member)(void *ctx, struct span account, struct err *err); /* id of an account, as above */
};

/* Something that a platform may be able to do. */
struct platform_ability {
    const char *name;  /* for programs: "bulk" */
    const char *words; /* for people: "several changes in one request (up to 1000)" */
    bool can;
};

#define PLATFORM_ABILITIES_MAX 48
#define PLATFORM_NOTES_MAX     24

struct platform_report {
    const char *where; /* the address, and how much is there */
    struct platform_ability abilities[PLATFORM_ABILITIES_MAX];
    size_t nabilities;
    const char *notes[PLATFORM_NOTES_MAX]; /* what was guessed, is wrong, or follows from what it cannot do */
    size_t nnotes;
};

struct platform_connector {
    const char *name;
    const char *help;
    const struct conf_item *settings;
    int (*check)(const struct conf_section *section, struct err *err);
    /*
     * store, team (the store's number) and now (stamps what is carried out) are for a platform in our own database; the section must
     * outlive the platform.
     */
    int (*open)(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                struct platform **ret, struct err *err);
    /*
     * What of people goes where in an account, as the section has it; no network. NULL: accounts get the attributes as they are, and a task
     * has nothing mapped.
     */
    int (*map)(const struct conf_section *section, struct mapping **ret, struct err *err);
    /*
     * NULL unless the platform is in our own database. Carries out the changes [first, first + n) of a plan, all of one kind, which the journal of
     * this run holds as numbers first + 1 and up. Runs inside a transaction of the store; what was not committed was not
     * done. ERR_GATE: the database refused it because the gate is closed.
     */
    int (*carry_out)(struct platform *platform, int64_t run, const struct change *changes, size_t first, size_t n,
                     struct err *err);
    /*
     * NULL when carry_out is there. Sends n tasks of one kind, at most "width" at once, each one time, and fills ret[n]; the order among
     * them is the platform's. Always answers for each: it does not fail as a whole. Trying again is the caller's.
     */
    void (*send)(struct platform *platform, const struct platform_task *tasks, size_t n, struct platform_answer *ret);
    size_t (*width)(const struct platform *platform,
                    enum op op); /* how many tasks are worth handing over at once, 1 and up */
    /*
     * Delivers everything that is there, accounts first. NULL: it cannot be read, or need not be. Absence is evidence only after PULL_COMPLETE, as of
     * directories (connectors/connector.h): a listing that changed while it was read is read again or ends as PULL_PARTIAL, for which err has
     * the reason. -1: nothing could be read.
     */
    int (*read)(struct platform *platform, const struct platform_sink *sink, enum pull_result *ret, struct err *err);
    /*
     * Of what was just delivered: is it as this task (of an account: with attributes; of a group: with its name) would leave it? 0: it is;
     * 1: not, and ret has what differs and how it is there, for people: "title is Chief, no department". It is kept, to tell whether the same is
     * found again. Only what the task would write is compared.
     */
    int (*differs)(struct platform *platform, const struct platform_task *task, const struct platform_found *found,
                   struct buf *ret);
    /*
     * Reaches it, changes nothing, and tells what it can and cannot do. *ret's texts live in the pool. NULL: there is nothing to be reached.
     */
    int (*examine)(struct platform *platform, struct pool *pool, struct platform_report *ret, struct err *err);
    void (*close)(struct platform **platform);
};

#endif
