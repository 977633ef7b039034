#include "core/model/snapshot.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_guest(struct snapshot *s, int id, int vcpus)
{
    struct snapshot_guest *g = snapshot_add_guest(s);

    assert_non_null(g);
    g->id = id;
    memset(g->uuid, id, sizeof(g->uuid));
    for (int i = 0; i < vcpus; i++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(s);

        assert_non_null(v);
        v->number = i;
    }
}

static void fill(struct snapshot *s, int pcpus, int guests)
{
    uint64_t mask[8] = {0};

    snapshot_reset(s, pcpus);
    for (int i = 0; i < pcpus; i++)
        snapshot_add_pcpu(s)->number = i;
    for (int i = 0; i < guests; i++)
        add_guest(s, i + 1, 1 + i % 4);
    for (int i = 0; i < s->n_vcpus; i++) {
        cpumask_clear(mask, 8);
        cpumask_set(mask, i % pcpus);
        s->vcpus[i].affinity = snapshot_add_mask(s, mask);
    }
}

static void fresh_entries(void **state)
{
    struct snapshot s = {0};
    struct snapshot_guest *g;
    struct snapshot_vcpu *v;

    (void)state;
    snapshot_reset(&s, 0);
    assert_int_equal(s.cpu_limit, 1);
    assert_int_equal(snapshot_words(&s), 1);
    assert_null(snapshot_add_vcpu(&s)); /* there is no guest to belong to */
    g = snapshot_add_guest(&s);
    assert_non_null(g);
    assert_int_equal(g->memory_nodes, -1);
    assert_int_equal(g->allowed, -1);
    assert_true(g->memory.weight == 1);
    assert_true(g->vcpu_quota_pct == 0 && g->guest_quota_pct == 0);
    assert_int_equal(g->n_vcpus, 0);
    v = snapshot_add_vcpu(&s);
    assert_non_null(v);
    assert_int_equal(v->cpu, -1);
    assert_int_equal(v->affinity, -1);
    assert_int_equal(v->found, -1);
    assert_int_equal(v->defined, -1);
    assert_int_equal(v->pinned, -1);
    assert_int_equal(v->run_ns, 0);
    snapshot_free(&s);
    assert_null(s.guests);
    assert_int_equal(s.cap_guests, 0);
}

static void vcpus_belong_to_the_last_guest(void **state)
{
    struct snapshot s = {0};

    (void)state;
    snapshot_reset(&s, 4);
    add_guest(&s, 1, 2);
    add_guest(&s, 2, 0);
    add_guest(&s, 3, 3);
    assert_int_equal(s.n_vcpus, 5);
    assert_int_equal(s.guests[0].first_vcpu, 0);
    assert_int_equal(s.guests[0].n_vcpus, 2);
    assert_int_equal(s.guests[1].n_vcpus, 0);
    assert_int_equal(s.guests[2].first_vcpu, 2);
    assert_int_equal(s.guests[2].n_vcpus, 3);
    assert_int_equal(s.vcpus[1].guest, 0);
    assert_int_equal(s.vcpus[4].guest, 2);
    snapshot_free(&s);
}

static void filling_again_does_not_allocate(void **state)
{
    struct snapshot s = {0};
    struct snapshot held;

    (void)state;
    fill(&s, 96, 40);
    held = s;
    for (int round = 0; round < 5; round++) {
        fill(&s, 96, 40 - round);
        assert_ptr_equal(s.pcpus, held.pcpus);
        assert_ptr_equal(s.guests, held.guests);
        assert_ptr_equal(s.vcpus, held.vcpus);
        assert_ptr_equal(s.masks, held.masks);
    }
    snapshot_free(&s);
}

/* The block of masks stays within its memory when rows get wider or narrower (seen by the address sanitizer). */
static void masks_change_width(void **state)
{
    static const int limits[] = {4, 500, 64, 65, 1, 1000, 128};
    struct snapshot s = {0};
    uint64_t mask[16];

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        snapshot_reset(&s, limits[i]);
        assert_int_equal(s.n_masks, 0);
        for (int row = 0; row < 50; row++) {
            cpumask_clear(mask, 16);
            cpumask_set(mask, (row * 7) % limits[i]);
            assert_int_equal(snapshot_add_mask(&s, mask), row);
        }
        for (int row = 0; row < 50; row++)
            assert_int_equal(cpumask_single(snapshot_mask(&s, row), snapshot_words(&s)), (row * 7) % limits[i]);
    }
    snapshot_free(&s);
}

static void masks_of_itself(void **state)
{
    struct snapshot s = {0};
    uint64_t mask[2] = {0};

    (void)state;
    snapshot_reset(&s, 100);
    cpumask_set(mask, 77);
    assert_int_equal(snapshot_add_mask(&s, mask), 0);
    for (int i = 1; i < 100; i++) /* the block moves under the row that is copied */
        assert_int_equal(snapshot_add_mask(&s, snapshot_mask(&s, i - 1)), i);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cpumask_single(snapshot_mask(&s, i), 2), 77);
    assert_int_equal(snapshot_add_mask(&s, NULL), 100);
    assert_int_equal(cpumask_count(snapshot_mask(&s, 100), 2), 0);
    assert_null(snapshot_mask(&s, -1));
    snapshot_free(&s);
}

static void copies_are_equal_and_apart(void **state)
{
    struct snapshot from = {0}, to = {0};
    struct snapshot_guest *guests;

    (void)state;
    fill(&from, 70, 9);
    from.taken_ns = UINT64_MAX;
    from.wall_ms = -5;
    strcpy(from.node_name, "node");
    from.host.free_kib = 123;
    fill(&to, 3, 30);
    assert_int_equal(snapshot_copy(&to, &from), 0);
    assert_ptr_not_equal(to.guests, from.guests);
    assert_int_equal(to.n_guests, 9);
    assert_int_equal(to.n_vcpus, from.n_vcpus);
    assert_int_equal(to.n_masks, from.n_masks);
    assert_int_equal(to.n_pcpus, 70);
    assert_int_equal(to.cpu_limit, 70);
    assert_true(to.taken_ns == UINT64_MAX);
    assert_int_equal(to.wall_ms, -5);
    assert_string_equal(to.node_name, "node");
    assert_int_equal(to.host.free_kib, 123);
    assert_memory_equal(to.guests, from.guests, (size_t)to.n_guests * sizeof(*to.guests));
    assert_memory_equal(to.vcpus, from.vcpus, (size_t)to.n_vcpus * sizeof(*to.vcpus));
    assert_memory_equal(to.masks, from.masks, (size_t)to.n_masks * 2 * sizeof(*to.masks));
    guests = to.guests;
    assert_int_equal(snapshot_copy(&to, &from), 0);
    assert_ptr_equal(to.guests, guests);
    snapshot_free(&from);
    assert_int_equal(snapshot_copy(&to, &from), 0);
    assert_int_equal(to.n_guests, 0);
    assert_int_equal(to.n_pcpus, 0);
    snapshot_free(&to);
}

static void finds_guests_from_any_hint(void **state)
{
    struct snapshot s = {0};
    uint8_t uuid[SNAPSHOT_UUID_BYTES];

    (void)state;
    fill(&s, 4, 21);
    for (int wanted = 0; wanted < 21; wanted++) {
        memset(uuid, wanted + 1, sizeof(uuid));
        for (int hint = -3; hint < 25; hint++)
            assert_int_equal(snapshot_find_guest(&s, uuid, wanted + 1, hint), wanted);
        assert_int_equal(snapshot_find_guest(&s, uuid, wanted + 2, wanted), -1); /* another run of the guest */
    }
    assert_int_equal(snapshot_find_guest(&s, uuid, INT_MAX, INT_MAX), -1);
    assert_int_equal(snapshot_find_guest(&s, uuid, INT_MIN, INT_MIN), -1);
    snapshot_reset(&s, 4);
    assert_int_equal(snapshot_find_guest(&s, uuid, 1, 0), -1);
    snapshot_free(&s);
}

static void finds_vcpus_and_pcpus_with_holes(void **state)
{
    static const int numbers[] = {0, 2, 5, 9};
    struct snapshot s = {0};

    (void)state;
    snapshot_reset(&s, 10);
    add_guest(&s, 1, 3);
    add_guest(&s, 2, 4);
    for (int i = 0; i < 4; i++) {
        snapshot_add_pcpu(&s)->number = numbers[i];
        s.vcpus[3 + i].number = numbers[i];
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(snapshot_pcpu_index(&s, numbers[i]), i);
        assert_int_equal(snapshot_find_vcpu(&s, 1, numbers[i]), 3 + i);
    }
    assert_int_equal(snapshot_pcpu_index(&s, 1), -1);
    assert_int_equal(snapshot_pcpu_index(&s, -1), -1);
    assert_int_equal(snapshot_pcpu_index(&s, 10), -1);
    assert_int_equal(snapshot_find_vcpu(&s, 1, 1), -1);
    assert_int_equal(snapshot_find_vcpu(&s, 1, -1), -1);
    assert_int_equal(snapshot_find_vcpu(&s, 0, 2), 2);
    assert_int_equal(snapshot_find_vcpu(&s, 0, 3), -1);
    snapshot_free(&s);
}

static void arrays_refuse_absurd_sizes(void **state)
{
    int *entries = NULL;
    int cap = 0;

    (void)state;
    assert_int_equal(array_reserve(&entries, &cap, INT_MAX, sizeof(*entries)), -ENOMEM);
    assert_int_equal(array_reserve(&entries, &cap, INT_MAX / 4, (size_t)1 << 40), -ENOMEM);
    assert_null(entries);
    assert_int_equal(cap, 0);
    assert_int_equal(array_reserve(&entries, &cap, 0, sizeof(*entries)), 0);
    assert_null(entries);
    assert_int_equal(array_reserve(&entries, &cap, 3, sizeof(*entries)), 0);
    assert_non_null(entries);
    assert_true(cap >= 3);
    free(entries);
}

static void a_vcpu_is_pinned_to_one_pcpu_or_to_none(void **state)
{
    struct snapshot s = {0};
    uint64_t one[1] = {1u << 2}, two[1] = {3u << 1};

    (void)state;
    fill(&s, 4, 1);
    s.vcpus[0].affinity = snapshot_add_mask(&s, one);
    assert_int_equal(snapshot_pinned_to(&s, &s.vcpus[0]), 2);
    s.pcpus[2].number = 7; /* numbers may have holes: then it's one that isn't there */
    assert_int_equal(snapshot_pinned_to(&s, &s.vcpus[0]), -1);
    s.vcpus[0].affinity = snapshot_add_mask(&s, two);
    assert_int_equal(snapshot_pinned_to(&s, &s.vcpus[0]), -1);
    s.vcpus[0].affinity = -1;
    assert_int_equal(snapshot_pinned_to(&s, &s.vcpus[0]), -1);
    snapshot_free(&s);
}

static void a_guest_is_its_uuid_and_its_id(void **state)
{
    const uint8_t a[SNAPSHOT_UUID_BYTES] = {1}, b[SNAPSHOT_UUID_BYTES] = {[SNAPSHOT_UUID_BYTES - 1] = 1};

    (void)state;
    assert_true(snapshot_same_guest(a, 3, a, 3));
    assert_false(snapshot_same_guest(a, 3, a, 4));
    assert_false(snapshot_same_guest(a, 3, b, 3));
}

/* Whatever a hypervisor or a recording claims, figures can be added up afterwards; those that can be stay as they are.
 */
static void figures_that_cannot_be_are_clamped(void **state)
{
    struct snapshot s = {0}, good = {0};
    struct snapshot_memory *m;

    (void)state;
    snapshot_reset(&s, 1);
    assert_non_null(snapshot_add_pcpu(&s));
    assert_non_null(snapshot_add_guest(&s));
    assert_non_null(snapshot_add_vcpu(&s));
    m = &s.guests[0].memory;
    s.host.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE;
    s.host.total_kib = 1000;
    s.host.free_kib = 900;
    s.pcpus[0].busy_ns = 5;
    s.pcpus[0].node = 1023;
    m->size_kib = 7;
    m->weight = 2.5;
    s.vcpus[0].run_ns = 9;
    assert_int_equal(snapshot_copy(&good, &s), 0);
    snapshot_clamp(&s);
    assert_memory_equal(&s.host, &good.host, sizeof(s.host));
    assert_memory_equal(s.guests, good.guests, sizeof(*s.guests));
    assert_memory_equal(s.pcpus, good.pcpus, sizeof(*s.pcpus));
    assert_memory_equal(s.vcpus, good.vcpus, sizeof(*s.vcpus));
    s.host.free_kib = s.host.available_kib = s.host.caches_kib = UINT64_MAX;
    s.host.pressure_some_pct = -1;
    s.host.cpu_pressure_some_pct = NAN;
    s.host.io_pressure_some_pct = INFINITY;
    s.host.io_pressure_full_pct = -INFINITY;
    s.pcpus[0].busy_ns = UINT64_MAX;
    s.pcpus[0].node = INT_MAX;
    m->size_kib = m->max_kib = m->unused_kib = UINT64_MAX;
    m->swap_in_kib = UINT64_MAX;
    m->weight = NAN;
    s.guests[0].vcpu_quota_pct = -INFINITY;
    snapshot_clamp(&s);
    assert_int_equal(s.host.free_kib, 1000);
    assert_int_equal(s.host.available_kib, 1000);
    assert_true(s.host.caches_kib <= UINT64_C(1) << 50);
    assert_true(s.host.pressure_some_pct >= 0);
    assert_true(s.host.cpu_pressure_some_pct >= 0); /* NaN isn't, but would pass for near 0 */
    assert_float_equal(s.host.io_pressure_some_pct, 100, 0);
    assert_float_equal(s.host.io_pressure_full_pct, 0, 0);
    assert_true(s.pcpus[0].busy_ns <= INT64_MAX);
    assert_int_equal(s.pcpus[0].node, 0);
    assert_true(m->size_kib <= INT64_MAX / 4096 && m->max_kib <= INT64_MAX / 4096 && m->unused_kib <= INT64_MAX / 4096);
    assert_true(m->swap_in_kib <= INT64_MAX);
    assert_true(m->weight >= 1 && m->weight <= 1);
    assert_float_equal(s.guests[0].vcpu_quota_pct, 0, 0);
    m->has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_UNUSED;
    m->size_kib = 0;
    snapshot_clamp(&s);
    assert_int_equal(m->has, SNAPSHOT_HAS_UNUSED);
    snapshot_free(&s);
    snapshot_free(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_entries),
        cmocka_unit_test(a_vcpu_is_pinned_to_one_pcpu_or_to_none),
        cmocka_unit_test(a_guest_is_its_uuid_and_its_id),
        cmocka_unit_test(vcpus_belong_to_the_last_guest),
        cmocka_unit_test(filling_again_does_not_allocate),
        cmocka_unit_test(masks_change_width),
        cmocka_unit_test(masks_of_itself),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(finds_guests_from_any_hint),
        cmocka_unit_test(finds_vcpus_and_pcpus_with_holes),
        cmocka_unit_test(arrays_refuse_absurd_sizes),
        cmocka_unit_test(figures_that_cannot_be_are_clamped),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
