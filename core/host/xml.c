#include "core/host/xml.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Lists are read this wide first, so that numbers beyond the host's own are told from nonsense. */
enum { WIDEST_LIST = 1 << 16 };

/*
 * Whether a document type comes before the root element, the only place where XML allows one: the same letters in a
 * comment or in CDATA are just text. Comments and processing instructions may come before it.
 */
static bool has_document_type(const char *text)
{
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
        text += 3;
    for (;;) {
        const char *end;

        text += strspn(text, " \t\r\n");
        if (strncmp(text, "<?", 2) == 0)
            end = strstr(text + 2, "?>");
        else if (strncmp(text, "<!--", 4) == 0)
            end = strstr(text + 4, "-->");
        else
            return strncmp(text, "<!", 2) == 0;
        if (!end)
            return false; /* which is no XML either: the parser says so */
        text = strchr(end, '>') + 1;
    }
}

xmlDoc *xml_parse(const char *text, const char *root, const char **why)
{
    size_t length = strlen(text);
    const xmlNode *top;
    xmlDoc *doc;

    *why = "it has a document type, which libvirt never writes";
    if (has_document_type(text))
        return NULL;
    *why = "it is no well-formed XML";
    if (length > INT_MAX)
        return NULL;
    doc = xmlReadMemory(text, (int)length, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        return NULL;
    top = xmlDocGetRootElement(doc);
    if (doc->intSubset || doc->extSubset || !top || strcmp((const char *)top->name, root) != 0) {
        *why = "its root element has another name";
        xmlFreeDoc(doc);
        return NULL;
    }
    *why = NULL;
    return doc;
}

static xmlNode *first_named(xmlNode *node, const char *name, const char *namespace_uri)
{
    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)
            continue;
        if (!namespace_uri || (node->ns && node->ns->href && strcmp((const char *)node->ns->href, namespace_uri) == 0))
            return node;
    }
    return NULL;
}

xmlNode *xml_child(const xmlNode *node, const char *name, const char *namespace_uri)
{
    return node ? first_named(node->children, name, namespace_uri) : NULL;
}

xmlNode *xml_next(const xmlNode *node)
{
    return node ? first_named(node->next, (const char *)node->name, NULL) : NULL;
}

char *xml_attribute(const xmlNode *node, const char *name)
{
    return node ? (char *)xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

bool xml_attribute_is(const xmlNode *node, const char *name, const char *value)
{
    char *text = xml_attribute(node, name);
    bool same = text && strcmp(text, value) == 0;

    xmlFree(text);
    return same;
}

static bool whole_number(const char *text, int64_t *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || end == text || end[strspn(end, " \t\r\n")])
        return false;
    *value = number;
    return true;
}

bool xml_attribute_int(const xmlNode *node, const char *name, int *value)
{
    char *text = xml_attribute(node, name);
    int64_t number = 0;
    bool good = text && whole_number(text, &number) && number >= INT_MIN && number <= INT_MAX;

    xmlFree(text);
    if (good)
        *value = (int)number;
    return good;
}

bool xml_content_int64(const xmlNode *node, int64_t *value)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    bool good = text && whole_number((const char *)text, value);

    xmlFree(text);
    return good;
}

bool xml_attribute_list(const xmlNode *node, const char *name, uint64_t *mask, int limit)
{
    char *text = xml_attribute(node, name);
    int words = cpumask_words(WIDEST_LIST);
    uint64_t *wide = text ? calloc((size_t)words, sizeof(*wide)) : NULL;
    bool good = wide && cpumask_parse(wide, WIDEST_LIST, text) == 0;

    if (good)
        for (int n = cpumask_next(wide, words, 0); n >= 0 && n < limit; n = cpumask_next(wide, words, n + 1))
            cpumask_set(mask, n);
    free(wide);
    xmlFree(text);
    return good;
}
