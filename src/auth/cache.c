/* SPDX-License-Identifier: ISC */
#include "auth/cache.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/secret.h"
#include "os/random.h"

struct slot {
    uint8_t tag[24];
    int64_t until_ms; /* 0: empty */
};

struct cache {
    struct hmac keyed; /* the key's pads already taken in */
    struct slot slots[CACHE_SLOTS];
};

struct cache *cache_new(void)
{
    struct cache *c = mem_alloc("cache", sizeof *c);
    char key[32];
    random_bytes(key, sizeof key);
    hmac_init(&c->keyed, HASH_SHA256, str_of(key, sizeof key));
    secret_wipe(key, sizeof key);
    return c;
}

void cache_free(struct cache *c)
{
    if (c == NULL)
        return;
    secret_wipe(c, sizeof *c);
    free(c);
}

/* Each part goes in with its length, so that no two different logins read the same. */
static struct digest tag_of(const struct cache *c, str user, str password, str version)
{
    struct hmac h = c->keyed;
    const str parts[] = {user, password, version};
    for (size_t i = 0; i < 3; i++) {
        uint64_t n = parts[i].n;
        hmac_add(&h, str_of(&n, sizeof n));
        hmac_add(&h, parts[i]);
    }
    return hmac_end(&h);
}

static struct slot *ways_of(struct cache *c, const struct digest *d)
{
    size_t set = ((size_t)d->at[30] << 8 | d->at[31]) % (CACHE_SLOTS / CACHE_WAYS);
    return &c->slots[set * CACHE_WAYS];
}

bool cache_has(struct cache *c, str user, str password, str version, int64_t now_ms)
{
    struct digest d = tag_of(c, user, password, version);
    const struct slot *ways = ways_of(c, &d);
    for (size_t i = 0; i < CACHE_WAYS; i++) {
        if (ways[i].until_ms > now_ms && secret_equal(str_of(ways[i].tag, 24), str_of(d.at, 24)))
            return true;
    }
    return false;
}

void cache_put(struct cache *c, str user, str password, str version, int64_t now_ms)
{
    struct digest d = tag_of(c, user, password, version);
    struct slot *ways = ways_of(c, &d), *oldest = ways;
    for (size_t i = 1; i < CACHE_WAYS; i++) {
        if (ways[i].until_ms < oldest->until_ms)
            oldest = &ways[i];
    }
    memcpy(oldest->tag, d.at, sizeof oldest->tag);
    oldest->until_ms = now_ms + CACHE_MS;
}

void cache_clear(struct cache *c)
{
    secret_wipe(c->slots, sizeof c->slots);
}
