/* SPDX-License-Identifier: ISC */
/* auth/cache.h -- logins that were verified a moment ago, so that a client that polls does not
 * cost a slow hash each time.
 *
 * What is kept is HMAC-SHA256 under a key made at start, over the user, the password and the
 * stored hash it was checked against: the memory tells nothing without the key, and a changed
 * password is never answered from here. Failures are not kept.
 */
#pragma once
#include "base/base.h"

enum { CACHE_SLOTS = 4096, CACHE_WAYS = 4, CACHE_MS = 10 * 60 * 1000 };

struct cache;
struct cache *cache_new(void);
void cache_free(struct cache *c);
/* version: the stored hash, or a stamp of what the answer rests on. */
bool cache_has(struct cache *c, str user, str password, str version, int64_t now_ms);
void cache_put(struct cache *c, str user, str password, str version, int64_t now_ms);
void cache_clear(struct cache *c);
