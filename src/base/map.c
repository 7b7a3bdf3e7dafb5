/* SPDX-License-Identifier: ISC */
/* Open addressing over an array of indices into an insertion-ordered entry array. Removed
 * entries keep their place with value NULL until the table is rebuilt on growth. */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/oom.h"

struct entry {
    char *key;
    size_t n;
    uint64_t hash;
    void *value;
};

struct map {
    struct entry *entries;
    size_t n_entries, cap_entries, count;
    uint32_t *slots; /* index + 1, 0 is free */
    size_t n_slots;  /* a power of two */
    uint64_t key;
};

struct map *map_new(void)
{
    struct map *m = mem_alloc("map", sizeof *m);
    if (getrandom(&m->key, sizeof m->key, 0) != (ssize_t)sizeof m->key)
        m->key = (uint64_t)(uintptr_t)m; /* only a weaker shield against chosen keys */
    return m;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_entries; i++)
        free(m->entries[i].key);
    free(m->entries);
    free(m->slots);
    free(m);
}

static uint32_t *slot_of(const struct map *m, str key, uint64_t hash)
{
    size_t mask = m->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t at = m->slots[i];
        if (at == 0)
            return &m->slots[i];
        const struct entry *e = &m->entries[at - 1];
        if (e->value && e->hash == hash && str_eq(str_of(e->key, e->n), key))
            return &m->slots[i];
    }
}

static void rebuild(struct map *m)
{
    size_t live = 0;
    for (size_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i].value)
            m->entries[live++] = m->entries[i];
        else
            free(m->entries[i].key);
    }
    m->n_entries = live;
    m->cap_entries = live < 8 ? 16 : live * 2;
    m->entries = mem_grow("map", m->entries, m->cap_entries * sizeof *m->entries);
    free(m->slots);
    m->n_slots = 32;
    while (m->n_slots < m->cap_entries * 2)
        m->n_slots *= 2;
    m->slots = mem_alloc("map", m->n_slots * sizeof *m->slots);
    for (size_t i = 0; i < live; i++) {
        const struct entry *e = &m->entries[i];
        *slot_of(m, str_of(e->key, e->n), e->hash) = (uint32_t)(i + 1);
    }
}

static struct entry *find(const struct map *m, str key)
{
    if (m->count == 0)
        return NULL;
    uint32_t at = *slot_of(m, key, str_hash_long(key, m->key));
    return at ? &m->entries[at - 1] : NULL;
}

void map_put(struct map *m, str key, void *value)
{
    struct entry *old = find(m, key);
    if (old) {
        old->value = value;
        return;
    }
    if (m->n_entries == m->cap_entries)
        rebuild(m);
    uint64_t hash = str_hash_long(key, m->key);
    uint32_t *slot = slot_of(m, key, hash);
    char *copy = mem_alloc("map", key.n + 1);
    if (key.n)
        memcpy(copy, key.p, key.n);
    m->entries[m->n_entries] =
        (struct entry){.key = copy, .n = key.n, .hash = hash, .value = value};
    *slot = (uint32_t)++m->n_entries;
    m->count++;
}

void *map_get(const struct map *m, str key)
{
    const struct entry *e = find(m, key);
    return e ? e->value : NULL;
}

void *map_take(struct map *m, str key)
{
    struct entry *e = find(m, key);
    if (!e)
        return NULL;
    void *value = e->value;
    e->value = NULL;
    m->count--;
    return value;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

bool map_next(const struct map *m, size_t *at, str *ret_key, void **ret_value)
{
    while (*at < m->n_entries) {
        const struct entry *e = &m->entries[(*at)++];
        if (!e->value)
            continue;
        *ret_key = str_of(e->key, e->n);
        *ret_value = e->value;
        return true;
    }
    return false;
}
