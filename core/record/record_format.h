/*
 * What those who write and read recordings agree on; docs/json.md has the lines in full.
 */
#ifndef CORE_RECORD_RECORD_FORMAT_H
#define CORE_RECORD_RECORD_FORMAT_H

/* Goes up when older programs can no longer read what is written. */
enum { RECORD_FORMAT = 3 };

#define RECORD_KIND_HEADER "recording"

/* The words of enum record_kind (record.h), in its order. */
#define RECORD_KINDS                                                                                                   \
    {                                                                                                                  \
        "sample", "decision", "begin", "undo", "early", NULL                                                           \
    }

#endif
