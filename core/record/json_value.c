#include "core/record/json_value.h"

#include "core/model/cpumask.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Marks containers that lack something because memory was out. */
static char incomplete;

static void mark(struct json_object *container)
{
    if (container)
        json_object_set_userdata(container, &incomplete, NULL);
}

bool json_is_complete(struct json_object *container)
{
    return json_object_get_userdata(container) != &incomplete;
}

bool json_add(struct json_object *object, const char *key, struct json_object *value)
{
    if (object && value && json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    mark(object);
    return false;
}

void json_add_null(struct json_object *object, const char *key)
{
    if (object && json_object_object_add(object, key, NULL))
        mark(object);
}

void json_append(struct json_object *array, struct json_object *value)
{
    if (array && value && json_object_array_add(array, value) == 0)
        return;
    json_object_put(value);
    mark(array);
}

/* The bytes of the UTF-8 character that text begins with, or 0 where that isn't one (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text[0] < forms[i].first_low || text[0] > forms[i].first_high)
            continue;
        if (forms[i].length > 1 && (text[1] < forms[i].second_low || text[1] > forms[i].second_high))
            return 0;
        for (size_t more = 2; more < forms[i].length; more++)
            if ((text[more] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static bool utf8_valid(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        size_t length = utf8_length(p);

        if (length == 0)
            return false;
        p += length;
    }
    return true;
}

static void put_repaired(struct json_object *object, const char *key, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length = 0, whole = strlen(text);
    char *readable = malloc(3 * whole + 1), *hex = malloc(2 * whole + 1), *hex_key = malloc(strlen(key) + 5);

    if (readable && hex && hex_key) {
        while (*p) {
            size_t good = utf8_length(p), bytes = good ? good : 3;

            memcpy(readable + length, good ? (const char *)p : "\xef\xbf\xbd", bytes);
            length += bytes;
            p += good ? good : 1;
        }
        for (size_t i = 0; i < whole; i++)
            snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
        sprintf(hex_key, "%s_hex", key);
        json_add(object, key, json_object_new_string_len(readable, (int)length));
        json_add(object, hex_key, json_object_new_string(hex));
    } else {
        mark(object);
    }
    free(readable);
    free(hex);
    free(hex_key);
}

void json_put_text(struct json_object *object, const char *key, const char *text)
{
    if (utf8_valid(text))
        json_add(object, key, json_object_new_string(text));
    else
        put_repaired(object, key, text);
}

void json_put_uuid(struct json_object *object, const char *key, const uint8_t *uuid)
{
    char text[40];
    size_t length = 0;

    for (int i = 0; i < 16; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%02x",
                                   i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    json_add(object, key, json_object_new_string(text));
}

void json_put_bool(struct json_object *object, const char *key, bool value)
{
    json_add(object, key, json_object_new_boolean(value));
}

void json_put_int(struct json_object *object, const char *key, int64_t value)
{
    json_add(object, key, json_object_new_int64(value));
}

void json_put_u64(struct json_object *object, const char *key, uint64_t value)
{
    json_add(object, key, json_object_new_uint64(value));
}

/* Writes thousandths as a decimal number without needless zeros, whatever the locale. */
static struct json_object *new_decimal(int64_t thousandths)
{
    char text[40];
    int64_t size = thousandths < 0 ? -thousandths : thousandths;
    int length =
        snprintf(text, sizeof(text), "%s%" PRId64 ".%03d", thousandths < 0 ? "-" : "", size / 1000, (int)(size % 1000));

    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[--length] = '\0';
    return json_object_new_double_s((double)thousandths / 1000.0, text);
}

static bool fits_thousandths(double value)
{
    return fabs(value) < 1e12;
}

void json_put_double(struct json_object *object, const char *key, double value)
{
    if (!isfinite(value))
        json_add_null(object, key);
    else if (fits_thousandths(value) && (double)llround(value * 1000) / 1000.0 == value &&
             !(value == 0 && signbit(value)))
        json_add(object, key, new_decimal(llround(value * 1000)));
    else
        json_add(object, key, json_object_new_double(value));
}

void json_put_figure(struct json_object *object, const char *key, double value)
{
    if (!isfinite(value))
        json_add_null(object, key);
    else if (fits_thousandths(value))
        json_add(object, key, new_decimal(llround(value * 1000)));
    else
        json_add(object, key, json_object_new_double(value));
}

void json_put_deviation(struct json_object *object, const char *key, double points)
{
    if (points >= 0)
        json_put_figure(object, key, points);
}

void json_put_mask(struct json_object *object, const char *key, const uint64_t *mask, int words)
{
    char room[256];
    char *text = room;
    /* At worst every other number, of up to 10 digits and a comma. */
    size_t size = mask ? (size_t)cpumask_count(mask, words) * 12 + 16 : 0;

    if (!mask)
        return;
    if (size > sizeof(room))
        text = malloc(size);
    if (!text) {
        mark(object);
        return;
    }
    if (cpumask_next(mask, words, 0) < 0)
        text[0] = '\0';
    else
        cpumask_format(mask, words, text, size > sizeof(room) ? size : sizeof(room));
    json_add(object, key, json_object_new_string(text));
    if (text != room)
        free(text);
}

void json_fail(struct json_reading *reading, const char *format, ...)
{
    va_list arguments;
    size_t length;

    if (reading->failed)
        return;
    reading->failed = true;
    length =
        (size_t)snprintf(reading->error, sizeof(reading->error), "%s%s", reading->where, reading->where[0] ? ": " : "");
    va_start(arguments, format);
    vsnprintf(reading->error + length, sizeof(reading->error) - length, format, arguments);
    va_end(arguments);
}

void json_out_of_memory(struct json_reading *reading)
{
    reading->out_of_memory = true;
    json_fail(reading, "out of memory");
}

bool json_has(struct json_object *object, const char *key)
{
    return json_object_object_get_ex(object, key, NULL);
}

struct json_object *json_get(struct json_reading *reading, struct json_object *object, const char *key,
                             enum json_type type)
{
    struct json_object *value = NULL;

    if (reading->failed)
        return NULL;
    if (!json_object_object_get_ex(object, key, &value))
        json_fail(reading, "%s is missing", key);
    else if (!json_object_is_type(value, type))
        json_fail(reading, "%s is no %s", key, json_type_to_name(type));
    return reading->failed ? NULL : value;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Turns pairs of hexadecimal digits into bytes; false where there are no such pairs. */
static bool unhex(const char *hex, size_t digits, uint8_t *bytes)
{
    if (digits % 2)
        return false;
    for (size_t i = 0; i < digits; i += 2) {
        int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void json_get_text(struct json_reading *reading, struct json_object *object, const char *key, char *text, size_t size)
{
    char hex_key[64];
    struct json_object *value;
    size_t length;
    bool hex;

    text[0] = '\0';
    snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
    hex = json_has(object, hex_key);
    value = json_get(reading, object, hex ? hex_key : key, json_type_string);
    if (!value)
        return;
    length = (size_t)json_object_get_string_len(value) / (hex ? 2 : 1);
    if (length >= size) {
        json_fail(reading, "%s is longer than %zu bytes", key, size - 1);
        return;
    }
    if (!hex)
        memcpy(text, json_object_get_string(value), length);
    else if (!unhex(json_object_get_string(value), (size_t)json_object_get_string_len(value), (uint8_t *)text))
        json_fail(reading, "%s is not hexadecimal", hex_key);
    text[length] = '\0';
    if (!reading->failed && strlen(text) != length)
        json_fail(reading, "%s has a zero byte", key);
    if (reading->failed)
        text[0] = '\0';
}

void json_get_uuid(struct json_reading *reading, struct json_object *object, const char *key, uint8_t *uuid)
{
    struct json_object *value = json_get(reading, object, key, json_type_string);
    const char *text = value ? json_object_get_string(value) : "";
    char digits[32];
    size_t n = 0;

    if (!value)
        return;
    if (strlen(text) == 36) {
        for (size_t i = 0; i < 36; i++) {
            bool dash = i == 8 || i == 13 || i == 18 || i == 23;

            if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                break;
            if (!dash)
                digits[n++] = text[i];
        }
    }
    if (n != sizeof(digits) || !unhex(digits, sizeof(digits), uuid))
        json_fail(reading, "%s is no UUID", key);
}

bool json_get_bool(struct json_reading *reading, struct json_object *object, const char *key)
{
    struct json_object *value = json_get(reading, object, key, json_type_boolean);

    return value && json_object_get_boolean(value);
}

int64_t json_get_int(struct json_reading *reading, struct json_object *object, const char *key, int64_t low,
                     int64_t high)
{
    struct json_object *value = json_get(reading, object, key, json_type_int);
    int64_t number = value ? json_object_get_int64(value) : low;

    if (number < low || number > high) {
        json_fail(reading, "%s is not within %" PRId64 " to %" PRId64, key, low, high);
        return low;
    }
    return number;
}

uint64_t json_get_u64(struct json_reading *reading, struct json_object *object, const char *key)
{
    struct json_object *value = json_get(reading, object, key, json_type_int);

    if (value && json_object_get_int64(value) < 0)
        json_fail(reading, "%s is negative", key);
    return value && !reading->failed ? json_object_get_uint64(value) : 0;
}

double json_get_double(struct json_reading *reading, struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    double number;

    if (reading->failed)
        return 0;
    if (json_object_object_get_ex(object, key, &value) && !value)
        return 0;
    if (!json_object_is_type(value, json_type_int))
        value = json_get(reading, object, key, json_type_double);
    number = value ? json_object_get_double(value) : 0;
    if (!isfinite(number)) {
        json_fail(reading, "%s is not finite", key);
        return 0;
    }
    return number;
}

int json_get_word(struct json_reading *reading, struct json_object *object, const char *key, const char *const *words)
{
    struct json_object *value = json_get(reading, object, key, json_type_string);

    if (!value)
        return 0;
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], json_object_get_string(value)) == 0)
            return i;
    json_fail(reading, "%s is an unknown word", key);
    return 0;
}

void json_get_mask(struct json_reading *reading, struct json_object *object, const char *key, uint64_t *mask, int words)
{
    struct json_object *value = json_get(reading, object, key, json_type_string);

    cpumask_clear(mask, words);
    if (value && cpumask_parse(mask, words * 64, json_object_get_string(value)))
        json_fail(reading, "%s is no list of CPUs below %d", key, words * 64);
}

struct json_object *json_parse(struct json_reading *reading, const char *text, size_t length)
{
    struct json_object *object = NULL;
    struct json_tokener *tokener;
    size_t containers = 0, values = 0;

    for (size_t i = 0; i < length; i++) {
        containers += text[i] == '{' || text[i] == '[';
        values += text[i] == ',';
    }
    if (length > JSON_TEXT_BYTES || containers > JSON_CONTAINERS || values > JSON_VALUES) {
        json_fail(reading, "too large to be ours");
        return NULL;
    }
    tokener = json_tokener_new_ex(16);
    if (!tokener) {
        json_out_of_memory(reading);
        return NULL;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    object = json_tokener_parse_ex(tokener, text, (int)length);
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        json_fail(reading, "ends in the middle");
    else if (json_tokener_get_error(tokener) != json_tokener_success)
        json_fail(reading, "no JSON: %s", json_tokener_error_desc(json_tokener_get_error(tokener)));
    else if (json_tokener_get_parse_end(tokener) != length && object)
        json_fail(reading, "something follows the object");
    else if (json_tokener_get_parse_end(tokener) != length) /* the library has no error of its own for it */
        json_out_of_memory(reading);
    else if (!json_object_is_type(object, json_type_object))
        json_fail(reading, "no JSON object");
    json_tokener_free(tokener);
    if (reading->failed) {
        json_object_put(object);
        object = NULL;
    }
    return object;
}
