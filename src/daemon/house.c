#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/backoff.h"
#include "daemon/daemon.h"
#include "daemon/link.h"
#include "daemon/notify.h"
#include "daemon/run.h"
#include "daemon/signals.h"

#define STOP_SECONDS  75  /* from SIGTERM to SIGKILL: a run finishes what it has sent; the unit allows 90 */
#define HANG_SECONDS  60  /* without a sign of life */
#define BEGIN_SECONDS 300 /* the same before it serves, which may take the making of a key */
#define ORPHANS_MAX   8   /* runs whose sync process died */

static const struct role {
    const char *name, *process;
    int (*work)(struct daemon *daemon, int link);
    bool has_runs;
} roles[] = {{"web", "doorward-web", web_role, false}, {"sync", "doorward-sync", sync_role, true}};

#define ROLES (sizeof roles / sizeof *roles)

struct member {
    const struct role *role;
    pid_t pid; /* 0: dead */
    int link;
    double began, heard;
    double due; /* dead: when it is started again */
    struct backoff backoff;
    bool ready; /* serves, with the configuration of now */
    pid_t run;
};

struct house {
    struct daemon *daemon;
    struct member members[ROLES];
    pid_t orphans[ORPHANS_MAX];
    bool opened;    /* everybody was ready once */
    bool announced; /* the service manager knows that everybody is */
    bool stopping, killed;
    double deadline, watchdog_due;
    struct err fault; /* of the first start */
};

/* --- children ------------------------------------------------------------------------------------------------------- */

static _Noreturn void be_member(struct house *house, const struct role *role, int link, pid_t parent)
{
    prctl(PR_SET_NAME, role->process);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < ROLES; i++)
        if (house->members[i].link >= 0)
            close(house->members[i].link);
    notify_close();
    log_set_role(role->name);
    _exit(role->work(house->daemon, link));
}

static int start_member(struct house *house, struct member *m, struct err *err)
{
    int child;
    pid_t parent = getpid();
    if (link_pair(&m->link, &child, err) != 0)
        return -1;
    m->began = m->heard = clock_monotonic();
    m->pid = fork();
    if (m->pid == 0)
        be_member(house, m->role, child, parent);
    close(child);
    if (m->pid > 0)
        return 0;
    err_errno(err, ERR_FAILED, "the process '%s' could not be started", m->role->name);
    close(m->link);
    m->link = -1;
    m->pid = 0;
    return -1;
}

static void start_due(struct house *house)
{
    for (struct member *m = house->members; m < house->members + ROLES; m++) {
        struct err err = ERR_INIT;
        if (house->stopping || m->pid || m->due > clock_monotonic())
            continue;
        if (start_member(house, m, &err) != 0) {
            log_event(LOG_LEVEL_ERROR, "%s", err.text);
            m->due = clock_monotonic() + backoff_died(&m->backoff, 0);
        } else {
            log_event(LOG_LEVEL_INFO, "%s started as process %d", m->role->name, (int)m->pid);
        }
    }
}

/* A run outlives its sync process by what it takes to end cleanly; it is ours to wait for then (PR_SET_CHILD_SUBREAPER). */
static void adopt_run(struct house *house, struct member *m)
{
    for (size_t i = 0; m->run && i < ORPHANS_MAX; i++) {
        if (house->orphans[i])
            continue;
        house->orphans[i] = m->run;
        break;
    }
    m->run = 0;
}

static void hear(struct house *house, struct member *m)
{
    struct link_message message;
    while (m->link >= 0 && link_next(m->link, &message)) {
        m->heard = clock_monotonic();
        if (message.what == LINK_READY)
            m->ready = true;
        else if (message.what == LINK_RUN && m->role->has_runs && message.run >= 0)
            m->run = message.run;
        else if (message.what == LINK_FAILED && house->opened)
            log_event(LOG_LEVEL_ERROR, "%s: %s", m->role->name, message.text);
        else if (message.what == LINK_FAILED && house->fault.kind == ERR_NONE)
            err_set(&house->fault, (enum err_kind)message.kind, "%s", message.text);
    }
}

static void bury(struct house *house, struct member *m, int status)
{
    char words[RUN_WORDS_MAX];
    double now = clock_monotonic();
    hear(house, m); /* last words */
    close(m->link);
    m->link = -1;
    m->pid = 0;
    m->ready = false;
    adopt_run(house, m);
    if (house->stopping) {
        log_event(LOG_LEVEL_INFO, "%s ended: %s", m->role->name, run_words(status, words));
        return;
    }
    double wait = backoff_died(&m->backoff, now - m->began);
    m->due = now + wait;
    if (house->fault.kind == ERR_NONE)
        log_event(LOG_LEVEL_ERROR, "%s died: %s; it is started again %s", m->role->name, run_words(status, words),
                  wait > 0 ? "after a pause" : "at once");
}

static void reap(struct house *house)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < ROLES; i++)
            if (house->members[i].pid == pid)
                bury(house, &house->members[i], status);
        for (size_t i = 0; i < ORPHANS_MAX; i++)
            if (house->orphans[i] == pid)
                house->orphans[i] = 0;
    }
}

static void signal_all(struct house *house, int number)
{
    for (size_t i = 0; i < ROLES; i++)
        if (house->members[i].pid)
            kill(house->members[i].pid, number);
}

static void kill_all(struct house *house)
{
    log_event(LOG_LEVEL_WARNING, "not everybody has ended in %d seconds; they are killed", STOP_SECONDS);
    for (size_t i = 0; i < ROLES; i++)
        if (house->members[i].run)
            kill(house->members[i].run, SIGKILL);
    for (size_t i = 0; i < ORPHANS_MAX; i++)
        if (house->orphans[i])
            kill(house->orphans[i], SIGKILL);
    signal_all(house, SIGKILL);
    house->killed = true;
}

/* Killed, it is buried and started again like any other that died. */
static void end_hung(struct house *house)
{
    double now = clock_monotonic();
    for (struct member *m = house->members; m < house->members + ROLES; m++) {
        int limit = m->ready ? HANG_SECONDS : BEGIN_SECONDS;
        if (!m->pid || house->stopping || now - m->heard < limit)
            continue;
        log_event(LOG_LEVEL_ERROR, "%s gave no sign of life for %d seconds; it is killed", m->role->name, limit);
        kill(m->pid, SIGKILL);
        m->heard = now;
    }
}

/* --- signals -------------------------------------------------------------------------------------------------------- */

static void stop(struct house *house)
{
    if (house->stopping)
        return;
    house->stopping = true;
    house->deadline = clock_monotonic() + STOP_SECONDS;
    notify_send("STOPPING=1\nSTATUS=Ending");
    signal_all(house, SIGTERM);
}

/* The listeners of a running server stay as they are: its connections hang on them. */
static void warn_of_restart(const struct conf *old, const struct conf *new)
{
    static const char *const keys[] = {"listen", "status-listen"};
    const struct conf_section *before = conf_find(old, "serve", NULL), *after = conf_find(new, "serve", NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(conf_str(before, keys[i]), conf_str(after, keys[i])) != 0)
            log_event(LOG_LEVEL_WARNING, "%s: serve: another %s takes a restart; until then it is the one of before",
                      conf_where_key(after, keys[i], 0), keys[i]);
    if (conf_int(before, "threads") != conf_int(after, "threads"))
        log_event(LOG_LEVEL_WARNING, "%s: serve: another number of threads takes a restart",
                  conf_where_key(after, "threads", 0));
}

static void reload(struct house *house)
{
    if (house->stopping)
        return;
    notify_reloading();
    house->announced = false;
    struct conf *conf = daemon_reread(house->daemon);
    if (!conf)
        return;
    warn_of_restart(house->daemon->conf, conf);
    daemon_exchange(house->daemon, conf);
    log_event(LOG_LEVEL_INFO, "the configuration was read anew");
    for (size_t i = 0; i < ROLES; i++)
        house->members[i].ready = false; /* until it answers, or the next one in its place does */
    signal_all(house, SIGHUP);
}

static void take_signals(struct house *house)
{
    int number;
    while ((number = signals_next(house->daemon->signals)) != 0) {
        if (number == SIGCHLD)
            reap(house);
        else if (number == SIGHUP)
            reload(house);
        else
            stop(house);
    }
}

/* --- the service manager -------------------------------------------------------------------------------------------- */

static void announce(struct house *house)
{
    bool all = !house->stopping;
    for (size_t i = 0; i < ROLES; i++)
        all = all && house->members[i].ready;
    if (!all || house->announced)
        return;
    if (!house->opened)
        log_event(LOG_LEVEL_INFO, "ready");
    house->opened = house->announced = true;
    notify_send("READY=1\nSTATUS=Serving: web is process %d, sync is process %d", (int)house->members[0].pid,
                (int)house->members[1].pid);
}

static void feed_watchdog(struct house *house)
{
    double every = notify_watchdog(), now = clock_monotonic();
    if (every <= 0 || now < house->watchdog_due)
        return;
    notify_send("WATCHDOG=1");
    house->watchdog_due = now + every;
}

/* --- the loop ------------------------------------------------------------------------------------------------------- */

static bool somebody_lives(const struct house *house)
{
    bool found = false;
    for (size_t i = 0; i < ROLES; i++)
        found = found || house->members[i].pid;
    for (size_t i = 0; i < ORPHANS_MAX; i++)
        found = found || house->orphans[i];
    return found;
}

/* Until something happens or is due; children speak about once a second anyway. */
static int pause_ms(const struct house *house)
{
    double wait = 1, now = clock_monotonic();
    for (size_t i = 0; i < ROLES; i++)
        if (!house->members[i].pid && house->members[i].due - now < wait)
            wait = house->members[i].due - now;
    if (notify_watchdog() > 0 && house->watchdog_due - now < wait)
        wait = house->watchdog_due - now;
    return house->stopping || wait > 0.999 ? 1000 : wait > 0 ? (int)(wait * 1000) + 1 : 0;
}

static void wait_for_news(struct house *house)
{
    struct pollfd fds[ROLES + 1] = {{.fd = house->daemon->signals, .events = POLLIN}};
    for (size_t i = 0; i < ROLES; i++)
        fds[i + 1] = (struct pollfd){.fd = house->members[i].link, .events = POLLIN};
    poll(fds, ROLES + 1, pause_ms(house));
    for (size_t i = 0; i < ROLES; i++) {
        hear(house, &house->members[i]);
        /* One that cannot be heard any more is dead, or is made so. */
        if ((fds[i + 1].revents & POLLHUP) && house->members[i].pid)
            kill(house->members[i].pid, SIGKILL);
    }
    take_signals(house);
}

static void keep(struct house *house)
{
    while (!house->stopping || somebody_lives(house)) {
        start_due(house);
        wait_for_news(house);
        end_hung(house);
        announce(house);
        feed_watchdog(house);
        if (house->fault.kind != ERR_NONE)
            stop(house);
        if (house->stopping && !house->killed && clock_monotonic() > house->deadline)
            kill_all(house);
    }
}

int daemon_run(struct daemon *daemon, struct err *err)
{
    struct house house = {.daemon = daemon};
    for (size_t i = 0; i < ROLES; i++)
        house.members[i] = (struct member){.role = &roles[i], .link = -1};
    log_set_role("main");
    if (signals_open(&daemon->signals, err) != 0)
        return -1;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    notify_open();
    keep(&house);
    notify_close();
    close(daemon->signals);
    if (house.fault.kind == ERR_NONE)
        return 0;
    *err = house.fault;
    return -1;
}

/* --- the configuration ---------------------------------------------------------------------------------------------- */

struct conf *daemon_reread(struct daemon *daemon)
{
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    if (daemon->load(daemon->ctx, &conf, &err) == 0)
        return conf;
    log_event(LOG_LEVEL_ERROR, "the configuration is wrong, the one of before stays: %s", err.text);
    return NULL;
}

void daemon_exchange(struct daemon *daemon, struct conf *conf)
{
    conf_free(&daemon->conf);
    daemon->conf = conf;
}
