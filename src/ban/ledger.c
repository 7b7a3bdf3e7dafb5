/* SPDX-License-Identifier: ISC */
#include "ban/ledger.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct list by_age; /* the longest quiet first */
    struct ledger_key key;
    unsigned points, bans;
    bool by_hand; /* in by_hand instead of by_age */
    char *reason;
    int64_t window_from_ms, last_ms, until_ms;
};

struct ledger {
    struct ledger_rules rules;
    struct map *entries;
    struct list by_age, by_hand;
    size_t n_by_hand;
    size_t networks[2][8 * LEDGER_KEY_MAX]; /* by family and length: which to look for */
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
    k.bits = (unsigned char)(k.n * 8);
    *ret = k;
    return true;
}

static void cut_to(struct ledger_key *k, unsigned bits)
{
    k->bits = (unsigned char)bits;
    for (unsigned i = 0; i < k->n && i < sizeof k->bytes; i++) {
        unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
        if (keep < 8)
            k->bytes[i] &= (unsigned char)(0xff00u >> keep);
    }
}

bool ledger_key_parse(str text, struct ledger_key *ret)
{
    str ip, length;
    struct ledger_key k;
    uint64_t bits;
    bool has_length = str_cut(text, '/', &ip, &length);
    if (!ledger_key_of(ip, &k))
        return false;
    if (has_length) {
        bool six = str_find(ip, ':') >= 0;
        if (!str_u64(length, &bits) || bits > (six ? 128u : 32u))
            return false;
        if (six && k.n == 4) /* ::ffff:192.0.2.0/120 */
            bits = bits > 96 ? bits - 96 : 0;
        cut_to(&k, bits > k.n * 8u ? k.n * 8u : (unsigned)bits);
    }
    *ret = k;
    return true;
}

str ledger_key_text(const struct ledger_key *k, char room[LEDGER_KEY_TEXT])
{
    unsigned char bytes[16] = {0};
    memcpy(bytes, k->bytes, k->n);
    if (!inet_ntop(k->n == 4 ? AF_INET : AF_INET6, bytes, room, LEDGER_KEY_TEXT))
        room[0] = 0; /* cannot be: it fits */
    size_t n = strlen(room);
    if (k->n != 4 || k->bits != 32)
        (void)snprintf(room + n, LEDGER_KEY_TEXT - n, "/%u", k->bits); /* fits */
    return str_from(room);
}

bool ledger_key_covers(const struct ledger_key *k, const struct ledger_key *one)
{
    if (k->n != one->n || k->bits > one->bits)
        return false;
    struct ledger_key cut = *one;
    cut_to(&cut, k->bits);
    return memcmp(cut.bytes, k->bytes, k->n) == 0;
}

bool ledger_is_self(str ip)
{
    return str_eq(ip, S("127.0.0.1")) || str_eq(ip, S("::1"));
}

static str name(const struct ledger_key *k)
{
    return str_of(k, offsetof(struct ledger_key, bytes) + k->n);
}

static bool is_network(const struct ledger_key *k)
{
    return k->bits < k->n * 8;
}

struct ledger *ledger_new(const struct ledger_rules *rules)
{
    struct ledger *l = mem_alloc("ledger", sizeof *l);
    l->rules = *rules;
    l->entries = map_new();
    list_init(&l->by_age);
    list_init(&l->by_hand);
    return l;
}

void ledger_set_rules(struct ledger *l, const struct ledger_rules *rules)
{
    l->rules = *rules;
}

static void drop(struct ledger *l, struct entry *e)
{
    (void)map_take(l->entries, name(&e->key)); /* e itself */
    list_del(&e->by_age);
    l->n_by_hand -= e->by_hand;
    if (is_network(&e->key))
        l->networks[e->key.n == 4][e->key.bits]--;
    free(e->reason);
    free(e);
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    while (!list_empty(&l->by_age))
        drop(l, container_of(l->by_age.next, struct entry, by_age));
    while (!list_empty(&l->by_hand))
        drop(l, container_of(l->by_hand.next, struct entry, by_age));
    map_free(l->entries);
    free(l);
}

static void make_room(struct ledger *l)
{
    if (map_count(l->entries) - l->n_by_hand >= l->rules.addresses && !list_empty(&l->by_age))
        drop(l, container_of(l->by_age.next, struct entry, by_age));
}

static struct entry *entry_new(struct ledger *l, const struct ledger_key *k, int64_t now_ms)
{
    struct entry *e = mem_alloc("ledger entry", sizeof *e);
    e->key = *k;
    e->window_from_ms = e->last_ms = now_ms;
    list_init(&e->by_age);
    map_put(l->entries, name(&e->key), e);
    if (is_network(k))
        l->networks[k->n == 4][k->bits]++;
    return e;
}

/* A ban that somebody decided on is over: its entry is one like the others again. */
static void back_among_the_others(struct ledger *l, struct entry *e)
{
    free(e->reason);
    e->reason = NULL;
    l->n_by_hand -= e->by_hand;
    e->by_hand = false;
}

static struct entry *entry_for(struct ledger *l, const struct ledger_key *k, int64_t now_ms)
{
    struct entry *e = map_get(l->entries, name(k));
    if (e && e->by_hand && now_ms < e->until_ms)
        return e;
    if (e && e->by_hand)
        back_among_the_others(l, e);
    if (e && now_ms - e->last_ms > l->rules.quiet_ms && now_ms >= e->until_ms)
        e->points = e->bans = 0;
    if (e) {
        list_del(&e->by_age);
    } else {
        make_room(l);
        e = entry_new(l, k, now_ms);
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
    if (!l->rules.threshold || e->points < l->rules.threshold || now_ms < e->until_ms)
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

/* Those that ended make room first: nobody else looks for them. */
static void drop_ended(struct ledger *l, int64_t now_ms)
{
    list_each_safe (it, &l->by_hand) {
        struct entry *e = container_of(it, struct entry, by_age);
        if (e->until_ms <= now_ms)
            drop(l, e);
    }
}

err ledger_ban(struct ledger *l, const struct ledger_key *k, str reason, int64_t now_ms,
               int64_t until_ms)
{
    struct entry *e = map_get(l->entries, name(k));
    if (!e || !e->by_hand) {
        if (l->n_by_hand >= l->rules.addresses)
            drop_ended(l, now_ms);
        if (l->n_by_hand >= l->rules.addresses)
            return err_new(ERR_LIMIT, "too many bans at a time");
    }
    if (!e)
        e = entry_new(l, k, now_ms);
    if (!e->by_hand) {
        list_del(&e->by_age);
        list_add(&l->by_hand, &e->by_age);
        e->by_hand = true;
        l->n_by_hand++;
    }
    free(e->reason);
    reason = str_slice(reason, 0, LEDGER_REASON_MAX);
    e->reason = mem_alloc("reason of a ban", reason.n + 1);
    memcpy(e->reason, reason.p ? reason.p : "", reason.n);
    e->until_ms = until_ms;
    e->last_ms = now_ms;
    return OK_ERR;
}

static int64_t left(const struct entry *e, int64_t now_ms)
{
    if (!e || e->until_ms <= now_ms)
        return 0;
    return e->until_ms == INT64_MAX ? INT64_MAX : e->until_ms - now_ms;
}

int64_t ledger_banned_ms(const struct ledger *l, const struct ledger_key *k, int64_t now_ms)
{
    int64_t most = left(map_get(l->entries, name(k)), now_ms);
    const size_t *networks = l->networks[k->n == 4];
    for (unsigned bits = 0; bits < k->bits; bits++) {
        if (!networks[bits])
            continue;
        struct ledger_key cut = *k;
        cut_to(&cut, bits);
        int64_t ms = left(map_get(l->entries, name(&cut)), now_ms);
        most = ms > most ? ms : most;
    }
    return most;
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

bool ledger_next(const struct ledger *l, size_t *at, int64_t now_ms, struct ledger_ban *ret)
{
    str key;
    void *value;
    while (map_next(l->entries, at, &key, &value)) {
        const struct entry *e = value;
        int64_t ms = left(e, now_ms);
        if (ms == 0)
            continue;
        *ret = (struct ledger_ban){
            .key = e->key, .left_ms = ms, .bans = e->bans, .reason = str_from(e->reason)};
        return true;
    }
    return false;
}
