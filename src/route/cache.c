/* SPDX-License-Identifier: ISC */
/* How it works: answers live in one arena; when it or the table is full everything goes, which
 * costs one more look at the disk for each address. */
#include <stdio.h>
#include <stdlib.h>

#include "route/route.h"

struct cached {
    int64_t until_ms;
    struct route_answer answer;
};

struct cache {
    struct map *by_ask;
    struct arena *arena;
};

struct cache *cache_new(void)
{
    struct cache *c = mem_alloc("route cache", sizeof *c);
    c->by_ask = map_new();
    c->arena = arena_new("route cache", 2 * ROUTE_CACHE_BYTES);
    return c;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    map_free(c->by_ask);
    arena_free(c->arena);
    free(c);
}

void cache_drop(struct cache *c)
{
    map_free(c->by_ask);
    c->by_ask = map_new();
    arena_reset(c->arena);
}

/* "1 0 user@host" in the caller's bytes. */
static str cache_key(const struct route_ask *ask, char *key, size_t size)
{
    int n = snprintf(key, size, "%u %u %.*s", ask->purpose, ask->relay, STR_ARG(ask->address));
    return n > 0 && (size_t)n < size ? str_of(key, (size_t)n) : S("");
}

const struct route_answer *cache_get(struct cache *c, const struct route_ask *ask, int64_t now_ms)
{
    char bytes[1100];
    str key = cache_key(ask, bytes, sizeof bytes);
    const struct cached *hit = key.n ? map_get(c->by_ask, key) : NULL;
    return hit && hit->until_ms > now_ms ? &hit->answer : NULL;
}

void cache_put(struct cache *c, const struct route_ask *ask, const struct route_answer *answer,
               int64_t now_ms)
{
    char bytes[1100];
    str key = cache_key(ask, bytes, sizeof bytes);
    if (answer->outcome == ROUTE_TEMP || key.n == 0)
        return;
    if (map_count(c->by_ask) >= ROUTE_CACHE_ENTRIES || arena_used(c->arena) > ROUTE_CACHE_BYTES)
        cache_drop(c);
    struct cached *n = NEW(c->arena, struct cached);
    n->until_ms = now_ms + ROUTE_CACHE_MS;
    n->answer = *answer;
    str *texts[] = {&n->answer.address, &n->answer.host,  &n->answer.user,
                    &n->answer.home,    &n->answer.dash,  &n->answer.ext,
                    &n->answer.local,   &n->answer.strip, &n->answer.text};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = arena_copy(c->arena, *texts[i]);
    map_put(c->by_ask, key, n);
}
