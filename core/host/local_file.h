/*
 * Small files of /proc and /sys, read whole again and again into one buffer.
 */
#ifndef CORE_HOST_LOCAL_FILE_H
#define CORE_HOST_LOCAL_FILE_H

/* A buffer that is read into again and again; all zeros at first. */
struct local_file {
    char *text;
    int cap;
};

void local_file_free(struct local_file *f);
/* Reads the whole file dir/name as text. Returns its length or -errno. */
int local_file_read(struct local_file *f, const char *dir, const char *name);

#endif
