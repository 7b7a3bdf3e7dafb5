/* SPDX-License-Identifier: ISC */
/* How it works: where every message may match, the text is one long string, searched from hit to
 * hit; a hit in a message moves the search to the next one. Where only the heads count, each is
 * searched by itself. */
#include "store/fulltext.h"

#include "wire/find.h"

struct found {
    uint32_t *sure, *ask;
    size_t n_sure, n_ask;
};

static void answer(struct found *r, const struct fulltext_entry *e, bool matches)
{
    if (matches)
        r->sure[r->n_sure++] = e->uid;
    else if (e->flags & FULLTEXT_ASK)
        r->ask[r->n_ask++] = e->uid;
}

static str piece(const struct fulltext_view *v, const struct fulltext_entry *e,
                 enum store_find_where where)
{
    size_t body = (size_t)e->at + e->head + e->parts + 2;
    switch (where) {
    case STORE_FIND_FIELD:
        return str_slice(v->text, (size_t)e->at, (size_t)e->at + e->head);
    case STORE_FIND_BODY:
        return str_slice(v->text, body, body + e->body);
    default:
        return str_slice(v->text, (size_t)e->at, body + e->body);
    }
}

static bool entry_has(const struct fulltext_view *v, const struct fulltext_entry *e,
                      const struct store_find_key *key, const struct finder *f)
{
    str text = piece(v, e, key->where);
    if (finder_next(f, text, 0) < 0)
        return false;
    return key->where != STORE_FIND_FIELD || mail_text_field_has(text, key->field, f);
}

static void each(const struct fulltext_view *v, const struct store_find_key *key,
                 const struct finder *f, struct found *r)
{
    for (size_t i = 0; i < v->n; i++)
        answer(r, &v->at[i], entry_has(v, &v->at[i], key, f));
}

static void at_once(const struct fulltext_view *v, const struct store_find_key *key,
                    const struct finder *f, struct found *r)
{
    ptrdiff_t hit = -1;
    bool over = false;
    for (size_t i = 0; i < v->n; i++) {
        const struct fulltext_entry *e = &v->at[i];
        str text = piece(v, e, key->where);
        size_t from = (size_t)(text.p - v->text.p), to = from + text.n;
        if (!over && hit < (ptrdiff_t)from) {
            hit = finder_next(f, v->text, from);
            over = hit < 0;
        }
        answer(r, e, !over && (size_t)hit < to);
    }
}

void fulltext_find(const struct fulltext_view *v, const struct store_find_key *key, struct arena *a,
                   struct store_found *ret)
{
    struct finder f = finder_of(key->text);
    struct found r = {.sure = NEW_N(a, uint32_t, v->n + 1), .ask = NEW_N(a, uint32_t, v->n + 1)};
    if (key->where == STORE_FIND_FIELD || key->text.n == 0)
        each(v, key, &f, &r);
    else
        at_once(v, key, &f, &r);
    *ret = (struct store_found){.sure = r.sure,
                                .ask = r.ask,
                                .n_sure = r.n_sure,
                                .n_ask = r.n_ask,
                                .upto = v->n ? v->at[v->n - 1].uid : 0};
}
