/* SPDX-License-Identifier: ISC */
#include "auth/slow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    struct list link; /* oldest first */
    unsigned failures;
    int64_t last_ms;
    size_t key_n;
    char key[];
};

struct tallies {
    struct map *by_key;
    struct list order;
};

struct slow {
    struct slow_rules rules;
    struct tallies addresses, users;
};

static void tallies_init(struct tallies *t)
{
    t->by_key = map_new();
    list_init(&t->order);
}

static void drop(struct tallies *t, struct tally *one)
{
    (void)map_take(t->by_key, str_of(one->key, one->key_n));
    list_del(&one->link);
    free(one);
}

static void tallies_done(struct tallies *t)
{
    list_each_safe (l, &t->order)
        drop(t, container_of(l, struct tally, link));
    map_free(t->by_key);
}

struct slow *slow_new(void)
{
    struct slow *s = mem_alloc("slow", sizeof *s);
    tallies_init(&s->addresses);
    tallies_init(&s->users);
    return s;
}

void slow_free(struct slow *s)
{
    if (s == NULL)
        return;
    tallies_done(&s->addresses);
    tallies_done(&s->users);
    free(s);
}

void slow_rules(struct slow *s, struct slow_rules rules)
{
    s->rules = rules;
}

static unsigned count(struct tallies *t, str key, int64_t now_ms)
{
    struct tally *one = map_get(t->by_key, key);
    if (one == NULL) {
        if (map_count(t->by_key) >= SLOW_ENTRIES_MAX)
            drop(t, container_of(t->order.next, struct tally, link));
        one = mem_alloc("slow", sizeof *one + key.n);
        one->key_n = key.n;
        if (key.n > 0)
            memcpy(one->key, key.p, key.n);
        one->last_ms = now_ms;
        map_put(t->by_key, key, one);
        list_init(&one->link);
    }
    int64_t forgotten = (now_ms - one->last_ms) / SLOW_FORGET_MS;
    one->failures = forgotten >= one->failures ? 0 : one->failures - (unsigned)forgotten;
    one->failures++;
    one->last_ms = now_ms;
    list_del(&one->link);
    list_add(&t->order, &one->link);
    return one->failures;
}

static int64_t delay_of(struct slow_rules r, unsigned failures)
{
    int64_t ms = r.first_ms;
    for (unsigned i = 1; i < failures && ms && ms < r.most_ms; i++)
        ms *= 2;
    return ms < r.most_ms ? ms : r.most_ms;
}

/* An IPv6 customer has at least a /64 to change addresses in. */
static str address_key(str address, unsigned char room[16])
{
    char text[INET6_ADDRSTRLEN];
    if (address.n >= sizeof text || str_find(address, ':') < 0)
        return address;
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (inet_pton(AF_INET6, text, room) != 1)
        return address;
    return str_of(room, 8);
}

int64_t slow_failed(struct slow *s, str address, str user, int64_t now_ms)
{
    unsigned char room[16];
    unsigned by_address = count(&s->addresses, address_key(address, room), now_ms);
    unsigned by_user = user.n > 0 ? count(&s->users, user, now_ms) : 0;
    return delay_of(s->rules, by_address > by_user ? by_address : by_user);
}

void slow_succeeded(struct slow *s, str user)
{
    struct tally *one = map_get(s->users.by_key, user);
    if (one != NULL)
        drop(&s->users, one);
}
