/*
 * From the lines under one header to a checked section.
 *
 *   section_build (every header) -> sections_join (once, when all are built)
 *
 * Faults go to the list and mark the section; nothing stops at the first.
 */
#ifndef CONF_SECTION_H
#define CONF_SECTION_H

#include "conf/faults.h"
#include "conf/ini.h"
#include "conf/tree.h"

/* lines[0] is the header, the rest up to n stands under it. folder: where relative paths of this file start. */
void section_build(struct conf *conf, struct faults *faults, const char *file, const char *folder,
                   const struct ini_line *lines, size_t n);
/*
 * What only shows between sections: kinds not written (when complete: every file could be read), names alike,
 * references, the kinds' and variants' own checks.
 */
void sections_join(struct conf *conf, struct faults *faults, const char *main_file, bool complete);

#endif
