/* RFC 7643, 5, 6 and 7: how a service describes itself; "pagination" is of RFC 9865, 4. */
#include "scim/schema.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define LIST(a)  (a), COUNT(a)
#define WORDS(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }
/* Nothing of this can be changed by a client. */
#define RO   .mutability = SCIM_READ_ONLY
#define MUST RO, .required = true
#define LINK .type = SCIM_REFERENCE, .references = WORDS("external"), .case_exact = true

#define SUPPORTED                                                                                                      \
    {                                                                                                                  \
        .name = "supported", .description = "Whether the service does it", .type = SCIM_BOOLEAN, MUST                  \
    }
#define NUMBER(n, d)                                                                                                   \
    {                                                                                                                  \
        .name = (n), .description = (d), .type = SCIM_INTEGER, MUST                                                    \
    }

static const struct scim_attr supported[] = {SUPPORTED};
static const struct scim_attr bulk[] = {SUPPORTED, NUMBER("maxOperations", "Operations of one request at most"),
                                        NUMBER("maxPayloadSize", "Bytes of one request at most")};
static const struct scim_attr filter[] = {SUPPORTED, NUMBER("maxResults", "Resources of one answer at most")};
static const struct scim_attr pagination[] = {
    {.name = "cursor", .description = "Whether pages are told apart by a cursor", .type = SCIM_BOOLEAN, MUST},
    {.name = "index", .description = "Whether pages are told apart by startIndex", .type = SCIM_BOOLEAN, MUST},
    {.name = "defaultPaginationMethod",
     .description = "Which it is when the client does not say",
     RO,
     .canonical = WORDS("cursor", "index")},
    {.name = "defaultPageSize",
     .description = "Resources of a page when the client does not say",
     .type = SCIM_INTEGER,
     RO},
    {.name = "maxPageSize", .description = "Resources of a page at most", .type = SCIM_INTEGER, RO},
    {.name = "cursorTimeout", .description = "Seconds for which a cursor stays good", .type = SCIM_INTEGER, RO},
};
static const struct scim_attr schemes[] = {
    {.name = "type",
     .description = "How a client shows who it is",
     MUST,
     .canonical = WORDS("oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest")},
    {.name = "name", .description = "The name of it", MUST},
    {.name = "description", .description = "What it is", MUST},
    {.name = "specUri", .description = "Where it is specified", RO, LINK},
    {.name = "documentationUri", .description = "Where it is explained", RO, LINK},
    {.name = "primary", .description = "Whether it is the preferred one", .type = SCIM_BOOLEAN, RO},
};

static const struct scim_attr config[] = {
    {.name = "documentationUri", .description = "Where the service is explained", RO, LINK},
    {.name = "patch", .description = "PATCH", LIST(supported), .type = SCIM_COMPLEX, MUST},
    {.name = "bulk", .description = "Bulk requests", LIST(bulk), .type = SCIM_COMPLEX, MUST},
    {.name = "filter", .description = "Filters", LIST(filter), .type = SCIM_COMPLEX, MUST},
    {.name = "changePassword", .description = "Changing a password", LIST(supported), .type = SCIM_COMPLEX, MUST},
    {.name = "sort", .description = "Sorting", LIST(supported), .type = SCIM_COMPLEX, MUST},
    {.name = "etag", .description = "Versions as ETags", LIST(supported), .type = SCIM_COMPLEX, MUST},
    {.name = "pagination", .description = "Pages", LIST(pagination), .type = SCIM_COMPLEX, RO},
    {.name = "authenticationSchemes",
     .description = "How clients show who they are",
     LIST(schemes),
     .type = SCIM_COMPLEX,
     .multi = true,
     MUST},
};

const struct scim_schema scim_config_schema = {SCIM_CONFIG_URN, "ServiceProviderConfig", "What the service can do",
                                               LIST(config)};

static const struct scim_attr extensions[] = {
    {.name = "schema",
     .description = "The URN of the extension",
     .type = SCIM_REFERENCE,
     .references = WORDS("uri"),
     .case_exact = true,
     MUST},
    {.name = "required", .description = "Whether each resource has to have it", .type = SCIM_BOOLEAN, MUST},
};

static const struct scim_attr type[] = {
    {.name = "id", .description = "The id of the resource type", RO},
    {.name = "name", .description = "The name of the resource type", MUST},
    {.name = "description", .description = "What it is", RO},
    {.name = "endpoint",
     .description = "Where its resources are, below the service's address",
     .type = SCIM_REFERENCE,
     .references = WORDS("uri"),
     .case_exact = true,
     MUST},
    {.name = "schema",
     .description = "The URN of its schema",
     .type = SCIM_REFERENCE,
     .references = WORDS("uri"),
     .case_exact = true,
     MUST},
    {.name = "schemaExtensions",
     .description = "Its extensions",
     LIST(extensions),
     .type = SCIM_COMPLEX,
     .multi = true,
     RO},
};

const struct scim_schema scim_type_schema = {SCIM_TYPE_URN, "ResourceType", "A kind of resource", LIST(type)};

#define CHARACTERISTICS                                                                                                \
    {.name = "name", .description = "Its name", .case_exact = true, MUST},                                             \
        {.name = "type",                                                                                               \
         .description = "What its values are",                                                                         \
         MUST,                                                                                                         \
         .canonical = WORDS("string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex")}, \
        {.name = "multiValued", .description = "Whether it has several values", .type = SCIM_BOOLEAN, MUST},           \
        {.name = "description", .description = "What it is", RO},                                                      \
        {.name = "required", .description = "Whether it has to be there", .type = SCIM_BOOLEAN, RO},                   \
        {.name = "canonicalValues", .description = "Suggested values", .multi = true, .case_exact = true, RO},         \
        {.name = "caseExact", .description = "Whether upper and lower case differ", .type = SCIM_BOOLEAN, RO},         \
        {.name = "mutability",                                                                                         \
         .description = "Who may change it",                                                                           \
         .case_exact = true,                                                                                           \
         RO,                                                                                                           \
         .canonical = WORDS("readOnly", "readWrite", "immutable", "writeOnly")},                                       \
        {.name = "returned",                                                                                           \
         .description = "When it is shown",                                                                            \
         .case_exact = true,                                                                                           \
         RO,                                                                                                           \
         .canonical = WORDS("always", "never", "default", "request")},                                                 \
        {.name = "uniqueness",                                                                                         \
         .description = "Among which resources a value is unique",                                                     \
         .case_exact = true,                                                                                           \
         RO,                                                                                                           \
         .canonical = WORDS("none", "server", "global")},                                                              \
    {                                                                                                                  \
        .name = "referenceTypes", .description = "What a reference may point to", .multi = true, .case_exact = true,   \
        RO                                                                                                             \
    }

/* Sub-attributes of sub-attributes cannot be told in a schema; that "subAttributes" is complex has to do. */
static const struct scim_attr attributes[] = {CHARACTERISTICS,
                                              {.name = "subAttributes",
                                               .description = "The parts of a complex attribute",
                                               .type = SCIM_COMPLEX,
                                               .multi = true,
                                               RO}};

static const struct scim_attr schema[] = {
    {.name = "id", .description = "The URN of the schema", MUST},
    {.name = "name", .description = "Its name", MUST},
    {.name = "description", .description = "What it is", RO},
    {.name = "attributes",
     .description = "Its attributes",
     LIST(attributes),
     .type = SCIM_COMPLEX,
     .multi = true,
     MUST},
};

const struct scim_schema scim_schema_schema = {SCIM_SCHEMA_URN, "Schema", "What a kind of resource is made of",
                                               LIST(schema)};
