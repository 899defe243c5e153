/*
 * Reading a tree that xml_read made. Names are always matched with their namespace; text is only ever read whole.
 * Returned nodes and attribute values belong to the document.
 */
#ifndef SAML_NODE_H
#define SAML_NODE_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/pool.h"
#include "base/span.h"

bool node_is(const xmlNode *node, const char *ns, const char *name);

/* The first child element of this name, or NULL; and the next one beside it. node NULL gives NULL. */
xmlNode *node_child(const xmlNode *node, const char *ns, const char *name);
xmlNode *node_sibling(const xmlNode *node, const char *ns, const char *name);
/* How many child elements of this name there are. */
size_t node_count(const xmlNode *node, const char *ns, const char *name);
/* The first child element of any name, and the next element beside it; NULL when there is none. */
xmlNode *node_first(const xmlNode *node);
xmlNode *node_after(const xmlNode *node);

/* The node that follows in document order below root, root itself being the first; NULL at the end. */
xmlNode *node_next(const xmlNode *node, const xmlNode *root);

/* The attribute without a namespace, or NULL. White space is as it was written. */
const char *node_attr(const xmlNode *node, const char *name);
/* The value of one attribute, "" when empty. */
const char *node_attr_value(const xmlAttr *attr);

/*
 * The text of an element that holds only text, without white space around it. NULL when node is NULL or holds any
 * element: text beside markup is never put together.
 */
const char *node_text(struct pool *pool, const xmlNode *node);

#endif
