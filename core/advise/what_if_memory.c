#include "core/advise/what_if_world.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The host has more or less free by what guests give back or take. */
static void move_free(struct snapshot_host *h, uint64_t before_kib, uint64_t after_kib)
{
    uint64_t *const figures[] = {&h->free_kib, &h->available_kib};

    for (int i = 0; i < 2; i++)
        *figures[i] = before_kib >= after_kib ? *figures[i] + (before_kib - after_kib)
                                              : *figures[i] - least(*figures[i], after_kib - before_kib);
}

void what_if_resize(struct snapshot *s, struct snapshot_memory *m, uint64_t size_kib)
{
    uint64_t spare = 0, cached, used;
    bool known = snapshot_memory_spare(m, &spare);

    if (!(m->has & SNAPSHOT_HAS_SIZE) || size_kib == m->size_kib)
        return;
    spare = least(spare, m->size_kib);
    used = m->size_kib - spare;
    cached = spare - least(spare, m->unused_kib);
    if (known) {
        spare = size_kib - least(size_kib, used);
        cached = least(cached, spare);
        m->unused_kib = spare - cached;
        m->usable_kib = spare;
        m->available_kib = size_kib - least(size_kib, m->size_kib - least(m->size_kib, m->available_kib));
    }
    if (m->has & SNAPSHOT_HAS_RSS) {
        /* What QEMU itself holds stays; of the guest's own, no more than its size allows. */
        uint64_t own = m->rss_kib - least(m->rss_kib, m->size_kib), rss = least(m->rss_kib, size_kib + own);

        move_free(&s->host, m->rss_kib, rss);
        m->rss_kib = rss;
    } else {
        move_free(&s->host, m->size_kib, size_kib);
    }
    m->size_kib = size_kib;
}
