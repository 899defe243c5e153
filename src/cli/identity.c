#include "cli/identity.h"

#include <stdio.h>

#include "cli/term.h"
#include "store/account.h"

static bool looks_rebuilt(const struct identity *i)
{
    return i->matched > i->limit;
}

static void print_decision(struct cli *cli, const struct plan *plan, const char *from)
{
    const struct identity *i = &plan->identity;
    printf("%sidentity%s: %s of %s accounts have their person under a new id",
           looks_rebuilt(i) ? term_red() : term_yellow(), term_plain(), term_number(cli->pool, i->matched),
           term_number(cli->pool, i->of));
    if (from)
        printf(": made from directory %s, and the team now has directory %s", from, plan->directory);
    else if (looks_rebuilt(i))
        printf(": directory %s looks rebuilt", plan->directory);
    printf("; nobody of them is removed or invited\n      decide: ");
    if (from)
        printf("call the section [directory %s] again, or ", from);
    printf("write adopt = yes in [team %s], which lets the accounts follow\n", plan->team);
}

static int other_directory(struct cli *cli, const struct plan *plan, const char **ret, struct err *err)
{
    *ret = NULL;
    return plan->identity.entry ? entry_directory(cli->store->db, plan->identity.entry, cli->pool, ret, err) : 0;
}

int identity_print(struct cli *cli, const struct plan *plan, struct err *err)
{
    const struct identity *i = &plan->identity;
    const char *from;
    if (!i->matched)
        return 0;
    if (other_directory(cli, plan, &from, err) != 0)
        return -1;
    if (i->adopt)
        printf("identity: %s of %s accounts follow their people to new ids (adopt = yes)\n",
               term_number(cli->pool, i->matched), term_number(cli->pool, i->of));
    else
        print_decision(cli, plan, from);
    return 0;
}

json_t *identity_json(struct cli *cli, const struct plan *plan)
{
    const struct identity *i = &plan->identity;
    struct err ignored = ERR_INIT;
    const char *from = NULL;
    (void)other_directory(cli, plan, &from, &ignored);
    return json_pack("{s:I, s:I, s:b, s:b, s:o}", "matched", (json_int_t)i->matched, "of", (json_int_t)i->of, "rebuilt",
                     looks_rebuilt(i), "adopt", i->adopt, "from", from ? json_string(from) : json_null());
}
