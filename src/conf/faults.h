/* The faults found while loading, put into the order of files and lines at the end. */
#ifndef CONF_FAULTS_H
#define CONF_FAULTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

#define FAULTS_END 0xFFFFFFFFu /* "line" of what concerns the whole file and is said last */

struct faults {
    struct pool *pool;
    struct fault *list;
    size_t n, cap;
    const char *const *files; /* in the order read */
    size_t nfiles;
};

/* file is one of files (the same pointer). Line 0 and FAULTS_END are not shown. */
void faults_add(struct faults *f, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 0 when there are none, else -1 with *err filled, and all of them in problems unless that is NULL. */
int faults_report(struct faults *f, struct buf *problems, struct err *err);
void faults_release(struct faults *f);

#endif
