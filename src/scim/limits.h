/*
 * How much of anything a SCIM message may hold. Everything that others send is measured against these before work is
 * spent on it; the service says some of them in its ServiceProviderConfig.
 */
#ifndef SCIM_LIMITS_H
#define SCIM_LIMITS_H

#define SCIM_MESSAGE_MAX                                                                                               \
    (16 * 1024 * 1024)                 /* bytes of a request: a group of 50,000 members, each with $ref and display */
#define SCIM_NODES_MAX     600000      /* values and names in it; jansson takes about 100 bytes for each */
#define SCIM_JSON_DEPTH    24          /* objects and arrays in each other; a bulk request of PATCHes has 9 */
#define SCIM_STRING_MAX    (64 * 1024) /* bytes of one value: certificates, photos as data: */
#define SCIM_VALUES_MAX    500         /* of one attribute, members of a group apart */
#define SCIM_MEMBER_ID_MAX 255         /* bytes */

#define SCIM_FILTER_MAX       (16 * 1024) /* bytes */
#define SCIM_FILTER_DEPTH_MAX 32          /* brackets, "not" and value paths in each other */
#define SCIM_FILTER_TERMS_MAX 512         /* comparisons */
#define SCIM_PATH_MAX         4096        /* bytes of the path of a PATCH operation */
#define SCIM_NAME_MAX         512         /* bytes of an attribute's name with its URN */
#define SCIM_NAMES_MAX        200         /* names in "attributes" or "excludedAttributes" */

#define SCIM_PATCH_OPS_MAX    500 /* operations of one PATCH; edits that come of them: SCIM_PATCH_EDITS_MAX */
#define SCIM_PATCH_EDITS_MAX  4000
#define SCIM_PATCH_VALUES_MAX 10000 /* values that are added to lists or taken from them, members apart */

#define SCIM_BULK_OPS_MAX 1000
#define SCIM_BULK_MAX     (4 * 1024 * 1024) /* bytes */
#define SCIM_BULK_ID_MAX  255               /* bytes */

#define SCIM_PAGE_DEFAULT 100
#define SCIM_PAGE_MAX     1000
#define SCIM_CURSOR_MAX   1024 /* bytes */

#define SCIM_SCHEMA_ATTRS_MAX 500 /* attributes, or sub-attributes, of a schema that somebody else defines */

#endif
