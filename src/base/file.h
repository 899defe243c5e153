/* Whole files, read with a limit. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads the file into ret. A file over max bytes is ERR_INPUT, one that cannot be read ERR_FAILED (ERR_NOT_FOUND when
 * there is none); the message names the path. Directories and devices are refused.
 */
int file_read(const char *path, size_t max, struct buf *ret, struct err *err);

/* Is the file there and readable, a regular file? */
int file_check(const char *path, struct err *err);
/*
 * As file_check, and neither others nor a group that is not our own may read it (root lets any group read: it is in
 * none of the service's), and nobody but the owner may write it: ERR_REFUSED with the chmod that mends it.
 */
int file_check_secret(const char *path, struct err *err);

/* Writes the whole file beside its place, flushes it to the disk and renames it into place. */
int file_replace(const char *path, const void *data, size_t n, unsigned mode, struct err *err);

#endif
