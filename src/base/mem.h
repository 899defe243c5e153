/*
 * Memory that is there, or the process ends.
 *
 * Every input has a size limit, so running out of memory is a fault of the machine and not of the input: the process says
 * so and exits with status 71 (EX_OSERR). Nothing is lost by that: state is only ever changed inside a database transaction.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size); /* not zeroed */
void *mem_zero(size_t size);
/* Room for count elements of size bytes; a product that overflows ends the process as well. */
void *mem_resize(void *p, size_t count, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Makes room for one more element in a growing array and gives its address:
 *   *(struct change *)MEM_PUSH(&plan->changes, &plan->n, &plan->cap) = change;
 */
#define MEM_PUSH(arr, n, cap) ((__typeof__(*(arr)))mem_push((void **)(arr), (n), (cap), sizeof **(arr)))
void *mem_push(void **arr, size_t *n, size_t *cap, size_t size);

#endif
