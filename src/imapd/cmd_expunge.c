/* SPDX-License-Identifier: ISC */
/* EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315 2.1). */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/saved.h"
#include "imapd/spans.h"
#include "imapd/sync.h"

static err expunge_some(struct session *s, struct imap_reader *args, err *ret_store)
{
    struct imap_set set;
    err e = imap_space(args);
    if (!failed(e))
        e = imap_set_parse(args, &set);
    if (!failed(e))
        e = imap_end(args);
    if (failed(e))
        return e;
    const struct store_box *box = store_box(s->store);
    struct spans spans;
    e = saved_spans(s, &set, true, &spans);
    if (!failed(e) && spans.n > 0)
        *ret_store = store_expunge(s->store, STORE_EXPUNGE_DELETED,
                                   spans_ranges(s->arena, box, &spans), spans.n);
    return e;
}

CMD(expunge)
{
    if (!store_box(s->store)->writable)
        return reply_no("READ-ONLY", "The mailbox is read-only");
    size_t before = store_box(s->store)->n;
    err stored = OK_ERR;
    err e = head->uid ? expunge_some(s, args, &stored) : imap_end(args);
    if (failed(e))
        return reply_bad(e);
    if (!head->uid)
        stored = store_expunge(s->store, STORE_EXPUNGE_DELETED, NULL, 0);
    if (failed(stored))
        return reply_store(s, stored, NULL);
    sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    size_t after = store_box(s->store)->n;
    if (after < before)
        log_event(s->log, EV_MAIL_EXPUNGED, F_INT("messages", before - after));
    struct reply r = reply_ok("Expunged");
    if (after < before && condstore_is_on(s)) /* RFC 7162 3.2.7 */
        r.code = condstore_code(s);
    return r;
}
