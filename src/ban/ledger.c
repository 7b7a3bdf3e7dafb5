/* SPDX-License-Identifier: ISC */
#include "ban/ledger.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct list by_age; /* the longest quiet first */
    struct ledger_key key;
    unsigned points, bans;
    int64_t window_from_ms, last_ms, until_ms;
};

struct ledger {
    struct ledger_rules rules;
    struct map *entries;
    struct list by_age;
};

const struct ledger_rules ledger_defaults = {
    .threshold = 10,
    .window_ms = 10 * 60 * 1000,
    .first_ban_ms = 60 * 1000,
    .growth = 4,
    .longest_ban_ms = INT64_C(24) * 3600 * 1000,
    .quiet_ms = INT64_C(7) * 24 * 3600 * 1000,
    .addresses = 16384,
};

bool ledger_key_of(str ip, struct ledger_key *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (ip.n == 0 || ip.n >= sizeof text)
        return false;
    memcpy(text, ip.p, ip.n);
    text[ip.n] = 0;
    struct ledger_key k = {0};
    if (inet_pton(AF_INET, text, &v4) == 1) {
        k.n = 4;
        memcpy(k.bytes, &v4, 4);
    } else if (inet_pton(AF_INET6, text, &v6) == 1) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
        k.n = mapped ? 4 : 8;
        memcpy(k.bytes, v6.s6_addr + (mapped ? 12 : 0), k.n);
    } else {
        return false;
    }
    *ret = k;
    return true;
}

bool ledger_is_self(str ip)
{
    return str_eq(ip, S("127.0.0.1")) || str_eq(ip, S("::1"));
}

static str name(const struct ledger_key *k)
{
    return str_of(k->bytes, k->n);
}

struct ledger *ledger_new(const struct ledger_rules *rules)
{
    struct ledger *l = mem_alloc("ledger", sizeof *l);
    l->rules = *rules;
    l->entries = map_new();
    list_init(&l->by_age);
    return l;
}

static void drop(struct ledger *l, struct entry *e)
{
    (void)map_take(l->entries, name(&e->key)); /* e itself */
    list_del(&e->by_age);
    free(e);
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    while (!list_empty(&l->by_age))
        drop(l, container_of(l->by_age.next, struct entry, by_age));
    map_free(l->entries);
    free(l);
}

static struct entry *entry_for(struct ledger *l, const struct ledger_key *k, int64_t now_ms)
{
    struct entry *e = map_get(l->entries, name(k));
    if (e && now_ms - e->last_ms > l->rules.quiet_ms && now_ms >= e->until_ms)
        e->points = e->bans = 0;
    if (e) {
        list_del(&e->by_age);
    } else {
        if (map_count(l->entries) >= l->rules.addresses)
            drop(l, container_of(l->by_age.next, struct entry, by_age));
        e = mem_alloc("ledger entry", sizeof *e);
        e->key = *k;
        e->window_from_ms = now_ms;
        map_put(l->entries, name(k), e);
    }
    list_add(&l->by_age, &e->by_age);
    e->last_ms = now_ms;
    return e;
}

static int64_t ban_length(const struct ledger_rules *r, unsigned bans_before)
{
    int64_t ms = r->first_ban_ms;
    for (unsigned i = 0; i < bans_before && ms < r->longest_ban_ms; i++)
        ms *= r->growth;
    return ms < r->longest_ban_ms ? ms : r->longest_ban_ms;
}

void ledger_add(struct ledger *l, const struct ledger_key *k, unsigned points, int64_t now_ms,
                int64_t *ret_ban_ms)
{
    struct entry *e = entry_for(l, k, now_ms);
    *ret_ban_ms = 0;
    if (now_ms - e->window_from_ms > l->rules.window_ms) {
        e->points = 0;
        e->window_from_ms = now_ms;
    }
    e->points += points;
    if (e->points < l->rules.threshold || now_ms < e->until_ms)
        return; /* sessions that were open before the ban go on counting for nothing */
    *ret_ban_ms = ban_length(&l->rules, e->bans++);
    e->until_ms = now_ms + *ret_ban_ms;
    e->points = 0;
    e->window_from_ms = now_ms;
}

void ledger_forgive(struct ledger *l, const struct ledger_key *k)
{
    struct entry *e = map_get(l->entries, name(k));
    if (e)
        e->points = 0;
}

int64_t ledger_banned_ms(const struct ledger *l, const struct ledger_key *k, int64_t now_ms)
{
    const struct entry *e = map_get(l->entries, name(k));
    return e && e->until_ms > now_ms ? e->until_ms - now_ms : 0;
}

bool ledger_lift(struct ledger *l, const struct ledger_key *k)
{
    struct entry *e = map_get(l->entries, name(k));
    if (!e || e->until_ms == 0)
        return false;
    drop(l, e);
    return true;
}

size_t ledger_count(const struct ledger *l)
{
    return map_count(l->entries);
}
