/* The terminal: colour where it helps, columns by display width, progress on anything that takes longer than two seconds. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

enum term_color { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

/* auto: colour on a terminal whose user did not set NO_COLOR. */
void term_init(enum term_color when, bool quiet);
/* Escape sequences, or "" without colour. */
const char *term_green(void);
const char *term_yellow(void);
const char *term_red(void);
const char *term_bold(void);
const char *term_plain(void);
/* The one for '+', '~', '-' or '!'. */
const char *term_sign(char sign);

/* Prints text and spaces up to this width in columns; longer text stays whole. */
void term_pad(const char *text, int width);
int term_columns(void); /* of the terminal; 0 when it is none */

/* A table: rows of cells, printed with columns as wide as their widest cell. Cells are copied. */
struct table;
struct table *table_new(int columns);
void table_free(struct table **table);
void table_add(struct table *table, const char *const *cells);
void table_print(const struct table *table, const char *indent);

/*
 * Progress on standard error, on a terminal only and not before two seconds: "read  45,000 of about 100,000  ~3 s left".
 *
 *   progress_begin -> progress_at… -> progress_end
 */
void progress_begin(const char *what);
void progress_at(size_t done, size_t total); /* total 0: not known */
void progress_end(void);

/* 1234567 -> "1,234,567" */
const char *term_number(struct pool *pool, size_t n);

#endif
