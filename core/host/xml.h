/*
 * The little of libxml2 that reading libvirt's XML takes, and safely: a text with a document type (where entities would
 * come from) is refused, and nothing is ever fetched.
 */
#ifndef CORE_HOST_XML_H
#define CORE_HOST_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

/* Returns the document (the caller frees it by xmlFreeDoc), whose root element is named root; NULL for any other text,
 * with the reason in *why (a constant). */
xmlDoc *xml_parse(const char *text, const char *root, const char **why);

/* The first child element with that name, or NULL; node may be NULL. namespace_uri NULL: any. */
xmlNode *xml_child(const xmlNode *node, const char *name, const char *namespace_uri);
/* The next sibling element with the same name as node, or NULL. */
xmlNode *xml_next(const xmlNode *node);

/* The value of an attribute (no namespace), to be freed by xmlFree; NULL where there is none or node is NULL. */
char *xml_attribute(const xmlNode *node, const char *name);
bool xml_attribute_is(const xmlNode *node, const char *name, const char *value);
/* True when the attribute is there and a whole number, which is stored. */
bool xml_attribute_int(const xmlNode *node, const char *name, int *value);
/* True when the element's text is a whole number, which is stored. */
bool xml_content_int64(const xmlNode *node, int64_t *value);

/* Sets in mask the numbers below limit of an attribute that is a list as in cpumask_parse; true when there was one.
 * Numbers above are dropped: definitions may name pCPUs that the host has no longer. */
bool xml_attribute_list(const xmlNode *node, const char *name, uint64_t *mask, int limit);

#endif
