/* JSON as text. The library's own writer leaves out what it finds no memory for, and doesn't tell. */
#include "core/record/json_value.h"

#include "core/model/array.h"
#include "core/model/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows. */
struct written {
    char *bytes;
    int n, cap;
    bool failed; /* memory was out */
};

static void write_bytes(struct written *w, const char *bytes, size_t n)
{
    if (w->failed || n > (size_t)(INT_MAX - 1 - w->n) || array_reserve(&w->bytes, &w->cap, w->n + (int)n + 1, 1)) {
        w->failed = true;
        return;
    }
    memcpy(w->bytes + w->n, bytes, n);
    w->n += (int)n;
    w->bytes[w->n] = '\0';
}

static void write_text(struct written *w, const char *text)
{
    write_bytes(w, text, strlen(text));
}

/* The escape of a character that must not, or had better not, stand for itself. */
static void write_escaped(struct written *w, uint32_t c)
{
    static const char short_forms[] = "\bb\nn\rr\tt\ff\"\"\\\\";
    const char *form = short_forms;
    char escaped[16];

    while (*form && (uint32_t)*form != c)
        form += 2;
    if (*form)
        snprintf(escaped, sizeof(escaped), "\\%c", form[1]);
    else if (c < 0x10000)
        snprintf(escaped, sizeof(escaped), "\\u%04x", c);
    else
        snprintf(escaped, sizeof(escaped), "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
    write_text(w, escaped);
}

/* Quoted, and escaped as RFC 8259, section 7, has it; and so is what could steer a terminal that shows it. */
static void write_string(struct written *w, const char *text, size_t n)
{
    size_t from = 0, bytes;

    write_text(w, "\"");
    for (size_t i = 0; i < n; i += bytes) {
        uint32_t c = (unsigned char)text[i];

        bytes = c < 0x80 ? 1 : text_decode(text + i, &c);
        if (c != '"' && c != '\\' && !text_steers(c))
            continue;
        write_bytes(w, text + from, i - from);
        write_escaped(w, c);
        from = i + bytes;
    }
    write_bytes(w, text + from, n - from);
    write_text(w, "\"");
}

static void write_int(struct written *w, struct json_object *value)
{
    int64_t number = json_object_get_int64(value);
    char text[24];

    if (number == INT64_MAX)
        snprintf(text, sizeof(text), "%" PRIu64, json_object_get_uint64(value));
    else
        snprintf(text, sizeof(text), "%" PRId64, number);
    write_text(w, text);
}

/* What is neither text nor whole nor a container: short enough for the library to write without growing. */
static void write_short(struct written *w, struct json_object *value)
{
    const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);

    if (text)
        write_text(w, text);
    else
        w->failed = true;
}

static void write_value(struct written *w, struct json_object *value);

static void write_object(struct written *w, struct json_object *object)
{
    bool first = true;

    w->failed = w->failed || !json_is_complete(object);
    write_text(w, "{");
    json_object_object_foreach(object, key, member)
    {
        if (!first)
            write_text(w, ",");
        first = false;
        write_string(w, key, strlen(key));
        write_text(w, ":");
        write_value(w, member);
    }
    write_text(w, "}");
}

static void write_array(struct written *w, struct json_object *array)
{
    size_t n = json_object_array_length(array);

    w->failed = w->failed || !json_is_complete(array);
    write_text(w, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            write_text(w, ",");
        write_value(w, json_object_array_get_idx(array, i));
    }
    write_text(w, "]");
}

/* The depth is that of what this program makes. */
static void write_value(struct written *w, struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        write_text(w, "null");
        break;
    case json_type_object:
        write_object(w, value);
        break;
    case json_type_array:
        write_array(w, value);
        break;
    case json_type_string:
        write_string(w, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        break;
    case json_type_int:
        write_int(w, value);
        break;
    default:
        write_short(w, value);
    }
}

char *json_take_text(struct json_object *object)
{
    struct written w = {0};

    if (object)
        write_value(&w, object);
    json_object_put(object);
    if (!w.failed)
        return w.bytes;
    free(w.bytes);
    return NULL;
}
