/*
 * SIGINT and SIGTERM while changes go out: noted, so that the run ends cleanly; the second one ends the process as usual.
 *
 *   interrupt_watch -> interrupt_seen… -> interrupt_unwatch
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

void interrupt_watch(void);
bool interrupt_seen(void *ctx); /* ctx is not looked at */
void interrupt_unwatch(void);

#endif
