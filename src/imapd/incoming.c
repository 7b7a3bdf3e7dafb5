/* SPDX-License-Identifier: ISC */
#include "imapd/incoming.h"

#include "os/fd.h"
#include "os/file.h"
#include "wire/unbinary.h"

enum {
    PIECE = 64 * 1024,
    RAW_MAX = 1 << 30,
    STRUCTURE_MAX = 64 << 20,
};

static void spill(struct incoming *in)
{
    if (in->fd < 0 && !failed(in->problem))
        in->problem = store_spool(in->store, in->folder, &in->fd, &in->spool);
    if (!failed(in->problem))
        in->problem = file_write(in->fd, buf_str(&in->memory));
    buf_reset(&in->memory);
}

static void turn_lines(struct incoming *in, str piece)
{
    if (in->held_cr && !str_starts(piece, S("\n")))
        buf_addc(&in->memory, '\r');
    in->held_cr = false;
    for (;;) {
        ptrdiff_t cr = str_find(piece, '\r');
        if (cr < 0)
            break;
        buf_add(&in->memory, str_slice(piece, 0, (size_t)cr));
        piece = str_from_at(piece, (size_t)cr + 1);
        if (piece.n == 0)
            in->held_cr = true;
        else if (piece.p[0] != '\n')
            buf_addc(&in->memory, '\r');
    }
    buf_add(&in->memory, piece);
}

err incoming_open(struct incoming *in, struct store *store, str folder, bool raw, bool large)
{
    *in = (struct incoming){.store = store, .folder = folder, .raw = raw, .fd = -1};
    buf_init(&in->memory, INCOMING_MEMORY_MAX + 2 * PIECE);
    if (large)
        spill(in);
    return in->problem;
}

void incoming_add(struct incoming *in, str piece)
{
    in->octets += piece.n;
    while (piece.n > 0) {
        str part = str_slice(piece, 0, PIECE);
        piece = str_from_at(piece, part.n);
        if (in->raw)
            buf_add(&in->memory, part);
        else
            turn_lines(in, part);
        if (in->fd >= 0 || failed(in->problem) || in->memory.n > INCOMING_MEMORY_MAX)
            spill(in);
    }
}

/* ---- binary parts ---- */

struct rewriting {
    struct incoming *to;
    struct buf out;
};

static err pass_on(void *ctx)
{
    struct rewriting *w = ctx;
    incoming_add(w->to, buf_str(&w->out));
    buf_reset(&w->out);
    return w->to->problem;
}

static err rewrite(struct arena *a, str message, struct incoming *to)
{
    struct rewriting w = {.to = to};
    buf_init(&w.out, 4 * PIECE);
    err e = OK_ERR;
    if (unbinary_is_needed(a, message)) {
        arena_reset(a);
        e = unbinary_write(a, message, &w.out, pass_on, &w);
    } else {
        incoming_add(to, message);
    }
    buf_done(&w.out);
    return failed(e) ? e : to->problem;
}

/* What was gathered raw becomes what is stored. */
static err settle(struct incoming *in)
{
    struct incoming done;
    str mapped = {0}, message = buf_str(&in->memory);
    err e = OK_ERR;
    if (in->fd >= 0) {
        e = fd_map(in->fd, RAW_MAX, &mapped);
        message = mapped;
    }
    if (!failed(e))
        e = incoming_open(&done, in->store, in->folder, false, in->fd >= 0);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new("message structure", STRUCTURE_MAX);
    e = rewrite(a, message, &done);
    if (mapped.n > 0)
        fd_unmap(mapped);
    incoming_close(in, false);
    *in = done;
    return e;
}

err incoming_finish(struct incoming *in, struct store_append *m)
{
    err e = in->problem;
    if (!failed(e) && in->raw)
        e = settle(in);
    if (!failed(e) && in->held_cr) { /* the very last octet: no LF will come */
        buf_addc(&in->memory, '\r');
        in->held_cr = false;
        if (in->fd >= 0)
            spill(in);
        e = in->problem;
    }
    if (failed(e))
        return e;
    m->bytes = in->fd < 0 ? buf_str(&in->memory) : S("");
    m->spool = in->spool;
    return OK_ERR;
}

void incoming_close(struct incoming *in, bool keep_spool)
{
    if (in->fd >= 0 && !keep_spool)
        (void)store_spool_drop(in->store, in->spool); /* it goes with the session at the latest */
    fd_closep(&in->fd);
    buf_done(&in->memory);
}
