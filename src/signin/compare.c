#include "signin/compare.h"

#include "base/text.h"
#include "signin/person.h"

enum { PERSON, ACTIVE, EMAIL, GIVEN_NAME, FAMILY_NAME };

static const struct check titles[COMPARE_CHECKS] = {
    [PERSON] = {"mirror-person", "The person is in the directory", CHECK_SKIPPED, ""},
    [ACTIVE] = {"mirror-active", "The directory lets the person in", CHECK_SKIPPED, ""},
    [EMAIL] = {"mirror-email", "The e-mail address is the directory's", CHECK_SKIPPED, ""},
    [GIVEN_NAME] = {"mirror-given-name", "The given name is the directory's", CHECK_SKIPPED, ""},
    [FAMILY_NAME] = {"mirror-family-name", "The family name is the directory's", CHECK_SKIPPED, ""},
};

static void settle(struct check *check, enum check_outcome outcome, const char *detail)
{
    check->outcome = outcome;
    check->detail = detail;
}

static const char *shown(const struct signin *in, const char *text)
{
    return text_printable(in->pool, span_str(text));
}

/* 1: a team's directory was read to its end; 0; -1 */
static int anything_read(const struct signin *in, struct err *err)
{
    int read = 0;
    for (const struct conf_section *team = conf_next(in->conf, "team", NULL); team && in->store && read == 0;
         team = conf_next(in->conf, "team", team))
        read = who_was_read(in->store->db, conf_str(team, "directory"), err);
    return read;
}

/* Nobody has the id. Whoever has the e-mail tells what is wrong with it. */
static int explain_absence(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
                           bool captured, struct check *check, struct err *err)
{
    const char *directory, *uid;
    int found = claim->email ? person_by_email(in, claim->email, &directory, &uid, err) : 0;
    if (found < 0)
        return -1;
    if (found)
        settle(check, CHECK_FAILED,
               pool_printf(in->pool,
                           "immutable id: the identity provider sends '%s', and directory %s knows %s by '%s'; have it "
                           "send that, or name the attribute that holds it: attribute-id of connection %s, or "
                           "id-attribute of directory %s",
                           shown(in, claim->id), directory, shown(in, claim->email), shown(in, uid),
                           conf_name(connection), directory));
    else if (conf_bool(connection, "jit"))
        settle(check, CHECK_SKIPPED, "in no team's directory; jit = yes lets such people in");
    else if (captured)
        settle(check, CHECK_SKIPPED, "in no team's directory, so that there is nothing to compare with");
    else
        settle(check, CHECK_FAILED,
               pool_printf(in->pool,
                           "immutable id: nobody in a team's directory has '%s'; sign in as somebody who is there, or, "
                           "when the person is new, run: doorward plan",
                           shown(in, claim->id)));
    return 0;
}

static void compare(const struct signin *in, const char *what, const char *sent, const struct who *who,
                    const char *known, struct check *check)
{
    if (!sent)
        settle(check, CHECK_SKIPPED, "the identity provider sent none that could be read");
    else if (!*known)
        settle(check, CHECK_SKIPPED,
               pool_printf(in->pool, "directory %s has none of this person; sent: %s", who->directory, shown(in, sent)));
    else if (text_same(sent, known))
        settle(check, CHECK_PASSED, shown(in, sent));
    else
        settle(check, CHECK_FAILED,
               pool_printf(in->pool,
                           "%s: the identity provider sends '%s', and directory %s has '%s'; mend it where it is "
                           "wrong, or name the right attribute in the connection's configuration",
                           what, shown(in, sent), who->directory, shown(in, known)));
}

static void judge_active(const struct signin *in, const struct who *who, struct check *check)
{
    if (who->excluded)
        settle(check, CHECK_FAILED,
               pool_printf(in->pool,
                           "person %s: left out of directory %s by its exclude line %u; sign in as somebody else",
                           shown(in, who->uid), who->directory, who->excluded));
    else if (!who->active)
        settle(check, CHECK_FAILED,
               pool_printf(in->pool, "person %s: disabled in directory %s; sign in as somebody else",
                           shown(in, who->uid), who->directory));
    else
        settle(check, CHECK_PASSED, "");
}

int compare_with_mirror(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
                        bool captured, struct check ret[static COMPARE_CHECKS], struct err *err)
{
    struct who who;
    memcpy(ret, titles, sizeof titles);
    if (!claim || !claim->id) {
        ret[PERSON].detail = "nothing that was sent can be trusted as an immutable id";
        return 0;
    }
    int read = anything_read(in, err);
    if (read <= 0) {
        ret[PERSON].detail = "no directory of a team was read yet; run doorward plan and test again to compare";
        return read;
    }
    int found = person_find(in, claim->id, &who, err);
    if (found <= 0)
        return found < 0 ? -1 : explain_absence(in, connection, claim, captured, &ret[PERSON], err);
    settle(&ret[PERSON], CHECK_PASSED,
           pool_printf(in->pool, "%s, of directory %s, by '%s'", shown(in, who.name), who.directory,
                       shown(in, who.uid)));
    judge_active(in, &who, &ret[ACTIVE]);
    compare(in, "e-mail", claim->email, &who, who.email, &ret[EMAIL]);
    compare(in, "given name", claim->given_name, &who, who.given_name, &ret[GIVEN_NAME]);
    compare(in, "family name", claim->family_name, &who, who.family_name, &ret[FAMILY_NAME]);
    return 0;
}

const char *compare_fault(const struct check *checks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (checks[i].outcome == CHECK_FAILED)
            return checks[i].detail;
    return NULL;
}
