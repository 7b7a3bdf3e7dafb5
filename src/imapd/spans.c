/* SPDX-License-Identifier: ISC */
#include "imapd/spans.h"

err spans_from_set(struct arena *a, const struct store_box *box, struct imap_set *set, bool uid,
                   struct spans *ret)
{
    /* RFC 3501 9: "*" is invalid where there is no message; so is a number past the last. */
    if (!uid && box->n == 0)
        return err_new(ERR_SYNTAX, "no such message");
    uint32_t largest = uid && box->n > 0 ? box->messages[box->n - 1].uid : (uint32_t)box->n;
    imap_set_resolve(set, largest);
    if (!uid && imap_set_max(set) > box->n)
        return err_new(ERR_SYNTAX, "no such message");
    struct spans spans = {.at = NEW_N(a, struct span, set->n + 1)};
    for (size_t i = 0; i < set->n; i++) {
        struct span s = {set->at[i].lo - 1, set->at[i].hi};
        if (uid) {
            s.from = store_index(box, set->at[i].lo);
            s.to = set->at[i].hi == UINT32_MAX ? box->n : store_index(box, set->at[i].hi + 1);
        }
        if (s.from < s.to)
            spans.at[spans.n++] = s;
    }
    *ret = spans;
    return OK_ERR;
}

struct spans spans_of_indices(struct arena *a, const uint32_t *indices, size_t n)
{
    size_t runs = 0;
    for (size_t i = 0; i < n; i++)
        runs += i == 0 || indices[i] != indices[i - 1] + 1;
    struct spans spans = {.at = NEW_N(a, struct span, runs + 1)};
    for (size_t i = 0; i < n; i++)
        spans_add(&spans, indices[i]);
    return spans;
}

size_t spans_count(const struct spans *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->at[i].to - s->at[i].from;
    return n;
}

struct store_range *spans_ranges(struct arena *a, const struct store_box *box,
                                 const struct spans *s)
{
    struct store_range *ranges = NEW_N(a, struct store_range, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        ranges[i] = (struct store_range){box->messages[s->at[i].from].uid,
                                         box->messages[s->at[i].to - 1].uid};
    return ranges;
}

void spans_add(struct spans *s, size_t index)
{
    if (s->n > 0 && s->at[s->n - 1].to == index)
        s->at[s->n - 1].to++;
    else
        s->at[s->n++] = (struct span){index, index + 1};
}

bool spans_next(const struct spans *s, size_t *span, size_t *index, size_t *ret_index)
{
    while (*span < s->n) {
        const struct span *at = &s->at[*span];
        if (*index < at->from)
            *index = at->from;
        if (*index < at->to) {
            *ret_index = (*index)++;
            return true;
        }
        (*span)++;
    }
    return false;
}
