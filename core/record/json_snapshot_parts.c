#include "core/record/json_snapshot.h"
#include "core/record/json_snapshot_inside.h"

#include <stdio.h>

struct json_object *json_snapshot_nodes(const struct snapshot *s)
{
    struct json_object *nodes = json_object_new_array_ext(s->n_nodes + 1);

    for (int i = 0; nodes && i < s->n_nodes; i++) {
        struct json_object *o = json_object_new_object();

        json_put_int(o, "number", s->nodes[i].number);
        json_put_u64(o, "free_kib", s->nodes[i].free_kib);
        json_append(nodes, o);
    }
    return nodes;
}

void json_snapshot_read_node(struct json_reading *reading, struct snapshot *s, struct json_object *o)
{
    int number = (int)json_get_int(reading, o, "number", 0, snapshot_words(s) * 64 - 1);
    struct snapshot_node *n;

    if (s->n_nodes > 0 && number <= s->nodes[s->n_nodes - 1].number)
        json_fail(reading, "node numbers don't go up");
    n = snapshot_add_node(s);
    if (!n) {
        json_out_of_memory(reading);
        return;
    }
    n->number = number;
    n->free_kib = json_get_u64(reading, o, "free_kib");
}

struct json_object *json_snapshot_threads(const struct snapshot *s, int guest)
{
    const struct snapshot_guest *g = &s->guests[guest];
    struct json_object *threads = g->n_threads > 0 ? json_object_new_array_ext(g->n_threads) : NULL;

    for (int i = g->first_thread; threads && i < g->first_thread + g->n_threads; i++) {
        struct json_object *o = json_object_new_object();
        char number[SNAPSHOT_WORD_BYTES];

        json_put_text(o, "thread", snapshot_number_word(s->threads[i].number, number));
        json_put_mask(o, "affinity_cpus", snapshot_mask(s, s->threads[i].affinity), snapshot_words(s));
        json_put_mask(o, "found_cpus", snapshot_mask(s, s->threads[i].found), snapshot_words(s));
        json_append(threads, o);
    }
    return threads;
}

int json_snapshot_read_thread_number(struct json_reading *reading, struct json_object *o)
{
    char text[SNAPSHOT_WORD_BYTES];
    int number = SNAPSHOT_EMULATOR;

    json_get_text(reading, o, "thread", text, sizeof(text));
    if (!reading->failed && !snapshot_read_thread(text, &number))
        json_fail(reading, "thread is neither an emulator nor an iothread");
    return number;
}

void json_snapshot_read_thread(struct json_reading *reading, struct snapshot *s, struct json_object *o)
{
    struct snapshot_thread *t = s->n_threads < JSON_SNAPSHOT_VCPUS ? snapshot_add_thread(s) : NULL;

    if (!t) {
        reading->out_of_memory = s->n_threads < JSON_SNAPSHOT_VCPUS;
        json_fail(reading, "too many threads");
        return;
    }
    t->number = json_snapshot_read_thread_number(reading, o);
    t->affinity = json_snapshot_read_mask(reading, s, o, "affinity_cpus");
    t->found = json_snapshot_read_mask(reading, s, o, "found_cpus");
}
