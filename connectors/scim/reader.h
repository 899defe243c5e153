/*
 * Reading from a SCIM service: one GET with the tries that it takes. Reading changes nothing, so what goes wrong on the
 * way is simply asked again.
 *
 *   struct scim_reader filled -> scim_reader_begin -> scim_reader_get… (also through listing.h)
 */
#ifndef CONNECTORS_SCIM_READER_H
#define CONNECTORS_SCIM_READER_H

#include <jansson.h>

#include "base/buf.h"
#include "connectors/scim/answer.h"
#include "connectors/scim/service.h"
#include "scim/error.h"

#define SCIM_READ_MAX      (64 * 1024 * 1024) /* bytes of one answer: a page, or a group with all its members */
#define SCIM_PAGE          500                /* resources asked for at once, where nothing says otherwise */
#define SCIM_RESOURCES_MAX 10000000           /* of one listing, where nothing says otherwise */

struct scim_reader {
    struct scim_service *service;
    size_t most;        /* resources of one listing; more are refused */
    size_t retries;     /* of one request */
    int64_t first_wait; /* milliseconds before the first of them; each further one is twice as long, up to a minute */

    /* By scim_reader_begin. */
    size_t page;    /* resources asked for at once */
    bool by_cursor; /* the service says that it pages by cursor (RFC 9865) */
};

/*
 * Asks what the service offers, and sets how pages are asked for: at most this many resources at once. -1: the service cannot be asked, or
 * refuses us.
 */
int scim_reader_begin(struct scim_reader *reader, size_t page, struct err *err);

enum scim_got {
    SCIM_GOT,
    SCIM_GOT_NONE,    /* 404 */
    SCIM_GOT_REFUSAL, /* of this very request; err */
    SCIM_GOT_LARGE,   /* over SCIM_READ_MAX; err */
    SCIM_GOT_FAULT,   /* err */
};

/*
 * The body goes to *ret, which is emptied before. object: what is read, for messages: "the list of users". may_be_none: without it a 404 is
 * a fault, as there is no service at this address.
 */
enum scim_got scim_reader_get(struct scim_reader *reader, const char *url, const char *object, bool may_be_none,
                              struct buf *ret, struct err *err);

/* Why a body is not what was asked for: "the list of users: the answer is not SCIM (…); …". Returns -1. */
int scim_reader_not_scim(const char *object, const struct buf *body, const struct scim_error *why, struct err *err);

/* The id of a resource, as it goes into addresses; borrowed. Empty: none that can be used. */
struct span scim_id_of(const json_t *resource);

#endif
