/* The process that browsers reach. */
#include <malloc.h>
#include <poll.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/link.h"
#include "daemon/signals.h"
#include "web/web.h"

static void reload(struct daemon *daemon, struct web *web)
{
    struct err err = ERR_INIT;
    struct conf *conf = daemon_reread(daemon);
    if (!conf)
        return;
    if (web_reload(web, conf, &err) == 0) {
        daemon_exchange(daemon, conf);
        return;
    }
    log_event(LOG_LEVEL_ERROR, "the new configuration could not be taken, the one of before stays: %s", err.text);
    conf_free(&conf);
}

/* False: it is time to end. */
static bool take_signals(struct daemon *daemon, struct web *web, int link)
{
    int number;
    while ((number = signals_next(daemon->signals)) != 0) {
        if (number == SIGTERM || number == SIGINT)
            return false;
        if (number == SIGHUP) {
            reload(daemon, web);
            link_ready(link);
        }
    }
    return true;
}

int web_role(struct daemon *daemon, int link)
{
    CLEANUP(web_stop) struct web *web = NULL;
    struct err err = ERR_INIT;
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1); /* one for each thread grows for 100,000 requests, and is slower besides */
#endif
    if (web_start(daemon->conf, daemon->state_dir, &web, &err) != 0) {
        link_failed(link, &err);
        return err_exit_status(err.kind);
    }
    log_event(LOG_LEVEL_INFO, "listening on port %u, for health and metrics on port %u", web_port(web),
              web_status_port(web));
    link_ready(link);
    while (take_signals(daemon, web, link)) {
        web_tick(web);
        link_alive(link);
        poll(&(struct pollfd){.fd = daemon->signals, .events = POLLIN}, 1, 1000);
    }
    return 0;
}
