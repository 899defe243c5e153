#include "sync/tally.h"

#include "base/mem.h"

static struct tally_row *row_of(struct tally *t, uint32_t number)
{
    if (t->last < t->n && t->v[t->last].number == number)
        return &t->v[t->last];
    if (number >= t->nplace) {
        size_t n = (size_t)number * 2 + 64;
        t->place = mem_resize(t->place, n, sizeof *t->place);
        memset(t->place + t->nplace, 0, (n - t->nplace) * sizeof *t->place);
        t->nplace = n;
    }
    if (!t->place[number]) {
        *MEM_PUSH(&t->v, &t->n, &t->cap) = (struct tally_row){.number = number};
        t->place[number] = (uint32_t)t->n;
    }
    t->last = t->place[number] - 1;
    return &t->v[t->last];
}

void tally_have(struct tally *t, uint32_t number)
{
    row_of(t, number)->have++;
}

void tally_lose(struct tally *t, uint32_t number)
{
    row_of(t, number)->lose++;
}

void tally_clear(struct tally *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->place[t->v[i].number] = 0;
    t->n = t->last = 0;
}

void tally_release(struct tally *t)
{
    free(t->v);
    free(t->place);
    *t = (struct tally){0};
}
