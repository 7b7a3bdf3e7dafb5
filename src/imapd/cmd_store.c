/* SPDX-License-Identifier: ISC */
/* RFC 3501 6.4.6, with UNCHANGEDSINCE (RFC 7162 3.1.3). Durable before OK. */
#include <string.h>

#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/saved.h"
#include "imapd/spans.h"
#include "imapd/sync.h"

static enum store_flags_op store_op(enum imap_store_mode mode)
{
    return mode == IMAP_STORE_SET   ? STORE_FLAGS_SET
           : mode == IMAP_STORE_ADD ? STORE_FLAGS_ADD
                                    : STORE_FLAGS_REMOVE;
}

struct storing {
    struct session *s;
    struct imap_store_args args;
    struct spans spans;
    const uint32_t *modified; /* UIDs that somebody changed before us; in the arena */
    size_t n_modified;
    bool uid;
};

static err store_it(struct storing *q)
{
    struct session *s = q->s;
    const struct imap_flags *flags = &q->args.flags;
    struct store_range *ranges = spans_ranges(s->arena, store_box(s->store), &q->spans);
    enum store_flags_op op = store_op(q->args.mode);
    if (!q->args.conditional)
        return store_flags(s->store, ranges, q->spans.n, op, flags->system, flags->keywords,
                           flags->n);
    struct store_stored stored;
    err e = store_flags_unchanged(s->store, ranges, q->spans.n, op, flags->system, flags->keywords,
                                  flags->n, q->args.unchangedsince, &stored);
    if (failed(e))
        return e;
    uint32_t *modified = NEW_N(s->arena, uint32_t, stored.n_modified + 1);
    if (stored.n_modified > 0)
        memcpy(modified, stored.modified, stored.n_modified * sizeof *modified);
    q->modified = modified;
    q->n_modified = stored.n_modified;
    return OK_ERR;
}

/* Every message that was stored to is answered, changed or not: clients show what comes back.
 * With .SILENT nothing, or, from CONDSTORE on, what mod-sequence it has now. */
static void say_new_flags(const struct storing *q)
{
    struct session *s = q->s;
    const struct store_box *box = store_box(s->store);
    unsigned how = (q->uid ? SYNC_WITH_UID : 0u) | (q->args.silent ? SYNC_NO_FLAGS : 0u);
    size_t span = 0, next = 0, index, k = 0;
    while (spans_next(&q->spans, &span, &next, &index)) {
        uint32_t uid = box->messages[index].uid;
        while (k < q->n_modified && q->modified[k] < uid)
            k++;
        if (k == q->n_modified || q->modified[k] != uid)
            sync_say_flags(s, index, how);
    }
}

/* RFC 7162 3.1.3: MODIFIED names those that were left alone, as the command named messages. */
static struct reply stored(const struct storing *q)
{
    struct session *s = q->s;
    struct reply r = reply_ok("Stored");
    if (q->n_modified == 0)
        return r;
    const struct store_box *box = store_box(s->store);
    struct imap_set set = {.at = NEW_N(s->arena, struct imap_range, q->n_modified)};
    for (size_t i = 0; i < q->n_modified; i++) {
        uint32_t uid = q->modified[i];
        imap_set_add(&set, q->n_modified, q->uid ? uid : (uint32_t)store_index(box, uid) + 1);
    }
    auto_buf struct buf b;
    buf_init(&b, 24 * q->n_modified + 32);
    buf_add(&b, S("MODIFIED "));
    imap_set_write(&b, &set);
    r.code = arena_copy(s->arena, buf_str(&b));
    r.text = S("Some were changed by others meanwhile");
    return r;
}

CMD(store)
{
    struct storing q = {.s = s, .uid = head->uid};
    err e = imap_store_args(args, &q.args);
    if (!failed(e))
        e = saved_spans(s, &q.args.set, head->uid, &q.spans);
    if (failed(e))
        return reply_bad(e);
    if (!store_box(s->store)->writable)
        return reply_no("READ-ONLY", "The mailbox is read-only");
    if (q.args.conditional)
        condstore_enable(s);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (q.spans.n == 0)
        return reply_ok("No message has such a UID");
    struct sync_own own = sync_remember(s, &q.spans, store_op(q.args.mode), &q.args.flags);
    e = store_it(&q);
    if (failed(e))
        return reply_store(s, e, NULL);
    sync_say_but_own(s, head->uid ? SYNC_WITH_UID : 0, &own);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (!q.args.silent || condstore_is_on(s))
        say_new_flags(&q);
    return stored(&q);
}
