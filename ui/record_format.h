/*
 * What those who write and read recordings agree on; docs/json.md has the lines in full.
 */
#ifndef UI_RECORD_FORMAT_H
#define UI_RECORD_FORMAT_H

/* Goes up when older programs can no longer read what is written. */
enum { RECORD_FORMAT = 1 };

#define RECORD_KIND_HEADER "recording"
#define RECORD_KIND_SAMPLE "sample"
#define RECORD_KIND_DECISION "decision"

#endif
