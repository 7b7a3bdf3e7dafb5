/* SPDX-License-Identifier: ISC */
/* How it works: one column a key, a word for each message: a number, or a pointer to its text. A
 * last column is not needed: where all keys are the same, the order of the mailbox decides
 * (RFC 5256 2.2), whatever is reversed. */
#include "imapd/sort.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/headings.h"

struct text {
    uint32_t n;
    char p[];
};

union value {
    int64_t number;
    const struct text *text;
};

struct column {
    enum imap_sort_key key;
    bool reverse, is_text;
    union value *at;
};

struct sorting {
    struct session *s;
    struct arena *arena;
    struct column columns[IMAP_SORT_KEYS_MAX];
    size_t n_columns;
    uint32_t *indices;
    size_t n;
    bool full;
};

static unsigned heading_for(enum imap_sort_key key)
{
    switch (key) {
    case IMAP_SORT_ARRIVAL:
    case IMAP_SORT_SIZE:
        return 0;
    case IMAP_SORT_CC:
        return HEADING_CC;
    case IMAP_SORT_DATE:
        return HEADING_DATE;
    case IMAP_SORT_FROM:
        return HEADING_FROM;
    case IMAP_SORT_SUBJECT:
        return HEADING_SUBJECT;
    case IMAP_SORT_TO:
        return HEADING_TO;
    case IMAP_SORT_DISPLAYFROM:
        return HEADING_DISPLAYFROM;
    case IMAP_SORT_DISPLAYTO:
        return HEADING_DISPLAYTO;
    }
    return 0;
}

static const struct text *keep(struct sorting *q, str s)
{
    static const struct text nothing = {0};
    if (s.n == 0 || q->full)
        return &nothing;
    struct text *t = arena_alloc(q->arena, sizeof *t + s.n, _Alignof(struct text));
    t->n = (uint32_t)s.n;
    memcpy(t->p, s.p, s.n);
    q->full = arena_used(q->arena) > SORT_MEMORY_MAX - 2 * HEADING_TEXT_MAX;
    return t;
}

static void take_heading(void *ctx, size_t place, const struct heading *h)
{
    struct sorting *q = ctx;
    for (size_t i = 0; i < q->n_columns; i++) {
        union value *v = &q->columns[i].at[place];
        switch (q->columns[i].key) {
        case IMAP_SORT_ARRIVAL:
        case IMAP_SORT_SIZE:
            break;
        case IMAP_SORT_DATE:
            v->number = h->sent;
            break;
        case IMAP_SORT_CC:
            v->text = keep(q, h->cc);
            break;
        case IMAP_SORT_FROM:
            v->text = keep(q, h->from);
            break;
        case IMAP_SORT_SUBJECT:
            v->text = keep(q, h->subject);
            break;
        case IMAP_SORT_TO:
            v->text = keep(q, h->to);
            break;
        case IMAP_SORT_DISPLAYFROM:
            v->text = keep(q, h->display_from);
            break;
        case IMAP_SORT_DISPLAYTO:
            v->text = keep(q, h->display_to);
            break;
        }
    }
}

static int compare(const struct column *c, uint32_t x, uint32_t y)
{
    union value a = c->at[x], b = c->at[y];
    int order;
    if (c->is_text)
        order = str_cmp(str_of(a.text->p, a.text->n), str_of(b.text->p, b.text->n));
    else
        order = a.number < b.number ? -1 : a.number > b.number;
    return c->reverse ? -order : order;
}

static int in_order(const void *x, const void *y, void *ctx)
{
    const struct sorting *q = ctx;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    for (size_t i = 0; i < q->n_columns; i++) {
        int order = compare(&q->columns[i], a, b);
        if (order != 0)
            return order;
    }
    return a < b ? -1 : a > b;
}

/* A key that stands there twice says nothing the second time. */
static unsigned make_columns(struct sorting *q, const struct imap_sort_args *args)
{
    unsigned seen = 0, wants = 0;
    for (size_t i = 0; i < args->n; i++) {
        enum imap_sort_key key = args->keys[i];
        if (seen & (1U << key))
            continue;
        seen |= 1U << key;
        wants |= heading_for(key);
        q->columns[q->n_columns++] =
            (struct column){.key = key,
                            .reverse = args->reverse[i],
                            .is_text = (heading_for(key) & ~(unsigned)HEADING_DATE) != 0,
                            .at = NEW_N(q->arena, union value, q->n + 1)};
    }
    return wants;
}

static void take_rows(struct sorting *q)
{
    const struct store_message *m = store_box(q->s->store)->messages;
    for (size_t c = 0; c < q->n_columns; c++)
        for (size_t i = 0; i < q->n; i++) {
            if (q->columns[c].key == IMAP_SORT_ARRIVAL)
                q->columns[c].at[i].number = m[q->indices[i]].date;
            else if (q->columns[c].key == IMAP_SORT_SIZE)
                q->columns[c].at[i].number = m[q->indices[i]].size;
        }
}

static void bring_into_order(struct sorting *q)
{
    uint32_t *order = NEW_N(q->arena, uint32_t, q->n + 1);
    uint32_t *sorted = NEW_N(q->arena, uint32_t, q->n + 1);
    for (size_t i = 0; i < q->n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, q->n, sizeof *order, in_order, q);
    for (size_t i = 0; i < q->n; i++)
        sorted[i] = q->indices[order[i]];
    memcpy(q->indices, sorted, q->n * sizeof *sorted);
}

err sort_found(struct session *s, const struct imap_sort_args *args, struct search_found *found)
{
    if (found->n < 2)
        return OK_ERR;
    struct sorting q = {.s = s, .indices = found->at, .n = found->n};
    /* Columns and orders come on top: 8 octets a key and message. */
    q.arena = arena_new("sort", (size_t)2 * SORT_MEMORY_MAX + (found->n + 1) * 8 * 18);
    unsigned wants = make_columns(&q, args);
    take_rows(&q);
    err e = wants != 0 ? headings_each(s, q.indices, q.n, wants, 0, take_heading, &q) : OK_ERR;
    if (!failed(e) && q.full)
        e = err_new(ERR_LIMIT, "too much text to sort");
    if (!failed(e))
        bring_into_order(&q);
    arena_free(q.arena);
    return e;
}
