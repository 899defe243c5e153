/*
 * What people of a team can be entitled to, and through which groups: read from the configuration, bound to the mirror.
 *
 *   stage_finish -> policy_load -> entitle_update (sync/entitle.h) -> stage_commit -> plan -> policy_release
 *
 * A group name is looked up at first sight; from then on the group is known by its id, so that a rename is a rename.
 */
#ifndef SYNC_POLICY_H
#define SYNC_POLICY_H

#include "connectors/connector.h"
#include "crypto/digest.h"
#include "store/policy.h"
#include "store/store.h"

struct target {
    enum target_kind kind;
    uint32_t id; /* its number in the database */
    char *name;  /* product's section name, of priority with the group; "scope"; the group's number as text */
    const struct conf_section
        *section;    /* the product's, also of priority; the directory's for the scope; NULL for groups */
    uint32_t group;  /* TARGET_GROUP: the entry */
    bool unresolved; /* a configured group is not there: nothing may be taken away on its account (never of priority) */
};

/* Membership in this group, direct or nested, leads to the target (an index into targets). */
struct root {
    uint32_t target, group;
};

struct policy {
    const char *team_name;
    const struct conf_section *section; /* the team's */
    const struct conf_section *platform; /* the team's; NULL: the configuration has none */
    int64_t team, enabled_at;
    char *entitled_from;   /* digest of the policy that the database's entitlements follow; NULL: none yet */
    const char *directory; /* section name */
    struct target *targets;
    size_t n, cap;
    struct root *roots;
    size_t nroots, roots_cap;
    char **notes; /* for the administrator: a group renamed, a group not found (with where it is configured) */
    size_t nnotes, notes_cap;
    char digest[DIGEST_HEX_MAX]; /* of targets and roots */
};

int policy_load(struct store *store, const struct conf *conf, const struct conf_section *team, struct policy *ret,
                struct err *err);
/*
 * The same without writing anything, for a store open for reading: a target that the database does not have yet gets the number 0, a
 * group that is not bound yet is looked up each time. policy_is_current then says whether the database's entitlements follow from it.
 */
int policy_read(struct store *store, const struct conf *conf, const struct conf_section *team, struct policy *ret,
                struct err *err);
bool policy_is_current(const struct policy *policy);
/* The group that a configured name of this target stands for; *ret 0: it is not there. Writes nothing. */
int policy_group(struct store *store, const struct conf *conf, const struct policy *policy, const struct target *target,
                 const char *configured, uint32_t *ret, struct err *err);
void policy_release(struct policy *policy);

/* The index of the scope target, or -1 when the whole directory is in scope. */
int policy_scope(const struct policy *policy);

#endif
