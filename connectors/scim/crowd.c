#include "connectors/scim/crowd.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/sending.h"
#include "connectors/scim/steps.h"
#include "scim/limits.h"

static void on_spoken(struct scim_job *speaker);

void scim_crowd_add(struct scim_crowd *crowd, struct scim_job *member)
{
    member->crowd = crowd;
    if (crowd->missing++ > 0)
        return;
    crowd->speaker = (struct scim_job){.service = member->service,
                                       .task = member->task,
                                       .answer = &crowd->said,
                                       .ended = on_spoken,
                                       .sending = member->sending,
                                       .crowd = crowd,
                                       .speaks = true,
                                       .turn = scim_job_begin};
}

void scim_crowd_release(struct scim_crowd *crowd)
{
    scim_job_release(&crowd->speaker);
    free(crowd->here);
}

static void say_whether(struct scim_crowd *crowd)
{
    if (--crowd->missing > 0 || crowd->n == 0)
        return;
    crowd->size = crowd->n;
    crowd->speaker.task = crowd->here[0]->task;
    scim_sending_ready(&crowd->speaker);
}

void scim_crowd_join(struct scim_job *member)
{
    struct scim_crowd *crowd = member->crowd;
    *MEM_PUSH(&crowd->here, &crowd->n, &crowd->cap) = member;
    member->joined = true;
    scim_sending_wait(member);
    say_whether(crowd);
}

void scim_crowd_miss(struct scim_job *member)
{
    say_whether(member->crowd);
}

/* --- one part behind the other ------------------------------------------------------------------------------------ */

void scim_crowd_request(struct scim_crowd *crowd, struct scim_request *ret)
{
    const struct scim_job *speaker = &crowd->speaker;
    size_t left = (crowd->until > crowd->at ? crowd->until : crowd->n) - crowd->at;
    /* Where the group is written as a whole anyway, each request less is worth having. */
    size_t most = speaker->service->manner.put ? SCIM_PATCH_OPS_MAX : speaker->service->manner.members;
    most = crowd->step && crowd->step < most ? crowd->step : most;
    crowd->size = left < most ? left : most;
    CLEANUP(freep) const char **accounts = mem_resize(NULL, crowd->size, sizeof *accounts);
    for (size_t i = 0; i < crowd->size; i++)
        accounts[i] = crowd->here[crowd->at + i]->account;
    bool add = speaker->task->op == OP_ASSIGN || speaker->task->op == OP_JOIN;
    scim_change_members(speaker->service->base, speaker->group, add, accounts, crowd->size, ret);
}

/* An answer that is about what was sent, and not about the service or this moment. */
static bool is_refusal(const struct scim_answer *answer)
{
    return answer->verdict == PLATFORM_SKIP && answer->finding != SCIM_NO_METHOD;
}

bool scim_crowd_splits(struct scim_crowd *crowd, const struct scim_answer *answer)
{
    if (!is_refusal(answer) || crowd->size < 2)
        return false;
    if (crowd->until <= crowd->at) {
        crowd->until = crowd->at + crowd->size;
        crowd->blamed = false;
        crowd->largest = 0;
    }
    crowd->least = crowd->size;
    crowd->step = crowd->size / 2;
    return true;
}

/* Twice as many, until it shows that not somebody but their number is at fault: then the limit is between the two. */
static size_t next_step(const struct scim_crowd *crowd)
{
    if (crowd->blamed || crowd->size >= crowd->least)
        return crowd->size * 2;
    return (crowd->largest + crowd->least) / 2;
}

/*
 * A part that was refused as a whole, and of which nobody was refused alone, was too many at once: this is the
 * service's limit. Out of order, or too slow, at so many at once may mean that one of them is too much for it: next time
 * fewer.
 */
static void learn(struct scim_crowd *crowd)
{
    struct scim_manner *manner = &crowd->speaker.service->manner;
    enum platform_verdict verdict = crowd->said.verdict;
    if (verdict == PLATFORM_DONE) {
        crowd->largest = crowd->size > crowd->largest ? crowd->size : crowd->largest;
        crowd->step = crowd->step ? next_step(crowd) : 0;
    }
    crowd->blamed |= verdict != PLATFORM_DONE;
    if (verdict == PLATFORM_RETRY && crowd->said.wait == 0)
        scim_manner_trouble(manner, crowd->size);
    if (crowd->until == 0 || crowd->at + crowd->size < crowd->until)
        return;
    if (!crowd->blamed)
        scim_manner_fewer_members(manner, crowd->largest);
    crowd->until = crowd->step = 0;
}

static void tell(const struct scim_crowd *crowd, struct scim_job *member, bool is_first)
{
    member->group = crowd->speaker.group;
    if (crowd->said.verdict == PLATFORM_DONE) {
        scim_end_done(member);
        return;
    }
    *member->answer = crowd->said;
    member->answer->together = !is_first;
    member->ended(member);
}

static void on_spoken(struct scim_job *speaker)
{
    struct scim_crowd *crowd = speaker->crowd;
    learn(crowd);
    for (size_t i = 0; i < crowd->size; i++)
        tell(crowd, crowd->here[crowd->at + i], i == 0);
    crowd->at += crowd->size;
    crowd->size = crowd->n - crowd->at;
    bool goes_on = scim_sending_hear(speaker) && crowd->size > 0;
    crowd->said = (struct platform_answer){0};
    if (goes_on)
        scim_job_go_on(speaker);
    else
        scim_sending_over(speaker);
}
