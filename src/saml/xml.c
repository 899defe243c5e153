#include "saml/xml.h"

#include <stdarg.h>
#include <stdbool.h>

#include <libxml/parser.h>
#include <libxml/SAX2.h>
#include <libxml/entities.h>
#include <libxml/parserInternals.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/node.h"

DEFINE_CLEANUP(parserp, xmlParserCtxtPtr, xmlFreeParserCtxt)

static int __attribute__((format(printf, 4, 5)))
refuse(enum xml_fault *ret_fault, enum xml_fault fault, struct err *err, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (ret_fault)
        *ret_fault = fault;
    return err_set(err, ERR_INPUT, "document: %s", text);
}

/* --- what stops the parser at the first byte of something that is not element, attribute or text ------------------ */

static void stop(xmlParserCtxtPtr parser, const char *what)
{
    if (!parser->_private)
        parser->_private = (void *)what;
    xmlStopParser(parser);
}

static void on_doctype(void *parser, const xmlChar *name, const xmlChar *external, const xmlChar *system_id)
{
    (void)name;
    (void)external;
    (void)system_id;
    stop(parser, "a document type (DTD)");
}

static void on_reference(void *parser, const xmlChar *name)
{
    (void)name;
    stop(parser, "an entity reference");
}

static xmlEntityPtr on_entity(void *parser, const xmlChar *name)
{
    xmlEntityPtr predefined = xmlGetPredefinedEntity(name);
    if (!predefined)
        stop(parser, "an entity reference");
    return predefined;
}

static void on_comment(void *parser, const xmlChar *text)
{
    (void)text;
    stop(parser, "a comment");
}

static void on_instruction(void *parser, const xmlChar *target, const xmlChar *data)
{
    (void)target;
    (void)data;
    stop(parser, "a processing instruction");
}

static void on_cdata(void *parser, const xmlChar *text, int n)
{
    (void)text;
    (void)n;
    stop(parser, "a CDATA section");
}

static void watch(xmlParserCtxtPtr parser)
{
    parser->sax->internalSubset = on_doctype;
    parser->sax->externalSubset = on_doctype;
    parser->sax->getEntity = on_entity;
    parser->sax->reference = on_reference;
    parser->sax->comment = on_comment;
    parser->sax->processingInstruction = on_instruction;
    parser->sax->cdataBlock = on_cdata;
}

/* Text from outside is cut before it is made printable, so that no character is cut in two. */
static struct span beginning(const char *text)
{
    size_t n = strlen(text);
    return (struct span){text, n < 200 ? n : 200};
}

static int syntax_fault(xmlParserCtxtPtr parser, enum xml_fault *ret_fault, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const xmlError *e = xmlCtxtGetLastError(parser);
    char *text = text_printable(pool, beginning(e && e->message ? e->message : "not well-formed"));
    size_t n = strlen(text);
    /* libxml2 ends its messages with a newline, which is U+FFFD by now. */
    if (n >= 3 && memcmp(text + n - 3, "\xEF\xBF\xBD", 3) == 0)
        text[n - 3] = '\0';
    return refuse(ret_fault, XML_FAULT_SYNTAX, err, "line %d: not well-formed XML (%s); give it exactly as it was sent",
                  e ? e->line : 0, text);
}

/* "<" cannot stand within a tag, so that a tag is shorter than the way to the next; and an attribute is no shorter than ` a=""`. */
#define SMALL_TAG (XML_ATTRIBUTE_LIMIT * 5)

/* The "=" outside of quotes in the tag that begins at p. */
static bool tag_is_small(const char *p, const char *end)
{
    size_t attributes = 0;
    for (; p < end && *p != '>'; p++) {
        if (*p == '=' && ++attributes > XML_ATTRIBUTE_LIMIT)
            return false;
        if ((*p == '"' || *p == '\'') && !(p = memchr(p + 1, *p, (size_t)(end - p - 1))))
            return true; /* ends within quotes: not well-formed */
    }
    return true;
}

/*
 * libxml2 compares every attribute of an element with every other, before it calls anything of ours: 28,000 of them
 * took seconds. Comments and the like may confuse this, but at those the parser stops.
 */
static bool tags_are_small(struct span xml)
{
    const char *end = xml.p + xml.n;
    const char *p = memchr(xml.p, '<', xml.n);
    while (p && end - p > SMALL_TAG) {
        const char *last = memrchr(p + 1, '<', SMALL_TAG); /* all up to it are as near to each other */
        if (!last && !tag_is_small(p, end))
            return false;
        p = last ? last : memchr(p + 1, '<', (size_t)(end - p - 1));
    }
    return true;
}

static int parse(struct span xml, xmlDoc **ret, enum xml_fault *ret_fault, struct err *err)
{
    CLEANUP(parserp) xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser)
        return refuse(ret_fault, XML_FAULT_SYNTAX, err, "no memory to parse it; try again");
    watch(parser);
    /*
     * "UTF-8" goes before what the document or a byte order mark says, so that the bytes counted above are the ones
     * parsed.
     */
    CLEANUP(xml_docp)
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml.p, (int)xml.n, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (parser->_private)
        return refuse(
            ret_fault, XML_FAULT_CONTENT, err,
            "line %d: holds %s, which this program never reads; have it sent without, or take it out of the file",
            xmlSAX2GetLineNumber(parser), (const char *)parser->_private);
    /* A prefix that is not declared leaves the document well-formed for libxml2, but no two readers agree on it. */
    if (!doc || !parser->wellFormed || !parser->nsWellFormed)
        return syntax_fault(parser, ret_fault, err);
    *ret = TAKE(doc);
    return 0;
}

/* --- what the tree may hold --------------------------------------------------------------------------------------- */

/*
 * Canonicalisation refuses relative namespace names, and verifiers that overlooked that took an empty text for the
 * content.
 */
static bool namespaces_are_absolute(const xmlNode *node)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
        if (ns->href && *ns->href && !strchr((const char *)ns->href, ':'))
            return false;
    return true;
}

static bool attributes_are_plain(const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a; a = a->next)
        if (a->children && (a->children->next || a->children->type != XML_TEXT_NODE))
            return false;
    return true;
}

static size_t depth_of(const xmlNode *node)
{
    size_t depth = 0;
    for (; node->type == XML_ELEMENT_NODE && depth <= XML_DEPTH_LIMIT; node = node->parent)
        depth++;
    return depth;
}

/*
 * The SAX callbacks refused all of this already; this reads the tree itself, which is what everything later relies on.
 */
static int check_nodes(const xmlDoc *doc, enum xml_fault *ret_fault, struct err *err)
{
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (!root || doc->intSubset || doc->extSubset || doc->children != root || root->next)
        return refuse(ret_fault, XML_FAULT_CONTENT, err,
                      "holds something beside its root element; have it sent without");
    for (const xmlNode *n = root; n; n = node_next(n, root)) {
        if (n->type == XML_TEXT_NODE)
            continue;
        if (n->type != XML_ELEMENT_NODE || !attributes_are_plain(n))
            return refuse(
                ret_fault, XML_FAULT_CONTENT, err,
                "line %ld: holds something else than elements, attributes and text; the sender has to leave it out",
                xmlGetLineNo(n));
        if (!namespaces_are_absolute(n))
            return refuse(
                ret_fault, XML_FAULT_CONTENT, err,
                "line %ld: has a relative namespace name, which cannot be signed; the sender has to use absolute ones",
                xmlGetLineNo(n));
        if (!node_first(n) && depth_of(n) > XML_DEPTH_LIMIT)
            return refuse(ret_fault, XML_FAULT_SYNTAX, err,
                          "line %ld: elements stand more than %d deep within each other; have it sent without",
                          xmlGetLineNo(n), XML_DEPTH_LIMIT);
    }
    return 0;
}

struct ids {
    const char **id;
    size_t n, cap;
};

static void ids_release(struct ids *ids)
{
    free(ids->id);
}

static int collect_ids(const xmlNode *node, struct ids *ids, enum xml_fault *ret_fault, struct err *err)
{
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        if (!text_same_ascii((const char *)a->name, "id"))
            continue;
        const char *id = node_attr_value(a);
        if (xmlValidateNCName((const xmlChar *)id, 0) != 0)
            return refuse(ret_fault, XML_FAULT_ID, err,
                          "line %ld: an id is not a plain name (NCName); the sender has to mend it",
                          xmlGetLineNo(node));
        if (ids->n >= XML_ID_LIMIT)
            return refuse(ret_fault, XML_FAULT_ID, err, "holds more than %d ids; have it sent without", XML_ID_LIMIT);
        *MEM_PUSH(&ids->id, &ids->n, &ids->cap) = id;
    }
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_ids(const xmlDoc *doc, enum xml_fault *ret_fault, struct err *err)
{
    CLEANUP(ids_release) struct ids ids = {0};
    const xmlNode *root = xmlDocGetRootElement(doc);
    for (const xmlNode *n = root; n; n = node_next(n, root))
        if (n->type == XML_ELEMENT_NODE && collect_ids(n, &ids, ret_fault, err))
            return -1;
    if (ids.n)
        qsort(ids.id, ids.n, sizeof *ids.id, compare_ids);
    for (size_t i = 1; i < ids.n; i++) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        if (strcmp(ids.id[i - 1], ids.id[i]) == 0)
            return refuse(ret_fault, XML_FAULT_ID, err,
                          "the id '%s' stands there more than once, so that nobody could say what is signed; this is "
                          "how forged documents look",
                          text_printable(pool, beginning(ids.id[i])));
    }
    return 0;
}

/* --- XML or base64 of it ------------------------------------------------------------------------------------------ */

static bool begins_as_xml(struct span s)
{
    if (s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0)
        return true;
    size_t i = 0;
    while (i < s.n && memchr(" \t\r\n", s.p[i], 4))
        i++;
    return i < s.n && s.p[i] == '<';
}

static int decode(struct span *bytes, size_t max, struct buf *room, enum xml_fault *ret_fault, struct err *err)
{
    bool xml = begins_as_xml(*bytes);
    if (bytes->n > (xml ? max : 2 * max))
        return refuse(ret_fault, XML_FAULT_SYNTAX, err, "larger than %zu KiB; nothing of that size is read",
                      max / 1024);
    if (xml)
        return 0;
    if (saml_base64_decode(*bytes, room))
        return refuse(ret_fault, XML_FAULT_SYNTAX, err,
                      "neither XML in UTF-8 nor base64 of it; give it as it was sent (of a form, the value of the "
                      "field SAMLResponse)");
    if (room->len > max)
        return refuse(ret_fault, XML_FAULT_SYNTAX, err, "larger than %zu KiB; nothing of that size is read",
                      max / 1024);
    *bytes = (struct span){buf_str(room), room->len};
    return 0;
}

int xml_read(struct span bytes, size_t max, xmlDoc **ret, enum xml_fault *ret_fault, struct err *err)
{
    CLEANUP(buf_release) struct buf room = BUF_INIT;
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    if (bytes.n == 0)
        return refuse(ret_fault, XML_FAULT_SYNTAX, err, "empty; give it exactly as it was sent");
    if (decode(&bytes, max, &room, ret_fault, err))
        return -1;
    if (!tags_are_small(bytes))
        return refuse(ret_fault, XML_FAULT_SYNTAX, err,
                      "an element has more than %d attributes; the sender has to leave them out", XML_ATTRIBUTE_LIMIT);
    if (parse(bytes, &doc, ret_fault, err) || check_nodes(doc, ret_fault, err) || check_ids(doc, ret_fault, err))
        return -1;
    *ret = TAKE(doc);
    return 0;
}

int xml_graft(xmlNode *place, const xmlDoc *from, xmlNode **ret, enum xml_fault *ret_fault, struct err *err)
{
    xmlDoc *doc = place->doc;
    xmlNode *copy = xmlDocCopyNode(xmlDocGetRootElement(from), doc, 1);
    if (!copy || !xmlReplaceNode(place, copy)) {
        xmlFreeNode(copy);
        return refuse(ret_fault, XML_FAULT_SYNTAX, err, "cannot be put together; have it sent again");
    }
    xmlFreeNode(place);
    if (check_nodes(doc, ret_fault, err) || check_ids(doc, ret_fault, err))
        return -1;
    *ret = copy;
    return 0;
}
