/* SPDX-License-Identifier: ISC */
/* Digests in a session: asked for in bulk, one answer ahead of what is worked on. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "os/fd.h"
#include "store/session_private.h"

static_assert((int)STORE_DIGESTS_MAX == KEEPER_DIGESTS_MAX, "as many as the keeper answers");

struct digest_id store_emailid(str text)
{
    struct digest_id id;
    struct digest sum = hash_of(HASH_SHA256, text);
    memcpy(id.at, sum.at, sizeof id.at); /* half of it: nobody finds two with the same */
    return id;
}

static err send_ask(struct store *s, const uint32_t *uids, size_t n)
{
    if (s->broken)
        return store_broken(s);
    auto_buf struct buf b;
    buf_init(&b, KEEPER_DIGESTS_MAX * 4);
    for (size_t i = 0; i < n; i++) {
        char c[4] = {(char)uids[i], (char)(uids[i] >> 8), (char)(uids[i] >> 16),
                     (char)(uids[i] >> 24)};
        buf_add(&b, str_of(c, 4));
    }
    uint32_t id = ++s->last_id ? s->last_id : ++s->last_id;
    err e = channel_send(s->channel, &keeper_digests_ask_schema, id,
                         &(struct keeper_fetch){buf_str(&b)}, NULL, 0);
    if (failed(e)) {
        (void)store_broken(s); /* the first error says more */
        return e;
    }
    if (!s->digests_uids)
        s->digests_uids = mem_alloc("digests", KEEPER_DIGESTS_MAX * sizeof *s->digests_uids);
    memcpy(s->digests_uids, uids, n * sizeof *uids);
    s->digests_id = id;
    s->n_digests = n;
    return OK_ERR;
}

err store_drop_digests(struct store *s)
{
    struct keeper_data d;
    s->n_digests = 0;
    return store_wait_for(s, s->digests_id, &keeper_digests_schema, &d, NULL);
}

err store_prefetch_digests(struct store *s, const uint32_t *uids, size_t n)
{
    if (!n || n > STORE_DIGESTS_MAX)
        return err_new(ERR_LIMIT, "too many digests at once");
    err e = store_drop_prefetch(s);
    return failed(e) ? e : send_ask(s, uids, n);
}

/* The answer's data, kept until the next one. */
static err keep_data(struct store *s, const struct keeper_data *d, struct packet *p, str *ret)
{
    fd_unmap(s->digests);
    s->digests = S("");
    err e = store_data_of(d->data, p, &s->digests, ret);
    if (failed(e) || s->digests.n)
        return e;
    buf_reset(&s->digest_buf); /* the packet's memory is the next packet's */
    buf_add(&s->digest_buf, *ret);
    *ret = buf_str(&s->digest_buf);
    return buf_check(&s->digest_buf, "digests");
}

err store_digests(struct store *s, const uint32_t *uids, size_t n, str *ret_blobs)
{
    if (n > STORE_DIGESTS_MAX)
        return err_new(ERR_LIMIT, "too many digests at once");
    if (!n)
        return OK_ERR;
    bool ready = s->n_digests == n && !memcmp(s->digests_uids, uids, n * sizeof *uids);
    if (!ready) {
        err e = store_prefetch_digests(s, uids, n);
        if (failed(e))
            return e;
    }
    s->n_digests = 0;
    struct keeper_data d;
    struct packet p;
    err e = store_wait_for(s, s->digests_id, &keeper_digests_schema, &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    str all;
    if (!failed(e))
        e = keep_data(s, &d, &p, &all);
    if (failed(e))
        return e;
    size_t at = n * 4;
    for (size_t i = 0; i < n; i++) {
        size_t len = i * 4 + 4 <= all.n ? store_get_u32(all, i * 4) : 0;
        bool there = len && at <= all.n && len <= all.n - at;
        ret_blobs[i] = there ? str_slice(all, at, at + len) : (str){0};
        at += there ? len : 0;
    }
    return OK_ERR;
}

err store_remember(struct store *s, uint32_t uid, str digest)
{
    if (!digest.n || digest.n > DIGEST_KEEP_MAX)
        return OK_ERR;
    struct keeper_remember q = {.uid = uid, .digest = digest};
    return store_ask_done(s, &keeper_remember_schema, &q);
}
