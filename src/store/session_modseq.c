/* SPDX-License-Identifier: ISC */
/* Mod-sequences and dates of saving in a session, and what QRESYNC asks. */
#include <stdlib.h>
#include <string.h>

#include "os/fd.h"
#include "store/session_private.h"

enum { COLUMN_BYTES = 12 };

void store_drop_known(struct store *s)
{
    free(s->saved);
    s->saved = NULL;
    fd_unmap(s->digests);
    s->digests = S("");
}

/* A column of the keeper's table, beside our rows: both are sorted by UID. What is gone there by
 * now has a 0, and store_sync() will say so. */
struct column {
    str data, mapped;
    size_t at;
};

static err ask_column(struct store *s, enum keeper_column which, struct column *ret)
{
    struct keeper_data d;
    struct packet p;
    struct keeper_column_ask q = {.which = (uint32_t)which};
    err e = store_ask(s, &keeper_column_ask_schema, &q, &keeper_column_schema, &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    if (!failed(e))
        e = store_data_of(d.data, &p, &ret->mapped, &ret->data);
    return e;
}

/* UIDs ascending from call to call. */
static uint64_t column_value(struct column *c, uint32_t uid)
{
    while (c->at + COLUMN_BYTES <= c->data.n && store_get_u32(c->data, c->at) < uid)
        c->at += COLUMN_BYTES;
    if (c->at + COLUMN_BYTES > c->data.n || store_get_u32(c->data, c->at) != uid)
        return 0;
    return store_get_u32(c->data, c->at + 4) | (uint64_t)store_get_u32(c->data, c->at + 8) << 32;
}

static err load_modseqs(struct store *s)
{
    struct column c = {0};
    err e = ask_column(s, KEEPER_COLUMN_MODSEQ, &c);
    if (failed(e))
        return e;
    if (s->room < s->n)
        s->room = s->n;
    uint64_t *all = mem_alloc("modseqs", (s->room + 1) * sizeof *all);
    for (size_t i = 0; i < s->n; i++) {
        all[i] = column_value(&c, s->rows[i].uid);
        /* A change that we have not seen yet: its number comes with it. */
        if (all[i] > s->highest || !all[i])
            all[i] = s->highest;
    }
    fd_unmap(c.mapped);
    s->modseqs = all;
    s->modseqs_mapped = 0;
    s->box.modseqs = all;
    return OK_ERR;
}

err store_want_modseqs(struct store *s)
{
    if (s->want_modseqs)
        return OK_ERR;
    err e = s->open ? load_modseqs(s) : OK_ERR;
    s->want_modseqs = !failed(e);
    return e;
}

err store_changed_since(struct store *s, uint64_t since, struct arena *a, uint32_t **ret,
                        size_t *ret_n)
{
    if (!s->open || !s->want_modseqs)
        return err_new(ERR_DENIED, "no mailbox is open with its mod-sequences");
    uint32_t *out = NEW_N(a, uint32_t, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->modseqs && s->modseqs[i] > since)
            out[n++] = (uint32_t)i;
    *ret = out;
    *ret_n = n;
    return OK_ERR;
}

err store_savedates(struct store *s, const uint32_t **ret)
{
    struct column c = {0};
    if (!s->open)
        return err_new(ERR_DENIED, "no mailbox is open");
    err e = ask_column(s, KEEPER_COLUMN_SAVED, &c);
    if (failed(e))
        return e;
    free(s->saved);
    s->saved = mem_alloc("dates", (s->n + 1) * sizeof *s->saved);
    for (size_t i = 0; i < s->n; i++)
        s->saved[i] = (uint32_t)column_value(&c, s->rows[i].uid);
    fd_unmap(c.mapped);
    *ret = s->saved;
    return OK_ERR;
}

/* ---- the expunged ---- */

struct vanished {
    const struct store *s;
    const struct store_range *known;
    size_t n_known, at_known;
    size_t row; /* first row not below what was looked at */
    VEC(struct store_range) out;
};

static void add_range(struct vanished *v, uint32_t from, uint32_t to)
{
    if (v->out.n && v->out.at[v->out.n - 1].to + 1 == from)
        v->out.at[v->out.n - 1].to = to;
    else
        vec_push(&v->out, (struct store_range){from, to});
}

/* The UIDs of [from, to] that are in no row. */
static void add_absent(struct vanished *v, uint32_t from, uint32_t to)
{
    const struct store *s = v->s;
    while (v->row < s->n && s->rows[v->row].uid < from)
        v->row++;
    uint32_t next = from;
    for (; v->row < s->n && s->rows[v->row].uid <= to; v->row++) {
        uint32_t uid = s->rows[v->row].uid;
        if (uid > next)
            add_range(v, next, uid - 1);
        next = uid + 1;
    }
    if (next <= to && next >= from)
        add_range(v, next, to);
}

static void all_absent(struct vanished *v)
{
    uint32_t last = v->s->box.uidnext - 1;
    if (!v->n_known && last)
        add_absent(v, 1, last);
    for (size_t i = 0; i < v->n_known; i++) {
        uint32_t from = v->known[i].from ? v->known[i].from : 1;
        uint32_t to = v->known[i].to < last ? v->known[i].to : last;
        if (from <= to)
            add_absent(v, from, to);
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_known(struct vanished *v, uint32_t uid)
{
    while (v->at_known < v->n_known && v->known[v->at_known].to < uid)
        v->at_known++;
    return !v->n_known || (v->at_known < v->n_known && v->known[v->at_known].from <= uid);
}

static void from_history(struct vanished *v, str data)
{
    size_t n = data.n / 4;
    uint32_t *uids = mem_alloc("expunged", (n + 1) * sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = store_get_u32(data, i * 4);
    qsort(uids, n, sizeof *uids, by_number);
    for (size_t i = 0; i < n; i++)
        if ((!i || uids[i] != uids[i - 1]) && is_known(v, uids[i]))
            add_absent(v, uids[i], uids[i]);
    free(uids);
}

err store_vanished_since(struct store *s, uint64_t since, const struct store_range *known, size_t n,
                         struct arena *a, struct store_range **ret, size_t *ret_n)
{
    if (!s->open)
        return err_new(ERR_DENIED, "no mailbox is open");
    struct keeper_vanished x;
    struct packet p;
    err e = store_ask(s, &keeper_vanished_ask_schema, &(struct keeper_vanished_ask){since},
                      &keeper_vanished_schema, &x, &p);
    if (!failed(e))
        e = store_verdict(s, x.outcome, x.text);
    str mapped, data;
    if (!failed(e))
        e = store_data_of(x.uids, &p, &mapped, &data);
    if (failed(e))
        return e;
    struct vanished v = {.s = s, .known = known, .n_known = n};
    if (x.complete)
        from_history(&v, data);
    else
        all_absent(&v);
    fd_unmap(mapped);
    *ret = NEW_N(a, struct store_range, v.out.n + 1);
    if (v.out.n)
        memcpy(*ret, v.out.at, v.out.n * sizeof **ret);
    *ret_n = v.out.n;
    vec_done(&v.out);
    return OK_ERR;
}
