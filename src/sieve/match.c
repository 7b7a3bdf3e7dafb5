/* SPDX-License-Identifier: ISC */
/* RFC 5228 2.7, RFC 5231, RFC 4790. Every comparison pays for the octets it looks at (run_work),
 * so that no pattern takes more time than the limit gives. */
#include "sieve/run.h"
#include "wire/casemap.h"
#include "wire/charset.h"
#include "wire/find.h"
#include "wire/normal.h"

struct matcher matcher_of(struct run *r, const struct node *n, const struct bound *keys)
{
    const struct bound *m = node_get(n, SLOT_MATCH), *c = node_get(n, SLOT_COMPARATOR);
    struct matcher x = {.type = m ? (enum match_type)m->tag->value : MATCH_IS,
                        .cmp = c ? comparator_find(c->list[0].s) : CMP_ASCII,
                        .patterns = n->patterns,
                        .captures = (r->frame->script->required & EXT_BIT(EXT_VARIABLES)) != 0,
                        .at = n->at};
    if (x.type == MATCH_VALUE || x.type == MATCH_COUNT)
        x.rel = relation_find(m->list[0].s);
    x.keys = run_list(r, keys, &x.n_keys);
    return x;
}

enum { CASEMAP_GROWTH = 12 }; /* U+FDFA: three octets become 33 */

/* i;ascii-numeric: the digits at the front; without any it is more than every number. */
struct number {
    bool infinite;
    str digits; /* without leading zeros */
};

static struct number number_of(str s)
{
    size_t from = 0, to = 0;
    while (to < s.n && char_is_digit(s.p[to]))
        to++;
    while (from + 1 < to && s.p[from] == '0')
        from++;
    return (struct number){.infinite = to == 0, .digits = str_slice(s, from, to)};
}

static int number_cmp(str a, str b)
{
    struct number x = number_of(a), y = number_of(b);
    if (x.infinite || y.infinite)
        return (int)x.infinite - (int)y.infinite;
    if (x.digits.n != y.digits.n)
        return x.digits.n < y.digits.n ? -1 : 1;
    return str_cmp(x.digits, y.digits);
}

static str casemapped(struct run *r, str s)
{
    auto_buf struct buf b;
    buf_init(&b, s.n * CASEMAP_GROWTH + 64);
    casemap_add(&b, s);
    return arena_copy(r->scratch, buf_str(&b));
}

static int compare(struct run *r, enum comparator cmp, str a, str b)
{
    switch (cmp) {
    case CMP_NUMERIC:
        return number_cmp(a, b);
    case CMP_OCTET:
        return str_cmp(a, b);
    case CMP_UNICODE:
        return str_cmp(casemapped(r, a), casemapped(r, b));
    default:
        return str_icmp(a, b);
    }
}

static bool holds(enum relation rel, int order)
{
    switch (rel) {
    case REL_GT:
        return order > 0;
    case REL_GE:
        return order >= 0;
    case REL_LT:
        return order < 0;
    case REL_LE:
        return order <= 0;
    case REL_NE:
        return order != 0;
    default:
        return order == 0;
    }
}

static str folded(struct run *r, enum comparator cmp, str s)
{
    if (cmp == CMP_OCTET)
        return s;
    return cmp == CMP_UNICODE ? casemapped(r, s) : arena_lower(r->scratch, s);
}

static bool contains(struct run *r, const struct matcher *m, str folded_value, str key)
{
    struct finder f = finder_of(folded(r, m->cmp, key));
    return finder_next(&f, folded_value, 0) >= 0;
}

static size_t step_of(enum comparator cmp, str value, size_t at)
{
    size_t n = cmp == CMP_OCTET ? 1 : utf8_length(str_from_at(value, at));
    return n ? n : 1; /* what is no UTF-8 goes octet by octet */
}

enum { PAY_EVERY = 1 << 16 };

struct span {
    size_t from, to;
};

/* '*' takes as little as it can, from the left (RFC 5229 3.2): going back to the last one only is
 * then enough. pattern and value are folded, octet by octet as long as what they were. */
static bool glob(struct run *r, enum comparator cmp, str pattern, str value,
                 struct span caught[SIEVE_CAPTURES_MAX], size_t *ret_n)
{
    size_t p = 0, v = 0, n = 1, star_p = 0, star_v = 0, star_n = 0, steps = 0;
    bool star = false;
    for (;; steps++) {
        if (steps == PAY_EVERY) {
            if (!run_work(r, steps))
                return false;
            steps = 0;
        }
        char c = p < pattern.n ? pattern.p[p] : '\0';
        if (p < pattern.n && c == '*') {
            star = true;
            star_p = ++p;
            star_v = v;
            star_n = n;
            if (n < SIEVE_CAPTURES_MAX)
                caught[n] = (struct span){v, v};
            n++;
            continue;
        }
        if (p == pattern.n && v == value.n)
            break;
        if (p < pattern.n && v == value.n)
            return false; /* a longer '*' leaves even less */
        if (p < pattern.n && c == '?') {
            size_t step = step_of(cmp, value, v);
            if (n < SIEVE_CAPTURES_MAX)
                caught[n] = (struct span){v, v + step};
            n++;
            p++;
            v += step;
            continue;
        }
        if (p < pattern.n) {
            size_t quoted = c == '\\' && p + 1 < pattern.n;
            if (pattern.p[p + quoted] == value.p[v]) {
                p += 1 + quoted;
                v++;
                continue;
            }
        }
        if (!star)
            return false;
        star_v += step_of(cmp, value, star_v);
        if (star_n < SIEVE_CAPTURES_MAX)
            caught[star_n].to = star_v;
        p = star_p;
        v = star_v;
        n = star_n + 1;
    }
    *ret_n = n < SIEVE_CAPTURES_MAX ? n : SIEVE_CAPTURES_MAX;
    return run_work(r, steps);
}

/* Letters without their case, each in as many octets as it had, so that what '*' catches can be cut
 * out of the original. What has no such partner stays as it is. */
static str unicode_same_length(struct run *r, str s)
{
    char *p = arena_alloc(r->scratch, s.n + 1, 1);
    auto_buf struct buf one;
    buf_init(&one, 256);
    for (size_t i = 0, n; i < s.n; i += n) {
        str c = str_slice(s, i, i + step_of(CMP_UNICODE, s, i));
        n = c.n;
        buf_reset(&one);
        if (n > 1)
            normal_add(&one, c);
        bool fits = n > 1 && one.n == n;
        for (size_t k = 0; k < n; k++)
            p[i + k] = fits ? one.p[k] : char_lower(c.p[k]);
    }
    return str_of(p, s.n);
}

static str same_length(struct run *r, enum comparator cmp, str s)
{
    if (cmp == CMP_OCTET)
        return s;
    return cmp == CMP_UNICODE ? unicode_same_length(r, s) : arena_lower(r->scratch, s);
}

static void capture(struct run *r, const struct matcher *m, const str *texts, size_t n)
{
    struct frame *f = r->frame;
    if (!m->captures)
        return;
    f->n_captures = n;
    for (size_t i = 0; i < n; i++)
        f->captures[i] =
            arena_copy(r->a, texts[i].n > SIEVE_VALUE_MAX ? str_slice(texts[i], 0, SIEVE_VALUE_MAX)
                                                          : texts[i]);
}

static bool matches(struct run *r, const struct matcher *m, str value, str folded_value, str key)
{
    struct span caught[SIEVE_CAPTURES_MAX];
    str texts[SIEVE_CAPTURES_MAX];
    size_t n;
    if (!glob(r, m->cmp, same_length(r, m->cmp, key), folded_value, caught, &n))
        return false;
    texts[0] = value;
    for (size_t i = 1; i < n; i++)
        texts[i] = str_slice(value, caught[i].from, caught[i].to);
    capture(r, m, texts, n);
    return true;
}

static bool regex(struct run *r, const struct matcher *m, str value, size_t key)
{
    str texts[SIEVE_CAPTURES_MAX], why = S("");
    size_t n = 0;
    struct pattern *own = NULL, *p = m->patterns ? m->patterns[key] : NULL;
    if (!p)
        p = pattern_compile(m->keys[key], m->cmp == CMP_OCTET ? REGEX_OCTETS : REGEX_CASELESS,
                            r->scratch, &own, &why);
    enum regex_outcome o = p ? pattern_match(p, value, texts, &n) : REGEX_LIMIT;
    if (o == REGEX_YES)
        capture(r, m, texts, n);
    if (o == REGEX_LIMIT)
        run_fail(r, m->at, SIEVE_RUN_REGEX, arena_copy(r->a, why.n ? why : S("it takes too long")),
                 S(""));
    patterns_free(own);
    return o == REGEX_YES;
}

bool match_value(struct run *r, const struct matcher *m, str value)
{
    str fold = value; /* once for all keys: a body is large */
    if (m->type == MATCH_CONTAINS)
        fold = folded(r, m->cmp, value);
    else if (m->type == MATCH_MATCHES)
        fold = same_length(r, m->cmp, value);
    for (size_t i = 0; i < m->n_keys && !r->failed; i++) {
        bool yes = false;
        if (!run_work(r, 16 + value.n + m->keys[i].n))
            return false;
        switch (m->type) {
        case MATCH_IS:
            yes = compare(r, m->cmp, value, m->keys[i]) == 0;
            break;
        case MATCH_CONTAINS:
            yes = contains(r, m, fold, m->keys[i]);
            break;
        case MATCH_MATCHES:
            yes = matches(r, m, value, fold, m->keys[i]);
            break;
        case MATCH_REGEX:
            yes = regex(r, m, value, i);
            break;
        case MATCH_VALUE:
        case MATCH_COUNT:
            yes = holds(m->rel, compare(r, m->cmp, value, m->keys[i]));
            break;
        }
        if (yes && !r->failed)
            return true;
    }
    return false;
}

bool match_values(struct run *r, const struct matcher *m, const struct values *v)
{
    if (m->type == MATCH_COUNT)
        return match_value(r, m, arena_printf(r->scratch, "%zu", v->n));
    for (size_t i = 0; i < v->n && !r->failed; i++)
        if (match_value(r, m, v->at[i]))
            return true;
    return false;
}
