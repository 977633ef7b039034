#include "core/model/snapshot.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void snapshot_free(struct snapshot *s)
{
    free(s->pcpus);
    free(s->nodes);
    free(s->guests);
    free(s->vcpus);
    free(s->threads);
    free(s->masks);
    memset(s, 0, sizeof(*s));
}

int snapshot_words(const struct snapshot *s)
{
    return cpumask_words(s->cpu_limit);
}

void snapshot_reset(struct snapshot *s, int cpu_limit)
{
    struct snapshot held = *s;
    int old_words = snapshot_words(s);

    memset(s, 0, sizeof(*s));
    s->cpu_limit = cpu_limit < 1 ? 1 : cpu_limit;
    s->pcpus = held.pcpus;
    s->cap_pcpus = held.cap_pcpus;
    s->nodes = held.nodes;
    s->cap_nodes = held.cap_nodes;
    s->guests = held.guests;
    s->cap_guests = held.cap_guests;
    s->vcpus = held.vcpus;
    s->cap_vcpus = held.cap_vcpus;
    s->threads = held.threads;
    s->cap_threads = held.cap_threads;
    s->masks = held.masks;
    /* The same block holds fewer rows when they get wider. */
    s->cap_masks = (int)((int64_t)held.cap_masks * old_words / snapshot_words(s));
}

struct snapshot_pcpu *snapshot_add_pcpu(struct snapshot *s)
{
    struct snapshot_pcpu *p;

    if (array_reserve(&s->pcpus, &s->cap_pcpus, s->n_pcpus + 1, sizeof(*s->pcpus)))
        return NULL;
    p = &s->pcpus[s->n_pcpus++];
    memset(p, 0, sizeof(*p));
    return p;
}

struct snapshot_node *snapshot_add_node(struct snapshot *s)
{
    struct snapshot_node *n;

    if (array_reserve(&s->nodes, &s->cap_nodes, s->n_nodes + 1, sizeof(*s->nodes)))
        return NULL;
    n = &s->nodes[s->n_nodes++];
    memset(n, 0, sizeof(*n));
    return n;
}

struct snapshot_guest *snapshot_add_guest(struct snapshot *s)
{
    struct snapshot_guest *g;

    if (array_reserve(&s->guests, &s->cap_guests, s->n_guests + 1, sizeof(*s->guests)))
        return NULL;
    g = &s->guests[s->n_guests++];
    memset(g, 0, sizeof(*g));
    g->first_vcpu = s->n_vcpus;
    g->first_thread = s->n_threads;
    g->memory_nodes = g->allowed = -1;
    g->memory.weight = 1;
    return g;
}

struct snapshot_vcpu *snapshot_add_vcpu(struct snapshot *s)
{
    struct snapshot_vcpu *v;

    if (s->n_guests == 0 || array_reserve(&s->vcpus, &s->cap_vcpus, s->n_vcpus + 1, sizeof(*s->vcpus)))
        return NULL;
    v = &s->vcpus[s->n_vcpus++];
    memset(v, 0, sizeof(*v));
    v->guest = s->n_guests - 1;
    v->cpu = v->affinity = v->found = v->defined = v->pinned = -1;
    s->guests[v->guest].n_vcpus++;
    return v;
}

struct snapshot_thread *snapshot_add_thread(struct snapshot *s)
{
    struct snapshot_thread *t;

    if (s->n_guests == 0 || array_reserve(&s->threads, &s->cap_threads, s->n_threads + 1, sizeof(*s->threads)))
        return NULL;
    t = &s->threads[s->n_threads++];
    memset(t, 0, sizeof(*t));
    t->guest = s->n_guests - 1;
    t->affinity = t->found = -1;
    s->guests[t->guest].n_threads++;
    return t;
}

int snapshot_add_mask(struct snapshot *s, const uint64_t *mask)
{
    return array_add_row(&s->masks, &s->n_masks, &s->cap_masks, snapshot_words(s), mask);
}

int snapshot_copy(struct snapshot *to, const struct snapshot *from)
{
    size_t row_bytes = (size_t)snapshot_words(from) * sizeof(*from->masks);
    struct snapshot held;

    snapshot_reset(to, from->cpu_limit);
    if (array_reserve(&to->pcpus, &to->cap_pcpus, from->n_pcpus, sizeof(*to->pcpus)) ||
        array_reserve(&to->nodes, &to->cap_nodes, from->n_nodes, sizeof(*to->nodes)) ||
        array_reserve(&to->guests, &to->cap_guests, from->n_guests, sizeof(*to->guests)) ||
        array_reserve(&to->vcpus, &to->cap_vcpus, from->n_vcpus, sizeof(*to->vcpus)) ||
        array_reserve(&to->threads, &to->cap_threads, from->n_threads, sizeof(*to->threads)) ||
        array_reserve(&to->masks, &to->cap_masks, from->n_masks, row_bytes))
        return -ENOMEM;
    array_copy(to->pcpus, from->pcpus, from->n_pcpus, sizeof(*to->pcpus));
    array_copy(to->nodes, from->nodes, from->n_nodes, sizeof(*to->nodes));
    array_copy(to->guests, from->guests, from->n_guests, sizeof(*to->guests));
    array_copy(to->vcpus, from->vcpus, from->n_vcpus, sizeof(*to->vcpus));
    array_copy(to->threads, from->threads, from->n_threads, sizeof(*to->threads));
    array_copy(to->masks, from->masks, from->n_masks, row_bytes);
    held = *to;
    *to = *from;
    to->cpu_limit = held.cpu_limit;
    to->pcpus = held.pcpus;
    to->cap_pcpus = held.cap_pcpus;
    to->nodes = held.nodes;
    to->cap_nodes = held.cap_nodes;
    to->guests = held.guests;
    to->cap_guests = held.cap_guests;
    to->vcpus = held.vcpus;
    to->cap_vcpus = held.cap_vcpus;
    to->threads = held.threads;
    to->cap_threads = held.cap_threads;
    to->masks = held.masks;
    to->cap_masks = held.cap_masks;
    return 0;
}

const uint64_t *snapshot_mask(const struct snapshot *s, int row)
{
    return row < 0 ? NULL : s->masks + (size_t)row * (size_t)snapshot_words(s);
}

int snapshot_pcpu_index(const struct snapshot *s, int number)
{
    if (number >= 0 && number < s->n_pcpus && s->pcpus[number].number == number)
        return number;
    for (int i = 0; i < s->n_pcpus; i++)
        if (s->pcpus[i].number == number)
            return i;
    return -1;
}

bool snapshot_same_guest(const uint8_t *uuid, int id, const uint8_t *other_uuid, int other_id)
{
    return id == other_id && memcmp(uuid, other_uuid, SNAPSHOT_UUID_BYTES) == 0;
}

static bool is_guest(const struct snapshot_guest *g, const uint8_t *uuid, int id)
{
    return snapshot_same_guest(g->uuid, g->id, uuid, id);
}

int snapshot_find_guest(const struct snapshot *s, const uint8_t *uuid, int id, int hint)
{
    int n = s->n_guests, centre = hint < 0 ? 0 : hint >= n ? n - 1 : hint;

    /* Outwards from the hint: where a few guests came or went, the others have moved a few places only. */
    for (int distance = 0; distance < n; distance++) {
        if (centre - distance >= 0 && is_guest(&s->guests[centre - distance], uuid, id))
            return centre - distance;
        if (distance > 0 && centre + distance < n && is_guest(&s->guests[centre + distance], uuid, id))
            return centre + distance;
    }
    return -1;
}

int snapshot_find_vcpu(const struct snapshot *s, int guest, int number)
{
    const struct snapshot_guest *g = &s->guests[guest];
    const struct snapshot_vcpu *vcpus = s->vcpus + g->first_vcpu;

    if (number >= 0 && number < g->n_vcpus && vcpus[number].number == number)
        return g->first_vcpu + number;
    for (int i = 0; i < g->n_vcpus; i++)
        if (vcpus[i].number == number)
            return g->first_vcpu + i;
    return -1;
}

bool snapshot_is_everywhere(const struct snapshot *s, const uint64_t *mask)
{
    for (int i = 0; i < s->n_pcpus; i++)
        if (s->pcpus[i].online && !s->pcpus[i].isolated && !cpumask_has(mask, snapshot_words(s), s->pcpus[i].number))
            return false;
    return true;
}

int snapshot_iothread(unsigned id)
{
    return id < INT_MAX ? SNAPSHOT_EMULATOR - (int)id : INT_MIN;
}

const char *snapshot_number_word(int number, char *text)
{
    if (number >= 0)
        snprintf(text, SNAPSHOT_WORD_BYTES, "%d", number);
    else if (number == SNAPSHOT_EMULATOR)
        snprintf(text, SNAPSHOT_WORD_BYTES, "emulator");
    else
        snprintf(text, SNAPSHOT_WORD_BYTES, "iothread%d", SNAPSHOT_EMULATOR - number);
    return text;
}

bool snapshot_read_thread(const char *text, int *number)
{
    static const char iothread[] = "iothread";
    const char *digits = text + strlen(iothread);
    unsigned long id;
    char *end;

    *number = SNAPSHOT_EMULATOR;
    if (strcmp(text, "emulator") == 0)
        return true;
    if (strncmp(text, iothread, strlen(iothread)) != 0 || !isdigit((unsigned char)digits[0]))
        return false;
    errno = 0;
    id = strtoul(digits, &end, 10);
    if (*end != '\0' || errno != 0 || id < 1 || id >= INT_MAX)
        return false;
    *number = snapshot_iothread((unsigned)id);
    return true;
}

int snapshot_pinned_to(const struct snapshot *s, const struct snapshot_vcpu *v)
{
    return v->affinity < 0 ? -1
                           : snapshot_pcpu_index(s, cpumask_single(snapshot_mask(s, v->affinity), snapshot_words(s)));
}

bool snapshot_memory_spare(const struct snapshot_memory *m, uint64_t *spare_kib)
{
    if (m->has & SNAPSHOT_HAS_USABLE)
        *spare_kib = m->usable_kib;
    else if (m->has & SNAPSHOT_HAS_UNUSED)
        *spare_kib = m->unused_kib + (m->has & SNAPSHOT_HAS_DISK_CACHES ? m->disk_caches_kib / 2 : 0);
    else
        return false;
    return true;
}
