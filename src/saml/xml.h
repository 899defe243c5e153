/*
 * The one parse. Whatever XML comes from outside (a response, a logout message, metadata) goes through xml_read and
 * through nothing else, and is parsed once: what is verified and what is read later are nodes of the same tree.
 *
 * A document that comes out of xml_read holds elements, attributes and text, and nothing else: no document type,
 * entity, comment, processing instruction or CDATA section that two readers could understand differently. Every
 * attribute named "id", in any case and any namespace, is an NCName that stands there once, and every prefix is
 * declared. No id but an xml:id is registered with libxml2: signature.c does that for the element that it verifies.
 */
#ifndef SAML_XML_H
#define SAML_XML_H

#include <libxml/tree.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

#define XML_DEPTH_LIMIT     64   /* elements within each other */
#define XML_ATTRIBUTE_LIMIT 128  /* attributes and namespaces of one element: the parser takes the square of them */
#define XML_ID_LIMIT        4096 /* attributes named "id" */

enum xml_fault {
    XML_FAULT_NONE,
    XML_FAULT_SYNTAX,  /* not well-formed, not UTF-8, too large, too deep */
    XML_FAULT_CONTENT, /* holds something else than elements, attributes and text */
    XML_FAULT_ID,      /* an id that is no NCName or stands there twice */
};

DEFINE_CLEANUP(xml_docp, xmlDoc *, xmlFreeDoc)

/*
 * Reads XML in UTF-8, or base64 of it when the first byte that is no white space cannot begin XML. max limits the bytes
 * of the XML; base64 may be twice as long before it is decoded. ERR_INPUT with *ret_fault (NULL: not wanted) on error.
 * The document is freed with xmlFreeDoc (CLEANUP(xml_docp)). saml_init comes first.
 */
int xml_read(struct span bytes, size_t max, xmlDoc **ret, enum xml_fault *ret_fault, struct err *err);

/*
 * Puts a copy of another document's root in the place of an element, which is freed, and makes the checks of xml_read on the whole once more:
 * ids that are unique in each may not be together. *ret is the new element. -1 as xml_read; the document is not to be used then.
 */
int xml_graft(xmlNode *place, const xmlDoc *from, xmlNode **ret, enum xml_fault *ret_fault, struct err *err);

#endif
