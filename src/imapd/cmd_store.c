/* SPDX-License-Identifier: ISC */
/* RFC 3501 6.4.6. Durable before OK. */
#include "imapd/cmd.h"
#include "imapd/saved.h"
#include "imapd/spans.h"
#include "imapd/sync.h"

static enum store_flags_op store_op(enum imap_store_mode mode)
{
    return mode == IMAP_STORE_SET   ? STORE_FLAGS_SET
           : mode == IMAP_STORE_ADD ? STORE_FLAGS_ADD
                                    : STORE_FLAGS_REMOVE;
}

/* Every message named is answered, changed or not: clients show what comes back. */
static void say_new_flags(struct session *s, const struct spans *spans, bool uid)
{
    size_t span = 0, next = 0, index;
    while (spans_next(spans, &span, &next, &index))
        sync_say_flags(s, index, uid ? SYNC_WITH_UID : 0);
}

CMD(store)
{
    struct imap_store_args want;
    err e = imap_store_args(args, &want);
    if (failed(e))
        return reply_bad(e);
    const struct store_box *box = store_box(s->store);
    struct spans spans;
    e = saved_spans(s, &want.set, head->uid, &spans);
    if (failed(e))
        return reply_bad(e);
    if (!box->writable)
        return reply_no("READ-ONLY", "The mailbox is read-only");
    if (spans.n == 0)
        return reply_ok("No message has such a UID");
    struct sync_own own = sync_remember(s, &spans, store_op(want.mode), &want.flags);
    e = store_flags(s->store, spans_ranges(s->arena, box, &spans), spans.n, store_op(want.mode),
                    want.flags.system, want.flags.keywords, want.flags.n);
    if (failed(e))
        return reply_store(s, e, NULL);
    unsigned uid = head->uid ? SYNC_WITH_UID : 0;
    sync_say_but_own(s, uid, &own);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (!want.silent)
        say_new_flags(s, &spans, head->uid);
    return reply_ok("Stored");
}
