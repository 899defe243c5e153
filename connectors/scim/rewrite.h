/*
 * Changes for services that only take resources as a whole (RFC 7644, 3.5.1), as a pure function: what the service has
 * and the PATCH that it would get go in, a PUT comes out. What others keep in the resource stays, known to us or not.
 */
#ifndef CONNECTORS_SCIM_REWRITE_H
#define CONNECTORS_SCIM_REWRITE_H

#include "base/err.h"
#include "connectors/scim/request.h"
#include "net/http.h"

#define SCIM_WHOLE_MAX (64 * 1024 * 1024) /* bytes of a resource that is read to be written again */

/* How many members a group shows; -1: it does not show whether it has any. */
int64_t scim_members_shown(const struct http_reply *reply);

/*
 * map: whose extensions are known. patch: of scim_change_user, scim_change_members … reply: to a GET of the same address, with a status below 300.
 * ret: SCIM_REQUEST_INIT; left without a method when everything is so already. ERR_INPUT: the reply is no such resource;
 * the text is "fault; remedy".
 */
int scim_rewrite(const struct scim_map *map, const struct scim_request *patch, const struct http_reply *reply,
                 struct scim_request *ret, struct err *err);

#endif
