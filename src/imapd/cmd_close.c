/* SPDX-License-Identifier: ISC */
/* CLOSE (RFC 3501 6.4.2) removes what is \Deleted without a word; UNSELECT (RFC 3691) does not. */
#include "imapd/cmd.h"
#include "imapd/contexts.h"
#include "imapd/saved.h"
#include "imapd/shared.h"

static struct reply leave(struct session *s)
{
    session_forget_section(s);
    saved_forget(s);
    contexts_forget(s);
    s->phase = PHASE_AUTHENTICATED;
    err e = shared_leave(s);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("No mailbox is selected now");
}

CMD(close)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    const struct store_box *box = store_box(s->store);
    /* RFC 4314 4: without the right it only closes. */
    if (box->writable && (box->rights & ACL_EXPUNGE)) {
        e = store_expunge(s->store, STORE_EXPUNGE_DELETED, NULL, 0);
        if (failed(e))
            return reply_store(s, e, NULL);
    }
    return leave(s);
}

CMD(unselect)
{
    (void)head;
    err e = imap_end(args);
    return failed(e) ? reply_bad(e) : leave(s);
}
