/*
 * Serves sign-ins of a configuration, for the integration tests: web FILE STATE_DIR. Says its two ports on a line of standard output, and ends
 * with its standard input. A line "reload" there reads the configuration anew and is answered by a line.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/schema.h"
#include "web/web.h"

static int end(const struct err *err)
{
    fprintf(stderr, "%s\n", err->text);
    return err_exit_status(err->kind);
}

static void reload(struct web *web, const char *path, struct conf **conf)
{
    struct err err = ERR_INIT;
    CLEANUP(conf_free) struct conf *next = NULL;
    if (conf_load(path, schema_get(), &next, NULL, &err) != 0 || web_reload(web, next, &err) != 0) {
        printf("%s\n", err.text);
        return;
    }
    struct conf *old = *conf;
    *conf = TAKE(next);
    conf_free(&old);
    puts("done");
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    CLEANUP(conf_free) struct conf *conf = NULL;
    CLEANUP(web_stop) struct web *web = NULL;
    char line[64];
    if (argc != 3)
        return 64;
    log_set_verbose(true);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (conf_load(argv[1], schema_get(), &conf, NULL, &err) != 0 || web_start(conf, argv[2], &web, &err) != 0)
        return end(&err);
    printf("%u %u\n", web_port(web), web_status_port(web));
    for (;;) {
        struct pollfd in = {.fd = 0, .events = POLLIN};
        if (poll(&in, 1, 1000) == 0) {
            web_tick(web);
            continue;
        }
        if (!fgets(line, sizeof line, stdin))
            return 0;
        if (strcmp(line, "reload\n") == 0)
            reload(web, argv[1], &conf);
    }
}
