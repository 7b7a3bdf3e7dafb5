/* SPDX-License-Identifier: ISC */
#include "wire/imap_sequence.h"

#include <assert.h>
#include <stdlib.h>

static err number_or_star(struct imap_reader *r, uint32_t *ret)
{
    if (imap_skip(r, '*')) {
        *ret = IMAP_STAR;
        return OK_ERR;
    }
    err e = imap_nz_number(r, ret);
    return failed(e) ? err_new(ERR_SYNTAX, "bad message set") : OK_ERR;
}

/* How many ranges the set at the front can have at most: commas and one. */
static size_t count_ranges(str s)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ',')
            n++;
        else if (!char_is_digit(c) && c != ':' && c != '*')
            break;
    }
    return n;
}

err imap_set_parse(struct imap_reader *r, struct imap_set *ret_set)
{
    if (imap_skip(r, '$')) {
        *ret_set = (struct imap_set){.saved = true};
        return OK_ERR;
    }
    size_t cap = count_ranges(r->rest);
    struct imap_set set = {.at = NEW_N(r->arena, struct imap_range, cap)};
    do {
        struct imap_range range;
        err e = number_or_star(r, &range.lo);
        if (failed(e))
            return e;
        range.hi = range.lo;
        if (imap_skip(r, ':')) {
            e = number_or_star(r, &range.hi);
            if (failed(e))
                return e;
        }
        assert(set.n < cap);
        set.at[set.n++] = range;
    } while (imap_skip(r, ','));
    *ret_set = set;
    return OK_ERR;
}

static int range_order(const void *a, const void *b)
{
    const struct imap_range *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

void imap_set_resolve(struct imap_set *set, uint32_t largest)
{
    size_t n = 0;
    bool sorted = true;
    for (size_t i = 0; i < set->n; i++) {
        struct imap_range r = set->at[i];
        bool only_star = r.lo == IMAP_STAR && r.hi == IMAP_STAR;
        if (only_star && largest == 0)
            continue;
        if (r.lo == IMAP_STAR)
            r.lo = largest > 0 ? largest : r.hi;
        if (r.hi == IMAP_STAR)
            r.hi = largest > 0 ? largest : r.lo;
        /* RFC 3501 9: "2:4" and "4:2" are the same. */
        if (r.lo > r.hi)
            r = (struct imap_range){r.hi, r.lo};
        sorted = sorted && (n == 0 || set->at[n - 1].lo <= r.lo);
        set->at[n++] = r;
    }
    set->n = n;
    if (n == 0)
        return;
    if (!sorted)
        qsort(set->at, n, sizeof *set->at, range_order);
    size_t last = 0;
    for (size_t i = 1; i < n; i++) {
        struct imap_range *to = &set->at[last];
        if (to->hi == UINT32_MAX || set->at[i].lo <= to->hi + 1) {
            if (set->at[i].hi > to->hi)
                to->hi = set->at[i].hi;
        } else {
            set->at[++last] = set->at[i];
        }
    }
    set->n = last + 1;
}

bool imap_set_has(const struct imap_set *set, uint32_t number)
{
    size_t lo = 0, hi = set->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (set->at[mid].hi < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < set->n && set->at[lo].lo <= number;
}

uint32_t imap_set_max(const struct imap_set *set)
{
    return set->n > 0 ? set->at[set->n - 1].hi : 0;
}

void imap_set_add(struct imap_set *set, size_t cap, uint32_t number)
{
    if (set->n > 0 && number > 1 && set->at[set->n - 1].hi == number - 1) {
        set->at[set->n - 1].hi = number;
        return;
    }
    assert(set->n < cap);
    set->at[set->n++] = (struct imap_range){number, number};
}

void imap_set_write(struct buf *b, const struct imap_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct imap_range *r = &set->at[i];
        if (i > 0)
            buf_addc(b, ',');
        buf_addf(b, r->lo == r->hi ? "%u" : "%u:%u", r->lo, r->hi);
    }
}
