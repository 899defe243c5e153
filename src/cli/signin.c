/* doorward signin show: what happened behind a reference number. */
#include "cli/signin.h"

#include <ctype.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/privilege.h"
#include "cli/term.h"

int signin_open(struct cli *cli, struct signins **ret, struct err *err)
{
    *ret = NULL;
    if (cli_conf(cli, err) != 0 || privilege_become_owner(cli_state_dir(cli), err) != 0)
        return -1;
    if (signins_open_read(cli_state_dir(cli), ret, err) == 0)
        return 0;
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    err_clear(err);
    return 0;
}

void signin_split(struct pool *pool, const char *reason, const char **ret_reason, const char **ret_remedy)
{
    struct span all = span_str(reason);
    const char *cut = NULL;
    for (const char *p = reason; (p = strstr(p, "; ")); p += 2)
        cut = p;
    if (cut)
        all.n = (size_t)(cut - reason);
    *ret_reason = text_printable(pool, all);
    *ret_remedy = cut ? text_printable(pool, span_str(cut + 2)) : "";
}

/* --- instants ---------------------------------------------------------------------------------------------------------- */

static int64_t unit_of(const char *text)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].name) == 0)
            return units[i].seconds;
    return 0;
}

int signin_since(const char *text, int64_t now, int64_t *ret, struct err *err)
{
    char whole[CLOCK_TEXT_MAX];
    *ret = 0;
    if (!text)
        return 0;
    size_t digits = strspn(text, "0123456789");
    int64_t unit = digits >= 1 && digits <= 6 ? unit_of(text + digits) : 0;
    if (unit) {
        *ret = now - strtol(text, NULL, 10) * unit;
        return 0;
    }
    snprintf(whole, sizeof whole, "%sT00:00:00Z", strlen(text) == 10 ? text : "");
    if (clock_parse(span_str(text), ret) == 0 || clock_parse(span_str(whole), ret) == 0)
        return 0;
    return err_set(err, ERR_USAGE, "--since %s: write how long ago (12h, 7d, 4w) or a day (2026-11-20)", text);
}

/* --- one record --------------------------------------------------------------------------------------------------------- */

/* As people read it aloud and type it: spaces, hyphens and capitals do not matter. */
static int read_reference(const char *typed, char ret[static SIGNINS_REF_SIZE], struct err *err)
{
    size_t n = 0;
    for (const char *p = typed; *p; p++) {
        if (*p == ' ' || *p == '-')
            continue;
        if (n + 1 == SIGNINS_REF_SIZE || !isalnum((unsigned char)*p))
            return err_set(err, ERR_USAGE, "'%s' is no reference number; those have %d letters and digits", typed,
                           SIGNINS_REF_SIZE - 1);
        ret[n++] = (char)tolower((unsigned char)*p);
    }
    ret[n] = '\0';
    if (n + 1 == SIGNINS_REF_SIZE)
        return 0;
    return err_set(err, ERR_USAGE, "'%s' is no reference number; those have %d letters and digits", typed,
                   SIGNINS_REF_SIZE - 1);
}

const char *signin_result(enum signins_result result)
{
    static const char *const words[] = {[RESULT_REFUSED] = "refused",
                                        [RESULT_SIGNED_IN] = "signed in",
                                        [RESULT_TESTED] = "tested",
                                        [RESULT_ENDED] = "ended"};
    return result < sizeof words / sizeof *words ? words[result] : "";
}

static void print_record(struct cli *cli, const struct signins_record *r)
{
    char at[CLOCK_TEXT_MAX];
    const char *reason, *remedy;
    signin_split(cli->pool, r->reason, &reason, &remedy);
    const struct {
        const char *label, *value;
    } lines[] = {{"Time", clock_format(r->at, at)},
                 {"Result", signin_result(r->result)},
                 {"E-mail", text_printable(cli->pool, span_str(r->email))},
                 {"Connection", r->connection},
                 {"Application", r->application},
                 {"From", r->client},
                 {"Reason", reason},
                 {"Remedy", remedy}};
    printf("Sign-in %s\n", r->ref);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!*lines[i].value)
            continue;
        fputs("  ", stdout);
        term_pad(lines[i].label, 13);
        printf("%s\n", lines[i].value);
    }
    if (*r->email && r->result == RESULT_REFUSED)
        printf("\nThe e-mail is as it was claimed. What is known of that person: doorward explain %s\n",
               text_printable(cli->pool, span_str(r->email)));
}

static void print_json(struct cli *cli, const struct signins_record *r)
{
    char at[CLOCK_TEXT_MAX];
    const char *reason, *remedy;
    signin_split(cli->pool, r->reason, &reason, &remedy);
    json_t *record = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "format", "doorward-signin/1",
                               "reference", r->ref, "time", clock_format(r->at, at), "result", signin_result(r->result),
                               "email", json_text(span_str(text_printable(cli->pool, span_str(r->email)))),
                               "connection", json_text(span_str(r->connection)), "application",
                               json_text(span_str(r->application)), "client", json_text(span_str(r->client)), "reason",
                               json_text(span_str(reason)), "remedy", json_text(span_str(remedy)));
    json_print(record);
    json_decref(record);
}

int command_signin_show(struct cli *cli, struct err *err)
{
    CLEANUP(signins_close) struct signins *signins = NULL;
    char ref[SIGNINS_REF_SIZE], kept[CLOCK_TEXT_MAX];
    struct signins_record record;
    if (read_reference(cli->words[0], ref, err) != 0 || signin_open(cli, &signins, err) != 0)
        return -1;
    int found = signins ? signins_record_get(signins, ref, cli->pool, &record, err) : 0;
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_NOT_FOUND,
                       "reference number %s: there is no sign-in of it; check the number; records are kept for %s "
                       "([serve] signin-retention)",
                       ref,
                       clock_format_duration(conf_int(conf_find(cli->conf, "serve", NULL), "signin-retention"), kept));
    if (cli->json)
        print_json(cli, &record);
    else
        print_record(cli, &record);
    return 0;
}
