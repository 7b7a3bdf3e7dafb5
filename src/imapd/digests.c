/* SPDX-License-Identifier: ISC */
#include "imapd/digests.h"

struct batch {
    uint32_t uids[STORE_DIGESTS_MAX];
    size_t from, n;
};

static void batch_at(struct session *s, const uint32_t *indices, size_t n, size_t from,
                     struct batch *b)
{
    const struct store_message *m = store_box(s->store)->messages;
    b->from = from;
    b->n = n - from < STORE_DIGESTS_MAX ? n - from : STORE_DIGESTS_MAX;
    for (size_t i = 0; i < b->n; i++)
        b->uids[i] = m[indices[from + i]].uid;
}

static err one_batch(struct session *s, const struct batch *b, const struct batch *next,
                     digest_fn *fn, void *ctx)
{
    str blobs[STORE_DIGESTS_MAX];
    err e = store_digests(s->store, b->uids, b->n, blobs);
    if (!failed(e) && next->n > 0)
        e = store_prefetch_digests(s->store, next->uids, next->n);
    for (size_t i = 0; i < b->n && !failed(e); i++) {
        struct mail_digest d;
        err damaged = blobs[i].n > 0 ? digest_open(blobs[i], &d) : err_new(ERR_NOTFOUND, "digest");
        fn(ctx, b->from + i, failed(damaged) ? NULL : &d);
    }
    return e;
}

err digests_each(struct session *s, const uint32_t *indices, size_t n, digest_fn *fn, void *ctx)
{
    struct batch batches[2];
    batch_at(s, indices, n, 0, &batches[0]);
    for (unsigned now = 0; batches[now].n > 0; now ^= 1) {
        struct batch *b = &batches[now], *next = &batches[now ^ 1];
        batch_at(s, indices, n, b->from + b->n, next);
        err e = one_batch(s, b, next, fn, ctx);
        if (failed(e))
            return e;
        session_progress(s, b->from + b->n, n);
        if (s->phase == PHASE_END)
            return err_new(ERR_CLOSED, "the client is gone");
    }
    return OK_ERR;
}
