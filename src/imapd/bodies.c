/* SPDX-License-Identifier: ISC */
#include "imapd/bodies.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/fd.h"

enum {
    HEADER_FIRST = 8 * 1024, /* most headers fit */
    READ_MAX = 256 * 1024,   /* larger messages are mapped */
};

struct batch {
    size_t index[STORE_FETCH_MAX];
    uint32_t uids[STORE_FETCH_MAX];
    size_t n;
};

struct walk {
    struct session *s;
    const struct spans *spans;
    enum body_need need;
    size_t span, next; /* where spans_next() goes on */
    char *memory;
    size_t cap;
};

static void next_batch(struct walk *w, struct batch *b)
{
    const struct store_box *box = store_box(w->s->store);
    b->n = 0;
    size_t index;
    while (b->n < STORE_FETCH_MAX && spans_next(w->spans, &w->span, &w->next, &index)) {
        b->index[b->n] = index;
        b->uids[b->n++] = box->messages[index].uid;
    }
}

static bool holds_header(str text)
{
    return str_starts(text, S("\n")) || str_find_str(text, S("\n\n")) >= 0 ||
           str_find_str(text, S("\n\r\n")) >= 0 || str_starts(text, S("\r\n"));
}

/* Up to `want` octets from the start; less only at the end of the file. */
static err read_up_to(struct walk *w, int fd, size_t have, size_t want, str *ret)
{
    if (w->cap < want) {
        w->memory = mem_grow("message", w->memory, want);
        w->cap = want;
    }
    while (have < want) {
        ssize_t n = pread(fd, w->memory + have, want - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys("read a message");
        if (n == 0)
            break;
        have += (size_t)n;
    }
    *ret = str_of(w->memory, have);
    return OK_ERR;
}

static err read_header(struct walk *w, int fd, str *ret)
{
    size_t have = 0, want = HEADER_FIRST;
    for (;;) {
        str text;
        err e = read_up_to(w, fd, have, want, &text);
        if (failed(e))
            return e;
        if (text.n < want || want >= READ_MAX || holds_header(text)) {
            *ret = text;
            return OK_ERR;
        }
        have = text.n;
        want *= 4;
    }
}

/* *ret_map: to be unmapped, if p is not NULL. */
static err load(struct walk *w, int fd, uint32_t size_hint, str *ret_text, str *ret_map)
{
    *ret_map = (str){0};
    if (w->need == BODY_HEADER) {
        err e = read_header(w, fd, ret_text);
        if (failed(e) || ret_text->n < READ_MAX || holds_header(*ret_text))
            return e;
    } else if (size_hint < READ_MAX) {
        /* The table's size counts CRLF, so the file is not larger; one octet more shows the end. */
        err e = read_up_to(w, fd, 0, (size_t)size_hint + 1, ret_text);
        if (failed(e) || ret_text->n <= size_hint)
            return e;
    }
    err e = fd_map(fd, SIZE_MAX, ret_map);
    if (!failed(e))
        *ret_text = *ret_map;
    return e;
}

static err one_body(struct walk *w, size_t index, int fd, body_fn *fn, void *ctx)
{
    const struct store_box *box = store_box(w->s->store);
    struct body b = {.index = index, .missing = fd < 0};
    str map = {0};
    if (!b.missing) {
        err e = load(w, fd, box->messages[index].size, &b.text, &map);
        /* A message that cannot be read must not stand in the way of the others. */
        b.missing = failed(e);
    }
    err e = fn(ctx, &b);
    if (map.n > 0)
        fd_unmap(map);
    return e;
}

static err one_batch(struct walk *w, const struct batch *b, struct batch *ret_next, body_fn *fn,
                     void *ctx)
{
    struct store_body bodies[STORE_FETCH_MAX];
    err e = store_fetch(w->s->store, b->uids, b->n, bodies);
    if (failed(e))
        return e;
    next_batch(w, ret_next);
    if (ret_next->n > 0)
        e = store_prefetch(w->s->store, ret_next->uids, ret_next->n);
    for (size_t i = 0; i < b->n; i++) {
        if (!failed(e))
            e = one_body(w, b->index[i], bodies[i].fd, fn, ctx);
        fd_close(bodies[i].fd);
    }
    return e;
}

err bodies_each(struct session *s, const struct spans *spans, enum body_need need, body_fn *fn,
                void *ctx)
{
    struct walk w = {.s = s, .spans = spans, .need = need};
    struct batch batches[2];
    struct batch *now = &batches[0], *then = &batches[1];
    next_batch(&w, now);
    err e = OK_ERR;
    while (now->n > 0 && !failed(e)) {
        e = one_batch(&w, now, then, fn, ctx);
        struct batch *spare = now;
        now = then;
        then = spare;
    }
    free(w.memory);
    return e;
}
