#include "daemon/settled.h"

#include "base/cleanup.h"
#include "push/directory.h"
#include "store/pushed.h"

#define LOOK_MOST 5.0 /* seconds from one look to the next */

/* Seconds; 0: nobody wants it. */
static int64_t delay_of(const struct conf *conf)
{
    return conf_int(conf_find(conf, "sync", NULL), "push-delay");
}

static int64_t last_change(struct pushed *pushed, const char *name)
{
    struct err ignored = ERR_INIT;
    struct pushed_about about;
    int64_t directory;
    if (pushed_directory(pushed, name, &directory, &ignored) != 1 ||
        pushed_about(pushed, directory, &about, &ignored) != 0)
        return 0;
    return about.change;
}

/* Of all directories of teams. What cannot be read is the next run's to say. */
static int64_t look(const struct conf *conf, const char *state_dir)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    struct err ignored = ERR_INIT;
    int64_t last = 0;
    for (const struct conf_section *t = conf_next(conf, "team", NULL); t; t = conf_next(conf, "team", t)) {
        const struct conf_section *d = conf_find(conf, "directory", conf_str(t, "directory"));
        if (strcmp(conf_variant(d), PUSH_DIRECTORY) != 0)
            continue;
        if (!pushed && pushed_open_read(state_dir, &pushed, &ignored) != 0)
            return 0;
        int64_t change = last_change(pushed, conf_name(d));
        last = change > last ? change : last;
    }
    return last;
}

void settled_run(struct settled *s, const struct conf *conf, const char *state_dir, double now)
{
    if (delay_of(conf) > 0)
        s->known = s->seen = look(conf, state_dir);
    s->moved = now;
}

bool settled_is_due(struct settled *s, const struct conf *conf, const char *state_dir, double now)
{
    double delay = (double)delay_of(conf);
    if (delay <= 0 || now < s->next)
        return false;
    s->next = now + (delay / 4 < LOOK_MOST ? delay / 4 : LOOK_MOST);
    int64_t change = look(conf, state_dir);
    if (change > s->seen) {
        s->seen = change;
        s->moved = now;
    }
    return s->seen > s->known && now - s->moved >= delay;
}
