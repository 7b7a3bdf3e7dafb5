/* SPDX-License-Identifier: ISC */
#include "control/rewrite.h"

/* Steps: one per %, one per dot, and a few; addresses longer than this many steps are still
 * decided, only the trace stops growing. */
enum { STEPS_MOST = 256 };

struct tracer {
    struct rewrite_step *at;
    size_t n;
};

static void trace(struct tracer *t, enum rewrite_rule rule, bool hit, str key, str address)
{
    if (t->n < STEPS_MOST)
        t->at[t->n++] =
            (struct rewrite_step){.rule = rule, .hit = hit, .key = key, .address = address};
}

static void finish(struct rewritten *r, const struct tracer *t)
{
    ptrdiff_t at = str_rfind(r->address, '@');
    r->user = str_slice(r->address, 0, (size_t)at);
    r->host = str_from_at(r->address, (size_t)at + 1);
    r->steps = t->at;
    r->n_steps = t->n;
}

static str domain_of(str address)
{
    return str_from_at(address, (size_t)str_rfind(address, '@') + 1);
}

/* While the domain is in percenthack, the last % of the local part becomes the @. */
static str percent_hack(const struct site *s, str address, struct arena *a, struct tracer *t)
{
    for (;;) {
        str domain = domain_of(address);
        bool listed = names_has(&s->percenthack, domain);
        str user = str_slice(address, 0, address.n - domain.n - 1);
        ptrdiff_t percent = listed ? str_rfind(user, '%') : -1;
        if (percent < 0)
            return address;
        str left = str_slice(user, 0, (size_t)percent);
        str right = str_from_at(user, (size_t)percent + 1);
        address = arena_printf(a, "%.*s@%.*s", STR_ARG(left), STR_ARG(right));
        trace(t, RULE_PERCENTHACK, true, domain, address);
    }
}

/* Keys in order: the whole address, its domain, each .suffix, the empty key. */
static bool is_key_start(str address, size_t at_sign, size_t i)
{
    return i == 0 || i == at_sign + 1 || i == address.n || (i > at_sign && address.p[i] == '.');
}

void rewrite_address(const struct site *s, str address, struct arena *a, struct rewritten *ret)
{
    struct tracer t = {.at = NEW_N(a, struct rewrite_step, STEPS_MOST)};
    *ret = (struct rewritten){0};
    if (str_find(address, '@') < 0) {
        address = arena_printf(a, "%.*s@%.*s", STR_ARG(address), STR_ARG(s->envnoathost));
        trace(&t, RULE_ENVNOATHOST, true, s->envnoathost, address);
    }
    address = percent_hack(s, address, a, &t);
    ret->address = address;

    str domain = domain_of(address);
    ret->local = site_is_local(s, domain);
    trace(&t, RULE_LOCALS, ret->local, domain, address);
    size_t at_sign = address.n - domain.n - 1;
    for (size_t i = 0; i <= address.n && !ret->local; i++) {
        if (!is_key_start(address, at_sign, i))
            continue;
        str key = str_from_at(address, i);
        const struct name_entry *e = names_find(&s->virtualdomains, key);
        if (e && e->value.n == 0) {
            trace(&t, RULE_EXCEPTION, true, key, address);
            break;
        }
        if (e) {
            ret->prefix = arena_printf(a, "%.*s-", STR_ARG(e->value));
            ret->address = arena_printf(a, "%.*s%.*s", STR_ARG(ret->prefix), STR_ARG(address));
            ret->local = true;
        }
        trace(&t, RULE_VIRTUALDOMAINS, e != NULL, key, ret->address);
    }
    finish(ret, &t);
}

void rewrite_step_text(const struct rewrite_step *s, struct buf *b)
{
    switch (s->rule) {
    case RULE_ENVNOATHOST:
        buf_addf(b, "no host: envnoathost %.*s is added", STR_ARG(s->key));
        break;
    case RULE_PERCENTHACK:
        buf_addf(b, "percenthack has %.*s: the last %% becomes @", STR_ARG(s->key));
        break;
    case RULE_LOCALS:
        buf_addf(b, "locals has %s%.*s", s->hit ? "" : "no ", STR_ARG(s->key));
        break;
    case RULE_VIRTUALDOMAINS:
        if (s->key.n == 0)
            buf_addf(b, "virtualdomains has %s",
                     s->hit ? "an empty key, for every domain" : "no empty key");
        else
            buf_addf(b, "virtualdomains has %s%.*s", s->hit ? "" : "no ", STR_ARG(s->key));
        break;
    case RULE_EXCEPTION:
        buf_addf(b, "virtualdomains excepts %.*s: not here", STR_ARG(s->key));
        break;
    }
}
