#include "saml/node.h"

#include "base/buf.h"
#include "base/cleanup.h"

static bool same(const xmlChar *a, const char *b)
{
    return a && *a == (unsigned char)*b && strcmp((const char *)a, b) == 0; /* most differ in the first letter */
}

bool node_is(const xmlNode *node, const char *ns, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && same(node->name, name) && node->ns && same(node->ns->href, ns);
}

static xmlNode *first_like(xmlNode *node, const char *ns, const char *name)
{
    while (node && !node_is(node, ns, name))
        node = node->next;
    return node;
}

xmlNode *node_child(const xmlNode *node, const char *ns, const char *name)
{
    return node ? first_like(node->children, ns, name) : NULL;
}

xmlNode *node_sibling(const xmlNode *node, const char *ns, const char *name)
{
    return node ? first_like(node->next, ns, name) : NULL;
}

size_t node_count(const xmlNode *node, const char *ns, const char *name)
{
    size_t n = 0;
    for (xmlNode *c = node_child(node, ns, name); c; c = node_sibling(c, ns, name))
        n++;
    return n;
}

static xmlNode *first_element(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

xmlNode *node_first(const xmlNode *node)
{
    return node ? first_element(node->children) : NULL;
}

xmlNode *node_after(const xmlNode *node)
{
    return node ? first_element(node->next) : NULL;
}

xmlNode *node_next(const xmlNode *node, const xmlNode *root)
{
    if (node->type == XML_ELEMENT_NODE && node->children)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

const char *node_attr_value(const xmlAttr *attr)
{
    return attr->children && attr->children->content ? (const char *)attr->children->content : "";
}

const char *node_attr(const xmlNode *node, const char *name)
{
    for (const xmlAttr *a = node ? node->properties : NULL; a; a = a->next)
        if (!a->ns && same(a->name, name))
            return node_attr_value(a);
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(struct span s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static const char *keep(struct pool *pool, struct span s)
{
    s = trimmed(s);
    return pool_strndup(pool, s.p, s.n);
}

const char *node_text(struct pool *pool, const xmlNode *node)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (!node)
        return NULL;
    const xmlNode *only = node->children;
    if (only && !only->next && only->type == XML_TEXT_NODE)
        return keep(pool, span_str(only->content ? (const char *)only->content : ""));
    for (const xmlNode *c = node->children; c; c = c->next) {
        if (c->type != XML_TEXT_NODE)
            return NULL;
        buf_adds(&text, c->content ? (const char *)c->content : "");
    }
    return keep(pool, (struct span){buf_str(&text), text.len});
}
