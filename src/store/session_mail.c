/* SPDX-License-Identifier: ISC */
/* What a session does to messages: flags, expunging, copies, bodies, new mail. */
#include "store/session_private.h"

#include <string.h>

#include "os/file.h"

enum { RANGES_MAX = KEEPER_SET_MAX / 8 };

static void put_u32(struct buf *b, uint32_t v)
{
    char c[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    buf_add(b, str_of(c, 4));
}

/* ---- changes ---- */

static str encode_ranges(struct buf *b, const struct store_range *set, size_t n)
{
    buf_reset(b);
    for (size_t i = 0; i < n; i++) {
        put_u32(b, set[i].from);
        put_u32(b, set[i].to);
    }
    return buf_str(b);
}

err store_join_keywords(struct buf *b, const str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!names[i].n || names[i].n > STORE_KEYWORD_BYTES || memchr(names[i].p, 0, names[i].n))
            return err_new(ERR_SYNTAX, "not a keyword");
        buf_add(b, names[i]);
        buf_addc(b, 0);
    }
    return buf_check(b, "keywords");
}

/* Long sets go in several packets: each part is durable by itself. */
static size_t part_of(size_t n)
{
    return n < RANGES_MAX ? n : RANGES_MAX;
}

/* Adds the UIDs that were left alone. */
static err take_modified(struct store *s, const struct keeper_stored *a, struct packet *p)
{
    str mapped, data;
    err e = store_data_of(a->modified, p, &mapped, &data);
    if (failed(e))
        return e;
    for (size_t at = 0; at + 4 <= data.n; at += 4)
        vec_push(&s->modified, store_get_u32(data, at));
    fd_unmap(mapped);
    return OK_ERR;
}

err store_flags_unchanged(struct store *s, const struct store_range *set, size_t n,
                          enum store_flags_op op, uint32_t system_flags, const str *keywords,
                          size_t n_keywords, uint64_t unchanged_since, struct store_stored *ret)
{
    auto_buf struct buf names, ranges;
    buf_init(&names, KEEPER_KEYWORDS_MAX);
    buf_init(&ranges, KEEPER_SET_MAX);
    s->modified.n = 0;
    err e = store_join_keywords(&names, keywords, n_keywords);
    while (n && !failed(e)) {
        size_t part = part_of(n);
        struct keeper_flags q = {.op = (uint32_t)op,
                                 .flags = system_flags & STORE_SYSTEM_FLAGS,
                                 .unchanged_since = unchanged_since,
                                 .keywords = buf_str(&names),
                                 .set = encode_ranges(&ranges, set, part)};
        struct keeper_stored a;
        struct packet p;
        e = store_ask(s, &keeper_flags_schema, &q, &keeper_stored_schema, &a, &p);
        if (!failed(e))
            e = store_verdict(s, a.outcome, a.text);
        if (!failed(e))
            e = take_modified(s, &a, &p);
        set += part;
        n -= part;
    }
    if (!failed(e))
        *ret = (struct store_stored){s->modified.at, s->modified.n};
    return e;
}

err store_flags(struct store *s, const struct store_range *set, size_t n, enum store_flags_op op,
                uint32_t system_flags, const str *keywords, size_t n_keywords)
{
    struct store_stored none;
    return store_flags_unchanged(s, set, n, op, system_flags, keywords, n_keywords, UINT64_MAX,
                                 &none);
}

err store_expunge(struct store *s, enum store_expunge_mode mode, const struct store_range *set,
                  size_t n)
{
    if (!n && mode == STORE_EXPUNGE_ALL)
        return OK_ERR;
    auto_buf struct buf ranges;
    buf_init(&ranges, KEEPER_SET_MAX);
    err e;
    do {
        size_t part = part_of(n);
        struct keeper_expunge q = {.mode = (uint32_t)mode,
                                   .set = encode_ranges(&ranges, set, part)};
        e = store_ask_done(s, &keeper_expunge_schema, &q);
        set += part;
        n -= part;
    } while (n && !failed(e));
    return e;
}

err store_copy(struct store *s, enum store_copy_mode mode, const struct store_range *set, size_t n,
               str target, struct store_copied *ret)
{
    if (target.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    if (n > RANGES_MAX) /* all or nothing goes with one packet */
        return store_verdict(s, ERR_LIMIT, S("too many message ranges in one command"));
    auto_buf struct buf ranges;
    buf_init(&ranges, KEEPER_SET_MAX);
    struct keeper_copy q = {
        .mode = (uint32_t)mode, .target = target, .set = encode_ranges(&ranges, set, n)};
    struct keeper_copied c;
    struct packet p;
    err e = store_ask(s, &keeper_copy_schema, &q, &keeper_copied_schema, &c, &p);
    if (!failed(e))
        e = store_verdict(s, c.outcome, c.text);
    str mapped, data;
    if (!failed(e))
        e = store_data_of(c.pairs, &p, &mapped, &data);
    if (failed(e))
        return e;
    s->pairs.n = 0;
    for (size_t at = 0; at + 8 <= data.n; at += 8)
        vec_push(&s->pairs,
                 (struct store_range){store_get_u32(data, at), store_get_u32(data, at + 4)});
    fd_unmap(mapped);
    *ret = (struct store_copied){c.uidvalidity, s->pairs.at, s->pairs.n};
    return OK_ERR;
}

/* ---- bodies ---- */

static err send_fetch(struct store *s, const uint32_t *uids, size_t n)
{
    if (s->broken)
        return store_broken(s);
    auto_buf struct buf b;
    buf_init(&b, STORE_FETCH_MAX * 4);
    for (size_t i = 0; i < n; i++)
        put_u32(&b, uids[i]);
    uint32_t id = ++s->last_id ? s->last_id : ++s->last_id;
    err e = channel_send(s->channel, &keeper_fetch_schema, id, &(struct keeper_fetch){buf_str(&b)},
                         NULL, 0);
    if (failed(e)) {
        (void)store_broken(s); /* the first error says more */
        return e;
    }
    s->prefetch_id = id;
    s->n_prefetch = n;
    memcpy(s->prefetch_uids, uids, n * sizeof *uids);
    return OK_ERR;
}

err store_prefetch(struct store *s, const uint32_t *uids, size_t n)
{
    if (!n || n > STORE_FETCH_MAX)
        return err_new(ERR_LIMIT, "too many bodies at once");
    err e = store_drop_prefetch(s);
    return failed(e) ? e : send_fetch(s, uids, n);
}

err store_fetch(struct store *s, const uint32_t *uids, size_t n, struct store_body *ret)
{
    if (n > STORE_FETCH_MAX)
        return err_new(ERR_LIMIT, "too many bodies at once");
    if (!n)
        return OK_ERR;
    bool ready = s->n_prefetch == n && !memcmp(s->prefetch_uids, uids, n * sizeof *uids);
    if (!ready) {
        err e = store_prefetch(s, uids, n);
        if (failed(e))
            return e;
    }
    s->n_prefetch = 0;
    struct keeper_bodies b;
    struct packet p;
    err e = store_wait_for(s, s->prefetch_id, &keeper_bodies_schema, &b, &p);
    if (!failed(e))
        e = store_verdict(s, b.outcome, b.text);
    if (failed(e))
        return e;
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        bool found = (b.found >> i & 1) && next < p.n_fds;
        ret[i] = (struct store_body){uids[i], found ? fd_take(&p.fds[next++]) : -1};
    }
    return OK_ERR;
}

err store_uidls(struct store *s, str *ret_names)
{
    struct keeper_data d;
    struct packet p;
    err e = store_ask(s, &keeper_names_ask_schema, &(struct keeper_nothing){0},
                      &keeper_names_schema, &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    if (failed(e))
        return e;
    fd_unmap(s->names);
    s->names = S("");
    str all;
    e = store_data_of(d.data, &p, &s->names, &all);
    if (!failed(e))
        *ret_names = s->names;
    return e;
}

err store_settle(struct store *s)
{
    return store_ask_done(s, &keeper_settle_schema, &(struct keeper_nothing){0});
}
