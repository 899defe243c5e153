#include "cli/sso_link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/term.h"
#include "crypto/token.h"
#include "store/trials.h"

#define LOOK_NS 300000000 /* from one look at whether somebody came back to the next */

/* --timeout: a number and s, m or h; at most as long as a link is good. */
static int read_timeout(const struct cli *cli, int64_t *ret, struct err *err)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}};
    const char *text = cli->timeout;
    *ret = TRIAL_SECONDS;
    if (!text)
        return 0;
    char *end = NULL;
    long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
    for (size_t i = 0; number > 0 && number <= TRIAL_SECONDS && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && number * units[i].seconds <= TRIAL_SECONDS) {
            *ret = number * units[i].seconds;
            return 0;
        }
    return err_set(err, ERR_USAGE, "--timeout %.40s: write a time up to %dm, as in 90s or 5m", text, TRIAL_SECONDS / 60);
}

static void show_link(const struct cli *cli, const char *connection, const char *link, int64_t expires)
{
    char until[CLOCK_TEXT_MAX];
    clock_format(expires, until);
    if (cli->json) {
        json_t *j = json_pack("{s:s, s:s, s:s}", "connection", connection, "link", link, "expires", until);
        json_print(j);
        json_decref(j);
    } else {
        printf("Open this link in a browser and sign in at the identity provider, once, until %s:\n\n  %s\n\nDoorward is "
               "registered there with what doorward sso metadata %s prints, and doorward serve has to run.\n",
               until, link, connection);
    }
    fflush(stdout);
}

static int fail(struct signins *signins, const char *handle, struct err *err, const char *why)
{
    struct err ignored = ERR_INIT;
    trials_drop(signins, handle, &ignored);
    return err_set(err, ERR_FAILED, "sso test: %s; the link is no longer good, and nothing was changed", why);
}

/* The report, as text. */
static int wait(struct cli *cli, struct signins *signins, const char *handle, int64_t expires, const char **ret,
                struct err *err)
{
    int64_t begun = clock_now(), now;
    while ((now = clock_now()) < expires) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        struct trial trial;
        int found = trials_get(signins, handle, now, pool, &trial, err);
        if (found < 0)
            return -1;
        if (!found)
            return err_set(err, ERR_FAILED, "sso test: somebody else ended this test");
        if (trial.answered) {
            *ret = pool_strdup(cli->pool, trial.report);
            return trials_drop(signins, handle, err);
        }
        progress_at((size_t)(now - begun) + 1, (size_t)(expires - begun));
        if (interrupt_seen(NULL))
            return fail(signins, handle, err, "ended before somebody came back from the identity provider");
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return fail(signins, handle, err, "nobody came back from the identity provider in time");
}

int sso_link_wait(struct cli *cli, const struct conf_section *connection, json_t **ret, struct err *err)
{
    CLEANUP(signins_close) struct signins *signins = NULL;
    char handle[TOKEN_SIZE];
    const char *text = NULL, *url = conf_str(conf_find(cli->conf, "organization", NULL), "url");
    int64_t seconds;
    /* Opened and closed: the rights of the state's owner are taken on, and nobody is kept from writing while this waits. */
    if (read_timeout(cli, &seconds, err) != 0 || cli_open(cli, STORE_READ, err) != 0)
        return -1;
    if (!cli->store)
        return err_set(err, ERR_NOT_FOUND, "state folder %s: there is no state yet; run: doorward domain challenge",
                       cli_state_dir(cli));
    store_close(&cli->store);
    token_new(handle);
    int64_t expires = clock_now() + seconds;
    if (signins_open(cli_state_dir(cli), &signins, err) != 0 ||
        trials_put(signins, handle, conf_name(connection), clock_now(), expires, err) != 0)
        return -1;
    show_link(cli, conf_name(connection), pool_printf(cli->pool, "%s/sso-test/%s", url, handle), expires);
    interrupt_watch();
    progress_begin("waiting for the sign-in, seconds");
    int r = wait(cli, signins, handle, expires, &text, err);
    progress_end();
    interrupt_unwatch();
    if (r != 0)
        return -1;
    *ret = json_loads(text, 0, NULL);
    return *ret ? 0 : err_set(err, ERR_STORE, "signin.db: the report of the test cannot be read");
}
