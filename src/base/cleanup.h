/*
 * Scoped release of what a function holds, after the kernel's and systemd's habit.
 *
 *   CLEANUP(buf_release) struct buf line = BUF_INIT;       released at every return
 *   *ret = TAKE(handle);                                   moved out: the scope lets go of it
 *
 * A function named in CLEANUP takes a pointer to the variable. For handles of other libraries, DEFINE_CLEANUP writes it.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Reads a pointer and leaves NULL behind. */
#define TAKE(p)                                                                                                        \
    __extension__({                                                                                                    \
        __typeof__(p) take_ = (p);                                                                                     \
        (p) = NULL;                                                                                                    \
        take_;                                                                                                         \
    })

/* Defines NAME(type *p), which calls FREE(*p) when *p is not NULL. */
#define DEFINE_CLEANUP(name, type, freefn)                                                                             \
    static inline void name(type *p)                                                                                   \
    {                                                                                                                  \
        if (*p)                                                                                                        \
            freefn(*p);                                                                                                \
    }

/* For memory from malloc: CLEANUP(freep) char *text = NULL; */
static inline void freep(void *p)
{
    free(*(void **)p);
}

#endif
