/*
 * What is asked of a SCIM service (RFC 7644), as pure functions: a task and ids go in, a method, an address and JSON
 * come out.
 *
 * Attributes are changed one by one with PATCH, so that what others keep in the same account stays.
 */
#ifndef CONNECTORS_SCIM_REQUEST_H
#define CONNECTORS_SCIM_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "connectors/platform.h"
#include "scim/map.h"

#define SCIM_TYPE "application/scim+json"

enum scim_kind { SCIM_USER, SCIM_GROUP };

struct scim_request {
    const char *method;
    enum scim_kind kind;
    struct buf url;     /* base and what follows it */
    struct buf body;    /* empty: none */
    struct buf version; /* for If-Match; empty: none */
    /* Of scim_change_user, for services where it is to be written as a whole (rewrite.h). */
    const struct scim_map *map;
    const struct platform_task *task;
    bool make_ours;
};

#define SCIM_REQUEST_INIT                                                                                              \
    {                                                                                                                  \
        .method = NULL                                                                                       \
    }

void scim_request_release(struct scim_request *request);

/* base: the address before "/Users", without a slash at its end. ret: SCIM_REQUEST_INIT. */

void scim_get_user(const char *base, const char *id, struct scim_request *ret);
/* The account with all that the map writes, our id as externalId. */
void scim_create_user(const char *base, const struct scim_map *map, const struct platform_task *task,
                      struct scim_request *ret);
/* All that the map writes, and whether it is usable; an attribute for which the map gives nothing is taken away. */
void scim_change_user(const char *base, const char *id, const struct scim_map *map, const struct platform_task *task,
                      bool make_ours, struct scim_request *ret);
void scim_suspend_user(const char *base, const char *id, struct scim_request *ret);
void scim_create_group(const char *base, const struct platform_task *task, struct scim_request *ret);
void scim_rename_group(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret);
/*
 * So many members more or less, whatever the others are (RFC 7644 section 3.5.2). Each that leaves is an operation of its own, as
 * services are known that empty the group at a "remove" with a list.
 */
void scim_change_members(const char *base, const char *group, bool add, const char *const *accounts, size_t n,
                         struct scim_request *ret);
/* The task's value more or less among the account's entitlements or roles. */
void scim_add_value(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret);
void scim_remove_value(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret);
void scim_delete(const char *base, enum scim_kind kind, const char *id, struct scim_request *ret);
/* What has this value: attribute eq "value" (RFC 7644 section 3.4.2.2). */
void scim_find(const char *base, enum scim_kind kind, const char *attribute, const char *value,
               struct scim_request *ret);

/* Whom a task with attributes is about, as a map reads it; dead with the task. */
struct scim_person scim_task_person(const struct platform_task *task);

#endif
