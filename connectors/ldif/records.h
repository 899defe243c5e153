/*
 * The content records of an LDIF file (RFC 2849), one after the other, in the memory of one record.
 *
 *   records_open -> records_next… -> records_check_unchanged -> records_close
 *
 * Lines are put together and decoded by libldap's reader; what that reader would do beyond this is kept from it: it
 * opens the files that "include:" and ":<" name, takes broken base64 in places, has no limits, and takes a read error
 * for the end.
 */
#ifndef CONNECTORS_LDIF_RECORDS_H
#define CONNECTORS_LDIF_RECORDS_H

#include "base/err.h"
#include "connectors/raw.h"

#define RECORDS_FILE_MAX   (1024UL * 1024 * 1024)
#define RECORDS_RECORD_MAX (16UL * 1024 * 1024)

struct records;

/* ERR_FAILED, ERR_NOT_FOUND: not a regular file that can be read. ERR_INPUT: over RECORDS_FILE_MAX. */
int records_open(const char *path, struct records **ret, struct err *err);
void records_close(struct records **records);

/*
 * 1: the next record stands in raw until the next call. 0: the end. -1: ERR_INPUT with "FILE:LINE: fault; remedy",
 * or ERR_FAILED.
 */
int records_next(struct records *records, struct raw *raw, struct err *err);

/* After the end: -1 with ERR_CONFLICT when somebody wrote to the file meanwhile. */
int records_check_unchanged(const struct records *records, struct err *err);

#endif
