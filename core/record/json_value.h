/*
 * What all our JSON is made of: putting values into objects and getting them out again, checked. Texts of ours may hold
 * any bytes (guests' names do), JSON may not: a text that is no valid UTF-8 goes out readable, with U+FFFD in place of
 * what is wrong, and a second member, its name with "_hex" behind it, holds the exact bytes.
 *
 * Putting never fails: where memory is out a member is missing, the container knows, and no text comes of it. Any
 * container may be NULL, then, and is.
 */
#ifndef CORE_RECORD_JSON_VALUE_H
#define CORE_RECORD_JSON_VALUE_H

#include <json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts a value that was made for it, which is taken over, and released where that fails (false); one that is NULL
 * couldn't be made. */
bool json_add(struct json_object *object, const char *key, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);
void json_add_null(struct json_object *object, const char *key);
/* Whether memory sufficed for all that was put into it (not into what is inside). */
bool json_is_complete(struct json_object *container);
void json_put_text(struct json_object *object, const char *key, const char *text);
void json_put_uuid(struct json_object *object, const char *key, const uint8_t *uuid);
void json_put_bool(struct json_object *object, const char *key, bool value);
void json_put_int(struct json_object *object, const char *key, int64_t value);
void json_put_u64(struct json_object *object, const char *key, uint64_t value);
/* So that the same double is read back; null where it is not finite. */
void json_put_double(struct json_object *object, const char *key, double value);
/* Rounded to three decimals; null where it is not finite. */
void json_put_figure(struct json_object *object, const char *key, double value);
/* The same; nothing where it is below 0, that is not known. */
void json_put_deviation(struct json_object *object, const char *key, double points);
/* A list such as "0-3,8"; "" for an empty mask; nothing for NULL. */
void json_put_mask(struct json_object *object, const char *key, const uint64_t *mask, int words);
/* One line without a line feed, to be freed by the caller; NULL when memory is out. Releases the object. */
char *json_take_text(struct json_object *object);

/*
 * Reading: the first thing that is wrong is kept in words, and all further reading does nothing, so that only the end
 * needs to ask. where is put before the words ("guest 3").
 */
struct json_reading {
    bool failed;
    bool out_of_memory;
    char where[48];
    char error[192];
};

void json_fail(struct json_reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails for want of memory, so that who asked can tell it from a text that is wrong (out_of_memory). */
void json_out_of_memory(struct json_reading *reading);

bool json_has(struct json_object *object, const char *key);
/* A member that has to be there, of that type; NULL (and a failure) otherwise. */
struct json_object *json_get(struct json_reading *reading, struct json_object *object, const char *key,
                             enum json_type type);
/* Fails for a text that doesn't fit into size bytes or has a zero byte in it. */
void json_get_text(struct json_reading *reading, struct json_object *object, const char *key, char *text, size_t size);
void json_get_uuid(struct json_reading *reading, struct json_object *object, const char *key, uint8_t *uuid);
bool json_get_bool(struct json_reading *reading, struct json_object *object, const char *key);
/* A whole number from low to high, both included; low on failure. */
int64_t json_get_int(struct json_reading *reading, struct json_object *object, const char *key, int64_t low,
                     int64_t high);
/* A whole number from 0 to 2^64 - 1; 0 on failure. */
uint64_t json_get_u64(struct json_reading *reading, struct json_object *object, const char *key);
/* A finite number, whole or not; null and failure read as 0. */
double json_get_double(struct json_reading *reading, struct json_object *object, const char *key);
/* One of the words (NULL-ended); its index, 0 on failure. */
int json_get_word(struct json_reading *reading, struct json_object *object, const char *key, const char *const *words);
/* A list into a mask of that many words. */
void json_get_mask(struct json_reading *reading, struct json_object *object, const char *key, uint64_t *mask,
                   int words);

/*
 * Parses one object. Refuses text that would take much more memory than what these programs write: more than
 * JSON_TEXT_BYTES, or more containers and values than JSON_CONTAINERS and JSON_VALUES. NULL on failure. To be released
 * by json_object_put.
 */
enum { JSON_TEXT_BYTES = 16 << 20, JSON_CONTAINERS = 200000, JSON_VALUES = 2000000 };
struct json_object *json_parse(struct json_reading *reading, const char *text, size_t length);

#endif
