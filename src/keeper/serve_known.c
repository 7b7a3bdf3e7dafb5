/* SPDX-License-Identifier: ISC */
/* What is known of messages without their bodies: mod-sequences, dates of saving, the expunged,
 * digests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "os/clock.h"
#include "os/fd.h"
#include "wire/digest.h"

enum {
    AHEAD_KNOWN = 256,     /* so many in a row had a digest: those before have been here too */
    MAKE_MAX = 1 << 20,    /* octets of a message whose digest is made here; larger: the session */
    MAKE_TOTAL = 4 << 20,  /* octets read for one question: other sessions wait meanwhile */
    ARENA_MAX = 256 << 20, /* the wire's limits keep it far below */
    DIGESTS_MAX = KEEPER_DIGESTS_MAX * (DIGEST_KEEP_MAX + 4),
};

static err not_open(void)
{
    return err_new(ERR_DENIED, "no mailbox is open");
}

static err send_data(struct client *c, const struct ipc_schema *schema, uint32_t id, struct buf *b,
                     err e)
{
    auto_fd int fd = -1;
    struct keeper_data a = {.data = S("")};
    if (!failed(e))
        e = buf_check(b, "answer");
    if (!failed(e))
        e = data_or_memory(b, &a.data, &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, schema, id, &a, &fd, fd >= 0);
}

/* ---- columns ---- */

err serve_column(struct client *c, const struct packet *p)
{
    struct keeper_column_ask q;
    err e = ipc_decode(&keeper_column_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    if (q.which != KEEPER_COLUMN_MODSEQ && q.which != KEEPER_COLUMN_SAVED)
        return err_new(ERR_SYNTAX, "unknown column");
    auto_buf struct buf b;
    buf_init(&b, (size_t)STORE_MESSAGES_MAX * 12);
    c->modseqs |= q.which == KEEPER_COLUMN_MODSEQ;
    for (size_t i = 0; c->held && i < c->held->box->table.n; i++) {
        const struct box_entry *n = &c->held->box->entries.at[i];
        uint64_t v = q.which == KEEPER_COLUMN_MODSEQ ? n->modseq : n->saved;
        put_u32(&b, c->held->box->table.at[i].uid);
        put_u32(&b, (uint32_t)v);
        put_u32(&b, (uint32_t)(v >> 32));
    }
    return send_data(c, &keeper_column_schema, p->id, &b, c->held ? OK_ERR : not_open());
}

err serve_vanished(struct client *c, const struct packet *p)
{
    struct keeper_vanished_ask q;
    err e = ipc_decode(&keeper_vanished_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    auto_fd int fd = -1;
    buf_init(&b, (size_t)INDEX_GONE_MAX * 16);
    struct keeper_vanished a = {.uids = S("")};
    e = c->held ? OK_ERR : not_open();
    if (!failed(e) && box_gone_since(c->held->box, q.since, &b)) {
        a.complete = 1;
        e = data_or_memory(&b, &a.uids, &fd);
    }
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_vanished_schema, p->id, &a, &fd, fd >= 0);
}

/* ---- digests ---- */

struct making {
    struct box *box;
    struct arena *arena; /* NULL until needed */
    char *text;
    size_t cap, read; /* octets of room, octets read so far */
    struct buf one;
};

static void making_done(struct making *m)
{
    arena_free(m->arena);
    free(m->text);
    buf_done(&m->one);
}

/* The message's octets; false: gone, unreadable, changing. */
static bool read_message(struct making *m, size_t at, str *ret)
{
    size_t most = (size_t)m->box->table.at[at].size + 1; /* counts CRLF: the file is not larger */
    if (m->cap < most) {
        m->text = mem_grow("message", m->text, most);
        m->cap = most;
    }
    auto_fd int fd = -1;
    err e = box_fetch(m->box, m->box->table.at[at].uid, &fd);
    size_t n = 0;
    while (!failed(e) && n < most) {
        ssize_t got = pread(fd, m->text + n, most - n, (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    m->read += n;
    *ret = str_of(m->text, n);
    return !failed(e) && n < most;
}

static bool make_digest(struct making *m, size_t at)
{
    str text;
    uint32_t uid = m->box->table.at[at].uid;
    if (m->box->table.at[at].size > MAKE_MAX || m->read > MAKE_TOTAL || !read_message(m, at, &text))
        return false;
    if (box_find(m->box, uid) != at) /* a look at a renamed file may have moved the rows */
        return false;
    if (!m->arena)
        m->arena = arena_new("digest", ARENA_MAX);
    arena_reset(m->arena);
    struct digest_id id = store_emailid(text);
    return !failed(digest_make(&m->one, m->arena, text, &id)) && m->one.n <= DIGEST_KEEP_MAX;
}

/* Into m->one. */
static bool digest_of(struct making *m, uint32_t uid)
{
    struct box *b = m->box;
    size_t at = box_find(b, uid);
    buf_reset(&m->one);
    if (at == b->table.n)
        return false;
    bool indexed = b->index && b->known.id && b->generation == index_generation(b->index);
    uint32_t name = b->entries.at[at].hash;
    struct mail_digest d;
    if (indexed && index_digest(b->index, b->known.id, uid, name, &m->one) &&
        !failed(digest_open(buf_str(&m->one), &d)))
        return true;
    buf_reset(&m->one);
    m->one.over = false;
    if (!make_digest(m, at))
        return false;
    if (indexed) /* false: no index, and the digest is good all the same */
        (void)index_digest_save(b->index, b->known.id, uid, name, buf_str(&m->one));
    return true;
}

static uint32_t uid_at(str uids, size_t i)
{
    const unsigned char *u = (const unsigned char *)uids.p + i * 4;
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void collect_digests(struct box *box, str uids, struct buf *out)
{
    struct making m = {.box = box};
    buf_init(&m.one, DIGEST_MAX);
    auto_buf struct buf all;
    buf_init(&all, out->max);
    for (size_t i = 0; i < uids.n / 4; i++) {
        bool known = digest_of(&m, uid_at(uids, i));
        put_u32(out, known ? (uint32_t)m.one.n : 0);
        if (known)
            buf_add(&all, buf_str(&m.one));
    }
    out->over |= all.over;
    buf_add(out, buf_str(&all));
    making_done(&m);
}

/* ---- before anybody asks ---- */

static bool has_digest(struct making *m, uint32_t uid)
{
    struct box *b = m->box;
    size_t at = box_find(b, uid);
    buf_reset(&m->one);
    return at == b->table.n ||
           index_digest(b->index, b->known.id, uid, b->entries.at[at].hash, &m->one);
}

static bool make_ahead(struct held *h, deadline end)
{
    struct box *b = h->box;
    struct making m = {.box = b};
    size_t at = box_from(b, h->ahead_of);
    buf_init(&m.one, DIGEST_MAX);
    while (at > 0 && h->ahead_known < AHEAD_KNOWN && deadline_left_ms(end) > 0 &&
           m.read < MAKE_TOTAL && b->generation == index_generation(b->index)) {
        uint32_t uid = b->table.at[at - 1].uid;
        if (has_digest(&m, uid)) {
            h->ahead_known++;
        } else {
            h->ahead_known = 0;
            if (digest_of(&m, uid) && !index_is_busy(b->index)) {
                at = 0; /* it could not be kept */
                break;
            }
        }
        h->ahead_of = uid;
        at = box_from(b, uid); /* a look at a renamed file may have moved the rows */
    }
    bool more = at > 0 && h->ahead_known < AHEAD_KNOWN && !b->lost;
    making_done(&m);
    return more && b->generation == index_generation(b->index);
}

bool keeper_digests_ahead(struct keeper *k, int64_t ms)
{
    deadline end = deadline_in_ms(ms);
    list_each (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        struct box *b = h->box;
        uint32_t last = b->table.n ? b->table.at[b->table.n - 1].uid : 0;
        if (!h->users || b->lost || !b->index || !b->known.id)
            continue;
        if (last > h->ahead_last) {
            h->ahead_of = UINT32_MAX;
            h->ahead_known = 0;
            h->ahead_last = last;
        }
        if (!h->ahead_of)
            continue;
        if (make_ahead(h, end))
            return true;
        h->ahead_of = 0;
    }
    return false;
}

err serve_digests(struct client *c, const struct packet *p)
{
    struct keeper_fetch q;
    err e = ipc_decode(&keeper_digests_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    buf_init(&b, DIGESTS_MAX);
    if (c->held)
        collect_digests(c->held->box, q.uids, &b);
    return send_data(c, &keeper_digests_schema, p->id, &b, c->held ? OK_ERR : not_open());
}

err serve_remember(struct client *c, const struct packet *p)
{
    struct keeper_remember q;
    err e = ipc_decode(&keeper_remember_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct mail_digest d;
    struct box *b = c->held ? c->held->box : NULL;
    size_t at = b ? box_find(b, q.uid) : 0;
    /* What a visitor says of a message its owner must not be shown. */
    if (b && c->standing != STANDING_VISITOR && at < b->table.n && b->index && b->known.id &&
        !failed(digest_open(q.digest, &d)) && b->generation == index_generation(b->index))
        (void)index_digest_save(b->index, b->known.id, q.uid, b->entries.at[at].hash, q.digest);
    return serve_done(c, p->id, OK_ERR); /* best effort */
}
