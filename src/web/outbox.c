/* Tells applications that sessions ended: OpenID Connect Back-Channel Logout 1.0, from the outbox in signin.db. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/logout_token.h"
#include "net/http.h"
#include "store/notices.h"
#include "web/worker.h"

#define LOOK_MILLISECONDS 500
#define AT_ONCE           32   /* notices under way */
#define EACH_AT_ONCE      8    /* … to one application: one that hangs keeps no other waiting for long */
#define TIMEOUT           5000 /* milliseconds that an application may take */
#define LEASE_SECONDS     60   /* by then it has ended, one way or the other */
#define FIRST_WAIT        2    /* seconds after the first failure; twice as long after each further one */
#define LONGEST_WAIT      600
#define GIVE_UP_AFTER     (12 * 3600) /* from the first try */
#define APPLICATIONS_MAX  1000
#define ANSWER_MAX        16384

/* An application that could not be told, and is left alone for a while. */
struct absent {
    char *application;
    unsigned failures;
    int64_t until;
};

struct outbox {
    struct worker worker;
    struct http *http;
    struct absent *absent;
    size_t nabsent, cap;
    size_t turn; /* where the next round begins, so that everybody has a turn */
};

/* One notice under way. */
struct letter {
    struct notice notice;
    const char *url, *body;
    bool delivered;
    const char *fault;
    struct pool *pool;
};

struct post {
    struct letter letters[AT_ONCE];
    size_t n;
    struct pool *pool;
};

static int64_t wait_after(int64_t failures)
{
    int64_t wait = FIRST_WAIT;
    for (int64_t i = 1; i < failures && wait < LONGEST_WAIT; i++)
        wait *= 2;
    return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

/* --- who is not there ---------------------------------------------------------------------------------------------------- */

static struct absent *find_absent(struct outbox *box, const char *application)
{
    for (size_t i = 0; i < box->nabsent; i++)
        if (strcmp(box->absent[i].application, application) == 0)
            return &box->absent[i];
    return NULL;
}

static void note_absence(struct outbox *box, const char *application, const char *fault, int64_t now)
{
    struct absent *a = find_absent(box, application);
    if (!a) {
        a = MEM_PUSH(&box->absent, &box->nabsent, &box->cap);
        *a = (struct absent){.application = mem_strdup(application)};
        log_event(LOG_LEVEL_WARNING, "application %s: it cannot be told that sessions ended, and is tried again: %s",
                  application, fault);
    }
    a->until = now + wait_after(++a->failures);
}

static void note_presence(struct outbox *box, const char *application)
{
    struct absent *a = find_absent(box, application);
    if (!a)
        return;
    log_event(LOG_LEVEL_INFO, "application %s: it is told again that sessions ended", application);
    free(a->application);
    *a = box->absent[--box->nabsent];
}

/* --- collecting ---------------------------------------------------------------------------------------------------------- */

static int write_letter(const struct signin *in, const struct keyring *ring, const struct conf_section *application,
                        struct letter *letter, struct err *err)
{
    CLEANUP(buf_release) struct buf token = BUF_INIT;
    letter->url = pool_strdup(in->pool, conf_str(application, "backchannel-logout-uri"));
    if (logout_token_make(in, ring, application, letter->notice.subject, letter->notice.sid, &token, err) != 0)
        return -1;
    /* Base64url and dots: nothing in it has to be escaped. */
    letter->body = pool_printf(in->pool, "logout_token=%s", buf_str(&token));
    return 0;
}

static int drop(const struct signin *in, const char *application, struct err *err)
{
    int64_t ignored;
    return notices_drop(in->signins, application, &ignored, err);
}

static int collect_of(struct outbox *box, const struct signin *in, const char *name, struct post *post, struct err *err)
{
    struct notice due[EACH_AT_ONCE];
    const struct conf_section *application = conf_find(in->conf, "application", name);
    const struct absent *absent = find_absent(box, name);
    size_t room = AT_ONCE - post->n;
    if (!application || !conf_str(application, "backchannel-logout-uri"))
        return drop(in, name, err);
    if (absent && absent->until > in->now)
        return 0;
    int n =
        notices_due(in->signins, name, in->now, (int)(room < EACH_AT_ONCE ? room : EACH_AT_ONCE), in->pool, due, err);
    for (int i = 0; i < n; i++) {
        struct letter *letter = &post->letters[post->n];
        *letter = (struct letter){.notice = due[i], .pool = in->pool};
        if (write_letter(in, box->worker.site->ring, application, letter, err) != 0 ||
            notices_lease(in->signins, due[i].seq, in->now, in->now + LEASE_SECONDS, err) != 0)
            return -1;
        post->n++;
    }
    return n < 0 ? -1 : 0;
}

static int collect(struct outbox *box, const struct signin *in, struct post *post, struct err *err)
{
    const char **names = pool_alloc(in->pool, APPLICATIONS_MAX * sizeof *names);
    int n = notices_applications(in->signins, APPLICATIONS_MAX, in->pool, names, err);
    if (n <= 0)
        return n;
    if (signins_begin(in->signins, err) != 0)
        return -1;
    for (int i = 0; i < n && post->n < AT_ONCE; i++)
        if (collect_of(box, in, names[(box->turn + (size_t)i) % (size_t)n], post, err) != 0) {
            signins_rollback(in->signins);
            return -1;
        }
    box->turn++;
    return signins_commit(in->signins, err);
}

/* --- delivering ------------------------------------------------------------------------------------------------------------ */

static void hear(void *ctx, const struct http_reply *reply)
{
    struct letter *letter = ctx;
    letter->delivered = reply->err.kind == ERR_NONE && reply->status >= 200 && reply->status < 300;
    if (reply->err.kind != ERR_NONE)
        letter->fault = pool_strdup(letter->pool, reply->err.text);
    else if (!letter->delivered)
        letter->fault =
            pool_printf(letter->pool, "%s: it answers with status %ld; look at its log", letter->url, reply->status);
}

static void deliver(struct outbox *box, struct post *post)
{
    for (size_t i = 0; i < post->n; i++) {
        struct letter *letter = &post->letters[i];
        const struct http_request request = {.method = "POST",
                                             .url = letter->url,
                                             .type = "application/x-www-form-urlencoded",
                                             .accept = "*/*",
                                             .body = span_str(letter->body),
                                             .body_unwanted = true};
        http_start(box->http, &request, hear, letter);
    }
    http_run(box->http);
}

/* --- and what became of it ------------------------------------------------------------------------------------------------- */

static int note_one(struct worker *worker, const struct letter *letter, int64_t now, struct err *err)
{
    const struct notice *notice = &letter->notice;
    bool too_old = notice->since && now - notice->since > GIVE_UP_AFTER;
    atomic_fetch_add(&worker->web->counts[letter->delivered ? COUNT_TOLD : COUNT_UNTOLD], 1);
    if (letter->delivered || too_old) {
        if (!letter->delivered)
            log_event(LOG_LEVEL_ERROR,
                      "application %s: given up: it was not told that session %s of %s ended, in %d hours: %s",
                      notice->application, notice->sid, notice->subject, GIVE_UP_AFTER / 3600, letter->fault);
        return notices_done(worker->desk->signins, notice->seq, err);
    }
    return notices_retry(worker->desk->signins, notice->seq, now + wait_after(notice->tries + 1), err);
}

static int note_all(struct worker *worker, const struct post *post, int64_t now, struct err *err)
{
    if (signins_begin(worker->desk->signins, err) != 0)
        return -1;
    for (size_t i = 0; i < post->n; i++)
        if (note_one(worker, &post->letters[i], now, err) != 0) {
            signins_rollback(worker->desk->signins);
            return -1;
        }
    return signins_commit(worker->desk->signins, err);
}

/* The letters of an application stand together. One that was delivered shows that it is there. */
static void note_applications(struct outbox *box, const struct post *post, int64_t now)
{
    for (size_t i = 0, end; i < post->n; i = end) {
        const char *name = post->letters[i].notice.application, *fault = NULL;
        bool any = false;
        for (end = i; end < post->n && strcmp(post->letters[end].notice.application, name) == 0; end++) {
            any |= post->letters[end].delivered;
            fault = post->letters[end].fault ? post->letters[end].fault : fault;
        }
        if (any)
            note_presence(box, name);
        else
            note_absence(box, name, fault, now);
    }
}

static int deliver_some(struct worker *worker, struct post *post, struct err *err)
{
    struct outbox *box = worker->ctx;
    const struct signin in = worker_enter(worker, post->pool);
    int r = collect(box, &in, post, err);
    worker_leave(worker);
    if (r != 0 || post->n == 0)
        return r;
    deliver(box, post);
    int64_t now = clock_now();
    note_applications(box, post, now);
    return note_all(worker, post, now, err);
}

static int go_round(struct worker *worker, struct err *err)
{
    bool more = true;
    while (more) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        struct post *post = pool_zero(pool, sizeof *post);
        post->pool = pool;
        if (deliver_some(worker, post, err) != 0)
            return -1;
        more = post->n > 0 && worker_wait(worker, 0);
    }
    return 0;
}

/* --- life ------------------------------------------------------------------------------------------------------------------ */

int outbox_start(struct web *web, struct outbox **ret, struct err *err)
{
    static const struct http_policy policy = {.connections = AT_ONCE, .timeout = TIMEOUT, .max_bytes = ANSWER_MAX};
    struct outbox *box = mem_zero(sizeof *box);
    *ret = box;
    box->worker = (struct worker){.web = web,
                                  .round = go_round,
                                  .what = "applications cannot be told that sessions ended",
                                  .milliseconds = LOOK_MILLISECONDS,
                                  .ctx = box};
    return http_open(&policy, &box->http, err) != 0 ? -1 : worker_start(&box->worker, err);
}

void outbox_stop(struct outbox **outbox)
{
    struct outbox *box = *outbox;
    if (!box)
        return;
    worker_stop(&box->worker);
    http_close(&box->http);
    for (size_t i = 0; i < box->nabsent; i++)
        free(box->absent[i].application);
    free(box->absent);
    free(box);
    *outbox = NULL;
}
