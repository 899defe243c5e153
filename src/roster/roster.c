#include "roster/roster.h"

#include "base/mem.h"
#include "store/roster.h"

static const char *const activations[] = {"sign-in", "at-once", NULL};

static const struct conf_item settings[] = {
    {.key = "activate",
     .type = CONF_CHOICE,
     .def = "sign-in",
     .choices = activations,
     .help = "When an invited account becomes active: with the person's first sign-in, or at once, as fits accounts "
             "that are "
             "federated and need no acceptance."},
    {.key = NULL},
};

struct platform {
    struct roster_rows *rows;
};

static void roster_close(struct platform **platform)
{
    if (!*platform)
        return;
    roster_rows_close(&(*platform)->rows);
    free(*platform);
    *platform = NULL;
}

static int roster_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                       struct platform **ret, struct err *err)
{
    CLEANUP(roster_close) struct platform *p = mem_zero(sizeof *p);
    enum account_state invited_as =
        strcmp(conf_str(section, "activate"), "at-once") == 0 ? ACCOUNT_ACTIVE : ACCOUNT_INVITED;
    if (roster_rows_open(store, team, now, invited_as, true, &p->rows, err) != 0)
        return -1;
    *ret = TAKE(p);
    return 0;
}

static int roster_carry_out(struct platform *platform, int64_t run, const struct change *changes, size_t first,
                            size_t n, struct err *err)
{
    const struct change *c = &changes[first];
    return roster_rows_change(platform->rows, run, (enum op)c->op, c->cause == CAUSE_UNDO, first + 1, first + n, err);
}

const struct platform_connector roster_platform = {
    .name = "roster",
    .help = "The built-in platform: accounts, groups and seats kept in Doorward's own database.",
    .settings = settings,
    .open = roster_open,
    .carry_out = roster_carry_out,
    .close = roster_close,
};
