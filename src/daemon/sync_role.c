/* The process that lets runs begin on schedule, one at a time. */
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "daemon/daemon.h"
#include "daemon/link.h"
#include "daemon/run.h"
#include "daemon/schedule.h"
#include "daemon/settled.h"
#include "daemon/signals.h"

#define RUN_LONGEST (6 * 3600) /* seconds; a first run against a slow platform takes long */
#define RUN_END     600        /* seconds from one request to end to the next, which is harder */

struct sync {
    struct daemon *daemon;
    int link;
    struct run run;
    double began, due, limit;
    struct run refresh; /* of metadata, beside the runs */
    double refresh_due;
    struct settled settled;
    bool stopping;
};

/* What the service manager gives for ports below 1024 is the web process's alone. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (geteuid() != 0 && syscall(SYS_capset, &header, none) != 0)
        log_event(LOG_LEVEL_WARNING, "the rights beyond a plain user's could not be given up");
}

/* Seconds; 0: no run begins by itself, because nobody wants it or there is nothing to sync. */
static int64_t every(const struct sync *sync)
{
    const struct conf *conf = sync->daemon->conf;
    return conf_next(conf, "team", NULL) ? conf_int(conf_find(conf, "sync", NULL), "schedule") : 0;
}

/* Seconds; 0: no identity provider's metadata comes from an address. */
static int64_t refresh_every(const struct sync *sync)
{
    int64_t least = 0;
    for (const struct conf_section *c = conf_next(sync->daemon->conf, "connection", NULL); c;
         c = conf_next(sync->daemon->conf, "connection", c)) {
        bool has = strcmp(conf_variant(c), "saml") == 0 && conf_str(c, "metadata-url");
        if (has && (least == 0 || conf_int(c, "metadata-refresh") < least))
            least = conf_int(c, "metadata-refresh");
    }
    return least;
}

/* From 0 to 1. */
static double chance(void)
{
    uint16_t number;
    random_bytes(&number, sizeof number);
    return number / 65535.0;
}

static void begin_run(struct sync *sync)
{
    struct err err = ERR_INIT;
    double now = clock_monotonic();
    sync->began = now;
    sync->limit = now + RUN_LONGEST;
    settled_run(&sync->settled, sync->daemon->conf, sync->daemon->state_dir, now);
    if (run_start(&sync->run, sync->daemon->run_words, &err) != 0) {
        log_event(LOG_LEVEL_ERROR, "%s", err.text);
        sync->due = schedule_next(every(sync), now, now, chance());
        return;
    }
    link_run(sync->link, sync->run.pid);
    log_event(LOG_LEVEL_INFO, "run %d begins", (int)sync->run.pid);
}

/* Takes moments: the parent need not know of it, and at the end it is told to end like a run. */
static void begin_refresh(struct sync *sync)
{
    struct err err = ERR_INIT;
    double now = clock_monotonic();
    if (sync->stopping || sync->refresh.pid || refresh_every(sync) == 0 || now < sync->refresh_due)
        return;
    sync->refresh_due = now + (double)refresh_every(sync);
    if (run_start(&sync->refresh, sync->daemon->refresh_words, &err) != 0)
        log_event(LOG_LEVEL_ERROR, "%s", err.text);
}

static void end_run(struct sync *sync)
{
    run_ended(&sync->refresh);
    if (!run_ended(&sync->run))
        return;
    link_run(sync->link, 0);
    if (every(sync) > 0)
        sync->due = schedule_next(every(sync), sync->began, clock_monotonic(), chance());
}

static void limit_run(struct sync *sync)
{
    double now = clock_monotonic();
    if (!sync->run.pid || now < sync->limit)
        return;
    log_event(LOG_LEVEL_ERROR, "run %d takes too long and is told to end", (int)sync->run.pid);
    run_stop(&sync->run);
    sync->limit = now + RUN_END;
}

/* A shorter schedule counts from now on; a longer one after the run that is due. */
static void reload(struct sync *sync)
{
    int64_t before = every(sync);
    struct conf *conf = daemon_reread(sync->daemon);
    if (conf) {
        daemon_exchange(sync->daemon, conf);
        sync->refresh_due = 0;
        double now = clock_monotonic(), next = every(sync) > 0 ? schedule_next(every(sync), now, now, chance()) : 0;
        if (every(sync) > 0 && (before == 0 || next < sync->due))
            sync->due = next;
    }
    link_ready(sync->link);
}

static void stop(struct sync *sync)
{
    if (!sync->stopping) {
        run_stop(&sync->run);
        run_stop(&sync->refresh);
    }
    sync->stopping = true;
}

static void take_signals(struct sync *sync)
{
    int number;
    while ((number = signals_next(sync->daemon->signals)) != 0) {
        if (number == SIGCHLD)
            end_run(sync);
        else if (number == SIGHUP)
            reload(sync);
        else
            stop(sync);
    }
}

static bool is_due(struct sync *sync)
{
    double now = clock_monotonic();
    if (sync->stopping || sync->run.pid || every(sync) == 0)
        return false;
    return now >= sync->due || settled_is_due(&sync->settled, sync->daemon->conf, sync->daemon->state_dir, now);
}

static int pause_ms(const struct sync *sync)
{
    double wait = sync->due - clock_monotonic();
    if (sync->run.pid || every(sync) == 0 || wait > 0.999)
        return 1000;
    return wait > 0 ? (int)(wait * 1000) + 1 : 0;
}

static void wait_for_news(struct sync *sync)
{
    struct pollfd fds[3] = {{.fd = sync->daemon->signals, .events = POLLIN},
                            {.fd = sync->run.fd, .events = POLLIN},
                            {.fd = sync->refresh.fd, .events = POLLIN}};
    poll(fds, 3, pause_ms(sync));
    run_listen(&sync->run);
    run_listen(&sync->refresh);
    take_signals(sync);
    link_alive(sync->link);
}

int sync_role(struct daemon *daemon, int link)
{
    struct sync sync = {.daemon = daemon, .link = link, .run = RUN_INIT, .refresh = RUN_INIT};
    drop_capabilities();
    settled_run(&sync.settled, daemon->conf, daemon->state_dir, clock_monotonic());
    if (every(&sync) > 0)
        sync.due = schedule_first(every(&sync), clock_monotonic(), chance());
    else
        log_event(LOG_LEVEL_INFO, "no run begins by itself: there is no schedule, or no team");
    link_ready(link);
    while (!sync.stopping || sync.run.pid || sync.refresh.pid) {
        begin_refresh(&sync);
        if (is_due(&sync))
            begin_run(&sync);
        wait_for_news(&sync);
        limit_run(&sync);
    }
    return 0;
}
