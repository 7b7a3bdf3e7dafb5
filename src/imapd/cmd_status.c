/* SPDX-License-Identifier: ISC */
/* RFC 3501 6.3.10. */
#include "imapd/cmd.h"
#include "wire/imap_write.h"

static void item(struct buf *b, unsigned wanted, enum imap_status_item which, const char *name,
                 uint32_t value)
{
    if (!(wanted & which))
        return;
    if (b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_addf(b, "%s %u", name, value);
}

CMD(status)
{
    (void)head;
    struct imap_status_args want;
    err e = imap_status_args(args, &want);
    if (failed(e))
        return reply_bad(e);
    struct store_status st;
    e = store_status(s->store, want.mailbox, &st);
    if (failed(e))
        return reply_store(s, e, NULL);
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_add(&b, S("* STATUS "));
    imap_write_astring(&b, want.mailbox);
    buf_add(&b, S(" ("));
    item(&b, want.items, IMAP_STATUS_MESSAGES, "MESSAGES", st.messages);
    item(&b, want.items, IMAP_STATUS_RECENT, "RECENT", st.recent);
    item(&b, want.items, IMAP_STATUS_UIDNEXT, "UIDNEXT", st.uidnext);
    item(&b, want.items, IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", st.uidvalidity);
    item(&b, want.items, IMAP_STATUS_UNSEEN, "UNSEEN", st.unseen);
    buf_add(&b, S(")\r\n"));
    say_bytes(s, buf_str(&b));
    return reply_ok("Done");
}
