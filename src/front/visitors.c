/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "front/front.h"

enum { VISITORS_MAX = 65536, FORGET_FROM = 1024, FORGET_EVERY_MS = 10000 };

struct visitor {
    struct ledger_key key;
    unsigned open;
    bool self;
    int64_t tokens, at_ms; /* thousandths of a connection that may come now */
};

static int64_t full(const struct front *f)
{
    return (int64_t)f->site.connectionburst * 1000;
}

static void refill(const struct front *f, struct visitor *v, int64_t now_ms)
{
    v->tokens += (now_ms - v->at_ms) * (int64_t)f->site.connectionrate / 60;
    if (v->tokens > full(f))
        v->tokens = full(f);
    v->at_ms = now_ms;
}

/* Those who are not here and have their full burst again need not be remembered. */
static void forget_idle(struct front *f, int64_t now_ms)
{
    size_t at = 0;
    str name;
    void *value;
    while (map_next(f->visitors, &at, &name, &value)) {
        struct visitor *v = value;
        refill(f, v, now_ms);
        if (v->open > 0 || v->tokens < full(f))
            continue;
        (void)map_take(f->visitors, str_of(v->key.bytes, v->key.n)); /* v itself */
        free(v);
    }
}

static struct visitor *find(struct front *f, const struct ledger_key *k, int64_t now_ms)
{
    str name = str_of(k->bytes, k->n);
    struct visitor *v = map_get(f->visitors, name);
    if (v)
        return v;
    if (map_count(f->visitors) >= FORGET_FROM && now_ms >= f->forget_at_ms) {
        forget_idle(f, now_ms);
        f->forget_at_ms = now_ms + FORGET_EVERY_MS;
    }
    if (map_count(f->visitors) >= VISITORS_MAX)
        return NULL;
    v = mem_alloc("visitor", sizeof *v);
    *v = (struct visitor){.key = *k, .tokens = full(f), .at_ms = now_ms};
    map_put(f->visitors, name, v);
    return v;
}

struct visitor *visitor_enter(struct front *f, str ip, int64_t now_ms, const char **ret_why)
{
    struct ledger_key k;
    *ret_why = "too many addresses";
    struct visitor *v = ledger_key_of(ip, &k) ? find(f, &k, now_ms) : NULL;
    if (!v)
        return NULL;
    *ret_why = "banned";
    v->self = ledger_is_self(ip);
    if (!v->self && ledger_banned_ms(f->ledger, &k, now_ms) > 0)
        return NULL;
    *ret_why = "too many connections";
    if (f->n_conns >= f->conns_max)
        return NULL;
    *ret_why = "too many connections from this address";
    if (f->site.maxconnectionsperip && v->open >= f->site.maxconnectionsperip)
        return NULL;
    refill(f, v, now_ms);
    *ret_why = "connections from this address come too fast";
    if (f->site.connectionrate && v->tokens < 1000 && !v->self)
        return NULL;
    if (v->tokens >= 1000)
        v->tokens -= 1000;
    v->open++;
    return v;
}

void visitors_free(struct front *f)
{
    size_t at = 0;
    str name;
    void *v;
    while (map_next(f->visitors, &at, &name, &v))
        free(v);
    map_free(f->visitors);
}

void visitor_leave(struct front *f, struct visitor *v)
{
    (void)f; /* the map keeps it for its rate */
    v->open--;
}
