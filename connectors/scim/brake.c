#include "connectors/scim/brake.h"

#include "connectors/platform.h"

#define PAUSE_MAX 60.0 /* seconds */

void brake_init(struct brake *b, size_t most, int64_t first)
{
    *b = (struct brake){.most = most, .width = most, .left = -1, .first = (double)first / 1000};
}

static bool is_used_up(const struct brake *b, double now)
{
    return b->left == 0 && now < b->until;
}

bool brake_lets(const struct brake *b, size_t running, double now)
{
    return running < b->width && now >= b->rest && !is_used_up(b, now);
}

int64_t brake_wait(const struct brake *b, double now)
{
    double at = is_used_up(b, now) && b->until > b->rest ? b->until : b->rest;
    return at > now ? (int64_t)((at - now) * 1000) + 1 : 0;
}

void brake_begin(struct brake *b)
{
    if (b->left > 0)
        b->left--;
}

static bool is_too_much(const struct http_reply *reply)
{
    return reply->status == 429 || reply->status == 503;
}

/* Seconds. A 503 now and then, in between what goes well, is no reason to pause. */
static double own_pause(struct brake *b, long status)
{
    bool again = b->narrowed > 0 && b->good == 0;
    b->pause = again && b->pause > 0 ? 2 * b->pause : b->first;
    b->pause = b->pause < PAUSE_MAX ? b->pause : PAUSE_MAX;
    return status == 429 || again ? b->pause : 0;
}

/* Those that set out together and came back together count once. Returns the seconds to pause. */
static double narrow(struct brake *b, long status, double began, double now)
{
    if (began < b->narrowed || now < b->rest)
        return 0;
    double pause = own_pause(b, status);
    b->width = b->width > 1 ? b->width / 2 : 1;
    b->narrowed = now;
    b->good = 0;
    return pause;
}

static void widen(struct brake *b)
{
    if (++b->good < 2 * b->width || b->width == b->most)
        return;
    b->width++;
    b->good = 1;
}

/*
 * Of what is left, those under way may not have been counted yet. A limit without an end says nothing: the service will
 * answer 429.
 */
static void note_limit(struct brake *b, const struct rate_limit *limit, size_t running, double now)
{
    if (limit->left < 0 || limit->until == 0) {
        b->left = -1;
        return;
    }
    int64_t until = limit->until < PLATFORM_WAIT_MAX ? limit->until : PLATFORM_WAIT_MAX;
    b->left = limit->left > (int64_t)running ? limit->left - (int64_t)running : 0;
    b->until = now + (double)until / 1000;
}

void brake_hear(struct brake *b, const struct http_reply *reply, size_t running, double began, double now)
{
    int64_t wait = reply->wait < PLATFORM_WAIT_MAX ? reply->wait : PLATFORM_WAIT_MAX;
    if (reply->status == 0)
        return;
    note_limit(b, &reply->limit, running, now);
    if (!is_too_much(reply)) {
        widen(b);
        return;
    }
    double pause = narrow(b, reply->status, began, now);
    if (wait == 0 && reply->limit.left <= 0 && reply->limit.until > 0)
        wait = reply->limit.until < PLATFORM_WAIT_MAX ? reply->limit.until : PLATFORM_WAIT_MAX;
    double rest = now + (wait > 0 ? (double)wait / 1000 : pause);
    b->rest = rest > b->rest ? rest : b->rest;
}
